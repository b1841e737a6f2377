"""What is wrong with the settings, one readable line a problem, never with a value in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from bot.settings import shape
from bot.settings.models import Settings
from bot.settings.written import sample_text

LINES_AT_MOST = 10
PREFIX = "TILLER_"


def listing(lines: Sequence[str]) -> str:
    """At most ten lines; the last says how many more there are."""
    if len(lines) <= LINES_AT_MOST:
        return "\n".join(lines)
    return "\n".join([*lines[: LINES_AT_MOST - 1], f"... and {len(lines) - LINES_AT_MOST + 1} more"])


def what_is_wrong(error: ErrorDetails, path: shape.Path, origin: str, there: Mapping[str, Any]) -> str:
    """One error of pydantic's about what is at `path`, in our words, with the nearest key or a right example.

    `origin` is the variable or flag the value came from, or empty text for the file.
    """
    match error["type"]:
        case "extra_forbidden":
            return unknown_key(path, there)
        case "literal_error":
            return f"is not {error['ctx']['expected']}"
        case "model_type" | "dict_type":
            return "is not a table of keys and values"
        case "missing":
            text = "is missing"
        case "value_error":
            text = str(error["ctx"]["error"])
        case "tuple_type":
            text = "is not a list"
        case "too_short":
            text = "is empty"
        case _:
            text = error["msg"].lower()
    return text + _example(path, origin)


def unknown_key(path: shape.Path, there: Mapping[str, Any]) -> str:
    """That nothing is called so, and what may have been meant."""
    word = str(path[-1])
    owner = shape.at(Settings, path[:-1])
    known = list(shape.fields(owner)) if shape.is_section(owner) else []
    if near := shape.nearest(word.lower(), known):
        return f"unknown; did you mean {near}?"
    for other in shape.paths(Settings, there):
        if other[-1] == word:
            return f"unknown here; did you mean {shape.words(Settings, other)}?"
    return f"unknown; known are {', '.join(known)}"


def unknown_variable(name: str, there: Mapping[str, Any], others: Sequence[str]) -> str:
    """That no environment variable is called so, and which one may have been meant."""
    variables = ("__".join(path).upper().replace("-", "_") for path in shape.paths(Settings, there))
    known = [*(other.removeprefix(PREFIX) for other in others), *variables]
    near = shape.nearest(name.removeprefix(PREFIX).upper(), known)
    return f"unknown; did you mean {PREFIX}{near}?" if near else "unknown; names are as TILLER_WEB__PORT for [web] port"


def unfounded_name(section: str, name: str, key: str, others: Sequence[str]) -> str:
    """That a variable is about something which nobody has named, and which name may have been meant."""
    made = PREFIX + "__".join((section, name, key)).upper().replace("-", "_")
    near = shape.nearest(name, others)
    meant = f"; did you mean {near}?" if near else f", known are {', '.join(others)}." if others else "."
    return f"nothing else names [{section}.{name}]{meant} A new one needs {made}, too"


def _example(path: shape.Path, origin: str) -> str:
    # The limits of one account have no defaults of their own: theirs are those of [risk].
    for place in (path, path[-2:]):
        found = shape.field_at(Settings, place)
        if found is None or shape.is_section(found[1].annotation) or shape.named(found[1].annotation):
            continue
        key, field = found
        if (value := sample_text(field)) not in ("", '""', "[]", "{}"):
            if origin.startswith(PREFIX) and not origin.endswith("_FILE"):
                return f"; for example {origin}=" + value.strip('"')
            if origin.startswith("--"):
                return f"; for example {origin} " + value.strip('"')
            return f"; for example {key} = {value}"
    return ""
