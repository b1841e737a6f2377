"""What trades, funding, transfers and liquidations do to accounts, and the events and ledger rows that tell of it.

Sources: developers.binance.com, derivatives / usds-margined-futures: "Event: Balance and Position Update", "Event:
Order Trade Update Lite", "Event: Account Configuration Update", "Account Trade List", "Get Income History".
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from tests.emulators.binance.faults import Faults
from tests.emulators.binance.futures_contracts import Contract
from tests.emulators.binance.futures_orders import AlgoOrder, Order
from tests.emulators.binance.futures_positions import EIGHT, ZERO, FuturesAccount, Margins, Position, eight
from tests.emulators.binance.ledger import Executed, Ledger
from tests.emulators.binance.prices import Prices

PRODUCT = "usdm"
Tell = Callable[[str, dict[str, Any]], None]


class Clearing:
    """The books of all accounts. `tell(account, event)` brings an event to whoever listens to that account."""

    def __init__(
        self, contracts: dict[str, Contract], prices: Prices, now_ms: Callable[[], int], ledger: Ledger, faults: Faults
    ) -> None:
        self.accounts: dict[str, FuturesAccount] = {}
        self.marks: dict[str, Decimal] = {}  # mark prices set by hand; others follow the last price
        self.tell: Tell = lambda account, event: None
        self._contracts, self._prices, self._now_ms = contracts, prices, now_ms
        self._ledger, self._faults = ledger, faults
        self._transaction = 1_000_000

    def mark(self, symbol: str) -> Decimal:
        """The mark price: set by hand, else the last price."""
        return self.marks.get(symbol) or self._prices[symbol].last or ZERO

    def account(self, name: str) -> FuturesAccount:
        """An account, opened empty when first asked for."""
        return self.accounts.setdefault(name, FuturesAccount(name))

    def margins(self, account: FuturesAccount) -> Margins:
        return Margins(account, self._contracts, self.mark)

    def note(self, kind: str, order: Order | AlgoOrder, **more: Any) -> None:
        """Write a fact about an order into the ledger; those of conditional orders begin with `algo`."""
        waiting = isinstance(order, AlgoOrder)
        facts: dict[str, Any] = {
            "product": PRODUCT,
            "account": order.account,
            "kind": f"algo {kind}" if waiting else kind,
            "time_ms": self._now_ms(),
            "by": self._faults.operation,
            "symbol": order.symbol,
            "side": order.side,
            "type": order.type,
            "order_id": order.algo_id if isinstance(order, AlgoOrder) else order.order_id,
            "client_order_id": order.client_id,
            "qty": order.contract.quantity(order.quantity),
            "price": order.contract.price(order.price),
        }
        self._ledger.append(Executed(**(facts | more)))

    def trade(self, order: Order, price: Decimal, quantity: Decimal, *, maker: bool) -> None:
        """Execute a part of an order: position, wallet, fee, trade list, income, events, ledger, public trade."""
        account, now = self.account(order.account), self._now_ms()
        position = account.position(order.symbol, order.position_side)
        isolated = order.symbol in account.isolated
        profit = position.trade(order.side, quantity, price, account.leverage(order.symbol), isolated=isolated)
        fee = (quantity * price * (account.maker if maker else account.taker)).quantize(EIGHT)
        position.fees += fee if position.amount else ZERO
        position.updated_ms = now
        asset = order.contract.quote
        account.wallet[asset] = account.wallet.get(asset, ZERO) + profit - fee
        order.executed += quantity
        order.quote += quantity * price
        order.updated_ms = now
        if order.type != "LIQUIDATION":
            order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
        trade_id = self._prices.next_trade_id()
        self._enter(account, order, trade_id, price, quantity, fee, profit, maker)
        self._told(account, order, position, trade_id, price, quantity, fee, profit, maker)
        buyer_is_maker = maker == (order.side == "BUY")
        self._prices.printed(order.symbol, price, quantity, buyer_is_maker, trade_id)

    def fund(self, symbol: str, rate: object) -> None:
        """Charge the funding fee on a symbol: longs pay `notional * rate` to shorts when the rate is positive."""
        for account in self.accounts.values():
            for position in [held for held in account.held() if held.symbol == symbol]:
                paid = (position.amount * self.mark(symbol) * Decimal(str(rate))).quantize(EIGHT)
                asset, isolated = self._contracts[symbol].quote, symbol in account.isolated
                account.wallet[asset] = account.wallet.get(asset, ZERO) - paid
                if isolated:
                    position.isolated_wallet -= paid
                self.earn(account, "FUNDING_FEE", -paid, asset, symbol)
                # Of a crossed position only the balance is told, of an isolated one its position as well.
                self.update(account, "FUNDING_FEE", asset, [position] if isolated else [], change=-paid)

    def transfer(self, name: str, amount: object, asset: str = "USDT") -> None:
        """Move money into the futures wallet (or out of it, when negative)."""
        account, moved = self.account(name), Decimal(str(amount))
        account.wallet[asset] = account.wallet.get(asset, ZERO) + moved
        self.earn(account, "TRANSFER", moved, asset)
        self.update(account, "DEPOSIT" if moved > 0 else "WITHDRAW", asset, [], change=moved)
        fact = Executed(PRODUCT, name, "transfer", self._now_ms(), "somebody", symbol=asset, qty=str(moved))
        self._ledger.append(fact)

    def earn(
        self, account: FuturesAccount, kind: str, amount: Decimal, asset: str, symbol: str = "", trade_id: str = ""
    ) -> None:
        """Write a row of the income history."""
        self._transaction += 1
        row = {
            "symbol": symbol,
            "incomeType": kind,
            "income": eight(amount),
            "asset": asset,
            "info": trade_id or kind,
            "time": self._now_ms(),
            "tranId": self._transaction,
            "tradeId": trade_id,
        }
        account.incomes.append(row)

    def update(
        self,
        account: FuturesAccount,
        reason: str,
        asset: str,
        positions: Iterable[Position],
        change: Decimal = ZERO,
    ) -> None:
        """Tell ACCOUNT_UPDATE: a balance and the positions that changed; `change` is without profit and fees."""
        now = self._now_ms()
        wallet, cross = account.wallet.get(asset, ZERO), account.cross_wallet(asset)
        balance = {"a": asset, "wb": eight(wallet), "cw": eight(cross), "bc": eight(change) if change else "0"}
        told = {"m": reason, "B": [balance], "P": [self._position(account, position) for position in positions]}
        self.tell(account.name, {"e": "ACCOUNT_UPDATE", "T": now, "E": now, "a": told})

    def configured(self, account: FuturesAccount, **changes: Any) -> None:
        """Tell ACCOUNT_CONFIG_UPDATE: `ac` (a symbol's leverage) or `ai` (multi-assets mode)."""
        now = self._now_ms()
        self.tell(account.name, {"e": "ACCOUNT_CONFIG_UPDATE", "E": now, "T": now, **changes})

    def _position(self, account: FuturesAccount, position: Position) -> dict[str, Any]:
        margins = self.margins(account)
        isolated = position.symbol in account.isolated
        return {
            "s": position.symbol,
            "pa": self._contracts[position.symbol].quantity(position.amount),
            "ep": plain(position.entry),
            "bep": plain(position.break_even),
            "cr": plain(position.realized),
            "up": eight(margins.unrealized(position)),
            "mt": "isolated" if isolated else "cross",
            "iw": eight(position.isolated_wallet) if isolated else "0",
            "ps": position.side,
        }

    def _enter(
        self,
        account: FuturesAccount,
        order: Order,
        trade_id: int,
        price: Decimal,
        quantity: Decimal,
        fee: Decimal,
        profit: Decimal,
        maker: bool,
    ) -> None:
        contract, asset = order.contract, order.contract.quote
        row = {
            "symbol": order.symbol,
            "pair": order.symbol,
            "id": trade_id,
            "orderId": order.order_id,
            "side": order.side,
            "price": contract.price(price),
            "qty": contract.quantity(quantity),
            "baseQty": contract.quantity(quantity),
            "realizedPnl": eight(profit),
            "marginAsset": asset,
            "quoteQty": plain(quantity * price),
            "commission": eight(fee),
            "commissionAsset": asset,
            "time": self._now_ms(),
            "positionSide": order.position_side,
            "buyer": order.side == "BUY",
            "maker": maker,
        }
        account.trades.append(row)
        self.earn(account, "COMMISSION", -fee, asset, order.symbol, str(trade_id))
        if profit:
            self.earn(account, "REALIZED_PNL", profit, asset, order.symbol, str(trade_id))
        facts: dict[str, Any] = {"qty": row["qty"], "price": row["price"], "trade_id": trade_id}
        self.note("trade", order, **facts, fee=row["commission"], fee_asset=asset, maker=maker)

    def _told(
        self,
        account: FuturesAccount,
        order: Order,
        position: Position,
        trade_id: int,
        price: Decimal,
        quantity: Decimal,
        fee: Decimal,
        profit: Decimal,
        maker: bool,
    ) -> None:
        contract, now = order.contract, self._now_ms()
        lite = {
            "e": "TRADE_LITE",
            "E": now,
            "T": now,
            "s": order.symbol,
            "q": contract.quantity(order.quantity),
            "p": contract.price(order.price),
            "m": maker,
            "c": order.client_id,
            "S": order.side,
            "L": contract.price(price),
            "l": contract.quantity(quantity),
            "t": trade_id,
            "i": order.order_id,
        }
        self.tell(account.name, lite)
        self.update(account, "ORDER", contract.quote, [position])
        parts = {"l": contract.quantity(quantity), "L": contract.price(price), "n": eight(fee), "t": trade_id}
        execution = "CALCULATED" if order.type == "LIQUIDATION" else "TRADE"
        self.tell(account.name, order.event(execution, now, **parts, m=maker, rp=eight(profit)))


def plain(value: Decimal) -> str:
    """A number without an exponent and without trailing zeros, at most eleven decimals."""
    text = f"{value:.11f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
