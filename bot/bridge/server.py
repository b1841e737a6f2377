"""The bridge's door: who may come in, what may be asked, and a clear answer to everything else."""

import asyncio
import hmac
import logging
import re
import socket
import sqlite3
import ssl
from http import HTTPStatus

import msgspec
import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from bot.bridge.requests import Requests, Stored, body_of
from bot.bridge.terminal import UNKNOWN_OUTCOME, Job, Refused, Terminal, now_ms
from trading.clock import Clock
from trading.errors import ConfigError
from trading.mt5.bridge import messages as m
from trading.mt5.bridge.calls import CALLS, WrongArgument

PING_S, PONG_S = 5, 10
HANDSHAKE_S = 10
BUSY = 1013  # try again later
_NAME = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
log = structlog.get_logger("tiller.bridge")


class Bridge:
    """Serves one bot at a time. A bot is known by the name that its process made for itself: the same one may come
    back on a new line at once, another is turned away as long as the first is there.
    """

    def __init__(self, token: str, terminal: Terminal, requests: Requests, clock: Clock) -> None:
        self._token, self._terminal, self._requests, self._clock = token, terminal, requests, clock
        self._guest: ServerConnection | None = None
        self._guest_name, self._since = "", ""
        self._under_way: dict[str, tuple[str, asyncio.Future[Stored]]] = {}

    async def start(self, listening: socket.socket, tls: ssl.SSLContext | None) -> Server:
        """Serve who comes to a socket (see `listen`)."""
        return await serve(
            self._welcome,
            sock=listening,
            ssl=tls,
            process_request=self._check,
            subprotocols=[Subprotocol(m.PROTOCOL)],
            compression=None,
            server_header=None,
            open_timeout=HANDSHAKE_S,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            close_timeout=1,
            max_size=m.LARGEST_QUESTION,
            logger=_quiet(),
        )

    # --- who may come in ---------------------------------------------------------------------

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Turn away whoever has no token, or speaks otherwise; nothing of what they sent is repeated."""
        headers = request.headers
        given = ",".join(headers.get_all("Authorization")).encode(errors="surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return _turn_away(connection, HTTPStatus.UNAUTHORIZED, "the token is not this bridge's.")
        spoken = re.split(r",\s*", ",".join(headers.get_all("Sec-WebSocket-Protocol")))
        if m.PROTOCOL not in spoken:
            text = f"this bridge speaks {m.PROTOCOL}: use the same version of Tiller on both sides."
            return _turn_away(connection, HTTPStatus.UPGRADE_REQUIRED, text)
        if not _NAME.fullmatch(",".join(headers.get_all(m.CLIENT_HEADER))):
            return _turn_away(connection, HTTPStatus.BAD_REQUEST, f"{m.CLIENT_HEADER} names no client.")
        return None

    async def _welcome(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        name, address = connection.request.headers[m.CLIENT_HEADER], _address(connection)
        before = self._guest
        if before is not None and before.state is State.OPEN and name != self._guest_name:
            log.warning("turned away: another bot is connected", address=address)
            await connection.close(BUSY, f"Another bot uses this bridge since {self._since}: one bot, one terminal.")
            return
        self._guest, self._guest_name = connection, name
        self._since = self._clock.now().strftime("%Y-%m-%d %H:%M:%S UTC")
        log.info("bot connected", address=address, client=name)
        if before is not None and before.state is State.OPEN:
            before.transport.abort()  # the same bot, on a line that it has given up
        try:
            await connection.send(m.encode(m.Hello(self._requests.name, now_ms())))
            async for frame in connection:
                await connection.send(await self._reply(frame, name))
        except ConnectionClosed:
            pass
        log.info("bot disconnected", address=address, client=name, code=connection.close_code)

    # --- what may be asked -------------------------------------------------------------------

    async def _reply(self, frame: str | bytes, client: str) -> bytes:
        """The answer to one frame, or the refusal of it."""
        number = 0
        try:
            question = _read(frame)
            number = question.number
            stored = await (
                self._recalled(question) if isinstance(question, m.Recall) else self._asked(question, client)
            )
            reply = m.encode(m.Answer(number, stored.result, stored.code, stored.text, now_ms()))
            if len(reply) > m.LARGEST_ANSWER:
                raise Refused(m.Reason.TOO_LARGE, f"The answer has {len(reply):,} bytes: ask for less at a time.")
        except Refused as why:
            log.warning("refused", reason=str(why.reason), text=str(why))
            reply = m.encode(m.Refusal(number, why.reason, str(why), now_ms()))
        return reply

    async def _asked(self, ask: m.Ask, client: str) -> Stored:
        call = CALLS.get(ask.call)
        if call is None:
            raise Refused(m.Reason.UNKNOWN_CALL, f"There is no call {ask.call[:40]!r}.")
        try:
            call.check(ask.arguments)
        except (TypeError, WrongArgument) as why:
            raise Refused(m.Reason.WRONG_ARGUMENT, str(why)) from None
        if call.name == "initialize" and ask.arguments.get("path"):
            text = "Which terminal is started is decided beside it: [bridge] terminal."
            raise Refused(m.Reason.WRONG_ARGUMENT, text)
        if call.name == "order_send":
            return await self._ordered(Job(client, call, ask.arguments, ask.until_ms, ask.key, body_of(ask.arguments)))
        return await self._terminal.perform(Job(client, call, ask.arguments, ask.until_ms))

    async def _ordered(self, job: Job) -> Stored:
        """A trade request: made once; the same one again is given the same answer."""
        if not job.key or len(job.key) > m.LONGEST_KEY:
            raise Refused(m.Reason.WRONG_ARGUMENT, f"order_send needs a key of 1 to {m.LONGEST_KEY} characters.")
        known = await self._known(job.key, job.body)
        if known is not None:
            return known
        made = self._terminal.perform(job)
        self._under_way[job.key] = job.body, made
        made.add_done_callback(lambda done: self._done(job.key, done))
        return await asyncio.shield(made)

    async def _recalled(self, recall: m.Recall) -> Stored:
        known = await self._known(recall.key)
        if known is None:
            raise Refused(m.Reason.KEY_UNKNOWN, "This bridge has never heard of that request.")
        return known

    async def _known(self, key: str, body: str = "") -> Stored | None:
        """What became of a request, waiting for one that is under way; None if there was none."""
        if key in self._under_way:
            first, made = self._under_way[key]
            _check_same(body, first)
            return await asyncio.shield(made)
        try:
            kept = self._requests.find(key)
        except sqlite3.Error as why:
            raise Refused(m.Reason.NOT_KEPT, f"The table of requests cannot be read: {why}.") from None
        if kept is None:
            return None
        _check_same(body, kept.body)
        if kept.answer is None:
            raise Refused(m.Reason.OUTCOME_UNKNOWN, UNKNOWN_OUTCOME)
        return kept.answer

    def _done(self, key: str, made: "asyncio.Future[Stored]") -> None:
        del self._under_way[key]
        if not made.cancelled():
            made.exception()  # whoever waited was told; nobody may be left


def listen(host: str, port: int) -> socket.socket:
    """Take an address; of a name with several, the first, IPv4 before IPv6. Whoever comes waits to be served.

    Raises:
        ConfigError: it is taken, or none of this machine.
    """
    try:
        there = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = min(there, key=lambda each: each[0] is not socket.AF_INET)
        return socket.create_server(address[:2], family=family)
    except OSError as why:
        raise ConfigError(
            f"The bridge cannot listen on {host}:{port}: {why.strerror or why}.",
            "Choose another: [bridge] host and port.",
            code="PORT",
        ) from None


def _read(frame: str | bytes) -> m.Question:
    if isinstance(frame, str):
        raise Refused(m.Reason.UNREADABLE, "Text is not understood here: MessagePack only.")
    try:
        return m.decode_question(frame)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise Refused(m.Reason.UNREADABLE, "That is no question that this bridge knows.") from None


def _check_same(body: str, first: str) -> None:
    if body and body != first:
        raise Refused(m.Reason.KEY_REUSED, "This key was used for another request: nothing was sent.")


def _turn_away(connection: ServerConnection, status: HTTPStatus, text: str) -> Response:
    log.warning("turned away", address=_address(connection), why=text)
    return connection.respond(status, text + "\n")


def _address(connection: ServerConnection) -> str:
    where = connection.remote_address
    return str(where[0]) if where else "-"


def _quiet() -> logging.Logger:
    """The library's log, one line for each handshake that fails instead of a traceback."""
    logger = logging.getLogger("tiller.bridge.line")

    def shorten(record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            record.msg = f"{record.msg}: {type(record.exc_info[1]).__name__}"
            record.exc_info = None
        return record.levelno >= logging.WARNING

    if not logger.filters:
        logger.addFilter(shorten)
    return logger
