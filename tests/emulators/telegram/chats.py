"""Users, chats and messages: what is there to be seen, and its JSON ("Available types")."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.telegram.entities import Styled

Rows = list[dict[str, Any]]


@dataclass(eq=False)
class User:
    """A person or a bot."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language: str = ""
    is_bot: bool = False

    def row(self) -> dict[str, Any]:
        """Its JSON."""
        row: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        optional = {"last_name": self.last_name, "username": self.username, "language_code": self.language}
        return row | {name: value for name, value in optional.items() if value}


# In whose name anonymous administrators and channels speak to groups (the documentation of Message.from).
ANONYMOUS = User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
CHANNEL = User(136817688, "Channel", username="Channel_Bot", is_bot=True)


@dataclass(frozen=True)
class Button:
    """A button below a message; `data` comes back in a callback query."""

    text: str
    data: str = ""
    url: str = ""
    row: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Media:
    """A photo or a document."""

    kind: str
    file_id: str
    name: str
    type: str
    content: bytes
    width: int = 0
    height: int = 0

    def row(self) -> Any:
        """Its JSON: a list of sizes, or a document."""
        told: dict[str, Any] = {"file_id": self.file_id, "file_unique_id": self.file_id[-12:]}
        told["file_size"] = len(self.content)
        if self.kind == "photo":
            return [told | {"width": self.width, "height": self.height}]
        return told | {"file_name": self.name, "mime_type": self.type}


@dataclass(frozen=True)
class Version:
    """What a message said before it was edited."""

    text: str
    buttons: tuple[tuple[Button, ...], ...]
    date: int


@dataclass(eq=False)
class Message:
    """One message; `text` is the caption if there is `media`. `history` holds what it said before each edit."""

    chat: "Chat"
    id: int
    date: int
    sender: User | None
    styled: Styled = field(default_factory=Styled)
    sender_chat: "Chat | None" = None
    media: Media | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    keyboard: dict[str, Any] = field(default_factory=dict)  # of any other kind
    reply_to: "Message | None" = None
    thread: int = 0
    silent: bool = False
    protected: bool = False
    origin: dict[str, Any] = field(default_factory=dict)  # of a forward
    service: dict[str, Any] = field(default_factory=dict)
    edited: int = 0
    history: list[Version] = field(default_factory=list)
    deleted: bool = False
    pinned: bool = False

    @property
    def text(self) -> str:
        """What a person reads."""
        return self.styled.text

    @property
    def labels(self) -> list[list[str]]:
        """The buttons' texts, row by row."""
        return [[button.text for button in row] for row in self.buttons]

    def button(self, label: str) -> Button:
        """The button with this text, or the only one that contains it; LookupError if there is none."""
        every = [button for row in self.buttons for button in row]
        for fits in (lambda text: text == label, lambda text: label in text):
            found = [button for button in every if fits(button.text)]
            if len(found) == 1:
                return found[0]
        raise LookupError(f"no one button is called {label}: {self.labels}")

    def keep_version(self, date: int) -> None:
        """Remember what it says now, before an edit."""
        self.history.append(Version(self.text, self.buttons, self.edited or self.date))
        self.edited = date

    def row(self, user: Callable[[int], dict[str, Any] | None], *, reply: bool = True) -> dict[str, Any]:
        """Its JSON; a message that it replies to is told without its own."""
        row: dict[str, Any] = {"message_id": self.id}
        if self.sender is not None:
            row["from"] = self.sender.row()
        if self.sender_chat is not None:
            row["sender_chat"] = self.sender_chat.row()
        row |= {"chat": self.chat.row(), "date": self.date}
        if self.edited:
            row["edit_date"] = self.edited
        if self.thread:
            row |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.origin:
            row |= {"forward_origin": self.origin, "forward_date": self.origin["date"]}
        if reply and self.reply_to is not None and not self.reply_to.deleted:
            row["reply_to_message"] = self.reply_to.row(user, reply=False)
        row |= self._content(user) | self.service
        if self.protected:
            row["has_protected_content"] = True
        if self.buttons:
            row["reply_markup"] = {"inline_keyboard": [[button.row for button in line] for line in self.buttons]}
        return row

    def _content(self, user: Callable[[int], dict[str, Any] | None]) -> dict[str, Any]:
        text, entities = ("text", "entities") if self.media is None else ("caption", "caption_entities")
        row: dict[str, Any] = {self.media.kind: self.media.row()} if self.media is not None else {}
        if self.text:
            row[text] = self.text
            if self.styled.entities:
                row[entities] = self.styled.rows(user)
        return row


