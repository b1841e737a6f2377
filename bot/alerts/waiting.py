"""What waits for one destination: the journal's entries ahead of it, made into messages."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.alerts.bursts import Errors, Message
from handlers.alerts import Alert, alert_of
from handlers.routing import Level, Route, routed
from trading.book import Book
from trading.events import Recorded
from trading.ports import Journal

CHUNK = 200  # entries read at a time


class Waiting:
    """Reads ahead, and leaves out what is not to be told there. Without a `route`, everything is, one by one.

    `recent` are the last entries of the journal, kept at hand. `zone` is that of the times that are told.
    """

    def __init__(
        self,
        journal: Journal,
        book: Book,
        recent: Sequence[Recorded],
        route: Route | None,
        zone: ZoneInfo,
        room: int,
    ) -> None:
        self.room = room
        self._journal = journal
        self._book = book
        self._recent = recent
        self._route = route
        self._zone = zone
        self._errors = Errors()

    def forget(self) -> None:
        """The errors of before are news again."""
        self._errors = Errors()

    async def ahead(self, after: int) -> list[Recorded]:
        """The next entries: from memory where they follow on what was told, else from the journal."""
        after = max(after, 0)
        if self._recent and self._recent[0].seq <= after + 1:
            return [entry for entry in self._recent if entry.seq > after]
        return [entry async for entry in self._journal.read(after=after, limit=CHUNK)]

    def wanted(self, entry: Recorded) -> tuple[Alert, bool] | None:
        """What is to be told of an entry, and whether without a sound."""
        alert = alert_of(entry, self._book)
        if alert is None:
            return None
        if self._route is None:
            return alert, False
        level = routed(alert, self._route, self._book, self._book.clock.now())
        return None if level is Level.OFF else (alert, level is Level.SILENT)

    def counted(self, alert: Alert, entry: Recorded) -> Message | None:
        """The message that tells the same error already, and counts it now."""
        return None if self._route is None else self._errors.counted(alert, entry.at)

    def put(self, message: Message | None, alert: Alert, silent: bool, entry: Recorded, room: float) -> Message | None:
        """The message with one alert more, a new one if there was none; None if it does not fit."""
        if message is None:
            message = Message(alert, entry.at, silent, self._zone)
            self._errors.add(alert, message, message.items[0])
        elif self._route is None or not message.takes(alert, entry.at, room):
            return None
        else:
            self._errors.add(alert, message, message.add(alert, entry.at, silent))
        return message
