"""The algo service of USDT-M futures: conditional orders wait here, outside the matching engine.

Since 2025-12-09 (change log) STOP, STOP_MARKET, TAKE_PROFIT, TAKE_PROFIT_MARKET and TRAILING_STOP_MARKET are placed by
`POST /fapi/v1/algoOrder` only. NEW -> TRIGGERING (price reached) -> TRIGGERED (its order is in the engine, under its
own order id and the same client id) -> FINISHED (that order has ended); or CANCELED, EXPIRED (closePosition without a
position), REJECTED (the engine refused its order, with the reason). Sources: developers.binance.com, derivatives /
usds-margined-futures, "New Algo Order", "Event: Algo Order Update".
"""

from collections.abc import Callable
from decimal import Decimal

from tests.emulators.binance import futures_codes as refusals
from tests.emulators.binance.codes import Refusal
from tests.emulators.binance.futures_checks import check_status, closable
from tests.emulators.binance.futures_clearing import Clearing
from tests.emulators.binance.futures_orders import AlgoOrder, Order
from tests.emulators.binance.futures_positions import ZERO, FuturesAccount
from tests.emulators.binance.prices import Prices

MOST_CONDITIONAL = 200  # over all symbols (change log 2025-12-29)
ENDS = {"CANCELED": "cancel", "EXPIRED": "expire", "REJECTED": "reject"}
Enter = Callable[[FuturesAccount, Order], None]


