"""A desk with one account, driven by hand."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tests.kit import BTC, ETH, HandClock, HandMarket, MemoryJournal
from trading import events as e
from trading.book import Book
from trading.errors import VenueRefused
from trading.instruments import Instrument, Money, Settlement, Side, Symbol
from trading.intent import AccountId, Mode, OrderType, TimeInForce
from trading.order import Order, OrderStatus
from trading.ports import Approved, Capabilities
from trading.risk.gate import Denied, RiskGate
from trading.risk.limits import LIMITS, Kind, Limits, Overrides, Value
from trading.risk.view import Funds
from trading.valuation import Valuation

D = Decimal
T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
DEMO = AccountId("demo", Mode.PAPER)
PERP = Instrument(
    symbol=Symbol("BTC/USDT:USDT"),
    base="BTC",
    quote="USDT",
    tick=D("0.1"),
    step=D("0.001"),
    min_quantity=D("0.001"),
    max_quantity=D(100),
    min_notional=D(5),
    max_notional=D(1000000),
    settlement=Settlement.LINEAR,
)
EURUSD = Instrument(
    symbol=Symbol("EURUSD"),
    base="EUR",
    quote="USD",
    tick=D("0.00001"),
    step=D("0.01"),
    min_quantity=D("0.01"),
    settlement=Settlement.LINEAR,
    multiplier=D(100000),
)
OFF: dict[str, Value] = {
    name: () if spec.kind is Kind.SYMBOLS else 0 if spec.kind in (Kind.COUNT, Kind.SECONDS) else D(0)
    for name, spec in LIMITS.items()
}
ALL = Capabilities(frozenset(OrderType), frozenset(TimeInForce), shorting=True)


def done(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, in a loop of its own: the property tests are not asynchronous."""
    return asyncio.run(work)


def off(**limits: Value) -> Limits:
    """These limits, and all others off."""
    return Limits(**(OFF | limits))  # type: ignore[arg-type]


