"""What holds for any sequence of quotes and requests, by accounts that are kept apart from the venue's."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import START
from tests.trading.executors.contract import SYMBOL, make_order, quote_of
from tests.trading.executors.paper.script import Player, call, found, scripts, worlds
from tests.trading.executors.paper.venue import BUY, FUNDS, LINEAR, MARKET, SELL, STOP, D
from trading.executors.paper.funds import Lending
from trading.executors.paper.ledger import Outcome
from trading.executors.paper.venue import PaperVenue
from trading.instruments import ZERO, Instrument, Settlement, Side
from trading.intent import OrderType
from trading.order import Order
from trading.ports import Approved
from trading.quotes import Quote
from trading.reports import Amended, Canceled, CloseOut, Expired, Filled, Report, Triggered


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
            if isinstance(report, Filled) and report.closed_out is not None:
                self.close_out(report, report.closed_out, quote)
                continue
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

    def close_out(self, fill: Filled, closed: CloseOut, quote: Quote) -> None:
        """All of the position at a price that was shown, or at the middle of a market without that side."""
        assert fill.trade_id not in self.trade_ids
        self.trade_ids.add(fill.trade_id)
        assert fill.quantity * closed.side.sign == -self.position
        assert fill.price in [level.price for level in quote.taker(closed.side)] or not quote.taker(closed.side)
        self.position = ZERO
        self.money["USDT"] -= closed.side.sign * fill.quantity * fill.price
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


@settings(max_examples=250)
@given(worlds, st.sampled_from([Lending(D(3)), Lending(D(20), D("0.03"))]), scripts, st.integers(0, 29))
def test_books_depth_prices_and_restarts_hold_for_any_script(
    world: tuple[Instrument, str], lending: Lending, script: list[tuple[Any, ...]], restart_after: int
) -> None:
    venue, player, auditor = found(world, lending=lending), Player(world), Auditor(world[0])
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
            twin = found(world, dict(saved), lending)
            twin.quotes |= venue.quotes
    if twin is not None:
        assert twin.snapshot() == saved
        assert twin.open_orders() == venue.open_orders()


@settings(max_examples=50)
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
