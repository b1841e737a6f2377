"""The matching engine: what holds for any sequence of quotes and requests, then its rules one by one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import START
from tests.trading.executors.contract import INSTRUMENT, SYMBOL, make_order, quote_of
from trading.errors import VenueRefused
from trading.executors.paper_funds import Fees
from trading.executors.paper_ledger import Outcome
from trading.executors.paper_venue import PaperVenue
from trading.instruments import ZERO, Instrument, Money, Settlement, Side, Symbol
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order
from trading.ports import Accepted, Amended, Approved, Canceled, Expired, Filled, Rejected, Report, Triggered
from trading.quotes import Level, Quote

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
LINEAR = msgspec.structs.replace(INSTRUMENT, settlement=Settlement.LINEAR)
FEES = Fees(D("0.001"), D("0.002"))
FUNDS = {"USDT": D(1000), "BTC": D(3), "BNB": D("0.05")}
BNB = Quote(Symbol("BNB/USDT"), (Level(D(600), D(9)),), (Level(D(602), D(9)),), D(600), START)

# --- properties ------------------------------------------------------------------------------

tick = st.integers(-300, 300)
sizes = st.integers(1, 40)
quotes = st.tuples(
    st.just("quote"),
    st.integers(9000, 11000),
    st.integers(1, 5),
    st.lists(sizes, max_size=3),
    st.lists(sizes, max_size=3),
)
places = st.tuples(
    st.just("place"),
    st.sampled_from(["single", "single", "oco", "bracket"]),
    st.sampled_from(Side),
    st.sampled_from(OrderType),
    sizes,
    tick,
    st.integers(1, 300),
    st.sampled_from(TimeInForce),
    st.booleans(),
    st.booleans(),
)
others = st.tuples(st.sampled_from(["cancel", "amend"]), st.integers(0, 9), sizes, tick)
scripts = st.lists(
    st.one_of(quotes, quotes, places, places, others, st.tuples(st.just("again"))), min_size=1, max_size=30
)
worlds = st.tuples(st.sampled_from([INSTRUMENT, LINEAR]), st.sampled_from(["quote", "received", "BNB"]))


def found(world: tuple[Instrument, str], state: dict[str, str] | None = None) -> PaperVenue:
    instrument, fee_currency = world
    funds = [Money(amount, currency) for currency, amount in FUNDS.items()]
    venue = PaperVenue({SYMBOL: instrument}, funds, FEES, fee_currency=fee_currency, leverage=D(3), state=state)
    venue.on_quote(BNB)
    return venue


@dataclass
class Player:
    """Turns a script into requests; what it asks depends on the script alone, not on the venue."""

    world: tuple[Instrument, str]
    mid: int = 10000
    second: int = 0
    asked: list[Order] = field(default_factory=list)
    quote: Quote = field(default_factory=lambda: quote_of("99.99x2", "100.01x2"))

    def request(self, step: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        self.second += 1
        at = START + timedelta(seconds=self.second)
        match step:
            case ("quote", mid, half, bids, asks):
                self.mid = mid
                self.quote = Quote(
                    SYMBOL, _ladder(mid - half, -1, bids), _ladder(mid + half, 1, asks), D(mid) / 100, at
                )
                return "on_quote", (self.quote,)
            case ("again",):
                return "on_quote", (self.quote,)
            case ("place", *terms):
                return "place", (self._approved(*terms), at)
            case (name, index, size, offset):
                order = self.asked[index % len(self.asked)] if self.asked else make_order("none", BUY, "1")
                price = _price(self.mid + offset)
                return name, (order.id, at) if name == "cancel" else (order.id, D(size) / 10, price, price, at)
        raise AssertionError(step)

    def _approved(self, *terms: Any) -> Approved:
        kind, side, type, size, offset, gap, tif, post, reduce = terms
        number = len(self.asked)
        quantity = str(D(size) / 10)
        price, stop = _price(self.mid + offset), _price(self.mid + offset + side.sign * gap)
        flags: dict[str, Any] = {"post_only": post and type is LIMIT, "reduce_only": reduce}
        flags |= {"time_in_force": tif, "limit_price": price, "stop_price": stop, "trail": Trail(D(gap) / 100)}
        made = [make_order(f"id{number}", side, quantity, type, **flags)]
        if kind != "single":
            leg = side if kind == "oco" else side.opposite
            tie: dict[str, Any] = {"group": f"g{number}", "trail": Trail(D(gap) / 100), "reduce_only": reduce}
            target, stop = _price(self.mid - leg.sign * gap), _price(self.mid + leg.sign * gap)
            kinds = [STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP]
            pair = [
                make_order(f"id{number}t", leg, quantity, LIMIT, limit_price=target, **tie),
                make_order(f"id{number}s", leg, quantity, kinds[offset % 3], stop_price=stop, limit_price=price, **tie),
            ]
            made = pair if kind == "oco" else [*made, *pair]
        self.asked += made
        return Approved(made[0], (), tuple(made[1:]))


def _price(ticks: int) -> Decimal:
    return D(ticks) / 100


def _ladder(best: int, direction: int, amounts: Sequence[int]) -> tuple[Level, ...]:
    return tuple(Level(_price(best + direction * 7 * i), D(amount) / 10) for i, amount in enumerate(amounts))


def call(venue: PaperVenue, name: str, arguments: tuple[Any, ...]) -> Outcome | str:
    try:
        answer: Outcome = getattr(venue, name)(*arguments)
    except VenueRefused as why:
        return f"{why.code} {why}"
    return answer


class Auditor:
    """Keeps its own accounts from what was asked, shown and told, and knows nothing of the engine."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.money: dict[str, Decimal] = defaultdict(Decimal, FUNDS)
        self.position = ZERO
        self.orders: dict[str, Order] = {}
        self.quantity: dict[str, Decimal] = {}
        self.filled: dict[str, Decimal] = defaultdict(Decimal)
        self.life: dict[str, list[str]] = defaultdict(list)
        self.limit: dict[str, Decimal | None] = {}
        self.had: list[tuple[Side, Decimal, Decimal]] = []  # of the present quote
        self.trade_ids: set[str] = set()

    def place(self, approved: Approved) -> None:
        for order in (approved.order, *approved.legs):
            self.orders[order.id] = order
            self.quantity[order.id] = order.quantity
            self.limit[order.id] = order.limit_price if "LIMIT" in order.type else None

    def hear(self, reports: Sequence[Report], quote: Quote) -> None:
        for report in reports:
            order_id = getattr(report, "order_id", "")
            kind = type(report).__name__
            life = self.life[order_id]
            if kind in ("Accepted",):
                assert life == []
            if isinstance(report, Filled | Triggered | Canceled | Expired | Amended):
                assert life, kind
                assert life[-1] not in ("Canceled", "Expired", "Rejected"), (life, kind)
            if kind != "CancelRefused":
                life.append(kind)
            if isinstance(report, Amended):
                self.quantity[order_id] = report.quantity
                self.limit[order_id] = report.limit_price
            if isinstance(report, Filled):
                self.trade(report, self.orders[order_id], quote)

    def trade(self, fill: Filled, order: Order, quote: Quote) -> None:
        assert fill.quantity > 0
        assert fill.quantity % self.instrument.step == 0
        assert fill.trade_id not in self.trade_ids
        self.trade_ids.add(fill.trade_id)
        self.filled[order.id] += fill.quantity
        assert self.filled[order.id] <= self.quantity[order.id]
        self.had.append((order.side, fill.price, fill.quantity))
        sign = order.side.sign
        shown = quote.taker(order.side)
        # the market showed this price, or a better one to a resting limit
        assert fill.price in [level.price for level in shown] or (
            fill.maker and sign * (fill.price - shown[0].price) >= 0
        )
        limit = self.limit[order.id]
        assert limit is None or sign * (limit - fill.price) >= 0
        assert not fill.maker or fill.price == limit
        if order.type in (STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP):
            assert "Triggered" in self.life[order.id]
        if order.reduce_only and self.instrument.settlement is Settlement.LINEAR:
            assert abs(self.position + sign * fill.quantity) < abs(self.position)
        self.position += sign * fill.quantity
        self.money["USDT"] -= sign * fill.quantity * fill.price
        self.money[fill.fee.currency] -= fill.fee.amount

    def check_depth(self, quote: Quote) -> None:
        """At any price and better, we had no more than was shown there."""
        for side in Side:
            for edge in {price for taken, price, _ in self.had if taken is side}:
                had = sum(q for taken, price, q in self.had if taken is side and side.sign * (edge - price) >= 0)
                shown = sum(lv.quantity for lv in quote.taker(side) if side.sign * (edge - lv.price) >= 0)
                assert had <= shown

    def check_money(self, venue: PaperVenue) -> None:
        kept = {money.currency: money.amount for money in venue.balances()}
        if self.instrument.settlement is Settlement.SPOT:
            assert kept == {**self.money, "BTC": self.money["BTC"] + self.position}
            assert min(kept.values()) >= 0
            assert min(venue.free(currency) for currency in FUNDS) >= 0
        else:
            assert venue.positions().get(SYMBOL, ZERO) == self.position
            assert {c: a for c, a in kept.items() if c != "USDT"} == {c: self.money[c] for c in kept if c != "USDT"}
            if not self.position:  # nothing is left at cost: cash is what was paid and received
                assert abs(kept["USDT"] - self.money["USDT"]) <= D("1e-15") * len(self.trade_ids)

    def check_orders(self, venue: PaperVenue) -> None:
        """The venue has each order as its reports left it."""
        ends = {"Canceled": "canceled", "Expired": "expired", "Rejected": "rejected"}
        for order_id, life in self.life.items():
            shown = venue.find(order_id)
            if not life:  # only a cancel of it was refused
                continue
            assert shown is not None
            filled = self.filled[order_id]
            assert shown.status == ends.get(life[-1], "filled" if filled == shown.quantity else "open")
            assert (shown.filled_quantity, shown.quantity) == (filled, self.quantity[order_id])
            assert (shown.status == "open") == (shown in venue.open_orders())

    def check_pairs(self) -> None:
        groups = defaultdict(set)
        for order_id, amount in self.filled.items():
            order = self.orders[order_id]
            if order.group and amount:
                groups[order.group].add(order_id)
        assert all(len(filled) == 1 for filled in groups.values()), groups


