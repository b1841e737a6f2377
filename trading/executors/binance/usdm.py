"""The USDT-M futures side of a Binance account: calls and nothing else. One-way mode, cross margin as it is set."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from trading.errors import VenueRefused
from trading.executors.binance import answers, usdm_requests
from trading.executors.binance.account import Side
from trading.executors.binance.doubts import UNKNOWN_ORDER, absent
from trading.executors.binance.recent import Recent
from trading.executors.binance.requests import Request
from trading.executors.binance.rights import Right
from trading.executors.binance.rows import number, reading
from trading.executors.binance.rules import SymbolRules
from trading.instruments import Money, Symbol
from trading.intent import OrderType, TimeInForce
from trading.order import Order
from trading.ports import Approved, Capabilities
from trading.reports import Report, VenueOrder

CAPABILITIES = Capabilities(
    order_types=frozenset(OrderType),
    time_in_force=frozenset(TimeInForce),
    amend_types=frozenset({OrderType.LIMIT}),
    shorting=True,
    leverage=True,
)
FINISHED = "FINISHED"  # of a conditional order: what it became has ended


class UsdmSide(Side):
    capabilities = CAPABILITIES
    right = Right("enableFutures", "Enable Futures")
    # userTrades: a range is of 7 days at most, and so is what is told without one.
    trades_span = timedelta(days=7)
    trades_reach = timedelta(days=6)

    @cached_property
    def _triggers(self) -> Recent[str, Decimal | None]:
        """The stop price of each of our orders that is or was open lately, None for a plain one."""
        return Recent()

    async def check(self) -> None:
        account = await self.send(usdm_requests.account_config())
        if not account.get("canTrade", True):
            text = "The futures account may not trade."
            raise VenueRefused(text, "Ask Binance's support about it.", code="ACCOUNT_DISABLED")
        if account.get("dualSidePosition"):
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

    async def place(self, approved: Approved) -> list[Report]:
        self._triggers[approved.order.id] = approved.order.stop_price
        return await super().place(approved)

    async def cancel(self, order: Order) -> list[Report]:
        answer = await self._where_it_is(order, usdm_requests.cancel, self.rules_at(order))
        with reading(executed=True):
            return answers.canceled(answer)

    async def _where_it_is(self, order: Order, request: Any, rules: SymbolRules) -> Any:
        """Ask the algo service for a conditional order, and among the plain ones once it was triggered."""
        try:
            return await self.send_about(request(order, rules), [order])
        except VenueRefused as why:
            if why.code not in UNKNOWN_ORDER or not usdm_requests.is_conditional(order):
                raise
        return await self.send_about(request(order, rules, triggered=True), [order])

    async def amend(self, order: Order) -> list[Report]:
        rules = self.rules_at(order)
        with reading():
            shown = await self.find(order, rules)
        if shown is None:
            raise VenueRefused("Binance does not have the order any more.", "It is looked up.", code="UNKNOWN_ORDER")
        if shown.status != "open":
            raise VenueRefused(f"It is {shown.status} by now.", "It is looked up.", code="UNKNOWN_ORDER")
        if answers.is_as_wished(order, shown):
            return answers.as_it_is(order, shown)
        try:
            answer = await self.send_about(usdm_requests.amend(order, shown, rules), [order])
        except VenueRefused as why:
            if why.code == "NO_CHANGE":  # what was shown was out of date
                return answers.as_it_is(order, shown)
            raise
        with reading(executed=True):
            return answers.amended(answer, order)

    async def withdraw(self, order: VenueOrder) -> None:
        try:
            params = {"symbol": self.venue_symbol(order.symbol), "orderId": order.venue_order_id}
            await self.send(Request("DELETE", "/fapi/v1/order", params, is_order=True))
        except VenueRefused as why:
            if why.code not in UNKNOWN_ORDER:
                raise
            await self.send(Request("DELETE", "/fapi/v1/algoOrder", {"algoId": order.venue_order_id}, is_order=True))

    async def open_at(self, rules: SymbolRules | None) -> list[VenueOrder]:
        shown = self.shown(await self.send(usdm_requests.open_orders(rules)))
        waiting = await self.send(usdm_requests.open_algo_orders(rules))
        plain = [await self._with_trigger(each) if each.order_id else each for each in shown]
        # What is triggered is, or was, a plain order.
        return plain + [answers.algo_order_of(row, self.listing) for row in waiting if not answers.triggered_id(row)]

    async def _with_trigger(self, shown: VenueOrder) -> VenueOrder:
        """The plain order that a conditional one became, with the stop price that only the algo service remembers."""
        if shown.order_id not in self._triggers:
            row = await absent(self.send(usdm_requests.algo_order(shown.order_id)))
            self._triggers[shown.order_id] = (
                None if row is None else answers.algo_order_of(row, self.listing).stop_price
            )
        return replace(shown, stop_price=self._triggers[shown.order_id])

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
        # Triggered, and not seen yet among the plain orders; or finished so long ago that it is seen no more.
        if waiting is None or waiting.get("algoStatus") == FINISHED:
            return None
        return answers.algo_order_of(waiting, self.listing)

    async def conditional(self, order: Order, rules: SymbolRules, since: datetime) -> list[VenueOrder]:
        if not usdm_requests.is_conditional(order):
            return []
        request = usdm_requests.all_algo_orders(rules, since_ms=int(since.timestamp() * 1000))
        rows = await self.send(request)
        return [answers.algo_order_of(row, self.listing) for row in rows if not answers.triggered_id(row)]

    def trades_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        return usdm_requests.trades(rules, since_ms=since_ms, from_id=from_id)

    def orders_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        return usdm_requests.all_orders(rules, since_ms=since_ms, from_id=from_id)

    def order_request(self, rules: SymbolRules, venue_order_id: str) -> Request:
        return Request("GET", "/fapi/v1/order", {"symbol": rules.venue_symbol, "orderId": venue_order_id})
