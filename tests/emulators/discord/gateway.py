"""The gateway v10 ("Gateway"): sessions that outlive their connections, events by intent, replay by sequence."""

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from tests.emulators.discord import opcodes
from tests.emulators.discord import permissions as may
from tests.emulators.discord.clock import Changes
from tests.emulators.discord.codes import Json
from tests.emulators.discord.connections import Connection
from tests.emulators.discord.faults import Faults
from tests.emulators.discord.sessions import Session, members_chunk, ready, refused_identify
from tests.emulators.discord.world import World

PAYLOAD_BYTES = 4096
DAY_MS = 86_400_000
OTHERS = (opcodes.PRESENCE, opcodes.VOICE, opcodes.MEMBERS, opcodes.SOUNDBOARD, opcodes.CHANNEL_INFO)


class Keys(Protocol):
    """Where the bot's token is."""

    token: str


class Gateway:
    """All sessions. The numbers may be changed at any time.

    `privileged` are the privileged intents that are enabled for the app; `identifies` the times of IDENTIFY in ms.
    """

    def __init__(self, world: World, keys: Keys, faults: Faults, changes: Changes) -> None:
        self.heartbeat_ms = 41_250
        self.sends = 120  # in 60 s, per connection
        self.identify_seconds = 5.0  # between two of them, as max_concurrency is 1
        self.identify_limit = 1000  # a day
        self.resume_seconds = 180.0
        self.privileged = 0
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.closed: list[int] = []  # the codes that connections were closed with, by us
        self.identifies: list[int] = []
        self._world = world
        self._keys = keys
        self._faults = faults
        self._changes = changes
        self._sends: dict[Connection, deque[int]] = {}
        self._beats: dict[Connection, float] = {}
        self._number = 0

    @property
    def _now(self) -> int:
        return self._world.clock.now_ms

    @property
    def connected(self) -> int:
        """How many sessions are connected."""
        return sum(1 for session in self.sessions.values() if session.open)

    # Events

    def dispatch(self, event: str, make: Callable[[int], Json], intent: int = 0) -> int:
        """Send an event to every session with the intent; returns how many are connected. Others get it by a resume."""
        self._expire()
        reached = 0
        for session in list(self.sessions.values()):
            if intent and not session.intents & intent:
                continue
            reached += session.open
            self._send(session, event, make(session.intents))
        return reached

    def _send(self, session: Session, event: str, data: Json) -> None:
        fault = self._faults.event(event, "missing", "doubled", "late", "cut", "lost")
        name = fault.name if fault else ""
        if name == "missing":
            return
        connection = session.connection
        for _ in range(2 if name == "doubled" else 1):
            session.seq += 1
            payload: Json = {"op": opcodes.DISPATCH, "t": event, "s": session.seq, "d": data}
            session.events.append((session.seq, payload))
            if connection is None or not connection.open or name == "lost":
                continue
            if fault is not None and name == "late":
                asyncio.get_running_loop().call_later(fault.seconds, connection.post, payload)
            elif fault is not None and name == "cut" and not fault.detail.get("sent"):
                connection.cut()
            else:
                connection.post(payload)
                if name == "cut":
                    connection.cut(after=True)

    # What Discord does to connections

    def reconnect(self) -> None:
        """Ask every app to reconnect and resume (opcode 7)."""
        for connection in self._open():
            connection.post({"op": opcodes.RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Invalidate every session (opcode 9)."""
        for session in list(self.sessions.values()):
            if not resumable:
                del self.sessions[session.id]
            if session.connection is not None and session.connection.open:
                session.connection.post({"op": opcodes.INVALID, "d": resumable})

    def ask_heartbeat(self) -> None:
        """Ask every app for a heartbeat (opcode 1)."""
        for connection in self._open():
            connection.post({"op": opcodes.HEARTBEAT, "d": None})

    def cut(self) -> None:
        """Cut every connection without a word."""
        for connection in self._open():
            connection.cut()

    def close(self, code: int) -> None:
        """Close every connection with this code."""
        for connection in self._open():
            self._close(connection, code)

    def end_sessions(self) -> None:
        """End every session, as after a token was reset: their connections are closed with 4004."""
        self.sessions.clear()
        self.close(opcodes.AUTHENTICATION_FAILED)

    def _open(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.open]

    # Connections

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one connection until it ends."""
        connection = Connection(request)
        self.connections.append(connection)
        self._sends[connection] = deque()
        if connection.query.get("v") not in ("9", "10"):
            self._close(connection, opcodes.INVALID_VERSION)
        elif connection.query.get("encoding", "json") != "json":
            self._close(connection, opcodes.DECODE_ERROR)
        else:
            connection.post(
                {
                    "op": opcodes.HELLO,
                    "d": {"heartbeat_interval": self.heartbeat_ms, "_trace": []},
                    "s": None,
                    "t": None,
                }
            )
        watch = asyncio.create_task(self._watch(connection))
        try:
            return await connection.serve(lambda text: self._receive(connection, text))
        finally:
            watch.cancel()
            self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        """A session without its connection waits to be resumed; it ends if the app closed with 1000 or 1001."""
        self._sends.pop(connection, None)
        self._beats.pop(connection, None)
        for session in list(self.sessions.values()):
            if session.connection is connection:
                session.connection, session.left_ms = None, self._now
                if connection.close_code in (1000, 1001):
                    del self.sessions[session.id]
        self._changes.tell()

    def _expire(self) -> None:
        for session in list(self.sessions.values()):
            if session.connection is None and self._now - session.left_ms > self.resume_seconds * 1000:
                del self.sessions[session.id]

    async def _watch(self, connection: Connection) -> None:
        """Close a connection that does not heartbeat; the app may resume."""
        loop = asyncio.get_running_loop()
        self._beats[connection] = loop.time()
        patience = self.heartbeat_ms / 1000 * 1.5
        while True:
            await asyncio.sleep(patience / 3)
            if loop.time() - self._beats.get(connection, 0.0) > patience:
                self._close(connection, opcodes.UNKNOWN_ERROR)
                return

    def _close(self, connection: Connection, code: int) -> None:
        self.closed.append(code)
        connection.close(code)

    def _receive(self, connection: Connection, text: str) -> None:
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError):
            return self._close(connection, opcodes.DECODE_ERROR)
        if len(text.encode()) > PAYLOAD_BYTES:
            return self._close(connection, opcodes.DECODE_ERROR)
        if len(connection.received) < 1000:
            connection.received.append(payload)
        if self._too_fast(connection):
            return self._close(connection, opcodes.RATE_LIMITED)
        session = next((s for s in self.sessions.values() if s.connection is connection), None)
        match op:
            case opcodes.HEARTBEAT:
                self._beats[connection] = asyncio.get_running_loop().time()
                if self._faults.event("HEARTBEAT", "no_ack") is None:
                    connection.post({"op": opcodes.ACK})
            case opcodes.IDENTIFY:
                self._identify(connection, session, data or {})
            case opcodes.RESUME:
                self._resume(connection, session, data or {})
            case _ if op not in OTHERS:
                self._close(connection, opcodes.UNKNOWN_OPCODE)
            case _ if session is None:
                self._close(connection, opcodes.NOT_AUTHENTICATED)
            case opcodes.MEMBERS:
                chunk = members_chunk(self._world, data or {})
                if chunk is not None:
                    self._send(session, "GUILD_MEMBERS_CHUNK", chunk)
        return None

    def _too_fast(self, connection: Connection) -> bool:
        sends = self._sends[connection]
        sends.append(self._now)
        while sends and sends[0] <= self._now - 60_000:
            sends.popleft()
        return len(sends) > self.sends

    def _identify(self, connection: Connection, session: Session | None, data: Json) -> None:
        if session is not None:
            return self._close(connection, opcodes.ALREADY_AUTHENTICATED)
        token = str(data.get("token", "")).removeprefix("Bot ")
        if token != self._keys.token:
            return self._close(connection, opcodes.AUTHENTICATION_FAILED)
        refused = refused_identify(data, self.privileged)
        if refused:
            return self._close(connection, refused)
        today = [at for at in self.identifies if at > self._now - DAY_MS]
        soon = bool(today) and self._now - today[-1] < self.identify_seconds * 1000
        self.identifies.append(self._now)
        if len(today) >= self.identify_limit:
            # "all active sessions will be terminated, the bot token will be reset"
            self._keys.token = hashlib.sha256(self._keys.token.encode()).hexdigest()
            return self.end_sessions()
        if soon:
            return connection.post({"op": opcodes.INVALID, "d": False})
        return self._start(connection, data)

    def _start(self, connection: Connection, data: Json) -> None:
        self._number += 1
        session = Session(
            hashlib.sha256(f"session {self._number}".encode()).hexdigest()[:32], data["intents"], connection
        )
        self.sessions[session.id] = session
        self._send(session, "READY", ready(session, self._world, self.url, data.get("shard")))
        if session.intents & may.GUILDS:
            for guild in self._world.guilds.values():
                self._send(session, "GUILD_CREATE", self._world.guild_payload(guild, whole=True))
        self._changes.tell()

    def _resume(self, connection: Connection, session: Session | None, data: Json) -> None:
        if session is not None:
            return self._close(connection, opcodes.ALREADY_AUTHENTICATED)
        if str(data.get("token", "")).removeprefix("Bot ") != self._keys.token:
            return self._close(connection, opcodes.AUTHENTICATION_FAILED)
        self._expire()
        found = self.sessions.get(str(data.get("session_id")))
        seq = data.get("seq") or 0
        if found is not None and seq > found.seq:
            return self._close(connection, opcodes.INVALID_SEQ)
        held = found is not None and (not found.events or found.events[0][0] <= seq + 1)
        if found is None or not held:
            return connection.post({"op": opcodes.INVALID, "d": False})
        if found.connection is not None:
            found.connection.cut()
        rewind = self._faults.event("RESUMED", "rewind")
        if rewind is not None:
            seq -= int(rewind.detail.get("events", 1))
        found.connection, found.resumed = connection, found.resumed + 1
        for number, payload in found.events:
            if number > seq:
                connection.post(payload)
        self._send(found, "RESUMED", {"_trace": []})
        return self._changes.tell()
