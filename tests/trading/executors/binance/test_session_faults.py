"""Every way in which a call can go wrong has the right name, and no order call is ever sent twice."""

import logging
import socket
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.loop import LoopClock
from tests.trading.executors.binance.door import (
    AMEND,
    CANCEL,
    KEY,
    PLACE,
    READ,
    SECRET,
    UNKNOWN,
    Door,
    do,
    failing,
    on_virtual_time,
)
from trading.binance.addresses import addresses_of
from trading.binance.products import Product
from trading.errors import VenueError, VenueRefused, VenueUnreachable
from trading.executors.binance.outcome import InDoubt
from trading.executors.binance.session import TIMEOUT_S, Session


@pytest.mark.parametrize(("fault", "detail"), UNKNOWN)
async def test_what_may_have_been_executed_is_in_doubt_and_was_sent_once(
    session: Session, door: Door, fault: str, detail: dict[str, Any]
) -> None:
    for operation in (PLACE, CANCEL, AMEND):
        door.executed.clear()
        await do(session, READ)  # so that the order goes over a kept connection, which aiohttp would try again
        sent = len(door.venue.requests)
        armed = door.venue.faults.arm(fault, on=operation, times=0, **detail)
        error = await failing(session, operation)
        assert isinstance(error, InDoubt)
        assert len(door.venue.requests) == sent + 1
        assert len(door.executed) == int(armed.executed)
        left = error.certain_at - datetime.now(UTC)  # noqa: TID251 - the session has the machine's clock
        assert timedelta(seconds=10) < left <= timedelta(seconds=15)
        assert f"certain by {error.certain_at:%H:%M:%S} UTC" in error.remedy


async def test_a_read_without_an_answer_is_unreachable(session: Session, door: Door) -> None:
    for fault, detail in UNKNOWN:
        if fault in ("code_-2010", "code_-9999"):
            continue
        sent = len(door.venue.requests)
        door.venue.faults.disarm()
        door.venue.faults.arm(fault, on=READ, times=0, **detail)
        assert isinstance(await failing(session, READ), VenueUnreachable), fault
        if fault == "redirect_307":  # it would take the key along
            assert len(door.venue.requests) == sent + 1


@pytest.mark.parametrize("operation", [PLACE, READ])
def test_a_call_that_hangs_is_given_up_and_an_order_is_then_in_doubt(operation: str) -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        door.venue.faults.arm("hang_after", on=operation)
        began = clock.now()
        error = await failing(session, operation)
        assert isinstance(error, InDoubt if operation == PLACE else VenueUnreachable)
        assert "did not answer in time" in error.text
        assert (clock.now() - began).total_seconds() == pytest.approx(TIMEOUT_S, abs=1)

    on_virtual_time(Product.SPOT, play)


@pytest.mark.parametrize(("slow_s", "posts"), [(0.5, 2), (2.1, 1)])
def test_an_order_is_not_sent_again_long_after_it_was_begun(slow_s: float, posts: int) -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        door.venue.faults.arm("-1021", on=PLACE)
        door.venue.faults.arm("slow", on="GET /api/v3/time", times=0, seconds=slow_s)  # of four measurements
        if posts == 2:
            await do(session)
        else:
            error = await failing(session)
            assert (type(error), error.code) == (VenueUnreachable, "CLOCK")
        assert len(door.executed) == posts - 1
        assert sum(request.startswith(PLACE.split()[1]) for request in door.venue.requests) == posts

    on_virtual_time(Product.SPOT, play)


NOT_EXECUTED: list[tuple[str, dict[str, Any], type[VenueError], str]] = [
    ("code_-2010", {"text": "Account has insufficient balance for requested action."}, VenueRefused, "not enough"),
    ("code_-1013", {"text": "Filter failure: LOT_SIZE"}, VenueRefused, "LOT_SIZE"),
    ("code_-2011", {"text": "Unknown order sent."}, VenueRefused, "-2011"),
    ("code_-2013", {"text": "Order does not exist."}, VenueRefused, "-2013"),
    ("code_-2015", {}, VenueRefused, "-2015"),
    ("status_403", {}, VenueUnreachable, "firewall"),
    ("429", {}, VenueUnreachable, "Too many requests"),
    ("418", {}, VenueUnreachable, "banned"),
]


@pytest.mark.parametrize(("fault", "detail", "kind", "words"), NOT_EXECUTED)
async def test_what_the_venue_turned_down_was_not_executed(
    session: Session, door: Door, fault: str, detail: dict[str, Any], kind: type[VenueError], words: str
) -> None:
    door.venue.faults.arm(fault, on=PLACE, **detail)
    error = await failing(session)
    assert type(error) is kind
    assert words in str(error)
    assert door.executed == []


async def test_an_error_with_status_200_is_an_error(session: Session, door: Door) -> None:
    door.venue.faults.arm("code_-2010", on=PLACE, text="Account has insufficient balance.", status=200)
    assert isinstance(await failing(session), VenueRefused)


@pytest.mark.parametrize("operation", [PLACE, READ])
async def test_what_never_connected_was_never_sent(session: Session, door: Door, operation: str) -> None:
    await door.venue.close()
    await failing(session, READ)  # uses up the kept connection
    error = await failing(session, operation)
    assert type(error) is VenueUnreachable
    assert str(error) == (
        "Binance cannot be reached (it refuses the connection). Nothing was sent: check the network and the address."
    )


def test_a_venue_that_does_not_even_take_the_connection_was_sent_nothing() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        await session.stop()
        with socket.socket() as full:  # a queue of one, and nobody who takes from it: connecting hangs
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            host, port = full.getsockname()
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex((host, port))
            session.addresses = addresses_of("spot", "live", f"http://{host}:{port}")
            with pytest.raises(VenueUnreachable, match=r"cannot be reached \(it did not answer in time"):
                await session.start()
            for filler in fillers:
                filler.close()

    on_virtual_time(Product.SPOT, play)


# --- secrets ----------------------------------------------------------------------------------


async def test_no_error_log_or_representation_shows_a_secret(
    session: Session, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(session), repr(session.key), str(vars(session.key).keys())]
    for fault, detail in [*UNKNOWN, *((row[0], row[1]) for row in NOT_EXECUTED if row[0] not in ("418", "429"))]:
        door.venue.faults.disarm()
        door.venue.faults.arm(fault, on=PLACE, **detail)
        error = await failing(session)
        shown += [str(error), repr(error), "".join(traceback.format_exception(error))]
    await door.venue.close()
    error = await failing(session)
    shown += [str(error), "".join(traceback.format_exception(error))]
    whole = "\n".join([*shown, caplog.text])
    assert SECRET not in whole
    assert KEY not in whole
    assert "signature=" not in whole
