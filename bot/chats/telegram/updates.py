"""What Telegram tells us, read: a line, a press, something that is no command, or a group's new id.

A pure reading: who may do what, and whether it is too late, is not decided here.
"""

import re
from datetime import datetime

import msgspec
from telegram import CallbackQuery, Message, Update, User

from bot.chats.base import MessageRef, Place

KINDS = ("message", "edited_message", "channel_post", "callback_query")
_ADDRESSED = re.compile(r"(/[A-Za-z0-9_]{1,32})@([A-Za-z0-9_]{1,64})(?=\s|\Z)")

EDITED = "An edited message is no command. Send it as a new one."
FORWARDED = "A forwarded message is no command. Type it yourself."
ANONYMOUS = "Anonymous administrators have no id that I could know. Turn off 'Remain anonymous' to give commands."
CAPTION = "A caption is no command. Send it as a text of its own."
POSTED = "A channel's post is no command: it does not tell who wrote it."


class Line(msgspec.Struct, frozen=True):
    """Somebody wrote a command line; `at` is when, by Telegram's clock."""

    key: str
    message: MessageRef
    user: int
    name: str
    text: str
    at: datetime


class Press(msgspec.Struct, frozen=True):
    """Somebody pressed a button. `shown` says whether the message has that button; None where it cannot be seen."""

    key: str
    query: str
    message: MessageRef
    user: int
    name: str
    data: str
    shown: bool | None


class Aside(msgspec.Struct, frozen=True):
    """Something that looks like a command and is none: `why`, to be said once to whoever it is."""

    message: MessageRef
    user: int
    why: str


class Move(msgspec.Struct, frozen=True):
    """A group became a supergroup, under another id."""

    old: int
    new: int


def is_private(place: Place) -> bool:
    """Whether a place is a chat with one person: its id is theirs, and groups' ids are negative."""
    return place.id > 0


def read(update: Update, username: str) -> Line | Press | Aside | Move | None:
    """What an update is to us, `username` being the bot's; None for what is none of our business."""
    key = f"tg:{update.update_id}"
    if update.callback_query is not None:
        return _press(update.callback_query, key)
    if update.message is not None:
        return _message(update.message, key, username)
    if update.edited_message is not None:
        return _aside(update.edited_message, username, EDITED)
    if update.channel_post is not None:
        return _aside(update.channel_post, username, POSTED)
    return None


def _message(message: Message, key: str, username: str) -> Line | Aside | Move | None:
    if message.migrate_to_chat_id:
        return Move(message.chat_id, message.migrate_to_chat_id)
    if message.migrate_from_chat_id:
        return Move(message.migrate_from_chat_id, message.chat_id)
    text = _line(message, username)
    if message.sender_chat is not None:
        return _aside(message, username, ANONYMOUS)
    if message.from_user is None or message.from_user.is_bot:
        return None
    if text is None:
        return Aside(_ref(message), message.from_user.id, CAPTION) if _is_caption(message, username) else None
    if message.forward_origin is not None or message.via_bot is not None:
        return Aside(_ref(message), message.from_user.id, FORWARDED)
    return Line(key, _ref(message), message.from_user.id, _name(message.from_user), text, message.date)


def _aside(message: Message, username: str, why: str) -> Aside | None:
    if _line(message, username) is None:
        return None
    return Aside(_ref(message), message.from_user.id if message.from_user else 0, why)


def _is_caption(message: Message, username: str) -> bool:
    """Whether what stands below a picture or a file looks like a command for us."""
    text = (message.caption or "").strip()
    addressed = _ADDRESSED.match(text)
    return text.startswith("/") and (addressed is None or addressed[2].lower() == username.lower())


def _line(message: Message, username: str) -> str | None:
    """The command line of a message: everything in private, in groups what begins with a slash and is for us."""
    text = (message.text or "").strip()
    if not text or not (text.startswith("/") or is_private(_ref(message).place)):
        return None
    if (addressed := _ADDRESSED.match(text)) is None:
        return text
    if addressed[2].lower() != username.lower():
        return None
    return addressed[1] + text[addressed.end() :]


def _press(query: CallbackQuery, key: str) -> Press | None:
    message = query.message
    if message is None or query.data is None:
        return None
    ref = MessageRef(Place(message.chat.id), message.message_id)
    shown = None
    # The library makes a Message of one that it cannot see, too.
    if isinstance(message, Message) and message.is_accessible:
        ref = _ref(message)
        rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
        shown = any(button.callback_data == query.data for row in rows for button in row)
    return Press(key, query.id, ref, query.from_user.id, _name(query.from_user), query.data, shown)


def _ref(message: Message) -> MessageRef:
    topic = message.message_thread_id or 0 if message.is_topic_message else 0
    return MessageRef(Place(message.chat_id, topic), message.message_id)


def _name(user: User) -> str:
    return user.full_name[:64]
