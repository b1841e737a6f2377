"""When to stop: the day's loss, the fall from the top, a streak of losses. Closing always passes."""

from datetime import timedelta
from decimal import Decimal

from trading.events import Finding
from trading.instruments import ZERO
from trading.order import Order
from trading.risk.checks.check import UP, Check, money, percent
from trading.risk.reasons import Reason
from trading.risk.standing import Standing
from trading.risk.view import View
from trading.words import minute


class MaxDailyLoss(Check, frozen=True):
    """The equity has not fallen by the limit since the day began; at the limit there is no room left."""

    reason = Reason.DAILY_LOSS
    limit: Decimal

    def __call__(self, order: Order, view: View) -> Finding | None:
        standing = view.standing
        loss, currency = max(-standing.day_pnl, ZERO), standing.currency
        told = f"loss today {money(loss, currency, UP)}" if loss else "no loss today"
        text = f"{told}, limit {self.limit:f} {currency}{unpriced(standing)}"
        if loss < self.limit:
            return self.passes(text)
        return self.denies(text, zone=standing.zone.key, note=_look(standing))


class MaxDrawdown(Check, frozen=True):
    """The equity is not the limit, in percent, below its highest."""

    reason = Reason.DRAWDOWN
    limit: Decimal

    def __call__(self, order: Order, view: View) -> Finding | None:
        standing, fall = view.standing, view.standing.drawdown
        told = f"equity {percent(fall, UP)} below its highest" if fall else "equity at its highest"
        text = f"{told} {money(standing.figures.peak, standing.currency)}, limit {self.limit:f}%{unpriced(standing)}"
        return self.passes(text) if fall < self.limit else self.denies(text, note=_look(standing))


class Cooldown(Check, frozen=True):
    """No pause after `losses` losing round trips in a row is running."""

    reason = Reason.COOLDOWN
    losses: int
    seconds: int

    def __call__(self, order: Order, view: View) -> Finding | None:
        standing = view.standing
        streak, last = standing.figures.streak, standing.figures.last_loss_at
        text = f"{streak} losses in a row, limit {self.losses}"
        if streak < self.losses or last is None:
            return self.passes(text)
        until = last + timedelta(seconds=self.seconds)
        if standing.now >= until:
            return self.passes(f"{text}, and the cooldown is over")
        return self.denies(text, until=minute(until, standing.zone))


def unpriced(standing: Standing) -> str:
    """Which holdings the equity leaves out."""
    names = standing.equity.unpriced
    return f" (without {', '.join(names[:5])}: no price)" if names else ""


def _look(standing: Standing) -> str:
    names = standing.equity.unpriced
    return f" Part of it may only be unknown: see the prices of {', '.join(names[:5])}." if names else ""
