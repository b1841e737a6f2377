"""Who takes part in `tests.bench.rivals`: our process and the rivals' own programs, unchanged, each with an account of
its own at the emulated exchange.

Each is set up as its manual says, but for the exchange's address, in an empty folder (`webhooks_bot`: one to be made).
ccxt's throttle, which both rivals keep by default, is off unless asked for. (It holds back a second request within
50 ms; alerts in turns are further apart than that.)
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import socket
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.app import App
from tests.bench.binance import SETTINGS
from tests.bench.exchange import KEY
from tests.bench.parts import LOOSE, Row, with_app
from tests.bench.webhooks import CALM, SECRET, SOURCE
from tests.crash.bot import Bot, ready
from tests.emulators.binance.signing import ApiKey
from trading import events as e
from trading.intent import Mode

QUANTITY, LIMIT, STAKE = "0.0003", "59000", 17.7  # the stake is their product
START_S = 90
PLACE_ORDER = """\
import ccxt

from components.actions.base.action import Action


class PlaceOrder(Action):
    def __init__(self):
        super().__init__()
        self.exchange = ccxt.binance({settings!r})
        self.exchange.load_markets()

    def run(self, *args, **kwargs):
        super().run(*args, **kwargs)
        alert = self.validate_data()
        size, limit = float(alert["size"]), float(alert["limit"])
        self.exchange.create_order(alert["symbol"], "limit", alert["action"], size, limit)
