"""Netting accounts: one position for a symbol, by the MetaTrader 5 help and the MQL5 reference."""

from typing import Any

import pytest

from tests.emulators.mt5.desk import NOW, Mt5Desk, desk
from trading.mt5.constants import Constants as mt5

NETTING = mt5.ACCOUNT_MARGIN_MODE_RETAIL_NETTING


@pytest.fixture
def at() -> Mt5Desk:
    return desk(NETTING)


def _only(at: Mt5Desk) -> Any:
    (position,) = at.mt5.positions_get()
    return position


def _entries(at: Mt5Desk) -> list[tuple[int, float, float]]:
    return [(one.entry, one.volume, one.profit) for one in at.mt5.history_deals_get(0, NOW * 2)[1:]]


def test_the_same_side_adds_at_the_average_price(at: Mt5Desk) -> None:
    first = at.buy("EURUSD", 0.1, sl=1.07, tp=1.09, magic=7, comment="first")
    at.terminal.show("EURUSD", "1.0799", "1.0804")
    at.buy("EURUSD", 0.2, sl=1.075, magic=8, comment="second")
    held = _only(at)
    # (0.1 x 1.0801 + 0.2 x 1.0804) / 0.3
    assert (held.volume, held.price_open) == (0.3, 1.0803)
    assert (held.ticket, held.identifier, held.magic, held.comment) == (first.order, first.order, 7, "first")
    assert (held.sl, held.tp) == (1.075, 0.0)  # the levels of the last order, zero deletes
    assert {one.position_id for one in at.mt5.history_deals_get(0, NOW * 2)[1:]} == {first.order}


def test_the_other_side_takes_away_and_leaves_the_levels(at: Mt5Desk) -> None:
    first = at.buy("EURUSD", 0.3, sl=1.07, tp=1.09)
    at.terminal.show("EURUSD", "1.0811", "1.0812")
    at.sell("EURUSD", 0.1, magic=9)
    held = _only(at)
    assert (held.ticket, held.volume, held.price_open, held.sl, held.tp) == (first.order, 0.2, 1.0801, 1.07, 1.09)
    assert at.sell("EURUSD", 0.2).retcode == 10009
    assert at.mt5.positions_get() == ()
    # 10 pips on 0.1 lot are 10 dollars.
    assert _entries(at) == [(mt5.DEAL_ENTRY_IN, 0.3, 0.0), (mt5.DEAL_ENTRY_OUT, 0.1, 10.0), (1, 0.2, 20.0)]


def test_a_larger_order_reverses_in_one_deal(at: Mt5Desk) -> None:
    first = at.buy("EURUSD", 0.1, sl=1.07, magic=7)
    at.terminal.show("EURUSD", "1.0811", "1.0812")
    second = at.sell("EURUSD", 0.3, tp=1.06, magic=8, comment="turn")
    held = _only(at)
    assert (held.identifier, held.ticket) == (first.order, second.order)  # the identifier stays, the ticket does not
    assert (held.type, held.volume, held.price_open, held.sl, held.tp) == (1, 0.2, 1.0811, 0.0, 1.06)
    assert (held.magic, held.comment) == (8, "turn")
    assert _entries(at) == [(mt5.DEAL_ENTRY_IN, 0.1, 0.0), (mt5.DEAL_ENTRY_INOUT, 0.3, 10.0)]
    assert [one.ticket for one in at.mt5.history_deals_get(position=first.order)] == [first.deal, second.deal]
    assert at.mt5.account_info().balance == 10_010.0
    # The old ticket is gone, the new one closes.
    assert at.buy("EURUSD", 0.2, position=first.order).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED
    assert at.buy("EURUSD", 0.2, position=second.order).retcode == 10009
    assert at.mt5.positions_total() == 0


def test_a_new_position_has_a_new_identifier(at: Mt5Desk) -> None:
    first = at.buy("EURUSD", 0.1)
    at.sell("EURUSD", 0.1)
    again = at.buy("EURUSD", 0.1)
    assert _only(at).identifier == again.order != first.order


def test_pending_orders_net_too(at: Mt5Desk) -> None:
    first = at.buy("EURUSD", 0.1)
    pending = at.place("EURUSD", mt5.ORDER_TYPE_SELL_LIMIT, 0.3, 1.09)
    at.terminal.show("EURUSD", "1.0901", "1.0902")
    held = _only(at)
    assert (held.identifier, held.ticket, held.type, held.volume) == (first.order, pending.order, 1, 0.2)


def test_levels_need_the_symbol_only(at: Mt5Desk) -> None:
    at.buy("EURUSD", 0.1)
    assert at.mt5.order_send({"action": mt5.TRADE_ACTION_SLTP, "symbol": "EURUSD", "sl": 1.07}).retcode == 10009
    assert _only(at).sl == 1.07
    at.terminal.show("EURUSD", "1.0700", "1.0701")
    assert at.mt5.positions_get() == ()


def test_nothing_is_closed_by_another(at: Mt5Desk) -> None:
    one, other = at.buy("EURUSD", 0.1).order, at.sell("GBPUSD", 0.1).order
    asked = {"action": mt5.TRADE_ACTION_CLOSE_BY, "position": one, "position_by": other}
    assert at.mt5.order_send(asked).retcode == mt5.TRADE_RETCODE_INVALID


def test_less_margin_is_needed_to_turn_around_than_to_hedge() -> None:
    """1 lot binds 1,080.10: with 1,500 a netting account can sell 2 lots of its one, a hedging account cannot."""
    answers = []
    for mode in (NETTING, mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING):
        at = desk(mode, balance=1500)
        at.buy("EURUSD", 1)
        answers.append(at.sell("EURUSD", 2).retcode)
    assert answers == [10009, mt5.TRADE_RETCODE_NO_MONEY]
