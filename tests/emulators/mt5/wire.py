"""The package's arguments and answers as JSON, for a program in another process."""

from datetime import datetime
from typing import Any

from tests.emulators.mt5 import records, states
from tests.emulators.mt5.bars import Table

STRUCTURES = {
    name: kind
    for module in (records, states)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and hasattr(kind, "_fields")
}


def encode(value: Any) -> Any:
    """A value of the package, so that `decode` makes the same of it; dates become numbers, as the package reads them.

    What the package would not take (a Decimal, say) becomes something that it does not take either.
    """
    if hasattr(value, "_fields"):
        return {"~": type(value).__name__, "v": [encode(one) for one in value]}
    if isinstance(value, Table):
        return {"~": "Table", "v": [list(value.dtype.names), value.tolist()]}
    if isinstance(value, tuple | list):
        return {"~": "tuple", "v": [encode(one) for one in value]}
    if isinstance(value, dict):
        return {"~": "dict", "v": {name: encode(one) for name, one in value.items()}}
    if isinstance(value, datetime):
        return value.timestamp()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return {"~": "tuple", "v": [repr(value)]}


def decode(value: Any) -> Any:
    """What `encode` was given."""
    if not isinstance(value, dict):
        return value
    kind, inner = value["~"], value["v"]
    if kind == "dict":
        return {name: decode(one) for name, one in inner.items()}
    if kind == "Table":
        return Table(tuple(inner[0]), inner[1])
    parts = [decode(one) for one in inner]
    return tuple(parts) if kind == "tuple" else STRUCTURES[kind](*parts)
