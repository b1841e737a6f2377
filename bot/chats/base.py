"""The seam between the desk and a chat: what a chat module must offer, and what it is given.

A chat carries lines to the one door and shows what comes back. To it come: who is who by numeric id,
the door, and the notifier, to which it attaches a destination for each place that is told things.
What both chats need besides is here: places, references to messages, lines of long buttons.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from bot.alerts.notifier import Notifier
from bot.supervise import Mishap
from handlers.actor import Actor, Role
from handlers.alerts import Alert
from handlers.context import Context
from handlers.reply import Reply
from trading.book import Book
from trading.ids import derive

MOST_LINES = 10_000  # remembered for buttons
TOKEN = "~"  # begins the token of a remembered line; no command line begins so


class Place(msgspec.Struct, frozen=True):
    """Where things are said on one chat: a Telegram chat and its topic, a Discord channel or thread."""

    id: int
    topic: int = 0

    def __str__(self) -> str:
        return f"{self.id}/{self.topic}" if self.topic else str(self.id)


class MessageRef(msgspec.Struct, frozen=True):
    """A message that was sent; plain numbers, so that it may be kept and answered to after a restart."""

    place: Place
    message: int


class People(Protocol):
    """Who is who."""

    def who(self, chat: str, user: int, name: str = "") -> Actor:
        """The actor behind a chat's numeric user id, the same on every chat; a stranger has the role STRANGER.

        A stranger's id is `telegram:1111`. `name` is what the chat calls the person: to be shown, never believed.
        """
        ...

    def known(self, chat: str) -> Mapping[int, Role]:
        """The numeric ids on a chat of everybody who may do something there."""
        ...


class Door(Protocol):
    """The way into the desk."""

    async def run(self, line: str, actor: Actor | None, surface: str, key: str = "", place: str = "") -> Reply:
        """Answer one line; the same key (`tg:<update_id>`, `dc:<interaction.id>`) is the same request. Never raises.

        `place` is where it was said, as `destination` names it.
        """
        ...

    def context(self, line: str, actor: Actor, surface: str) -> Context:
        """For looking only: completion and guided forms."""
        ...


class House(msgspec.Struct, frozen=True):
    """What a chat is given. `mishap` logs a failure with an id and tells people of it."""

    door: Door
    people: People
    notifier: Notifier
    book: Book
    mishap: Mishap


class Chat(Protocol):
    """A chat that is connected to the desk. `name` is `telegram` or `discord`: its surface, and its half of a key."""

    @property
    def name(self) -> str: ...

    @property
    def problem(self) -> str:
        """Why it does not work at present, in plain words; empty while it does."""
        ...

    async def start(self) -> None:
        """Connect, register the commands, take lines, attach the configured places to the notifier.

        An outage is no error: it is tried again for ever, and `problem` says so.

        Raises:
            ConfigError: the token is refused, or a setting cannot be.
        """
        ...

    async def stop(self) -> None:
        """Take no more lines, finish what was begun, disconnect."""
        ...

    async def receive(self, secret: str, body: bytes) -> int:
        """One message that the platform brought to our own web server, with its secret; the HTTP status to answer."""
        ...

    async def send(
        self,
        place: Place,
        what: Reply | Alert,
        *,
        reply_to: MessageRef | None = None,
        silent: bool = False,
        once: str = "",
    ) -> MessageRef:
        """Say something; answers the message that has its text and buttons (the last, if it took several).

        `reply_to`: below that message, or in its thread; said all the same when it is gone. `silent`:
        without a sound. `once`: where the chat can, the same key within minutes is the same message.

        Raises:
            Undelivered: it may not have arrived; `after_s` says how long the chat asks us to wait.
        """
        ...

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """Make a message say this, with these buttons and no others; what does not fit follows as new messages.

        A message that says it already, or is gone, is no error.

        Raises:
            Undelivered: it may not have been changed.
        """
        ...


Connect = Callable[[House], Awaitable[Chat]]
"""Makes a chat; its module, and the library with it, is imported only when the chat is configured."""


def told(what: Reply | Alert) -> Reply:
    """An alert as what can be shown; a reply as it is."""
    if isinstance(what, Reply):
        return what
    return Reply(what.text, tone=what.tone, order_id=what.order_id or None, buttons=what.buttons)


def destination(chat: str, place: Place) -> str:
    """The name under which the notifier keeps how far a place has been told: `telegram:-1001/7`."""
    return f"{chat}:{place}"


class ButtonLines:
    """Command lines that do not fit into a button, by the tokens that stand for them.

    A token is derived from its line and gives no right to anything: whoever sends it, runs the line as
    themselves, through the door. The oldest are forgotten, as are all at a restart.
    """

    def __init__(self, most: int = MOST_LINES) -> None:
        self._most = most
        self._lines: dict[str, str] = {}

    def shorten(self, line: str) -> str:
        """The token of a line, 17 ASCII characters; the line is remembered for as long as any."""
        token = TOKEN + derive("button", line.encode("utf-8", "backslashreplace").decode())
        self._lines.pop(token, None)
        self._lines[token] = line
        if len(self._lines) > self._most:
            del self._lines[next(iter(self._lines))]
        return token

    def line(self, data: str) -> str | None:
        """The line that a pressed button means; None for a token that is not known (any more)."""
        return self._lines.get(data) if data.startswith(TOKEN) else data
