"""The USDT-M futures side of a Binance account: calls and nothing else. One-way mode, cross margin as it is set."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from trading.errors import VenueRefused
from trading.executors.binance import answers, usdm_requests
from trading.executors.binance.account import UNKNOWN_ORDER, Side, absent, as_it_is, is_as_wished
from trading.executors.binance.requests import Request
from trading.executors.binance.rows import number
from trading.executors.binance.rules import SymbolRules
from trading.instruments import Money, Symbol
from trading.intent import OrderType, TimeInForce
from trading.order import Order
from trading.ports import Approved, Capabilities, Report, VenueOrder

CAPABILITIES = Capabilities(
    order_types=frozenset(OrderType),
    time_in_force=frozenset(TimeInForce),
    amend_types=frozenset({OrderType.LIMIT}),
    shorting=True,
    leverage=True,
)


class UsdmSide(Side):
    capabilities = CAPABILITIES

    async def check(self, *, may_withdraw: bool) -> None:
        mode = await self.send(usdm_requests.position_mode())
        if mode.get("dualSidePosition"):
            raise VenueRefused(
                "The futures account is in hedge mode, in which a SELL may open a short beside a long.",
                "Change it to one-way mode at Binance.",
                code="POSITION_MODE",
            )
        if rules := next(iter(self.rules.values()), None):
            fees = await self.send(usdm_requests.commission(rules))
            maker, taker = number(fees.get("makerCommissionRate")), number(fees.get("takerCommissionRate"))
            self.capabilities = replace(CAPABILITIES, maker_fee=maker, taker_fee=taker)

    def exchange_info(self) -> Request:
        return usdm_requests.exchange_info()

    def placing(self, approved: Approved) -> Request:
        order, reference = approved.order, self.price(approved.order.symbol)
        return usdm_requests.place(approved, self.rules_for(order.symbol), visible=order.iceberg, reference=reference)

    async def cancel(self, order: Order) -> list[Report]:
        rules = self.rules_for(order.symbol)
        return answers.canceled(await self._where_it_is(order, usdm_requests.cancel, rules))

    async def _where_it_is(self, order: Order, request: Any, rules: SymbolRules) -> Any:
        """Ask the algo service for a conditional order, and among the plain ones once it was triggered."""
        try:
            return await self.send_about(request(order, rules), [order])
        except VenueRefused as why:
            if why.code not in UNKNOWN_ORDER or not usdm_requests.is_conditional(order):
                raise
        return await self.send_about(request(order, rules, triggered=True), [order])

    async def amend(self, order: Order) -> list[Report]:
        rules = self.rules_for(order.symbol)
        if (shown := await self.find(order, rules)) is None:
            raise VenueRefused("Binance does not have the order any more.", "It is looked up.", code="UNKNOWN_ORDER")
        if is_as_wished(order, shown):
            return as_it_is(order, shown)
        answer = await self.send_about(usdm_requests.amend(order, shown, rules), [order])
        return answers.amended(answer, order)

    async def withdraw(self, order: VenueOrder) -> None:
        name = next((name for name, rules in self.listing.items() if rules.symbol == order.symbol), str(order.symbol))
        try:
            params = {"symbol": name, "orderId": order.venue_order_id}
            await self.send(Request("DELETE", "/fapi/v1/order", params, is_order=True))
        except VenueRefused as why:
            if why.code not in UNKNOWN_ORDER:
                raise
            await self.send(Request("DELETE", "/fapi/v1/algoOrder", {"algoId": order.venue_order_id}, is_order=True))

    async def open_orders(self) -> list[VenueOrder]:
        rows = await self.send(usdm_requests.open_orders())
        self.noted([], rows)
        waiting = await self.send(usdm_requests.open_algo_orders())
        shown = [answers.order_of(row, self.listing) for row in rows]
        return shown + [answers.algo_order_of(row, self.listing) for row in waiting]

    async def balances(self) -> list[Money]:
        return answers.balances_of(await self.send(usdm_requests.balances()))

    async def positions(self) -> dict[Symbol, Decimal]:
        return answers.positions_of(await self.send(usdm_requests.positions()), self.listing)

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        await self.send(usdm_requests.leverage(self.rules_for(symbol), leverage))

    async def find(self, order: Order, rules: SymbolRules) -> VenueOrder | None:
        """A conditional order first at the algo service; once triggered, it is the plain order of the same id."""
        waiting = None
        if usdm_requests.is_conditional(order):
            waiting = await absent(self.send(usdm_requests.lookup(order, rules)))
            if waiting is not None and not answers.triggered_id(waiting):
                return answers.algo_order_of(waiting, self.listing)
        row = await absent(self.send(usdm_requests.lookup(order, rules, triggered=True)))
        if row is not None:
            shown = answers.order_of(row, self.listing, order.id)
            return replace(shown, stop_price=order.stop_price) if usdm_requests.is_conditional(order) else shown
        return None if waiting is None else answers.algo_order_of(waiting, self.listing)

    def trades_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        return usdm_requests.trades(rules, since_ms=since_ms, from_id=from_id)

    def orders_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        return usdm_requests.all_orders(rules, since_ms=since_ms, from_id=from_id)

    def order_request(self, rules: SymbolRules, venue_order_id: str) -> Request:
        return Request("GET", "/fapi/v1/order", {"symbol": rules.venue_symbol, "orderId": venue_order_id})
