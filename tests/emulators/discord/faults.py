"""What can go wrong between an app and Discord, armed by name.

`faults.arm("drop_after", on="POST /channels/{channel}/messages")`: the next such request is carried out and the
connection closed without an answer. `on` is a route (as in `Discord.requests`), an event (`INTERACTION_CREATE`) or
`*`; it may end in `*`. `times` is how often it strikes (0: until disarmed), `skip` how many it lets pass first.

Requests:

- `drop_before`, `drop_after`: the connection is closed without an answer (not carried out / carried out)
- `hang_before`, `hang_after`: no answer until `release()`, or after `seconds`; then the connection is closed
- `status_500`, `status_502`, `status_503`, `status_504`, `status_524`: a page of the proxy; carried out if
  `executed=True`
- `truncated`: half of the right answer, then closed; `slow`: the right answer, `seconds` late (carried out at once, or
  with `queued=True` only then)
- `429`: `seconds` of retry_after, `scope` user, global, shared or cloudflare (a page without `Via`)
- `code_50001`, or any other JSON error code; `401`

Events (to each session): `missing` (never sent), `doubled`, `late` (`seconds`; what follows overtakes it), `cut` (the
connection is cut instead of the event; with `sent=True` after it), `lost` (not sent, but replayed by a resume).
`rewind` on `RESUMED`: a resume replays `events` more than were missed. `no_ack` on `HEARTBEAT`: not acknowledged.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.discord.codes import CODES, Refusal, plain, refusal
from tests.emulators.discord.limits import limited

REQUESTS = frozenset(
    {
        *("drop_before", "drop_after", "hang_before", "hang_after", "truncated", "slow", "429", "401"),
        *("status_500", "status_502", "status_503", "status_504", "status_524"),
    }
)
EVENTS = frozenset({"missing", "doubled", "late", "cut", "lost", "rewind", "no_ack"})
EXECUTED = frozenset({"drop_after", "hang_after", "truncated", "slow"})


@dataclass
class Fault:
    """One armed fault."""

    name: str
    on: str
    times: int
    skip: int
    detail: dict[str, Any] = field(default_factory=dict)
    struck: int = 0

    def matches(self, what: str) -> bool:
        return self.on in ("*", what) or (self.on.endswith("*") and what.startswith(self.on[:-1]))

    @property
    def executed(self) -> bool:
        """Is a request that this strikes carried out?"""
        if self.name == "slow":
            return not self.detail.get("queued")
        return bool(self.detail.get("executed", self.name in EXECUTED))

    @property
    def seconds(self) -> float:
        return float(self.detail.get("seconds", 0.05))

    def refusal(self) -> Refusal:
        """The answer of a fault that is a refusal."""
        if self.name == "401":
            return plain(401, "Unauthorized")
        if self.name == "429":
            scope = str(self.detail.get("scope", "user"))
            if scope == "cloudflare":
                headers = {"Content-Type": "text/html", "Retry-After": f"{self.seconds:g}"}
                return Refusal(429, 1015, "error code: 1015", headers=headers)
            return limited(self.seconds, scope)
        number = int(self.name.removeprefix("code_"))
        if number in CODES:
            return refusal(number)
        return Refusal(int(self.detail.get("status", 400)), number, str(self.detail.get("text", "An injected fault")))


class Faults:
    """The armed faults, and what they have struck (`struck`: fault, route or event)."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self.struck: list[tuple[str, str]] = []

    def arm(self, name: str, on: str = "*", times: int = 1, skip: int = 0, **detail: Any) -> Fault:
        """Arm a fault; ValueError for a name that there is not."""
        coded = name.startswith("code_") and name[5:].isdigit()
        if not coded and name not in REQUESTS and name not in EVENTS:
            raise ValueError(f"no fault is called {name}")
        fault = Fault(name, on, times, skip, detail)
        self.armed.append(fault)
        return fault

    def disarm(self) -> None:
        """Forget every fault."""
        self.armed.clear()

    def request(self, route: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        return self._take(route, lambda fault: fault.name not in EVENTS)

    def event(self, event: str, *names: str) -> Fault | None:
        """The fault of these names (any) that strikes this event, if any."""
        return self._take(event, lambda fault: fault.name in (names or EVENTS))

    def _take(self, what: str, fits: Callable[[Fault], bool]) -> Fault | None:
        for fault in self.armed:
            if not fits(fault) or not fault.matches(what):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.struck += 1
            self.struck.append((fault.name, what))
            if fault.times and fault.struck >= fault.times:
                self.armed.remove(fault)
            return fault
        return None
