"""What an account owns and what it earned: balances, average-cost positions, equity.

Average cost: a fill that increases a position adds its value to the cost; one that reduces it
realises `sign * (value - cost * closed / quantity)`; one that goes through zero closes first and
opens the rest at its own price. At flat the realised profit equals the cash that moved, to the last
digit, because the last close takes the whole remaining cost. Trades count in the venue's order, in
whichever order they were heard (`Tape`).

Fees: in the quote currency or a third asset they are an expense at once; in the base currency (spot)
they shrink the position and so raise its average cost.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from trading.events import EquitySampled, OrderFilled
from trading.instruments import PLACES, ZERO, Instrument, Money, Settlement, Side, Symbol
from trading.intent import AccountId, Mode
from trading.order import Order

TAPE = 64  # trades by which a report may be late and still find its place


class Balance(msgspec.Struct, frozen=True):
    """Total of one currency in one account, including what open orders have reserved."""

    account: str
    mode: Mode
    currency: str
    amount: Decimal = ZERO

    @property
    def pk(self) -> str:
        return balance_key(AccountId(self.account, self.mode), self.currency)


class Position(msgspec.Struct, frozen=True):
    """A signed quantity with what it cost. `realized` is net of `fees`; both in `currency`."""

    account: str
    mode: Mode
    symbol: Symbol
    currency: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    trip: Decimal = ZERO  # realised since the position was last flat
    multiplier: Decimal = Decimal(1)
    opened_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def pk(self) -> str:
        return position_key(AccountId(self.account, self.mode), self.symbol)

    @property
    def average_price(self) -> Decimal | None:
        """Cost a unit, or None when flat."""
        if not self.quantity:
            return None
        return (self.cost / abs(self.quantity) / self.multiplier).quantize(PLACES)

    def value(self, mark: Decimal) -> Decimal:
        """Absolute market value at `mark`."""
        return abs(self.quantity) * mark * self.multiplier

    def unrealized(self, mark: Decimal) -> Decimal:
        """Profit if closed at `mark`, before the fee of closing."""
        sign = 1 if self.quantity >= 0 else -1
        return sign * (self.value(mark) - self.cost)


class Fill(msgspec.Struct, frozen=True):
    """One trade of ours. `realized` is what it realised, net of its fee, in the quote currency."""

    id: str
    order_id: str
    account: str
    mode: Mode
    trade_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Money
    fee_value: Decimal
    realized: Decimal
    maker: bool
    traded_at: datetime
    seq: int

    @property
    def pk(self) -> str:
        return self.id


class Account(msgspec.Struct, frozen=True):
    """The running figures of one account in one mode, in the desk's currency.

    `day_start` is the equity the day began with; `streak` counts losing round trips in a row.
    """

    name: str
    mode: Mode
    venue: str
    currency: str
    opened_at: datetime
    equity: Decimal = ZERO
    peak: Decimal = ZERO
    day: str = ""
    day_start: Decimal = ZERO
    streak: int = 0
    last_loss_at: datetime | None = None
    reconciled_at: datetime | None = None

    @property
    def pk(self) -> str:
        return account_key(AccountId(self.name, self.mode))


def closing_side(quantity: Decimal) -> Side:
    """The side of an order that closes a signed quantity: SELL what is long, BUY what is short. Flat counts as long."""
    return Side.SELL if quantity >= 0 else Side.BUY


def account_key(account: AccountId) -> str:
    return f"{account.name}:{account.mode}"


def balance_key(account: AccountId, currency: str) -> str:
    return f"{account.name}:{account.mode}:{currency}"


def position_key(account: AccountId, symbol: Symbol) -> str:
    return f"{account.name}:{account.mode}:{symbol}"


def fill_key(account: AccountId, symbol: Symbol, trade_id: str) -> str:
    """Venues number trades per symbol (Binance) or per account: both are told apart by this."""
    return f"{account.name}:{account.mode}:{symbol}:{trade_id}"


def fill_position(before: Position, fill: OrderFilled, side: Side, instrument: Instrument, at: datetime) -> Position:
    """The position after one fill."""
    spot = instrument.settlement is Settlement.SPOT
    base_fee = fill.fee.amount if spot and fill.fee.currency == instrument.base else ZERO
    expense = ZERO if base_fee else fill.fee_value
    change = side.sign * fill.quantity
    quantity, cost, realized = before.quantity, before.cost, ZERO

    if quantity * change >= 0 and not (spot and change < 0):
        quantity, cost = quantity + change, cost + instrument.notional(fill.quantity, fill.price)
    else:
        # On spot there is no short: what is sold beyond the position was held without a known cost.
        closed = min(abs(change), abs(quantity))
        out = cost if closed == abs(quantity) else (cost * closed / abs(quantity)).quantize(PLACES)
        if fill.entry_price is not None and closed == fill.quantity < abs(quantity):
            out = instrument.notional(closed, fill.entry_price)  # the venue closed certain lots
        realized = (1 if quantity >= 0 else -1) * (instrument.notional(closed, fill.price) - out)
        cost -= out
        rest = ZERO if spot else abs(change) - closed
        quantity += (1 if change > 0 else -1) * (closed + rest)
        cost += instrument.notional(rest, fill.price)
    if base_fee:
        quantity = max(quantity - base_fee, ZERO)
    if not quantity:
        realized, cost = realized - cost, ZERO  # dust eaten by a fee takes its cost along

    flat = not before.quantity
    reversed_ = before.quantity * quantity < 0
    return msgspec.structs.replace(
        before,
        quantity=quantity,
        cost=cost,
        realized=before.realized + realized - expense,
        fees=before.fees + fill.fee_value,
        trip=(ZERO if flat else before.trip) + realized - expense,
        opened_at=at if flat or reversed_ else before.opened_at,
        updated_at=at,
    )


def fill_balances(fill: OrderFilled, order: Order, instrument: Instrument, realized: Decimal) -> list[Money]:
    """How one fill changes the balances: amounts to add, by currency."""
    if instrument.settlement is Settlement.SPOT:
        value = instrument.notional(fill.quantity, fill.price)
        moves = [
            Money(order.side.sign * fill.quantity, instrument.base),
            Money(-order.side.sign * value, instrument.quote),
        ]
    else:
        moves = [fill.settled or Money(realized, instrument.quote)]
    return [*moves, Money(-fill.fee.amount, fill.fee.currency)]


class Trade(NamedTuple):
    """One fill on a tape; `at` is when we heard of it."""

    fill: OrderFilled
    side: Side
    at: datetime

    @property
    def rank(self) -> tuple[datetime, int, str]:
        """Where it comes in the venue's order: by time, then by trade id, which count upwards."""
        return self.fill.traded_at, len(self.fill.trade_id), self.fill.trade_id


