"""One life of the real process, and a load for it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

READY_S = 120  # a start may have to wait until the next minute for room in the limit of requests
PATIENCE_S = 100  # so may any answer that takes questions to the venue
FREE = {
    "TILLER_RISK__MAX_ORDERS_PER_MINUTE": "100000",
    "TILLER_RISK__DUPLICATE_WINDOW_S": "0",
    "TILLER_RISK__MAX_OPEN_ORDERS_PER_SYMBOL": "1000",
    "TILLER_RISK__MAX_DAILY_LOSS": "1000000",
    "TILLER_MARKET__SPEED": "30",
    "TILLER_MARKET__INTERVAL_S": "0.1",
}
"""Limits out of the way, and a quick market."""
Answers = dict[str, dict[str, Any]]


class Bot:
    """One life of the process; `settings` go beside those of `FREE`, `program` is the module that runs it."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, program: Sequence[str] = ("bot", "run")
    ) -> None:
        self.folder = folder
        command = [sys.executable, "-m", *program, "--data-dir", str(folder), "--port", "0"]
        environ = {"PATH": os.defpath, **FREE, **(settings or {})}
        self.log = (folder / "bot.log").open("ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, env=environ, text=True)
        self.url = self._address()
        self.token = (folder / "token").read_text().strip()

    def _address(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if match := re.search(r"(http://127\.0\.0\.1:\d+)/login", line):
                return match[1]
        raise SystemExit(f"the bot did not start: see {self.folder / 'bot.log'}")

    def client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE_S)

    def __enter__(self) -> "Bot":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: object, trace: TracebackType | None) -> None:
        self.kill()

    def kill(self) -> None:
        """End it at once; a second time changes nothing."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


async def ready(client: httpx.AsyncClient) -> None:
    """Wait until the desk is reconciled."""
    for _ in range(READY_S * 10):
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit(f"the bot is not ready after {READY_S} s")


async def ask(client: httpx.AsyncClient, method: str, path: str, **what: Any) -> httpx.Response:
    """The answer to a request, sent again as long as there were too many."""
    answer = await client.request(method, path, **what)
    if answer.status_code != 429:
        return answer
    await asyncio.sleep(float(answer.headers["Retry-After"]))
    return await ask(client, method, path, **what)


async def say(client: httpx.AsyncClient, line: str) -> dict[str, Any]:
    """The reply to a line."""
    reply: dict[str, Any] = (await ask(client, "POST", "/api/v1/commands", json={"line": line})).json()
    return reply


async def load(client: httpx.AsyncClient, lines: Mapping[str, str], answered: Answers, pause_s: float = 0.0) -> None:
    """Send lines by their keys, four at a time, with a pause after each, until the process dies."""
    waiting = iter(lines.items())

    async def worker() -> None:
        for key, line in waiting:
            try:
                answer = await ask(client, "POST", "/api/v1/commands", json={"line": line, "key": key})
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                answered[key] = answer.json()
            await asyncio.sleep(pause_s)

    await asyncio.gather(*(worker() for _ in range(4)))


async def burst(bot: Bot, lines: Mapping[str, str], after_s: float, answered: Answers, pause_s: float = 0.0) -> None:
    """Send lines to a desk that is ready, and kill it after a while."""
    async with bot.client() as client:
        await ready(client)
        sending = asyncio.create_task(load(client, lines, answered, pause_s))
        await asyncio.sleep(after_s)
        bot.kill()
        await sending


async def again(client: httpx.AsyncClient, lines: Mapping[str, str], answered: Answers, most: int = 8) -> None:
    """Send what was answered, and some of what was not, once more with the same keys: the answers are the same."""
    before = dict(answered)
    unanswered = [key for key in lines if key not in before][:most]
    await load(client, {key: lines[key] for key in [*unanswered, *before]}, answered)
    for key, answer in before.items():
        assert answered[key]["order_id"] == answer["order_id"], f"{key} was answered with another order"


def told(answered: Answers) -> set[str]:
    """The order ids that people were told."""
    return {str(answer["order_id"]) for answer in answered.values() if answer["order_id"]}


def keyed(number: int, lines: Iterable[str]) -> dict[str, str]:
    """Lines with keys of a round."""
    return {f"crash:{number}:{n}": line for n, line in enumerate(lines)}
