"""One scene for every reason: the last order that passes, the first that does not, and what is then told."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from tests.kit import ETH, START
from tests.trading.risk.desk import D, Desk, denied, like, off
from trading import events as e
from trading.instruments import Money, Side, Symbol
from trading.intent import Mode, OrderType, TimeInForce
from trading.ports import Approved, Capabilities
from trading.risk.gate import Denied
from trading.risk.reasons import Reason


class Scene(NamedTuple):
    passes: Approved | Denied
    fails: Approved | Denied
    text: str
    remedy: str


SCENES: dict[Reason, Callable[[], Scene]] = {}


def scene(reason: Reason) -> Callable[[Callable[[], Scene]], Callable[[], Scene]]:
    def register(play: Callable[[], Scene]) -> Callable[[], Scene]:
        SCENES[reason] = play
        return play

    return register


# --- permission ------------------------------------------------------------------------------


@scene(Reason.NOT_READY)
def not_ready() -> Scene:
    desk = Desk()
    passes = desk.judge(desk.order())
    desk.unready = "demo has not been reconciled yet"
    return Scene(passes, desk.judge(desk.order()), "demo has not been reconciled yet", "/reconcile demo")


@scene(Reason.KILLED)
def killed() -> Scene:
    desk = Desk()
    desk.record(e.TradingStateChanged("ETH/USDT", e.TradingState.HALTED, "person:ana"))
    desk.record(e.TradingStateChanged("demo", e.TradingState.REDUCING, "person:bob"))
    desk.record(e.TradingStateChanged("demo", e.TradingState.ACTIVE, "person:bob"))
    passes = desk.judge(desk.order())
    desk.record(e.TradingStateChanged("demo", e.TradingState.REDUCING, "person:bob"))
    desk.record(e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana", "news"))
    text = "the desk was killed by person:ana at 2026-01-05 12:00 UTC (news)"
    return Scene(passes, desk.judge(desk.order()), text, "/resume all releases it.")


@scene(Reason.PAUSED)
def paused() -> Scene:
    desk = Desk()
    desk.record(e.TradingStateChanged("trend", e.TradingState.REDUCING, "person:ana"))
    passes = desk.judge(desk.order())
    fails = desk.judge(desk.order(actor="strategy:trend"))
    text = "trend was paused by person:ana at 2026-01-05 12:00 UTC"
    return Scene(passes, fails, text, "/resume trend to trade again.")


@scene(Reason.SYMBOL_LOCKED)
def locked() -> Scene:
    desk = Desk()
    desk.record(e.SymbolLocked(Symbol("BTC/USDT"), START + timedelta(minutes=5), "news", "person:ana"))
    fails = desk.judge(desk.order())
    desk.clock.move(300)
    desk.market.show("BTC/USDT", "59999", "60000")
    text = "BTC/USDT is locked until 2026-01-05 12:05 UTC by person:ana: news"
    return Scene(desk.judge(desk.order()), fails, text, "Wait until the lock ends, or /unlock BTC/USDT.")


@scene(Reason.SYMBOL_DENIED)
def symbol_denied() -> Scene:
    desk = Desk(off(allow=("*/usdt",), deny=("ETH/*",)))
    fails = desk.judge(desk.order(quantity="1", symbol="ETH/USDT"))
    return Scene(desk.judge(desk.order()), fails, "ETH/USDT is on the deny list (ETH/*)", "/limit deny.")


@scene(Reason.IN_DOUBT)
def in_doubt() -> Scene:
    desk = Desk()
    lost = desk.place(desk.order(limit_price="50000", symbol="ETH/USDT", quantity="1"))
    desk.record(e.OrderInDoubt(lost.id, "timeout"))
    fails = desk.judge(desk.order(symbol="ETH/USDT", quantity="1"))
    text = "1 order of ETH/USDT in doubt, the first order1 (BUY 1)"
    return Scene(desk.judge(desk.order()), fails, text, "/why order1 tells more, /reconcile demo asks the venue now.")


@scene(Reason.COOLDOWN)
def cooldown() -> Scene:
    desk = Desk(off(loss_streak=2, cooldown_s=3600), timezone="Europe/Vienna")
    for _ in range(2):
        desk.hold("0.01")
        desk.place(desk.order(Side.SELL, "0.01", actor="person:past"), "0.01", "59000")
    fails = desk.judge(desk.order())
    desk.clock.move(3600)
    text = "2 losses in a row, limit 2"
    return Scene(desk.judge(desk.order()), fails, text, "Wait until 2026-01-05 14:00 Europe/Vienna, or")


@scene(Reason.DAILY_LOSS)
def daily_loss() -> Scene:
    desk = Desk(off(max_daily_loss=D(500)))
    desk.sample("100499.99")
    passes = desk.judge(desk.order())
    desk.sample("100500", "2026-01-04")
    desk.sample("100000")  # the day began with 100,500
    text = "loss today 500.00 USDT, limit 500 USDT"
    return Scene(passes, desk.judge(desk.order()), text, "Trading goes on at midnight UTC, or raise it")


@scene(Reason.DRAWDOWN)
def drawdown() -> Scene:
    desk = Desk(off(max_drawdown=D(20)))
    desk.sample("124999.99")
    passes = desk.judge(desk.order())
    desk.sample("125000")
    text = "equity 20.00% below its highest 125000.00 USDT, limit 20%"
    return Scene(passes, desk.judge(desk.order()), text, "raise it with /limit max_drawdown.")


# --- validity --------------------------------------------------------------------------------


@scene(Reason.VENUE_RULES)
def venue_rules() -> Scene:
    desk = Desk()
    desk.bounds = (D("0.8"), D("1.2"))
    passes, fails = desk.judge(desk.order(limit_price="48000")), desk.judge(desk.order(limit_price="47999"))
    return Scene(passes, fails, "The price is too far from the market.", "The nearest is 48000")


@scene(Reason.MARKET_CLOSED)
def market_closed() -> Scene:
    """It is told before the price that has got old for it, and after what forbids the order anyhow."""
    desk = Desk(off(stale_price_s=60))
    passes = desk.judge(desk.order())
    desk.clock.move(61)
    desk.closed = "Ask again on Monday."
    fails = desk.judge(desk.order())
    desk.unready = "it has not been reconciled yet"
    denied(desk.judge(desk.order()), Reason.NOT_READY)
    return Scene(passes, fails, "It is closed.", "Ask again on Monday.")


@scene(Reason.UNSUPPORTED)
def unsupported() -> Scene:
    desk = Desk(capabilities=Capabilities(frozenset({OrderType.MARKET, OrderType.LIMIT}), frozenset(TimeInForce)))
    passes = desk.judge(desk.order(limit_price="60000"))
    fails = desk.judge(desk.order(stop_price="61000", type=OrderType.STOP))
    return Scene(passes, fails, "demo has no STOP orders", "Use LIMIT, MARKET.")


@scene(Reason.STOP_WRONG_SIDE)
def stop_wrong_side() -> Scene:
    desk = Desk()
    passes = desk.judge(desk.order(stop_price="60000.01", type=OrderType.STOP))
    fails = desk.judge(desk.order(stop_price="60000", type=OrderType.STOP))
    return Scene(passes, fails, "stop price 60000 is not above 60000", "Put it above 60000.")


@scene(Reason.NOTHING_TO_REDUCE)
def nothing_to_reduce() -> Scene:
    desk = Desk()
    desk.hold("0.5", "BTC/USDT:USDT")
    passes = desk.judge(desk.order(Side.SELL, "0.5", "BTC/USDT:USDT", reduce_only=True))
    fails = desk.judge(desk.order(Side.SELL, "0.501", "BTC/USDT:USDT", reduce_only=True))
    text = "reduce-only SELL 0.501 BTC, open and not being closed already 0.5 BTC"
    return Scene(passes, fails, text, "Close at most 0.5 BTC;")


@scene(Reason.LOT_SIZE)
def lot_size() -> Scene:
    desk = Desk()
    fails = desk.judge(desk.order(quantity="0.010005"))
    text = "quantity 0.010005 is not a multiple of the step 0.00001"
    return Scene(desk.judge(desk.order(quantity="0.01001")), fails, text, "Use 0.01 BTC or 0.01001 BTC.")


@scene(Reason.MIN_QUANTITY)
def min_quantity() -> Scene:
    desk = Desk()
    coarse = like(ETH, min_quantity=D("0.5"))
    desk.record(e.InstrumentListed("demo", Mode.PAPER, coarse))
    fails = desk.judge(desk.order(quantity="0.4999", symbol="ETH/USDT"))
    passes = desk.judge(desk.order(quantity="0.5", symbol="ETH/USDT"))
    return Scene(passes, fails, "quantity 0.4999 ETH, minimum 0.5", "Use at least 0.5 ETH.")


@scene(Reason.MAX_QUANTITY)
def max_quantity() -> Scene:
    desk = Desk(balances=(Money(D(10**9), "USDT"),))
    fails = desk.judge(desk.order(quantity="9000.00001"))
    text = "quantity 9000.00001 BTC, maximum 9000"
    return Scene(desk.judge(desk.order(quantity="9000")), fails, text, "Use at most 9000 BTC, in several orders")


@scene(Reason.TICK_SIZE)
def tick_size() -> Scene:
    desk = Desk()
    fails = desk.judge(desk.order(limit_price="59000.005"))
    text = "limit price 59000.005 is not a multiple of the tick 0.01"
    return Scene(desk.judge(desk.order(limit_price="59000.01")), fails, text, "Use 59000 or 59000.01.")


@scene(Reason.MIN_NOTIONAL)
def min_notional() -> Scene:
    desk = Desk()
    passes = desk.judge(desk.order(quantity="0.0001", limit_price="50000"))
    fails = desk.judge(desk.order(quantity="0.0001", limit_price="49999.99"))
    return Scene(passes, fails, "value 4.99 USDT, the venue's minimum 5", "Use at least 0.00011 BTC at this price.")


@scene(Reason.MAX_NOTIONAL)
def max_notional() -> Scene:
    desk = Desk()
    passes = desk.judge(desk.order(quantity="20", symbol="BTC/USDT:USDT", limit_price="50000"))
    fails = desk.judge(desk.order(quantity="20", symbol="BTC/USDT:USDT", limit_price="50000.1"))
    text = "value 1000002.00 USDT, the venue's maximum 1000000"
    return Scene(passes, fails, text, "Use at most 19.999 BTC at this price.")
