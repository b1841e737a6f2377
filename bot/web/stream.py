"""The journal as a WebSocket: from a sequence number on, then as it grows. A client resumes with `after=SEQ`."""

import asyncio
import contextlib

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from bot.app import App
from bot.web import shapes
from bot.web.auth import Gatekeeper, Refused
from handlers.alerts import alert_of
from handlers.context import Role
from trading.events import Recorded, decode

stream = APIRouter(prefix="/api/v1")
CHUNK = 200
PATIENCE_S = 10.0  # for the first message, and for a slow reader
UNAUTHORIZED, TOO_SLOW = 4401, 1013


@stream.websocket("/stream")
async def follow(socket: WebSocket, after: int = 0, alerts: bool = False) -> None:
    """Events after `after`; with `alerts`, each with the words that people are told, or null."""
    app: App = socket.app.state.tiller
    await socket.accept()
    if not await _known(socket):
        return
    grown = asyncio.Event()
    unsubscribe = app.book.subscribe(lambda entry: grown.set())
    sending = asyncio.create_task(_send(socket, app, after, alerts, grown))
    try:
        while True:  # what a client says is not heard; its going is
            await socket.receive_text()
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        unsubscribe()
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await sending


async def _known(socket: WebSocket) -> bool:
    """Whether the caller has a token: in the Authorization header, or as the first message."""
    keeper: Gatekeeper = socket.app.state.keeper
    scheme, _, token = socket.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            async with asyncio.timeout(PATIENCE_S):
                said = await socket.receive_json()
            token = said.get("token", "") if isinstance(said, dict) else ""
        actor = await keeper.bearer(str(token), socket.client.host if socket.client else "?")
        if actor.role < Role.VIEWER:
            raise Refused(403, "FORBIDDEN", "This needs viewer.")
    except (Refused, TimeoutError, ValueError, KeyError) as why:
        text = why.text if isinstance(why, Refused) else 'Send {"token": "..."} first.'
        await socket.close(UNAUTHORIZED, text[:120])
        return False
    except WebSocketDisconnect:
        return False
    return True


async def _send(socket: WebSocket, app: App, after: int, alerts: bool, grown: asyncio.Event) -> None:
    while True:
        grown.clear()
        rows = await app.store.queries.events(after, limit=CHUNK)
        for row in rows:
            shape = shapes.event(row)
            if alerts:
                shape["alert"] = _alert(app, row)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await socket.send_json(shape)
            except TimeoutError:
                await socket.close(TOO_SLOW, f"too slow: resume with after={after}")
                return
            after = row["seq"]
        if len(rows) < CHUNK:
            await grown.wait()


def _alert(app: App, row: shapes.Shape) -> shapes.Shape | None:
    event = decode(shapes.raw(row))
    told = alert_of(Recorded(row["seq"], row["at"], event), app.book)
    if told is None:
        return None
    return {"kind": told.kind, "severity": told.severity.name.lower(), "tone": told.tone, "text": told.text}
