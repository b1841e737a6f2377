"""How our orders are marked at the broker: by a magic number and a comment, both made of our id. Pure.

A broker may cut, replace or drop a comment; nobody changes the magic number. The magic has 50 bits of our id and
12 that prove it (62 in all: some structures have it signed), so that another program's is not taken for ours; the
comment has the id as it is, and `-2` behind it for the second order that one of ours needs.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from trading.ids import ALPHABET, is_order_id
from trading.mt5.constants import Constants as mt5

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
HEAD = 10  # characters of our id that are in the magic
_PROOF = 12  # bits
BY_THE_BROKER = frozenset({mt5.ORDER_REASON_SL, mt5.ORDER_REASON_TP, mt5.ORDER_REASON_SO})
"""Orders that the broker makes itself: they carry the magic of the position, and are not what that was opened with."""

FindByHead = Callable[[str], str]
"""Our order whose id begins so, as the desk's books have it; empty if there is none."""


def magic_of(order_id: str) -> int:
    """The magic number of an order of ours."""
    number = 0
    for letter in order_id[:HEAD]:
        number = number * 32 + _LETTERS.index(letter)
    return number << _PROOF | _proof(order_id[:HEAD])


def head_of(magic: int) -> str:
    """The first characters of our id in a magic number; empty if it is none of ours."""
    number, proof = magic >> _PROOF, magic & ((1 << _PROOF) - 1)
    if not 0 < magic < 1 << 62:
        return ""
    head = "".join(_LETTERS[number >> 5 * place & 31] for place in reversed(range(HEAD)))
    return head if _proof(head) == proof else ""


def comment_of(order_id: str, part: int = 1) -> str:
    """The comment of an order of ours; `part` counts the orders at the broker that it takes."""
    return order_id if part == 1 else f"{order_id}-{part}"


def part_of(comment: str) -> int:
    """Which part a comment names."""
    number = comment.partition("-")[2]
    return int(number) if number.isascii() and number.isdigit() else 1


class Whose:
    """Our ids by the broker's records."""

    def __init__(self, find: FindByHead) -> None:
        self._find = find
        self._known: dict[int, str] = {}

    def note(self, order_id: str) -> None:
        """An order of ours is about to be sent."""
        self._known[magic_of(order_id)] = order_id

    def __call__(self, record: Any) -> str:
        """Our id of an order, a deal or a position by its magic (and its comment); empty if it is not ours."""
        if (known := self._known.get(record.magic)) is not None:
            return known
        if not (head := head_of(record.magic)):
            return ""
        name = record.comment.partition("-")[0]
        found = name if is_order_id(name) and name.startswith(head) else self._find(head)
        if found:
            self._known[record.magic] = found
        return found

    def placed(self, record: Any) -> str:
        """The same of an order or a deal, but empty for what the broker did by itself."""
        return "" if record.reason in BY_THE_BROKER else self(record)


def _proof(head: str) -> int:
    assert set(head) <= ALPHABET
    return int.from_bytes(blake2b(head.encode(), digest_size=2, person=b"tiller-mt5").digest(), "big") >> 4
