"""A paper venue of its own for each test: opened with known funds, shown depth and asked by hand."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tests.kit import START
from tests.trading.executors.contract import INSTRUMENT, SYMBOL, make_order, quote_of
from trading.executors.paper.funds import Fees
from trading.executors.paper.ledger import Outcome
from trading.executors.paper.venue import PaperVenue
from trading.instruments import Instrument, Money, Settlement, Side, Symbol
from trading.intent import OrderType
from trading.order import Order
from trading.ports import Approved
from trading.quotes import Level, Quote
from trading.reports import Filled, Rejected, Report

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
LINEAR = msgspec.structs.replace(INSTRUMENT, settlement=Settlement.LINEAR)
FEES = Fees(D("0.001"), D("0.002"))
NO_FEES = Fees(D(0), D(0))
FUNDS = {"USDT": D(1000), "BTC": D(3), "BNB": D("0.05")}
BNB = Quote(Symbol("BNB/USDT"), (Level(D(600), D(9)),), (Level(D(602), D(9)),), D(600), START)


def opened(
    instrument: Instrument = INSTRUMENT, bids: str = "100x5 99x5", asks: str = "101x5 102x5", **options: Any
) -> PaperVenue:
    """A venue with `FUNDS` and `FEES`, if nothing else is said, that has seen this depth."""
    funds = [Money(amount, currency) for currency, amount in (options.pop("funds", None) or FUNDS).items()]
    venue = PaperVenue({SYMBOL: instrument}, funds, options.pop("fees", FEES), **options)
    venue.on_quote(quote_of(bids, asks))
    return venue


def place(
    venue: PaperVenue, order_id: str, side: Side, quantity: str, type: OrderType = MARKET, **more: Any
) -> Outcome:
    """Place a MARKET order, if nothing else is said, with any `legs`."""
    legs = more.pop("legs", ())
    return venue.place(Approved(make_order(order_id, side, quantity, type, **more), (), tuple(legs)), START)


def show(venue: PaperVenue, bids: str, asks: str, second: int = 1) -> Sequence[Report]:
    """Show this depth, `second` seconds after the start; what is reported."""
    quote = quote_of(bids, asks)
    return venue.on_quote(msgspec.structs.replace(quote, at=START + timedelta(seconds=second))).reports


def trades(reports: Sequence[Report]) -> list[tuple[str, Decimal, Decimal]]:
    """(order id, quantity, price) of the fills."""
    return [(r.order_id, r.quantity, r.price) for r in reports if isinstance(r, Filled)]


def money(venue: PaperVenue) -> dict[str, Decimal]:
    return {kept.currency: kept.amount for kept in venue.balances()}


def refusal(outcome: Outcome) -> Rejected:
    """The one report there is, a refusal."""
    [report] = outcome.reports
    assert isinstance(report, Rejected)
    return report


def bracket(order_id: str, side: Side, quantity: str, target: str, stop: str) -> list[Order]:
    """The legs of the entry `order_id`, which is of this side: a target and a stop."""
    tie = {"parent_id": order_id, "group": f"{order_id} legs"}
    return [
        make_order(f"{order_id}:tp", side.opposite, quantity, LIMIT, limit_price=target, **tie),
        make_order(f"{order_id}:sl", side.opposite, quantity, STOP, stop_price=stop, **tie),
    ]
