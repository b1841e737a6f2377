"""What the trade server looks at before it does anything: each check refuses with the code of the MQL5 reference."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from tests.emulators.mt5 import money, symbols
from tests.emulators.mt5.account import LIMITS, PENDING, STOP_LIMITS, STOPS, Account, Position
from tests.emulators.mt5.codes import Refusal
from tests.emulators.mt5.decimals import ZERO, on_step
from tests.emulators.mt5.market import Market, Quote
from tests.emulators.mt5.requests import Request
from tests.emulators.mt5.symbols import Symbol
from trading.mt5.constants import Constants as mt5

PRICED = frozenset({mt5.SYMBOL_TRADE_EXECUTION_REQUEST, mt5.SYMBOL_TRADE_EXECUTION_INSTANT})
BITS = {mt5.ORDER_FILLING_FOK: symbols.FOK, mt5.ORDER_FILLING_IOC: symbols.IOC, mt5.ORDER_FILLING_BOC: symbols.BOC}


def tradable(market: Market, name: str, server_ms: int) -> tuple[Symbol, Quote]:
    """The symbol and its price. Refuses 10013 (no such symbol), 10017, 10018, 10021."""
    symbol = market.symbols.get(name)
    if symbol is None:
        raise Refusal(mt5.TRADE_RETCODE_INVALID)
    if symbol.trade_mode == mt5.SYMBOL_TRADE_MODE_DISABLED:
        raise Refusal(mt5.TRADE_RETCODE_TRADE_DISABLED)
    if not symbol.open_at(server_ms):
        raise Refusal(mt5.TRADE_RETCODE_MARKET_CLOSED)
    if name not in market.quotes:
        raise Refusal(mt5.TRADE_RETCODE_PRICE_OFF)
    return symbol, market.quotes[name]


def check_volume(symbol: Symbol, volume: Decimal) -> None:
    """Refuses 10014."""
    if not symbol.volume_min <= volume <= symbol.volume_max or not on_step(volume, symbol.volume_step):
        raise Refusal(mt5.TRADE_RETCODE_INVALID_VOLUME)


def check_filling(symbol: Symbol, request: Request) -> None:
    """Refuses 10030. RETURN is for exchange execution and for pending orders; BOC for orders that wait in the book."""
    pending = request.type in PENDING
    if request.type_filling == mt5.ORDER_FILLING_RETURN:
        allowed = pending or symbol.exemode == mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE
    elif request.type_filling == mt5.ORDER_FILLING_BOC:
        allowed = request.type in LIMITS | STOP_LIMITS and bool(symbol.fillings & symbols.BOC)
    else:
        allowed = bool(symbol.fillings & BITS.get(request.type_filling, 0))
    if not allowed:
        raise Refusal(mt5.TRADE_RETCODE_INVALID_FILL)


def check_market_price(symbol: Symbol, request: Request, quote: Quote) -> None:
    """Under instant and request execution the price counts: refuses 10015, 10004 (beyond the deviation), 10020."""
    if symbol.exemode not in PRICED:
        return
    now = quote.price(request.type == mt5.ORDER_TYPE_BUY)
    if request.price <= 0 or not on_step(request.price, symbol.tick_size):
        raise Refusal(mt5.TRADE_RETCODE_INVALID_PRICE)
    if symbol.exemode == mt5.SYMBOL_TRADE_EXECUTION_REQUEST and request.price != now:
        raise Refusal(mt5.TRADE_RETCODE_PRICE_CHANGED, quote.bid, quote.ask)
    if abs(request.price - now) > request.deviation * symbol.point:
        raise Refusal(mt5.TRADE_RETCODE_REQUOTE, quote.bid, quote.ask)


def check_levels(symbol: Symbol, long: bool, sl: Decimal, tp: Decimal, price: Decimal) -> None:
    """Stop loss and take profit on the right side of a price and the stops level away from it. Refuses 10016.

    `price` is what the position would close at (the bid of a long one), or the price of a pending order.
    """
    least = max(symbol.stops_level * symbol.point, symbol.tick_size)
    for level, below, bit in ((sl, long, symbols.SL), (tp, not long, symbols.TP)):
        away = price - level if below else level - price
        if level and (away < least or not on_step(level, symbol.tick_size) or not symbol.order_mode & bit or level < 0):
            raise Refusal(mt5.TRADE_RETCODE_INVALID_STOPS)


def check_pending_price(symbol: Symbol, request: Request, quote: Quote) -> None:
    """A pending order on its side of the market, the stops level away from it. Refuses 10015.

    On an exchange the price of a limit is not verified, nor that of a stop-limit's limit: such an order may be done at
    once (MetaTrader 5 help, "Trading principles").
    """
    least = max(symbol.stops_level * symbol.point, symbol.tick_size)
    anywhere = symbol.exemode == mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE
    buys = request.type in (mt5.ORDER_TYPE_BUY_LIMIT, mt5.ORDER_TYPE_BUY_STOP, mt5.ORDER_TYPE_BUY_STOP_LIMIT)
    away = (quote.price(buys) - request.price) * (1 if buys else -1) * (1 if request.type in LIMITS else -1)
    prices = [request.price]
    if request.type in STOP_LIMITS:
        prices.append(request.stoplimit)
        beside = (request.price - request.stoplimit) * (1 if buys else -1)
        away = away if anywhere else min(away, beside)
    near = away < least and not (anywhere and request.type in LIMITS)
    if near or any(price <= 0 or not on_step(price, symbol.tick_size) for price in prices):
        raise Refusal(mt5.TRADE_RETCODE_INVALID_PRICE)


def check_type(symbol: Symbol, type: int) -> None:
    """Is this type of order allowed for the symbol? Refuses 10035."""
    bit = (
        symbols.LIMIT
        if type in LIMITS
        else symbols.STOP
        if type in STOPS
        else symbols.STOP_LIMIT
        if type in STOP_LIMITS
        else symbols.CLOSE_BY
        if type == mt5.ORDER_TYPE_CLOSE_BY
        else symbols.MARKET
    )
    if not symbol.order_mode & bit:
        raise Refusal(mt5.TRADE_RETCODE_INVALID_ORDER)


def check_opening(symbol: Symbol, buys: bool) -> None:
    """May a position be opened this way? Refuses 10042, 10043, 10044."""
    refused = {
        mt5.SYMBOL_TRADE_MODE_LONGONLY: None if buys else mt5.TRADE_RETCODE_LONG_ONLY,
        mt5.SYMBOL_TRADE_MODE_SHORTONLY: mt5.TRADE_RETCODE_SHORT_ONLY if buys else None,
        mt5.SYMBOL_TRADE_MODE_CLOSEONLY: mt5.TRADE_RETCODE_CLOSE_ONLY,
    }.get(symbol.trade_mode)
    if refused:
        raise Refusal(refused)


def check_limits(account: Account, symbol: Symbol, buys: bool, volume: Decimal) -> None:
    """The volume of positions and orders in one direction. Refuses 10034."""
    held = sum((one.volume for one in account.of(symbol.name) if one.long == buys), ZERO)
    waiting = (one for one in account.orders.values() if one.symbol == symbol.name and one.buys == buys)
    total = held + sum((one.rest for one in waiting if not one.position_id), ZERO) + volume
    if symbol.volume_limit and total > symbol.volume_limit:
        raise Refusal(mt5.TRADE_RETCODE_LIMIT_VOLUME)


def check_money(market: Market, account: Account, symbol: Symbol, buys: bool, volume: Decimal, price: Decimal) -> None:
    """Would the free margin stay above zero? Refuses 10019, or 10021 where there is no rate."""
    kind = mt5.POSITION_TYPE_BUY if buys else mt5.POSITION_TYPE_SELL
    extra = Position(0, 0, symbol.name, kind, volume, price, 0, 0)
    try:
        margin = money.used(market, account, extra)
        market.convert(-price, symbol.profit, account.currency)
    except LookupError:
        raise Refusal(mt5.TRADE_RETCODE_PRICE_OFF) from None
    if margin > money.equity(market, account):
        raise Refusal(mt5.TRADE_RETCODE_NO_MONEY)


def check_closing(account: Account, symbol: Symbol, position: Position, volume: Decimal, quote: Quote) -> None:
    """May so much of a position be closed? Refuses 10038, 10039, 10045, 10029."""
    if volume > position.volume:
        raise Refusal(mt5.TRADE_RETCODE_INVALID_CLOSE_VOLUME)
    pending = (one.rest for one in account.orders.values() if one.position_id == position.identifier)
    if sum(pending, ZERO) + volume > position.volume:
        raise Refusal(mt5.TRADE_RETCODE_CLOSE_ORDER_EXIST)
    older = (one for one in account.of(symbol.name) if one.ticket != position.ticket and one.long == position.long)
    if account.fifo_close and any(one.time_ms < position.time_ms or one.ticket < position.ticket for one in older):
        raise Refusal(mt5.TRADE_RETCODE_FIFO_CLOSE)
    check_frozen(symbol, quote.price(not position.long), position.sl, position.tp)


def check_frozen(symbol: Symbol, price: Decimal, *levels: Decimal) -> None:
    """Is the market too near to one of these levels? Refuses 10029."""
    near = symbol.freeze_level * symbol.point
    if near and any(level and abs(price - level) <= near for level in levels):
        raise Refusal(mt5.TRADE_RETCODE_FROZEN)


def ends(type_time: int, expiration: int, placed_ms: int) -> int:
    """When an order expires, in seconds of the broker's time; 0 for never."""
    if type_time == mt5.ORDER_TIME_GTC:
        return 0
    if type_time == mt5.ORDER_TIME_SPECIFIED:
        return expiration
    second = placed_ms // 1000 if type_time == mt5.ORDER_TIME_DAY else expiration
    day = datetime.fromtimestamp(second, timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((day + timedelta(days=1)).timestamp())


def check_expiration(symbol: Symbol, request: Request, server_ms: int) -> None:
    """Refuses 10022."""
    allowed = request.type_time in range(4) and symbol.expiration_mode & (1 << request.type_time)
    end = ends(request.type_time, request.expiration, server_ms) if allowed else 0
    if not allowed or (request.type_time != mt5.ORDER_TIME_GTC and end * 1000 <= server_ms):
        raise Refusal(mt5.TRADE_RETCODE_INVALID_EXPIRATION)
