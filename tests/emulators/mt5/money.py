"""Money: profit, margin, swap, equity, by the formulas of the MetaTrader 5 help ("Margin calculation", "Swaps") and of
MQL5's ENUM_SYMBOL_CALC_MODE. Amounts are exact; what is booked is rounded by whoever books it.
"""

from decimal import Decimal

from tests.emulators.mt5.account import Account, Position
from tests.emulators.mt5.decimals import ZERO, cents
from tests.emulators.mt5.market import Market
from tests.emulators.mt5.symbols import Symbol
from trading.mt5.constants import Constants as mt5

BY_LEVERAGE = frozenset({mt5.SYMBOL_CALC_MODE_FOREX, mt5.SYMBOL_CALC_MODE_CFDLEVERAGE})
AT_BASE = frozenset({mt5.SYMBOL_CALC_MODE_FOREX, mt5.SYMBOL_CALC_MODE_FOREX_NO_LEVERAGE})


def profit(
    market: Market, account: Account, symbol: Symbol, long: bool, volume: Decimal, opened: Decimal, closed: Decimal
) -> Decimal:
    """Profit in the account's currency, rounded to its digits: price difference x contract size x lots."""
    difference = closed - opened if long else opened - closed
    amount = market.convert(difference * symbol.contract_size * volume, symbol.profit, account.currency)
    return cents(amount, account.digits)


def margin(market: Market, account: Account, symbol: Symbol, volume: Decimal, price: Decimal) -> Decimal:
    """Margin in the account's currency: lots x contract size [/ leverage] x rate of the margin currency [x price]."""
    if symbol.margin_initial:
        amount, currency = volume * symbol.margin_initial, symbol.margin_currency
    elif symbol.calc_mode in AT_BASE and symbol.profit == account.currency:
        amount, currency = volume * symbol.contract_size * price, symbol.profit
    elif symbol.calc_mode in AT_BASE:
        amount, currency = volume * symbol.contract_size, symbol.margin_currency
    else:
        amount, currency = volume * symbol.contract_size * price, symbol.profit
    if symbol.calc_mode in BY_LEVERAGE and not symbol.margin_initial:
        amount /= account.leverage
    # A margin is what one has to have: converted as a debt is, at the dearer price.
    return cents(-market.convert(-amount * symbol.margin_rate, currency, account.currency), account.digits)


def floating(market: Market, account: Account, position: Position) -> Decimal:
    """The profit of an open position at the price it would close at now."""
    quote = market.quotes.get(position.symbol)
    if quote is None:
        return ZERO
    symbol, price = market.symbols[position.symbol], quote.price(not position.long)
    return profit(market, account, symbol, position.long, position.volume, position.price_open, price)


def equity(market: Market, account: Account) -> Decimal:
    """Balance, credit, swap and floating profit."""
    floats = (floating(market, account, one) + one.swap for one in account.positions.values())
    return account.balance + account.credit + sum(floats, ZERO)


def used(market: Market, account: Account, extra: Position | None = None) -> Decimal:
    """The margin of all positions, and of one more: of each symbol the larger side, and the hedged volume once.

    On a netting account `extra` of the other side takes volume away first.
    """
    total = ZERO
    positions = [*account.positions.values(), *([extra] if extra else [])]
    for name in sorted({one.symbol for one in positions}):
        symbol = market.symbols[name]
        sides = {long: [one for one in positions if one.symbol == name and one.long == long] for long in (True, False)}
        volumes = {long: sum((one.volume for one in side), ZERO) for long, side in sides.items()}
        larger = volumes[True] >= volumes[False]
        value = sum((one.volume * one.price_open for one in sides[larger]), ZERO)
        price = value / volumes[larger] if volumes[larger] else ZERO
        hedged = min(volumes.values()) if account.hedging else ZERO
        rate = symbol.contract_size if symbol.margin_hedged is None else symbol.margin_hedged
        total += margin(market, account, symbol, volumes[larger] - volumes[not larger], price)
        total += margin(market, account, symbol, hedged * rate / symbol.contract_size, price)
    return total


def swap(market: Market, account: Account, position: Position, days: int) -> Decimal:
    """The swap of so many nights, in the account's currency, rounded."""
    symbol = market.symbols[position.symbol]
    rate = (symbol.swap_long if position.long else symbol.swap_short) * position.volume * days
    if symbol.swap_mode == mt5.SYMBOL_SWAP_MODE_POINTS:
        amount = market.convert(rate * symbol.point * symbol.contract_size, symbol.profit, account.currency)
    elif symbol.swap_mode == mt5.SYMBOL_SWAP_MODE_CURRENCY_SYMBOL:
        amount = market.convert(rate, symbol.base, account.currency)
    elif symbol.swap_mode == mt5.SYMBOL_SWAP_MODE_CURRENCY_DEPOSIT:
        amount = rate
    else:
        amount = ZERO
    return cents(amount, account.digits)
