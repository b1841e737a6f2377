"""Values as TOML writes them, for the example, the documentation and what is shown."""

import json
from typing import Annotated, Any

from pydantic import SecretStr, TypeAdapter
from pydantic.fields import FieldInfo


def toml_text(value: Any) -> str:
    """One value on one line: text, numbers, true and false, lists and inline tables of them."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case list() | tuple():
            return "[" + ", ".join(toml_text(x) for x in value) + "]"
        case dict():
            return (
                "{ " + ", ".join(f"{toml_key(k)} = {toml_text(v)}" for k, v in value.items()) + " }" if value else "{}"
            )
    return json.dumps(str(value), ensure_ascii=False)


def toml_key(key: str) -> str:
    """A key, in quotes where it needs them."""
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else json.dumps(key, ensure_ascii=False)


def default_text(field: FieldInfo) -> str:
    """A field's default as TOML writes it; empty if it has none, or its default is to be absent."""
    if field.is_required():
        return ""
    if isinstance(field.default, SecretStr):
        return toml_text(field.default.get_secret_value())
    kind: Any = Annotated[field.annotation, "default", *field.metadata]  # Annotated wants one annotation at least
    written = TypeAdapter(kind).dump_python(field.default)
    return "" if written is None else toml_text(written)


def sample_text(field: FieldInfo) -> str:
    """A right value as TOML writes it: the field's example, or its default."""
    return toml_text(field.examples[0]) if field.examples else default_text(field)
