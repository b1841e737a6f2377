"""The engine of the emulator's USDT-M futures: queues, self-trade prevention, dates, price matching, the ledger."""

from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulators.binance.codes import Refusal
from tests.emulators.binance.futures import Futures
from tests.emulators.binance.futures_contracts import BRACKETS, brackets
from tests.emulators.binance.futures_orders import Order
from tests.emulators.binance.futures_positions import Position
from tests.emulators.binance.venue import Binance

NOW = 1_790_000_000_000
LIMIT = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1"}


@pytest.fixture
async def venue() -> AsyncIterator[Binance]:
    return Binance(now_ms=NOW)


@pytest.fixture
async def futures(venue: Binance) -> Futures:
    found = Futures(venue)
    for name in ("main", "other"):
        found.transfer(name, 100_000)
    found.show("BTCUSDT", [["60000", "10"]], [["60010", "10"]])
    return found


def buy(futures: Futures, price: object, account: str = "main", **more: object) -> Order:
    return futures.place(account, **{**LIMIT, "side": "BUY", "price": price, **more})


async def test_the_better_price_then_the_older_order_is_filled_first(futures: Futures) -> None:
    first, second = buy(futures, "59900"), buy(futures, "59900", "other")
    late_but_better = buy(futures, "59950")
    futures.show("BTCUSDT", [["59800", "1"]], [["59900", "0.15"]])
    assert [order.executed for order in (late_but_better, first, second)] == [Decimal("0.1"), Decimal("0.05"), 0]
    assert late_but_better.average == 59950, "a resting order trades at its own price"


async def test_a_modified_order_goes_to_the_end_of_the_queue(futures: Futures) -> None:
    first, second = buy(futures, "59900"), buy(futures, "59900", "other")
    futures.exchange.modify(futures.account(), first, Decimal("0.2"), Decimal(59900), None)
    futures.show("BTCUSDT", [["59800", "1"]], [["59900", "0.15"]])
    assert (second.executed, first.executed) == (Decimal("0.1"), Decimal("0.05"))


@pytest.mark.parametrize(
    ("mode", "resting", "incoming"),
    [
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
    ],
)
async def test_an_account_does_not_trade_with_itself(futures: Futures, mode: str, resting: str, incoming: str) -> None:
    maker = buy(futures, "60005")
    sell = {**LIMIT, "side": "SELL", "price": "60005", "selfTradePreventionMode": mode}
    taker = futures.place("main", **sell)
    assert (maker.status, taker.status) == (resting, incoming)
    assert not futures.account().trades


