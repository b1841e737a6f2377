"""Whose order it is: trades carry only the venue's id of it, and that must become ours."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from msgspec.structs import replace

from trading.errors import VenueRefused
from trading.executors.binance.names import ours
from trading.executors.binance.recent import Recent
from trading.executors.binance.requests import Request
from trading.executors.binance.rows import Listing, Row, symbol_of
from trading.executors.binance.rules import SymbolRules
from trading.instruments import Symbol
from trading.reports import Paid, Reconnected, Report, VenueOrder

ASKED_SINGLY = 5  # orders that are looked up one by one; more are listed
NOT_THERE = "NO_SUCH_ORDER"

FindOurs = Callable[[Symbol, str], str]
"""Our id for a venue's order id, as the desk's books have it; empty if they do not."""


class Asking(Protocol):
    """How to ask Binance for orders."""

    async def send(self, request: Request) -> Any: ...

    def orders_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request: ...

    def order_request(self, rules: SymbolRules, venue_order_id: str) -> Request: ...


class Whose:
    """Our ids by the venue's. First come the desk's books, which know them whatever somebody renamed at Binance."""

    def __init__(self, find: FindOurs, asking: Asking) -> None:
        self._find, self._asking = find, asking
        self._ids = Recent[tuple[str, str], str]()  # (Binance's symbol, order id): our id, "" for somebody else's

    def note(self, rows: Iterable[Row]) -> None:
        """Remember the ids in answers, lists of orders or events."""
        for row in rows:
            for each in (*row.get("orderReports", ()), row.get("newOrderResponse") or row, row.get("o")):
                if not isinstance(each, dict):
                    continue
                name, venue_id = each.get("symbol", each.get("s")), each.get("orderId", each.get("i"))
                names = (each.get(key) for key in ("origClientOrderId", "clientOrderId", "C", "c"))
                order_id = next((found for text in names if text and (found := ours(str(text)))), "")
                if name and venue_id and order_id:
                    self._ids[str(name), str(venue_id)] = order_id

    def known(self, order: VenueOrder, row: Row) -> VenueOrder:
        """The order of `row`, as ours also where somebody at Binance gave it another id; without asking."""
        if order.order_id:
            return order
        venue_id = order.venue_order_id
        known = self._ids.get((str(row["symbol"]), venue_id)) or self._find(order.symbol, venue_id)
        return replace(order, order_id=known) if known else order

    def owned(self, report: Report, event: Row, listing: Listing) -> Report:
        """The report of an event, as one of our order also where somebody at Binance gave that another id."""
        if isinstance(report, Reconnected | Paid) or report.order_id:
            return report
        told = event["o"] if isinstance(event.get("o"), dict) else event
        name, venue_id = str(told.get("s")), str(told.get("i"))
        known = self._ids.get((name, venue_id)) or self._find(symbol_of(name, listing), venue_id)
        return replace(report, order_id=known) if known else report

    async def ask(self, rules: SymbolRules, venue_ids: set[str]) -> dict[str, str]:
        """Our id for each of the venue's, empty for somebody else's; without those that Binance does not find yet."""
        name = rules.venue_symbol
        found = {each: known for each in venue_ids if (known := self._remembered(rules, each)) is not None}
        unknown = venue_ids - found.keys()
        while len(unknown) > ASKED_SINGLY:
            rows = await self._asking.send(self._asking.orders_request(rules, from_id=min(unknown, key=int)))
            listed = self._learn(name, rows)
            if not unknown & listed.keys():
                break
            found |= listed
            unknown -= listed.keys()
        for each in unknown:
            try:
                found |= self._learn(name, [await self._asking.send(self._asking.order_request(rules, each))])
            except VenueRefused as why:
                if why.code != NOT_THERE:  # archived; what is not there yet is asked for again next time
                    self._ids[name, each] = found[each] = ""
        return {each: found[each] for each in venue_ids if each in found}

    def _remembered(self, rules: SymbolRules, venue_id: str) -> str | None:
        """Our id if it is known without asking; empty for what is known to be somebody else's."""
        key = (rules.venue_symbol, venue_id)
        if key not in self._ids and (known := self._find(rules.symbol, venue_id)):
            self._ids[key] = known
        return self._ids.get(key)

    def _learn(self, name: str, rows: Iterable[Row]) -> dict[str, str]:
        """Our ids of these orders, by the venue's; what was known before is better."""
        told = {str(row["orderId"]): ours(str(row.get("clientOrderId", ""))) for row in rows}
        return {venue_id: self._ids.setdefault((name, venue_id), order_id) for venue_id, order_id in told.items()}
