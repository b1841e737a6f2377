"""Many alerts as few messages: what waits is told together, and the same error again only counts.

Pure: nothing is sent from here. The times are those of the journal.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from handlers.alerts import Alert, Severity
from trading.ids import LENGTH

WINDOW = timedelta(minutes=10)  # without the same error: then it is news again
MOST_ERRORS = 200  # remembered for a destination
SAME = ("errors", "risk")  # kinds of which the same again only counts
_VARIABLE = re.compile(rf"\(id [^)]*\)|\b[a-z2-7]{{{LENGTH}}}\b|[0-9][0-9.,:]*")  # ids, and numbers of any kind

Change = Callable[[Alert], Awaitable[None]]
"""Makes what was told say something else."""


class Item:
    """One alert of a message, and how often it was to be told."""

    def __init__(self, alert: Alert, at: datetime) -> None:
        self.alert = alert
        self.at = self.last = at
        self.count = self.told = 1

    def repeated(self, at: datetime) -> None:
        """It happened again."""
        self.count += 1
        self.last = max(self.last, at)

    def text(self, zone: ZoneInfo) -> str:
        """As it is told by itself."""
        return self.alert.text + self._counted(zone)

    def line(self, zone: ZoneInfo) -> str:
        """As it is told among others: `12:00:01 PAPER demo: BUY 0.01 BTC/USDT. Filled 0.01 at 60,000`."""
        return f"{_clock(self.at, zone)} {self.alert.short}{self._counted(zone)}"

    def _counted(self, zone: ZoneInfo) -> str:
        return f" (x{self.count}, last {_clock(self.last, zone)})" if self.count > 1 else ""


class Message:
    """What is told at once: one alert as it is, or lines of several. `seq` is the last alert in it."""

    def __init__(self, alert: Alert, at: datetime, silent: bool, zone: ZoneInfo) -> None:
        self.items = [Item(alert, at)]
        self.seq = self.upto = alert.seq  # `upto`: the last entry that it settles
        self.silent = silent
        self.change: Change | None = None
        self._zone = zone
        self._size = len(self.items[0].line(zone))

    def takes(self, alert: Alert, at: datetime, room: float) -> bool:
        """Whether an alert can be told in the same message, of at most `room` characters."""
        first, last = self.items[0].alert, self.items[-1].alert
        more = 0 if alert.short == last.short else 1 + len(Item(alert, at).line(self._zone))
        return bool(alert.short and first.short) and self._size + more <= room

    def add(self, alert: Alert, at: datetime, silent: bool) -> Item:
        """One more; the same as the one before is counted."""
        self.seq = self.upto = alert.seq
        self.silent = self.silent and silent
        if self.items[-1].alert.short == alert.short:
            self.items[-1].repeated(at)
        else:
            self.items.append(Item(alert, at))
            self._size += 1 + len(self.items[-1].line(self._zone))
        return self.items[-1]

    @property
    def is_several(self) -> bool:
        """Whether it tells more than one alert."""
        return self.seq != self.items[0].alert.seq

    def shown(self) -> Alert:
        """What it says."""
        return self._of(self.items)

    def counted(self) -> Alert:
        """What was counted since it was told, by itself."""
        return self._of([item for item in self.items if item.count > item.told])

    def was_told(self) -> None:
        """It says everything now."""
        for item in self.items:
            item.told = item.count

    def _of(self, items: list[Item]) -> Alert:
        first, *more = (item.alert for item in items)
        if not more:
            return msgspec.structs.replace(first, seq=self.seq, text=items[0].text(self._zone))
        worst = max((first, *more), key=lambda alert: alert.severity)
        orders = {item.alert.order_id for item in items}
        text = "\n".join(item.line(self._zone) for item in items)
        return Alert(self.seq, worst.kind, worst.severity, text, worst.tone, orders.pop() if len(orders) == 1 else "")


class Errors:
    """The errors of a while, with the messages that tell them."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Message, Item]] = {}

    def counted(self, alert: Alert, at: datetime) -> Message | None:
        """Count an error that is told already; answers the message that tells it."""
        told = self._told.get(_key(alert))
        if told is None or at - told[1].last >= WINDOW:
            return None
        message, item = told
        item.repeated(at)
        message.seq = max(message.seq, alert.seq)
        return message

    def add(self, alert: Alert, message: Message, item: Item) -> None:
        """An error is told by a message."""
        if not (key := _key(alert)):
            return
        self._told.pop(key, None)
        self._told[key] = message, item
        if len(self._told) > MOST_ERRORS:
            del self._told[next(iter(self._told))]


def _key(alert: Alert) -> str:
    """What the same errors have in common; empty for what is always told."""
    if alert.kind not in SAME or alert.severity is not Severity.WARNING or alert.buttons:
        return ""  # what is less is no error, and what is more is told each time
    return f"{alert.kind} {int(alert.severity)} {_VARIABLE.sub('#', alert.text)}"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"
