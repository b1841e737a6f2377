"""What a fault makes of a request: the answer that goes out, or the connection that ends."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tests.emulators.binance import codes
from tests.emulators.binance.faults import PAGES, Fault
from tests.emulators.binance.limits import RateLimits

HTML = {"Content-Type": "text/html; charset=UTF-8"}
JSON = {"Content-Type": "application/json;charset=UTF-8"}


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The connection ends, after this part of an answer."""

    part: str = ""


class Hanging(Protocol):
    """What a fault needs of the exchange."""

    limits: dict[str, RateLimits]

    async def hang(self, seconds: float | None) -> None:
        """Wait for a release, at most so long."""


Outcome = Answer | Cut | codes.Refusal


async def strike(fault: Fault, execute: Callable[[], Answer], venue: Hanging, product: str, path: str) -> Outcome:
    """Let a fault strike a request. Executes it if the fault says so: before its answer, or `after` seconds later."""
    right: Answer | None = None
    if fault.name == "slow" and fault.detail.get("queued"):
        await asyncio.sleep(fault.seconds)  # it waits before the engine: its recvWindow may run out
        return execute()
    if fault.executed and fault.after:
        asyncio.get_running_loop().call_later(fault.after, execute)
    elif fault.executed:
        right = execute()
    match fault.name:
        case "drop_before" | "drop_after":
            return Cut()
        case "hang_before" | "hang_after":
            seconds = fault.detail.get("seconds")
            await venue.hang(None if seconds is None else float(seconds))
            return Cut()
        case "slow":
            await asyncio.sleep(fault.seconds)
            return right or execute()
        case "truncated":
            text = right.text if right else '{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"x"}'
            return Cut(text[: max(1, len(text) // 2)])
        case "html_200":
            return Answer(200, PAGES[200], HTML)
        case "empty":
            return Answer(200, "", JSON)
        case "text_200":
            return Answer(200, str(fault.detail.get("text", "null")), JSON)
        case "redirect_307":
            return Answer(307, "", {"Location": str(fault.detail.get("location", path))})
        case "429" | "418":
            return _limited(fault, venue.limits[product])
        case name if name.startswith("status_"):
            status = int(name[7:])
            return Answer(status, PAGES[status], HTML)
    return fault.refusal()


def _limited(fault: Fault, limits: RateLimits) -> codes.Refusal:
    if fault.name == "418":
        limits.ban(fault.seconds)
        return limits.ban_refusal()
    weight = next(limit for limit in limits.limits if limit.kind == "REQUEST_WEIGHT")
    refusal = codes.TOO_MUCH_WEIGHT.refusal(weight.limit, f"{weight.number} {weight.interval}")
    if fault.detail.get("orders"):
        refusal = codes.TOO_MANY_ORDERS.refusal(100, "10 SECOND")
    refusal.headers["Retry-After"] = f"{fault.seconds:g}"
    return refusal
