"""The gateway v10 ("Gateway"): sessions that outlive their connections, events by intent, replay by sequence."""

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from tests.emulators.discord import permissions as may
from tests.emulators.discord.clock import Changes
from tests.emulators.discord.codes import Json
from tests.emulators.discord.connections import Connection
from tests.emulators.discord.faults import Faults
from tests.emulators.discord.world import World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS = 0, 1, 2, 3, 4, 6, 7, 8
INVALID, HELLO, ACK = 9, 10, 11
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQ, RATE_LIMITED, TIMED_OUT, INVALID_SHARD = 4005, 4007, 4008, 4009, 4010
INVALID_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS = 4012, 4013, 4014
PAYLOAD_BYTES, REPLAYED = 4096, 20_000
DAY_MS = 86_400_000


class Keys(Protocol):
    """Where the bot's token is."""

    token: str


@dataclass
class Session:
    """A session: the events of one app, connected or not."""

    id: str
    intents: int
    connection: Connection | None
    seq: int = 0
    events: deque[tuple[int, Json]] = field(default_factory=lambda: deque(maxlen=REPLAYED))
    left_ms: int = 0  # when its connection ended
    resumed: int = 0


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
        return sum(1 for session in self.sessions.values() if _open(session))

    # Events

    def dispatch(self, event: str, make: Callable[[int], Json], intent: int = 0) -> int:
        """Send an event to every session with the intent; returns how many are connected. Others get it by a resume."""
        self._expire()
        reached = 0
        for session in list(self.sessions.values()):
            if intent and not session.intents & intent:
                continue
            reached += _open(session)
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
            payload: Json = {"op": DISPATCH, "t": event, "s": session.seq, "d": data}
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
            connection.post({"op": RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Invalidate every session (opcode 9)."""
        for session in list(self.sessions.values()):
            if not resumable:
                del self.sessions[session.id]
            if session.connection is not None and session.connection.open:
                session.connection.post({"op": INVALID, "d": resumable})

    def ask_heartbeat(self) -> None:
        """Ask every app for a heartbeat (opcode 1)."""
        for connection in self._open():
            connection.post({"op": HEARTBEAT, "d": None})

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
        self.close(AUTHENTICATION_FAILED)

    def _open(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.open]

    # Connections

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one connection until it ends."""
        connection = Connection(request)
        self.connections.append(connection)
        self._sends[connection] = deque()
        if connection.query.get("v") not in ("9", "10"):
            self._close(connection, INVALID_VERSION)
        elif connection.query.get("encoding", "json") != "json":
            self._close(connection, DECODE_ERROR)
        else:
            connection.post(
                {"op": HELLO, "d": {"heartbeat_interval": self.heartbeat_ms, "_trace": []}, "s": None, "t": None}
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
                self._close(connection, 4000)
                return

    def _close(self, connection: Connection, code: int) -> None:
        self.closed.append(code)
        connection.close(code)

    def _receive(self, connection: Connection, text: str) -> None:
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError):
            return self._close(connection, DECODE_ERROR)
        if len(text.encode()) > PAYLOAD_BYTES:
            return self._close(connection, DECODE_ERROR)
        if len(connection.received) < 1000:
            connection.received.append(payload)
        if self._too_fast(connection):
            return self._close(connection, RATE_LIMITED)
        session = next((s for s in self.sessions.values() if s.connection is connection), None)
        match op:
            case 1:
                self._beats[connection] = asyncio.get_running_loop().time()
                if self._faults.event("HEARTBEAT", "no_ack") is None:
                    connection.post({"op": ACK})
            case 2:
                self._identify(connection, session, data or {})
            case 6:
                self._resume(connection, session, data or {})
            case 3 | 4 | 8 | 31 | 43 if session is None:
                self._close(connection, NOT_AUTHENTICATED)
            case 8 if session is not None:
                self._members(session, data or {})
            case 3 | 4 | 31 | 43:
                pass
            case _:
                self._close(connection, UNKNOWN_OPCODE)
        return None

    def _too_fast(self, connection: Connection) -> bool:
        sends = self._sends[connection]
        sends.append(self._now)
        while sends and sends[0] <= self._now - 60_000:
            sends.popleft()
        return len(sends) > self.sends

    def _identify(self, connection: Connection, session: Session | None, data: Json) -> None:
        if session is not None:
            return self._close(connection, ALREADY_AUTHENTICATED)
        token = str(data.get("token", "")).removeprefix("Bot ")
        if token != self._keys.token:
            return self._close(connection, AUTHENTICATION_FAILED)
        refused = _refused(data, self.privileged)
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
            return connection.post({"op": INVALID, "d": False})
        return self._start(connection, data)

    def _start(self, connection: Connection, data: Json) -> None:
        self._number += 1
        session = Session(
            hashlib.sha256(f"session {self._number}".encode()).hexdigest()[:32], data["intents"], connection
        )
        self.sessions[session.id] = session
        world = self._world
        ready: Json = {
            "v": 10,
            "user": {**world.bot.payload, "mfa_enabled": False, "verified": True, "email": None},
            "guilds": [{"id": str(guild), "unavailable": True} for guild in world.guilds],
            "session_id": session.id,
            "resume_gateway_url": f"{self.url}/resume",
            "application": {"id": str(world.application_id), "flags": 0},
            "session_type": "normal",
            "private_channels": [],
            "presences": [],
            "relationships": [],
        }
        if data.get("shard"):
            ready["shard"] = data["shard"]
        self._send(session, "READY", ready)
        if session.intents & may.GUILDS:
            for guild in world.guilds.values():
                self._send(session, "GUILD_CREATE", world.guild_payload(guild, whole=True))
        self._changes.tell()

    def _resume(self, connection: Connection, session: Session | None, data: Json) -> None:
        if session is not None:
            return self._close(connection, ALREADY_AUTHENTICATED)
        if str(data.get("token", "")).removeprefix("Bot ") != self._keys.token:
            return self._close(connection, AUTHENTICATION_FAILED)
        self._expire()
        found = self.sessions.get(str(data.get("session_id")))
        seq = data.get("seq") or 0
        if found is not None and seq > found.seq:
            return self._close(connection, INVALID_SEQ)
        held = found is not None and (not found.events or found.events[0][0] <= seq + 1)
        if found is None or not held:
            return connection.post({"op": INVALID, "d": False})
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

    def _members(self, session: Session, data: Json) -> None:
        """GUILD_MEMBERS_CHUNK: those asked for by id or by the beginning of a name, else all."""
        guild = self._world.guilds.get(int(data.get("guild_id") or 0))
        if guild is None:
            return
        wanted = {int(one) for one in _listed(data.get("user_ids"))}
        users = [self._world.users[one] for one in guild.members if not wanted or one in wanted]
        users = [user for user in users if user.name.startswith(data.get("query") or "")]
        chunk: Json = {
            "guild_id": str(guild.id),
            "members": [guild.member(user) for user in users],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        with suppress(KeyError):
            chunk["nonce"] = data["nonce"]
        self._send(session, "GUILD_MEMBERS_CHUNK", chunk)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _open(session: Session) -> bool:
    return session.connection is not None and session.connection.open


def _refused(data: Json, privileged: int) -> int:
    """The close code for wrong intents or a wrong shard; 0 if they are right."""
    intents = data.get("intents")
    if not isinstance(intents, int) or intents < 0 or intents & ~may.KNOWN_INTENTS:
        return INVALID_INTENTS
    if intents & may.PRIVILEGED & ~privileged:
        return DISALLOWED_INTENTS
    shard = data.get("shard")
    if shard is not None and not (len(shard) == 2 and 0 <= shard[0] < shard[1]):
        return INVALID_SHARD
    return 0