@dataclass
class Member:
    """A user's place in a chat: creator, administrator, member, restricted (may not send), left or kicked."""

    user: User
    status: str = "member"

    @property
    def administrates(self) -> bool:
        return self.status in ("creator", "administrator")

    @property
    def present(self) -> bool:
        return self.status not in ("left", "kicked")

    def row(self) -> dict[str, Any]:
        """Its JSON ("ChatMember")."""
        row: dict[str, Any] = {"status": self.status, "user": self.user.row()}
        if self.status == "creator":
            return row | {"is_anonymous": False}
        if self.status == "kicked":
            return row | {"until_date": 0}
        if self.status == "administrator":
            return row | {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(_RIGHTS, True)
        if self.status == "restricted":
            return row | {"is_member": True, "until_date": 0} | dict.fromkeys(_PERMISSIONS, False)
        return row


_RIGHTS = [
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_send_welcome_messages",
]
_PERMISSIONS = [
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
]


class Chat:
    """A chat of the type private, group, supergroup or channel; it keeps its `keep` newest messages."""

    def __init__(self, number: int, kind: str, title: str, ids: Iterator[int], keep: int) -> None:
        self.id, self.type, self.title = number, kind, title
        self.username = ""
        self.person: User | None = None  # of a private chat
        self.forum = False
        self.topics: dict[int, str] = {}  # open and closed, by the message that made them
        self.closed_topics: set[int] = set()
        self.members: dict[int, Member] = {}
        self.migrated_to = 0
        self.last_bot = 0  # the bot that spoke last
        self.actions: list[str] = []  # "typing" ..., the hundred newest
        self._ids, self._keep = ids, keep
        self._messages: dict[int, Message] = {}

    def row(self) -> dict[str, Any]:
        """Its JSON."""
        if self.person is not None:
            told = self.person.row()
            kept = ("first_name", "last_name", "username")
            return {"id": self.id, "type": self.type} | {name: told[name] for name in kept if name in told}
        row: dict[str, Any] = {"id": self.id, "title": self.title, "type": self.type}
        if self.username:
            row["username"] = self.username
        return row | {"is_forum": True} if self.forum else row

    @property
    def messages(self) -> list[Message]:
        """What a person sees in it: all that is not deleted, oldest first."""
        return list(self._messages.values())

    @property
    def texts(self) -> list[str]:
        """What all its messages say."""
        return [message.text for message in self._messages.values()]

    @property
    def pinned(self) -> Message | None:
        """The newest pinned message."""
        return next((message for message in reversed(self._messages.values()) if message.pinned), None)

    def find(self, number: int) -> Message | None:
        """The message with this id, if it is there."""
        return self._messages.get(number)

    def next_id(self) -> int:
        """An id for a message."""
        return next(self._ids)

    def add(self, message: Message) -> None:
        """Show a message, and forget the oldest if there are too many."""
        self._messages[message.id] = message
        while len(self._messages) > self._keep:
            del self._messages[next(iter(self._messages))]

    def remove(self, message: Message) -> None:
        """Delete a message for everyone."""
        message.deleted = True
        self._messages.pop(message.id, None)

    def status(self, user: User) -> str:
        """A user's status; `left` of whom it does not know."""
        return self.members[user.id].status if user.id in self.members else "left"

    def administrates(self, user: User) -> bool:
        """May this user do what administrators may?"""
        return user.id in self.members and self.members[user.id].administrates

    def acted(self, action: str) -> None:
        """Show what the bot is doing."""
        self.actions = [*self.actions[-99:], action]
