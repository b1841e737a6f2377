"""One account of the spot exchange: balances, holds, commissions, and what it has traded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tests.emulators.binance import codes
from tests.emulators.binance.money import ZERO, rounded
from tests.emulators.binance.orders import Hold, Order, Trade


@dataclass
class Rates:
    """Commission rates of one kind (commission_faq.md): maker or taker, plus buyer or seller."""

    maker: Decimal = ZERO
    taker: Decimal = ZERO
    buyer: Decimal = ZERO
    seller: Decimal = ZERO

    def of(self, maker: bool, buyer: bool) -> Decimal:
        """The rate of one trade."""
        return (self.maker if maker else self.taker) + (self.buyer if buyer else self.seller)


@dataclass
class Commission:
    """What an account pays. `pay_in_bnb` needs BNB; `discount` multiplies the standard rates then."""

    standard: Rates = field(default_factory=lambda: Rates(maker=Decimal("0.001"), taker=Decimal("0.001")))
    special: Rates = field(default_factory=Rates)
    tax: Rates = field(default_factory=Rates)
    pay_in_bnb: bool = False
    discount: Decimal = Decimal("0.75")


@dataclass
class Prevented:
    """One prevented match (a row of myPreventedMatches)."""

    match_id: int
    symbol: str
    taker_id: int
    maker_id: int
    mode: str
    price: Decimal
    taker_qty: Decimal | None
    maker_qty: Decimal | None
    time_ms: int


class Account:
    """An account; `changed` collects the assets that the next outboundAccountPosition must tell of."""

    def __init__(self, name: str, uid: int) -> None:
        self.name, self.uid = name, uid
        self.free: dict[str, Decimal] = {}
        self.locked: dict[str, Decimal] = {}
        self.commission = Commission()
        self.can_trade = True
        self.trade_group = -1
        self.trades: list[Trade] = []
        self.orders: dict[int, Order] = {}  # all of them, by id
        self.open: dict[int, Order] = {}
        self.prevented: list[Prevented] = []
        self.changed: dict[str, None] = {}
        self.update_ms = 0

    def balance(self, asset: str) -> Decimal:
        """Free and locked."""
        return self.free.get(asset, ZERO) + self.locked.get(asset, ZERO)

    def add(self, asset: str, amount: Decimal) -> None:
        """Change the free amount."""
        self.free[asset] = self.free.get(asset, ZERO) + amount
        assert self.free[asset] >= 0, f"{self.name} has spent {asset} it does not have"
        self.changed[asset] = None

    def lock(self, hold: Hold, amount: Decimal) -> None:
        """Make a hold this large, from the free amount or back to it. Refuses -2010 for want of funds."""
        more = amount - hold.amount
        if more > self.free.get(hold.asset, ZERO):
            raise codes.NEW_ORDER_REJECTED.refusal(codes.INSUFFICIENT_BALANCE)
        if more:
            self.add(hold.asset, -more)
            self._lock(hold, more)

    def spend(self, hold: Hold | None, asset: str, amount: Decimal) -> None:
        """Pay, from a hold as far as it goes, else from the free amount."""
        held = min(hold.amount, amount) if hold is not None and hold.asset == asset else ZERO
        if held and hold is not None:
            self._lock(hold, -held)
        if amount > held:
            self.add(asset, held - amount)
        self.changed[asset] = None

    def receive_held(self, hold: Hold, amount: Decimal) -> None:
        """Receive straight into a hold."""
        self._lock(hold, amount)
        self.changed[hold.asset] = None

    def fee(
        self, asset: str, received: Decimal, maker: bool, buyer: bool, bnb_price: Callable[[str], Decimal | None]
    ) -> tuple[Decimal, str]:
        """The commission of a trade that received so much, and its asset. `bnb_price` is BNB's price in an asset."""
        standard, other = self.commission.standard.of(maker, buyer), ZERO
        for rates in (self.commission.special, self.commission.tax):
            other += rates.of(maker, buyer)
        if self.commission.pay_in_bnb:
            price = Decimal(1) if asset == "BNB" else bnb_price(asset)
            if price:
                amount = rounded(received * (standard * self.commission.discount + other) / price)
                have = self.free.get("BNB", ZERO) + (received if asset == "BNB" else ZERO)
                if amount <= have:
                    return amount, "BNB"
        return rounded(received * (standard + other)), asset

    def _lock(self, hold: Hold, more: Decimal) -> None:
        hold.amount += more
        self.locked[hold.asset] = self.locked.get(hold.asset, ZERO) + more
        assert hold.amount >= 0, "a hold is never negative"
        assert self.locked[hold.asset] >= 0, "an account's holds are never negative"
