"""The dead man's switch, from our side: a sign of life for as long as all is well, so that silence is the alarm.

All is well while the desk accepts commands, the journal is written, every account is connected and reconciled, and
every task of trading runs. A desk that a person halted or paused is well. Prices do not count: markets close at
weekends.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import structlog

from bot.settings.sections import AlertSettings

ANSWER_S = 10.0
LOOK_S = 1.0  # how often a desk that is not well is looked at again

log = structlog.get_logger("tiller.heartbeat")


def ailment(health: Mapping[str, tuple[bool, str]], tasks: Mapping[str, str]) -> str:
    """The first thing that keeps the desk from trading as it should, in a few words; empty while all is well.

    `health` has each part of the process, `tasks` the last failure of each task that is not steady again.
    """
    for part, (well, words) in health.items():
        if not well and (part == "journal" or part.startswith("account ")):
            return f"{part}: {words}"
    return next((f"{name}: {failure}" for name, failure in tasks.items() if failure), "")


class Heartbeat:
    """Touches a file and asks an address every so often, each without waiting for the other.

    `health` and `tasks` are as for `ailment`, the tasks those of trading: a chat that is down is told of elsewhere.
    `not_accepting` says why the desk takes no commands; empty when it does. `transport` is how the address is
    reached, the network if left out. The address may hold a secret: it is in no log line and no error.
    """

    def __init__(
        self,
        config: AlertSettings,
        health: Callable[[], Mapping[str, tuple[bool, str]]],
        tasks: Callable[[], Mapping[str, str]],
        not_accepting: Callable[[], str],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._every_s = config.heartbeat_s
        self._file = Path(config.heartbeat_file).expanduser() if config.heartbeat_file else None
        self._url = config.heartbeat_url.get_secret_value()
        self._health = health
        self._tasks = tasks
        self._not_accepting = not_accepting
        self._transport = transport
        self._ailment = ""
        self._silent: set[str] = set()  # signs that do not get through, and the log has it

    async def run(self) -> None:
        """Give signs of life, for ever; returns at once if none are wanted."""
        async with asyncio.TaskGroup() as signs:
            if self._file is not None:
                signs.create_task(self._keep_touching(self._file))
            if self._url:
                signs.create_task(self._keep_asking())

    async def _keep_touching(self, file: Path) -> None:
        while True:
            if self._is_well():
                try:
                    await asyncio.to_thread(file.touch)
                except OSError as why:
                    self._missed("heartbeat_file", why.strerror or type(why).__name__)
                else:
                    self._heard("heartbeat_file")
                await asyncio.sleep(self._every_s)
            else:
                await asyncio.sleep(LOOK_S)

    async def _keep_asking(self) -> None:
        loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(follow_redirects=True, transport=self._transport) as http:
            while True:
                if self._is_well():
                    asked = loop.time()
                    await self._ask(http)
                    await asyncio.sleep(max(asked + self._every_s - loop.time(), 0))
                else:
                    await asyncio.sleep(LOOK_S)

    async def _ask(self, http: httpx.AsyncClient) -> None:
        try:
            async with asyncio.timeout(ANSWER_S), http.stream("GET", self._url) as answer:
                status = answer.status_code  # what else it says is not read
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as why:  # a timeout is an OSError
            self._missed("heartbeat_url", type(why).__name__)  # its words may hold the address
            return
        if status >= 400:
            self._missed("heartbeat_url", f"status {status}")
        else:
            self._heard("heartbeat_url")

    def _is_well(self) -> bool:
        if self._not_accepting():
            return False
        before, self._ailment = self._ailment, ailment(self._health(), self._tasks())
        if self._ailment and not before:
            log.warning("no heartbeat until this is over", why=self._ailment)
        return not self._ailment

    def _missed(self, sign: str, why: str) -> None:
        if sign not in self._silent:
            self._silent.add(sign)
            log.warning("the heartbeat is not heard", sign=sign, why=why)

    def _heard(self, sign: str) -> None:
        if sign in self._silent:
            self._silent.discard(sign)
            log.info("the heartbeat is heard again", sign=sign)
