"""Buttons below messages ("InlineKeyboardMarkup") and the other keyboards."""

from typing import Any

from tests.emulators.telegram.chats import Button
from tests.emulators.telegram.params import Params
from tests.emulators.telegram.refusals import bad

MAX_DATA_BYTES = 64
MAX_BUTTONS = 100
MAX_IN_ROW = 8
_OTHER_KINDS = frozenset(
    [
        "callback_game",
        "pay",
        "switch_inline_query",
        "switch_inline_query_chosen_chat",
        "switch_inline_query_current_chat",
        "login_url",
        "web_app",
        "copy_text",
    ]
)
_STYLES = ("danger", "success", "primary")

Keyboard = tuple[tuple[Button, ...], ...]


def read_markup(params: Params) -> tuple[Keyboard, dict[str, Any]]:
    """The inline keyboard of a request, and a keyboard of another kind. Refuses 400 what is neither."""
    markup = params.json("reply_markup", "reply keyboard markup")
    if markup is None:
        return (), {}
    if not isinstance(markup, dict):
        raise bad("Object expected as reply markup")
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('Field "inline_keyboard" must be of type Array')
    keyboard = tuple(tuple(_button(one) for one in row) for row in rows if row)
    if sum(map(len, keyboard)) > MAX_BUTTONS or any(len(row) > MAX_IN_ROW for row in keyboard):
        raise bad("reply markup is too long")
    return keyboard, {} if "inline_keyboard" in markup else markup


def _button(told: Any) -> Button:
    if not isinstance(told, dict):
        raise bad("Can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    if "text" not in told:
        raise bad("Can't parse inline keyboard button: Can't find field \"text\"")
    text, data, url = str(told["text"]), str(told.get("callback_data") or ""), str(told.get("url") or "")
    if told.get("style") and told["style"] not in _STYLES:
        raise bad("Can't parse inline keyboard button: Unsupported button style specified")
    if not data and not url and not _OTHER_KINDS & told.keys():
        raise bad("Can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if not text:
        raise bad("Inline keyboard button text must be non-empty")
    if url:
        data = ""  # an address goes first
    if url and "." not in url and "://" not in url:
        raise bad(f"Inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    if len(data.encode()) > MAX_DATA_BYTES:
        raise bad("BUTTON_DATA_INVALID")
    return Button(text, data, url, {name: value for name, value in told.items() if value is not None})
