"""The desk's books: what the journal says, folded, and the only way to write to it.

`record` appends events with their projections in one transaction, then applies them to memory, then
tells the listeners: a fact is durable before it is acted on or told.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from trading import control as c
from trading import events as e
from trading.clock import Clock
from trading.errors import JournalError
from trading.fold import fold
from trading.ids import order_id
from trading.instruments import Instrument, Symbol
from trading.intent import AccountId, Mode
from trading.order import Order
from trading.portfolio import Account, Balance, Fill, Position, account_key, fill_key, position_key
from trading.ports import Journal, Row
from trading.projections import row
from trading.steps.step import Entity

T = TypeVar("T")
Listener = Callable[[e.Recorded], None]
SLOW_S = 1.0  # an append that takes longer is a problem
RECENT = 1000  # closed orders and answers kept at hand, for lists and for completion
PROJECTED_ONLY = (c.EquityPoint, c.Signal)  # history that nothing decides by: it lives in the tables


class Book:
    """All state that survives a restart. Read it freely; change it only through `record`."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.journal = journal
        self.clock = clock
        self.lock = asyncio.Lock()
        """Held from a verdict to its journal entry, so that two requests never pass the same limit."""
        self.append_s = 0.0
        """How long the last append took, in seconds."""
        self._appending_since: float | None = None
        self._unwritten = ""
        self._tables: dict[type[Any], dict[str, Any]] = defaultdict(dict)
        self._fills: set[str] = set()
        self._open: dict[str, Order] = {}
        self._children: dict[str, list[str]] = defaultdict(list)
        self._groups: dict[str, list[str]] = defaultdict(list)
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._listeners: list[Listener] = []
        self.tell: Callable[[Listener, e.Recorded], None] = lambda listener, entry: listener(entry)
        """Tells one of the listeners; whoever runs the book says what becomes of one that fails."""
        self._at = datetime.min.replace(tzinfo=UTC)

    # --- writing -----------------------------------------------------------------------------

    async def open(self) -> int:
        """Replay the journal into memory; answers how many events there were.

        Raises:
            JournalError: the journal is broken.
        """
        count = 0
        async for entry in self.journal.read():
            for entity in fold(entry, self.get):
                self._install(entity)
            count += 1
            self._at = max(self._at, entry.at)
        return count

    async def record(self, *events: e.AnyEvent) -> Sequence[e.Recorded]:
        """Append, apply, tell. All of the events or none.

        Raises:
            JournalError: it could not be made durable; nothing has changed.
        """
        async with self.lock:
            return await self.write(*events)

    async def write(self, *events: e.AnyEvent) -> Sequence[e.Recorded]:
        """As `record`, for callers that hold the lock already."""
        # The journal's time never runs backwards, whatever the machine's clock is set to.
        at = self._at = max(self.clock.now(), self._at)
        staged: dict[tuple[type[Any], str], Entity] = {}

        def get(kind: type[Any], key: str) -> Any:
            return staged.get((kind, key)) or self.get(kind, key)

        for number, event in enumerate(events, self.journal.last_seq + 1):
            for entity in fold(e.Recorded(number, at, event), get):
                staged[type(entity), entity.pk] = entity
        loop = asyncio.get_running_loop()
        began = self._appending_since = loop.time()
        try:
            entries = await self.journal.append(events, at, _rows(staged.values()))
            self._unwritten = ""
        except JournalError as why:
            self._unwritten = str(why)
            raise
        except asyncio.CancelledError:  # by somebody who could wait no longer
            self._unwritten = self.problem
            raise
        finally:
            self.append_s, self._appending_since = loop.time() - began, None
        for entity in staged.values():
            self._install(entity)
        for entry in entries:
            for listener in tuple(self._listeners):
                self.tell(listener, entry)
        return entries

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every entry once it is durable; the answer unsubscribes. It must not block."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for the book to change until `done` says so, at most `timeout_s`; answers what it says then."""
        changed = asyncio.Event()
        unsubscribe = self.subscribe(lambda entry: changed.set())
        try:
            async with asyncio.timeout(timeout_s):
                while not done():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            return done()
        finally:
            unsubscribe()
        return True

    def _install(self, entity: Entity) -> None:
        if isinstance(entity, PROJECTED_ONLY):
            return
        if isinstance(entity, Fill):
            self._fills.add(entity.id)
            return
        table = self._tables[type(entity)]
        new = entity.pk not in table
        table[entity.pk] = entity
        if isinstance(entity, c.Answer) and len(table) > RECENT:
            del table[next(iter(table))]
        if isinstance(entity, Order):
            self._index(entity, new)

    def _index(self, entity: Order, new: bool) -> None:
        if entity.is_open:
            self._open[entity.id] = entity
        else:
            self._open.pop(entity.id, None)
        if new:
            self._recent.append(entity.id)
            if entity.parent_id:
                self._children[entity.parent_id].append(entity.id)
            if entity.group:
                self._groups[entity.group].append(entity.id)

    # --- reading -----------------------------------------------------------------------------

    @property
    def problem(self) -> str:
        """Why nothing can be written just now, as far as was seen; empty if the last entry was."""
        since = self._appending_since
        waited = asyncio.get_running_loop().time() - since if since is not None else 0.0
        return f"the journal has not answered for {waited:.0f} s" if waited > SLOW_S else self._unwritten

    @property
    def written_at(self) -> datetime | None:
        """When the last entry was made; None before the first."""
        return self._at if self.journal.last_seq else None

    def is_recent(self, at: datetime, span: timedelta) -> bool:
        """Whether `at` is less than `span` ago. What lies ahead is not: the machine's clock was set back since.

        Waiting until it gets there again would leave a position without its stop for that long.
        """
        return timedelta(0) <= self.clock.now() - at < span

    def get(self, kind: type[T], key: str) -> T | None:
        """One entity by kind and key."""
        return self._tables[kind].get(key)

    def all(self, kind: type[T]) -> Iterable[T]:
        """Every entity of a kind, oldest first."""
        return self._tables[kind].values()

    def order_id(self, key: str) -> str:
        """The id of the order that the intent `key` leads to at this desk."""
        founding = self.get(c.Founding, "desk")
        return order_id(f"{founding.desk_id}|{key}" if founding else key)

    def order(self, order_id: str) -> Order | None:
        return self.get(Order, order_id)

    def open_orders(self, account: AccountId | None = None, symbol: Symbol | None = None) -> list[Order]:
        """Orders the venue may still act on, oldest first."""
        return [
            order
            for order in self._open.values()
            if (account is None or order.account_id == account) and (symbol is None or order.symbol == symbol)
        ]

    def children(self, order_id: str) -> list[Order]:
        """The protective orders of a bracket's entry."""
        return [self._tables[Order][child] for child in self._children.get(order_id, ())]

    def group(self, name: str) -> list[Order]:
        """The legs of an OCO pair."""
        return [self._tables[Order][leg] for leg in self._groups.get(name, ())]

    def by_venue_id(self, account: AccountId, symbol: Symbol, venue_order_id: str) -> str:
        """The id of our order that a venue knows by its own; empty if it is none of those open or recent."""
        for order in (*self._open.values(), *self.recent_orders()):
            if (order.venue_order_id, order.symbol, order.account_id) == (venue_order_id, symbol, account):
                return order.id
        return ""

    def recent_orders(self) -> list[Order]:
        """The last thousand orders, newest first."""
        return [self._tables[Order][order_id] for order_id in reversed(self._recent)]

    def has_fill(self, account: AccountId, symbol: Symbol, trade_id: str) -> bool:
        return fill_key(account, symbol, trade_id) in self._fills

    def positions(self, account: AccountId | None = None) -> list[Position]:
        """Positions that are not flat."""
        return [
            position
            for position in self._tables[Position].values()
            if position.quantity and (account is None or (position.account, position.mode) == account)
        ]

    def position(self, account: AccountId, symbol: Symbol) -> Position | None:
        return self.get(Position, position_key(account, symbol))

    def balances(self, account: AccountId) -> list[Balance]:
        return [b for b in self._tables[Balance].values() if (b.account, b.mode) == account]

    def account(self, account: AccountId) -> Account | None:
        return self.get(Account, account_key(account))

    def instrument(self, account: AccountId, symbol: Symbol) -> Instrument | None:
        listing = self.get(c.Listing, f"{account.name}:{account.mode}:{symbol}")
        return listing.instrument if listing else None

    def mode(self, account: str) -> Mode:
        """Which mode new orders of `account` use now."""
        mode = self.get(c.AccountMode, account)
        return mode.at(self.clock.now()) if mode else Mode.PAPER

    def state(self, *scopes: str) -> e.TradingState:
        """The strictest trading state of these scopes and of `all`."""
        states = {latch.state for scope in ("all", *scopes) if (latch := self.get(c.Latch, scope))}
        for state in (e.TradingState.HALTED, e.TradingState.REDUCING):
            if state in states:
                return state
        return e.TradingState.ACTIVE

    def lock_on(self, symbol: Symbol) -> c.Lock | None:
        """The lock that holds a symbol now."""
        lock = self.get(c.Lock, symbol)
        return lock if lock and lock.holds(self.clock.now()) else None


def _rows(entities: Iterable[Entity]) -> list[Row]:
    return [projected for entity in entities if (projected := row(entity)) is not None]
