"""An equity curve of any length as about a thousand of its samples, with the deepest falls of all of them.

The time is cut into stretches, and of each the database answers the first, the lowest, the highest and the last
sample: a fall from one stretch to a later one is then as deep as it was. So is one within a stretch whose highest
came before its lowest. If it came after, there may have been a fall before, between or after the two, at most as deep
as from the one to the other: where that is more than the deepest fall known, the stretch is read whole. This makes
the result exact, and few stretches, mostly none, are read twice.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

from tortoise.expressions import Q

from trading.instruments import ZERO
from trading.journal.models import EquityRow
from trading.journal.orm import Orm
from trading.journal.values import NORMAL, SQLITE

STRETCHES = 240  # of equal length; up to four samples of each
STEP = timedelta(microseconds=1)  # the databases keep no shorter ones
ONE = Decimal(1)
FIELDS = ("account", "mode", "at", "equity")
FORMS = {"sqlite": ("?", "?{}", SQLITE), "postgres": ("$", "CAST(${} AS TIMESTAMPTZ)", NORMAL)}
"""By database: what begins a parameter, how one is written that is a time, and the form of its value."""

Account = tuple[str, str]
"""An account's name and mode."""

Stretch = tuple[datetime, datetime]
"""From the one moment until before the other."""


class Sample(NamedTuple):
    """What an account was worth at a moment, in the desk's currency."""

    account: str
    mode: str
    at: datetime
    equity: Decimal


class Total(NamedTuple):
    """What the accounts were worth together."""

    at: datetime
    worth: Decimal


class Falls:
    """The deepest falls from a best before: in money, and as a part of that best. `marks` are when they were."""

    def __init__(self) -> None:
        self.money = self.part = ZERO
        self._money_at: tuple[datetime, ...] = ()
        self._part_at: tuple[datetime, ...] = ()

    @property
    def marks(self) -> set[datetime]:
        return {*self._money_at, *self._part_at}

    def look(self, totals: Sequence[Total]) -> None:
        """Whether there is a deeper one in these, the oldest first."""
        best = totals[0]
        for each in totals:
            if each.worth > best.worth:
                best = each
            if (money := best.worth - each.worth) > self.money:
                self.money, self._money_at = money, (best.at, each.at)
            if (part := _part(money, best.worth)) > self.part:
                self.part, self._part_at = part, (best.at, each.at)

    def may_hide_in(self, totals: Sequence[Total]) -> bool:
        """Whether a stretch of which these are the first, lowest, highest and last may have had a deeper one."""
        low, high = min(totals, key=_worth), max(totals, key=_worth)
        money = high.worth - low.worth
        return low.at < high.at and (money > self.money or _part(money, high.worth) > self.part)


async def thinned(
    orm: Orm, accounts: Sequence[Account], since: datetime | None, cuts: Collection[datetime]
) -> list[Sample]:
    """Samples of these accounts from `since` on, the oldest first.

    `cuts` are the moments of payments: no stretch goes on over one, so the samples beside it are there. Of several
    accounts their sum counts, best where all were sampled at the same moment, as the desk does.

    To be called while `orm` is active.
    """
    mine = Q(*(Q(account=name, mode=mode) for name, mode in accounts), join_type=Q.OR)
    if since is not None:
        mine &= Q(at__gte=since)
    ends = [await EquityRow.filter(mine).order_by(order).first().values_list("at") for order in ("at", "-at")]
    if None in ends:
        return []
    bounds = _bounds(ends[0][0], ends[1][0], cuts)
    samples = await _read(mine & Q(at__in=await _marks(orm, accounts, bounds)))
    falls, marks = Falls(), set()
    for whole in _within(samples, pairwise([bounds[0], *sorted(set(cuts) & set(bounds)), bounds[-1]])).values():
        falls.look(whole)
    for (start, end), totals in _within(samples, pairwise(bounds)).items():
        if falls.may_hide_in(totals):
            whole = _totals(await _read(mine & Q(at__gte=start, at__lt=end)))
            falls.look(whole)
            marks |= {next((each.at for each in whole if each.worth > 0), start)}  # growth begins there, if anywhere
    marks |= falls.marks
    if hidden := marks - {sample.at for sample in samples}:
        samples += await _read(mine & Q(at__in=hidden))
    return sorted(samples, key=lambda sample: sample.at)


