"""What goes over the line between the bot and a bridge: MessagePack, one message a frame.

A bot asks, one question at a time; the bridge answers each or refuses it. `now_ms` is the bridge's own monotonic
clock, and `until_ms` the moment on it until which a call may be begun: a call that was held up on its way, in
a tunnel or behind a terminal that hangs, is never begun after the bot has given it up.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from trading.mt5.bridge.calls import Argument

PROTOCOL = "tiller-mt5.1"
"""The WebSocket subprotocol; both ends speak the same."""
CLIENT_HEADER = "Tiller-Client"
"""Names the process that asks; the same one may come back on a new line."""
PORT = 8421
LARGEST_QUESTION = 64 * 1024  # bytes
LARGEST_ANSWER = 16 * 1024 * 1024  # bytes
LONGEST_KEY = 64  # characters


class Reason(StrEnum):
    """Why a call was not made, or its answer cannot be had."""

    UNREADABLE = "unreadable"
    UNKNOWN_CALL = "unknown_call"
    WRONG_ARGUMENT = "wrong_argument"
    TOO_LATE = "too_late"
    NOT_KEPT = "not_kept"
    KEY_REUSED = "key_reused"
    KEY_UNKNOWN = "key_unknown"
    OUTCOME_UNKNOWN = "outcome_unknown"
    TOO_LARGE = "too_large"


class Ask(msgspec.Struct, tag="ask", frozen=True, forbid_unknown_fields=True):
    """Make a call. An order_send has a key: the same key again is the same answer, never a second order."""

    number: int
    call: str
    arguments: dict[str, Argument]
    until_ms: int
    key: str = ""


class Recall(msgspec.Struct, tag="recall", frozen=True, forbid_unknown_fields=True):
    """Ask again for the answer to an order_send."""

    number: int
    key: str
    until_ms: int


class Hello(msgspec.Struct, tag="hello", frozen=True):
    """The bridge's first words. `table` names its table of requests: another one does not know earlier keys."""

    table: str
    now_ms: int


class Answer(msgspec.Struct, tag="answer", frozen=True):
    """What the call answered, and the last_error of that very call."""

    number: int
    result: Any
    code: int
    text: str
    now_ms: int = 0


class Refusal(msgspec.Struct, tag="refusal", frozen=True):
    """The call was not made, unless the reason says that nobody knows."""

    number: int
    reason: Reason
    text: str
    now_ms: int = 0


Question = Ask | Recall
Reply = Hello | Answer | Refusal

encode: Callable[[Question | Reply], bytes] = msgspec.msgpack.Encoder().encode
decode_question: Callable[[bytes], Question] = msgspec.msgpack.Decoder(Question).decode
decode_reply: Callable[[bytes], Reply] = msgspec.msgpack.Decoder(Reply).decode
