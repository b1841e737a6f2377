"""Components of messages and modals, checked by "Component Reference"."""

from tests.emulators.discord.codes import Json
from tests.emulators.discord.forms import Form, Path
from tests.emulators.discord.message import walk

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
ENTITY_SELECTS = (5, 6, 7, 8)
SELECTS = (STRING_SELECT, *ENTITY_SELECTS)
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 19, 21, 22, 23
LINK, PREMIUM = 5, 6
LEGACY_TOP = (ROW,)
V2_TOP = (ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_CONTAINER = (ROW, TEXT_DISPLAY, SECTION, GALLERY, SEPARATOR, FILE)
IN_LABEL = (TEXT_INPUT, *SELECTS, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX)
MOST_ROWS, MOST_V2 = 5, 40


def check_message(form: Form, path: Path, parts: object, *, v2: bool) -> None:
    """The components of a message: up to five rows, or with IS_COMPONENTS_V2 up to forty of any kind."""
    listed = form.listed(path, parts, MOST_V2 if v2 else MOST_ROWS)
    for at, part in enumerate(listed):
        if form.choice((*path, at, "type"), part.get("type"), V2_TOP if v2 else LEGACY_TOP):
            _part(form, (*path, at), part)
    if v2 and sum(1 for _ in walk(listed)) > MOST_V2:
        form.wrong(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"Must be {MOST_V2} or fewer in length.")
    _unique(form, path, listed)


def check_modal(form: Form, body: Json) -> None:
    """The data of a modal response: title, custom id, one to five components."""
    path: Path = ("data",)
    form.text((*path, "title"), body.get("title"), 45, 1)
    form.text((*path, "custom_id"), body.get("custom_id"), 100, 1)
    listed = form.listed((*path, "components"), body.get("components"), 5, 1)
    for at, part in enumerate(listed):
        here: Path = (*path, "components", at)
        if not form.choice((*here, "type"), part.get("type"), (ROW, LABEL, TEXT_DISPLAY)):
            continue
        if part["type"] == ROW:
            inner = form.listed((*here, "components"), part.get("components"), 1, 1)
            for field in inner[:1]:
                if form.choice((*here, "components", 0, "type"), field.get("type"), (TEXT_INPUT,)):
                    form.text((*here, "components", 0, "label"), field.get("label"), 45, 1)
                    _part(form, (*here, "components", 0), field)
        else:
            _part(form, here, part)
    _unique(form, (*path, "components"), listed)


def _unique(form: Form, path: Path, parts: list[Json]) -> None:
    seen: set[str] = set()
    for part in walk(parts):
        custom = part.get("custom_id")
        if isinstance(custom, str) and custom in seen:
            form.wrong(path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        seen.add(str(custom)) if custom else None


def _part(form: Form, path: Path, part: Json) -> None:
    match part["type"]:
        case kind if kind == ROW:
            _row(form, path, part)
        case kind if kind == BUTTON:
            _button(form, path, part)
        case kind if kind in SELECTS:
            _select(form, path, part)
        case kind if kind == TEXT_INPUT:
            _text_input(form, path, part)
        case kind if kind == TEXT_DISPLAY:
            form.text((*path, "content"), part.get("content"), 4000, 1)
        case kind if kind == SECTION:
            _several(form, (*path, "components"), part.get("components"), (TEXT_DISPLAY,), 3)
            _one(form, (*path, "accessory"), part.get("accessory"), (BUTTON, THUMBNAIL))
        case kind if kind == CONTAINER:
            _several(form, (*path, "components"), part.get("components"), IN_CONTAINER, MOST_V2)
            form.number((*path, "accent_color"), part.get("accent_color"), 0, 0xFFFFFF)
        case kind if kind == LABEL:
            form.text((*path, "label"), part.get("label"), 45, 1)
            form.text((*path, "description"), part.get("description"), 100)
            _one(form, (*path, "component"), part.get("component"), IN_LABEL)
        case kind if kind in (FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX):
            form.text((*path, "custom_id"), part.get("custom_id"), 100, 1)


def _several(form: Form, path: Path, parts: object, kinds: tuple[int, ...], most: int) -> None:
    for at, part in enumerate(form.listed(path, parts, most, 1)):
        _one(form, (*path, at), part, kinds)


def _one(form: Form, path: Path, part: Json | None, kinds: tuple[int, ...]) -> None:
    if part is None:
        form.required(path)
    elif form.choice((*path, "type"), part.get("type"), kinds):
        _part(form, path, part)


def _row(form: Form, path: Path, row: Json) -> None:
    inner = (*path, "components")
    parts = form.listed(inner, row.get("components"), 5, 1)
    for at, part in enumerate(parts):
        if not form.choice((*inner, at, "type"), part.get("type"), (BUTTON, *SELECTS)):
            continue
        if part["type"] in SELECTS and len(parts) > 1:
            message = "An action row holds up to five buttons or a single select."
            form.wrong(inner, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)
        _part(form, (*inner, at), part)


def _button(form: Form, path: Path, button: Json) -> None:
    style, custom = button.get("style"), button.get("custom_id")
    if not form.choice((*path, "style"), style, (1, 2, 3, 4, LINK, PREMIUM)):
        return
    form.text((*path, "label"), button.get("label"), 80)
    if style in (LINK, PREMIUM):
        if custom is not None:
            form.wrong(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A link has no custom id")
        if style == LINK:
            form.text((*path, "url"), button.get("url"), 512, 1)
        elif button.get("sku_id") is None:
            form.required((*path, "sku_id"))
        return
    form.text((*path, "custom_id"), custom, 100, 1)
    if button.get("url") is not None:
        form.wrong(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A custom id and url cannot both be set")
    if not button.get("label") and not button.get("emoji"):
        form.wrong(path, "BUTTON_COMPONENT_INVALID_LABEL_EMOJI", "A button needs a label or an emoji")


def _select(form: Form, path: Path, menu: Json) -> None:
    form.text((*path, "custom_id"), menu.get("custom_id"), 100, 1)
    form.text((*path, "placeholder"), menu.get("placeholder"), 150)
    form.number((*path, "min_values"), menu.get("min_values"), 0, 25)
    form.number((*path, "max_values"), menu.get("max_values"), 1, 25)
    if menu["type"] != STRING_SELECT:
        return
    values: set[str] = set()
    for at, option in enumerate(form.listed((*path, "options"), menu.get("options"), 25, 1)):
        here: Path = (*path, "options", at)
        form.text((*here, "label"), option.get("label"), 100, 1)
        form.text((*here, "value"), option.get("value"), 100, 1)
        form.text((*here, "description"), option.get("description"), 100)
        if option.get("value") in values:
            message = "The specified option value is already used"
            form.wrong((*here, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
        values.add(str(option.get("value")))


def _text_input(form: Form, path: Path, field: Json) -> None:
    form.text((*path, "custom_id"), field.get("custom_id"), 100, 1)
    form.choice((*path, "style"), field.get("style"), (1, 2))
    form.number((*path, "min_length"), field.get("min_length"), 0, 4000)
    form.number((*path, "max_length"), field.get("max_length"), 1, 4000)
    form.text((*path, "placeholder"), field.get("placeholder"), 100)
    form.text((*path, "value"), field.get("value"), 4000)
