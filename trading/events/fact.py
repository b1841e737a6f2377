"""What all facts share."""

from enum import StrEnum

import msgspec


class TradingState(StrEnum):
    """What the desk, an account, a symbol or a strategy may do; cancels and reducing always pass."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"  # paused: no new entries
    HALTED = "HALTED"  # killed: nothing but getting out


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag=True, tag_field="type"):
    """The base of all facts."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one risk check found: `text` has the numbers, `remedy` what to do when it did not pass."""

    code: str
    passed: bool
    text: str
    remedy: str = ""
