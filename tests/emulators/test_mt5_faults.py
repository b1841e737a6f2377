"""Every fault switch: what the program sees, and what the server has really done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest

from tests.emulators.mt5.codes import ERRORS, NEVER_SENT
from tests.emulators.mt5.desk import NOW, Mt5Desk, desk
from trading.mt5.constants import Constants as mt5

FAR = NOW * 2


class Killed(BaseException):
    """The process is dead, as far as a test can be."""


def _killed() -> NoReturn:
    raise Killed


def _accepted(at: Mt5Desk) -> int:
    return len(at.terminal.executed.of("order", "order_send"))


@pytest.mark.parametrize("code", sorted(set(ERRORS) - {1}))
@pytest.mark.parametrize("executed", [False, True])
def test_every_error_of_the_package(code: int, executed: bool) -> None:
    at = desk()
    if executed and code in NEVER_SENT:
        with pytest.raises(ValueError, match="cannot be executed"):
            at.terminal.faults.arm(f"error_{code}", executed=True)
        return
    at.terminal.faults.arm(f"error_{code}", on="order_send", executed=executed)
    assert at.buy("EURUSD", 0.1) is None
    assert at.mt5.last_error() == (code, ERRORS[code])
    assert _accepted(at) == executed
    assert at.mt5.positions_total() == executed
    assert at.terminal.faults.struck == [(f"error_{code}", "order_send:open")]


@pytest.mark.parametrize(
    "call",
    [
        lambda at: at.mt5.positions_get(),
        lambda at: at.mt5.orders_get(),
        lambda at: at.mt5.history_deals_get(0, FAR),
        lambda at: at.mt5.history_orders_get(0, FAR),
        lambda at: at.mt5.account_info(),
        lambda at: at.mt5.symbol_info_tick("EURUSD"),
        lambda at: at.mt5.copy_rates_from_pos("EURUSD", 1, 0, 1),
    ],
)
def test_reading_fails_with_none_and_never_with_nothing(call: Callable[[Mt5Desk], Any]) -> None:
    at = desk()
    at.terminal.faults.arm("error_-10005", on="*")
    assert call(at) is None
    assert at.mt5.last_error() == (-10005, "IPC timeout")
    assert call(at) is not None


@pytest.mark.parametrize(
    ("name", "error", "done"),
    [("lost", (-10002, "IPC recv failed"), 1), ("none", (1, "Success"), 0)],
)
def test_an_answer_that_is_lost(name: str, error: tuple[int, str], done: int) -> None:
    at = desk()
    at.terminal.faults.arm(name, on="order_send:open")
    assert at.buy("EURUSD", 0.1, magic=7, comment="mine") is None
    assert at.mt5.last_error() == error
    assert [(one.magic, one.comment) for one in at.mt5.positions_get()] == [(7, "mine")] * done


@pytest.mark.parametrize(("fault", "meanwhile"), [("hang_before", 0), ("hang_after", 1)])
@pytest.mark.parametrize("error", [None, -10005])
def test_a_hang_blocks_its_thread_and_neither_the_broker_nor_other_programs(
    fault: str, meanwhile: int, error: int | None
) -> None:
    at = desk()
    other = at.link()
    assert other.initialize()
    detail: dict[str, Any] = {} if error is None else {"error": error}
    at.terminal.faults.arm(fault, **detail)
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(at.buy, "EURUSD", 0.1)
        while not at.terminal.faults.struck or _accepted(at) < meanwhile:
            assert not sent.done()
        at.terminal.show("EURUSD", "1.09", "1.0901")
        assert other.positions_total() == meanwhile
        assert not sent.done()
        at.terminal.faults.release()
        answer = sent.result(5)
    assert (answer is None) == (error is not None)
    assert at.mt5.last_error()[0] == (error or 1)
    # Released without an error the request goes on its way after all, at the price of then.
    assert at.mt5.positions_total() == (0 if error and not meanwhile else 1)


def test_a_hang_ends_by_itself() -> None:
    at = desk()
    at.terminal.faults.arm("hang_before", on="positions_get", seconds=0.001)
    assert at.mt5.positions_get() == ()


@pytest.mark.parametrize(("fault", "done"), [("dies_before", 0), ("dies_after", 1)])
def test_the_process_dies_and_another_finds_out(fault: str, done: int) -> None:
    at = desk()
    doomed = at.link(_killed)
    assert doomed.initialize()
    at.terminal.faults.arm(fault)
    with pytest.raises(Killed):
        doomed.order_send(at.request("EURUSD", 0.1, magic=7))
    reborn = at.link()
    assert reborn.initialize()
    assert [one.magic for one in reborn.positions_get()] == [7] * done


def test_faults_skip_repeat_and_match() -> None:
    at = desk()
    at.terminal.faults.arm("lost", on="order_send:close", times=0, skip=1)
    tickets = [at.buy("EURUSD", 0.1).order for _ in range(3)]
    answers = [at.sell("EURUSD", 0.1, position=ticket) for ticket in tickets]
    assert [answer is None for answer in answers] == [False, True, True]
    at.terminal.faults.disarm()
    at.terminal.faults.arm("error_-10002", on="history_*", times=2)
    assert (at.mt5.history_deals_total(0, FAR), at.mt5.history_orders_get(0, FAR)) == (None, None)
    for name in ("nonsense", "retcode_9", "error_-77", "retcode_10009"):
        with pytest.raises(ValueError, match="no fault is called"):
            at.terminal.faults.arm(name)


def test_partial_execution() -> None:
    at = desk()
    at.terminal.faults.arm("retcode_10010", part=0.35)
    sent = at.buy("EURUSD", 0.1, type_filling=mt5.ORDER_FILLING_FOK)
    assert (sent.retcode, sent.volume, at.mt5.positions_get()[0].volume) == (10010, 0.03, 0.03)
    assert at.mt5.history_orders_get(ticket=sent.order)[0].volume_current == 0.07


@pytest.mark.parametrize("outcome", ["filled", "rejected"])
def test_placed_and_seen_to_later(outcome: str) -> None:
    at = desk()
    at.terminal.faults.arm("retcode_10008", outcome=outcome, after=10)
    sent = at.buy("EURUSD", 0.1, magic=7)
    assert (sent.retcode, sent.deal, sent.price) == (10008, 0, 0.0)
    waiting = at.mt5.orders_get()[0]
    assert (waiting.ticket, waiting.state, waiting.type) == (sent.order, mt5.ORDER_STATE_STARTED, mt5.ORDER_TYPE_BUY)
    at.terminal.advance(10)
    assert at.mt5.orders_get() == ()
    done = at.mt5.history_orders_get(ticket=sent.order)[0]
    assert done.state == {"filled": mt5.ORDER_STATE_FILLED, "rejected": mt5.ORDER_STATE_REJECTED}[outcome]
    assert at.mt5.positions_total() == (outcome == "filled")


def test_placed_until_the_server_is_told_to() -> None:
    at = desk()
    at.terminal.faults.arm("retcode_10008")
    at.buy("EURUSD", 0.1)
    at.terminal.advance(3600)
    assert at.mt5.positions_total() == 0
    at.terminal.settle()
    assert at.mt5.positions_total() == 1


def test_a_close_that_comes_too_late_is_rejected() -> None:
    """The stop loss is faster than the close that the server has put off: nothing is opened the other way."""
    at = desk()
    ticket = at.buy("EURUSD", 0.1, sl=1.07).order
    at.terminal.faults.arm("retcode_10008")
    sent = at.sell("EURUSD", 0.1, position=ticket)
    at.terminal.show("EURUSD", "1.0699", "1.0700")
    at.terminal.settle()
    assert at.mt5.positions_get() == ()
    assert at.mt5.history_orders_get(ticket=sent.order)[0].state == mt5.ORDER_STATE_REJECTED


def test_slip() -> None:
    at = desk()
    at.terminal.faults.arm("slip", points=5, times=3)
    assert at.buy("EURUSD", 0.1).price == 1.08015
    assert at.sell("EURUSD", 0.1).price == 1.07995
    at.terminal.symbol("EURUSD", exemode=mt5.SYMBOL_TRADE_EXECUTION_INSTANT)
    requoted = at.buy("EURUSD", 0.1, deviation=4)
    assert (requoted.retcode, requoted.ask) == (mt5.TRADE_RETCODE_REQUOTE, 1.08015)


@pytest.mark.parametrize(
    ("detail", "kept"),
    [({"cut": 5}, "abcde"), ({"text": ""}, ""), ({"text": "to #5 by broker"}, "to #5 by broker")],
)
def test_the_broker_writes_its_own_comments(detail: dict[str, Any], kept: str) -> None:
    at = desk()
    at.terminal.faults.arm("comment", times=0, **detail)
    sent = at.buy("EURUSD", 0.1, magic=7, comment="abcdefgh")
    found = [at.mt5.positions_get()[0], *at.mt5.history_deals_get(ticket=sent.order)]
    found += at.mt5.history_orders_get(ticket=sent.order)
    assert {(one.comment, one.magic) for one in found} == {(kept, 7)}
    at.buy("EURUSD", 0.1, magic=7, comment="abcdefgh")
    assert at.terminal.executed.doubled() == {(5001, 7, "abcdefgh"): 2}  # the truth knows what was asked


def test_success_without_a_deal_or_a_price() -> None:
    at = desk()
    at.terminal.faults.arm("bare")
    sent = at.buy("EURUSD", 0.1)
    assert (sent.retcode, sent.deal, sent.volume, sent.price) == (10009, 0, 0.0, 0.0)
    assert at.mt5.history_deals_get(ticket=sent.order)[0].price == 1.0801


def test_history_lags_behind() -> None:
    at = desk()
    at.terminal.faults.arm("lag", seconds=5)
    sent = at.buy("EURUSD", 0.1)
    assert at.mt5.positions_total() == 1
    assert (at.mt5.history_deals_get(ticket=sent.order), at.mt5.history_orders_get(0, FAR)) == ((), ())
    at.terminal.advance(5)
    assert len(at.mt5.history_deals_get(ticket=sent.order)) == 1


def test_positions_and_orders_lag_behind_for_some_readings() -> None:
    at = desk()
    at.terminal.faults.arm("lag", what=["positions"], lookups=2)
    at.buy("EURUSD", 0.1)
    assert [at.mt5.positions_total() for _ in range(3)] == [0, 0, 1]
    ticket = at.place("EURUSD", mt5.ORDER_TYPE_BUY_LIMIT, 0.1, 1.07).order
    at.terminal.faults.arm("lag", on="order_send:remove", what=["orders"])
    at.mt5.order_send({"action": mt5.TRADE_ACTION_REMOVE, "order": ticket})
    at.terminal.advance(3600)
    assert [one.ticket for one in at.mt5.orders_get()] == [ticket]
    at.terminal.catch_up()
    assert at.mt5.orders_get() == ()
