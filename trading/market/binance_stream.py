"""Streams of Binance over one WebSocket connection after another, for ever.

The rules are those of web-socket-streams.md: at most 1024 streams a connection and 5 messages a second from us; a
connection is cut after 24 hours, and before that when a server that is about to stop says `serverShutdown`. Whoever
makes more than 300 attempts in 5 minutes is banned, hence the pauses.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from random import Random

import aiohttp
import msgspec

from trading.market import binance_wire as wire

MOST_STREAMS = 1000  # a connection
ASKED_AT_ONCE = 100  # streams in one SUBSCRIBE: longer ones are refused
BETWEEN_ASKING_S = 0.25
READY_S = 15.0  # for connecting and for all that was asked for to be confirmed
SILENCE_S = 20.0  # then we ping; no answer for half as long again is the end
LIFETIME_S = 23.5 * 3600
STEADY_S = 60.0  # a connection that lived so long was a good one: the next is tried at once
LONGEST_PAUSE_S = 60.0
LARGEST_MESSAGE = 1 << 20

Hear = Callable[[msgspec.Raw], None]
"""Told an event of one stream. Must not block."""


class Refused(Exception):
    """The server did not accept what we asked for."""


class Connection:
    """One connection, from dialling to its end. Its task ends with it, and then `reason` says why.

    `ready` is done once all streams are confirmed, `leaving` once the server has said that it will stop.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        names: Sequence[str],
        hear: "Callable[[Connection, wire.Frame], None]",
    ) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.leaving: asyncio.Future[None] = loop.create_future()
        self.reason = ""
        self._hear = hear
        self._chunks = [names[start : start + ASKED_AT_ONCE] for start in range(0, len(names), ASKED_AT_ONCE)]
        self._asked = 0
        self.task = loop.create_task(self._run(http, url), name="stream")

    async def close(self) -> None:
        """End it and wait for its end."""
        self.task.cancel()
        await asyncio.wait([self.task])

    async def _run(self, http: aiohttp.ClientSession, url: str) -> None:
        goodbye = aiohttp.ClientWSTimeout(ws_close=1.0)
        try:
            async with http.ws_connect(
                url, heartbeat=SILENCE_S, timeout=goodbye, max_msg_size=LARGEST_MESSAGE
            ) as socket:
                await self._ask(socket)
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        await self._take(socket, wire.frame(message.data))
                    elif message.type is aiohttp.WSMsgType.ERROR:
                        self.reason = f"binance fell silent or broke off ({type(message.data).__name__})"
                self.reason = self.reason or f"binance closed the connection ({socket.close_code})"
        except TimeoutError:
            self.reason = "binance did not answer in time"
        except aiohttp.WSServerHandshakeError as why:
            self.reason = f"binance refused the connection (HTTP {why.status})"
        except (aiohttp.ClientError, OSError) as why:  # its words may hold the address, and that a password
            self.reason = f"binance cannot be reached ({type(why).__name__})"
        except msgspec.MsgspecError as why:
            self.reason = f"binance sends another shape ({type(why).__name__})"
        except Refused as why:
            self.reason = f"binance refused a stream ({why})"

    async def _ask(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Subscribe to the next chunk of names, or say that there are no more."""
        if self._asked == len(self._chunks):
            self.ready.set_result(None)
            return
        if self._asked:
            await asyncio.sleep(BETWEEN_ASKING_S)
        params = list(self._chunks[self._asked])
        self._asked += 1
        await socket.send_json({"method": "SUBSCRIBE", "params": params, "id": self._asked})

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, frame: wire.Frame) -> None:
        if frame.refusal:
            raise Refused(" ".join(frame.refusal.split())[:100])
        if frame.is_shutdown:
            if not self.leaving.done():
                self.leaving.set_result(None)
        elif frame.stream:
            self._hear(self, frame)
        elif frame.id == self._asked and not self.ready.done():
            await self._ask(socket)


class Stream:
    """Streams (at most `MOST_STREAMS`) of the combined address `url`; `hear` says by name who is told their events.

    Only one connection is heard at a time. The next one is opened before the present one goes, where that is known
    beforehand; otherwise after a pause that grows from 1 to 60 s, cut by chance so that not all come back at once.
    """

    def __init__(self, url: str, hear: Mapping[str, Hear], chance: Random) -> None:
        self._url, self._tell, self._chance = url, dict(hear), chance
        self._serving: Connection | None = None
        self._reason = "it is not connected yet"

    @property
    def problem(self) -> str:
        """Why nothing can arrive now; empty while it can."""
        if self._serving is None:
            return self._reason
        return self._serving.reason if self._serving.task.done() else ""

    def renew(self) -> None:
        """Have the present connection replaced by another."""
        if self._serving is not None and not self._serving.leaving.done():
            self._serving.leaving.set_result(None)

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Keep connected until cancelled."""
        loop, failures = asyncio.get_running_loop(), 0
        fresh: Connection | None = None
        try:
            while True:
                fresh = Connection(http, self._url, list(self._tell), self._hear)
                await asyncio.wait({fresh.task, fresh.ready}, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
                began_s, outlived = loop.time(), False
                if fresh.ready.done() and not fresh.task.done():
                    await self._replace(fresh)
                    outlived = await self._outlived(fresh)
                else:
                    await self._give_up(fresh)
                steady = loop.time() - began_s > STEADY_S
                failures = 0 if steady else failures + 1
                if not (steady and outlived):
                    await asyncio.sleep(self._pause_s(failures))
        finally:
            for connection in (fresh, self._serving):
                if connection is not None:
                    await connection.close()
            self._serving, self._reason = None, "it was stopped"

    def _hear(self, connection: Connection, frame: wire.Frame) -> None:
        if connection is self._serving and (tell := self._tell.get(frame.stream)) is not None:
            tell(frame.data)

    async def _replace(self, fresh: Connection) -> None:
        before, self._serving = self._serving, fresh
        if before is not None:
            await before.close()

    async def _outlived(self, serving: Connection) -> bool:
        """Wait until the connection should be replaced (True), or is over."""
        ends = {serving.task, serving.leaving}
        await asyncio.wait(ends, timeout=LIFETIME_S, return_when=asyncio.FIRST_COMPLETED)
        if not serving.task.done():
            return True
        self._serving, self._reason = None, serving.reason
        serving.task.result()  # a failure of our own is no bad connection
        return False

    async def _give_up(self, fresh: Connection) -> None:
        """End a connection that did not get ready; one that serves goes on serving."""
        await fresh.close()
        if not fresh.task.cancelled():
            fresh.task.result()
        self._reason = fresh.reason or "binance did not answer in time"

    def _pause_s(self, failures: int) -> float:
        longest = min(LONGEST_PAUSE_S, 2.0 ** min(max(failures - 1, 0), 10))
        return longest * (0.5 + self._chance.random() / 2)
