"""Every call is sent exactly once, signed with the venue's time, and every way it can go wrong has the right name."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.emulators.binance.signing import ApiKey as VenueKey
from tests.trading.executors.binance.door import (
    AMEND,
    CANCEL,
    KEY,
    ORDER,
    PLACE,
    READ,
    Door,
    do,
    failing,
    pair,
    session_at,
)
from trading.binance.products import Product
from trading.errors import OutcomeUnknown, VenueUnreachable
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.outcome import ORDER_WINDOW_MS, READ_WINDOW_MS, certain_after
from trading.executors.binance.session import Session

# --- a call -----------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [PLACE, CANCEL, AMEND])
async def test_an_order_call_carries_our_params_and_nothing_of_ccxts_own(
    session: Session, door: Door, operation: str
) -> None:
    assert await do(session, operation) == {"orderId": 1, "clientOrderId": "abcd"}
    [(executed, params)] = door.executed
    assert executed == operation
    assert abs(int(params.pop("timestamp")) - door.venue.now_ms) < 1000
    assert len(params.pop("signature")) == 64
    assert params == {**ORDER, "recvWindow": str(ORDER_WINDOW_MS)}


async def test_a_read_has_a_longer_window_and_text_of_any_script_is_signed_right(session: Session, door: Door) -> None:
    assert await session.call("GET", "/api/v3/order", {"symbol": "币安人生USDT"}) == {"status": "NEW"}
    assert f"recvWindow={READ_WINDOW_MS}&" in door.venue.requests[-1]
    assert "symbol=%E5%B8%81" in door.venue.requests[-1]


async def test_futures_go_to_their_own_paths(door: Door) -> None:
    session = session_at(door, Product.USDM)
    await session.start()
    assert await session.call("POST", "/fapi/v1/order", ORDER, order=True) == {"orderId": 1, "clientOrderId": "abcd"}
    assert await session.call("GET", "/fapi/v3/account", {}, weight=5) == {"assets": []}
    assert await session.call("POST", "/fapi/v1/listenKey", {}, signed=False) == {"listenKey": "listen0"}
    assert await session.call("PUT", "/fapi/v1/listenKey", {}, signed=False) == {"listenKey": "listen0"}
    assert door.kept == [KEY]
    await session.stop()


@pytest.mark.parametrize("kind", ["Ed25519", "RSA"])
async def test_keys_of_every_kind_are_taken_however_their_lines_end(door: Door, kind: str) -> None:
    private, public = pair(kind)
    door.venue.keys.add(VenueKey("anotherkeyofthesameaccount", public_key=public))
    for ends in ("\n", "\\n", "\r\n"):
        key = ApiKey("anotherkeyofthesameaccount", f"\n {private} \n".replace("\n", ends))
        session = session_at(door, key=key)
        await session.start()
        await do(session)
        await do(session, READ)
        await session.stop()
    assert len(door.executed) == 3


async def test_a_session_that_was_stopped_sends_nothing(door: Door) -> None:
    session = session_at(door)
    await session.start()
    await session.stop()
    assert isinstance(await failing(session), VenueUnreachable)
    assert door.executed == []


async def test_a_venue_that_does_not_answer_is_told_at_the_start_and_may_come_later(door: Door) -> None:
    session = session_at(door)
    await door.venue.close()
    with pytest.raises(VenueUnreachable, match="refuses the connection"):
        await session.start()
    await door.venue.open()
    await session.start()
    await do(session)
    await session.stop()


# --- the clock --------------------------------------------------------------------------------


@pytest.mark.parametrize("offset_ms", [-60_000, -3200, 3200, 60_000])
async def test_a_desk_whose_clock_is_off_trades_all_the_same(door: Door, offset_ms: int) -> None:
    door.venue.offset_ms = offset_ms
    session = session_at(door)
    await session.start()
    assert abs(session.time.offset_ms - offset_ms) < 200
    await do(session)
    assert len(door.venue.requests) == 4 + 1  # four questions for the time, and the order
    await session.stop()


@pytest.mark.parametrize("operation", [PLACE, CANCEL, READ])
@pytest.mark.parametrize("offset_ms", [-3000, 9000])
async def test_a_clock_that_goes_wrong_meanwhile_is_measured_anew_and_the_call_made_again(
    session: Session, door: Door, operation: str, offset_ms: int
) -> None:
    door.venue.offset_ms = offset_ms
    sent = len(door.venue.requests)
    await do(session, operation)
    assert len(door.venue.requests) == sent + 1 + 4 + 1
    assert len(door.executed) == (operation != READ)
    await do(session, operation)
    assert len(door.venue.requests) == sent + 7


async def test_twenty_calls_at_once_with_a_wrong_clock_are_healed_by_one_measurement(
    session: Session, door: Door
) -> None:
    door.venue.offset_ms = 9000
    await asyncio.gather(*(do(session) for _ in range(20)))
    assert len(door.executed) == 20
    assert sum(request.endswith("/time") for request in door.venue.requests) == 4 + 4


async def test_a_timestamp_that_is_refused_twice_is_told_and_not_tried_a_third_time(
    session: Session, door: Door
) -> None:
    sent = len(door.venue.requests)
    door.venue.faults.arm("-1021", on=PLACE, times=0)
    error = await failing(session)
    assert (type(error), error.code) == (VenueUnreachable, "CLOCK")
    assert len(door.venue.requests) == sent + 1 + 4 + 1
    assert door.executed == []


async def test_the_second_try_after_a_wrong_clock_may_end_in_doubt(session: Session, door: Door) -> None:
    door.venue.faults.arm("-1021", on=PLACE)
    door.venue.faults.arm("drop_after", on=PLACE)
    assert isinstance(await failing(session), OutcomeUnknown)
    assert len(door.executed) == 1


def test_an_outcome_is_certain_when_the_window_and_the_engines_patience_are_over() -> None:
    sent_at = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    # recvWindow 2 s, the venue's own timeout 10 s, and 3 s for measured clocks and lagging copies
    assert certain_after(sent_at) == datetime(2026, 1, 5, 12, 0, 15, tzinfo=UTC)


# --- limits -----------------------------------------------------------------------------------


async def test_counts_come_from_the_answers_and_orders_are_counted_for_their_account(
    session: Session, door: Door
) -> None:
    session.budget.learn(door.venue.limits["spot"].rows)
    await session.call("GET", "/api/v3/order", {"symbol": "BTCUSDT"}, weight=4)
    weight = door.venue.limits["spot"].limits[0]
    assert session.budget.used_weight() == {"1m": (door.venue.limits["spot"].used(weight), 6000)}


async def test_retry_after_is_obeyed_by_all_and_a_ban_stops_cancels_too(session: Session, door: Door) -> None:
    door.venue.faults.arm("418", on=READ, seconds=300)
    await failing(session, READ)
    sent = len(door.venue.requests)
    for operation in (PLACE, CANCEL, READ):
        error = await failing(session, operation)
        assert (type(error), error.code) == (VenueUnreachable, "BANNED")
    assert len(door.venue.requests) == sent
