"""Orders and positions on a hedging account: as the MetaTrader 5 help and the MQL5 reference describe them."""

import pytest

from tests.emulators.mt5.desk import NOW, Mt5Desk, desk
from trading.mt5.constants import Constants as mt5

SERVER_NOW = NOW + 3 * 3600


def _deals(at: Mt5Desk) -> list[tuple[int, int, float, float, float]]:
    """(type, entry, volume, price, profit) of every deal but the deposit."""
    found = at.mt5.history_deals_get(0, NOW * 2)
    assert found is not None
    return [(one.type, one.entry, one.volume, one.price, one.profit) for one in found[1:]]


def _tickets(at: Mt5Desk) -> list[int]:
    return [one.ticket for one in at.mt5.positions_get()]


def test_every_order_opens_a_position_of_its_own() -> None:
    at = desk()
    first, second = at.buy("EURUSD", 0.1, magic=7, comment="one"), at.sell("EURUSD", 0.2, magic=8)
    assert (first.retcode, first.volume, first.price, first.comment) == (10009, 0.1, 1.0801, "Request executed")
    long, short = at.mt5.positions_get()
    assert (long.ticket, long.identifier, long.type, long.volume, long.magic, long.comment, long.reason) == (
        first.order,
        first.order,
        mt5.POSITION_TYPE_BUY,
        0.1,
        7,
        "one",
        mt5.POSITION_REASON_EXPERT,
    )
    assert (short.ticket, short.type, short.volume) == (second.order, mt5.POSITION_TYPE_SELL, 0.2)
    # One pip of 0.1 lot is one dollar: the spread of a pip is what a position starts with.
    assert (long.profit, short.profit, long.price_current, short.price_current) == (-1.0, -2.0, 1.08, 1.0801)


def test_an_opposite_order_without_the_ticket_closes_nothing() -> None:
    at = desk()
    at.buy("EURUSD", 0.1)
    at.sell("EURUSD", 0.1)
    assert at.mt5.positions_total() == 2


def test_closing_by_ticket_in_two_parts() -> None:
    at = desk()
    ticket = at.buy("EURUSD", 0.3, magic=7).order
    at.terminal.show("EURUSD", "1.09", "1.0901")
    part = at.sell("EURUSD", 0.1, position=ticket, comment="part")
    assert part.retcode == 10009
    assert [(one.volume, one.ticket) for one in at.mt5.positions_get()] == [(0.2, ticket)]
    assert at.sell("EURUSD", 0.2, position=ticket).retcode == 10009
    assert at.mt5.positions_get() == ()
    # 0.0099 up on 0.1 lot (10,000 EUR) is 99 dollars, on 0.2 it is 198.
    assert _deals(at) == [
        (mt5.DEAL_TYPE_BUY, mt5.DEAL_ENTRY_IN, 0.3, 1.0801, 0.0),
        (mt5.DEAL_TYPE_SELL, mt5.DEAL_ENTRY_OUT, 0.1, 1.09, 99.0),
        (mt5.DEAL_TYPE_SELL, mt5.DEAL_ENTRY_OUT, 0.2, 1.09, 198.0),
    ]
    assert {one.position_id for one in at.mt5.history_deals_get(position=ticket)} == {ticket}
    orders = at.mt5.history_orders_get(position=ticket)
    assert orders is not None
    assert [(one.state, one.volume_initial, one.volume_current) for one in orders] == [
        (mt5.ORDER_STATE_FILLED, 0.3, 0.0),
        (mt5.ORDER_STATE_FILLED, 0.1, 0.0),
        (mt5.ORDER_STATE_FILLED, 0.2, 0.0),
    ]
    assert at.mt5.account_info().balance == 10_297.0
    assert at.sell("EURUSD", 0.2, position=ticket).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED


