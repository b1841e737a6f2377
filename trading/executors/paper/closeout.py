"""What a venue does with an account that can no longer answer for its contracts: it closes them itself."""

from trading.executors.paper.funds import Funds
from trading.executors.paper.ledger import Ledger
from trading.executors.paper.matching import Matching
from trading.executors.paper.order import State
from trading.instruments import Instrument, Settlement, Symbol, plain
from trading.portfolio import closing_side
from trading.reports import CloseOut


class Closing:
    """Closes the positions of a ledger when its equity no longer exceeds what they must keep (`Lending.maintenance`).

    All that settle in one currency answer for each other, and go together, as on a cross margin account of Binance
    USDT-M. A broker closes one after the other, the largest loss first; at equity this low hardly any would stay.
    """

    def __init__(self, ledger: Ledger, funds: Funds, matching: Matching) -> None:
        self._ledger = ledger
        self._funds = funds
        self._matching = matching

    def watch(self, symbol: Symbol) -> None:
        """Look whether the money still suffices after a new price of `symbol`; if not, close and cancel."""
        instrument = self._ledger.instruments.get(symbol)
        if instrument is None or instrument.settlement is Settlement.SPOT:
            return
        currency = instrument.quote
        equity, least = self._funds.equity(currency), self._funds.maintenance(currency)
        if least is None or equity > least:
            return
        reason = (
            f"the equity of {plain(round(equity, 2))} {currency} is not above the maintenance margin of "
            f"{plain(round(least, 2))} {currency}"
        )
        contracts = {
            each.symbol: each
            for each in self._ledger.instruments.values()
            if each.settlement is Settlement.LINEAR and each.quote == currency
        }
        for each in contracts.values():
            if self._ledger.held(each.symbol).quantity:
                self._close(each, reason)
        for order in self._ledger.open_orders():
            if order.is_open and order.symbol in contracts:
                self._matching.end(order, State.CANCELED, "LIQUIDATED")

    def _close(self, instrument: Instrument, reason: str) -> None:
        """All of a position in one trade, at the last price that it reaches of those shown."""
        held = self._ledger.held(instrument.symbol).quantity
        side, left, price = closing_side(held), abs(held), self._funds.mark(instrument)
        quote = self._ledger.quotes.get(instrument.symbol)
        for level in quote.taker(side) if quote is not None else ():
            price, left = level.price, left - level.quantity
            if left <= 0:
                break
        self._ledger.settle(instrument, side, abs(held), price)
        fee = self._funds.fee(instrument, side, abs(held), price, maker=False)
        self._ledger.add(-fee.amount, fee.currency)
        self._ledger.trade("", abs(held), price, fee, closed_out=CloseOut(instrument.symbol, side, reason))