@settings(max_examples=250, deadline=None)
@given(worlds, scripts, st.integers(0, 29))
def test_books_depth_prices_and_restarts_hold_for_any_script(
    world: tuple[Instrument, str], script: list[tuple[Any, ...]], restart_after: int
) -> None:
    venue, player, auditor = found(world), Player(world), Auditor(world[0])
    twin: PaperVenue | None = None
    saved: dict[str, str] = venue.snapshot()
    venue.on_quote(player.quote)
    for number, step in enumerate(script):
        before = player.quote
        name, arguments = player.request(step)
        if name == "place":
            auditor.place(arguments[0])
        if player.quote != before:
            auditor.had.clear()
        outcome = call(venue, name, arguments)
        if twin is not None:
            assert call(twin, name, arguments) == outcome  # the same future after a restart
        if isinstance(outcome, Outcome):
            saved |= {key: value for key, value in outcome.changes.items() if value is not None}
            auditor.hear(outcome.reports, player.quote)
        assert saved == venue.snapshot()  # what was told to be saved is everything
        auditor.check_depth(player.quote)
        auditor.check_money(venue)
        auditor.check_pairs()
        auditor.check_orders(venue)
        if number == restart_after:
            twin = found(world, dict(saved))
            twin.quotes |= venue.quotes
    if twin is not None:
        assert twin.snapshot() == saved
        assert twin.open_orders() == venue.open_orders()


