"""When a market is open, by its own past. The package has no table of sessions; but bars stand only where there was a
price, and brokers keep the hours of a week in their own time.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

SLOT_S = 300  # bars of five minutes
WEEK_S = 604_800
SLOTS = WEEK_S // SLOT_S
WEEKS = 4
BARS = WEEKS * SLOTS
TWICE = 2  # what was there in one week of several was a chance
PAUSE = 6  # slots: where little is traded, a shorter gap says nothing


class Hours(NamedTuple):
    """The slots of a week in which a symbol has prices, counted from Thursday as 1970 began. Times are the broker's, in
    seconds.
    """

    slots: frozenset[int]

    @classmethod
    def of(cls, times: Sequence[int]) -> "Hours | None":
        """From when its bars opened, oldest first; None where they tell of less than a week."""
        if not times or times[-1] - times[0] < WEEK_S:
            return None
        recent = [each for each in times if each > times[-1] - WEEKS * WEEK_S]
        least = TWICE if recent[-1] - recent[0] >= TWICE * WEEK_S else 1
        seen = Counter(each // SLOT_S % SLOTS for each in recent)
        return cls(frozenset(slot for slot, times_seen in seen.items() if times_seen >= least))

    def is_pause(self, at_s: int) -> bool:
        """Whether there is nothing at this time of any week, nor for a while around it."""
        return self._empty(at_s // SLOT_S, 1) + self._empty(at_s // SLOT_S - 1, -1) >= PAUSE and not self._has(at_s)

    def opening_after(self, at_s: int) -> int | None:
        """When prices come again, as of the past weeks; None where they come at this time of the week."""
        if self._has(at_s) or not self.slots:
            return None
        slot = at_s // SLOT_S
        return (slot + self._empty(slot, 1)) * SLOT_S

    def pause_after(self, at_s: int) -> int | None:
        """When the next pause begins, or this one if it is one; None if there is none in a week."""
        for slot in range(at_s // SLOT_S, at_s // SLOT_S + SLOTS):
            if self.is_pause(slot * SLOT_S):
                return slot * SLOT_S
        return None

    def _has(self, at_s: int) -> bool:
        return at_s // SLOT_S % SLOTS in self.slots

    def _empty(self, slot: int, step: int) -> int:
        """How many slots from this one on have nothing, this one included."""
        return next((n for n in range(SLOTS) if (slot + step * n) % SLOTS in self.slots), SLOTS)
