"""Whatever is done to the spot exchange: money is conserved, locks are what orders need, the ledger is the truth."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.emulators.binance import codes
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.emulators.spot_desk import NOW

ZERO = Decimal(0)
PRICES = st.integers(min_value=5_900, max_value=6_100).map(lambda tens: str(tens * 10))
SIZES = st.integers(min_value=1, max_value=300).map(lambda thousandths: f"{thousandths / 1000:.3f}")
SIDES = st.sampled_from(["BUY", "SELL"])
ACCOUNTS = st.sampled_from(["one", "two"])


class SpotExchange(RuleBasedStateMachine):
    """Two accounts and other people's book, with every kind of order."""

    @initialize(bnb=st.booleans())
    def open(self, bnb: bool) -> None:
        self.venue = Binance(now_ms=NOW)
        self.spot = Spot(self.venue)
        for name in ("one", "two"):
            account = self.spot.open_account(name, USDT="50000", BTC="1", BNB="1")
            account.commission.pay_in_bnb = bnb
        self.spot.show("BNBUSDT", [["600", "1"]], [["601", "1"]])
        self.spot.show("BTCUSDT", [["60000", "1"]], [["60010", "1"]])
        self.spot.exchange.symbol("BTCUSDT").with_filter("MAX_NUM_ALGO_ORDERS", maxNumAlgoOrders=100)

    def ask(self, account: str, operation: str, **params: object) -> Any:
        """A request that may be refused."""
        try:
            return self.spot.act(account, operation, symbol="BTCUSDT", **params)
        except codes.Refusal:
            return None

    @rule(account=ACCOUNTS, side=SIDES, qty=SIZES, price=PRICES, tif=st.sampled_from(["GTC", "IOC", "FOK"]))
    def limit(self, account: str, side: str, qty: str, price: str, tif: str) -> None:
        sent = {"side": side, "type": "LIMIT", "timeInForce": tif, "quantity": qty, "price": price}
        self.ask(account, "POST /api/v3/order", **sent)

    @rule(account=ACCOUNTS, side=SIDES, qty=SIZES)
    def market(self, account: str, side: str, qty: str) -> None:
        self.ask(account, "POST /api/v3/order", side=side, type="MARKET", quantity=qty)

    @rule(account=ACCOUNTS, side=SIDES, value=st.integers(min_value=10, max_value=20_000))
    def market_by_value(self, account: str, side: str, value: int) -> None:
        self.ask(account, "POST /api/v3/order", side=side, type="MARKET", quoteOrderQty=value)

    @rule(account=ACCOUNTS, side=SIDES, qty=SIZES, stop=PRICES, kind=st.sampled_from(["STOP_LOSS", "TAKE_PROFIT"]))
    def stop(self, account: str, side: str, qty: str, stop: str, kind: str) -> None:
        self.ask(account, "POST /api/v3/order", side=side, type=kind, quantity=qty, stopPrice=stop)

    @rule(account=ACCOUNTS, side=SIDES, qty=SIZES, bips=st.integers(min_value=10, max_value=100))
    def trail(self, account: str, side: str, qty: str, bips: int) -> None:
        self.ask(account, "POST /api/v3/order", side=side, type="STOP_LOSS", quantity=qty, trailingDelta=bips)

    @rule(account=ACCOUNTS, qty=SIZES, above=PRICES, below=PRICES)
    def pair(self, account: str, qty: str, above: str, below: str) -> None:
        sent = {"aboveType": "LIMIT_MAKER", "abovePrice": above, "belowType": "STOP_LOSS", "belowStopPrice": below}
        self.ask(account, "POST /api/v3/orderList/oco", side="SELL", quantity=qty, **sent)

    @rule(account=ACCOUNTS, qty=SIZES, entry=PRICES, above=PRICES, below=PRICES, opo=st.booleans())
    def bracket(self, account: str, qty: str, entry: str, above: str, below: str, opo: bool) -> None:
        sent = {
            "workingType": "LIMIT",
            "workingSide": "BUY",
            "workingPrice": entry,
            "workingQuantity": qty,
            "workingTimeInForce": "GTC",
            "pendingSide": "SELL",
            "pendingAboveType": "LIMIT_MAKER",
            "pendingAbovePrice": above,
            "pendingBelowType": "STOP_LOSS",
            "pendingBelowStopPrice": below,
        }
        if opo:
            self.ask(account, "POST /api/v3/orderList/opoco", **sent)
        else:
            self.ask(account, "POST /api/v3/orderList/otoco", **sent, pendingQuantity=qty)

    @rule(account=ACCOUNTS, choice=st.integers(min_value=0, max_value=50))
    def cancel(self, account: str, choice: int) -> None:
        open_orders = list(self.spot.exchange.accounts[account].open)
        if open_orders:
            self.ask(account, "DELETE /api/v3/order", orderId=open_orders[choice % len(open_orders)])

    @rule(account=ACCOUNTS, choice=st.integers(min_value=0, max_value=50), qty=SIZES)
    def amend(self, account: str, choice: int, qty: str) -> None:
        open_orders = list(self.spot.exchange.accounts[account].open)
        if open_orders:
            sent = {"orderId": open_orders[choice % len(open_orders)], "newQty": qty}
            self.ask(account, "PUT /api/v3/order/amend/keepPriority", **sent)

    @rule(bid=PRICES, spread=st.integers(min_value=1, max_value=50), size=SIZES)
    def show(self, bid: str, spread: int, size: str) -> None:
        self.spot.show("BTCUSDT", [[bid, size]], [[str(int(bid) + spread), size]])

    @rule(price=PRICES)
    def trade(self, price: str) -> None:
        self.spot.trade("BTCUSDT", price)

    @invariant()
    def balances_are_what_the_ledger_says(self) -> None:
        held: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for fact in self.venue.executed:
            if fact.kind == "transfer":
                held[fact.account, fact.fee_asset] += Decimal(fact.qty)
            if fact.kind == "trade":
                qty, value = Decimal(fact.qty), Decimal(fact.qty) * Decimal(fact.price)
                sign = 1 if fact.side == "BUY" else -1
                held[fact.account, "BTC"] += sign * qty
                held[fact.account, "USDT"] -= sign * value
                held[fact.account, fact.fee_asset] -= Decimal(fact.fee)
        for name, account in self.spot.exchange.accounts.items():
            for asset in account.free:
                assert account.balance(asset) == held[name, asset], (name, asset)

    @invariant()
    def locks_are_what_open_orders_need(self) -> None:
        for account in self.spot.exchange.accounts.values():
            holds = {id(order.hold): order.hold for order in account.open.values() if order.hold is not None}
            for group in self.spot.exchange.lists.values():
                if group.account == account.name and group.received is not None:
                    holds[id(group.received)] = group.received
            locked: dict[str, Decimal] = defaultdict(lambda: ZERO)
            for hold in holds.values():
                locked[hold.asset] += hold.amount
            for asset in account.free:
                assert account.locked.get(asset, ZERO) == locked[asset], (account.name, asset)

    @invariant()
    def orders_have_ended_or_can_still_trade(self) -> None:
        for account in self.spot.exchange.accounts.values():
            for order in account.orders.values():
                assert order.open == (order.id in account.open)
                assert order.executed == sum((fill.qty for fill in order.fills), ZERO)
                assert not order.open or order.status == "PENDING_NEW" or order.remaining > 0
                assert order.status != "FILLED" or order.remaining == 0

    @invariant()
    def of_a_pair_at_most_one_has_traded(self) -> None:
        for group in self.spot.exchange.lists.values():
            assert sum(1 for order in group.pair if order.executed) <= 1
            assert group.open == any(order.open for order in group.orders)

    @invariant()
    def nothing_rests_that_the_book_crosses(self) -> None:
        market = self.spot.prices["BTCUSDT"]
        for order in self.spot.exchange.resting.get(("BTCUSDT", "BUY"), []):
            assert not market.asks or order.price < market.asks[0][0]
        for order in self.spot.exchange.resting.get(("BTCUSDT", "SELL"), []):
            assert not market.bids or order.price > market.bids[0][0]


TestSpotExchange = SpotExchange.TestCase
TestSpotExchange.settings = settings(max_examples=40, stateful_step_count=40)
