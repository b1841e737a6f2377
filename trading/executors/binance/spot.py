"""The spot side of a Binance account: calls and nothing else."""

from decimal import Decimal

from msgspec.structs import replace

from trading.errors import VenueRefused
from trading.executors.binance import answers, requests
from trading.executors.binance.account import MADE_WAY, Side
from trading.executors.binance.doubts import UNKNOWN_ORDER, absent
from trading.executors.binance.names import is_replaced, list_ids
from trading.executors.binance.requests import Request
from trading.executors.binance.rights import Right
from trading.executors.binance.rows import Row, number, reading
from trading.executors.binance.rules import SymbolRules
from trading.instruments import ZERO, Money, Symbol
from trading.intent import OrderType, TimeInForce
from trading.order import Order
from trading.ports import Approved, Capabilities
from trading.reports import Canceled, Report, VenueOrder

CAPABILITIES = Capabilities(
    order_types=frozenset(OrderType),
    time_in_force=frozenset(TimeInForce),
    iceberg=True,
    reduce_only=False,
    lists=True,
    amend_in_lists=False,
    fee_in_received=True,
)
NOTHING = "-1"  # orderListId of an order in no list


class SpotSide(Side):
    capabilities = CAPABILITIES
    right = Right("enableSpotAndMarginTrading", "Enable Spot & Margin Trading")

    async def check(self) -> None:
        account = await self.send(requests.account())
        if not account.get("canTrade", True):
            raise VenueRefused("The account may not trade.", "Ask Binance's support about it.", code="ACCOUNT_DISABLED")
        if rules := next(iter(self.rules.values()), None):
            self.capabilities = _with_fees(await self.send(requests.commission(rules)), account)

    def exchange_info(self) -> Request:
        return requests.exchange_info()

    def placing(self, approved: Approved) -> Request:
        order, reference = approved.order, self.price(approved.order.symbol)
        return requests.place(approved, self.rules_for(order.symbol), visible=order.iceberg, reference=reference)

    async def cancel(self, order: Order) -> list[Report]:
        rules = self.rules_at(order)
        try:
            answer = await self.send_about(requests.cancel(order, rules), [order])
        except VenueRefused as why:
            if why.code not in UNKNOWN_ORDER or not order.venue_order_id:
                raise
            # Somebody's change at Binance may have given it another id.
            answer = await self.send_about(requests.cancel(order, rules, by_venue_id=True), [order])
        with reading(executed=True):
            return answers.canceled(answer, order.id)

    async def amend(self, order: Order) -> list[Report]:
        rules = self.rules_at(order)
        row = await absent(self.send(requests.lookup(order, rules)))
        if row is None:
            raise VenueRefused("Binance does not have the order any more.", "It is looked up.", code="UNKNOWN_ORDER")
        with reading():
            shown = answers.order_of(row, self.listing, order.id)
        if shown.status != "open":
            raise VenueRefused(f"It is {shown.status} by now.", "It is looked up.", code="UNKNOWN_ORDER")
        if answers.is_as_wished(order, shown):
            return answers.as_it_is(order, shown)
        request = requests.amend(order, shown, rules, in_list=str(row.get("orderListId", NOTHING)) != NOTHING)
        try:
            answer = await self.send_about(request, [order])
        except VenueRefused as why:
            if why.code == "NO_CHANGE":  # what was shown was out of date
                return answers.as_it_is(order, shown)
            if why.code != "REPLACE_HALF_DONE":
                raise
            return [Canceled(order.id, why.text)]
        with reading(executed=True):
            if request.method == "PUT":
                return answers.amended(answer, order)
            return self.noted(answers.replaced(answer, order, self.listing), [answer])

    async def withdraw(self, order: VenueOrder) -> None:
        params = {"symbol": self.venue_symbol(order.symbol), "orderId": order.venue_order_id}
        await self.send(Request("DELETE", "/api/v3/order", params, is_order=True))

    async def open_at(self, rules: SymbolRules | None) -> list[VenueOrder]:
        return self.shown(await self.send(requests.open_orders(rules)))

    async def balances(self) -> list[Money]:
        return answers.balances_of(await self.send(requests.account()))

    async def positions(self) -> dict[Symbol, Decimal]:
        return {}

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        raise VenueRefused("Spot has no leverage.", "Trade the contract, like BTC/USDT:USDT.", code="NOT_SUPPORTED")

    async def find(self, order: Order, rules: SymbolRules) -> VenueOrder | None:
        """By our id, then by the venue's, which also finds what somebody has renamed.

        A single order that was changed has another venue's id than we may know of; so ours comes first. But the cancel
        of one order of a list gives its id to all of the list: there it is the venue's id that counts.
        """
        row = await absent(self.send(requests.lookup(order, rules)))
        if row is not None and self.is_another(order, row):
            row = None
        if row is None and order.venue_order_id:
            row = await absent(self.send(requests.lookup(order, rules, by_venue_id=True)))
        elif row is None:
            row = await self._in_its_list(order, rules)
        if row is None:
            return None
        shown = answers.order_of(row, self.listing, order.id)
        return replace(shown, status=MADE_WAY) if is_replaced(str(row.get("clientOrderId"))) else shown

    async def _in_its_list(self, order: Order, rules: SymbolRules) -> Row | None:
        """An unheard order that came with a list, and goes by the id of the cancel of another one of it.

        The list still tells the id that each of its orders came with.
        """
        for name in list_ids(order):
            found = await absent(self.send(requests.lookup_list(name)))
            for each in found.get("orders", ()) if found else ():
                if each.get("clientOrderId") == order.id:
                    row: Row | None = await absent(self.send(self.order_request(rules, str(each["orderId"]))))
                    return row
        return None

    def is_another(self, order: Order, row: Row) -> bool:
        """Of a list that was cancelled all orders bear one id."""
        if str(row.get("orderListId", NOTHING)) == NOTHING:
            return False
        if order.venue_order_id:
            return str(row["orderId"]) != order.venue_order_id
        shown = answers.order_of(row, self.listing)
        mine = (order.side.value, order.limit_price, order.stop_price)
        return (row.get("side"), shown.limit_price, shown.stop_price) != mine

    def trades_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        return requests.trades(rules, since_ms=since_ms, from_id=from_id)

    def orders_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        return requests.all_orders(rules, since_ms=since_ms, from_id=from_id)

    def order_request(self, rules: SymbolRules, venue_order_id: str) -> Request:
        return Request("GET", "/api/v3/order", {"symbol": rules.venue_symbol, "orderId": venue_order_id}, weight=4)


def _with_fees(commission: Row, account: Row) -> Capabilities:
    """The account's own fees: standard, special and tax, of a BUY (commission FAQ: they add up).

    Fees are taken from what a BUY receives, unless they are paid in BNB and there is some.
    """
    parts = [commission.get(name, {}) for name in ("standardCommission", "specialCommission", "taxCommission")]
    maker, taker = (
        sum((number(part.get(kind)) + number(part.get("buyer")) for part in parts), ZERO) for kind in ("maker", "taker")
    )
    discount = commission.get("discount", {})
    in_bnb = bool(discount.get("enabledForAccount") and discount.get("enabledForSymbol", True))
    has_bnb = any(each.currency == "BNB" for each in answers.balances_of(account))
    return replace(CAPABILITIES, maker_fee=maker, taker_fee=taker, fee_in_received=not (in_bnb and has_bnb))
