"""What happened: the signals with what became of them, and the journal behind a filter."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple, get_args

from bot.app import App
from bot.web import shapes
from bot.web.dashboard.view.cells import Shape, action, cell, row
from handlers.alerts import DECISIONS
from handlers.figures import price, short_moment
from handlers.story import PASSED, tell_all
from trading import events as e
from trading.errors import IntentError
from trading.incoming import Incoming
from trading.journal.queries import Columns
from trading.order import OrderStatus
from trading.words import counted

TYPES = sorted(kind.__name__ for kind in get_args(e.AnyEvent))
MOST = 100  # rows at a time
CHUNK = 250  # entries read at a time
BURST = 1000  # new entries at once from which on it is quicker to look back from the end
LOOKED = 5000  # entries looked through for one page of rows
OF_ONE = 2000  # entries of one order, or the last of one type

SIGNALS = ("When", "Source", "What", "Outcome")
LATEST = 30
LONGEST = 160  # characters of an alert's text
TONES: dict[str, str] = {
    **dict.fromkeys((OrderStatus.FILLED, e.Outcome.EXECUTED, e.Outcome.APPROVED), "good"),
    **dict.fromkeys((OrderStatus.DENIED, OrderStatus.REJECTED), "bad"),
    **dict.fromkeys((e.Outcome.DENIED, e.Outcome.EXPIRED, e.Outcome.UNREADABLE), "bad"),
    **dict.fromkeys((e.Outcome.WAITING, e.Outcome.REJECTED), "warn"),
}
"""Of an outcome, by the word it begins with."""


class Wish(NamedTuple):
    """What somebody who is no person wanted, or wanted people to know."""

    at: datetime
    key: str
    source: str
    text: str
    outcome: str
    actions: Sequence[Shape] = ()


async def signals(app: App, trades: bool) -> list[Shape]:
    """What strategies and alerts wanted, and what became of it, the newest first."""
    found = [*await _of_strategies(app), *await _of_sources(app, trades), *await _of_watches(app)]
    return [_row(app, wish) for wish in sorted(found, key=lambda each: each.at, reverse=True)[:LATEST]]


async def _of_strategies(app: App) -> list[Wish]:
    rows = await app.store.queries.signals(limit=LATEST)
    return [
        Wish(r["at"], r["id"], r["strategy"], f"{r['side']} {r['symbol']} at {price(r['price'])}", r["outcome"])
        for r in rows
    ]


async def _of_sources(app: App, trades: bool) -> list[Wish]:
    """Alerts from outside; one that waits can be decided here."""
    found = []
    for r in await app.store.queries.latest(e.AlertReceived.__name__, limit=LATEST):
        alert = app.book.get(Incoming, r["payload"]["alert_id"])
        text = " ".join(r["payload"]["text"].split())[:LONGEST]
        outcome = f"{alert.outcome}: {alert.told}" if alert and alert.outcome else "to be done"
        again = " (it came again)" if alert and alert.resent else ""
        tokens = alert.tokens if alert and trades else ()
        decide = [action(word, f"/{name} {token}") for token in tokens for word, name in DECISIONS]
        found.append(Wish(r["at"], f"event {r['seq']}", r["payload"]["source"], text, f"{outcome}{again}", decide))
    return found


async def _of_watches(app: App) -> list[Wish]:
    """Price alerts that people have set."""
    rows = await app.store.queries.latest(e.WatchFired.__name__, limit=LATEST)
    return [Wish(r["at"], f"event {r['seq']}", "price alert", r["payload"]["text"], "told") for r in rows]


def _row(app: App, wish: Wish) -> Shape:
    tone = TONES.get(wish.outcome.partition(":")[0], "") if wish.outcome else "muted"
    when = short_moment(wish.at, app.desk.timezone)
    return row(wish.key, [when, wish.source, wish.text, cell(wish.outcome or "no order", tone)], wish.actions)


class JournalView:
    """The newest entries that pass a filter, kept up to date; and the older ones, a page at a time."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.rows: Sequence[Shape] = ()
        self.told = ""
        self.live = True
        """Whether new entries are added: not while older pages are looked at."""
        self._text, self._type, self._order = "", "", ""
        self._seq = 0
        self._back: AsyncIterator[Columns] = self._backwards(0)

    async def filter(self, text: str, kind: str, order: str) -> None:
        """Show only entries with this text, of this type, of the order whose id begins so; each may be empty."""
        self.rows, self.told, self.live = (), "", True
        self._text, self._type, self._order = text.casefold().strip(), kind if kind in TYPES else "", ""
        self._seq = self.app.book.journal.last_seq
        self._back = self._backwards(self._seq)
        try:
            self._order = (await self.app.store.queries.order(order.strip().lower()))["id"] if order.strip() else ""
        except IntentError as why:
            self.told, self.live = f"{why.text} {why.remedy}", False
            return
        await self._page()

    async def refresh(self) -> None:
        """Put what the journal has got since before what is shown."""
        if not self._seq:
            await self.filter("", "", "")
        last = self.app.book.journal.last_seq
        if not self.live or last == self._seq:
            return
        if last - self._seq > BURST:
            await self.filter(self._text, self._type, self._order)
            return
        queries, after = self.app.store.queries, self._seq
        fresh = await queries.events(after, limit=last - after, order_id=self._order, kind=self._type)
        self._seq = max(last, fresh[-1]["seq"] if fresh else 0)
        found = [shown for each in reversed(fresh) if (shown := self._shown(each))]
        self.rows = [*found, *self.rows][:MOST]

    async def older(self) -> None:
        """Show the page before."""
        self.live = False
        await self._page()

    async def _page(self) -> None:
        looked, found = 0, deque[Shape]()
        async for each in self._back:
            looked += 1
            if shown := self._shown(each):
                found.append(shown)
            if len(found) == MOST or looked == LOOKED:
                break
        ended = len(found) < MOST and looked < LOOKED
        self.rows = list(found)
        self.told = "" if not ended else "The beginning of the journal." if self.rows else "Nothing in the journal."
        if looked == LOOKED and len(found) < MOST:
            self.told = f"Looked through {LOOKED} entries: Older goes on."

    async def _backwards(self, last: int) -> AsyncIterator[Columns]:
        """Entries of the chosen order or type, or of the whole journal, the newest first."""
        queries = self.app.store.queries
        if self._order:
            for found in reversed(await queries.events(0, limit=OF_ONE, order_id=self._order)):
                yield found
        elif self._type:
            for found in await queries.latest(self._type, limit=OF_ONE):
                yield found
        else:
            while last > 0:
                for found in reversed(await queries.events(max(last - CHUNK, 0), limit=min(CHUNK, last))):
                    yield found
                last -= CHUNK

    def _shown(self, columns: Columns) -> Shape | None:
        """The entry for people, if it passes the filter."""
        if self._type and columns["type"] != self._type:
            return None
        entry = e.Recorded(columns["seq"], columns["at"], e.decode(shapes.raw(columns)))
        lines = tell_all(entry)
        if self._text and self._text not in f"{columns['type']} {columns['order_id']} {' · '.join(lines)}".casefold():
            return None
        at = columns["at"].astimezone(self.app.settings.zone)
        return {
            "seq": entry.seq,
            "at": f"{at:%m-%d %H:%M:%S}",
            "type": columns["type"],
            "order_id": columns["order_id"],
            "text": " · ".join(_short(lines)),
        }


def _short(lines: Sequence[str]) -> list[str]:
    """The lines without the checks that passed, but for how many they were; /why tells each."""
    rest = [line for line in lines if not line.startswith(PASSED)]
    passed = len(lines) - len(rest)
    return [counted(passed, "check") + " passed", *rest] if passed else rest
