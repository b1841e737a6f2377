"""`python -m tests.bench.rivals`: an alert to its order on the wire, ours beside the rivals' own programs, unchanged.

Give it what you have; nothing is downloaded, and nothing of theirs is changed where it lies:

    --freqtrade PYTHON             the Python of an environment with freqtrade (pip install freqtrade)
    --webhooks-bot PYTHON FOLDER   a checkout of github.com/robswc/tradingview-webhooks-bot, and the Python of an
                                   environment with its src/requirements.txt, setuptools<80 and ccxt
    --throttle                     leave ccxt's throttle on, as both rivals have it by default

All run as processes of their own, live, at the same emulated Binance; each takes the same alert (buy 0.0003 BTC/USDT at
59000) in turns, over a connection of its own. Clocked from the last byte of the alert to the first byte of the order at
the exchange. The last check is that the exchange has every order once.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.bench.binance import Stamps, exchange
from tests.bench.parts import Row, row, show
from tests.bench.rivals_programs import Exchange, Program, freqtrade, ours, webhooks_bot
from trading.instruments import trap_floats

ROUNDS, WARM = 300, 60
CLEAR_EVERY = 10  # rounds; the emulator shows a book that grows with what rests
PAUSE_S = 0.02  # until what an alert leaves to be done is done


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rivals", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--freqtrade", type=Path, metavar="PYTHON")
    parser.add_argument("--webhooks-bot", type=Path, nargs=2, metavar=("PYTHON", "FOLDER"))
    parser.add_argument("--throttle", action="store_true")
    asked = parser.parse_args(arguments)
    if not (asked.freqtrade or asked.webhooks_bot):
        parser.error("no rival: give --freqtrade, --webhooks-bot or both")
    trap_floats()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the rivals are ended on every way out
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("ours", "freqtrade"):
            (folder / each).mkdir()
        rows = asyncio.run(race(folder, asked))
    show(rows)
    return 0 if all(each["ok"] for each in rows) else 1


async def race(folder: Path, asked: argparse.Namespace) -> list[Row]:
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
    async with (
        exchange() as at,
        Stamps(at["stamps"]) as stamps,
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
        contextlib.AsyncExitStack() as stack,
    ):
        there = Exchange(at["url"], client)
        programs = [await stack.enter_async_context(ours(folder / "ours", there))]
        if asked.webhooks_bot:
            python, source = (path.absolute() for path in asked.webhooks_bot)
            theirs = webhooks_bot(folder / "webhooks-bot", python, source, there, asked.throttle)
            programs.append(await stack.enter_async_context(theirs))
        if asked.freqtrade:
            python = asked.freqtrade.absolute()
            its = freqtrade(folder / "freqtrade", python, there, asked.throttle)
            programs.append(await stack.enter_async_context(its))
        times = await in_turns(programs, there, stamps)
    return list(compared(times))


async def in_turns(programs: Sequence[Program], there: Exchange, stamps: Stamps) -> dict[str, list[float]]:
    """Milliseconds from an alert to its order, of each by name."""
    times: dict[str, list[float]] = {each.name: [] for each in programs}
    for number in range(ROUNDS):
        for program in programs:
            times[program.name].append(await clocked(program, number, stamps))
        if number % CLEAR_EVERY == CLEAR_EVERY - 1:
            await clear(programs, there)
    for program in programs:
        placed = len(await there.control("orders", account=program.account))
        assert placed == ROUNDS, f"{program.name} placed {placed} orders for {ROUNDS} alerts"
    return {name: each[WARM:] for name, each in times.items()}


async def clocked(program: Program, number: int, stamps: Stamps) -> float:
    url, body = urlsplit(program.url), json.dumps(program.alert(number)).encode()
    head = (
        f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n{program.headers}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    await stamps.take()
    sent = time.perf_counter_ns()
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    assert b" 200 " in answer.partition(b"\r\n")[0], f"{program.name}: {answer.decode()}"
    await asyncio.sleep(PAUSE_S)  # nobody is asked anything while the order is under way
    while not (noted := await stamps.take()):  # noqa: ASYNC110 - it is another process that knows
        await asyncio.sleep(PAUSE_S)
    if program.after:
        await program.after(answer.partition(b"\r\n\r\n")[2])
        await asyncio.sleep(PAUSE_S)
    return (noted[0] - sent) / 1e6


async def clear(programs: Sequence[Program], there: Exchange) -> None:
    """Cancel what rests."""
    for program in programs:
        if program.after is None:
            operation = "DELETE /api/v3/openOrders"
            await there.control("act", account=program.account, operation=operation, symbol="BTCUSDT")
    await asyncio.sleep(0.2)  # until the desk has booked those cancels


def compared(times: dict[str, list[float]]) -> list[Row]:
    """Prints what each took; a row for each rival, whose time is the floor of ours."""
    middle = {name: statistics.median(each) for name, each in times.items()}
    for name, each in times.items():
        tail = statistics.quantiles(each, n=100)
        print(f"{name:<26}  p50 {middle[name]:8.3f} ms   p95 {tail[94]:8.3f}   p99 {tail[98]:8.3f}   n {len(each)}")
    mine = middle.pop("ours")
    return [
        row(f"alert to the wire, beside {name}", mine, "ms", theirs, "faster", mine < theirs)
        for name, theirs in middle.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
