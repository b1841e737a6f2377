"""Every pair of states, against the table as the architecture words it."""

from decimal import Decimal

import pytest

from tests.kit import START
from tests.trading.scripted import make_order
from trading.errors import JournalError
from trading.instruments import Money
from trading.order import OPEN, TRANSITIONS, OrderStatus, add_fee, cancel_reason, move

TABLE = """
INITIALIZED: DENIED SUBMITTED
SUBMITTED: ACCEPTED REJECTED PARTIALLY_FILLED FILLED CANCELED EXPIRED
ACCEPTED: PENDING_CANCEL PARTIALLY_FILLED FILLED CANCELED EXPIRED REJECTED
PARTIALLY_FILLED: PARTIALLY_FILLED FILLED PENDING_CANCEL CANCELED EXPIRED
PENDING_CANCEL: CANCELED EXPIRED FILLED PARTIALLY_FILLED ACCEPTED
CANCELED: PARTIALLY_FILLED FILLED
EXPIRED: PARTIALLY_FILLED FILLED
DENIED:
REJECTED:
FILLED:
"""
SINCE = """
SUBMITTED: PENDING_CANCEL
PENDING_CANCEL: REJECTED
"""
"""Decision 7: a cancel may overtake the acknowledgement, and what it cancels may never have arrived."""


def _rows(text: str) -> set[tuple[OrderStatus, OrderStatus]]:
    rows = [line.partition(":") for line in text.strip().splitlines()]
    return {(OrderStatus(before), OrderStatus(after)) for before, _, afters in rows for after in afters.split()}


ALLOWED = _rows(TABLE) | _rows(SINCE)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)


@pytest.mark.parametrize("before", OrderStatus)
@pytest.mark.parametrize("after", OrderStatus)
def test_every_pair_of_states(before: OrderStatus, after: OrderStatus) -> None:
    order = make_order(status=before)
    if (before, after) in ALLOWED:
        moved = move(order, after, START, reason="because")
        assert (moved.status, moved.updated_at, moved.reason) == (after, START, "because")
        assert order.status is before
    else:
        with pytest.raises(JournalError, match=f"cannot go from {before} to {after}") as refused:
            move(order, after, START)
        assert refused.value.code == "BAD_TRANSITION"


def test_an_order_is_open_while_the_venue_may_act_on_it() -> None:
    names = {"SUBMITTED", "ACCEPTED", "PARTIALLY_FILLED", "PENDING_CANCEL"}
    assert {str(status) for status in OPEN} == names
    assert all(make_order(status=status).is_open == (status in names) for status in OrderStatus)


def test_an_order_is_unheard_until_the_venue_says_a_word_of_it() -> None:
    sent = make_order(status=OrderStatus.SUBMITTED)
    assert sent.is_unheard
    assert make_order(status=OrderStatus.PENDING_CANCEL).is_unheard
    assert not make_order(status=OrderStatus.PENDING_CANCEL, venue_order_id="V1").is_unheard
    assert not make_order(status=OrderStatus.PARTIALLY_FILLED, filled_quantity=Decimal(1)).is_unheard
    assert not make_order(status=OrderStatus.REJECTED).is_unheard


def test_who_cancelled_is_told_apart_from_making_room() -> None:
    def ended(reason: str) -> str:
        return make_order(status=OrderStatus.CANCELED, reason=reason).canceled_by

    assert ended(cancel_reason("person:ana", "terminal")) == "person:ana"
    assert ended(cancel_reason("person:ana", "protection")) == ""
    assert ended("the venue closed") == ""
    assert make_order(status=OrderStatus.FILLED, reason=cancel_reason("person:ana", "terminal")).canceled_by == ""


def test_fees_add_up_by_currency() -> None:
    fees = add_fee(add_fee((), Money(Decimal(1), "USDT")), Money(Decimal(2), "BNB"))
    assert add_fee(fees, Money(Decimal(3), "USDT")) == (Money(Decimal(4), "USDT"), Money(Decimal(2), "BNB"))
    assert add_fee(fees, Money(Decimal(0), "ETH")) == fees
