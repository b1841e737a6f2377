"""The broker's time, which all times of a terminal are in, and how far it is from UTC.

The package tells no offset. A tick that has just come carries the broker's time of now: the difference, rounded to a
quarter of an hour, is the offset. It is measured again with every fresh tick, and a new one is believed when three
of them agree, as when daylight saving begins there. The first tick that is seen may be as old as the weekend: what it
says is a guess, good for telling times and not for telling whether a price is of now.
"""

from datetime import UTC, datetime, timedelta

QUARTER = timedelta(minutes=15)
EARLY, LATE = timedelta(seconds=-5), timedelta(seconds=20)  # what a tick may be off its quarter, with our own clock
FURTHEST = timedelta(hours=15)
AGREE = 3
UNIX = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class BrokerTime:
    """Between the broker's time and UTC. Before anything was measured they are taken for the same."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self.is_measured = self.is_guessed = False
        self._rival = (timedelta(0), 0)

    def hear(self, tick_ms: int, now: datetime, *, is_fresh: bool = True) -> None:
        """A tick has just come (or was there before we were), with this time of the broker's."""
        ahead = UNIX + tick_ms * MILLISECOND - now
        quarters = round(ahead / QUARTER) * QUARTER
        behind = quarters - ahead  # how long ago the tick was made, if the quarter is right
        if not EARLY <= behind <= LATE or abs(quarters) > FURTHEST:
            return
        if not is_fresh:
            if not self.is_measured:
                self.offset, self.is_guessed = quarters, True
            return
        if quarters == self.offset and self.is_measured:
            self._rival = (quarters, 0)
            return
        rival, agreed = self._rival
        self._rival = (quarters, agreed + 1 if rival == quarters else 1)
        if not self.is_measured or self._rival[1] >= AGREE:
            self.offset, self.is_measured = quarters, True
            self._rival = (quarters, 0)

    def utc(self, broker_ms: int) -> datetime:
        """A time of the terminal in UTC."""
        return UNIX + broker_ms * MILLISECOND - self.offset

    def broker_s(self, at: datetime) -> int:
        """A moment in the terminal's seconds."""
        return int((at + self.offset - UNIX).total_seconds())

    @property
    def text(self) -> str:
        """`UTC+3`, `UTC-4:30`, or that it is not known yet."""
        if not self.is_measured:
            return (
                f"probably {self._zone}: the next price tells" if self.is_guessed else "not known before a price comes"
            )
        return self._zone

    @property
    def _zone(self) -> str:
        minutes = round(self.offset / timedelta(minutes=1))
        hours, rest = divmod(abs(minutes), 60)
        return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
