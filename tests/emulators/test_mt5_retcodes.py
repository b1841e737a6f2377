"""Every return code: those that the terminal and the server come to by themselves, and all of them by fault."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulators.mt5.codes import COMMENTS, DONE, UNCERTAIN
from tests.emulators.mt5.desk import NOW, Mt5Desk, desk
from trading.mt5.constants import Constants as mt5

HEDGING, NETTING = mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING, mt5.ACCOUNT_MARGIN_MODE_RETAIL_NETTING
LIMIT = mt5.ORDER_TYPE_BUY_LIMIT
INSTANT, REQUEST = mt5.SYMBOL_TRADE_EXECUTION_INSTANT, mt5.SYMBOL_TRADE_EXECUTION_REQUEST
Case = Callable[[Mt5Desk], Any]


def _rules(send: Case, **rules: Any) -> Case:
    """Send after changing EURUSD's rules."""

    def case(at: Mt5Desk) -> Any:
        at.terminal.symbol("EURUSD", **rules)
        return send(at)

    return case


def _account(send: Case, **settings: Any) -> Case:
    """Send after changing the account."""

    def case(at: Mt5Desk) -> Any:
        for name, value in settings.items():
            setattr(at.terminal.current, name, value)
        return send(at)

    return case


def _buy(volume: float = 0.1, **more: Any) -> Case:
    return lambda at: at.mt5.order_send({**at.request("EURUSD", volume), **more})


def _place(price: float, type: int = LIMIT, volume: float = 0.1, **more: Any) -> Case:
    return lambda at: at.place("EURUSD", type, volume, price, **more)


def _held(**more: Any) -> Case:
    """Hold 0.1 lot bought, then send something about it."""

    def case(at: Mt5Desk) -> Any:
        ticket = at.person.buy("EURUSD", "0.1", sl="1.0780", tp="1.0820").order
        return at.mt5.order_send({**at.request("EURUSD", 0.1, 1, position=ticket), **more})

    return case


def _moved(send: Case, bid: str, ask: str) -> Case:
    """The price moves between the decision and the request."""

    def case(at: Mt5Desk) -> Any:
        asked = at.request("EURUSD", 0.1)
        at.terminal.show("EURUSD", bid, ask)
        return send_with(at, asked)

    def send_with(at: Mt5Desk, asked: dict[str, Any]) -> Any:
        return at.mt5.order_send({**asked, **send(at)})

    return case


def _twice(send: Case) -> Case:
    def case(at: Mt5Desk) -> Any:
        assert send(at).retcode == 10009
        return send(at)

    return case


def _switch(name: str, value: bool) -> Case:
    def case(at: Mt5Desk) -> Any:
        setattr(at.terminal, name, value)
        return at.buy("EURUSD", 0.1)

    return case


def _unplugged(at: Mt5Desk) -> Any:
    at.terminal.disconnect()
    return at.buy("EURUSD", 0.1)


def _weekend(at: Mt5Desk) -> Any:
    at.terminal.advance(3 * 86_400)  # Saturday
    return at.buy("EURUSD", 0.1)


def _sunday_night(at: Mt5Desk) -> Any:
    """Sunday 21:30 UTC is Monday at the broker."""
    at.terminal.advance(4 * 86_400 + 11.5 * 3600)
    return at.buy("EURUSD", 0.1)


def _busy(at: Mt5Desk) -> Any:
    at.terminal.server.max_requests_per_s = 2
    assert [at.buy("EURUSD", 0.1).retcode for _ in range(2)] == [10009, 10009]
    return at.buy("EURUSD", 0.1)


def _newest_first(at: Mt5Desk) -> Any:
    at.terminal.current.fifo_close = True
    tickets = [at.person.buy("EURUSD", "0.1").order for _ in range(2)]
    return at.sell("EURUSD", 0.1, position=tickets[1])


def _closing_twice(at: Mt5Desk) -> Any:
    ticket = at.person.buy("EURUSD", "0.1").order
    at.terminal.faults.arm("retcode_10008")
    assert at.sell("EURUSD", 0.1, position=ticket).retcode == 10008
    return at.sell("EURUSD", 0.1, position=ticket)


def _opposite(at: Mt5Desk) -> Any:
    at.terminal.current.hedge_prohibited = True
    at.person.buy("EURUSD", "0.1")
    return at.sell("EURUSD", 0.1)


def _near_order(at: Mt5Desk) -> Any:
    at.terminal.symbol("EURUSD", freeze_level=100)
    ticket = at.place("EURUSD", LIMIT, 0.1, 1.0795).order
    return at.mt5.order_send({"action": mt5.TRADE_ACTION_REMOVE, "order": ticket})