class Desk:
    """100,000 USDT, BTC at 59,999 / 60,000, ETH at 2,999 / 3,000, the contract like BTC, EURUSD at 1.1."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        own: Overrides | None = None,
        timezone: str = "UTC",
        capabilities: Capabilities = ALL,
        balances: Sequence[Money] = (Money(D(100000), "USDT"),),
        currency: str = "USDT",
        stated: Mapping[str, Decimal] | None = None,
    ) -> None:
        self.clock = HandClock()
        self.journal = MemoryJournal()
        self.book = Book(self.journal, self.clock)
        self.market = HandMarket(self.clock, BTC, ETH, PERP, EURUSD)
        self.valuation = Valuation(self.book, {"demo": self.market}, currency, stated or {})
        self.unready = ""
        self.bounds: tuple[Decimal, Decimal] | None = None  # of limits at the venue, as shares of the price of now
        self.closed = ""  # when the market opens again
        self.margin: Funds | None = None  # what the venue says that an order takes
        self.gate = RiskGate(
            self.book,
            self.valuation,
            limits or off(),
            {"demo": own or {}},
            timezone,
            lambda account: capabilities,
            lambda account: self.unready,
            vet=self._vet,
            margin=lambda order: self.margin,
        )
        self.market.show("BTC/USDT", "59999", "60000")
        self.market.show("ETH/USDT", "2999", "3000")
        self.market.show("BTC/USDT:USDT", "59999", "60000")
        self.market.show("EURUSD", "1.09999", "1.1")
        self.record(e.AccountOpened("demo", Mode.PAPER, "paper", currency, tuple(balances)))
        for instrument in (BTC, ETH, PERP, EURUSD):
            self.record(e.InstrumentListed("demo", Mode.PAPER, instrument))
        self.count = 0

    def _vet(self, order: Order, reference: Decimal | None) -> None:
        if self.closed:
            raise VenueRefused("It is closed.", self.closed, code="MARKET_CLOSED")
        if self.bounds is None or order.limit_price is None:
            return
        least, most = (share * D(60000) for share in self.bounds)
        if not least <= order.limit_price <= most:
            raise VenueRefused("The price is too far from the market.", f"The nearest is {least}.")

    def record(self, *events: e.AnyEvent) -> None:
        done(self.book.write(*events))

    def sample(self, equity: str, day: str = "2026-01-05") -> None:
        """An equity sample, as the desk takes one every so often."""
        self.record(e.EquitySampled("demo", Mode.PAPER, D(equity), D(equity), D(0), day))

    def order(self, side: Side = Side.BUY, quantity: str = "0.01", symbol: str = "BTC/USDT", **fields: Any) -> Order:
        """An order before its verdict; a limit order if it has a limit and a market order if not."""
        self.count += 1
        fields = {name: D(value) if _is_price(name) else value for name, value in fields.items()}
        kind = OrderType.LIMIT if "limit_price" in fields else OrderType.MARKET
        now = self.clock.now()
        order_id = f"order{self.count}"
        defaults: dict[str, Any] = {
            "type": kind, "time_in_force": TimeInForce.GTC, "actor": "person:ana", "source": "web", "text": "",
        }  # fmt: skip
        return Order(
            id=order_id,
            key=order_id,
            account="demo",
            mode=Mode.PAPER,
            symbol=Symbol(symbol),
            side=side,
            quantity=D(quantity),
            status=OrderStatus.INITIALIZED,
            created_at=now,
            updated_at=now,
            **(defaults | fields),
        )

    def place(self, order: Order, filled: str = "0", price: str = "", fee: str = "0") -> Order:
        """Journal an order as sent and accepted, and a fill of it."""
        self.initialize(order)
        self.record(e.OrderSubmitted(order.id), e.OrderAccepted(order.id))
        if D(filled):
            self.fill(order, filled, price or str(order.limit_price or 60000), fee)
        return self.now(order)

    def initialize(self, order: Order) -> None:
        """Journal an order before its verdict."""
        same = {
            n: getattr(order, n) for n in e.OrderInitialized.__struct_fields__ if n not in ("order_id", "order_type")
        }
        self.record(e.OrderInitialized(order_id=order.id, order_type=order.type, **same))

    def fill(self, order: Order, quantity: str, price: str, fee: str = "0") -> None:
        trade, paid = f"t{self.journal.last_seq}", Money(D(fee), "USDT")
        self.record(e.OrderFilled(order.id, trade, D(quantity), D(price), paid, D(fee), self.clock.now()))

    def hold(self, quantity: str, symbol: str = "BTC/USDT", price: str = "60000") -> None:
        """A signed position, come by in the ordinary way."""
        side = Side.BUY if D(quantity) > 0 else Side.SELL
        self.place(self.order(side, str(abs(D(quantity))), symbol, actor="person:past"), str(abs(D(quantity))), price)

    def now(self, order: Order) -> Order:
        found = self.book.order(order.id)
        assert found is not None
        return found

    def judge(self, order: Order, *legs: Order, confirmed: bool = False) -> Approved | Denied:
        return self.gate.judge(order, legs, confirmed)


def _is_price(name: str) -> bool:
    return name in ("limit_price", "stop_price", "stop_loss", "take_profit")


def like(thing: S, **changes: Any) -> S:
    """The same with some fields changed."""
    return msgspec.structs.replace(thing, **changes)


def approved(verdict: Approved | Denied) -> Approved:
    assert isinstance(verdict, Approved), f"{verdict.code}: {verdict.reason}"
    assert all(finding.passed for finding in verdict.findings)
    return verdict


def denied(verdict: Approved | Denied, code: str) -> Denied:
    """Denied for this, in one line with what to do."""
    assert isinstance(verdict, Denied), f"approved, although {code} was expected"
    assert verdict.code == code, f"{verdict.code}: {verdict.reason}"
    first = next(finding for finding in verdict.findings if not finding.passed)
    assert (first.code, first.text, first.remedy) == (verdict.code, verdict.reason, verdict.remedy)
    assert verdict.remedy.endswith(".") or verdict.remedy.endswith("?")
    assert "{" not in verdict.reason + verdict.remedy
    assert "\n" not in verdict.reason + verdict.remedy
    return verdict
