"""A trade request is executed once, whatever becomes of the line, the bridge or the terminal in the middle of it."""

import asyncio
from pathlib import Path
from typing import Any

from bot.bridge.requests import body_of
from tests.bridge.cutter import cutter
from tests.bridge.served import Served, aside, served
from tests.emulators.mt5.desk import desk
from trading.mt5.constants import Constants

UNKNOWN = Constants.RES_E_INTERNAL_FAIL_RECEIVE
NEVER_SENT = Constants.RES_E_INTERNAL_FAIL_CONNECT
TIMEOUT = Constants.RES_E_INTERNAL_FAIL_TIMEOUT


def bought(bridge: Served) -> list[str]:
    """The comments of what was executed, each as often as it was."""
    return [row["comment"] for row in bridge.desk.terminal.executed.rows() if row["kind"] == "deal"]


def order(bridge: Served, comment: str = "one") -> dict[str, Any]:
    asked: dict[str, Any] = bridge.desk.request("EURUSD", 0.1, comment=comment)
    return asked


async def struck(bridge: Served) -> None:
    """Wait until a fault has struck in the terminal's thread."""
    async with asyncio.timeout(5):
        while not bridge.desk.terminal.faults.struck:  # noqa: ASYNC110 - another thread's, without an event
            await asyncio.sleep(0)


async def test_the_same_key_is_the_same_answer_also_for_another_process_and_another_bridge(tmp_path: Path) -> None:
    there = desk()
    async with served(tmp_path, there=there) as bridge:
        mt5 = await bridge.linked()
        first = await aside(mt5.order_send, order(bridge), key="k1")
        assert first.retcode == 10009
        assert await aside(mt5.order_send, order(bridge), key="k1") == first
        assert bought(bridge) == ["one"]
    async with served(tmp_path, there=there) as bridge:
        mt5 = bridge.client()
        assert await aside(mt5.order_send, order(bridge), key="k1") == first
        assert await aside(mt5.recall, "k1") == first
        assert await aside(mt5.recall, "k2") is None
        assert mt5.last_error()[0] == Constants.RES_E_NOT_FOUND
        assert bought(bridge) == ["one"]


