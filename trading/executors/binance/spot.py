"""The spot side of a Binance account: calls and nothing else."""

from decimal import Decimal

from msgspec.structs import replace

from trading.errors import VenueRefused
from trading.executors.binance import answers, requests
from trading.executors.binance.account import Side, absent, as_it_is, is_as_wished
from trading.executors.binance.requests import Request
from trading.executors.binance.rows import Row, number
from trading.executors.binance.rules import SymbolRules
from trading.instruments import ZERO, Money, Symbol
from trading.intent import OrderType, TimeInForce
from trading.order import Order
from trading.ports import Approved, Canceled, Capabilities, Report, VenueOrder

CAPABILITIES = Capabilities(
    order_types=frozenset(OrderType),
    time_in_force=frozenset(TimeInForce),
    iceberg=True,
    lists=True,
    amend_in_lists=False,
    fee_in_received=True,
)
NOTHING = "-1"  # orderListId of an order in no list


class SpotSide(Side):
    capabilities = CAPABILITIES

    async def check(self, *, may_withdraw: bool) -> None:
        account = await self.send(requests.account())
        if not account.get("canTrade", True):
            raise VenueRefused("The key may not trade.", "Allow it spot trading at Binance.", code="BAD_KEY")
        if not may_withdraw and (await self.send(requests.permissions())).get("enableWithdrawals"):
            raise VenueRefused(
                "The key may withdraw money.",
                "Take that right from it at Binance, or set allow_withdrawals = true.",
                code="KEY_MAY_WITHDRAW",
            )
        if rules := next(iter(self.rules.values()), None):
            self.capabilities = _with_fees(await self.send(requests.commission(rules)), account)

    def exchange_info(self) -> Request:
        return requests.exchange_info()

    def placing(self, approved: Approved) -> Request:
        order, reference = approved.order, self.price(approved.order.symbol)
        return requests.place(approved, self.rules_for(order.symbol), visible=order.iceberg, reference=reference)

    async def cancel(self, order: Order) -> list[Report]:
        answer = await self.send_about(requests.cancel(order, self.rules_for(order.symbol)), [order])
        return answers.canceled(answer)

    async def amend(self, order: Order) -> list[Report]:
        rules = self.rules_for(order.symbol)
        row = await absent(self.send(requests.lookup(order, rules)))
        if row is None:
            raise VenueRefused("Binance does not have the order any more.", "It is looked up.", code="UNKNOWN_ORDER")
        shown = answers.order_of(row, self.listing, order.id)
        if is_as_wished(order, shown):
            return as_it_is(order, shown)
        request = requests.amend(order, shown, rules, in_list=str(row.get("orderListId", NOTHING)) != NOTHING)
        try:
            answer = await self.send_about(request, [order])
        except VenueRefused as why:
            if why.code != "REPLACE_HALF_DONE":
                raise
            return [Canceled(order.id, why.text)]
        if request.method == "PUT":
            return answers.amended(answer, order)
        return self.noted(answers.replaced(answer, order, self.listing), [answer])

    async def withdraw(self, order: VenueOrder) -> None:
        params = {"symbol": self._name_of(order.symbol), "orderId": order.venue_order_id}
        await self.send(Request("DELETE", "/api/v3/order", params, is_order=True))

    def _name_of(self, symbol: Symbol) -> str:
        return next((name for name, rules in self.listing.items() if rules.symbol == symbol), str(symbol))

    async def open_orders(self) -> list[VenueOrder]:
        rows = await self.send(requests.open_orders())
        self.noted([], rows)
        return [self._known(row) for row in rows]

    def _known(self, row: Row) -> VenueOrder:
        """An open order, ours also where somebody's change at Binance gave it another id."""
        shown = answers.order_of(row, self.listing)
        return shown if shown.order_id else replace(shown, order_id=self._find(shown.symbol, shown.venue_order_id))

    async def balances(self) -> list[Money]:
        return answers.balances_of(await self.send(requests.account()))

    async def positions(self) -> dict[Symbol, Decimal]:
        return {}

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        raise VenueRefused("Spot has no leverage.", "Trade the contract, like BTC/USDT:USDT.", code="NOT_SUPPORTED")

    async def find(self, order: Order, rules: SymbolRules) -> VenueOrder | None:
        """By our id, then by the venue's, which also finds what a cancel has renamed.

        The cancel of one order of a list renames the others to its own id; so of a list the venue's id comes first.
        A single order that was replaced has another venue's id than we may know of; so there ours comes first.
        """
        by_venue_id = [False, True] if not order.group else [True, False]
        for each in by_venue_id if order.venue_order_id else [False]:
            row = await absent(self.send(requests.lookup(order, rules, by_venue_id=each)))
            if row is not None:
                return answers.order_of(row, self.listing, order.id)
        return None

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
