"""A curve of any length is read as about a thousand samples, and falls exactly as deep as all of them."""

import random
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate

import pytest

from handlers.curve import Curve, Paid, Sample, curve_of, together
from tests.trading.journal.facts import NOON, at, equity_row, noticed
from trading.intent import Mode
from trading.journal.store import JournalStore
from trading.ports import Row

MANY = 4000
MOST = 1000
D = Decimal
chance = random.Random(7)


def _cents(worths: Sequence[float]) -> list[Decimal]:
    return [D(f"{worth:.2f}") for worth in worths]


def _walk() -> list[Decimal]:
    return _cents(list(accumulate((chance.gauss(0, 20) for _ in range(MANY)), initial=10_000.0))[1:])


def _saw() -> list[Decimal]:
    """Rises all the time, but for small falls, each within a stretch and one of them the deepest."""
    worths = [10_000.0 + 2 * number for number in range(MANY)]
    for number in range(0, MANY - 10, 50):
        worths[number + 5] = worths[number + 4] - chance.uniform(1, 3)
    worths[2222] = worths[2221] - 3.5
    return _cents(worths)


SHAPES = {
    "walk": _walk(),
    "saw": _saw(),
    "level": [D(10_000)] * MANY,
    "spikes": _cents([10_000.0 + (900 if number == 1234 else -700 if number == 1238 else 0) for number in range(MANY)]),
    "begins with nothing": _cents([0.0] * 7 + [100.0] + [200.0 + number % 9 for number in range(MANY - 8)]),
    "loses all": _cents([max(5000.0 - 2 * number, -50) + number % 5 for number in range(MANY)]),
}


def _rows(account: str, worths: Sequence[Decimal], start: int = 0) -> list[Row]:
    plain = equity_row(0, account, 0).values
    return [
        Row("equity", f"{account}:{number}", {**plain, "at": at(start + number), "equity": worth})
        for number, worth in enumerate(worths)
    ]


def _all(worths: Sequence[Decimal], start: int = 0) -> list[Sample]:
    return [Sample(at(start + number), worth) for number, worth in enumerate(worths)]


async def _read(journal: JournalStore, *accounts: str, cuts: Sequence[datetime] = ()) -> list[list[Sample]]:
    rows = await journal.queries.curve([(account, Mode.PAPER) for account in accounts], cuts=cuts)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    return [[Sample(row["at"], row["equity"]) for row in rows if row["account"] == account] for account in accounts]


def _same(thin: Curve, full: Curve) -> None:
    assert (thin.start, thin.end, thin.change, thin.deepest) == (full.start, full.end, full.change, full.deepest)
    assert float(thin.drawdown) == pytest.approx(float(full.drawdown), rel=1e-15)  # the quotients are rounded
    assert float(thin.growth) == pytest.approx(float(full.growth), rel=1e-15)
    for pick in (min, max):
        assert pick(each.worth for each in thin.samples) == pick(each.worth for each in full.samples)


async def test_a_thinned_curve_falls_as_deep_as_all_samples(journal: JournalStore) -> None:
    await journal.append([noticed(1)], NOON, [row for name, worths in SHAPES.items() for row in _rows(name, worths)])
    payments = [Paid(at(777), D(500)), Paid(at(778), D(-300)), Paid(at(3333), D(-900))]
    for name, worths in SHAPES.items():
        (thin,) = await _read(journal, name)
        assert len(thin) <= MOST
        assert set(thin) <= set(_all(worths))
        _same(curve_of(thin), curve_of(_all(worths)))
        (thin,) = await _read(journal, name, cuts=[paid.at for paid in payments])
        assert len(thin) <= MOST + 4 * len(payments)
        _same(curve_of(thin, payments), curve_of(_all(worths), payments))


async def test_several_accounts_fall_together_as_deep_as_in_all_samples(journal: JournalStore) -> None:
    late = MANY // 3
    one, other = _walk(), _walk()[late:]
    await journal.append([noticed(1)], NOON, _rows("one", one) + _rows("other", other, late))
    thin = await _read(journal, "one", "other", cuts=[at(late)])
    assert len(thin[0]) <= MOST + 4
    _same(
        together([curve_of(samples) for samples in thin]), together([curve_of(_all(one)), curve_of(_all(other, late))])
    )


async def test_a_short_curve_is_read_whole(journal: JournalStore) -> None:
    rows = [equity_row(number, account, number) for number in range(4) for account in ("demo", "main")]
    await journal.append([noticed(1)], NOON, rows)

    async def read(*, mode: Mode = Mode.PAPER, since: datetime | None = None) -> list[tuple[datetime, Decimal]]:
        return [(row["at"], row["equity"]) for row in await journal.queries.curve([("demo", mode)], since=since)]

    assert await read() == [(at(number), 10_000 + number) for number in range(4)]
    assert await read(since=at(2)) == [(at(2), 10_002), (at(3), 10_003)]
    assert await read(since=at(2).replace(tzinfo=None)) == await read(since=at(2))
    assert await read(since=at(3)) == [(at(3), 10_003)]
    assert await read(since=at(4)) == []
    assert await read(mode=Mode.LIVE) == []
    assert await journal.queries.curve([("demo", Mode.PAPER), ("main", Mode.PAPER)], since=at(3)) == [
        {"account": account, "mode": "paper", "at": at(3), "equity": D(10_003)} for account in ("demo", "main")
    ]
