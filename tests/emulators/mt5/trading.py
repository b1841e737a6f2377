"""A trade request on its way through the terminal, with the faults that wait for it."""

from dataclasses import replace

from tests.emulators.mt5 import codes, money
from tests.emulators.mt5.account import Position
from tests.emulators.mt5.codes import Failure, Refusal
from tests.emulators.mt5.decimals import exact
from tests.emulators.mt5.executing import Effects, Result
from tests.emulators.mt5.faults import Fault
from tests.emulators.mt5.records import OrderCheckResult, OrderSendResult
from tests.emulators.mt5.requests import KINDS, Request
from tests.emulators.mt5.terminal import Terminal
from trading.mt5.constants import Constants as mt5

MOVED = (mt5.TRADE_RETCODE_REQUOTE, mt5.TRADE_RETCODE_PRICE_CHANGED)


def kind(terminal: Terminal, request: Request) -> str:
    """What is asked: open, close, pending, modify or remove, as faults name it."""
    if request.action != mt5.TRADE_ACTION_DEAL:
        return KINDS.get(request.action, "open")
    account = terminal.current
    net = None if account.hedging else account.net(request.symbol)
    closes = request.position or (net is not None and net.long != (request.type == mt5.ORDER_TYPE_BUY))
    return "close" if closes else "open"


def send(terminal: Terminal, request: Request) -> OrderSendResult:
    """order_send. Raises Failure -8."""
    asked = kind(terminal, request)
    lag = None
    try:
        _let_through(terminal, request)
        lag = terminal.faults.effect("lag", asked)
        if lag:
            terminal.lag(lag.detail)
        result = _carry_out(terminal, request, asked)
    except Refusal as why:
        return _answer(terminal, request, Result(why.retcode, bid=why.bid, ask=why.ask))
    if terminal.faults.effect("bare", asked):
        result = Result(result.retcode, order=result.order)
    return _answer(terminal, request, result)


def check(terminal: Terminal, request: Request) -> OrderCheckResult:
    """order_check: the account as it would be. Raises Failure -8."""
    account, market, retcode, comment = terminal.current, terminal.market, 0, "Done"
    extra = None
    try:
        fault = terminal.faults.retcode("order_check", kind(terminal, request))
        if fault:
            raise Refusal(fault.number)
        result = terminal.server.check(account, request)
        if request.action == mt5.TRADE_ACTION_DEAL and not request.position:
            extra = Position(0, 0, request.symbol, request.type, request.volume, result.price, 0, 0)
    except Refusal as why:
        retcode, comment = why.retcode, codes.COMMENTS[why.retcode]
    equity, margin = money.equity(market, account), money.used(market, account, extra)
    return OrderCheckResult(
        retcode,
        float(account.balance),
        float(equity),
        float(equity - account.balance - account.credit),
        float(margin),
        float(equity - margin),
        float(equity / margin * 100) if margin else 0.0,
        comment,
        request.record(),
    )


def _let_through(terminal: Terminal, request: Request) -> None:
    """What the terminal looks at before it sends. Raises Failure -8; refuses 10027, 10031, 10021."""
    if terminal.api_disabled:
        raise Failure(mt5.RES_E_AUTO_TRADING_DISABLED)
    if not terminal.algo:
        raise Refusal(mt5.TRADE_RETCODE_CLIENT_DISABLES_AT)
    if not terminal.connected:
        raise Refusal(mt5.TRADE_RETCODE_CONNECTION)
    if request.symbol in terminal.market.symbols and request.symbol not in terminal.selected:
        raise Refusal(mt5.TRADE_RETCODE_PRICE_OFF)


def _carry_out(terminal: Terminal, request: Request, asked: str) -> Result:
    faults, server, account = terminal.faults, terminal.server, terminal.current
    fault = faults.retcode("order_send", asked)
    slip, comment = faults.effect("slip", asked), faults.effect("comment", asked)
    effects = Effects(slip.detail["points"] if slip else 0, comment=comment.detail if comment else None)
    if fault is None:
        return server.send(account, request, "order_send", effects)
    if fault.number == mt5.TRADE_RETCODE_DONE_PARTIAL:
        effects = replace(effects, part=exact(fault.detail.get("part", "0.5")))
        return server.send(account, request, "order_send", effects)
    if fault.number == mt5.TRADE_RETCODE_PLACED:
        return server.send(account, request, "order_send", replace(effects, placed=fault.detail))
    if fault.executed:
        _execute_unseen(terminal, request, effects, float(fault.detail.get("after", 0)))
    if fault.number in MOVED:
        _move(terminal, request, fault)
    raise Refusal(fault.number)


def _execute_unseen(terminal: Terminal, request: Request, effects: Effects, after: float) -> None:
    """The request is executed, now or later, and nobody is told."""
    server, account = terminal.server, terminal.current

    def act() -> None:
        try:
            server.send(account, request, "order_send", effects)
        except Refusal:
            return  # whoever asked was not told anything else either

    if after:
        server.waiting.append((terminal.clock.now_ms + 1000 * after, act))
    else:
        act()


def _move(terminal: Terminal, request: Request, fault: Fault) -> None:
    """The price moves away and is shown with the refusal."""
    quote = terminal.market.quotes.get(request.symbol)
    if quote is None:
        return
    points = fault.detail.get("points", 0) * terminal.market.symbols[request.symbol].point
    points *= 1 if request.type == mt5.ORDER_TYPE_BUY else -1
    if points:
        terminal.show(request.symbol, quote.bid + points, quote.ask + points)
    raise Refusal(fault.number, quote.bid + points, quote.ask + points)


def _answer(terminal: Terminal, request: Request, result: Result) -> OrderSendResult:
    terminal.request_id += 1
    return OrderSendResult(
        result.retcode,
        result.deal,
        result.order,
        float(result.volume),
        float(result.price),
        float(result.bid),
        float(result.ask),
        codes.COMMENTS[result.retcode],
        terminal.request_id,
        0,
        request.record(),
    )