NATURAL: dict[str, tuple[int, Case]] = {
    "a buy": (10009, _buy()),
    "float noise in the volume": (10009, _buy(0.1 + 0.2)),
    "no such action": (10013, _buy(action=99)),
    "no such symbol": (10013, _buy(symbol="NOPE")),
    "a pending type at the market": (10035, _buy(type=LIMIT)),
    "a market type as pending": (10035, _place(1.07, type=0)),
    "market orders not allowed": (10035, _rules(_buy(), order_mode=2)),
    "an order that there never was": (10035, _buy(action=mt5.TRADE_ACTION_REMOVE, order=5)),
    "below the minimum": (10014, _buy(0.001)),
    "above the maximum": (10014, _rules(_buy(2), volume_max="1")),
    "off the step": (10014, _buy(0.015)),
    "no volume": (10014, _buy(0.0)),
    "FOK where only IOC is": (10030, _rules(_buy(type_filling=mt5.ORDER_FILLING_FOK), filling_mode=2)),
    "IOC where only FOK is": (10030, _rules(_buy(), filling_mode=1)),
    "the symbol says IOC, the server takes FOK": (10030, _rules(_buy(), accepts=1)),
    "RETURN at the market": (10030, _buy(type_filling=mt5.ORDER_FILLING_RETURN)),
    "pending IOC where only FOK is": (10030, _rules(_place(1.07, type_filling=1), filling_mode=1)),
    "BOC where there is none": (10030, _place(1.07, type_filling=mt5.ORDER_FILLING_BOC)),
    "BOC where there is": (10009, _rules(_place(1.07, type_filling=mt5.ORDER_FILLING_BOC), filling_mode=7)),
    "market execution looks at no price": (10009, _buy(price=0.0)),
    "instant execution does": (10015, _rules(_buy(price=0.0), exemode=INSTANT)),
    "an instant price off the tick": (10015, _rules(_buy(price=1.080105), exemode=INSTANT)),
    "a price that is gone": (10004, _rules(_moved(lambda at: {}, "1.0801", "1.0802"), exemode=INSTANT)),
    "within the deviation": (10009, _rules(_moved(lambda at: {"deviation": 10}, "1.0801", "1.0802"), exemode=INSTANT)),
    "one point too little": (10004, _rules(_moved(lambda at: {"deviation": 9}, "1.0801", "1.0802"), exemode=INSTANT)),
    "by request": (10020, _rules(_moved(lambda at: {"deviation": 99}, "1.0801", "1.0802"), exemode=REQUEST)),
    "a buy limit above the market": (10015, _place(1.09)),
    "a buy stop below the market": (10015, _place(1.07, type=mt5.ORDER_TYPE_BUY_STOP)),
    "a sell limit below the market": (10015, _place(1.07, type=mt5.ORDER_TYPE_SELL_LIMIT)),
    "a sell stop above the market": (10015, _place(1.09, type=mt5.ORDER_TYPE_SELL_STOP)),
    "a limit above its stop": (10015, _place(1.09, type=mt5.ORDER_TYPE_BUY_STOP_LIMIT, stoplimit=1.095)),
    "a price off the tick": (10015, _place(1.070001)),
    "a price of nothing": (10015, _place(0.0)),
    "an order too near": (10015, _rules(_place(1.0796), stops_level=51)),
    "an order just far enough": (10009, _rules(_place(1.0796), stops_level=50)),
    "a stop above a buy": (10016, _buy(sl=1.09)),
    "a target below a buy": (10016, _buy(tp=1.07)),
    "a stop between bid and ask": (10016, _buy(sl=1.08005)),
    "a stop too near": (10016, _rules(_buy(sl=1.0795), stops_level=51)),  # 50 points below the bid
    "a stop just far enough": (10009, _rules(_buy(sl=1.0795), stops_level=50)),
    "a stop off the tick": (10016, _buy(sl=1.070001)),
    "a pending order's stop": (10016, _place(1.07, sl=1.075)),
    "trading of the symbol disabled": (10017, _rules(_buy(), trade_mode=mt5.SYMBOL_TRADE_MODE_DISABLED)),
    "trading of the account disabled": (10017, _account(_buy(), trade_allowed=False)),
    "robots disabled by the server": (10026, _account(_buy(), trade_expert=False)),
    "the button is off": (10027, _switch("algo", False)),
    "Saturday": (10018, _weekend),
    "Monday at the broker": (10009, _sunday_night),
    "halted": (10018, _rules(_buy(), halted=True)),
    "no money": (10019, _buy(20)),
    "no price": (10021, lambda at: at.mt5.order_send({**at.request("EURUSD", 0.1), "symbol": "AUDUSD"})),
    "expired before it is placed": (10022, _place(1.07, type_time=mt5.ORDER_TIME_SPECIFIED, expiration=NOW)),
    "no expiration given": (10022, _place(1.07, type_time=mt5.ORDER_TIME_SPECIFIED)),
    "a lifetime not allowed": (10022, _rules(_place(1.07), expiration_mode=4)),
    "the third in a second": (10024, _busy),
    "nothing changes": (10025, _held(action=mt5.TRADE_ACTION_SLTP, sl=1.078, tp=1.082)),
    "a frozen position": (10029, _rules(_held(action=mt5.TRADE_ACTION_SLTP), freeze_level=200)),
    "a frozen position is not closed": (10029, _rules(_held(), freeze_level=200)),
    "outside of the freeze level": (10009, _rules(_held(), freeze_level=190)),
    "a frozen order": (10029, _near_order),
    "no connection": (10031, _unplugged),
    "too many orders": (10033, _account(_twice(_place(1.07)), limit_orders=1)),
    "too much volume": (10034, _rules(_twice(_buy(1)), volume_limit="1.5")),
    "a closed position": (10036, _buy(position=5)),
    "more than there is": (10038, _held(volume=0.2)),
    "closing the same side": (10013, _held(type=0)),
    "closing with another symbol": (10013, _held(symbol="GBPUSD")),
    "a close is under way": (10039, _closing_twice),
    "too many positions": (10040, _account(_twice(_buy()), limit_positions=1)),
    "only long": (10042, _rules(lambda at: at.sell("EURUSD", 0.1), trade_mode=mt5.SYMBOL_TRADE_MODE_LONGONLY)),
    "only short": (10043, _rules(_buy(), trade_mode=mt5.SYMBOL_TRADE_MODE_SHORTONLY)),
    "only closing": (10044, _rules(_buy(), trade_mode=mt5.SYMBOL_TRADE_MODE_CLOSEONLY)),
    "only the oldest": (10045, _newest_first),
    "no hedging": (10046, _opposite),
}


