"""What one account holds on USDT-M futures: wallet, positions, settings; and the margins that follow from them.

Source: developers.binance.com, derivatives / usds-margined-futures, "Account Information", "Position Information", and
the exchange's help pages on initial and maintenance margin and on the liquidation price. Cross margin in
single-asset mode; isolated margin simply: a position's own wallet grows and shrinks with its entry notional.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.emulators.binance.futures_contracts import Contract
from tests.emulators.binance.futures_orders import AlgoOrder, Order

ZERO = Decimal(0)
EIGHT = Decimal("0.00000001")
Mark = Callable[[str], Decimal]


def eight(value: Decimal) -> str:
    """An amount of money as the exchange writes it."""
    return f"{value:.8f}"


@dataclass
class Position:
    """One side of one symbol (`BOTH` in one-way mode); `amount` and `cost` (amount * entry) are negative when short."""

    symbol: str
    side: str
    amount: Decimal = ZERO
    cost: Decimal = ZERO
    fees: Decimal = ZERO  # paid since it was opened
    realized: Decimal = ZERO  # before fees, of this side's whole life
    isolated_wallet: Decimal = ZERO
    updated_ms: int = 0

    @property
    def entry(self) -> Decimal:
        """The average entry price; 0 when flat."""
        return self.cost / self.amount if self.amount else ZERO

    @property
    def break_even(self) -> Decimal:
        """The price at which closing would give back the fees paid so far."""
        return (self.cost + self.fees) / self.amount if self.amount else ZERO

    def unrealized(self, mark: Decimal) -> Decimal:
        return self.amount * mark - self.cost

    def trade(self, side: str, quantity: Decimal, price: Decimal, leverage: int, *, isolated: bool) -> Decimal:
        """Apply a trade and return its realised profit (before fees): average cost; a reversal splits at zero."""
        delta = quantity if side == "BUY" else -quantity
        closed, profit = ZERO, ZERO
        if self.amount * delta < 0:
            closed = min(abs(self.amount), quantity)
            sign = 1 if self.amount > 0 else -1
            profit = (closed * sign * price - self.cost * closed / abs(self.amount)).quantize(EIGHT)
            released = self.isolated_wallet * closed / abs(self.amount)
            self.cost -= self.cost * closed / abs(self.amount)
            self.amount -= closed * sign
            self.isolated_wallet -= released
            if not self.amount:
                self.cost = self.fees = self.isolated_wallet = ZERO
        opened = quantity - closed
        if opened:
            signed = opened if side == "BUY" else -opened
            self.amount += signed
            self.cost += signed * price
            self.isolated_wallet += (opened * price / leverage).quantize(EIGHT) if isolated else ZERO
        self.realized += profit
        return profit


@dataclass
class FuturesAccount:
    """One account. `may_trade` False: everything that opens is refused (-4088)."""

    name: str
    wallet: dict[str, Decimal] = field(default_factory=dict)
    dual: bool = False  # hedge mode
    multi_assets: bool = False
    maker: Decimal = Decimal("0.0002")
    taker: Decimal = Decimal("0.0005")
    may_trade: bool = True
    leverages: dict[str, int] = field(default_factory=dict)
    isolated: set[str] = field(default_factory=set)  # symbols in isolated margin
    positions: dict[tuple[str, str], Position] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)  # all, by the exchange's id
    open_orders: dict[int, Order] = field(default_factory=dict)
    algos: dict[int, AlgoOrder] = field(default_factory=dict)
    open_algos: dict[int, AlgoOrder] = field(default_factory=dict)
    trades: list[dict[str, Any]] = field(default_factory=list)  # as userTrades tells them
    incomes: list[dict[str, Any]] = field(default_factory=list)

    def leverage(self, symbol: str) -> int:
        return self.leverages.get(symbol, 20)

    def position(self, symbol: str, side: str) -> Position:
        """One side of a symbol, made when first asked for."""
        return self.positions.setdefault((symbol, side), Position(symbol, side))

    def sides(self, symbol: str) -> list[Position]:
        """The sides that the position mode shows."""
        return [self.position(symbol, side) for side in (("LONG", "SHORT") if self.dual else ("BOTH",))]

    def held(self) -> list[Position]:
        """The positions that are not flat."""
        return [position for position in self.positions.values() if position.amount]

    def cross_wallet(self, asset: str) -> Decimal:
        """The wallet without what isolated positions have taken."""
        taken = (
            sum((position.isolated_wallet for position in self.positions.values()), ZERO) if asset == "USDT" else ZERO
        )
        return self.wallet.get(asset, ZERO) - taken


class Margins:
    """The margins of one account at the present mark prices."""

    def __init__(self, account: FuturesAccount, contracts: dict[str, Contract], mark: Mark) -> None:
        self._account, self._contracts, self._mark = account, contracts, mark

    def position_initial(self, position: Position) -> Decimal:
        """Notional at the mark price / leverage."""
        if not position.amount:
            return ZERO
        notional = abs(position.amount) * self._mark(position.symbol)
        return notional / self._account.leverage(position.symbol)

    def maintenance(self, position: Position) -> Decimal:
        """`notional * ratio - cum` of the bracket the position stands in."""
        if not position.amount:
            return ZERO
        notional = abs(position.amount) * self._mark(position.symbol)
        bracket = self._contracts[position.symbol].bracket(notional)
        return notional * bracket.ratio - bracket.cum

    def unrealized(self, position: Position) -> Decimal:
        return position.unrealized(self._mark(position.symbol)) if position.amount else ZERO

    def notionals(self, symbol: str, side: str, more: Order | None = None) -> tuple[Decimal, Decimal]:
        """What open orders would buy and sell on a side (those that only reduce are left out)."""
        bids = asks = ZERO
        orders: Iterable[Order] = self._account.open_orders.values()
        for order in (*orders, more) if more is not None else orders:
            if order.symbol != symbol or order.position_side != side or order.reduce_only:
                continue
            value = order.remaining * order.margin_price
            if order.side == "BUY":
                bids += value
            else:
                asks += value
        return bids, asks

    def initial(self, symbol: str, more: Order | None = None) -> Decimal:
        """A symbol's initial margin with its open orders: the larger of what its bids and its asks would leave."""
        found = ZERO
        for position in self._account.sides(symbol):
            bids, asks = self.notionals(symbol, position.side, more)
            value = position.amount * self._mark(symbol) if position.amount else ZERO
            if position.side == "LONG":
                worst = value + bids
            elif position.side == "SHORT":
                worst = abs(value) + asks
            else:
                worst = max(abs(value + bids), abs(value - asks))
            found += worst / self._account.leverage(symbol)
        return found

    def symbols(self) -> set[str]:
        held = {position.symbol for position in self._account.held()}
        return held | {order.symbol for order in self._account.open_orders.values()}

    def available(self, asset: str = "USDT", more: Order | None = None) -> Decimal:
        """`availableBalance`; with `more`, what would be left if that order were open too (may be negative)."""
        account = self._account
        left = account.cross_wallet(asset)
        if asset != "USDT":
            return left
        symbols = self.symbols() | ({more.symbol} if more is not None else set())
        for symbol in symbols:
            extra = more if more is not None and more.symbol == symbol else None
            left -= self.initial(symbol, extra)
            for position in account.sides(symbol):
                # An isolated position has its margin in its own wallet already, and its profit stays there.
                left += self.position_initial(position) if symbol in account.isolated else self.unrealized(position)
        return left

    def cross_profit(self) -> Decimal:
        return sum((self.unrealized(p) for p in self._account.held() if p.symbol not in self._account.isolated), ZERO)

    def cross_maintenance(self) -> Decimal:
        return sum((self.maintenance(p) for p in self._account.held() if p.symbol not in self._account.isolated), ZERO)

    def carries(self, position: Position) -> bool:
        """Is the margin balance above the maintenance margin: the position's own if isolated, else the account's?"""
        if position.symbol in self._account.isolated:
            return position.isolated_wallet + self.unrealized(position) > self.maintenance(position)
        return self._account.cross_wallet("USDT") + self.cross_profit() > self.cross_maintenance()

    def liquidation_price(self, position: Position) -> Decimal:
        """The mark price at which the margin balance meets the maintenance margin, all else as it is; 0: none."""
        if not position.amount:
            return ZERO
        account, mark = self._account, self._mark(position.symbol)
        bracket = self._contracts[position.symbol].bracket(abs(position.amount) * mark)
        if position.symbol in account.isolated:
            balance = position.isolated_wallet
        else:
            others = self.cross_profit() - self.unrealized(position)
            used = self.cross_maintenance() - self.maintenance(position)
            balance = account.cross_wallet("USDT") + others - used
        # balance + amount * p - cost = |amount| * p * ratio - cum, solved for p
        slope = position.amount - abs(position.amount) * bracket.ratio
        price = (position.cost - balance - bracket.cum) / slope
        return max(price, ZERO)
