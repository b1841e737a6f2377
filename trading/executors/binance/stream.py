"""What happens in an account, as the venue tells it, over a connection that is kept; and requests on the same one.

ccxt's own streams keep only the last state of an order while nobody reads, and lose the rest; here every event is in
a queue without an end as soon as it has arrived. Nothing is told again after a connection was cut, so a marker goes
into the queue after every new subscription: whoever reads it asks for what may have been missed.

Sources: binance-spot-api-docs web-socket-api.md (a connection lives 24 h; `serverShutdown`) and user-data-stream.md
(`eventStreamTerminated`); derivatives/usds-margined-futures user-data-streams (`listenKeyExpired`).
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from random import Random
from typing import Any

import aiohttp

from trading.errors import VenueError, VenueRefused
from trading.executors.binance.client import open_client
from trading.executors.binance.line import Line
from trading.executors.binance.session import TIMEOUT_S, Session
from trading.executors.binance.sources import Source
from trading.reports import Reconnected

SILENCE_S = 30.0
"""The venue pings every 20 s (spot) or 3 min (USDT-M); after this long without any frame we ping it ourselves."""

DAY_S = 23.5 * 3600
"""A connection lives 24 h: a new one is opened before that."""

STABLE_S = 30.0
"""A connection that lived shorter is a failure, so that one which is always cut at once is not opened in a rush."""

PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
"""Between two tries: doubled each time, up to the longest, and spread by half to either side."""

LAST_WORDS = {
    "serverShutdown": "the server shuts down",
    "eventStreamTerminated": "the subscription was ended",
    "listenKeyExpired": "the listen key has expired",
}
"""Events after which a new connection is needed."""


class UserStream:
    """Keeps one connection to `source`: a new one is opened before the old one is closed, whenever there is a choice.

    Two connections at once tell an event twice: they are told apart by their ids further down.
    """

    def __init__(
        self,
        session: Session,
        source: Source,
        chance: Random,
        *,
        silence_s: float = SILENCE_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._session, self._source, self._chance = session, source, chance
        self._silence_s, self._pause_s = silence_s, pause_s
        self._client: aiohttp.ClientSession | None = None
        self._queue: asyncio.Queue[dict[str, Any] | Reconnected | None] = asyncio.Queue()
        self._line: Line | None = None
        self._is_deaf = False  # connected, but no longer subscribed
        self._reason = "connected"  # why a new connection is needed
        self._problem = ""
        self._wanted = asyncio.Event()
        self._tried = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def healthy(self) -> bool:
        """Whether events arrive now."""
        return self._line is not None and self._line.is_open and not self._is_deaf

    @property
    def problem(self) -> str:
        """Why no events arrive, in one line; empty when they do."""
        if self.healthy:
            return ""
        if self._keeper is not None and self._keeper.done() and not self._keeper.cancelled():
            return f"The stream of the account was stopped by a fault of the desk ({self._keeper.exception()!r})."
        return f"The stream of the account is not connected: {self._problem or 'it was not started'}."

    async def start(self) -> None:
        """Connect; when it returns, it has been tried once. It goes on trying."""
        self._client = open_client(self._session.addresses.is_secure)
        self._keeper = asyncio.create_task(self._keep())
        self._keeper.add_done_callback(lambda _: self._tried.set())
        await self._tried.wait()

    async def stop(self) -> None:
        """Close it; `events` ends after what has arrived. Nothing happens if it was not started."""
        if self._keeper is None:
            return
        tasks = [*self._leaving, self._keeper]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._line is not None:
            await self._line.close()
        if self._client is not None:
            await self._client.close()
        self._queue.put_nowait(None)

    async def events(self) -> AsyncIterator[dict[str, Any] | Reconnected]:
        """Every event in its order, and a marker after each new subscription, until `stop`. One reader."""
        while (event := await self._queue.get()) is not None:
            yield event

    async def request(self, method: str, params: Mapping[str, Any], *, order: bool = False, weight: int = 1) -> Any:
        """The `result` of a signed request of the WebSocket API (`order.place`, `order.status` ...).

        Raises:
            VenueRefused, VenueUnreachable, InDoubt (OutcomeUnknown): as `Session.call`; a connection that is cut
                while an order is under way leaves it in doubt.
        """
        assert self._source.takes_requests, "this source only listens"
        return await self._session.ask(self._line, method, params, order=order, weight=weight)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                line = await self._renew()
                self._tried.set()
                await self._until_wanted(line)
                failures = 0 if loop.time() - began >= STABLE_S else failures + 1
            except VenueError as why:
                self._problem = why.text.removesuffix(".")
                self._tried.set()
                failures += 1
            if failures:
                pause_s = min(self._pause_s * 2.0 ** min(failures - 1, 20), LONGEST_PAUSE_S)
                await asyncio.sleep(pause_s * self._chance.uniform(0.5, 1.5))

    async def _renew(self) -> Line:
        """Open a new connection and subscribe on it; then let the old one go."""
        assert self._client is not None, "it was started"
        self._wanted.clear()
        line = await self._session.connect(self._client, await self._source.address(), self._heard, self._silence_s)
        try:
            await self._source.greet(line)
        except BaseException:
            await line.close()
            raise
        old, self._line = self._line, line
        self._is_deaf, self._problem = False, ""
        self._queue.put_nowait(Reconnected(self._reason))
        if old is not None:
            leaving = asyncio.create_task(old.retire(TIMEOUT_S))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        return line

    async def _until_wanted(self, line: Line) -> None:
        """Keep it up until a new connection is needed."""
        loop = asyncio.get_running_loop()
        old_at = loop.time() + DAY_S
        while True:
            await _first(min(self._source.upkeep_s, old_at - loop.time()), line.end.wait(), self._wanted.wait())
            if line.end.is_set():
                self._reason = self._problem = line.ended
                return
            if self._wanted.is_set():
                return
            if loop.time() >= old_at:
                self._reason = "its day was over"
                return
            try:
                await self._source.keep()
            except VenueRefused as why:
                self._reason = why.text
                return
            except VenueError:
                continue  # next time; it is good for longer than that

    def _heard(self, line: Line, message: dict[str, Any]) -> None:
        event = self._source.event(message)
        if event is None:
            return
        self._queue.put_nowait(event)
        if (kind := event.get("e")) in LAST_WORDS:
            self._reason = LAST_WORDS[kind]
            if line is self._line and kind != "serverShutdown":
                self._is_deaf, self._problem = True, self._reason
            self._wanted.set()


async def _first(timeout_s: float, *waits: Coroutine[Any, Any, Any]) -> None:
    """Wait until the first of them is done, and drop the others."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
