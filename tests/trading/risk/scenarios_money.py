"""The scenes of prices, values and pace."""

from tests.kit import BTC
from tests.trading.risk.desk import D, Desk, like, off
from tests.trading.risk.scenarios import Scene, scene
from trading import events as e
from trading.instruments import Money, Symbol
from trading.intent import Mode
from trading.risk.reasons import Reason

# --- prices ----------------------------------------------------------------------------------


@scene(Reason.NO_PRICE)
def no_price() -> Scene:
    desk = Desk()
    nothing = like(BTC, symbol=Symbol("DOGE/USDT"))
    desk.record(e.InstrumentListed("demo", Mode.PAPER, nothing))
    fails = desk.judge(desk.order(symbol="DOGE/USDT", limit_price="60000"))
    return Scene(desk.judge(desk.order()), fails, "no price of DOGE/USDT yet", "/price DOGE/USDT shows it")


@scene(Reason.NO_RATE)
def no_rate() -> Scene:
    desk = Desk(stated={"USD": D(1)})
    passes = desk.judge(desk.order(quantity="0.1", symbol="EURUSD"))
    desk = Desk()  # no market shows USD in USDT
    fails = desk.judge(desk.order(quantity="0.1", symbol="EURUSD"))
    remedy = 'rates.USD = "AMOUNT" is what 1 USD counts as in USDT.'
    return Scene(passes, fails, "no rate from USD to USDT", remedy)


@scene(Reason.STALE_PRICE)
def stale_price() -> Scene:
    desk = Desk(off(stale_price_s=15))
    desk.clock.move(15)
    passes = desk.judge(desk.order())
    desk.clock.move(0.1)
    return Scene(passes, desk.judge(desk.order()), "price 15.1s old, limit 15s", "Wait for a new price;")


@scene(Reason.PRICE_BAND)
def price_band() -> Scene:
    desk = Desk(off(price_band=D(5)))
    passes = desk.judge(desk.order(limit_price="63000"))
    fails = desk.judge(desk.order(limit_price="63000.01"))
    text = "63000.01 is 5.01% worse than the best price 60000, limit 5%"
    return Scene(passes, fails, text, "Use a price up to 63000, or")


# --- values ----------------------------------------------------------------------------------


@scene(Reason.INSUFFICIENT_FUNDS)
def insufficient_funds() -> Scene:
    desk = Desk()
    desk.place(desk.order(quantity="1", limit_price="40000"))
    passes = desk.judge(desk.order(quantity="1"))
    fails = desk.judge(desk.order(quantity="1", limit_price="60000.01"))
    return Scene(passes, fails, "needs 60000.01 USDT, free 60000 USDT", "cancel what reserves it: /orders.")


@scene(Reason.MIN_ORDER_VALUE)
def min_order_value() -> Scene:
    desk = Desk(off(min_order_value=D(600)))
    fails = desk.judge(desk.order(limit_price="59999.99"))
    text = "order value 599.99 USDT, minimum 600 USDT"
    return Scene(desk.judge(desk.order()), fails, text, "Use at least 600 USDT, or lower it")


@scene(Reason.MAX_ORDER_VALUE)
def max_order_value() -> Scene:
    desk = Desk(off(max_order_value=D(600)))
    fails = desk.judge(desk.order(quantity="0.01001"))
    text = "order value 600.60 USDT, limit 600 USDT"
    return Scene(desk.judge(desk.order()), fails, text, "Use at most 600 USDT, or raise it")


@scene(Reason.MAX_POSITION_VALUE)
def max_position_value() -> Scene:
    desk = Desk(off(max_position_value=D(1700)))
    desk.hold("0.01")  # worth 599.99 at the bid
    desk.place(desk.order(limit_price="50000"))  # and 500 to come
    passes = desk.judge(desk.order(limit_price="60000"))
    fails = desk.judge(desk.order(limit_price="60002"))
    text = "position would be 1700.01 USDT, limit 1700 USDT"
    return Scene(passes, fails, text, "There is room for 600.01 USDT;")


@scene(Reason.MAX_TOTAL_EXPOSURE)
def max_total_exposure() -> Scene:
    desk = Desk(off(max_total_exposure=D(4198)))
    desk.hold("1", "ETH/USDT", "3000")  # worth 2,999 at the bid
    desk.place(desk.order(quantity="0.2", symbol="ETH/USDT", limit_price="2995"))  # and 599 to come
    passes = desk.judge(desk.order())
    fails = desk.judge(desk.order(limit_price="60001"))
    text = "exposure would be 4198.01 USDT, limit 4198 USDT"
    return Scene(passes, fails, text, "There is room for 600.00 USDT;")


@scene(Reason.LEVERAGE)
def leverage() -> Scene:
    desk = Desk(off(max_leverage=D(3)), balances=(Money(D(20000), "USDT"),))
    passes = desk.judge(desk.order(quantity="1", symbol="BTC/USDT:USDT"))
    fails = desk.judge(desk.order(quantity="1.001", symbol="BTC/USDT:USDT"))
    text = "exposure would be 60060.00 USDT, limit 3 x equity 20000.00 USDT"
    return Scene(passes, fails, text, "There is room for 60000.00 USDT;")


@scene(Reason.MAX_OPEN_POSITIONS)
def max_open_positions() -> Scene:
    desk = Desk(off(max_open_positions=2))
    desk.hold("0.01")
    passes = desk.judge(desk.order(quantity="1", symbol="ETH/USDT"))
    desk.place(desk.order(quantity="1", symbol="ETH/USDT", limit_price="2000"))
    fails = desk.judge(desk.order(symbol="BTC/USDT:USDT"))
    return Scene(passes, fails, "positions would be 3, limit 2", "Close one first (/positions)")


@scene(Reason.MAX_OPEN_ORDERS)
def max_open_orders() -> Scene:
    desk = Desk(off(max_open_orders_per_symbol=2))
    desk.place(desk.order(limit_price="50000"))
    passes = desk.judge(desk.order(limit_price="50001"))
    desk.place(desk.order(limit_price="50001"))
    fails = desk.judge(desk.order(limit_price="50002"))
    return Scene(passes, fails, "open orders of BTC/USDT would be 3, limit 2", "(/orders BTC/USDT)")


# --- pace ------------------------------------------------------------------------------------


@scene(Reason.ORDER_RATE)
def order_rate() -> Scene:
    desk = Desk(off(max_orders_per_minute=2))
    for _ in range(2):
        desk.place(desk.order(limit_price="50000"))
        desk.clock.move(20)
    fails = desk.judge(desk.order())
    desk.clock.move(20)  # the first is a minute old now
    return Scene(desk.judge(desk.order()), fails, "orders within 1m would be 3, limit 2", "Wait 20s, or raise it")


@scene(Reason.DUPLICATE)
def duplicate() -> Scene:
    desk = Desk(off(duplicate_window_s=2))
    first = desk.place(desk.order(limit_price="50000"))
    desk.clock.move(0.5)
    fails = desk.judge(desk.order(limit_price="50000"))
    desk.clock.move(1.5)
    text = f"the same as {first.id}, sent 0.5s ago, window 2s"
    return Scene(desk.judge(desk.order(limit_price="50000")), fails, text, "If it is meant, send it again in 2s;")