def test_close_by_puts_the_whole_profit_into_one_of_two_deals() -> None:
    at = desk()
    long = at.buy("EURUSD", 0.3).order
    at.terminal.show("EURUSD", "1.09", "1.0901")
    short = at.sell("EURUSD", 0.1).order
    asked = {"action": mt5.TRADE_ACTION_CLOSE_BY, "position": long, "position_by": short}
    sent = at.mt5.order_send(asked)
    assert sent is not None
    assert sent.retcode == 10009
    assert [(one.ticket, one.volume) for one in at.mt5.positions_get()] == [(long, 0.2)]
    out = _deals(at)[2:]
    assert [one[:3] for one in out] == [
        (mt5.DEAL_TYPE_SELL, mt5.DEAL_ENTRY_OUT_BY, 0.1),
        (mt5.DEAL_TYPE_BUY, mt5.DEAL_ENTRY_OUT_BY, 0.1),
    ]
    assert [one[4] for one in out] == [99.0, 0.0]
    order = at.mt5.history_orders_get(ticket=sent.order)[0]
    assert (order.type, order.position_id, order.position_by_id) == (mt5.ORDER_TYPE_CLOSE_BY, long, short)
    assert order.comment == f"close #{long} by #{short}"
    other = at.person.buy("GBPUSD", "0.1").order
    for by in (long, other):  # itself, and another symbol
        assert at.mt5.order_send({**asked, "position_by": by}).retcode == mt5.TRADE_RETCODE_INVALID
    assert at.mt5.order_send(asked).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED


@pytest.mark.parametrize(
    ("long", "bid", "ask", "reason", "comment"),
    [
        (True, "1.07", "1.0701", mt5.DEAL_REASON_SL, "[sl 1.07000]"),
        (True, "1.06", "1.0601", mt5.DEAL_REASON_SL, "[sl 1.07000]"),  # a gap: filled at the market
        (True, "1.09", "1.0901", mt5.DEAL_REASON_TP, "[tp 1.09000]"),
        (False, "1.0899", "1.09", mt5.DEAL_REASON_SL, "[sl 1.09000]"),
        (False, "1.0699", "1.07", mt5.DEAL_REASON_TP, "[tp 1.07000]"),
    ],
)
def test_levels_close_the_position(long: bool, bid: str, ask: str, reason: int, comment: str) -> None:
    at = desk()
    levels = {"sl": 1.07, "tp": 1.09} if long else {"sl": 1.09, "tp": 1.07}
    sent = (at.buy if long else at.sell)("EURUSD", 0.1, magic=7, comment="mine", **levels)
    at.terminal.show("EURUSD", "1.0750", "1.0751")
    assert at.mt5.positions_total() == 1
    at.terminal.show("EURUSD", bid, ask)
    assert at.mt5.positions_get() == ()
    out = at.mt5.history_deals_get(position=sent.order)[1]
    assert (out.reason, out.comment, out.magic, out.price) == (reason, comment, 7, float(bid if long else ask))
    assert at.mt5.history_orders_get(ticket=out.order)[0].reason == (4 if "sl" in comment else 5)


def test_levels_are_changed_and_cleared() -> None:
    at = desk()
    ticket = at.buy("EURUSD", 0.1).order
    asked = {"action": mt5.TRADE_ACTION_SLTP, "symbol": "EURUSD", "position": ticket, "sl": 1.07, "tp": 1.09}
    assert at.mt5.order_send(asked).retcode == 10009
    position = at.mt5.positions_get(ticket=ticket)[0]
    assert (position.sl, position.tp) == (1.07, 1.09)
    assert at.mt5.order_send(asked).retcode == mt5.TRADE_RETCODE_NO_CHANGES
    assert at.mt5.order_send({**asked, "sl": 0.0, "tp": 0.0}).retcode == 10009
    assert at.mt5.positions_get()[0].sl == 0.0
    assert at.mt5.order_send({**asked, "position": 0}).retcode == mt5.TRADE_RETCODE_INVALID


