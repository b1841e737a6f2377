"""What can go wrong between a program and its terminal, and between the terminal and its broker, armed by name.

`faults.arm("lost", on="order_send:close")`: the next such call is executed and its answer lost. `on` is a function of
the package (`order_send`, `positions_get`), a function with what is asked of it (`order_send:open`, `:close`,
`:pending`, `:modify` for levels and orders, `:remove`) or `*`; it may end in `*` (`history_*`). `times` is how often it
strikes (0: until disarmed), `skip` how many it lets pass first.

Calls (in brackets: whether the call reaches the terminal; `executed=` chooses otherwise where that may be):

- `error_-N`: the answer is None (or False) and last_error tells -N (False; -2, -10003 and -10004: never)
- `lost`: the same as `error_-10002` with the call executed (True)
- `none`: the answer is None and last_error is (1, "Success"), as has been seen (False)
- `hang_before`, `hang_after`: it blocks its thread `seconds`, or until `release()`; then it is executed / was executed
  before, and is answered, or fails with `error=-10005` if given (True; with `error`, `hang_before`: False)
- `dies_before`, `dies_after`: the program's process is killed (False / True)

Trade requests (order_send; a refusal also for order_check):

- `retcode_N`: this answer instead of the true one (False; `executed=True` for 10011, 10012, 10028 and 10031, with
  `after=` seconds if the server gets to it later than it answers)
- `retcode_10010`: `part=0.5` of the volume is filled, the rest is canceled
- `retcode_10008`: a market order is accepted and filled `after` seconds or, without them, at `settle()`; with
  `outcome="rejected"` it is rejected then
- `retcode_10004`, `retcode_10020`: with `points`, the price moves that far against the order first
- `slip`: the price moves `points` against the order on its way: a worse fill, or a requote
- `comment`: the broker writes its own: `text=`, or the first `cut` characters of ours
- `bare`: success without deal, price and volume, as under market execution
- `lag`: what the request changes is not seen by the terminal yet: `what=` any of positions, orders, history (the
  default), for `seconds` of its clock and `lookups` readings
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.mt5 import codes
from trading.mt5.constants import Constants as mt5

CALLS = {
    "lost": True,
    "none": False,
    "hang_before": True,
    "hang_after": True,
    "dies_before": False,
    "dies_after": True,
}
EFFECTS = frozenset({"slip", "comment", "bare", "lag"})
CHOOSABLE = frozenset({"none"})


@dataclass
class Fault:
    """One armed fault."""

    name: str
    on: str
    times: int  # 0: for ever
    skip: int
    detail: dict[str, Any] = field(default_factory=dict)
    struck: int = 0

    @property
    def number(self) -> int:
        """The code in its name, 0 if there is none."""
        found = re.search(r"-?\d+$", self.name)
        return int(found[0]) if found else 0

    @property
    def executed(self) -> bool:
        """Is what this strikes executed?"""
        if self.name == "hang_before" and "error" in self.detail:
            return False
        return bool(self.detail.get("executed", CALLS.get(self.name, False)))

    def matches(self, operation: str, detailed: str) -> bool:
        if self.on in ("*", operation, detailed):
            return True
        return self.on.endswith("*") and detailed.startswith(self.on[:-1])


class Faults:
    """The armed faults of one terminal, and what they have struck (`struck`: fault name, operation)."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self.struck: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    def arm(self, name: str, on: str = "", times: int = 1, skip: int = 0, **detail: Any) -> Fault:
        """Arm a fault, on order_send unless told otherwise; ValueError for a name or a detail that makes no sense."""
        fault = Fault(name, on or "order_send", times, skip, detail)
        if name not in CALLS and name not in EFFECTS and not _known(fault):
            raise ValueError(f"no fault is called {name}")
        chosen = detail.get("executed")
        if chosen is not None and chosen != CALLS.get(name, False) and not _may_choose(fault):
            raise ValueError(f"{name} cannot be executed={detail['executed']}")
        with self._lock:
            self.armed.append(fault)
        return fault

    def disarm(self) -> None:
        """Forget every fault."""
        with self._lock:
            self.armed.clear()

    def release(self) -> None:
        """End every hang that is under way."""
        released, self._released = self._released, threading.Event()
        released.set()

    def hang(self, fault: Fault) -> None:
        """Block this thread as long as the fault says."""
        self._released.wait(fault.detail.get("seconds"))

    def call(self, operation: str, asked: str = "") -> Fault | None:
        """The fault that strikes this call on its way, if any."""
        return self._take(operation, asked, lambda name: name in CALLS or name.startswith("error_"))

    def retcode(self, operation: str, asked: str) -> Fault | None:
        """The answer that the trade server is made to give, if any."""
        return self._take(operation, asked, lambda name: name.startswith("retcode_"))

    def effect(self, name: str, asked: str) -> Fault | None:
        """The effect of this name on a trade request, if any."""
        return self._take("order_send", asked, lambda other: other == name)

    def _take(self, operation: str, asked: str, fits: Callable[[str], bool]) -> Fault | None:
        detailed = f"{operation}:{asked}" if asked else operation
        with self._lock:
            for fault in self.armed:
                if not fits(fault.name) or not fault.matches(operation, detailed):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.struck += 1
                self.struck.append((fault.name, detailed))
                if fault.times and fault.struck >= fault.times:
                    self.armed.remove(fault)
                return fault
        return None


def _known(fault: Fault) -> bool:
    table = {"error": codes.ERRORS, "retcode": codes.COMMENTS}.get(fault.name.partition("_")[0], {})
    return fault.number in table and fault.name not in ("error_1", f"retcode_{mt5.TRADE_RETCODE_DONE}")


def _may_choose(fault: Fault) -> bool:
    if fault.name.startswith("error_"):
        return fault.number not in codes.NEVER_SENT
    return fault.name in CHOOSABLE or fault.number in codes.UNCERTAIN
