"""The seams: what a market, an executor and a journal must offer. Wiring passes the parts in."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, runtime_checkable

import msgspec

from trading.events import AnyEvent, Finding, Recorded
from trading.instruments import ZERO, Instrument, Money, Symbol
from trading.intent import OrderType, TimeInForce
from trading.order import Order
from trading.quotes import Candle, Quote
from trading.reports import Filled, Paid, Report, VenueOrder

# --- market ----------------------------------------------------------------------------------


class Market(Protocol):
    """Where prices come from."""

    name: str

    @property
    def problem(self) -> str:
        """Why prices are late or missing, in one line; empty when they are not."""
        ...

    async def start(self) -> None:
        """Connect; afterwards `instruments` is filled."""
        ...

    async def stop(self) -> None: ...

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]: ...

    def quote(self, symbol: Symbol) -> Quote | None:
        """The latest quote, or None if there has been none."""
        ...

    def subscribe(self, listener: Callable[[Quote], None]) -> Callable[[], None]:
        """Call `listener` with every new quote; the answer unsubscribes. Listeners must not block."""
        ...

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        """The last closed candles, oldest first, and nothing of the one still forming."""
        ...

    def now(self) -> datetime:
        """The market's own time, by which its candles close (UTC)."""
        ...

    @property
    def speed(self) -> Decimal:
        """Market seconds a real second."""
        ...


# --- executor --------------------------------------------------------------------------------


class Capabilities(msgspec.Struct, frozen=True):
    """What a venue can do by itself; the desk makes up for the rest."""

    order_types: frozenset[OrderType]
    time_in_force: frozenset[TimeInForce]
    post_only: bool = True
    iceberg: bool = False
    reduce_only: bool = True
    amend_types: frozenset[OrderType] = frozenset(OrderType)  # orders that can be changed in place
    amend_in_lists: bool = True  # also the price of one that the venue holds in a list
    lists: bool = False  # OCO pairs and brackets held by the venue
    levels: bool = False  # stops and targets are levels of the position itself; an entry takes its own along
    shorting: bool = False
    leverage: bool = False  # it can be set, by symbol
    maker_fee: Decimal = ZERO  # fraction of the value
    taker_fee: Decimal = ZERO
    fee_in_received: bool = False  # a BUY pays its fee out of the base currency it receives

    def is_level(self, order: Order) -> bool:
        """Whether the venue keeps an order as a level of the position: it can open nothing, and ends with it."""
        return self.levels and order.is_waiting_exit

    def resizes(self, order: Order) -> bool:
        """Whether the size of an open order can be lowered in place."""
        return order.type in self.amend_types or self.is_level(order)

    def reprices(self, order: Order) -> bool:
        """Whether the prices of an open order can be changed in place."""
        return order.type in self.amend_types and (self.amend_in_lists or not (self.lists and order.group))


class Approved(msgspec.Struct, frozen=True):
    """An order that passed the risk gate; nothing else can be placed. Only `RiskGate` makes one.

    `legs` are the protective orders of a list the venue holds for us (OCO: the second leg; bracket:
    stop and target), empty for a single order.
    """

    order: Order
    findings: tuple[Finding, ...]
    legs: tuple[Order, ...] = ()