@pytest.mark.parametrize(
    ("type", "price", "bid", "ask", "fill"),
    [
        (mt5.ORDER_TYPE_BUY_LIMIT, 1.07, "1.0698", "1.0699", 1.0699),
        (mt5.ORDER_TYPE_SELL_LIMIT, 1.09, "1.0902", "1.0903", 1.0902),
        (mt5.ORDER_TYPE_BUY_STOP, 1.09, "1.0902", "1.0903", 1.0903),
        (mt5.ORDER_TYPE_SELL_STOP, 1.07, "1.0698", "1.0699", 1.0698),
    ],
)
def test_pending_orders_are_filled_when_they_are_reached(
    type: int, price: float, bid: str, ask: str, fill: float
) -> None:
    at = desk()
    sent = at.place("EURUSD", type, 0.1, price, magic=7, comment="later", sl=price - 0.02, tp=price + 0.02)
    if sent.retcode == mt5.TRADE_RETCODE_INVALID_STOPS:
        sent = at.place("EURUSD", type, 0.1, price, magic=7, comment="later", sl=price + 0.02, tp=price - 0.02)
    assert (sent.retcode, sent.deal, sent.volume) == (10009, 0, 0.1)
    order = at.mt5.orders_get()[0]
    assert (order.ticket, order.type, order.state, order.price_open) == (sent.order, type, 1, price)
    at.terminal.show("EURUSD", "1.0801", "1.0802")
    assert at.mt5.positions_total() == 0
    at.terminal.show("EURUSD", bid, ask)
    assert at.mt5.orders_get() == ()
    position = at.mt5.positions_get()[0]
    assert (position.ticket, position.price_open, position.magic, position.comment) == (sent.order, fill, 7, "later")
    assert position.sl
    assert position.tp


def test_a_stop_limit_becomes_a_limit_under_its_ticket() -> None:
    at = desk()
    sent = at.place("EURUSD", mt5.ORDER_TYPE_BUY_STOP_LIMIT, 0.1, 1.09, stoplimit=1.085)
    at.terminal.show("EURUSD", "1.0900", "1.0901")
    order = at.mt5.orders_get()[0]
    assert (order.ticket, order.type, order.price_open) == (sent.order, mt5.ORDER_TYPE_BUY_LIMIT, 1.085)
    at.terminal.show("EURUSD", "1.0848", "1.0849")
    assert [one.price_open for one in at.mt5.positions_get()] == [1.0849]


def test_a_pending_order_is_modified_and_removed() -> None:
    at = desk()
    ticket = at.place("EURUSD", mt5.ORDER_TYPE_BUY_LIMIT, 0.1, 1.07).order
    asked = {"action": mt5.TRADE_ACTION_MODIFY, "order": ticket, "price": 1.06, "sl": 1.05, "tp": 1.09}
    assert at.mt5.order_send(asked).retcode == 10009
    order = at.mt5.orders_get(ticket=ticket)[0]
    assert (order.price_open, order.sl, order.tp) == (1.06, 1.05, 1.09)
    assert at.mt5.order_send(asked).retcode == mt5.TRADE_RETCODE_NO_CHANGES
    assert at.mt5.order_send({"action": mt5.TRADE_ACTION_REMOVE, "order": ticket}).retcode == 10009
    assert at.mt5.orders_get() == ()
    assert at.mt5.history_orders_get(ticket=ticket)[0].state == mt5.ORDER_STATE_CANCELED
    again = at.mt5.order_send({"action": mt5.TRADE_ACTION_REMOVE, "order": ticket})
    assert again.retcode == mt5.TRADE_RETCODE_ORDER_CHANGED


@pytest.mark.parametrize(
    ("time_type", "expiration", "lives"),
    [
        (mt5.ORDER_TIME_SPECIFIED, SERVER_NOW + 60, 60),
        (mt5.ORDER_TIME_DAY, 0, 11 * 3600),  # 13:00 at the broker: eleven hours are left of the day
        (mt5.ORDER_TIME_SPECIFIED_DAY, SERVER_NOW + 86_400, 35 * 3600),
    ],
)
def test_orders_expire_in_the_brokers_time(time_type: int, expiration: int, lives: int) -> None:
    at = desk()
    limit = mt5.ORDER_TYPE_BUY_LIMIT
    sent = at.place("EURUSD", limit, 0.1, 1.07, type_time=time_type, expiration=expiration)
    assert sent.retcode == 10009
    at.terminal.advance(lives - 1)
    assert at.mt5.orders_total() == 1
    at.terminal.advance(1)
    assert at.mt5.orders_total() == 0
    assert at.mt5.history_orders_get(ticket=sent.order)[0].state == mt5.ORDER_STATE_EXPIRED