async def _read(wanted: Q) -> list[Sample]:
    return [Sample(*columns) for columns in await EquityRow.filter(wanted).order_by("at", "id").values_list(*FIELDS)]


async def _marks(orm: Orm, accounts: Sequence[Account], bounds: Sequence[datetime]) -> set[datetime]:
    """When the first, the lowest, the highest and the last sample was, of each stretch between two bounds."""
    dialect = orm.client.capabilities.dialect
    form = FORMS[dialect][2]
    values = [form[type(value)](value) for value in (*(word for each in accounts for word in each), *bounds)]
    _, rows = await orm.client.execute_query(_statement(dialect, len(accounts), len(bounds)), values)
    read = EquityRow._meta.fields_map["at"].to_python_value
    return {read(mark) for (mark,) in rows if mark is not None}


@lru_cache(maxsize=8)
def _statement(dialect: str, accounts: int, bounds: int) -> str:
    """The lowest and the highest are looked for as doubles: to 15 digits, which is more than is ever shown."""
    sign, moment, _ = FORMS[dialect]
    names = ", ".join(f"{sign}{2 * n + 1}" for n in range(accounts))  # beside `pairs`, so that the index serves
    pairs = " OR ".join(f"account = {sign}{2 * n + 1} AND mode = {sign}{2 * n + 2}" for n in range(accounts))
    mine = f"account IN ({names}) AND ({pairs})"
    numbers = range(2 * accounts + 1, 2 * accounts + bounds)
    stretches = ", ".join(f"({moment.format(n)}, {moment.format(n + 1)})" for n in numbers)
    worth, together = "CAST(equity AS DOUBLE PRECISION)", ""
    if accounts > 1:
        worth, together = f"COUNT(*) DESC, SUM({worth})", "GROUP BY at"
    marks = " UNION ".join(
        f"SELECT (SELECT at FROM equity WHERE {mine} AND at >= start AND at < until {group} ORDER BY {order} LIMIT 1)"
        " FROM stretches"
        for order, group in (("at", ""), ("at DESC", ""), (worth, together), (f"{worth} DESC", together))
    )
    return f"WITH stretches (start, until) AS (VALUES {stretches}) {marks}"


def _bounds(first: datetime, last: datetime, cuts: Collection[datetime]) -> list[datetime]:
    """Where the stretches begin, and where the last one ends."""
    long = max((last - first) / STRETCHES, STEP)
    even = {first + long * number for number in range(STRETCHES)}
    return [*sorted(each for each in {*even, *cuts} if first <= each <= last), last + STEP]


def _within(samples: Iterable[Sample], stretches: Iterable[Stretch]) -> dict[Stretch, list[Total]]:
    """The totals of each stretch that has any."""
    totals, found = iter(_totals(samples)), dict[Stretch, list[Total]]()
    coming = next(totals, None)
    for start, end in stretches:
        while coming is not None and coming.at < end:
            found.setdefault((start, end), []).append(coming)
            coming = next(totals, None)
    return found


def _totals(samples: Iterable[Sample]) -> list[Total]:
    """At each moment the sum of what every account was last seen to be worth."""
    seen, totals = dict[Account, Decimal](), list[Total]()
    for at, same in groupby(samples, key=lambda sample: sample.at):
        seen |= {(sample.account, sample.mode): sample.equity for sample in same}
        totals.append(Total(at, sum(seen.values(), ZERO)))
    return totals


def _worth(total: Total) -> Decimal:
    return total.worth


def _part(money: Decimal, best: Decimal) -> Decimal:
    """What was lost of a best; all of it is the most that is lost of it."""
    return min(money / best, ONE) if best > 0 else ZERO
