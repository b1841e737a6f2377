"""What another process may do to the exchange: `POST /__control__` with `{"do": name, ...}`, `GET` for the names."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from tests.emulators.binance import codes, signing
from tests.emulators.binance.faults import Faults
from tests.emulators.binance.ledger import Ledger
from tests.emulators.binance.signing import ApiKey, Keyring

Command = Callable[..., Any]


class Controlled(Protocol):
    """What is controlled of a server."""

    faults: Faults
    executed: Ledger
    keys: Keyring
    offset_ms: int

    @property
    def now_ms(self) -> int:
        """The exchange's time."""

    @now_ms.setter
    def now_ms(self, now: int) -> None: ...

    def cut_streams(self) -> None:
        """Cut every WebSocket."""

    def shut_down(self) -> None:
        """Announce a shutdown."""

    def release(self) -> None:
        """End every hang."""


def commands(server: Controlled) -> dict[str, Command]:
    """The server's own commands; the products add theirs."""

    def arm(name: str, **detail: Any) -> None:
        server.faults.arm(name, **detail)

    def clock(now_ms: int | None = None, offset_ms: int | None = None) -> int:
        if now_ms is not None:
            server.now_ms = now_ms
        if offset_ms is not None:
            server.offset_ms = offset_ms
        return server.now_ms

    def ledger(since: int = 0) -> list[dict[str, Any]]:
        return server.executed.rows()[since:]

    def doubled() -> list[list[Any]]:
        return [[*key, count] for key, count in server.executed.doubled().items()]

    def add_key(**fields: Any) -> None:
        fields["permissions"] = frozenset(fields.get("permissions", signing.EVERYTHING))
        server.keys.add(ApiKey(**fields))

    return {
        "arm": arm,
        "disarm": server.faults.disarm,
        "struck": lambda: server.faults.struck,
        "clock": clock,
        "ledger": ledger,
        "doubled": doubled,
        "key": add_key,
        "cut": server.cut_streams,
        "shut_down": server.shut_down,
        "release": server.release,
    }


async def controlled(request: web.BaseRequest, control: Mapping[str, Command]) -> web.Response:
    """Carry out one command: `{"result": ...}`, or status 400 and `{"error": ...}`."""
    if request.method == "GET":
        return web.json_response(sorted(control))
    asked = await request.json()
    try:
        result = control[asked.pop("do")](**asked)
    except (KeyError, TypeError, ValueError, codes.Refusal) as why:
        return web.json_response({"error": f"{type(why).__name__}: {why}"}, status=400)
    return web.json_response({"result": result})
