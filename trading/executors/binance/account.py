"""What the spot and the futures side of one Binance account have in common: calls, ids, and when to believe "no".

Each side makes the venue's calls and hands what comes back to the pure files beside it.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from trading.clock import Clock
from trading.errors import OutcomeUnknown, VenueRefused
from trading.executors.binance import answers, filters
from trading.executors.binance.names import ours
from trading.executors.binance.outcome import InDoubt, certain_after
from trading.executors.binance.reports import event_of, reports_of
from trading.executors.binance.requests import MOST_ROWS, Request
from trading.executors.binance.rows import Row, by_venue_symbol, moment
from trading.executors.binance.rules import SymbolRules, rules_of
from trading.executors.binance.session import Session
from trading.executors.binance.stream import UserStream
from trading.instruments import Money, Symbol
from trading.order import Order
from trading.ports import Amended, Approved, Capabilities, Filled, Reconnected, Report, VenueOrder

UNKNOWN_ORDER = ("NO_SUCH_ORDER", "UNKNOWN_ORDER")
BEFORE = timedelta(minutes=1)  # how long before an order was made its traces may begin: clocks differ
ASKED_SINGLY = 5  # orders that are looked up one by one; more are listed

FindOurs = Callable[[Symbol, str], str]
"""Our id for a venue's order id, as the desk's books have it; empty if they do not."""


PriceOf = Callable[[Symbol], Decimal | None]
"""A price of now: Binance trails in percent only, and we may be told a distance in money."""


class Side:
    """One product of an account. `symbols` are those it may trade; `find` asks the desk's books."""

    capabilities: Capabilities

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
        self._find, self.price = find, price
        self._ids: dict[tuple[str, str], str] = {}  # (Binance's symbol, order id): our id, "" for somebody else's
        self._certain: dict[str, datetime] = {}  # from when on "no such order" may be believed
        self._absent: dict[str, int] = {}  # how often Binance said so since then

    # --- for each product --------------------------------------------------------------------

    async def check(self, *, may_withdraw: bool) -> None:
        """See that the key works and the account is as the desk needs it; sets `capabilities`.

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

    async def open_orders(self) -> list[VenueOrder]:
        raise NotImplementedError

    async def balances(self) -> list[Money]:
        raise NotImplementedError

    async def positions(self) -> dict[Symbol, Decimal]:
        raise NotImplementedError

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        raise NotImplementedError

    async def find(self, order: Order, rules: SymbolRules) -> VenueOrder | None:
        """The order where it would be; None if Binance says that there is none (which may only be late)."""
        raise NotImplementedError

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
                self._certain[order.id] = doubt.certain_at
            raise

    async def refresh(self) -> None:
        """Ask what is listed now, and which limits hold."""
        info = await self.send(self.exchange_info())
        self.session.budget.learn(info.get("rateLimits", ()))
        found = rules_of(info, self.session.product)
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
        return self.noted(answers.placed(answer, self.listing), [answer])

    async def events(self) -> AsyncIterator[Report]:
        """The account's stream, as reports."""
        async for event in self.stream.events():
            if isinstance(event, Reconnected):
                yield event
                continue
            for report in self.noted(reports_of(event, self.listing), [event_of(event)]):
                yield report

    # --- whose order it is -------------------------------------------------------------------

    def noted(self, reports: list[Report], rows: Iterable[Row]) -> list[Report]:
        """The same reports; the ids in `rows` (answers or events) are remembered, as trades carry only the venue's."""
        for row in rows:
            for each in (*row.get("orderReports", ()), row.get("newOrderResponse") or row, row.get("o")):
                if not isinstance(each, dict):
                    continue
                name, venue_id = each.get("symbol", each.get("s")), each.get("orderId", each.get("i"))
                names = (each.get(key) for key in ("origClientOrderId", "clientOrderId", "C", "c"))
                order_id = next((found for text in names if text and (found := ours(str(text)))), "")
                if name and venue_id and order_id:
                    self._ids[str(name), str(venue_id)] = order_id
        return reports

    async def _order_ids(self, rules: SymbolRules, venue_ids: set[str]) -> dict[str, str]:
        """Our id for each of the venue's; empty for somebody else's. Each is asked for once."""
        name = rules.venue_symbol
        for each in venue_ids:
            if (name, each) not in self._ids and (known := self._find(rules.symbol, each)):
                self._ids[name, each] = known
        unknown = {each for each in venue_ids if (name, each) not in self._ids}
        while len(unknown) > ASKED_SINGLY:
            rows = await self.send(self.orders_request(rules, from_id=min(unknown, key=int)))
            self._learn(name, rows)
            seen = {str(row["orderId"]) for row in rows}
            if not unknown & seen:
                break
            unknown -= seen
        for each in unknown:
            try:
                self._learn(name, [await self.send(self.order_request(rules, each))])
            except VenueRefused:  # archived: it ended unfilled long ago, or is not one of this account
                self._ids[name, each] = ""
        return {each: self._ids.get((name, each), "") for each in venue_ids}

    def _learn(self, name: str, rows: Iterable[Row]) -> None:
        for row in rows:
            self._ids.setdefault((name, str(row["orderId"])), ours(str(row.get("clientOrderId", ""))))

    # --- trades ------------------------------------------------------------------------------

    async def fills(self, since: datetime) -> list[Filled]:
        """Every trade of what the account may trade from `since` on, oldest first."""
        found: list[Filled] = []
        for rules in self.rules.values():
            rows = await self._trades(rules, since)
            order_ids = await self._order_ids(rules, {str(row["orderId"]) for row in rows})
            found += answers.fills_of(rows, self.listing, order_ids)
        return sorted(found, key=lambda fill: fill.at)

    async def _trades(self, rules: SymbolRules, since: datetime) -> list[Row]:
        """The last page is enough, nearly always; else page after page from `since` on."""
        rows: list[Row] = await self.send(self.trades_request(rules))
        if len(rows) == MOST_ROWS and moment(rows[0]["time"]) > since:
            rows = await self._pages(rules, since)
        return [row for row in rows if moment(row["time"]) >= since]

    async def _pages(self, rules: SymbolRules, since: datetime) -> list[Row]:
        day, rows = since, list[Row]()
        while not rows and day < self._clock.now():
            rows = await self.send(self.trades_request(rules, since_ms=int(day.timestamp() * 1000)))
            day += timedelta(hours=24)
        page = rows
        while page and (page is rows or len(page) == MOST_ROWS):
            page = await self.send(self.trades_request(rules, from_id=str(int(rows[-1]["id"]) + 1)))
            rows = [*rows, *page]
        return rows

    # --- an order in doubt -------------------------------------------------------------------

    async def lookup(self, order: Order) -> VenueOrder | None:
        """The order as Binance has it; None once it is sure that it never had it.

        "No such order" may be late (queries read a copy, -2013 lags): it is believed when it is said twice after the
        moment from which on nothing of it can still be executed, and the lists of orders and trades agree.

        Raises:
            OutcomeUnknown: not sure yet; VenueUnreachable.
        """
        rules = self.rules_for(order.symbol)
        if found := await self.find(order, rules):
            self._absent.pop(order.id, None)
            return found
        certain_at = max(self._certain.get(order.id, certain_after(order.created_at)), certain_after(order.created_at))
        if self._clock.now() < certain_at:
            raise OutcomeUnknown(
                "Binance does not know the order yet.", f"It is certain by {certain_at:%H:%M:%S} UTC.", code="NOT_SURE"
            )
        self._absent[order.id] = self._absent.get(order.id, 0) + 1
        if self._absent[order.id] < 2:
            raise OutcomeUnknown("Binance does not know the order.", "It is asked once more.", code="NOT_SURE")
        return await self._traces(order, rules)

    async def _traces(self, order: Order, rules: SymbolRules) -> VenueOrder | None:
        """What the lists know of an order that no query finds."""
        since = order.created_at - BEFORE
        for shown in await self.open_orders():
            if shown.order_id == order.id:
                return shown
        rows = await self.send(self.orders_request(rules, since_ms=int(since.timestamp() * 1000)))
        for row in rows:
            if ours(str(row.get("clientOrderId", ""))) == order.id:
                return answers.order_of(row, self.listing, order.id)
        listed = {str(row["orderId"]) for row in rows}
        traded = {str(row["orderId"]) for row in await self._trades(rules, since)}
        known = await self._order_ids(rules, traded - listed)
        if order.id in known.values():
            raise OutcomeUnknown(
                "Binance shows a trade of it, and not the order.", "It is asked again.", code="NOT_SURE"
            )
        return None


def is_as_wished(order: Order, shown: VenueOrder) -> bool:
    """Whether the order as Binance has it is what `order` wants it to be: a change came through before."""
    wished = (order.quantity, order.limit_price, order.stop_price)
    return (shown.quantity, shown.limit_price, shown.stop_price) == wished


def as_it_is(order: Order, shown: VenueOrder) -> list[Report]:
    return [Amended(order.id, order.quantity, order.limit_price, order.stop_price, shown.venue_order_id)]


async def absent(call: Any) -> Any:
    """The answer of a look-up, or None where Binance says that there is no such order."""
    try:
        return await call
    except VenueRefused as why:
        if why.code in UNKNOWN_ORDER:
            return None
        raise
