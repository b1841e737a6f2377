"""Stops and targets as people handle them on the whole desk."""

from decimal import Decimal
from pathlib import Path

from tests.running import Running, running
from trading.instruments import Symbol
from trading.intent import AccountId, Leg, Mode, OrderType
from trading.order import Order

D = Decimal
PAPER = AccountId("demo", Mode.PAPER)


def legs(desk: Running, kind: Leg) -> list[Order]:
    """The open protective orders of a kind."""
    return [order for order in desk.app.book.open_orders(PAPER) if order.leg is kind]


async def protected(desk: Running, count: int = 2) -> None:
    await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == count)


# --- closing a part --------------------------------------------------------------------------


async def test_an_exit_does_not_fail_on_the_dust_it_leaves(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy SOL/USDT 0.5 sl=140 tp=220")).ok
        await protected(desk)
        closed = await desk.say("/close SOL/USDT 97%")
        assert closed.ok, closed.text
        assert "What stays has no stop or target now." in closed.text
        position = desk.app.book.position(PAPER, Symbol("SOL/USDT"))
        assert position is not None
        assert position.quantity == D("0.015")
        assert desk.app.book.open_orders(PAPER) == []


async def test_a_close_says_which_orders_made_room_and_no_others(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy ETH/USDT 0.1")).ok
        assert (await desk.say("/oco ETH/USDT 0.05 sl=2800 tp=4000")).ok
        await protected(desk)
        free = await desk.say("/close ETH/USDT 0.05")
        assert free.ok, free.text
        assert "made room" not in free.text
        held = await desk.say("/close ETH/USDT 0.02")
        assert "First, 2 protective orders made room." in held.text


async def test_a_close_that_would_be_denied_leaves_the_protection_as_it_is(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy ETH/USDT 0.1 sl=2800 tp=4000")).ok
        await protected(desk)
        before = [(order.id, order.quantity) for order in desk.app.book.open_orders(PAPER)]
        refused = await desk.say("/close ETH/USDT 0.0001")
        assert not refused.ok
        assert refused.error == "MIN_NOTIONAL"
        assert [(order.id, order.quantity) for order in desk.app.book.open_orders(PAPER)] == before


# --- cancelling ------------------------------------------------------------------------------


async def test_the_cancel_of_a_waiting_brackets_stop_tells_that_all_of_it_went(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy BTC/USDT 0.001 57000 sl=56000 tp=66000")).ok
        (stop,) = legs(desk, Leg.STOP_LOSS)
        tried = await desk.say(f"/dryrun cancel {stop.id}")
        assert "Would cancel PAPER demo: SELL 0.001 BTC/USDT STOP" in tried.text
        assert "and with it PAPER demo: BUY 0.001 BTC/USDT LIMIT" in tried.text
        cancelled = await desk.say(f"/cancel {stop.id}")
        lines = cancelled.text.splitlines()
        assert lines[0].startswith("PAPER demo: SELL 0.001 BTC/USDT STOP at 56,000")
        assert sorted(line.partition(":")[2][:28] for line in lines[1:]) == sorted(
            (" BUY 0.001 BTC/USDT LIMIT 57,000"[:28], " SELL 0.001 BTC/USDT LIMIT 66,000"[:28])
        )
        assert all(line.startswith("With it went ") for line in lines[1:])
        assert desk.app.book.open_orders(PAPER) == []


async def test_the_cancel_of_one_leg_of_a_pair_tells_of_the_other(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy ETH/USDT 0.1")
        await desk.say("/oco ETH/USDT 0.1 tp=4000 sl=2800")
        (stop,) = legs(desk, Leg.STOP_LOSS)
        lines = (await desk.say(f"/cancel {stop.id}")).text.splitlines()
        assert [line.partition(" reduce-only")[0] for line in lines] == [
            "PAPER demo: SELL 0.1 ETH/USDT STOP at 2,800",
            "With it went PAPER demo: SELL 0.1 ETH/USDT LIMIT 4,000",
        ]


async def test_a_cancel_of_everything_tells_each_order_once(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.001 57000 sl=56000 tp=66000")
        await desk.say("/buy BTC/USDT 0.001 56500")
        lines = (await desk.say("/cancel BTC/USDT")).text.splitlines()
        assert len(lines) == 4
        assert not any("With it" in line for line in lines)


# --- changing --------------------------------------------------------------------------------


async def test_a_trailing_stop_leaves_the_target_of_a_partial_pair_as_large_as_it_was(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.01")
        assert (await desk.say("/oco BTC/USDT 0.005 tp=66000 sl=57000")).ok
        trailing = await desk.say("/trail BTC/USDT 500")
        assert trailing.ok, trailing.text
        (target,), (stop,) = legs(desk, Leg.TAKE_PROFIT), legs(desk, Leg.STOP_LOSS)
        assert (target.quantity, target.limit_price) == (D("0.005"), D(66000))
        assert (stop.quantity, stop.type) == (D("0.005"), OrderType.TRAILING_STOP)