@pytest.mark.parametrize("name", NATURAL)
def test_the_server_answers_as_documented(name: str) -> None:
    at, (retcode, case) = desk(), NATURAL[name]
    sent = case(at)
    assert (sent.retcode, sent.comment) == (retcode, COMMENTS[retcode])
    if retcode not in DONE:
        assert (sent.deal, sent.order, sent.volume) == (0, 0, 0.0)


def test_a_requote_shows_the_price_that_there_is() -> None:
    at = desk()
    at.terminal.symbol("EURUSD", exemode=INSTANT)
    at.terminal.faults.arm("retcode_10004", times=2, points=3)
    first = at.buy("EURUSD", 0.1)
    assert (first.retcode, first.bid, first.ask) == (10004, 1.08003, 1.08013)
    assert at.buy("EURUSD", 0.1).ask == 1.08016
    assert at.buy("EURUSD", 0.1).price == 1.08016
    assert at.mt5.positions_total() == 1


SENDS: dict[str, Callable[[Mt5Desk, int, int], dict[str, Any]]] = {
    "open": lambda at, position, order: at.request("EURUSD", 0.1),
    "close": lambda at, position, order: at.request("EURUSD", 0.1, 1, position=position),
    "modify": lambda at, position, order: {"action": mt5.TRADE_ACTION_SLTP, "position": position, "sl": 1.07},
    "remove": lambda at, position, order: {"action": mt5.TRADE_ACTION_REMOVE, "order": order},
}


def _state(at: Mt5Desk) -> tuple[Any, ...]:
    positions = [(one.ticket, one.volume, one.sl) for one in at.mt5.positions_get()]
    return positions, [one.ticket for one in at.mt5.orders_get()], len(at.terminal.deals)


@pytest.mark.parametrize("mode", [HEDGING, NETTING])
@pytest.mark.parametrize("what", SENDS)
@pytest.mark.parametrize("retcode", sorted(set(COMMENTS) - DONE))
def test_every_refusal_by_fault(retcode: int, what: str, mode: int) -> None:
    """Nothing happens; where the answer leaves it open, the same request may also have been executed."""
    at = desk(mode)
    position = at.person.buy("EURUSD", "0.1").order
    order = at.person.place("EURUSD", LIMIT, "0.1", "1.07").order
    asked, before = SENDS[what](at, position, order), _state(at)
    at.terminal.faults.arm(f"retcode_{retcode}", on=f"order_send:{what}")
    sent = at.mt5.order_send(asked)
    assert (sent.retcode, sent.comment, at.mt5.last_error()) == (retcode, COMMENTS[retcode], (1, "Success"))
    assert _state(at) == before
    if retcode in UNCERTAIN:
        at.terminal.faults.arm(f"retcode_{retcode}", on=f"order_send:{what}", executed=True)
        sent = at.mt5.order_send(asked)
        assert (sent.retcode, sent.order) == (retcode, 0)
        assert _state(at) != before
    else:
        with pytest.raises(ValueError, match="cannot be executed"):
            at.terminal.faults.arm(f"retcode_{retcode}", executed=True)
        assert at.mt5.order_send(asked).retcode == 10009  # the fault is over


def test_executed_later_than_answered() -> None:
    at = desk()
    at.terminal.faults.arm("retcode_10012", executed=True, after=30)
    assert at.buy("EURUSD", 0.1, magic=7).retcode == 10012
    at.terminal.advance(29)
    assert at.mt5.positions_get() == ()
    at.terminal.advance(1)
    assert [one.magic for one in at.mt5.positions_get()] == [7]