class Tape(msgspec.Struct, frozen=True):
    """The latest trades of a position in the venue's order, and the position before them.

    Average cost depends on the order of trades, and they may be heard late. A late one is put where it
    belongs and the position is worked out again, so that cash and cost equal the venue's.
    """

    start: Position
    trades: tuple[Trade, ...] = ()

    @property
    def pk(self) -> str:
        return self.start.pk

    def add(self, trade: Trade, now: Position, instrument: Instrument) -> tuple["Tape", Position]:
        """The tape with one more trade, and the position after it; `now` is the position before."""
        place = len(self.trades)
        while place and self.trades[place - 1].rank > trade.rank:
            place -= 1
        if place < len(self.trades):  # nothing began later than what came after it
            trade = trade._replace(at=min(trade.at, self.trades[place].at))
        trades = (*self.trades[:place], trade, *self.trades[place:])
        if place == len(self.trades):
            after = _after(now, trade, instrument)
        else:
            after = self.start
            for each in trades:
                after = _after(after, each, instrument)
        if len(trades) <= TAPE:
            return Tape(self.start, trades), after
        return Tape(_after(self.start, trades[0], instrument), trades[1:]), after


def _after(position: Position, trade: Trade, instrument: Instrument) -> Position:
    return fill_position(position, trade.fill, trade.side, instrument, trade.at)


def close_trip(account: Account, before: Position, after: Position, at: datetime) -> Account:
    """Count a losing or winning round trip when a position went flat or through zero."""
    ended = before.quantity and (not after.quantity or before.quantity * after.quantity < 0)
    if not ended:
        return account
    if after.trip < 0:
        return msgspec.structs.replace(account, streak=account.streak + 1, last_loss_at=at)
    return msgspec.structs.replace(account, streak=0)


def sample(account: Account, event: EquitySampled) -> Account:
    """The account after an equity sample; a new day starts from the last equity of the day before."""
    if event.currency and event.currency != account.currency:
        account = msgspec.structs.replace(account, currency=event.currency, peak=event.equity, day="")
    day_start = account.day_start
    if event.day != account.day:
        yesterday = account.day and (date.fromisoformat(event.day) - date.fromisoformat(account.day)).days == 1
        day_start = account.equity if yesterday else event.equity
    return msgspec.structs.replace(
        account, equity=event.equity, peak=max(account.peak, event.equity), day=event.day, day_start=day_start
    )
