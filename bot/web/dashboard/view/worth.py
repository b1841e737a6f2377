"""What one account was worth over a chosen time, and how far it fell from its best."""

from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from bot.app import App
from handlers.accounts import in_use
from handlers.curve import PAYMENTS, Curve, Paid, Sample, curve_of, payments_of
from handlers.figures import short_moment, signed, signed_percent
from trading.intent import AccountId

PERIODS = {"24 h": timedelta(days=1), "7 d": timedelta(days=7), "30 d": timedelta(days=30), "All": timedelta(days=9999)}
EVERY = 1_000_000  # payments: all there are
SEEN = 720  # an hour of points while the page is open
EVERY_S = 5
RELOAD = timedelta(minutes=1)


class Drawn(msgspec.Struct, frozen=True):
    """`points` are time, worth and percent below the best."""

    points: Sequence[tuple[str, float, float]]
    told: str


class WorthView:
    """Reads the recorded samples once a minute, and adds what the account is worth now every few seconds."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.period = next(iter(PERIODS))
        self.account = ""
        self._seen: deque[Sample] = deque(maxlen=SEEN)
        self._recorded: Sequence[Sample] = ()
        self._payments: Sequence[Paid] = ()
        self._loaded: tuple[Any, ...] = ()
        self._drawn = app.clock.now() - timedelta(days=1)

    def accounts(self) -> list[str]:
        return [str(each) for each in in_use(self.app.book, self.app.desk.accounts)]

    def choose(self, account: str = "", period: str = "") -> None:
        """Another account or another time; drawn at the next reading."""
        if account and account != self.account:
            self._seen.clear()
        self.account, self.period = account or self.account, period or self.period
        self._drawn -= timedelta(days=1)

    async def read(self) -> Drawn | None:
        """What is to be drawn anew; None while there is nothing new."""
        now = self.app.clock.now()
        accounts = in_use(self.app.book, self.app.desk.accounts)
        if not accounts or now - self._drawn < timedelta(seconds=EVERY_S):
            return None
        self._drawn = now
        account = next((each for each in accounts if str(each) == self.account), accounts[0])
        self.account = str(account)
        await self._load(account)
        if not self.app.desk.valuation.awaits_price(account):
            self._seen.append(Sample(now, self.app.desk.valuation.equity(account).total))
        since = now - PERIODS[self.period]
        samples = sorted({*self._recorded, *(each for each in self._seen if each.at >= since)})
        return self._drawing(curve_of(samples, self._payments)) if samples else None

    async def _load(self, account: AccountId) -> None:
        now = self.app.clock.now()
        chosen = (account, self.period)
        if self._loaded and self._loaded[0] == chosen and now - self._loaded[1] < RELOAD:
            return
        history, since = self.app.store.queries, now - PERIODS[self.period]
        paid = [each for kind in PAYMENTS for each in await history.latest(kind, limit=EVERY)]
        self._payments = payments_of(account, paid)
        cuts = [payment.at for payment in self._payments]
        rows = await history.curve([(account.name, account.mode)], since=since, cuts=cuts)
        self._recorded = [Sample(row["at"], row["equity"]) for row in rows]
        self._loaded = (chosen, now)

    def _drawing(self, curve: Curve) -> Drawn:
        since = short_moment(curve.samples[0].at, self.app.desk.timezone)
        change = f"{signed(curve.change, self.app.desk.valuation.currency)} ({signed_percent(curve.growth)})"
        told = f"{change}, deepest fall {-curve.drawdown:.2f}%, since {since}"
        points = [(each.at.isoformat(), float(each.worth), float(each.fall)) for each in curve.points]
        return Drawn(points, told)
