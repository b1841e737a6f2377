"""The server's side of the network: `/bot<token>/<method>` over HTTP, outages, and the faults of requests."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.faults import PAGE_502, REASONS, Fault, Faults
from tests.emulators.telegram.params import Params, read
from tests.emulators.telegram.record import Call
from tests.emulators.telegram.refusals import Refusal, too_many
from tests.emulators.telegram.sending import MAX_FILE_BYTES

OUTAGES = ("refused", "502", "hang")

Execute = Callable[[str, str, Params], Awaitable[Any]]


class Wire:
    """One port. `execute` carries out (token, method, parameters); `note` is told of every request."""

    def __init__(self, clock: Clock, faults: Faults, execute: Execute, note: Callable[[Call], None]) -> None:
        self.url = ""
        self._clock, self._faults, self._execute, self._note = clock, faults, execute, note
        self.outage = ""
        self._released = asyncio.Event()
        self._port = 0
        self._place: socket.socket | None = None  # holds the port while nobody listens
        self._runner: web.AppRunner | None = None
        self._changing = asyncio.Lock()  # an outage that two end at once is over for both when somebody listens

    async def open(self, port: int = 0) -> None:
        """Listen: at the port it had before, else at this one, else at any."""
        if self._place is None:
            self._place = socket.socket()
            self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._place.bind(("127.0.0.1", port))
            self._port = self._place.getsockname()[1]
            self.url = f"http://127.0.0.1:{self._port}"
        app = web.Application(client_max_size=MAX_FILE_BYTES + 1_000_000)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()

    async def close(self) -> None:
        """Listen no more, and give the port up."""
        await self._stop_listening()
        if self._place is not None:
            self._place.close()
            self._place = None

    async def begin_outage(self, kind: str) -> None:
        """Refuse connections, answer 502, or hang; ValueError for what is none of these."""
        if kind not in OUTAGES:
            raise ValueError(f"no outage is called {kind}")
        async with self._changing:
            self.outage = kind
            if kind == "refused":
                await self._stop_listening()

    async def end_outage(self) -> None:
        """Be there again; who hung is let go without an answer."""
        async with self._changing:
            if self._runner is None and self._place is not None:
                await self.open()
            self.outage = ""
            self.release()

    def release(self) -> None:
        """End every hang: those connections are closed."""
        self._released.set()
        self._released = asyncio.Event()

    async def _stop_listening(self) -> None:
        self.release()
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for connection in runner.server.connections if runner.server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.outage == "502":
            return web.Response(status=502, text=PAGE_502, content_type="text/html")
        if self.outage:
            await self._released.wait()
            return _cut(request)
        token, _, method = request.path.removeprefix("/bot").partition("/")
        if not request.path.startswith("/bot") or not method:
            return _json(Refusal(404, "Not Found").body)
        fault = self._faults.request(method)
        if fault is None:
            return _json(await self._answer(request, token, method))
        if fault.name == "slow" and fault.detail.get("before"):
            await self._clock.sleep(fault.seconds or 0.0)
        if fault.executed:
            body = await self._answer(request, token, method, fault.name)
        else:
            body = {}
            self._note(Call(self._clock.now, method, (await read(request)).values, "", fault.name))
        return await self._spoil(fault, request, body)

    async def _answer(self, request: web.Request, token: str, method: str, fault: str = "") -> dict[str, Any]:
        params, error = Params(), ""
        try:
            params = await read(request)
            body = {"ok": True, "result": await self._execute(token, method, params)}
        except Refusal as refusal:
            body, error = refusal.body, refusal.description
        self._note(Call(self._clock.now, method, params.values, error, fault))
        return body

    async def _spoil(self, fault: Fault, request: web.Request, body: Mapping[str, Any]) -> web.StreamResponse:
        match fault.name:
            case "drop_before" | "drop_after":
                return _cut(request)
            case "hang_before" | "hang_after":
                released = asyncio.ensure_future(self._released.wait())
                await self._clock.wait(released, fault.seconds if fault.seconds is not None else 1e9)
                released.cancel()
                return _cut(request)
            case "truncated":
                return await _half(request, body)
            case "slow":
                if not fault.detail.get("before"):
                    await self._clock.sleep(fault.seconds or 0.0)
                return _json(body)
            case "429":
                return _json(too_many(int(fault.detail.get("retry_after", 3))).body)
            case "html_502":
                return web.Response(status=502, text=PAGE_502, content_type="text/html")
            case _:
                code = int(fault.name)
                return _json(Refusal(code, str(fault.detail.get("text", REASONS[code]))).body)


def _json(body: Mapping[str, Any]) -> web.Response:
    headers = {"Content-Type": "application/json"}
    wait = body.get("parameters", {}).get("retry_after")
    if wait:
        headers["Retry-After"] = str(wait)
    return web.Response(status=body.get("error_code", 200), body=_compact(body), headers=headers)


def _compact(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _cut(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.BaseRequest, body: Mapping[str, Any]) -> web.StreamResponse:
    """Announce the whole length, and send half of it."""
    whole = _compact(body)
    answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(whole))})
    await answer.prepare(request)
    await answer.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()
    return answer