class AlgoService:
    """The conditional orders of all accounts. `enter` places the order that a triggered one becomes."""

    def __init__(self, clearing: Clearing, prices: Prices, now_ms: Callable[[], int], enter: Enter) -> None:
        self._clearing, self._prices, self._now_ms, self._enter = clearing, prices, now_ms, enter
        self._algo_id = 1_000_000_033_000_000

    def place(self, account: FuturesAccount, algo: AlgoOrder) -> AlgoOrder:
        """Admit a conditional order. Refuses -2021 if its price is reached already, -4045, -4116, -4130, -4140."""
        check_status(algo)
        if len(account.open_algos) >= MOST_CONDITIONAL:
            raise refusals.MAX_STOP_ORDERS.refusal()
        if any(there.client_id == algo.client_id for there in account.open_algos.values()):
            raise refusals.DUPLICATED_CLIENT_ID.refusal()
        if algo.close_position:
            self._check_closing(account, algo)
        latest = self._latest(algo)
        if algo.type != "TRAILING_STOP_MARKET":
            if _reached(algo, latest):
                raise refusals.WOULD_TRIGGER.refusal()
        elif algo.activate and not _ahead(algo, latest):
            raise refusals.WOULD_TRIGGER.refusal()
        self._algo_id += 1
        algo.algo_id = self._algo_id
        algo.client_id = algo.client_id or f"6B2I9XVcJ{self._algo_id}"[:22]
        algo.created_ms = algo.updated_ms = self._now_ms()
        account.algos[algo.algo_id] = account.open_algos[algo.algo_id] = algo
        self._clearing.note("order", algo, price=algo.contract.price(algo.trigger))
        self._tell(algo)
        if algo.type == "TRAILING_STOP_MARKET" and not algo.activate:
            self._activate(algo, latest)
        return algo

    def cancel(self, algo: AlgoOrder) -> None:
        """Cancel a waiting order."""
        self._end(algo, "CANCELED")

    def find(self, account: FuturesAccount, algo_id: int | None, client_id: str) -> AlgoOrder | None:
        """One by the exchange's id, else the newest with the client's."""
        if algo_id is not None:
            return account.algos.get(algo_id)
        return next((algo for algo in reversed(account.algos.values()) if algo.client_id == client_id), None)

    def watch(self, symbol: str) -> None:
        """A price of this symbol has changed: trigger what it reaches."""
        for account in list(self._clearing.accounts.values()):
            for algo in [there for there in account.open_algos.values() if there.symbol == symbol]:
                if algo.status == "NEW" and self._due(algo) and self._protected(algo):
                    self._trigger(account, algo)

    def expire(self) -> None:
        """End what has reached its `goodTillDate`."""
        for account in list(self._clearing.accounts.values()):
            for algo in list(account.open_algos.values()):
                if 0 < algo.good_till <= self._now_ms():
                    self._end(algo, "EXPIRED")

    def position_changed(self, account: FuturesAccount, symbol: str, position_side: str) -> None:
        """A closing order (GTE) ends with the position it would close."""
        for algo in list(account.open_algos.values()):
            ours = algo.close_position and (algo.symbol, algo.position_side) == (symbol, position_side)
            if ours and algo.status == "NEW" and not closable(account, algo.side, symbol, position_side):
                self._end(algo, "EXPIRED")

    def entered(self, algo: AlgoOrder, order: Order) -> None:
        """The engine has taken the order that a triggered one became."""
        algo.order, algo.status = order, "TRIGGERED"
        self._clearing.note("trigger", algo, price=algo.contract.price(algo.trigger))
        self._tell(algo)

    def followed(self, algo: AlgoOrder) -> None:
        """The order of a triggered one has changed: it is finished with it."""
        assert algo.order is not None, "only a triggered one has an order"
        if algo.order.ended and algo.status == "TRIGGERED":
            self._end(algo, "FINISHED")

    def _check_closing(self, account: FuturesAccount, algo: AlgoOrder) -> None:
        same = (algo.symbol, algo.side, algo.position_side, algo.type)
        for there in account.open_algos.values():
            if there.close_position and (there.symbol, there.side, there.position_side, there.type) == same:
                raise refusals.CLOSE_POSITION_EXISTS.refusal()
        if not closable(account, algo.side, algo.symbol, algo.position_side):
            raise refusals.GTE_WITHOUT_POSITION.refusal()

    def _due(self, algo: AlgoOrder) -> bool:
        latest = self._latest(algo)
        if algo.type != "TRAILING_STOP_MARKET":
            return _reached(algo, latest)
        if not algo.activated:
            if _ahead(algo, latest):
                return False
            self._activate(algo, latest)
        if algo.side == "SELL":
            algo.extreme = max(algo.extreme, latest)
            return latest <= algo.extreme * (1 - algo.callback / 100)
        algo.extreme = min(algo.extreme, latest)
        return latest >= algo.extreme * (1 + algo.callback / 100)

    def _protected(self, algo: AlgoOrder) -> bool:
        """With priceProtect nothing triggers while last and mark price are further apart than triggerProtect."""
        last, mark = self._prices[algo.symbol].last or ZERO, self._clearing.mark(algo.symbol)
        return not algo.price_protect or abs(last - mark) <= mark * algo.contract.trigger_protect

    def _activate(self, algo: AlgoOrder, latest: Decimal) -> None:
        """A trailing stop starts to trail; NEW is told once more, with `ia` (change log 2026-08-21)."""
        algo.activated, algo.extreme = True, latest
        self._tell(algo)

    def _trigger(self, account: FuturesAccount, algo: AlgoOrder) -> None:
        algo.status, algo.triggered_ms = "TRIGGERING", self._now_ms()
        self._tell(algo)
        limit = algo.type in ("STOP", "TAKE_PROFIT")
        quantity = algo.quantity
        if algo.close_position:
            quantity = closable(account, algo.side, algo.symbol, algo.position_side)
        order = Order(
            contract=algo.contract,
            account=account.name,
            order_id=0,
            client_id=algo.client_id,
            side=algo.side,
            position_side=algo.position_side,
            type="LIMIT" if limit else "MARKET",
            quantity=quantity,
            price=algo.price,
            tif=algo.tif if limit else "GTC",
            reduce_only=algo.reduce_only,
            close_position=algo.close_position,
            stp=algo.stp,
            price_match=algo.price_match,
            good_till=algo.good_till,
            algo=algo,
        )
        try:
            self._enter(account, order)
        except Refusal as refusal:
            algo.reason = refusal.msg
            self._end(algo, "REJECTED")

    def _latest(self, algo: AlgoOrder) -> Decimal:
        if algo.working == "MARK_PRICE":
            return self._clearing.mark(algo.symbol)
        return self._prices[algo.symbol].last or ZERO

    def _end(self, algo: AlgoOrder, status: str) -> None:
        algo.status = status
        if status != "FINISHED":
            self._clearing.note(ENDS[status], algo, reason=algo.reason)
        self._clearing.account(algo.account).open_algos.pop(algo.algo_id, None)
        self._tell(algo)

    def _tell(self, algo: AlgoOrder) -> None:
        algo.updated_ms = self._now_ms()
        self._clearing.tell(algo.account, algo.event(algo.updated_ms))


def _reached(algo: AlgoOrder, latest: Decimal) -> bool:
    """A stop buys at or above its trigger, a take-profit at or below; sells the other way round."""
    if algo.type.startswith("STOP") == (algo.side == "BUY"):
        return latest >= algo.trigger
    return latest <= algo.trigger


def _ahead(algo: AlgoOrder, latest: Decimal) -> bool:
    """Is a trailing stop's activation price still to be reached? A sell's lies above, a buy's below."""
    return latest < algo.activate if algo.side == "SELL" else latest > algo.activate