@settings(max_examples=50, deadline=None)
@given(scripts)
def test_closing_a_linear_position_leaves_what_the_trades_say(script: list[tuple[Any, ...]]) -> None:
    world = (LINEAR, "quote")
    venue, player, auditor = found(world), Player(world), Auditor(LINEAR)
    venue.on_quote(player.quote)
    for step in script:
        name, arguments = player.request(step)
        if name == "place":
            auditor.place(arguments[0])
        outcome = call(venue, name, arguments)
        if isinstance(outcome, Outcome):
            auditor.hear(outcome.reports, player.quote)
    deep = quote_of("100x1000", "101x1000")
    auditor.hear(venue.on_quote(deep).reports, deep)
    for order in venue.open_orders():
        venue.cancel(order.order_id, START)
    held = venue.positions().get(SYMBOL, ZERO)
    if held:
        last = make_order("last", SELL if held > 0 else BUY, str(abs(held)), MARKET, reduce_only=True)
        auditor.place(Approved(last, ()))
        auditor.hear(venue.place(Approved(last, ()), START).reports, deep)
    assert auditor.position == 0
    auditor.check_money(venue)


# --- one by one ------------------------------------------------------------------------------


def opened(
    instrument: Instrument = INSTRUMENT, bids: str = "100x5 99x5", asks: str = "101x5 102x5", **options: Any
) -> PaperVenue:
    funds = [Money(amount, currency) for currency, amount in (options.pop("funds", None) or FUNDS).items()]
    venue = PaperVenue({SYMBOL: instrument}, funds, options.pop("fees", FEES), **options)
    venue.on_quote(quote_of(bids, asks))
    return venue


