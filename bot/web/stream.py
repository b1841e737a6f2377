"""The journal as a WebSocket: from a sequence number on, then as it grows. A client resumes with `after=SEQ`."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from bot.app import App
from bot.web import shapes
from bot.web.asking import Seq
from bot.web.auth import Gatekeeper, Refused, bearer_of, caller_of
from handlers.alerts import alert_of
from trading.errors import JournalError
from trading.events import Recorded, decode

stream = APIRouter(prefix="/api/v1")
CHUNK = 200
UNAUTHORIZED, TOO_SLOW, BROKEN = 4401, 1013, 1011


@stream.websocket("/stream")
async def follow(socket: WebSocket, after: Seq = 0, alerts: bool = False) -> None:
    """Events after `after`; with `alerts`, each with the words that people are told, or null.

    The heartbeat is the protocol's own ping. A reader that takes nothing for a while is dropped (1013), one
    whose token was revoked as well (4401).
    """
    await socket.accept()
    token = await _known(socket)
    if token is None:
        return
    sending = asyncio.create_task(_send(socket, token, after, alerts))
    hearing = asyncio.create_task(_hear(socket))
    done, rest = await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    if sending in done:
        await _close(socket, *sending.result())


async def _hear(socket: WebSocket) -> None:
    """What a client says is not heard; its going is."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(1):
            await socket.close(code, reason)


async def _known(socket: WebSocket) -> str | None:
    """The caller's token: of the Authorization header, or of the first message; closed without a good one."""
    keeper: Gatekeeper = socket.app.state.keeper
    try:
        token = bearer_of(socket) or await _said(socket)
        await keeper.bearer(token, caller_of(socket))
    except Refused as why:
        await _close(socket, UNAUTHORIZED, why.text)
        return None
    return token


async def _said(socket: WebSocket) -> str:
    try:
        async with asyncio.timeout(socket.app.state.patience_s):
            message = await socket.receive()
        said = json.loads(message.get("text") or "null")
    except (TimeoutError, ValueError):
        said = None
    token = said.get("token") if isinstance(said, dict) else None
    return token if isinstance(token, str) else ""


async def _send(socket: WebSocket, token: str, after: int, alerts: bool) -> tuple[int, str]:
    """Send until it has to end; answers the code and the reason."""
    app: App = socket.app.state.tiller
    keeper: Gatekeeper = socket.app.state.keeper
    patience_s: float = socket.app.state.patience_s
    time = asyncio.get_running_loop().time
    looked = time()
    grown = asyncio.Event()
    unsubscribe = app.book.subscribe(lambda entry: grown.set())
    try:
        while True:
            grown.clear()
            rows = await app.store.queries.events(after, limit=CHUNK)
            for row in rows:
                shape = shapes.event(row) | ({"alert": _alert(app, row)} if alerts else {})
                if not await _in_time(socket.send_json(shape), patience_s):
                    return TOO_SLOW, f"too slow: resume with after={after}"
                after = row["seq"]
            if len(rows) < CHUNK:
                await _in_time(grown.wait(), patience_s)
            if time() - looked >= patience_s:  # however much there is to tell
                if not await keeper.is_valid(token):
                    return UNAUTHORIZED, "the token was revoked"
                looked = time()
    except JournalError:
        return BROKEN, f"the journal cannot be read: resume with after={after}"
    except (WebSocketDisconnect, RuntimeError):
        return TOO_SLOW, "gone"
    finally:
        unsubscribe()


async def _in_time(done: Awaitable[object], seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await done
    except TimeoutError:
        return False
    return True


def _alert(app: App, row: shapes.Shape) -> shapes.Shape | None:
    told = alert_of(Recorded(row["seq"], row["at"], decode(shapes.raw(row))), app.book)
    if told is None:
        return None
    return {"kind": told.kind, "severity": told.severity.name.lower(), "tone": told.tone, "text": told.text}