class Executor(Protocol):
    """One account at one venue, in one mode."""

    venue: str
    capabilities: Capabilities

    @property
    def problem(self) -> str:
        """Why the venue is heard late or not at all, in one line; empty when it is heard."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]: ...

    def found(self) -> Sequence[str]:
        """What was found of the account at its start, a line each: for `tiller check`."""
        ...

    def describe(self, approved: Approved) -> str:
        """The exact request that `place` would send, for `/dryrun` and `/why`; without secrets."""
        ...

    def vet(self, order: Order, reference: Decimal | None) -> None:
        """Nothing, if the venue's own rules of the symbol allow the order at this price of now.

        Raises:
            VenueRefused: with the nearest that would pass.
        """
        ...

    async def place(self, approved: Approved) -> None:
        """Send it, once. What becomes of it comes through `reports`.

        Raises:
            VenueRefused, VenueUnreachable, OutcomeUnknown.
        """
        ...

    async def cancel(self, order: Order) -> None:
        """Ask for a cancel. Safe to repeat. Cancelled or refused comes through `reports`.

        Raises:
            VenueRefused, VenueUnreachable, OutcomeUnknown.
        """
        ...

    async def amend(
        self, order: Order, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> None:
        """Change an open order to these values. `Amended` comes through `reports`.

        Raises:
            VenueRefused, VenueUnreachable, OutcomeUnknown.
        """
        ...

    async def withdraw(self, order: VenueOrder) -> None:
        """Cancel an order that is not ours, as `open_orders` showed it.

        Raises:
            VenueRefused, VenueUnreachable, OutcomeUnknown.
        """
        ...

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        """How many times its own money a position of `symbol` may be worth, from now on.

        Raises:
            VenueRefused: also where `capabilities.leverage` says that there is none to set.
            VenueUnreachable, OutcomeUnknown.
        """
        ...

    def reports(self) -> AsyncIterator[Report]:
        """The venue's words, in its order, until `stop`. One consumer."""
        ...

    async def lookup(self, order: Order) -> VenueOrder | None:
        """The order as the venue has it, found by our id; None if the venue is sure it never had it.

        Raises:
            VenueUnreachable, OutcomeUnknown: the venue cannot be asked, or is not sure yet.
        """
        ...

    async def open_orders(self) -> Sequence[VenueOrder]: ...

    async def fills(self, since: datetime) -> Sequence[Filled]:
        """Every trade from `since` on, oldest first, ours or not (`order_id` empty when not ours)."""
        ...

    async def balances(self) -> Sequence[Money]:
        """Totals, including what open orders have reserved."""
        ...

    async def positions(self) -> Mapping[Symbol, Decimal]:
        """Signed quantities; empty on spot, where balances are the positions."""
        ...


@runtime_checkable
class KeepsPayments(Protocol):
    """An executor whose venue can be asked for what it has paid and taken by itself, such as while we were down."""

    async def payments(self, since: datetime) -> Sequence[Paid]:
        """Everything of it from `since` on, oldest first."""
        ...


class Funds(NamedTuple):
    """What an order takes of a currency, and what is there and not reserved.

    Of margin, too, how many lots fit at most.
    """

    needs: Decimal
    free: Decimal
    currency: str
    fits: Decimal | None = None


@runtime_checkable
class KnowsMargin(Protocol):
    """An executor whose venue says by itself what an order takes of the account's money."""

    def margin(self, order: Order) -> Funds | None:
        """What it takes, and how many lots fit; None if it takes nothing, or that is not known."""
        ...


@runtime_checkable
class KnowsStake(Protocol):
    """An executor whose venue says by itself whether the account's money is real."""

    @property
    def is_real(self) -> bool | None:
        """None while it has not been heard."""
        ...


# --- journal ---------------------------------------------------------------------------------


class Row(msgspec.Struct, frozen=True):
    """One row of a projection: replaced if its key is there already."""

    table: str
    key: str
    values: Mapping[str, Any]


class Journal(Protocol):
    """Append-only, gapless, hash-chained; projections change in the same transaction."""

    async def append(self, events: Sequence[AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[Recorded]:
        """All of it or nothing, durable when it returns.

        Raises:
            JournalError: it could not be written; nothing may be acted on.
        """
        ...

    def read(self, after: int = 0, order_id: str = "", limit: int = 0) -> AsyncIterator[Recorded]:
        """Events in order from `after` (exclusive)."""
        ...

    @property
    def last_seq(self) -> int: ...

    async def cursor(self, destination: str) -> int:
        """The last sequence number that `destination` has been told; 0 when new."""
        ...

    async def move_cursor(self, destination: str, seq: int) -> None: ...


class VenueStore(Protocol):
    """Where a paper venue keeps its own books, apart from our journal, as a real venue would."""

    async def load(self, venue: str) -> Mapping[str, str]:
        """Every key of this venue with its JSON value."""
        ...

    async def save(self, venue: str, changes: Mapping[str, str | None]) -> None:
        """All of it or nothing, durable; None deletes."""
        ...