def place(
    venue: PaperVenue, order_id: str, side: Side, quantity: str, type: OrderType = MARKET, **more: Any
) -> Outcome:
    legs = more.pop("legs", ())
    return venue.place(Approved(make_order(order_id, side, quantity, type, **more), (), tuple(legs)), START)


def show(venue: PaperVenue, bids: str, asks: str, second: int = 1) -> Sequence[Report]:
    quote = quote_of(bids, asks)
    return venue.on_quote(msgspec.structs.replace(quote, at=START + timedelta(seconds=second))).reports


def trades(reports: Sequence[Report]) -> list[tuple[str, Decimal, Decimal]]:
    return [(r.order_id, r.quantity, r.price) for r in reports if isinstance(r, Filled)]


def money(venue: PaperVenue) -> dict[str, Decimal]:
    return {kept.currency: kept.amount for kept in venue.balances()}


def refusal(outcome: Outcome) -> Rejected:
    [report] = outcome.reports
    assert isinstance(report, Rejected)
    return report


def test_a_fee_in_the_quote_currency_leaves_the_round_quantity() -> None:
    venue = opened()
    place(venue, "a", BUY, "2")  # 202, and 0.2 % of it
    assert money(venue)["BTC"] == FUNDS["BTC"] + 2
    assert money(venue)["USDT"] == FUNDS["USDT"] - 202 - D("0.404")


def test_a_fee_in_what_is_received() -> None:
    venue = opened(fee_currency="received")
    place(venue, "a", BUY, "2")
    assert money(venue) == {"USDT": FUNDS["USDT"] - 202, "BTC": D(3) + 2 - D("0.004"), "BNB": FUNDS["BNB"]}
    place(venue, "b", SELL, "1")  # 100, less 0.2 %
    assert money(venue)["USDT"] == FUNDS["USDT"] - 202 + 100 - D("0.2")


def test_a_fee_in_a_third_asset_while_it_lasts() -> None:
    venue = opened(fee_currency="BNB", funds={"USDT": D(1000), "BNB": D("0.001")})
    venue.on_quote(BNB)
    [_, first] = place(venue, "a", BUY, "2").reports  # 0.404 USDT at 601
    assert isinstance(first, Filled)
    assert first.fee.currency == "BNB"
    assert ZERO <= first.fee.amount - D("0.404") / 601 < D("1e-17")
    [_, second] = place(venue, "b", BUY, "2").reports  # a second one would be more than is held
    assert isinstance(second, Filled)
    assert second.fee == Money(D("0.004"), "BTC")
    assert money(venue)["BNB"] == D("0.001") - first.fee.amount


def test_a_third_asset_without_a_price_is_not_used() -> None:
    venue = opened(fee_currency="BNB")
    [_, fill] = place(venue, "a", SELL, "1").reports
    assert isinstance(fill, Filled)
    assert fill.fee == Money(D("0.2"), "USDT")


def test_makers_pay_the_maker_rate() -> None:
    venue = opened()
    place(venue, "a", SELL, "1", LIMIT, limit_price="110")
    [fill] = show(venue, "111x5", "112x5")
    assert isinstance(fill, Filled)
    assert (fill.fee, fill.maker) == (Money(D("0.11"), "USDT"), True)


