"""What is remembered of orders that may have ended long ago: the latest, and no more."""

from collections import UserDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 10_000  # orders: days of a busy desk, and some megabytes


class Recent(UserDict[K, V]):
    """Keeps the `MOST` that were set last. What is forgotten can be asked for again, in our books or at Binance."""

    def __setitem__(self, key: K, value: V) -> None:
        self.data.pop(key, None)
        self.data[key] = value
        if len(self.data) > MOST:
            del self.data[next(iter(self.data))]
