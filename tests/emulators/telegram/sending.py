"""sendMessage, sendPhoto, sendDocument, the edits and deleteMessage."""

import struct
from collections.abc import Awaitable, Callable
from typing import Any

from tests.emulators.telegram.chats import Chat, Media, Message
from tests.emulators.telegram.entities import Styled, clean, discover, empty, given, units
from tests.emulators.telegram.html import parse_html
from tests.emulators.telegram.limits import Limits
from tests.emulators.telegram.markup import read_markup
from tests.emulators.telegram.params import Params, Upload
from tests.emulators.telegram.refusals import Refusal, bad
from tests.emulators.telegram.world import World

MAX_TEXT = 4096  # UTF-16 code units, after the entities were parsed
MAX_CAPTION = 1024
MAX_SOURCE_BYTES = 32_768
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_FILE_BYTES = 50 * 1024 * 1024
DELETABLE_SECONDS = 48 * 3600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


class Sending:
    """The methods that put something into a chat."""

    def __init__(self, world: World, limits: Limits) -> None:
        self._world, self._limits = world, limits

    def methods(self) -> dict[str, Callable[[Params], Awaitable[Any]]]:
        """What it answers."""
        return {
            "sendmessage": self._message,
            "sendphoto": self._photo,
            "senddocument": self._document,
            "editmessagetext": self._edit_text,
            "editmessagecaption": self._edit_caption,
            "editmessagereplymarkup": self._edit_markup,
            "deletemessage": self._delete,
        }

    # Sending

    async def _message(self, params: Params) -> dict[str, Any]:
        return self._send(params, self._text(params), None)

    async def _photo(self, params: Params) -> dict[str, Any]:
        found = params.file("photo")
        if found is None:
            raise bad("There is no photo in the request")
        return self._send(params, self._caption(params), self._media("photo", found))

    async def _document(self, params: Params) -> dict[str, Any]:
        found = params.file("document")
        if found is None:
            raise bad("There is no document in the request")
        return self._send(params, self._caption(params), self._media("document", found))

    def _send(self, params: Params, styled: Styled, media: Media | None) -> dict[str, Any]:
        keyboard, other = read_markup(params)
        chat = self._world.writable(params.text("chat_id"))
        thread = self._thread(chat, params.integer("message_thread_id", 0))
        reply_to = self._reply_to(chat, params)
        self._limits.spend(chat)
        message = self._world.write(
            chat,
            None if chat.type == "channel" else self._world.bot,
            styled,
            sender_chat=chat if chat.type == "channel" else None,
            media=media,
            buttons=keyboard,
            keyboard=other,
            reply_to=reply_to,
            thread=thread,
            silent=params.flag("disable_notification"),
            protected=params.flag("protect_content"),
        )
        self._world.fact("sent", message)
        return self._world.row(message)

    def _thread(self, chat: Chat, thread: int) -> int:
        """The topic to write to. Refuses 400 one that is not there; a group without topics takes no notice."""
        if thread <= 0 or not (chat.forum or chat.person is not None):
            return 0
        if thread not in chat.topics:
            raise bad("message thread not found")
        if thread in chat.closed_topics and not chat.administrates(self._world.bot):
            raise bad("TOPIC_CLOSED")
        return thread

    def _reply_to(self, chat: Chat, params: Params) -> Message | None:
        told = params.json("reply_parameters", "reply parameters")
        if told is None:
            told = {"message_id": params.integer("reply_to_message_id")}
            told["allow_sending_without_reply"] = params.flag("allow_sending_without_reply")
        elif not isinstance(told, dict):
            raise bad("Object expected as reply parameters")
        elif told and "message_id" not in told:
            raise bad('Can\'t find field "message_id"')
        number = int(told.get("message_id") or 0)
        if number <= 0:
            return None
        there = self._world.readable(str(told["chat_id"])) if told.get("chat_id") else chat
        found = there.find(number)
        if found is None and not told.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        return found

    # Contents

    def _text(self, params: Params) -> Styled:
        source = params.text("text")
        if not source:
            raise bad("Message text is empty")
        styled = self._styled(params, source, "entities")
        if empty(styled.text):
            raise bad("Text must be non-empty")
        if units(styled.text) > MAX_TEXT:
            raise bad("Message is too long")
        return discover(styled)

    def _caption(self, params: Params) -> Styled:
        styled = self._styled(params, params.text("caption"), "caption_entities")
        if units(styled.text) > MAX_CAPTION:
            raise bad("Message caption is too long")
        return discover(styled)

    def _styled(self, params: Params, source: str, entities: str) -> Styled:
        if len(source.encode()) > MAX_SOURCE_BYTES:
            raise bad("Text is too long")
        mode = params.text("parse_mode").lower()
        if mode == "html":
            styled = parse_html(source)
        elif mode in ("", "none"):
            styled = Styled(source, given(params.json(entities, "entities") or []))
        else:
            # Markdown is a mode of the server, but not of this one: nothing of ours may rely on it.
            raise bad("Unsupported parse_mode")
        known = (one for one in styled.entities if one.type != "text_mention" or int(one.value) in self._world.users)
        return clean(Styled(styled.text, tuple(known)))

    def _media(self, kind: str, found: Upload | str) -> Media:
        if isinstance(found, str):
            if found in self._world.files and self._world.files[found].kind == kind:
                return self._world.files[found]
            if found.startswith(("http://", "https://")):
                raise bad("Failed to get HTTP URL content")
            raise bad("wrong file identifier/HTTP URL specified")
        if not found.content:
            raise bad("file must be non-empty")
        if len(found.content) > (MAX_PHOTO_BYTES if kind == "photo" else MAX_FILE_BYTES):
            raise Refusal(413, "Request Entity Too Large") if kind != "photo" else bad("file is too big for a photo")
        prefix = "AgACAgIAAxkD" if kind == "photo" else "BQACAgIAAxkD"
        file_id = f"{prefix}{self._world.number():012}"
        width, height = _size(found.content) if kind == "photo" else (0, 0)
        media = Media(kind, file_id, found.name, found.type, found.content, width, height)
        return self._world.keep_file(media)

    # Editing

    async def _edit_text(self, params: Params) -> dict[str, Any]:
        styled = self._text(params)
        message = self._editable(params)
        if message.media is not None:
            raise bad("There is no text in the message to edit")
        return self._edit(message, params, styled)

    async def _edit_caption(self, params: Params) -> dict[str, Any]:
        styled = self._caption(params)
        message = self._editable(params)
        if message.media is None:
            raise bad("There is no caption in the message to edit")
        return self._edit(message, params, styled)

    async def _edit_markup(self, params: Params) -> dict[str, Any]:
        message = self._editable(params)
        return self._edit(message, params, message.styled)

    def _editable(self, params: Params) -> Message:
        read_markup(params)  # the request is read first, then what it is about
        message = self._named(params, "message to edit")
        if message.service or not self._own(message):
            raise bad("Message can't be edited")
        return message

    def _edit(self, message: Message, params: Params, styled: Styled) -> dict[str, Any]:
        keyboard, _ = read_markup(params)  # one that is not sent is taken away
        if styled == message.styled and keyboard == message.buttons:
            raise bad(NOT_MODIFIED)
        self._limits.spend(message.chat, edit=True)
        message.keep_version(int(self._world.clock.now))
        message.styled, message.buttons = styled, keyboard
        self._world.fact("edited", message)
        self._world.changed()
        return self._world.row(message)

    def _own(self, message: Message) -> bool:
        return message.sender is self._world.bot or (message.chat.type == "channel" and message.sender is None)

    def _named(self, params: Params, called: str) -> Message:
        """The message that a request is about. Refuses 400, 403."""
        chat = self._world.writable(params.text("chat_id"))
        message = chat.find(params.integer("message_id"))
        if message is None:
            raise bad(f"{called} not found")
        return message

    async def _delete(self, params: Params) -> bool:
        if not params.text("chat_id"):
            raise bad("Chat identifier is not specified")
        if not params.integer("message_id"):
            raise bad("Message identifier is not specified")
        message = self._named(params, "message to delete")
        chat = message.chat
        if chat.person is None and not self._own(message) and not chat.administrates(self._world.bot):
            raise bad("Message can't be deleted")
        if self._world.clock.now - message.date > DELETABLE_SECONDS:
            raise bad("Message can't be deleted for everyone")
        chat.remove(message)
        self._world.fact("deleted", message)
        self._world.changed()
        return True


def _size(content: bytes) -> tuple[int, int]:
    """Width and height of a picture. Refuses 400 what is none, or has a shape that photos may not have."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 24:
        width, height = struct.unpack(">II", content[16:24])
    elif content.startswith((b"\xff\xd8\xff", b"GIF8", b"RIFF")):
        width, height = 800, 600
    else:
        raise bad("IMAGE_PROCESS_FAILED")
    if width + height > 10_000 or not width or not height or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return width, height
