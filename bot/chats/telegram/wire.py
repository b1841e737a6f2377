"""The calls to Telegram: at its pace, with its errors in our words, and the token in none of them.

python-telegram-bot makes them. What comes out of here is a result, `Undelivered` (it may not have
arrived: try again), or `Refused` (Telegram looked at it and said no).
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.request import HTTPXRequest

from bot.alerts.notifier import Undelivered
from bot.chats.telegram.pace import Pace

T = TypeVar("T")
Moved = Callable[[int, int], None]
"""Hears that a group got another id, because it became a supergroup: (old, new)."""

CALL_S = 15.0  # for an answer; a poll waits longer
CONNECT_S = 5.0
CONNECTIONS = 64
FORBIDDEN_S = 60.0
TALKATIVE = ("httpx", "telegram")  # they log addresses with the token in them, and every call
RETRY_S = 5.0  # where Telegram says "too many" and not for how long

REVOKED = (
    "Telegram refuses the bot's token: it is wrong or was revoked. "
    "Ask @BotFather for a new one, set [telegram] token and start again."
)
OTHER_POLLER = (
    "Another program takes this bot's messages with the same token. "
    "Stop it: Telegram gives each message to one program only."
)
WEBHOOK = (
    "Another program has set a webhook with this bot's token, so that messages go there. "
    "Stop it, or give it a token of its own."
)
_LATER = ("kicked", "not a member", "not enough rights", "need administrator", "chat not found", "deactivated")
_CLOSED = ("CHAT_WRITE_FORBIDDEN", "CHAT_SEND_", "TOPIC_CLOSED", "CHAT_RESTRICTED")


class Refused(Exception):
    """Telegram refuses what was asked, in its words; asked again, it would again."""


class Unreachable(Undelivered):
    """Nothing at all can be said in that chat: the bot is blocked, thrown out, not let in, or may not write."""


class _TooMany(TelegramError):
    """429; of our own, because the library's warns about itself whenever it is made."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Too many requests: {seconds:g} s to wait.")
        self.seconds = seconds


class _Parameters(msgspec.Struct):
    retry_after: float = RETRY_S


class _Refusal(msgspec.Struct):
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


class _Request(HTTPXRequest):
    """The library's transport, but it keeps quiet about answers that are none (a proxy's page)."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*args, **kwargs)
        if code == 429:
            try:
                raise _TooMany(msgspec.json.decode(payload, type=_Refusal).parameters.retry_after)
            except msgspec.DecodeError:
                raise _TooMany(RETRY_S) from None
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            return msgspec.json.decode(payload, type=dict[str, Any])
        except msgspec.DecodeError:
            raise NetworkError("the answer was not Telegram's") from None


class Wire:
    """One bot on Telegram, at `homes` in its configured chats. `troubles` says what does not work, and where."""

    def __init__(
        self, token: str, base_url: str, homes: Iterable[int], moved: Moved, now: Mapping[int, int] | None = None
    ) -> None:
        """`now` is where those of the `homes` are that have moved; `moved` hears of the next one."""
        base = base_url.rstrip("/")
        self._requests = _request(CONNECTIONS), _request(2)
        self.bot = Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )
        self.troubles: dict[str, str] = {}
        self._homes = frozenset(homes)
        self._moved = moved
        self._moves: dict[int, int] = dict(now or {})
        self._pace = Pace()
        for name in TALKATIVE:
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.WARNING))

    def now(self, chat: int) -> int:
        """The id that a chat has now."""
        while chat in self._moves:
            chat = self._moves[chat]
        return chat

    def home(self, chat: int) -> int:
        """The id by which the settings, and the notifier, know a chat."""
        return next((home for home in self._homes if self.now(home) == chat), chat)

    def move(self, old: int, new: int) -> None:
        """A group became a supergroup: it is spoken to under its new id from now on."""
        if self.now(new) not in (old, self.now(old)):  # known already, or a circle
            self._moves[self.now(old)] = new
            self._moved(old, new)

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """A call that says nothing in a chat.

        Raises:
            Undelivered: it may not have arrived.
            Refused: Telegram refuses it.
        """
        try:
            return await call()
        except TelegramError as why:
            raise self.judged(why) from None

    async def say(self, chat: int, call: Callable[[int], Awaitable[T]], *, edit: bool = False) -> T:
        """A call in a chat, in its turn; `call` is given the id that the chat has now.

        Raises:
            Unreachable: nothing can be said there.
            Undelivered: it may not have arrived.
            Refused: Telegram refuses it.
        """
        while True:
            there = self.now(chat)
            async with self._pace.turn(there, edit=edit):
                try:
                    result = await call(there)
                    self.troubles.pop(f"chat {chat}", None)
                    return result
                except ChatMigrated as why:
                    self.move(there, why.new_chat_id)
                except _TooMany as why:
                    self._pace.block(there, why.seconds)
                    raise self.judged(why) from None
                except TelegramError as why:
                    raise (self._unreachable(chat, why) if _is_of_chat(why) else self.judged(why)) from None

    def _unreachable(self, chat: int, why: TelegramError) -> Unreachable:
        text = f"Nothing can be said in Telegram's chat {chat}: {_words(why)}."
        if chat in self._homes:
            self.troubles[f"chat {chat}"] = text
        return Unreachable(text, FORBIDDEN_S)

    def judged(self, why: TelegramError) -> Undelivered | Refused:
        """An error of the library in our words; it never holds an address or the token."""
        match why:
            case _TooMany():
                return Undelivered(f"Telegram asks us to wait {why.seconds:g} s.", why.seconds)
            case InvalidToken():
                self.troubles["token"] = REVOKED
                return Undelivered(REVOKED, FORBIDDEN_S)
            case Conflict():
                return Undelivered(WEBHOOK if "webhook" in why.message.lower() else OTHER_POLLER)
            case BadRequest() | Forbidden():  # before NetworkError: the library makes BadRequest one of those
                return Refused(_words(why))
            case NetworkError():
                return Undelivered("Telegram cannot be reached.")
            case _:
                return Undelivered(f"Telegram answered something else ({type(why).__name__}).")

    async def close(self) -> None:
        """Let go of every connection."""
        for request in self._requests:  # `Bot.shutdown` leaves those open of a bot that never reached Telegram
            await request.shutdown()


def _request(connections: int) -> HTTPXRequest:
    return _Request(
        connection_pool_size=connections, read_timeout=CALL_S, write_timeout=CALL_S, connect_timeout=CONNECT_S,
        pool_timeout=CALL_S,
    )  # fmt: skip


def _words(why: TelegramError) -> str:
    """What Telegram said, short; of refusals only, whose words are the server's and name no address."""
    return why.message.removeprefix("Forbidden: ").removeprefix("Bad Request: ")[:200].rstrip(".")


def _is_of_chat(why: TelegramError) -> bool:
    """Whether nothing at all can be said in that chat, whatever it is."""
    if isinstance(why, Forbidden):
        return True
    if not isinstance(why, BadRequest):
        return False
    return any(word in why.message.lower() for word in _LATER) or any(word in why.message for word in _CLOSED)
