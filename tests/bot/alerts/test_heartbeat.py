"""The sign of life: given while all is well, not given otherwise, and its address is told to nobody."""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.alerts.heartbeat import Heartbeat, ailment
from bot.logs import start_logs
from bot.redaction import Redactor
from bot.settings.loading import load
from bot.settings.models import Settings
from tests.kit import HandClock
from tests.loop import run_virtually

URL = "https://ping.example/4fd2-swordfish"


def settings(**alerts: str) -> Settings:
    return load(None, None, None, {f"TILLER_ALERTS__{name.upper()}": value for name, value in alerts.items()})


class Signs:
    """A heartbeat over a desk that is as well as it is told to be, and a site that answers as it is told to."""

    def __init__(self, config: Settings) -> None:
        self.health: dict[str, tuple[bool, str]] = {"journal": (True, "entry 3"), "prices of demo": (False, "1h old")}
        self.tasks = {"reconcile of demo": ""}
        self.not_accepting = ""
        self.answer: int | Exception = 200
        self.asked: list[float] = []
        self.first = asyncio.Event()
        self.secrets = config.secrets()
        self.heartbeat = Heartbeat(
            config.alerts, lambda: self.health, lambda: self.tasks, lambda: self.not_accepting,
            httpx.MockTransport(self._answer),
        )  # fmt: skip

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, str(request.url)) == ("GET", URL)
        self.asked.append(asyncio.get_running_loop().time())
        self.first.set()
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.answer)

    async def beats(self, seconds: float) -> int:
        """How often the address is asked in so many virtual seconds."""
        before = len(self.asked)
        await asyncio.sleep(seconds)
        return len(self.asked) - before


def play(config: Settings, scene: Any) -> tuple[Any, str]:
    """A scene on virtual time; answers what it answers, and what was logged."""
    written = io.StringIO()

    async def run(clock: Any) -> Any:
        signs = Signs(config)
        logs = start_logs(HandClock(), Redactor(signs.secrets), level="debug", stream=written)
        try:
            async with asyncio.TaskGroup() as group:
                beating = group.create_task(signs.heartbeat.run())
                found = await scene(signs)
                beating.cancel()
            return found
        finally:
            logs.close()

    return run_virtually(run), written.getvalue()


def test_the_address_is_asked_as_often_as_it_says_and_only_while_all_is_well() -> None:
    async def scene(signs: Signs) -> list[int]:
        await asyncio.sleep(0.5)
        found = [await signs.beats(300)]
        signs.not_accepting = "stopping"
        found.append(await signs.beats(300))
        signs.not_accepting = ""
        await asyncio.sleep(2)  # well again: at once
        found.append(len(signs.asked) - 6)
        signs.health["account demo"] = (False, "not connected")
        found.append(await signs.beats(300))
        signs.health["account demo"] = (True, "reconciled")
        signs.tasks["reconcile of demo"] = "OSError: gone"
        found.append(await signs.beats(300))
        return found

    found, log = play(settings(heartbeat_url=URL), scene)
    assert found == [5, 0, 1, 0, 0]  # once a minute, after the first at the start
    assert log.count("no heartbeat until this is over") == 1  # one thing after the other is one outage
    assert "account demo: not connected" in log


def test_an_address_that_fails_is_logged_once_an_outage_stops_nothing_and_is_never_shown() -> None:
    async def scene(signs: Signs) -> int:
        signs.answer = httpx.ConnectError(f"cannot reach {URL}")
        await asyncio.sleep(300)
        signs.answer = 503
        await asyncio.sleep(300)
        signs.answer = 200
        await asyncio.sleep(300)
        signs.answer = httpx.ReadTimeout("")
        await asyncio.sleep(300)
        return len(signs.asked)

    asked, log = play(settings(heartbeat_url=URL), scene)
    assert asked == 20
    assert log.count("the heartbeat is not heard") == 2
    assert log.count("the heartbeat is heard again") == 1
    assert "ConnectError" in log
    assert "ReadTimeout" in log
    assert "swordfish" not in log


async def test_the_file_is_touched_and_an_unwritable_one_stops_nothing(tmp_path: Path) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))  # what is asked for first is done first
    for file, missed in ((tmp_path / "alive", 0), (tmp_path / "nowhere" / "alive", 1)):
        written = io.StringIO()
        logs = start_logs(HandClock(), Redactor(), stream=written)
        signs = Signs(settings(heartbeat_file=str(file), heartbeat_url=URL))
        task = asyncio.create_task(signs.heartbeat.run())
        await signs.first.wait()
        await asyncio.to_thread(lambda: None)
        await asyncio.sleep(0)
        assert file.exists() != bool(missed)
        assert written.getvalue().count("the heartbeat is not heard") == missed
        assert written.getvalue().count("No such file") == missed
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])
        logs.close()


async def test_nothing_is_done_where_no_sign_is_wanted() -> None:
    async with asyncio.timeout(5):
        await Signs(settings()).heartbeat.run()


async def test_a_real_site_is_asked() -> None:
    heard = asyncio.Event()
    lines = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        writer.close()
        heard.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = settings(heartbeat_url=f"http://127.0.0.1:{port}/ping/1")
    task = asyncio.create_task(Heartbeat(config.alerts, dict, dict, lambda: "").run())
    async with asyncio.timeout(10):
        await heard.wait()
    task.cancel()
    await asyncio.wait([task])
    server.close()
    assert lines == [b"GET /ping/1 HTTP/1.1\r\n"]


@pytest.mark.parametrize(
    ("health", "tasks", "found"),
    [
        ({}, {}, ""),
        ({"prices of x": (False, "none yet"), "doubts": (False, "abc"), "differences": (False, "1")}, {}, ""),
        ({"journal": (False, "full")}, {}, "journal: full"),
        ({"account x": (False, "no")}, {"reports of x": "E"}, "account x: no"),
        ({}, {"reports of x": "", "protection": "E: why"}, "protection: E: why"),
    ],
)
def test_what_counts_as_not_well(health: dict[str, tuple[bool, str]], tasks: dict[str, str], found: str) -> None:
    assert ailment(health, tasks) == found


def test_the_address_is_a_secret_as_a_whole() -> None:
    config = settings(heartbeat_url=URL)
    assert config.shown()["alerts.heartbeat_url"] == "set"
    assert URL in config.secrets()
    assert "swordfish" not in f"{config!r} {config.model_dump()}"
