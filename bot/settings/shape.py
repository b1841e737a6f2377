"""The shape of the settings tree: which keys there are, found by walking the models."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, TypeGuard, get_args, get_origin

from pydantic.fields import FieldInfo

from bot.settings.section import Section
from bot.settings.written import toml_key

Path = tuple[str | int, ...]


def is_section(kind: Any) -> TypeGuard[type[Section]]:
    return isinstance(kind, type) and issubclass(kind, Section)


def fields(section: type[Section]) -> dict[str, FieldInfo]:
    """The fields of a section by the key that people write."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def named(kind: Any) -> type[Section] | None:
    """The section that each NAME of a table such as `accounts.NAME` is, or None for any other kind."""
    if get_origin(kind) is dict and is_section(get_args(kind)[1]):
        return get_args(kind)[1]  # type: ignore[no-any-return]
    return None


def below(kind: Any, key: str | int) -> Any:
    """The kind of what `key` names within `kind`; None where nothing is called so."""
    if is_section(kind):
        field = fields(kind).get(str(key))
        return field.annotation if field else None
    origin = get_origin(kind)
    if origin is dict:
        return get_args(kind)[1]
    return get_args(kind)[0] if origin is tuple and isinstance(key, int) else None


def at(root: type[Section], path: Sequence[str | int]) -> Any:
    """The kind at the end of a path from the root, or None."""
    kind: Any = root
    for key in path:
        kind = below(kind, key)
    return kind


def field_at(root: type[Section], path: Path) -> tuple[str, FieldInfo] | None:
    """The last key on a path and its field; what is below a list or table belongs to its field."""
    for end in range(len(path), 0, -1):
        owner, key = at(root, path[: end - 1]), str(path[end - 1])
        if is_section(owner) and key in fields(owner):
            return key, fields(owner)[key]
    return None


def words(root: type[Section], path: Path) -> str:
    """A path as people find it in the file: `[accounts.main] api_key`, `[telegram] chats[0].id`."""
    table: list[str] = []
    rest = list(path)
    kind: Any = root
    while rest and (is_section(kind := below(kind, rest[0])) or named(kind)):
        table.append(toml_key(str(rest.pop(0))))
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{toml_key(part)}" for part in rest).removeprefix(".")
    return " ".join(x for x in (f"[{'.'.join(table)}]" if table else "", key) if x)


def paths(root: type[Section], there: Any) -> Iterator[tuple[str, ...]]:
    """The path of every key that could be set, for the names that are `there`."""
    for key, field in fields(root).items():
        inner = named(field.annotation)
        if inner is not None:
            tables = there.get(key) if isinstance(there, dict) else None
            for name, table in tables.items() if isinstance(tables, dict) else ():
                yield from ((key, name, *rest) for rest in paths(inner, table))
        elif is_section(field.annotation):
            yield from ((key, *rest) for rest in paths(field.annotation, {}))
        else:
            yield (key,)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or empty text if none is near."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.65)), "")