@pytest.mark.parametrize(
    ("code", "quantity", "more"),
    [
        ("LOT_SIZE", "0.0005", {}),
        ("LOT_SIZE", "1.0005", {}),
        ("LOT_SIZE", "0", {}),
        ("LOT_SIZE", "1001", {}),
        ("NOTIONAL", "0.049", {}),
        ("NOTIONAL", "0.05", {"type": LIMIT, "limit_price": "99.99"}),
        ("PRICE_FILTER", "1", {"type": LIMIT, "limit_price": "99.995"}),
        ("PRICE_FILTER", "1", {"type": STOP, "stop_price": "105.001"}),
        ("PRICE_FILTER", "1", {"side": SELL, "type": OrderType.TRAILING_STOP, "trail": Trail(D(100))}),
        ("INSUFFICIENT_FUNDS", "10", {}),
        ("INSUFFICIENT_FUNDS", "3.001", {"side": SELL}),
        ("BAD_ORDER", "1", {"type": LIMIT}),
        ("BAD_ORDER", "1", {"type": LIMIT, "limit_price": "90", "post_only": True, "time_in_force": TimeInForce.IOC}),
        ("WOULD_TAKE", "1", {"type": LIMIT, "limit_price": "101", "post_only": True}),
        ("WOULD_TRIGGER", "1", {"type": STOP, "stop_price": "101"}),
        ("WOULD_TRIGGER", "1", {"type": OrderType.TAKE_PROFIT, "stop_price": "101"}),
        ("REDUCE_ONLY", "1", {"reduce_only": True}),
        ("UNKNOWN_SYMBOL", "1", {"symbol": "DOGE/USDT"}),
    ],
)
def test_each_rule_refuses_under_its_code(code: str, quantity: str, more: dict[str, Any]) -> None:
    venue = opened()
    terms = {"side": BUY, "type": MARKET, **more}
    outcome = place(venue, "a", quantity=quantity, **terms)
    assert refusal(outcome).code == code
    assert money(venue) == FUNDS
    kept = venue.find("a")
    assert kept is not None
    assert (kept.status, kept.reason) == ("rejected", refusal(outcome).reason)


def test_a_refusal_says_the_numbers() -> None:
    venue = opened()
    assert "0.001" in refusal(place(venue, "a", BUY, "0.0005")).reason
    broke = refusal(place(venue, "b", BUY, "10")).reason  # 5 at 101, 5 at 102, and 0.2 %
    assert "1017.03 USDT" in broke
    assert "1000 is free" in broke


def test_nothing_is_taken_before_a_price_was_seen() -> None:
    venue = PaperVenue({SYMBOL: INSTRUMENT}, [Money(D(100), "USDT")])
    assert refusal(place(venue, "a", BUY, "0.1")).code == "NO_PRICE"
    venue.on_quote(quote_of("100x1", ""))  # nobody sells
    assert refusal(place(venue, "b", BUY, "0.1")).code == "NO_PRICE"


def test_open_orders_reserve_their_funds_until_they_end() -> None:
    venue = opened()
    place(venue, "a", BUY, "5", LIMIT, limit_price="100")  # 500, and 0.2 %
    assert venue.free("USDT") == 1000 - 501
    assert refusal(place(venue, "b", BUY, "5", LIMIT, limit_price="100")).code == "INSUFFICIENT_FUNDS"
    venue.cancel("a", START)
    assert venue.free("USDT") == 1000
    assert place(venue, "c", BUY, "5", LIMIT, limit_price="100").reports == (Accepted("c", "O3"),)


def test_a_pair_reserves_once() -> None:
    venue = opened()
    stop = make_order("s", SELL, "3", STOP, stop_price="90", group="g")
    reports = place(venue, "t", SELL, "3", LIMIT, limit_price="110", group="g", legs=[stop]).reports
    assert [type(r) for r in reports] == [Accepted, Accepted]
    assert venue.free("BTC") == 0


def test_a_market_order_stops_where_the_money_ends() -> None:
    venue = opened(fees=Fees(ZERO, ZERO), asks="100x5")
    place(venue, "a", BUY, "9")
    reports = show(venue, "149x9", "150x9")  # 500 left: 3.333 at 150
    assert trades(reports) == [("a", D("3.333"), D(150))]
    assert isinstance(reports[-1], Expired)
    assert "INSUFFICIENT_FUNDS" in reports[-1].reason
    assert money(venue)["USDT"] == D("0.05")