"""
EVENT_KEY = "from components.events.webhook_received import WebhookReceived as Event; print(Event().key)"


@dataclass(frozen=True)
class Program:
    """A program that waits for alerts at `url`."""

    name: str
    account: str
    url: str
    alert: Callable[[int], dict[str, Any]]
    """The body of the alert with this number."""
    headers: str = ""
    after: Callable[[bytes], Awaitable[None]] | None = None
    """What it needs, with the body of its answer, before it can take the next alert."""


@dataclass(frozen=True)
class Exchange:
    """The emulated exchange, as the programs and the bench see it."""

    url: str
    client: httpx.AsyncClient

    async def control(self, do: str, **what: Any) -> Any:
        """Do something at the exchange by hand (`tests.emulators.binance.control`)."""
        answer = await self.client.post(f"{self.url}/__control__", json={"do": do, **what})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    async def open_account(self, name: str) -> ApiKey:
        await self.control("account", name=name, USDT="10000000", BTC="100")
        key = ApiKey(name.ljust(64, "0"), name, name.ljust(64, "s"))
        await self.control("key", key=key.key, account=name, secret=key.secret)
        return key

    def ccxt(self, key: ApiKey, throttle: bool) -> dict[str, Any]:
        """Settings of ccxt for a key here: the spot exchange only."""
        api = dict.fromkeys(("public", "private", "v1"), f"{self.url}/api/v3") | {"sapi": f"{self.url}/sapi/v1"}
        spot = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
        return {
            "apiKey": key.key,
            "secret": key.secret,
            "enableRateLimit": throttle,
            "urls": {"api": api},
            "options": spot,
        }


@contextlib.asynccontextmanager
async def ours(folder: Path, there: Exchange) -> AsyncIterator[Program]:
    """The desk, live: journal, risk checks and all."""

    async def go_live(app: App) -> list[Row]:
        await app.book.record(e.ModeChanged("main", Mode.LIVE, "bench"))
        return []

    config = folder / "tiller.toml"
    settings = SETTINGS.format(url=there.url, ws=there.url.replace("http", "ws"))
    config.write_text(settings + SOURCE.format(account="main") + "\n[strategies]\n")
    config.chmod(0o600)
    keys = {"TILLER_ACCOUNTS__MAIN__API_KEY": KEY.key, "TILLER_ACCOUNTS__MAIN__API_SECRET": KEY.secret}
    await with_app(folder, go_live, config, **keys)
    with Bot(folder, {"TILLER_CONFIG": str(config), **LOOSE, **CALM, **keys}) as bot:
        async with bot.client() as client:
            await ready(client)
        yield Program(
            "ours",
            KEY.account,
            f"{bot.url}/webhooks/pine",
            lambda number: {**an_alert(), "id": str(number), "secret": SECRET},
        )


@contextlib.asynccontextmanager
async def webhooks_bot(
    folder: Path, python: Path, source: Path, there: Exchange, throttle: bool
) -> AsyncIterator[Program]:
    """A copy of tradingview-webhooks-bot, its demo actions unlinked, with one action that places an order by ccxt."""
    key = await there.open_account("relay")
    shutil.copytree(source / "src", folder)
    environ = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}

    async def its(*command: str) -> str:
        return await output([str(python), *command], folder, environ)

    await its("tvwb.py", "action:create", "PlaceOrder", "--register")
    (folder / "components/actions/place_order.py").write_text(
        PLACE_ORDER.format(settings=there.ccxt(key, throttle)),
    )
    await its("tvwb.py", "action:link", "PlaceOrder", "WebhookReceived")
    for demo in ("PrintData", "AsyncDemo"):  # the second sleeps for five seconds
        await its("tvwb.py", "action:unlink", demo, "WebhookReceived")
    event = (await its("-c", EVENT_KEY)).strip()
    port = free_port()
    start = [str(python), "tvwb.py", "start", "--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    async with running(start, folder, environ, lambda: answers(there.client, f"{url}/logs")):
        yield Program("tradingview-webhooks-bot", key.account, f"{url}/webhook", lambda _: {**an_alert(), "key": event})


@contextlib.asynccontextmanager
async def freqtrade(folder: Path, python: Path, there: Exchange, throttle: bool) -> AsyncIterator[Program]:
    """freqtrade, live, with its own sample strategy and nothing to trade on but `/forceenter`."""
    key = await there.open_account("freqtrade")
    port, user = free_port(), ("bench", "swordfish")
    (folder / "config.json").write_text(json.dumps(freqtrade_config(there.ccxt(key, throttle), port, *user)))
    itself = [str(python), "-m", "freqtrade"]
    await output([*itself, "create-userdir", "--userdir", "user"], folder, os.environ)
    start = [*itself, "trade", "--userdir", "user", "-c", "config.json", "--strategy", "SampleStrategy"]
    url = f"http://127.0.0.1:{port}/api/v1"

    async def runs() -> bool:
        return '"state":"running"' in (await there.client.get(f"{url}/show_config", auth=user)).text

    async def cancel(answer: bytes) -> None:
        """It takes one trade of a symbol. (It forgets an unfilled one that is cancelled, and then misses it: 502.)"""
        await there.client.delete(f"{url}/trades/{json.loads(answer)['trade_id']}/open-order", auth=user)

    alert = {"pair": "BTC/USDT", "side": "long", "price": float(LIMIT), "ordertype": "limit", "stakeamount": STAKE}
    basic = f"Authorization: Basic {base64.b64encode(':'.join(user).encode()).decode()}\r\n"
    async with running(start, folder, os.environ, runs):
        yield Program("freqtrade", key.account, f"{url}/forceenter", lambda _: alert, basic, cancel)


def freqtrade_config(ccxt: dict[str, Any], port: int, user: str, password: str) -> dict[str, Any]:
    prices = {"price_side": "same", "use_order_book": True, "order_book_top": 1}
    return {
        "dry_run": False,
        "force_entry_enable": True,
        "initial_state": "running",
        "max_open_trades": 1,
        "stake_currency": "USDT",
        "stake_amount": STAKE,
        "entry_pricing": prices,
        "exit_pricing": prices,
        "pairlists": [{"method": "StaticPairList"}],
        "exchange": {
            "name": "binance",
            "key": ccxt["apiKey"],
            "secret": ccxt["secret"],
            "pair_whitelist": ["BTC/USDT"],
            "enable_ws": False,
            "ccxt_config": ccxt,
        },
        "api_server": {
            "enabled": True,
            "listen_ip_address": "127.0.0.1",
            "listen_port": port,
            "verbosity": "error",
            "jwt_secret_key": "j" * 40,
            "username": user,
            "password": password,
        },
    }


def an_alert() -> dict[str, Any]:
    return {"action": "buy", "symbol": "BTC/USDT", "size": QUANTITY, "limit": LIMIT}


# --- other people's processes ----------------------------------------------------------------


async def output(command: Sequence[str], folder: Path, environ: "os._Environ[str] | dict[str, str]") -> str:
    """What a command prints; SystemExit when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environ, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    said, complained = await process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{complained.decode()[-2000:]}")
    return said.decode()


@contextlib.asynccontextmanager
async def running(
    command: Sequence[str],
    folder: Path,
    environ: "os._Environ[str] | dict[str, str]",
    is_ready: Callable[[], Awaitable[bool]],
) -> AsyncIterator[None]:
    """A program with its children, until it is ready and then until the end; SystemExit with its last words.

    It stays in our session: Linux shares the processors out by session, and a rival of its own would have more.
    """
    log = folder / "bench.log"
    with log.open("wb") as words:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environ, stdin=DEVNULL, stdout=words, stderr=words, process_group=0
        )
    try:
        for _ in range(START_S * 10):
            with contextlib.suppress(httpx.TransportError):
                if await is_ready():
                    break
            if process.returncode is not None:
                break
            await asyncio.sleep(0.1)
        else:
            raise SystemExit(f"{' '.join(command)} is not ready after {START_S} s:\n{log.read_text()[-2000:]}")
        if process.returncode is not None:
            raise SystemExit(f"{' '.join(command)} ended:\n{log.read_text()[-2000:]}")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    return (await client.get(url)).status_code == 200


def free_port() -> int:
    """For those who want to be told one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