async def test_other_accounts_orders_prevent_nothing(futures: Futures) -> None:
    buy(futures, "60005", "other")
    sold = futures.place("main", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.1")
    assert sold.average == 60000


async def test_good_till_date_orders_end_on_their_date(venue: Binance, futures: Futures) -> None:
    with pytest.raises(Refusal, match="-5040"):
        buy(futures, "59000", timeInForce="GTD", goodTillDate=NOW + 600_000)
    order = buy(futures, "59000", timeInForce="GTD", goodTillDate=NOW + 700_000)
    venue.now_ms = NOW + 699_999
    futures.tick()
    assert order.status == "NEW"
    venue.now_ms = NOW + 700_000
    futures.tick()
    assert order.status == "EXPIRED"


async def test_price_matching_takes_a_price_of_the_book(futures: Futures) -> None:
    levels = [[60000 - n, "1"] for n in range(6)], [[60010 + n, "1"] for n in range(6)]
    futures.show("BTCUSDT", *levels)
    match = {**LIMIT, "side": "BUY"}
    assert futures.place("main", **match, priceMatch="QUEUE").price == 60000
    assert futures.place("main", **match, priceMatch="QUEUE_5").price == 59996
    taken = futures.place("main", **match, priceMatch="OPPONENT_5")
    assert (taken.price, taken.status, taken.average) == (60014, "FILLED", 60010)
    with pytest.raises(Refusal, match="-5041"):
        futures.place("main", **match, priceMatch="OPPONENT_10")
    with pytest.raises(Refusal, match="-5037"):
        futures.place("main", **match, priceMatch="QUEUE", price="1")


async def test_leverage_brackets_are_continuous() -> None:
    """At each floor both brackets give the same maintenance margin: 300000 * 0.004 = 300000 * 0.005 - 300."""
    rows = brackets(BRACKETS)
    assert rows[1].cum == 300
    for below, above in pairwise(rows):
        assert below.cap * below.ratio - below.cum == below.cap * above.ratio - above.cum


async def test_a_size_beyond_the_bracket_of_the_leverage_is_refused(futures: Futures) -> None:
    futures.account().leverages["BTCUSDT"] = 125
    with pytest.raises(Refusal, match="-2027"):
        buy(futures, "60000", quantity="5.001")  # 300060 of at most 300000
    assert buy(futures, "60000", quantity="5").status == "NEW"


async def test_a_market_order_may_not_meet_a_price_far_from_the_mark(futures: Futures) -> None:
    futures.mark("BTCUSDT", "50000")
    with pytest.raises(Refusal, match="-4131"):
        futures.place("main", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")


async def test_the_ledger_tells_what_was_done_to_an_order(venue: Binance, futures: Futures) -> None:
    order = buy(futures, "59900", newClientOrderId="a")
    futures.exchange.modify(futures.account(), order, Decimal("0.2"), Decimal(59900), None)
    futures.show("BTCUSDT", [["59800", "1"]], [["59900", "0.05"]])
    futures.cancel(order)
    stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "59000", "quantity": "0.05"}
    futures.place_algo("main", **stop, clientAlgoId="s")
    futures.print("BTCUSDT", "59000")
    facts = [(fact.kind, fact.client_order_id, fact.qty) for fact in venue.executed if fact.kind != "transfer"]
    assert facts == [
        ("order", "a", "0.100"),
        ("replace", "a", "0.200"),
        ("trade", "a", "0.050"),
        ("cancel", "a", "0.200"),
        ("algo order", "s", "0.050"),
        ("order", "s", "0.050"),
        ("algo trigger", "s", "0.050"),
        ("trade", "s", "0.050"),
    ]
    assert not venue.executed.doubled()


async def test_history_forgets_as_documented(venue: Binance, futures: Futures) -> None:
    """Cancelled without a fill: three days. Traded: ninety."""
    futures.cancel(buy(futures, "59000", newClientOrderId="gone"))
    buy(futures, "60010", newClientOrderId="kept")
    found: dict[str, list[int]] = {"gone": [], "kept": []}
    for days in (3, 4, 90, 91):
        venue.now_ms = NOW + days * 86_400_000
        for name, seen in found.items():
            with suppress(Refusal):
                futures.ask("main", futures.orders.query, symbol="BTCUSDT", origClientOrderId=name)
                seen.append(days)
    assert found == {"gone": [3], "kept": [3, 4, 90]}


step = st.tuples(
    st.sampled_from(["BUY", "SELL"]),
    st.integers(1, 5000).map(lambda n: Decimal(n) / 1000),
    st.integers(1, 1_000_000).map(lambda n: Decimal(n) / 10),
)


@given(st.lists(step, max_size=30), st.integers(1, 1_000_000), st.integers(1, 125), st.booleans())
@settings(max_examples=200)
def test_profit_is_the_cash_that_flowed(
    steps: list[tuple[str, Decimal, Decimal]], mark: int, leverage: int, isolated: bool
) -> None:
    """Realised and unrealised profit together are what was sold for less what was bought for, whatever the order."""
    position, realised, cash, amount = Position("BTCUSDT", "BOTH"), Decimal(0), Decimal(0), Decimal(0)
    for side, quantity, price in steps:
        realised += position.trade(side, quantity, price, leverage, isolated=isolated)
        sign = 1 if side == "BUY" else -1
        cash -= sign * quantity * price
        amount += sign * quantity
    assert position.amount == amount
    total = realised + position.unrealized(Decimal(mark))
    assert abs(total - (cash + amount * mark)) < Decimal("0.000001") * (len(steps) + 1)
    assert (position.isolated_wallet == 0) == (not isolated or amount == 0)


price = st.integers(5700, 6300).map(lambda n: n * 10)
size = st.integers(1, 300).map(lambda n: n / 100)
side = st.sampled_from(["BUY", "SELL"])
reducing = st.sampled_from(["true", "false"])
action = st.one_of(
    st.tuples(st.just("limit"), side, price, size, st.sampled_from(["GTC", "IOC", "FOK", "GTX"]), reducing),
    st.tuples(st.just("market"), side, size, reducing),
    st.tuples(st.just("stop"), side, price, size, st.sampled_from(["STOP_MARKET", "TAKE_PROFIT_MARKET"]), reducing),
    st.tuples(st.just("show"), price, size),
    st.tuples(st.just("mark"), price),
    st.tuples(st.just("cancel")),
)


@given(st.lists(action, max_size=40))
@settings(max_examples=100)
def test_whatever_happens_the_books_agree(actions: list[tuple[object, ...]]) -> None:
    """The wallet is what came in, plus profits, less fees; the position is what was traded; the ledger tells it all."""
    venue = Binance(now_ms=NOW)
    futures = Futures(venue)
    futures.transfer("main", 30_000)
    futures.show("BTCUSDT", [["60000", "1"]], [["60010", "1"]])
    for kind, *rest in actions:
        with suppress(Refusal):
            act(futures, str(kind), rest)
        check(venue, futures)


def act(futures: Futures, kind: str, rest: list[object]) -> None:
    """Do one thing that a market or its traders do."""
    match kind, rest:
        case "limit", [side, price, size, tif, reduce]:
            more = {"timeInForce": tif, "reduceOnly": reduce}
            futures.place(symbol="BTCUSDT", type="LIMIT", side=side, price=price, quantity=size, **more)
        case "market", [side, size, reduce]:
            futures.place(symbol="BTCUSDT", type="MARKET", side=side, quantity=size, reduceOnly=reduce)
        case "stop", [side, price, size, kind, reduce]:
            more = {"triggerPrice": price, "reduceOnly": reduce}
            futures.place_algo(symbol="BTCUSDT", type=kind, side=side, quantity=size, **more)
        case "show", [price, size]:
            futures.show("BTCUSDT", [[price, size]], [[int(str(price)) + 10, size]])
        case "mark", [price]:
            futures.mark("BTCUSDT", price)
        case "cancel", []:
            for order in list(futures.account().open_orders.values())[:1]:
                futures.cancel(order)


def check(venue: Binance, futures: Futures) -> None:
    account = futures.account()
    profits = sum(Decimal(row["realizedPnl"]) - Decimal(row["commission"]) for row in account.trades)
    assert account.wallet["USDT"] == 30_000 + profits
    signed = [Decimal(row["qty"]) * (1 if row["buyer"] else -1) for row in account.trades]
    assert account.position("BTCUSDT", "BOTH").amount == sum(signed)
    facts = [(fact.trade_id, fact.qty, fact.price) for fact in venue.executed.of("trade")]
    assert facts == [(row["id"], row["qty"], row["price"]) for row in account.trades]
    assert not any(order.ended or not order.remaining for order in account.open_orders.values())
    market = futures.exchange.prices["BTCUSDT"]
    bid, ask = max((p for p, _ in market.bids), default=0), min((p for p, _ in market.asks), default=10**9)
    for order in account.open_orders.values():
        assert order.price < ask if order.side == "BUY" else order.price > bid, "nothing rests that could trade"
    reducing = [order for order in account.open_orders.values() if order.reduce_only]
    assert sum(order.remaining for order in reducing) <= abs(account.position("BTCUSDT", "BOTH").amount)