async def test_without_a_key_two_requests_are_two_orders(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        mt5 = await bridge.linked()
        for _ in range(2):
            assert (await aside(mt5.order_send, order(bridge))).retcode == 10009
        assert bought(bridge) == ["one", "one"]


async def test_a_key_with_another_body_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        mt5 = await bridge.linked()
        await aside(mt5.order_send, order(bridge), key="k1")
        assert await aside(mt5.order_send, order(bridge, "other"), key="k1") is None
        assert mt5.last_error() == (-2, "This key was used for another request: nothing was sent.")
        assert bought(bridge) == ["one"]


async def test_a_request_that_was_lost_on_its_way_is_sent_again(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge, cutter(bridge.port) as line:
        mt5 = bridge.client(url=f"ws://127.0.0.1:{line.port}")
        assert await aside(mt5.initialize)
        line.swallow = True
        sending = asyncio.create_task(aside(mt5.order_send, order(bridge)))
        await line.swallowed.wait()
        line.cut()
        assert (await sending).retcode == 10009
        assert bought(bridge) == ["one"]


async def test_an_answer_that_was_lost_on_its_way_is_asked_for_again(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge, cutter(bridge.port) as line:
        mt5 = bridge.client(url=f"ws://127.0.0.1:{line.port}")
        assert await aside(mt5.initialize)
        line.mute = True
        sending = asyncio.create_task(aside(mt5.order_send, order(bridge)))
        await line.muted.wait()
        assert bought(bridge) == ["one"]
        line.cut()
        assert (await sending).retcode == 10009
        assert mt5.last_error() == (1, "Success")
        assert bought(bridge) == ["one"]


async def test_a_line_cut_while_the_terminal_works_waits_for_the_same_work(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge, cutter(bridge.port) as line:
        mt5 = bridge.client(url=f"ws://127.0.0.1:{line.port}")
        assert await aside(mt5.initialize)
        bridge.desk.terminal.faults.arm("hang_before")
        sending = asyncio.create_task(aside(mt5.order_send, order(bridge)))
        await struck(bridge)
        line.cut()
        bridge.desk.terminal.faults.release()
        assert (await sending).retcode == 10009
        assert bought(bridge) == ["one"]


async def test_a_reading_call_is_made_again_after_a_cut(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge, cutter(bridge.port) as line:
        mt5 = bridge.client(url=f"ws://127.0.0.1:{line.port}")
        assert await aside(mt5.initialize)
        line.swallow = True
        asking = asyncio.create_task(aside(mt5.account_info))
        await line.swallowed.wait()
        line.cut()
        assert (await asking).login == 5001


async def test_a_terminal_that_hangs_makes_the_outcome_unknown_until_it_answers(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        mt5 = await bridge.linked(timeout_s=0.3)
        bridge.desk.terminal.faults.arm("hang_after")
        assert await aside(mt5.order_send, order(bridge), key="k1") is None
        assert mt5.last_error()[0] == TIMEOUT
        late = asyncio.create_task(aside(mt5.order_send, order(bridge, "late"), key="k2"))
        assert await late is None
        assert mt5.last_error()[0] == TIMEOUT
        bridge.desk.terminal.faults.release()
        again = bridge.client()
        assert (await aside(again.recall, "k1")).retcode == 10009
        # The second one waited behind the hang until nobody wanted it any more: it is not made now.
        assert await aside(again.recall, "k2") is None
        assert again.last_error()[0] in (Constants.RES_E_NOT_FOUND, NEVER_SENT)
        assert bought(bridge) == ["one"]


async def test_what_was_begun_before_a_crash_is_never_made_again(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        mt5 = await bridge.linked()
        assert bridge.requests.begin("k1", body_of({"request": order(bridge)}))
        assert await aside(mt5.order_send, order(bridge), key="k1") is None
        code, text = mt5.last_error()
        assert code == UNKNOWN
        assert "never made again" in text
        assert await aside(mt5.recall, "k1") is None
        assert mt5.last_error()[0] == UNKNOWN
        assert bridge.requests.unanswered() == ["k1"]
        assert bought(bridge) == []


async def test_a_request_that_never_left_may_be_sent_again_by_its_key(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        mt5 = bridge.client()
        assert await aside(mt5.order_send, order(bridge), key="k1") is None  # not initialized yet
        assert mt5.last_error()[0] == NEVER_SENT
        assert await aside(mt5.initialize)
        assert (await aside(mt5.order_send, order(bridge), key="k1")).retcode == 10009
        assert bought(bridge) == ["one"]


async def test_another_table_makes_the_outcome_unknown(tmp_path: Path) -> None:
    """A bridge that lost its table must not be given a request again that the first one may have made."""
    there = desk()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with served(tmp_path / "a", there=there) as first, cutter(first.port) as line:
        mt5 = first.client(url=f"ws://127.0.0.1:{line.port}")
        assert await aside(mt5.initialize)
        line.mute = True
        sending = asyncio.create_task(aside(mt5.order_send, order(first)))
        await line.muted.wait()
        async with served(tmp_path / "b", there=there) as second:
            line.target(second.port)
            line.cut()
            assert await sending is None
            assert mt5.last_error()[0] == UNKNOWN
            assert bought(second) == ["one"]


async def test_a_request_that_cannot_be_written_down_is_not_made(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        mt5 = await bridge.linked()
        bridge.requests.close()
        assert await aside(mt5.order_send, order(bridge)) is None
        assert mt5.last_error()[0] == NEVER_SENT
        assert (await aside(mt5.account_info)).login == 5001
        assert bought(bridge) == []


async def test_a_package_that_raises_in_the_middle_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    there = desk()

    class Broken(type(there.mt5)):  # type: ignore[misc]
        def order_send(self, request: Any) -> Any:
            super().order_send(request)
            raise SystemError("password of the account")

    there.link = lambda: Broken(there.terminal)  # type: ignore[method-assign,assignment]
    async with served(tmp_path, there=there) as bridge:
        mt5 = await bridge.linked()
        assert await aside(mt5.order_send, order(bridge), key="k1") is None
        assert mt5.last_error()[0] == UNKNOWN
        assert await aside(mt5.order_send, order(bridge), key="k1") is None
        assert mt5.last_error()[0] == UNKNOWN
        assert bought(bridge) == ["one"]
        assert (await aside(mt5.account_info)).login == 5001


async def test_while_the_bridge_is_away_calls_fail_at_once_and_later_work_again(tmp_path: Path) -> None:
    there = desk()
    async with served(tmp_path, there=there) as bridge:
        mt5, port = await bridge.linked(), bridge.port
    for _ in range(3):
        assert await aside(mt5.positions_get) is None
        assert mt5.last_error()[0] in (NEVER_SENT, TIMEOUT)
    async with served(tmp_path, there=there, port=port) as bridge:
        async with asyncio.timeout(10):
            while not await aside(mt5.initialize):
                assert mt5.last_error()[0] == NEVER_SENT
        assert (await aside(mt5.order_send, order(bridge))).retcode == 10009
        await aside(mt5.close)
