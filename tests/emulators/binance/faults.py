"""What can go wrong between a client and the exchange, armed by name.

`faults.arm("drop_after", on="POST /api/v3/order")`: the next such request is executed and the connection closed
without an answer. `on` is a REST operation (`POST /api/v3/order`), a WebSocket API method (`order.place`), an event
(`executionReport`, or `executionReport:TRADE` for one execution type) or `*`; it may end in `*`
(`POST /api/v3/orderList/*`). `times` is how often it strikes (0: until disarmed), `skip` how many it lets pass first.

Requests (`executed` says whether the request reached the engine; where it may be chosen, the default is in brackets):

- `drop_before`, `drop_after`: the connection is closed without an answer (not executed / executed)
- `hang_before`, `hang_after`: no answer until `release()`, or after `seconds`
- `status_502` (a proxy's HTML page), `status_503`, `status_504`, `status_524`, `status_403` (WAF page): (False)
- `html_200`: a page with status 200 (False); `truncated`: half of the right answer, then closed (True);
  `empty`: 200 without a body (False); `text_200`: 200 with any `text` (False)
- `code_-1000`, `code_-1001`, `code_-1006`, `code_-1007`, `code_-1008`: 5XX with that code (False)
- any other `code_-NNNN`: a refusal with that code, never executed; `text=` sets its message (`-2010`, `-2011`)
- `-1021`: shorthand of `code_-1021`; `429`, `418`: with `seconds` of Retry-After (5 / 120); a 418 lasts that long
- `redirect_307`: to `location` (this same path again), not executed
- `slow`: right answer, `seconds` late

A request that is executed may be so only `after` seconds (`arm("code_-1007", executed=True, after=3)`): it reaches
the engine later than its answer, as a request does that the exchange gave up waiting for.

- `lookup_lag`: the order that the next `on` creates is not found (-2013) for the first `lookups` queries and until
  `seconds` have passed; with `lists=True` open orders, all orders and trades lack it as long as well

Events (to user data streams, by subscriber): `late` (`seconds`), `doubled`, `reordered` (after the next event),
`missing`, `stream_cut` (the connection closes instead of the event; `sent=True`: after it), `slow` (each `seconds`
later than the one before; the order stays).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.binance import codes

REQUESTS = {
    "drop_before": False,
    "drop_after": True,
    "hang_before": False,
    "hang_after": True,
    "status_502": False,
    "status_503": False,
    "status_504": False,
    "status_524": False,
    "status_403": False,
    "html_200": False,
    "truncated": True,
    "empty": False,
    "text_200": False,
    "redirect_307": False,
    "slow": True,
    "-1021": False,
    "429": False,
    "418": False,
}
"""Each request fault, and whether the request is executed unless `executed` says otherwise."""
EVENTS = frozenset({"late", "doubled", "reordered", "missing", "stream_cut", "slow"})
FIXED = frozenset({"drop_before", "drop_after", "hang_before", "hang_after", "redirect_307", "-1021", "429", "418"})
CHOOSABLE_CODES = frozenset({-1000, -1001, -1006, -1007, -1008})
PAGES = {
    502: "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>"
    "\r\n<hr><center>cloudfront</center>\r\n</body>\r\n</html>\r\n",
    503: "<html><body><b>Http/1.1 Service Unavailable</b></body></html>",
    504: "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1>"
    "</center>\r\n</body>\r\n</html>\r\n",
    524: "<!DOCTYPE html><html><head><title>524: A timeout occurred</title></head><body>Error 524</body></html>",
    403: "<html><head><title>ERROR: The request could not be satisfied</title></head>"
    "<body><h1>403 ERROR</h1></body></html>",
    200: "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>",
}


@dataclass
class Fault:
    """One armed fault."""

    name: str
    on: str
    times: int  # 0: for ever
    skip: int
    detail: dict[str, Any] = field(default_factory=dict)
    struck: int = 0

    def matches(self, operation: str) -> bool:
        if self.on in ("*", operation):
            return True
        return self.on.endswith("*") and operation.startswith(self.on[:-1])

    @property
    def executed(self) -> bool:
        """Does a request that this strikes reach the engine?"""
        return bool(self.detail.get("executed", REQUESTS.get(self.name, False)))

    @property
    def seconds(self) -> float:
        return float(self.detail.get("seconds", {"429": 5, "418": 120}.get(self.name, 0.05)))

    @property
    def after(self) -> float:
        """How many seconds after the answer the request reaches the engine; 0: before it."""
        return float(self.detail.get("after", 0))

    def refusal(self) -> codes.Refusal:
        """The coded answer of a `code_...` fault."""
        number = int(self.name.removeprefix("code_"))
        code = codes.BY_NUMBER.get(number, codes.Code(number, "{}"))
        text = str(self.detail.get("text", code.msg.replace("{}", "an injected fault")))
        return codes.Refusal(number, text, int(self.detail.get("status", code.status)))


@dataclass
class _Lag:
    """An order that queries do not find yet."""

    lookups: int
    until_ms: int
    lists: bool


class Faults:
    """The armed faults of one exchange, and what they have struck (`struck`: fault name, operation or event)."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.armed: list[Fault] = []
        self.struck: list[tuple[str, str]] = []
        self._lags: dict[tuple[str, int], _Lag] = {}  # by product and the exchange's order id
        self.operation = ""  # the request that the engine is working on

    def arm(self, name: str, on: str = "*", times: int = 1, skip: int = 0, **detail: Any) -> Fault:
        """Arm a fault; ValueError for a name or a detail that makes no sense."""
        if name == "-1021":
            name = "code_-1021"
        coded = re.fullmatch(r"code_-\d+", name)
        if not coded and name not in REQUESTS and name not in EVENTS and name != "lookup_lag":
            raise ValueError(f"no fault is called {name}")
        fixed = name in FIXED or (coded and int(name[5:]) not in CHOOSABLE_CODES)
        if fixed and detail.get("executed", REQUESTS.get(name, False)) != REQUESTS.get(name, False):
            raise ValueError(f"{name} cannot be executed={detail['executed']}")
        fault = Fault(name, on, times, skip, detail)
        self.armed.append(fault)
        return fault

    def disarm(self) -> None:
        """Forget every fault and lag."""
        self.armed.clear()
        self._lags.clear()

    def request(self, operation: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        return self._take(operation, lambda fault: fault.name in REQUESTS or fault.name.startswith("code_"), operation)

    def event(self, event: dict[str, Any]) -> Fault | None:
        """The fault that strikes this event on its way to one subscriber, if any."""
        if not self.armed:
            return None
        kind = str(event.get("e", ""))
        detailed = f"{kind}:{_execution(event)}"
        return self._take(kind, lambda fault: fault.name in EVENTS, detailed)

    def created(self, product: str, order_id: int, client_order_id: str) -> None:
        """The engine tells of a new order: from now on it may lag."""
        if not self.armed:
            return
        fault = self._take(
            self.operation,
            lambda fault: fault.name == "lookup_lag" and fault.detail.get("client_order_id") in (None, client_order_id),
            self.operation,
        )
        if fault is None:
            return
        until = self._now_ms() + int(1000 * float(fault.detail.get("seconds", 0)))
        lookups, lists = int(fault.detail.get("lookups", 0)), bool(fault.detail.get("lists", False))
        self._lags[product, order_id] = _Lag(lookups, until, lists)

    def hidden(self, product: str, order_id: int, *, lists: bool = False) -> bool:
        """Is this order not visible yet? A look-up of a single order (`lists` False) uses up one of `lookups`."""
        lag = self._lags.get((product, order_id))
        if lag is None or (lists and not lag.lists):
            return False
        waiting = lag.lookups > 0 or self._now_ms() < lag.until_ms
        if not lists and lag.lookups > 0:
            lag.lookups -= 1
        if not waiting:
            del self._lags[product, order_id]
        return waiting

    def _take(self, operation: str, fits: Callable[[Fault], bool], detailed: str) -> Fault | None:
        for fault in self.armed:
            if not fits(fault):
                continue
            if not (fault.matches(operation) or fault.matches(detailed)):
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


def _execution(event: dict[str, Any]) -> str:
    inner = event.get("o")
    return str(inner.get("x", "") if isinstance(inner, dict) else event.get("x", ""))
