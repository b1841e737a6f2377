"""How the worth of accounts went over time, without what was paid in or out.

Money is plain: what accounts are worth at the end, less the worth at the start, less what was paid in. Percentages
are time-weighted (GIPS 2020, 2.A.19): growth is linked from sample to sample, so that neither the size nor the
moment of a payment changes them. Between two samples, what was paid in counts from the first of them, and what was
paid out until the second.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import msgspec

from trading.instruments import ZERO
from trading.intent import AccountId

ONE = Decimal(1)
PAYMENTS = ("BalanceAdjusted", "PositionAdjusted")
"""Events whose `value` came in or went out without being traded for, as the account's own figures count it too."""


class Sample(NamedTuple):
    """What was owned at a moment, in the desk's currency."""

    at: datetime
    worth: Decimal


class Paid(NamedTuple):
    """Money that came in, or went out if negative, in the desk's currency: neither profit nor loss."""

    at: datetime
    amount: Decimal


class Point(NamedTuple):
    """One sample as the curve shows it.

    `worth` counts later payments as if they had been made already, so that the curve has no steps and ends at
    what is owned. `fall` is how many percent growth is below its best so far: zero or negative.
    """

    at: datetime
    worth: Decimal
    fall: Decimal


class Curve(msgspec.Struct, frozen=True):
    """`change` is profit or loss, `paid` the sum of the payments within, `growth` and `drawdown` are percent.

    `deepest` is the largest fall from a best so far in money, zero or positive; `drawdown` that in percent of growth,
    zero or negative.
    """

    samples: Sequence[Sample]
    payments: Sequence[Paid]
    points: Sequence[Point]
    growth: Decimal
    deepest: Decimal

    @property
    def start(self) -> Decimal:
        return self.samples[0].worth

    @property
    def end(self) -> Decimal:
        return self.samples[-1].worth

    @property
    def paid(self) -> Decimal:
        return sum((each.amount for each in self.payments), ZERO)

    @property
    def change(self) -> Decimal:
        return self.end - self.start - self.paid

    @property
    def drawdown(self) -> Decimal:
        return min(point.fall for point in self.points)


def payments_of(account: AccountId, entries: Iterable[Mapping[str, Any]]) -> list[Paid]:
    """What was paid into or out of an account, of the journal's `PAYMENTS`, in any order."""
    own = [
        Paid(entry["at"], Decimal(entry["payload"].get("value", "0")))
        for entry in entries
        if (entry["payload"]["account"], entry["payload"]["mode"]) == (account.name, account.mode)
    ]
    return [paid for paid in own if paid.amount]  # what a venue paid or took for a position is profit or loss


def curve_of(samples: Sequence[Sample], payments: Iterable[Paid] = ()) -> Curve:
    """The curve through samples, the oldest first; payments before the first or after the last are left out."""
    assert samples, "a curve needs at least one sample"
    within = sorted(each for each in payments if samples[0].at < each.at <= samples[-1].at)
    later = sum((each.amount for each in within), ZERO)
    points = [Point(samples[0].at, samples[0].worth + later, ZERO)]
    grown, best, highest, deepest, turn = ONE, ONE, points[0].worth, ZERO, iter(within)
    coming = next(turn, None)
    for before, sample in pairwise(samples):
        into = out = ZERO
        while coming is not None and coming.at <= sample.at:
            into, out = into + max(coming.amount, ZERO), out - min(coming.amount, ZERO)
            coming = next(turn, None)
        later -= into - out
        if (worked := before.worth + into) > 0:
            grown *= max(sample.worth + out, ZERO) / worked
        best = max(best, grown)
        point = Point(sample.at, sample.worth + later, (grown - best) / best * 100)
        highest = max(highest, point.worth)
        deepest = max(deepest, highest - point.worth)
        points.append(point)
    return Curve(samples, within, points, (grown - ONE) * 100, deepest)


def together(curves: Sequence[Curve]) -> Curve:
    """Several accounts as one; what an account began with later than the first, it was paid in then."""
    if len(curves) == 1:
        return curves[0]
    began = min(curve.samples[0].at for curve in curves)
    payments = [each for curve in curves for each in curve.payments]
    payments += [Paid(*curve.samples[0]) for curve in curves if curve.samples[0].at > began]
    return curve_of(list(_summed(curves)), payments)


def _summed(curves: Sequence[Curve]) -> Iterator[Sample]:
    """At each moment of any of them, the sum of what each was last seen to be worth."""
    seen = sorted((sample.at, number, sample.worth) for number, curve in enumerate(curves) for sample in curve.samples)
    worths = [ZERO] * len(curves)
    for at, changes in groupby(seen, key=lambda change: change[0]):
        for _, number, worth in changes:
            worths[number] = worth
        yield Sample(at, sum(worths, ZERO))
