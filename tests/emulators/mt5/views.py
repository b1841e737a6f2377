"""What is inside the server, as the terminal shows it: floats, ints and texts in the package's structures."""

from decimal import Decimal

from tests.emulators.mt5 import money
from tests.emulators.mt5.account import Account, Deal, Order, Position
from tests.emulators.mt5.decimals import ONE, ZERO
from tests.emulators.mt5.market import Market, Quote
from tests.emulators.mt5.records import Tick, TradeDeal, TradeOrder, TradePosition
from tests.emulators.mt5.states import AccountInfo, SymbolInfo
from tests.emulators.mt5.symbols import Symbol
from trading.mt5.constants import Constants as mt5


def position(market: Market, account: Account, one: Position) -> TradePosition:
    """A position at the price it would close at now."""
    quote = market.quotes.get(one.symbol)
    return TradePosition(
        ticket=one.ticket,
        time=one.time_ms // 1000,
        time_msc=one.time_ms,
        time_update=one.updated_ms // 1000,
        time_update_msc=one.updated_ms,
        type=one.type,
        magic=one.magic,
        identifier=one.identifier,
        reason=one.reason,
        volume=float(one.volume),
        price_open=float(one.price_open),
        sl=float(one.sl),
        tp=float(one.tp),
        price_current=float(quote.price(not one.long)) if quote else 0.0,
        swap=float(one.swap),
        profit=float(money.floating(market, account, one)),
        symbol=one.symbol,
        comment=one.comment,
    )


def order(market: Market, one: Order) -> TradeOrder:
    """An order, active or done."""
    quote = market.quotes.get(one.symbol)
    return TradeOrder(
        ticket=one.ticket,
        time_setup=one.time_ms // 1000,
        time_setup_msc=one.time_ms,
        time_done=one.done_ms // 1000,
        time_done_msc=one.done_ms,
        time_expiration=one.expiration,
        type=one.type,
        type_time=one.time_type,
        type_filling=one.filling,
        state=one.state,
        magic=one.magic,
        position_id=one.position_id,
        position_by_id=one.position_by_id,
        reason=one.reason,
        volume_initial=float(one.volume),
        volume_current=float(one.rest),
        price_open=float(one.price),
        sl=float(one.sl),
        tp=float(one.tp),
        price_current=float(quote.price(one.buys)) if quote else 0.0,
        price_stoplimit=float(one.stoplimit),
        symbol=one.symbol,
        comment=one.comment,
    )


def deal(one: Deal) -> TradeDeal:
    """A deal."""
    return TradeDeal(
        ticket=one.ticket,
        order=one.order,
        time=one.time_ms // 1000,
        time_msc=one.time_ms,
        type=one.type,
        entry=one.entry,
        magic=one.magic,
        position_id=one.position_id,
        reason=one.reason,
        volume=float(one.volume),
        price=float(one.price),
        commission=float(one.commission),
        swap=float(one.swap),
        profit=float(one.profit),
        fee=float(one.fee),
        symbol=one.symbol,
        comment=one.comment,
    )


def account_info(market: Market, account: Account) -> AccountInfo:
    """The account now."""
    equity, margin = money.equity(market, account), money.used(market, account)
    return AccountInfo(
        login=account.login,
        trade_mode=account.trade_mode,
        leverage=account.leverage,
        limit_orders=account.limit_orders,
        margin_so_mode=mt5.ACCOUNT_STOPOUT_MODE_PERCENT,
        trade_allowed=account.trade_allowed,
        trade_expert=account.trade_expert,
        margin_mode=account.margin_mode,
        currency_digits=account.digits,
        fifo_close=account.fifo_close,
        balance=float(account.balance),
        credit=float(account.credit),
        profit=float(equity - account.balance - account.credit),
        equity=float(equity),
        margin=float(margin),
        margin_free=float(equity - margin),
        margin_level=float(equity / margin * 100) if margin else 0.0,
        margin_so_call=float(account.so_call),
        margin_so_so=float(account.so_so),
        name=account.name,
        server=account.server,
        currency=account.currency,
        company=account.company,
    )


def tick(quote: Quote | None) -> Tick:
    """A tick; all zeros before the first."""
    if quote is None:
        return Tick()
    return Tick(
        quote.time_ms // 1000,
        float(quote.bid),
        float(quote.ask),
        float(quote.last),
        int(quote.volume),
        quote.time_ms,
        quote.flags,
        float(quote.volume),
    )


def symbol_info(market: Market, account: Account | None, symbol: Symbol, selected: bool) -> SymbolInfo:
    """A symbol's rules and last prices; prices only if it is in the Market Watch."""
    quote = market.quotes.get(symbol.name) if selected else None
    bid, ask = (quote.bid, quote.ask) if quote else (ZERO, ZERO)
    gains, loses = (_tick_value(market, account, symbol, sign) for sign in (ONE, -ONE))
    hedged = symbol.contract_size if symbol.margin_hedged is None else symbol.margin_hedged
    return SymbolInfo(
        select=selected,
        visible=selected,
        time=quote.time_ms // 1000 if quote else 0,
        digits=symbol.digits,
        spread=int((ask - bid) / symbol.point),
        spread_float=True,
        ticks_bookdepth=symbol.book_depth,
        trade_calc_mode=symbol.calc_mode,
        trade_mode=symbol.trade_mode,
        trade_stops_level=symbol.stops_level,
        trade_freeze_level=symbol.freeze_level,
        trade_exemode=symbol.exemode,
        swap_mode=symbol.swap_mode,
        swap_rollover3days=symbol.triple_swap_day,
        expiration_mode=symbol.expiration_mode,
        filling_mode=symbol.filling_mode,
        order_mode=symbol.order_mode,
        bid=float(bid),
        bidhigh=float(bid),
        bidlow=float(bid),
        ask=float(ask),
        askhigh=float(ask),
        asklow=float(ask),
        last=float(quote.last) if quote else 0.0,
        point=float(symbol.point),
        trade_tick_value=float(gains),
        trade_tick_value_profit=float(gains),
        trade_tick_value_loss=float(loses),
        trade_tick_size=float(symbol.tick_size),
        trade_contract_size=float(symbol.contract_size),
        volume_min=float(symbol.volume_min),
        volume_max=float(symbol.volume_max),
        volume_step=float(symbol.volume_step),
        volume_limit=float(symbol.volume_limit),
        swap_long=float(symbol.swap_long),
        swap_short=float(symbol.swap_short),
        margin_initial=float(symbol.margin_initial),
        margin_hedged=float(hedged),
        currency_base=symbol.base,
        currency_profit=symbol.profit,
        currency_margin=symbol.margin_currency,
        description=symbol.description,
        name=symbol.name,
        path=f"{symbol.path}\\{symbol.name}",
    )


def _tick_value(market: Market, account: Account | None, symbol: Symbol, sign: Decimal) -> Decimal:
    """What a tick is worth in the account's currency, won (`sign` 1) or lost (-1); 0 without a price for it."""
    amount = sign * symbol.tick_size * symbol.contract_size
    try:
        return abs(market.convert(amount, symbol.profit, account.currency)) if account else ZERO
    except LookupError:
        return ZERO