def test_a_stop_that_gaps_beyond_the_money_buys_what_it_can() -> None:
    venue = opened(fees=Fees(ZERO, ZERO))
    place(venue, "a", BUY, "9", STOP, stop_price="110")
    reports = show(venue, "199x9", "200x9")
    assert trades(reports) == [("a", D(5), D(200))]
    assert type(reports[-1]) is Expired


def test_the_better_price_goes_first_then_the_older() -> None:
    venue = opened()
    for order_id, price in (("old", "98"), ("new", "98"), ("better", "99")):
        place(venue, order_id, BUY, "1", LIMIT, limit_price=price)
    assert [order_id for order_id, _, _ in trades(show(venue, "90x5", "91x1.5"))] == ["better", "old"]


def test_an_id_may_be_used_again_once_its_order_has_ended() -> None:
    venue = opened()
    place(venue, "a", BUY, "1", LIMIT, limit_price="90")
    with pytest.raises(VenueRefused) as refused:
        place(venue, "a", BUY, "1")
    assert refused.value.code == "DUPLICATE_ORDER"
    venue.cancel("a", START)
    assert [type(r) for r in place(venue, "a", BUY, "1").reports] == [Accepted, Filled]
    found_again = venue.find("a")
    assert found_again is not None
    assert (found_again.status, found_again.venue_order_id) == ("filled", "O2")


def test_numbers_go_on_after_a_restart() -> None:
    venue = opened()
    place(venue, "a", BUY, "1")
    again = PaperVenue({SYMBOL: INSTRUMENT}, [Money(D(5), "USDT")], FEES, state=venue.snapshot())
    assert money(again) == money(venue)  # the funds are those kept, not those of the settings
    again.on_quote(quote_of("100x5", "101x5"))
    accepted, fill = place(again, "b", SELL, "1").reports
    assert accepted == Accepted("b", "O2")
    assert isinstance(fill, Filled)
    assert fill.trade_id == "T2"


def test_a_quote_costs_nothing_while_nothing_is_open() -> None:
    venue = opened()
    place(venue, "a", BUY, "1")
    assert not venue.watches(SYMBOL)
    assert venue.on_quote(quote_of("90x1", "91x1")) == ((), {})


def test_a_quote_that_changes_nothing_saves_nothing() -> None:
    venue = opened()
    place(venue, "a", BUY, "1", LIMIT, limit_price="90")
    place(venue, "b", SELL, "1", OrderType.TRAILING_STOP, trail=Trail(D(5)))
    assert venue.on_quote(quote_of("99x1", "100x1")) == ((), {})
    assert set(venue.on_quote(quote_of("103x1", "104x1")).changes) == {"order/O2", "counters"}  # its mark


def test_a_trailing_stop_keeps_its_mark_over_a_restart() -> None:
    venue = opened()
    place(venue, "a", SELL, "1", OrderType.TRAILING_STOP, trail=Trail(D(5)))
    show(venue, "120x5", "121x5")
    again = PaperVenue({SYMBOL: INSTRUMENT}, (), FEES, state=venue.snapshot())
    assert trades(show(again, "115.01x5", "116x5", 2)) == []
    assert trades(show(again, "115x5", "116x5", 3)) == [("a", D(1), D(115))]


def test_orders_of_what_is_no_longer_offered_expire() -> None:
    venue = opened()
    place(venue, "a", BUY, "1", LIMIT, limit_price="90")
    again = PaperVenue({}, (), FEES, state=venue.snapshot())
    [report] = again.delist(START).reports
    assert isinstance(report, Expired)
    assert again.open_orders() == []


def bracket(order_id: str, side: Side, quantity: str, target: str, stop: str) -> list[Order]:
    tie = {"parent_id": order_id, "group": f"{order_id} legs"}
    return [
        make_order(f"{order_id}:tp", side.opposite, quantity, LIMIT, limit_price=target, **tie),
        make_order(f"{order_id}:sl", side.opposite, quantity, STOP, stop_price=stop, **tie),
    ]


def test_a_bracket_on_a_market_entry_is_live_at_once() -> None:
    venue = opened()
    reports = place(venue, "e", BUY, "1", legs=bracket("e", BUY, "1", "110", "90")).reports
    assert [type(r) for r in reports] == [Accepted, Accepted, Accepted, Filled]
    assert trades(show(venue, "89x5", "90x5")) == [("e:sl", D(1), D(89))]
    assert money(venue)["BTC"] == FUNDS["BTC"]


