"""What can go wrong between a bot and the server, armed in advance.

    telegram.faults.arm("drop_after", on="sendMessage")             # carried out, the answer lost
    telegram.faults.arm("429", on="send*", times=20, retry_after=7)

`on` names a method (`*` at the end: all that begin so), `times` how often (0: for ever), `skip` how many calls pass
first. `drop_before`, `hang_before`, `429`, `500`, `502`, `503`, `504` and `html_502` strike before the call is carried
out, `drop_after`, `hang_after` and `truncated` after; the coded ones also with `executed=True`. `slow` answers
`seconds` later (`before=True`: begins later). A hang lasts `seconds`, else until `release()`, and ends with a closed
connection. Of the updates: `duplicated` (all twice) and `reordered` (the newest first, where there are at least two).
"""

from dataclasses import dataclass, field
from typing import Any

BEFORE = frozenset({"drop_before", "hang_before", "429", "500", "502", "503", "504", "html_502"})
AFTER = frozenset({"drop_after", "hang_after", "truncated", "slow"})
UPDATES = frozenset({"duplicated", "reordered"})
PAGE_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)
REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


@dataclass
class Fault:
    """One armed fault."""

    name: str
    on: str
    times: int
    skip: int
    detail: dict[str, Any] = field(default_factory=dict)
    struck: int = 0

    def matches(self, method: str) -> bool:
        on, name = self.on.lower(), method.lower()
        return name.startswith(on[:-1]) if on.endswith("*") else name == on

    @property
    def executed(self) -> bool:
        """Is the call carried out?"""
        return self.name in AFTER or bool(self.detail.get("executed"))

    @property
    def seconds(self) -> float | None:
        """How long it lasts; None: until the release."""
        return float(self.detail["seconds"]) if "seconds" in self.detail else None


class Faults:
    """The armed faults, and what they have struck (`struck`: fault, method; the thousand newest)."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self.struck: list[tuple[str, str]] = []

    def arm(self, name: str, on: str = "*", times: int = 1, skip: int = 0, **detail: Any) -> Fault:
        """Arm a fault; ValueError for a name that is none."""
        if name not in BEFORE | AFTER | UPDATES:
            raise ValueError(f"no fault is called {name}")
        fault = Fault(name, on, times, skip, detail)
        self.armed.append(fault)
        return fault

    def disarm(self) -> None:
        """Forget every fault."""
        self.armed.clear()

    def request(self, method: str) -> Fault | None:
        """The fault that strikes this call, if any."""
        return self._take(BEFORE | AFTER, method)

    def update(self, name: str) -> bool:
        """Does this fault strike the updates that are about to be told?"""
        return self._take(frozenset({name}), "getUpdates") is not None

    def _take(self, names: frozenset[str], method: str) -> Fault | None:
        for fault in self.armed:
            if fault.name not in names or not fault.matches(method):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.struck += 1
            self.struck = [*self.struck[-999:], (fault.name, method)]
            if fault.times and fault.struck >= fault.times:
                self.armed.remove(fault)
            return fault
        return None
