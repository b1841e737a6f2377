"""The rows in which USDT-M futures tell balances and positions.

Source: developers.binance.com, derivatives / usds-margined-futures: "Account Information", "Futures Account Balance",
"Position Information" (V2 and V3).
"""

from decimal import Decimal
from typing import Any

from tests.emulators.binance.futures_clearing import plain
from tests.emulators.binance.futures_exchange import FuturesExchange
from tests.emulators.binance.futures_positions import ZERO, FuturesAccount, Margins, Position, eight


class Rows:
    """Rows at the present prices."""

    def __init__(self, exchange: FuturesExchange) -> None:
        self._exchange = exchange

    def balance(self, account: FuturesAccount, margins: Margins, asset: str, now: int) -> dict[str, Any]:
        """A row of `/balance`."""
        available = eight(max(margins.available(asset), ZERO))
        return {
            "accountAlias": "SgsR",
            "asset": asset,
            "balance": eight(account.wallet.get(asset, ZERO)),
            "crossWalletBalance": eight(account.cross_wallet(asset)),
            "crossUnPnl": eight(margins.cross_profit() if asset == "USDT" else ZERO),
            "availableBalance": available,
            "maxWithdrawAmount": available,
            "marginAvailable": True,
            "updateTime": now,
        }

    def asset(self, account: FuturesAccount, margins: Margins, asset: str, now: int) -> dict[str, Any]:
        """A row of `assets` of `/account`."""
        own = asset == "USDT"
        profit = sum((margins.unrealized(p) for p in account.held()), ZERO) if own else ZERO
        held = sum((margins.position_initial(p) for p in account.held()), ZERO) if own else ZERO
        initial = sum((margins.initial(symbol) for symbol in margins.symbols()), ZERO) if own else ZERO
        maintenance = sum((margins.maintenance(p) for p in account.held()), ZERO) if own else ZERO
        wallet = account.wallet.get(asset, ZERO)
        available = eight(max(margins.available(asset), ZERO))
        return {
            "asset": asset,
            "walletBalance": eight(wallet),
            "unrealizedProfit": eight(profit),
            "marginBalance": eight(wallet + profit),
            "maintMargin": eight(maintenance),
            "initialMargin": eight(initial),
            "positionInitialMargin": eight(held),
            "openOrderInitialMargin": eight(initial - held),
            "crossWalletBalance": eight(account.cross_wallet(asset)),
            "crossUnPnl": eight(margins.cross_profit() if own else ZERO),
            "availableBalance": available,
            "maxWithdrawAmount": available,
            "marginAvailable": True,
            "updateTime": now,
        }

    def margin_row(self, margins: Margins, position: Position) -> dict[str, Any]:
        """A row of `positions` of `/fapi/v3/account`."""
        contract = self._exchange.contracts[position.symbol]
        return {
            "symbol": position.symbol,
            "positionSide": position.side,
            "positionAmt": contract.quantity(position.amount),
            "unrealizedProfit": eight(margins.unrealized(position)),
            "isolatedMargin": eight(self._isolated_margin(margins, position)),
            "notional": eight(position.amount * self._exchange.clearing.mark(position.symbol)),
            "isolatedWallet": eight(position.isolated_wallet),
            "initialMargin": eight(margins.initial(position.symbol)),
            "maintMargin": eight(margins.maintenance(position)),
            "updateTime": position.updated_ms,
        }

    def old_row(self, account: FuturesAccount, margins: Margins, position: Position) -> dict[str, Any]:
        """A row of `positions` of `/fapi/v2/account`."""
        contract, held = self._exchange.contracts[position.symbol], margins.position_initial(position)
        leverage = account.leverage(position.symbol)
        return self.margin_row(margins, position) | {
            "positionInitialMargin": eight(held),
            "openOrderInitialMargin": eight(margins.initial(position.symbol) - held),
            "leverage": str(leverage),
            "isolated": position.symbol in account.isolated,
            "entryPrice": plain(position.entry),
            "maxNotional": plain(contract.largest(leverage)),
            "bidNotional": "0",
            "askNotional": "0",
        }

    def risk_row(self, account: FuturesAccount, margins: Margins, position: Position) -> dict[str, Any]:
        """A row of `/fapi/v3/positionRisk`."""
        contract, mark = self._exchange.contracts[position.symbol], self._exchange.clearing.mark(position.symbol)
        held = margins.position_initial(position)
        bids, asks = margins.notionals(position.symbol, position.side)
        return {
            "symbol": position.symbol,
            "positionSide": position.side,
            "positionAmt": contract.quantity(position.amount),
            "entryPrice": plain(position.entry),
            "breakEvenPrice": plain(position.break_even),
            "markPrice": eight(mark),
            "unRealizedProfit": eight(margins.unrealized(position)),
            "liquidationPrice": plain(margins.liquidation_price(position).quantize(Decimal("0.00000001"))),
            "isolatedMargin": eight(self._isolated_margin(margins, position)),
            "notional": eight(position.amount * mark),
            "marginAsset": contract.quote,
            "isolatedWallet": eight(position.isolated_wallet),
            "initialMargin": eight(margins.initial(position.symbol)),
            "maintMargin": eight(margins.maintenance(position)),
            "positionInitialMargin": eight(held),
            "openOrderInitialMargin": eight(margins.initial(position.symbol) - held),
            "adl": 1 if position.amount else 0,
            "bidNotional": plain(bids),
            "askNotional": plain(asks),
            "updateTime": position.updated_ms,
        }

    def old_risk(self, account: FuturesAccount, position: Position) -> dict[str, Any]:
        """What `/fapi/v2/positionRisk` tells beside it."""
        leverage = account.leverage(position.symbol)
        return {
            "marginType": "isolated" if position.symbol in account.isolated else "cross",
            "isAutoAddMargin": "false",
            "leverage": str(leverage),
            "maxNotionalValue": plain(self._exchange.contracts[position.symbol].largest(leverage)),
        }

    def _isolated_margin(self, margins: Margins, position: Position) -> Decimal:
        return position.isolated_wallet + margins.unrealized(position) if position.isolated_wallet else ZERO