def test_what_the_market_has_is_what_is_filled() -> None:
    at = desk()
    at.terminal.show("EURUSD", "1.08", "1.0801", depth="0.2")
    assert at.buy("EURUSD", 0.5, type_filling=mt5.ORDER_FILLING_FOK).retcode == mt5.TRADE_RETCODE_REJECT
    sent = at.buy("EURUSD", 0.5)
    assert (sent.retcode, sent.volume) == (mt5.TRADE_RETCODE_DONE_PARTIAL, 0.2)
    assert at.mt5.orders_total() == 0  # IOC: the rest is canceled
    done = at.mt5.history_orders_get(ticket=sent.order)[0]
    assert (done.state, done.volume_initial, done.volume_current) == (mt5.ORDER_STATE_PARTIAL, 0.5, 0.3)
    assert at.buy("EURUSD", 0.1).retcode == mt5.TRADE_RETCODE_REJECT


def test_under_exchange_execution_the_rest_stays() -> None:
    at = desk()
    at.terminal.show("ACME", "50.00", "50.02", depth="30")
    sent = at.buy("ACME", 100)
    assert (sent.retcode, sent.volume) == (mt5.TRADE_RETCODE_DONE_PARTIAL, 30.0)
    order = at.mt5.orders_get()[0]
    assert (order.ticket, order.state, order.volume_current) == (sent.order, mt5.ORDER_STATE_PARTIAL, 70.0)
    at.terminal.show("ACME", "50.08", "50.12", depth="500")
    position = at.mt5.positions_get()[0]
    # (30 x 50.02 + 70 x 50.12) / 100
    assert (position.ticket, position.volume, position.price_open) == (sent.order, 100.0, 50.09)


def test_a_pending_order_is_filled_in_parts() -> None:
    at = desk()
    sent = at.place("EURUSD", mt5.ORDER_TYPE_BUY_LIMIT, 1, 1.07)
    at.terminal.show("EURUSD", "1.0698", "1.0700", depth="0.25")
    assert at.mt5.orders_get()[0].volume_current == 0.75
    at.terminal.show("EURUSD", "1.0698", "1.0700")
    assert at.mt5.orders_get() == ()
    assert [(one.ticket, one.volume) for one in at.mt5.positions_get()] == [(sent.order, 1.0)]
    assert len(at.mt5.history_deals_get(ticket=sent.order)) == 2


def test_a_triggered_order_without_money_is_rejected() -> None:
    at = desk(balance=200)
    ticket = at.place("EURUSD", mt5.ORDER_TYPE_BUY_LIMIT, 1, 1.07).order
    at.terminal.show("EURUSD", "1.0698", "1.0699")
    assert (at.mt5.positions_get(), at.mt5.orders_get()) == ((), ())
    assert at.mt5.history_orders_get(ticket=ticket)[0].state == mt5.ORDER_STATE_REJECTED


def test_stop_out_takes_the_largest_loser_first() -> None:
    """0.5 lot at 1:100 binds 540.05 dollars; below 30 % of the margin the server closes."""
    at = desk(balance=1200)
    worst, best = at.buy("EURUSD", 0.5).order, at.buy("GBPUSD", 0.01).order
    at.terminal.show("EURUSD", "1.0601", "1.0602")  # -1000: equity 198.8, over 552.71 margin: 36 %
    assert _tickets(at) == [worst, best]
    at.terminal.show("EURUSD", "1.0591", "1.0592")  # -1050: 27 %
    assert _tickets(at) == [best]
    assert at.mt5.history_deals_get(position=worst)[1].reason == mt5.DEAL_REASON_SO


def test_a_person_at_the_terminal_leaves_no_magic() -> None:
    at = desk()
    ticket = at.person.buy("EURUSD", "0.1", comment="by hand").order
    position = at.mt5.positions_get()[0]
    assert (position.ticket, position.magic, position.reason, position.comment) == (ticket, 0, 0, "by hand")
    at.person.protect(ticket, sl="1.07")
    assert at.mt5.positions_get()[0].sl == 1.07
    at.person.close(ticket)
    assert at.mt5.positions_get() == ()
    assert [fact.by for fact in at.terminal.executed.facts] == ["person"] * 5


