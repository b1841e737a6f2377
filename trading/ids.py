"""Ids are a pure function of what they name, so that the same request is the same order after any crash.

The alphabet `[a-z2-7]` is inside every venue's: FIX client order ids allow `[A-Za-z0-9_-]{1,36}`,
MetaTrader comments at most 26 safe characters (protocols: Binance FIX ClOrdID, MT5 comment).
"""

import base64
import hashlib
from functools import lru_cache

ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz234567")
LENGTH = 16  # characters of 5 bits each: 80 bits, beyond accident


def derive(*parts: str) -> str:
    """The id of what `parts` name: 16 characters of `[a-z2-7]`, the same for the same parts."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=10).digest()
    return base64.b32encode(digest).decode().lower()[:LENGTH]


@lru_cache(maxsize=256)  # an order's way to its venue asks for its id again and again
def order_id(key: str) -> str:
    """The order id that the intent `key` always leads to; also the venue's client order id."""
    return derive("order", key)


def is_order_id(text: str) -> bool:
    """Whether `text` has the form of our order ids; a venue's own or another program's has not."""
    return len(text) == LENGTH and set(text) <= ALPHABET
