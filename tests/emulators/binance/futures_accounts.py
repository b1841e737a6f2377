"""Balances, positions and settings of USDT-M futures as clients ask for them.

Source: developers.binance.com, derivatives / usds-margined-futures, "Account" and "Trade".
"""

from typing import Any

from tests.emulators.binance import codes
from tests.emulators.binance import futures_codes as refusals
from tests.emulators.binance.calls import Answering, Call, Route
from tests.emulators.binance.futures_clearing import PRODUCT, plain
from tests.emulators.binance.futures_exchange import FuturesExchange
from tests.emulators.binance.futures_history import limit, window
from tests.emulators.binance.futures_positions import ZERO, FuturesAccount
from tests.emulators.binance.futures_rest import Orders
from tests.emulators.binance.futures_rows import Rows

SUCCESS = {"code": 200, "msg": "success"}


class Accounts:
    """What may be asked about accounts, and set on them."""

    def __init__(self, exchange: FuturesExchange, orders: Orders) -> None:
        self._exchange, self._orders, self._rows = exchange, orders, Rows(exchange)

    def routes(self) -> dict[str, Route]:
        """The REST operations."""
        return {
            "GET /fapi/v2/account": _signed(self.account_v2, 5),
            "GET /fapi/v3/account": _signed(self.account_v3, 5),
            "GET /fapi/v2/balance": _signed(self.balance, 5),
            "GET /fapi/v3/balance": _signed(self.balance, 5),
            "GET /fapi/v2/positionRisk": _signed(self.positions_v2, 5),
            "GET /fapi/v3/positionRisk": _signed(self.positions_v3, 5),
            "GET /fapi/v1/accountConfig": _signed(self.account_config, 5),
            "GET /fapi/v1/symbolConfig": _signed(self.symbol_config, 5),
            "POST /fapi/v1/leverage": _signed(self.set_leverage),
            "POST /fapi/v1/marginType": _signed(self.set_margin_type),
            "GET /fapi/v1/positionSide/dual": _signed(self.position_mode, 30),
            "POST /fapi/v1/positionSide/dual": _signed(self.set_position_mode),
            "GET /fapi/v1/multiAssetsMargin": _signed(self.multi_assets, 30),
            "POST /fapi/v1/multiAssetsMargin": _signed(self.set_multi_assets),
            "GET /fapi/v1/commissionRate": _signed(self.commission, 20),
            "GET /fapi/v1/leverageBracket": _signed(self.leverage_brackets),
            "GET /fapi/v1/income": _signed(self.income, 30),
        }

    def methods(self) -> dict[str, Route]:
        """The WebSocket API's methods."""
        return {
            "account.balance": _signed(self.balance, 5),
            "v2/account.balance": _signed(self.balance, 5),
            "account.status": _signed(self.account_v2, 5),
            "v2/account.status": _signed(self.account_v3, 5),
            "account.position": _signed(self.positions_v2, 5),
            "v2/account.position": _signed(self.positions_v3, 5),
        }

    # Money

    def balance(self, call: Call) -> list[dict[str, Any]]:
        account = self._orders.account(call)
        margins = self._exchange.clearing.margins(account)
        return [self._rows.balance(account, margins, asset, call.now_ms) for asset in _assets(account)]

    def account_v3(self, call: Call) -> dict[str, Any]:
        """Only the positions of symbols with a position or open orders."""
        account = self._orders.account(call)
        margins = self._exchange.clearing.margins(account)
        assets = [self._rows.asset(account, margins, asset, call.now_ms) for asset in _assets(account)]
        usdt = assets[0]
        totals = {
            "totalInitialMargin": usdt["initialMargin"],
            "totalMaintMargin": usdt["maintMargin"],
            "totalWalletBalance": usdt["walletBalance"],
            "totalUnrealizedProfit": usdt["unrealizedProfit"],
            "totalMarginBalance": usdt["marginBalance"],
            "totalPositionInitialMargin": usdt["positionInitialMargin"],
            "totalOpenOrderInitialMargin": usdt["openOrderInitialMargin"],
            "totalCrossWalletBalance": usdt["crossWalletBalance"],
            "totalCrossUnPnl": usdt["crossUnPnl"],
            "availableBalance": usdt["availableBalance"],
            "maxWithdrawAmount": usdt["maxWithdrawAmount"],
        }
        shown = [position for symbol in sorted(margins.symbols()) for position in account.sides(symbol)]
        positions = [self._rows.margin_row(margins, position) for position in shown]
        return {**totals, "assets": assets, "positions": positions}

    def account_v2(self, call: Call) -> dict[str, Any]:
        """With the positions of every symbol, flat ones too, and the account's rights."""
        account = self._orders.account(call)
        margins = self._exchange.clearing.margins(account)
        rights = {
            "feeTier": 0,
            "feeBurn": False,
            "canTrade": account.may_trade,
            "canDeposit": True,
            "canWithdraw": True,
            "updateTime": 0,
            "multiAssetsMargin": account.multi_assets,
            "tradeGroupId": -1,
        }
        shown = [position for symbol in self._exchange.contracts for position in account.sides(symbol)]
        rows = [self._rows.old_row(account, margins, position) for position in shown]
        return {**rights, **self.account_v3(call), "positions": rows}

    def income(self, call: Call) -> list[dict[str, Any]]:
        account = self._orders.account(call)
        symbol, kind = call.get("symbol"), call.get("incomeType")
        rows = [row for row in account.incomes if symbol in ("", row["symbol"]) and kind in ("", row["incomeType"])]
        call.params.setdefault("limit", str(limit(call, 100)))
        return window(call, rows, lambda row: int(row["time"]))

    # Positions

    def positions_v2(self, call: Call) -> list[dict[str, Any]]:
        """Every symbol and side, flat ones too."""
        account = self._orders.account(call)
        margins, symbol = self._exchange.clearing.margins(account), call.get("symbol")
        shown = [p for name in self._exchange.contracts if symbol in ("", name) for p in account.sides(name)]
        return [
            self._rows.risk_row(account, margins, position) | self._rows.old_risk(account, position)
            for position in shown
        ]

    def positions_v3(self, call: Call) -> list[dict[str, Any]]:
        """Only symbols with a position or open orders."""
        account = self._orders.account(call)
        margins, symbol = self._exchange.clearing.margins(account), call.get("symbol")
        shown = [p for name in sorted(margins.symbols()) if symbol in ("", name) for p in account.sides(name)]
        kept = [p for p in shown if p.amount or p.side == "BOTH" or margins.notionals(p.symbol, p.side) != (ZERO, ZERO)]
        return [self._rows.risk_row(account, margins, position) for position in kept]

    # Settings

    def set_leverage(self, call: Call) -> dict[str, Any]:
        account, contract = self._orders.account(call), self._orders.contract(call)
        call.need("leverage")
        leverage = call.integer("leverage") or 0
        if not 1 <= leverage <= contract.brackets[0].leverage:
            raise refusals.INVALID_LEVERAGE.refusal(leverage)
        held = [position for position in account.sides(contract.symbol) if position.amount]
        if held and contract.symbol in account.isolated and leverage < account.leverage(contract.symbol):
            raise refusals.ISOLATED_LEVERAGE_DOWN.refusal()
        largest, mark = contract.largest(leverage), self._exchange.clearing.mark(contract.symbol)
        if any(abs(position.amount) * mark > largest for position in held):
            raise refusals.MAX_LEVERAGE_RATIO.refusal()
        before = account.leverage(contract.symbol)
        account.leverages[contract.symbol] = leverage
        if leverage < before and self._exchange.clearing.margins(account).available(contract.quote) < 0:
            account.leverages[contract.symbol] = before
            raise refusals.MIN_LEVERAGE_RATIO.refusal()
        self._exchange.clearing.configured(account, ac={"s": contract.symbol, "l": leverage})
        return {"leverage": leverage, "maxNotionalValue": plain(largest), "symbol": contract.symbol}

    def set_margin_type(self, call: Call) -> dict[str, Any]:
        account, contract = self._orders.account(call), self._orders.contract(call)
        kind, symbol = call.need("marginType"), contract.symbol
        if kind not in ("ISOLATED", "CROSSED"):
            raise codes.INVALID_PARAMETER.refusal("marginType")
        if kind == "ISOLATED" and account.multi_assets:
            raise refusals.ISOLATED_MULTI_ASSETS.refusal()
        if (kind == "ISOLATED") == (symbol in account.isolated):
            raise refusals.SAME_MARGIN_TYPE.refusal()
        if any(order.symbol == symbol for order in account.open_orders.values()):
            raise refusals.MARGIN_TYPE_OPEN_ORDERS.refusal()
        if any(position.symbol == symbol for position in account.held()):
            raise refusals.MARGIN_TYPE_POSITION.refusal()
        if kind == "ISOLATED":
            account.isolated.add(symbol)
        else:
            account.isolated.remove(symbol)
        self._exchange.clearing.update(account, "MARGIN_TYPE_CHANGE", contract.quote, account.sides(symbol))
        return SUCCESS

    def position_mode(self, call: Call) -> dict[str, Any]:
        return {"dualSidePosition": self._orders.account(call).dual}

    def set_position_mode(self, call: Call) -> dict[str, Any]:
        account = self._orders.account(call)
        call.need("dualSidePosition")
        dual = call.flag("dualSidePosition")
        if dual == account.dual:
            raise refusals.SAME_POSITION_MODE.refusal()
        if account.open_orders or account.open_algos:
            raise refusals.POSITION_MODE_OPEN_ORDERS.refusal()
        if account.held():
            raise refusals.POSITION_MODE_POSITION.refusal()
        account.dual = dual
        return SUCCESS

    def multi_assets(self, call: Call) -> dict[str, Any]:
        return {"multiAssetsMargin": self._orders.account(call).multi_assets}

    def set_multi_assets(self, call: Call) -> dict[str, Any]:
        account = self._orders.account(call)
        call.need("multiAssetsMargin")
        wanted = call.flag("multiAssetsMargin")
        if wanted == account.multi_assets:
            raise refusals.SAME_MULTI_ASSETS.refusal()
        if account.open_orders:
            raise refusals.MULTI_ASSETS_OPEN_ORDERS.refusal()
        if wanted and account.isolated:
            raise refusals.MULTI_ASSETS_ISOLATED.refusal()
        account.multi_assets = wanted
        self._exchange.clearing.configured(account, ai={"j": wanted})
        return SUCCESS

    def account_config(self, call: Call) -> dict[str, Any]:
        account = self._orders.account(call)
        return {
            "feeTier": 0,
            "canTrade": account.may_trade,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": account.dual,
            "updateTime": 0,
            "multiAssetsMargin": account.multi_assets,
            "tradeGroupId": -1,
        }

    def symbol_config(self, call: Call) -> list[dict[str, Any]]:
        account, symbol = self._orders.account(call), call.get("symbol")
        return [
            {
                "symbol": name,
                "marginType": "ISOLATED" if name in account.isolated else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": account.leverage(name),
                "maxNotionalValue": plain(contract.largest(account.leverage(name))),
            }
            for name, contract in self._exchange.contracts.items()
            if symbol in ("", name)
        ]

    def commission(self, call: Call) -> dict[str, Any]:
        account, contract = self._orders.account(call), self._orders.contract(call)
        return {
            "symbol": contract.symbol,
            "makerCommissionRate": str(account.maker),
            "takerCommissionRate": str(account.taker),
            "rpiCommissionRate": "0.00005",
        }

    def leverage_brackets(self, call: Call) -> list[dict[str, Any]] | dict[str, Any]:
        """One object for one symbol, else a list."""
        self._orders.account(call)
        rows = [
            {
                "symbol": contract.symbol,
                "notionalCoef": 1.0,
                "brackets": [
                    {
                        "bracket": row.number,
                        "initialLeverage": row.leverage,
                        "notionalCap": int(row.cap),
                        "notionalFloor": int(row.floor),
                        "maintMarginRatio": float(row.ratio),
                        "cum": float(row.cum),
                    }
                    for row in contract.brackets
                ],
            }
            for contract in self._exchange.contracts.values()
        ]
        if not call.get("symbol"):
            return rows
        symbol = self._orders.contract(call).symbol
        return next(row for row in rows if row["symbol"] == symbol)


def _assets(account: FuturesAccount) -> list[str]:
    return ["USDT", *(asset for asset in account.wallet if asset != "USDT")]


def _signed(answer: Answering, weight: int = 1) -> Route:
    return Route(PRODUCT, answer, "FUTURES", weight)