def test_legs_are_no_larger_than_what_the_entry_brought() -> None:
    venue = opened(fee_currency="received", funds={"USDT": D(1000)})
    reports = place(venue, "e", BUY, "1", legs=bracket("e", BUY, "1", "110", "90")).reports
    assert [r.quantity for r in reports if isinstance(r, Amended)] == [D("0.998"), D("0.998")]
    assert trades(show(venue, "111x5", "112x5")) == [("e:tp", D("0.998"), D(110))]
    assert money(venue)["BTC"] == 0


def test_legs_go_when_the_entry_expires_partly_filled() -> None:
    venue = opened(asks="101x0.5")
    reports = place(
        venue, "e", BUY, "1", time_in_force=TimeInForce.IOC, legs=bracket("e", BUY, "1", "110", "90")
    ).reports
    assert [(r.order_id, r.reason) for r in reports if isinstance(r, Canceled)] == [
        ("e:tp", "ENTRY expired"),
        ("e:sl", "ENTRY expired"),
    ]
    assert venue.open_orders() == []


@pytest.mark.parametrize("first", ["target", "stop"])
def test_a_stop_leg_that_is_already_through_triggers_when_it_is_placed(first: str) -> None:
    venue = opened(asks="101x5", bids="100x9")
    legs = bracket("e", BUY, "1", "110", "90")
    legs = legs if first == "target" else legs[::-1]
    place(venue, "e", BUY, "1", LIMIT, limit_price="95", legs=legs)
    reports = show(venue, "89x5", "94x5")
    assert venue.open_orders() == []
    assert trades(reports) == [("e", D(1), D(95)), ("e:sl", D(1), D(89))]
    assert [r.order_id for r in reports if isinstance(r, Canceled)] == ["e:tp"]
    target = venue.find("e:tp")
    assert target is not None
    assert target.status == "canceled"


def test_a_stop_limit_leg_cancels_its_sibling_when_it_triggers() -> None:
    venue = opened()
    stop = make_order("s", SELL, "1", OrderType.STOP_LIMIT, stop_price="95", limit_price="94", group="g")
    place(venue, "t", SELL, "1", LIMIT, limit_price="110", group="g", legs=[stop])
    reports = show(venue, "90x5", "91x5")
    assert reports == (Triggered("s"), Canceled("t", "OCO"))