def test_order_check_does_nothing() -> None:
    at = desk()
    result = at.mt5.order_check(at.request("EURUSD", 1))
    assert result is not None
    # 1 lot at 1.0801 and 1:100.
    assert (result.retcode, result.comment, result.margin, result.margin_free) == (0, "Done", 1080.1, 8919.9)
    assert at.mt5.order_check(at.request("EURUSD", 100)).retcode == mt5.TRADE_RETCODE_NO_MONEY
    assert at.terminal.executed.facts == []


def test_a_part_is_no_more_than_the_market_has() -> None:
    at = desk(mt5.ACCOUNT_MARGIN_MODE_RETAIL_NETTING)
    at.terminal.show("EURUSD", "1.08", "1.0801", depth="0.1")
    assert at.sell("EURUSD", 0.1).retcode == 10009
    at.terminal.faults.arm("retcode_10010", part="0.4")
    assert at.sell("EURUSD", 0.01).retcode == mt5.TRADE_RETCODE_REJECT
    assert [one.volume for one in at.mt5.positions_get()] == [0.1]


def test_on_an_exchange_a_limit_takes_what_is_within_it() -> None:
    at = desk()
    limit = mt5.ORDER_TYPE_BUY_LIMIT
    at.terminal.show("ACME", "50.00", "50.02", depth="30")
    sent = at.place("ACME", limit, 100, 50.05)
    assert (sent.retcode, sent.volume, sent.price) == (mt5.TRADE_RETCODE_DONE_PARTIAL, 30.0, 50.02)
    assert at.mt5.orders_get()[0].volume_current == 70.0
    elsewhere = at.place("EURUSD", limit, 0.1, 1.09)
    assert elsewhere.retcode == mt5.TRADE_RETCODE_INVALID_PRICE
    at.terminal.show("ACME", "50.08", "50.10", depth="10")
    asked = {"action": mt5.TRADE_ACTION_MODIFY, "order": sent.order, "price": 50.10}
    assert at.mt5.order_send(asked).retcode == 10009
    assert at.mt5.orders_get()[0].volume_current == 60.0


@pytest.mark.parametrize(
    ("filling", "volume", "retcode", "held"),
    [
        (mt5.ORDER_FILLING_IOC, 50, mt5.TRADE_RETCODE_DONE_PARTIAL, 30.0),
        (mt5.ORDER_FILLING_IOC, 30, mt5.TRADE_RETCODE_DONE, 30.0),
        (mt5.ORDER_FILLING_FOK, 31, mt5.TRADE_RETCODE_REJECT, 0.0),
        (mt5.ORDER_FILLING_FOK, 30, mt5.TRADE_RETCODE_DONE, 30.0),
    ],
)
def test_on_an_exchange_a_limit_may_be_for_now_only(filling: int, volume: float, retcode: int, held: float) -> None:
    at = desk()
    at.terminal.show("ACME", "50.00", "50.02", depth="30")
    sent = at.place("ACME", mt5.ORDER_TYPE_BUY_LIMIT, volume, 50.02, type_filling=filling)
    assert sent.retcode == retcode
    assert at.mt5.orders_get() == ()
    assert sum(one.volume for one in at.mt5.positions_get()) == held
    below = at.place("ACME", mt5.ORDER_TYPE_BUY_LIMIT, 1, 50.01, type_filling=filling)
    assert below.retcode == mt5.TRADE_RETCODE_REJECT


def test_bars_of_past_weeks_stand_only_in_the_sessions() -> None:
    at = desk()
    at.terminal.symbol("GBPUSD", sessions=((0, 65, 1440), (1, 0, 600)))
    at.terminal.past_weeks("GBPUSD", 2)
    rows = at.mt5.copy_rates_from_pos("GBPUSD", mt5.TIMEFRAME_M5, 0, 10_000)[:-1]  # the last is of now
    days = [(row["time"] // 86_400 + 3) % 7 for row in rows]  # 1970 began on a Thursday: Monday is 0
    # It is a Wednesday: there were two Mondays and two Tuesdays.
    assert [days.count(day) for day in range(7)] == [2 * (1440 - 65) // 5, 2 * 600 // 5, 0, 0, 0, 0, 0]
