"""Digests at their hour: for each destination once a day, also by a desk that was down when it was time."""

import asyncio
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.scheduler import Daily
from handlers.context import Desk
from handlers.digest import LATE, tell_period
from trading import events as e
from trading.audience import Digest

LOOK_S = 5.0  # how late one may be
LATEST = timedelta(hours=12)  # after that it is no news any more


def due(digest: Digest, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The planned moment of the digest that is to be told now; None if none is.

    It is told for one date of the calendar only once, and never for an hour before it was set.
    """
    if not digest.at:
        return None
    planned = Daily(time.fromisoformat(digest.at), zone).last(now)
    if now - planned > LATEST or _day(planned, zone) <= digest.told:
        return None
    return None if digest.since is not None and planned <= digest.since else planned


def _day(planned: datetime, zone: ZoneInfo) -> str:
    return planned.astimezone(zone).date().isoformat()


class Digests:
    """Tells the digest of the desk in every destination that wants it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.book = desk.book
        self.zone = ZoneInfo(desk.timezone)

    async def run(self) -> None:
        """Journal each digest when it is time, for ever.

        Raises:
            JournalError: the journal cannot be read or written.
        """
        while True:
            await self.tell_due()
            await asyncio.sleep(LOOK_S)

    async def tell_due(self) -> None:
        """Journal the digests whose time has come."""
        now, known = self.desk.clock.now(), self.desk.destinations()
        texts: dict[tuple[datetime, str], str] = {}
        for digest in tuple(self.book.all(Digest)):
            planned = due(digest, now, self.zone)
            if planned is None or digest.destination not in known:
                continue
            about = (planned, digest.at)
            if about not in texts:
                texts[about] = await self._text(*about, now)
            day = _day(planned, self.zone)
            async with self.book.lock:
                if self.book.get(Digest, digest.destination) == digest:  # nobody changed it meanwhile
                    await self.book.write(e.DigestTold(digest.destination, day, texts[about]))

    async def _text(self, planned: datetime, at: str, now: datetime) -> str:
        """About the time since the same hour of the day before."""
        start = Daily(time.fromisoformat(at), self.zone).last(planned - timedelta(seconds=1))
        late = ", told late" if now - planned > LATE else ""
        title = f"Day to {planned.astimezone(self.zone):%Y-%m-%d %H:%M}{late}"
        return await tell_period(self.desk, start, planned, title)
