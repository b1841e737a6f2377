"""What the spot and the futures side of one Binance account have in common: calls, trades, and looking an order up.

Each side makes the venue's calls and hands what comes back to the pure files beside it.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from trading.clock import Clock
from trading.errors import OutcomeUnknown, VenueRefused, VenueUnreachable
from trading.executors.binance import answers, filters, requests
from trading.executors.binance.doubts import Doubts
from trading.executors.binance.opened import Opened
from trading.executors.binance.outcome import InDoubt
from trading.executors.binance.recent import Recent
from trading.executors.binance.reports import event_of, reports_of
from trading.executors.binance.requests import Request
from trading.executors.binance.rights import Right, check_rights
from trading.executors.binance.rows import Row, by_venue_symbol, reading
from trading.executors.binance.rules import SymbolRules, rules_of
from trading.executors.binance.session import Session
from trading.executors.binance.stream import UserStream
from trading.executors.binance.trades import trades_since
from trading.executors.binance.whose import FindOurs, Whose
from trading.instruments import Money, Symbol
from trading.order import Order
from trading.ports import Approved, Capabilities
from trading.reports import Filled, Paid, Reconnected, Report, VenueOrder

BEFORE = timedelta(minutes=1)  # how long before an order was made its traces may begin: clocks differ
MADE_WAY = "replaced"
"""The status of an order that was cancelled to be changed, as long as its changed self is not seen."""

PriceOf = Callable[[Symbol], Decimal | None]
"""A price of now: Binance trails in percent only, and we may be told a distance in money."""


class Side:
    """One product of an account. `symbols` are those it may trade; `find` asks the desk's books."""

    capabilities: Capabilities
    right: Right

    trades_span = timedelta(days=1)
    trades_reach: timedelta | None = None

    def __init__(
        self,
        session: Session,
        stream: UserStream,
        clock: Clock,
        symbols: Sequence[Symbol],
        find: FindOurs = lambda symbol, venue_order_id: "",
        price: PriceOf = lambda symbol: None,
    ) -> None:
        self.session, self.stream = session, stream
        self.rules: dict[Symbol, SymbolRules] = {}
        self.listing: dict[str, SymbolRules] = {}
        self._clock, self._symbols = clock, tuple(symbols)
        self._others: dict[Symbol, SymbolRules] = {}  # not traded any more, but an order of ours was there
        self.price = price
        self._whose = Whose(find, self)
        self._doubts = Doubts(clock)
        self._paid = Recent[str, Paid]()
        self.opened = Opened(clock, self.open_at)

    # --- for each product --------------------------------------------------------------------

    async def check(self) -> None:
        """See that the account is as the desk needs it; sets `capabilities`.

        Raises:
            VenueRefused: it is not; VenueUnreachable.
        """
        raise NotImplementedError

    def placing(self, approved: Approved) -> Request:
        """The request that places an order or a list.

        Raises:
            VenueRefused: Binance has no such order.
        """
        raise NotImplementedError

    async def cancel(self, order: Order) -> list[Report]:
        raise NotImplementedError

    async def amend(self, order: Order) -> list[Report]:
        raise NotImplementedError

    async def withdraw(self, order: VenueOrder) -> None:
        raise NotImplementedError

    async def open_at(self, rules: SymbolRules | None) -> list[VenueOrder]:
        """What is open on one symbol, or (None) on all."""
        raise NotImplementedError

    async def balances(self) -> list[Money]:
        raise NotImplementedError

    async def positions(self) -> dict[Symbol, Decimal]:
        raise NotImplementedError

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        raise NotImplementedError

    async def find(self, order: Order, rules: SymbolRules) -> VenueOrder | None:
        """The order where it would be, perhaps as `MADE_WAY`; None if Binance says that there is none, or not yet."""
        raise NotImplementedError

    def is_another(self, order: Order, row: Row) -> bool:
        """Whether a row is another order, even if it bears our id."""
        return False

    async def conditional(self, order: Order, rules: SymbolRules, since: datetime) -> list[VenueOrder]:
        """Orders like `order` that are listed elsewhere than the plain ones."""
        return []

    def exchange_info(self) -> Request:
        raise NotImplementedError

    def trades_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        raise NotImplementedError

    def orders_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        raise NotImplementedError

    def order_request(self, rules: SymbolRules, venue_order_id: str) -> Request:
        raise NotImplementedError

    # --- calls -------------------------------------------------------------------------------

    async def send(self, request: Request) -> Any:
        """One call, sent once."""
        return await self.session.call(
            request.method,
            request.path,
            request.params,
            order=request.is_order,
            weight=request.weight,
            signed=request.is_signed,
        )

    async def send_about(self, request: Request, orders: Iterable[Order]) -> Any:
        """As `send`; after a doubt it is known until when nothing may be believed of `orders`."""
        try:
            return await self.send(request)
        except InDoubt as doubt:
            for order in orders:
                self._doubts.sent(order, doubt.certain_at)
            raise

    async def check_rights(self, *, may_withdraw: bool) -> None:
        """See that the key may trade, and may not do what it should not.

        Raises:
            VenueRefused: it is not so; VenueUnreachable.
        """
        if self.session.addresses.wallet:
            rights = await self.send(requests.permissions())
            check_rights(rights, self.right, self.session.product, may_withdraw=may_withdraw)

    async def refresh(self) -> None:
        """Ask what is listed now, and which limits hold."""
        info = await self.send(self.exchange_info())
        self.session.budget.learn(info.get("rateLimits", ()))
        found = rules_of(info, self.session.product)
        if not found:
            raise VenueUnreachable("Binance lists no symbols.", "The desk asks again.", code="UNREADABLE")
        self.rules = {symbol: found[symbol] for symbol in self._symbols if symbol in found}
        self.listing = by_venue_symbol(found)

    def rules_for(self, symbol: Symbol) -> SymbolRules:
        """What Binance allows on a symbol.

        Raises:
            VenueRefused: it is not listed, or not among what the account trades.
        """
        if (rules := self.rules.get(symbol)) is None:
            raise VenueRefused(
                f"Binance does not list {symbol}.", "/instruments lists what it does.", code="BAD_SYMBOL"
            )
        return rules

    def rules_at(self, order: Order) -> SymbolRules:
        """The rules where an order of ours is, also if the symbol is no longer among what the account trades.

        Raises:
            VenueRefused: it is not listed any more.
        """
        if order.symbol not in self.rules:
            self._others |= {rules.symbol: rules for rules in self.listing.values() if rules.symbol == order.symbol}
        return self._others.get(order.symbol) or self.rules_for(order.symbol)

    def venue_symbol(self, symbol: Symbol) -> str:
        """Binance's name of a symbol, whether the account trades it or not."""
        return next((name for name, rules in self.listing.items() if rules.symbol == symbol), str(symbol))

    def vet(self, order: Order, reference: Decimal | None) -> None:
        """Nothing if the order passes Binance's own rules.

        Raises:
            VenueRefused: with the nearest value that would pass.
        """
        filters.check(order, self.rules_for(order.symbol), reference, visible=order.iceberg)

    async def place(self, approved: Approved) -> list[Report]:
        """Send an order or a list, once; what the answer says of it."""
        request = self.placing(approved)
        answer = await self.send_about(request, (approved.order, *approved.legs))
        with reading(executed=True):
            return self.noted(answers.placed(answer, self.listing), [answer])

    async def events(self) -> AsyncIterator[Report]:
        """The account's stream, as reports."""
        async for event in self.stream.events():
            if isinstance(event, Reconnected):
                yield event
                continue
            row = event_of(event)
            for report in self.noted(reports_of(event, self.listing), [row]):
                if isinstance(report, Paid) and self._paid.setdefault(report.payment_id, report) is not report:
                    continue  # told by the connection before this one, too
                yield self._whose.owned(report, row, self.listing)

    def noted(self, reports: list[Report], rows: Iterable[Row]) -> list[Report]:
        """The same reports; the ids in `rows` (answers or events) are remembered, as trades carry only the venue's."""
        self._whose.note(rows)
        return reports

    async def open_orders(self) -> list[VenueOrder]:
        """Everything that is open."""
        return await self.opened.ask((self._others | self.rules).values())

    def shown(self, rows: Sequence[Row]) -> list[VenueOrder]:
        """Open orders as they are listed."""
        self._whose.note(rows)
        return [self._whose.known(answers.order_of(row, self.listing), row) for row in rows]

    # --- trades ------------------------------------------------------------------------------

    async def fills(self, since: datetime) -> list[Filled]:
        """Every trade of what the account trades from `since` on, oldest first."""
        found: list[Filled] = []
        for rules in (self._others | self.rules).values():
            rows = await trades_since(self, rules, since, self._clock.now())
            order_ids = await self._whose.ask(rules, {str(row["orderId"]) for row in rows})
            found += answers.fills_of(rows, self.listing, order_ids)
        return sorted(found, key=lambda fill: fill.at)

    # --- an order in doubt -------------------------------------------------------------------

    async def lookup(self, order: Order) -> VenueOrder | None:
        """The order as Binance has it; None once it is sure that it never had it.

        "No such order" is believed when `Doubts` allows it and the lists of orders and trades agree.

        Raises:
            OutcomeUnknown: not sure yet; VenueUnreachable.
        """
        try:
            rules = self.rules_at(order)
        except VenueRefused as why:
            raise OutcomeUnknown(why.text, "Look there what became of it.", code="NOT_SURE") from None
        found = await self.find(order, rules)
        if found is not None and found.status != MADE_WAY:
            self._doubts.shown(order)
            return found
        self._doubts.denied(order)
        traces = await self._traces(order, rules)
        if traces is not None or found is None:
            return traces
        return replace(found, status="canceled", reason="it was cancelled to be changed, and nothing took its place")

    async def _traces(self, order: Order, rules: SymbolRules) -> VenueOrder | None:
        """What the lists know of an order that no query finds."""
        since = order.created_at - BEFORE
        for shown in await self.open_at(rules):
            if shown.order_id == order.id:
                return shown
        rows = await self.send(self.orders_request(rules, since_ms=int(since.timestamp() * 1000)))
        plain = [answers.order_of(row, self.listing) for row in rows if not self.is_another(order, row)]
        for shown in [*plain, *await self.conditional(order, rules, since)]:
            if shown.order_id == order.id:
                return shown
        listed = {str(row["orderId"]) for row in rows}
        trades = await trades_since(self, rules, since, self._clock.now())
        traded = {str(row["orderId"]) for row in trades} - listed
        known = await self._whose.ask(rules, traded)
        if order.id in known.values() or traded - known.keys():
            text = "Binance shows a trade that is or may be of it, and not the order."
            raise OutcomeUnknown(text, "It is asked again.", code="NOT_SURE")
        return None
