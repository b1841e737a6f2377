"""What the read commands and routes ask of the projections."""

import asyncio
import contextvars
from decimal import Decimal

import pytest

from tests.trading.journal.facts import (
    NOON,
    at,
    equity_row,
    fill_row,
    initialized,
    noticed,
    order_row,
    signal_row,
)
from trading.errors import IntentError, JournalError
from trading.instruments import Money
from trading.journal.store import JournalStore
from trading.order import OPEN, OrderStatus


async def test_orders_newest_first_and_filtered(journal: JournalStore) -> None:
    rows = [
        order_row("a", created_at=at(1), status=OrderStatus.FILLED),
        order_row("b", created_at=at(2), status=OrderStatus.ACCEPTED, symbol="ETH/USDT"),
        order_row("c", created_at=at(3), status=OrderStatus.PENDING_CANCEL, account="main"),
        order_row("d", created_at=at(4), status=OrderStatus.DENIED),
    ]
    await journal.append([noticed(1)], NOON, rows)

    async def ids(**wanted: object) -> str:
        return "".join(order["id"] for order in await journal.queries.orders(**wanted))  # type: ignore[arg-type]

    assert await ids() == "dcba"
    assert await ids(limit=2) == "dc"
    assert await ids(statuses=OPEN) == "cb"
    assert await ids(statuses=["FILLED", "DENIED"]) == "da"
    assert await ids(symbol="BTC/USDT") == "dca"
    assert await ids(account="main") == "c"
    assert await ids(account="demo", statuses=OPEN, symbol="ETH/USDT") == "b"
    assert await ids(account="nobody") == ""


async def test_orders_of_the_same_moment_are_paged_without_loss(journal: JournalStore) -> None:
    await journal.append(
        [noticed(1)], NOON, [order_row(f"o{number}", created_at=at(number // 3)) for number in range(8)]
    )
    pages: list[str] = []
    last = ""
    while page := await journal.queries.orders(limit=2, before=last):
        pages += [order["id"] for order in page]
        last = pages[-1]
    assert pages == ["o7", "o6", "o5", "o4", "o3", "o2", "o1", "o0"]
    with pytest.raises(IntentError, match="no order 'o9'"):
        await journal.queries.orders(before="o9")


async def test_an_order_by_its_id_or_a_beginning_of_it(journal: JournalStore) -> None:
    fees = '[{"amount":"0.00000001","currency":"BTC"},{"amount":"0.6","currency":"USDT"}]'
    rows = [order_row(order_id) for order_id in ("abc234", "abd", "abc", "x%y")]
    await journal.append([noticed(1)], NOON, [order_row("zzz7", fees=fees, reduce_only=True), *rows])
    order = await journal.queries.order("zz")
    assert order["id"] == "zzz7"
    assert order["fees"] == [Money(Decimal("0.00000001"), "BTC"), Money(Decimal("0.6"), "USDT")]
    assert order["quantity"] == Decimal("0.01")
    assert order["stop_price"] is None
    assert order["created_at"] == NOON
    assert order["reduce_only"] is True
    assert order["post_only"] is True
    assert order["in_doubt"] is False
    assert (await journal.queries.order("abc"))["id"] == "abc", "the whole id wins over longer ones"
    with pytest.raises(IntentError, match=r"Several orders begin with 'ab': .*abc.*Write more"):
        await journal.queries.order("ab")
    for unknown in ("q", "%", "_", ""):
        with pytest.raises(IntentError, match="There is no order"):
            await journal.queries.order(unknown)


async def test_fills_by_account_order_and_time(journal: JournalStore) -> None:
    rows = [
        fill_row("f1", traded_at=at(1), seq=1),
        fill_row("f2", traded_at=at(2), seq=2, order_id="o2"),
        fill_row("f3", traded_at=at(2), seq=3, account="main"),
    ]
    await journal.append([noticed(1)], NOON, rows)

    async def ids(**wanted: object) -> list[str]:
        return [fill["id"] for fill in await journal.queries.fills(**wanted)]  # type: ignore[arg-type]

    assert await ids() == ["f3", "f2", "f1"]
    assert await ids(account="demo") == ["f2", "f1"]
    assert await ids(order_id="o2") == ["f2"]
    assert await ids(since=at(2)) == ["f3", "f2"]
    assert await ids(since=at(2).replace(tzinfo=None)) == ["f3", "f2"], "without a zone it is UTC"
    assert await ids(limit=1) == ["f3"]


async def test_the_equity_curve_is_oldest_first(journal: JournalStore) -> None:
    rows = [equity_row(number, account, number) for number in range(4) for account in ("demo", "main")]
    await journal.append([noticed(1)], NOON, rows)
    curve = await journal.queries.equity(account="demo", since=at(1))
    assert [(point["at"], point["equity"]) for point in curve] == [
        (at(1), Decimal(10001)),
        (at(2), Decimal(10002)),
        (at(3), Decimal(10003)),
    ]
    assert [point["equity"] for point in await journal.queries.equity(account="main", limit=2)] == [10002, 10003]


async def test_signals_of_a_strategy(journal: JournalStore) -> None:
    rows = [signal_row("s1", "trend", 1), signal_row("s2", "dip", 2), signal_row("s3", "trend", 3)]
    await journal.append([noticed(1)], NOON, rows)
    assert [signal["id"] for signal in await journal.queries.signals(strategy="trend")] == ["s3", "s1"]
    assert [signal["id"] for signal in await journal.queries.signals(limit=2)] == ["s3", "s2"]


async def test_events_as_the_api_tells_them(journal: JournalStore) -> None:
    await journal.append([noticed(1), initialized("o1"), noticed(2)], NOON, [])
    (event,) = await journal.queries.events(after=1, limit=1)
    assert (event["seq"], event["at"], event["type"], event["order_id"]) == (2, NOON, "OrderInitialized", "o1")
    assert event["payload"]["quantity"] == "0.01"
    assert [event["seq"] for event in await journal.queries.events(kind="Noticed")] == [1, 3]
    assert [event["seq"] for event in await journal.queries.events(order_id="o1")] == [2]


async def test_tokens_are_found_by_their_hash_until_revoked(journal: JournalStore) -> None:
    number = await journal.tokens.add("ana", "admin", "hash-1", NOON)
    await journal.tokens.add("bot", "viewer", "hash-2", at(1))
    found = await journal.tokens.find("hash-1")
    assert found is not None
    assert (found["id"], found["name"], found["role"]) == (number, "ana", "admin")
    assert await journal.tokens.find("hash-3") is None
    assert await journal.tokens.revoke(number, at(2)) is True
    assert await journal.tokens.revoke(number, at(3)) is False
    assert await journal.tokens.find("hash-1") is None
    listed = await journal.tokens.list()
    assert [(token["name"], token["revoked_at"]) for token in listed] == [("ana", at(2)), ("bot", None)]
    assert all("hash" not in token for token in listed)
    with pytest.raises(JournalError):
        await journal.tokens.add("again", "viewer", "hash-2", NOON)


async def test_any_task_may_ask_and_many_at_once(journal: JournalStore) -> None:
    """A web server's requests run in tasks, and contexts, that never saw the journal being opened."""
    await journal.append([noticed(1)], NOON, [order_row("o1", quantity=Decimal("12345678901.5"))])

    async def ask() -> Decimal:
        (order,) = await journal.queries.orders()
        return order["quantity"]  # type: ignore[no-any-return]

    asking = [asyncio.create_task(ask(), context=contextvars.Context()) for _ in range(10)]
    more = [ask() for _ in range(10)]
    assert set(await asyncio.gather(*asking, *more)) == {Decimal("12345678901.5")}
