"""Whatever goes wrong with a request, the books are the broker's afterwards, and nothing is done twice.

Each fault strikes the opening, the closing, the changing and the removing of something, whether the broker carried it
out unseen or not.
"""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.emulators.mt5.codes import COMMENTS, ERRORS, NEVER_SENT, UNCERTAIN
from tests.incidents.hands import ANA, DEMO
from tests.incidents.mt5 import Desk, at_mt5
from tests.trading.executors.mt5.stage import HEDGING, NETTING
from trading.errors import IntentError

D = Decimal
DONE = (10009, 10008, 10010)
OPERATIONS = ("open", "close", "modify", "remove", "pending")


def _faults() -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for code in sorted(COMMENTS):
        if code not in DONE:
            found.append((f"retcode_{code}", {}))
        if code in UNCERTAIN:
            found += [(f"retcode_{code}", {"executed": True}), (f"retcode_{code}", {"executed": True, "after": 8})]
    for code in sorted(set(ERRORS) - {1}):
        found += [(f"error_{code}", {})]
        found += [(f"error_{code}", {"executed": True})] if code not in NEVER_SENT else []
    found += [("lost", {}), ("none", {}), ("none", {"executed": True})]
    found += [("retcode_10010", {"part": "0.5"}), ("retcode_10008", {"after": 5})]
    found += [("retcode_10008", {"after": 5, "outcome": "rejected"}), ("comment", {"text": "by broker"})]
    found += [("comment", {"cut": 5}), ("bare", {}), ("lag", {"seconds": 12}), ("slip", {"points": 7})]
    found += [("lag", {"what": ["positions", "orders", "history"], "seconds": 6})]
    return found


async def _play(desk: Desk, operation: str, fault: str, detail: dict[str, Any]) -> None:
    """What a trader does, with the fault in it; then a day that goes on."""
    if operation == "open":
        desk.faults.arm(fault, on="order_send:open", **detail)
        await desk.buy("0.2", stop_loss="1.05")
        assert desk.faults.struck
        await asyncio.sleep(90)
        return
    await desk.buy("0.2", stop_loss="1.05")
    await asyncio.sleep(4)
    waits = await desk.buy("0.1", "1.0700") if operation in ("modify", "remove") else None
    desk.faults.arm(fault, on=f"order_send:{operation}", **detail)
    if operation == "close":
        await desk.protection.make_room(DEMO, desk.symbol, D("0.2"), ANA)
        await desk.sell("0.2", reduce_only=True)
    elif operation == "pending":
        await desk.buy("0.1", "1.0700")
    elif operation == "remove" and waits:
        await desk.cancel(waits)
    elif waits:
        try:
            await desk.oms.amend(waits, ANA, limit_price=D("1.0710"))
        except IntentError:
            await asyncio.sleep(1)
        try:
            await desk.protection.change("k", DEMO, desk.symbol, ANA, stop=D("1.06"))
        except IntentError:
            await asyncio.sleep(1)
    assert desk.faults.struck
    await asyncio.sleep(90)
    desk.faults.disarm()
    for order in desk.open():
        await desk.oms.cancel(order, ANA)
    await desk.show("1.0600", "1.0601")


def _run(mode: int, operation: str, fault: str, detail: dict[str, Any]) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await _play(desk, operation, fault, detail)

    story()


CASES = [(operation, *each) for operation in OPERATIONS for each in _faults()]


@pytest.mark.parametrize("part", range(10))
def test_a_fault_leaves_the_books_right(part: int) -> None:
    """Every tenth of all cases in each part; both kinds of account in turn."""
    for number, (operation, fault, detail) in enumerate(CASES):
        if number % 10 == part and (number // 10) % 8 == part % 8:
            _run((HEDGING, NETTING)[number // 10 % 2], operation, fault, detail)