@pytest.mark.parametrize(
    ("code", "first", "second"),
    [
        ("OCO_BAD_PRICES", {"limit_price": "99"}, {"stop_price": "95"}),  # the target would fill at once
        ("OCO_BAD_PRICES", {"limit_price": "110"}, {"stop_price": "111", "side": BUY}),
        ("BAD_LIST", {"limit_price": "110"}, {"type": LIMIT, "limit_price": "120"}),
        ("BAD_LIST", {"limit_price": "110"}, {"type": MARKET}),
        ("WOULD_TRIGGER", {"limit_price": "110"}, {"stop_price": "100"}),
    ],
)
def test_a_pair_that_is_none_is_refused_whole(code: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    venue = opened()
    terms = {"side": SELL, "type": STOP, **second}
    side = BUY if second.get("side") is BUY else SELL
    price = {"limit_price": "115"} if side is BUY else first
    leg = make_order("s", terms.pop("side"), "1", terms.pop("type"), group="g", **terms)
    reports = place(venue, "t", side, "1", LIMIT, group="g", legs=[leg], **price).reports
    assert [(r.order_id, r.code) for r in reports if isinstance(r, Rejected)] == [("t", code), ("s", code)]
    assert venue.open_orders() == []


def test_an_amended_leg_must_stay_on_its_side_of_the_other() -> None:
    venue = opened()
    place(venue, "e", BUY, "1", LIMIT, limit_price="95", legs=bracket("e", BUY, "1", "110", "90"))
    with pytest.raises(VenueRefused) as refused:
        venue.amend("e:sl", D(1), None, D(111), START)
    assert refused.value.code == "OCO_BAD_PRICES"
    [report] = venue.amend("e:sl", D(1), None, D(92), START).reports
    assert isinstance(report, Amended)
    assert report.stop_price == 92


def test_profit_and_loss_of_a_linear_position() -> None:
    venue = opened(LINEAR, fees=Fees(ZERO, ZERO), leverage=D(5))
    place(venue, "a", BUY, "4")  # at 101
    show(venue, "111x50", "112x50")
    place(venue, "b", SELL, "1")
    assert money(venue)["USDT"] == 1000 + 10
    place(venue, "c", SELL, "5")  # closes 3 and turns 2 short at 111
    assert money(venue)["USDT"] == 1000 + 10 + 30
    assert venue.positions() == {SYMBOL: D(-2)}
    show(venue, "99x50", "101x50", 2)
    place(venue, "d", BUY, "2")
    assert money(venue)["USDT"] == 1040 + 20
    assert venue.positions() == {}


def test_the_contract_size_multiplies_profit_and_fees() -> None:
    lots = msgspec.structs.replace(LINEAR, multiplier=D(10))
    venue = opened(lots, leverage=D(5), fees=Fees(ZERO, D("0.001")))
    place(venue, "a", BUY, "1")
    show(venue, "103x5", "104x5")
    place(venue, "b", SELL, "1")  # 2 * 10, less 1.01 and 1.03
    assert money(venue)["USDT"] == 1000 + 20 - D("2.04")


def test_the_leverage_cap_counts_open_orders_and_never_stops_a_reduction() -> None:
    venue = opened(LINEAR, leverage=D(2), fees=Fees(ZERO, ZERO), bids="100x500", asks="100.02x500")  # marks 100.01
    place(venue, "a", BUY, "10", LIMIT, limit_price="100")
    assert refusal(place(venue, "b", BUY, "10")).code == "INSUFFICIENT_FUNDS"
    assert [type(r) for r in place(venue, "c", BUY, "9").reports] == [Accepted, Filled]
    show(venue, "60x500", "60.02x500")  # 40 a unit lost on 19
    assert [type(r) for r in place(venue, "d", SELL, "5").reports] == [Accepted, Filled]
    assert refusal(place(venue, "e", BUY, "9")).code == "INSUFFICIENT_FUNDS"


def test_a_rising_market_does_not_eat_what_another_order_has_reserved() -> None:
    venue = opened(fees=Fees(ZERO, ZERO), asks="100x1")
    place(venue, "limit", BUY, "4", LIMIT, limit_price="99")  # 396 of 1000
    place(venue, "market", BUY, "6")  # 100 spent, 500 reserved for the rest
    reports = show(venue, "199x1", "200x1")
    assert venue.free("USDT") >= 0
    reports = show(venue, "98x50", "99x50", 2)
    assert {order_id: quantity for order_id, quantity, _ in trades(reports)} == {"market": D("3.070"), "limit": D(4)}


def test_a_stop_that_filled_dearer_than_it_reckoned_leaves_the_reserves_of_others_alone() -> None:
    venue = opened(fees=Fees(ZERO, ZERO))
    place(venue, "limit", BUY, "4", LIMIT, limit_price="99")  # 396 of 1000
    place(venue, "stop", BUY, "5", STOP, stop_price="110")  # 550
    reports = show(venue, "199x1", "200x2")  # 400 of its 550
    assert trades(reports) == [("stop", D(2), D(200))]
    assert venue.free("USDT") == 1000 - 396 - 400 - 150
    reports = show(venue, "199x1", "200x2", 2)  # 204 is not reserved for the limit: 1.02 at 200, and no more
    assert trades(reports) == [("stop", D("1.020"), D(200))]
    assert isinstance(reports[-1], Expired)
    assert trades(show(venue, "98x50", "99x50", 3)) == [("limit", D(4), D(99))]


def test_canceling_a_leg_that_waits_cancels_the_entry_too() -> None:
    venue = opened()
    place(venue, "e", BUY, "1", LIMIT, limit_price="95", legs=bracket("e", BUY, "1", "110", "90"))
    reports = venue.cancel("e:sl", START).reports
    assert [(r.order_id, r.reason) for r in reports if isinstance(r, Canceled)] == [
        ("e:sl", ""),
        ("e:tp", "OCO"),
        ("e", "LIST"),
    ]
