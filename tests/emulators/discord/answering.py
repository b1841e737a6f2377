"""How an answer goes out, or does not."""

import asyncio
from typing import Any

from aiohttp import web

from tests.emulators.discord.calls import Answer, answer_of_refusal
from tests.emulators.discord.faults import Fault


class Hangs:
    """Requests that wait until they are released."""

    def __init__(self) -> None:
        self._release = asyncio.Event()

    def release(self) -> None:
        """End every hang."""
        self._release.set()
        self._release = asyncio.Event()

    async def hang(self, seconds: Any) -> None:
        """Wait for a release, at most so long (None: for ever)."""
        try:
            await asyncio.wait_for(self._release.wait(), None if seconds is None else float(seconds))
        except TimeoutError:
            return


def answer_of_fault(fault: Fault) -> Answer:
    """What a fault answers: a proxy's page or a refusal."""
    if not fault.name.startswith("status_"):
        return answer_of_refusal(fault.refusal())
    status = int(fault.name[7:])
    page = f"<html><head><title>{status}</title></head><body>cloudflare</body></html>"
    return Answer(status, page, {"Content-Type": "text/html"})


def response(answer: Answer) -> web.Response:
    """An answer as aiohttp sends it."""
    return web.Response(status=answer.status, body=answer.text.encode(), headers=answer.headers)


def cut(request: web.BaseRequest) -> web.Response:
    """Close a request's connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def halved(request: web.BaseRequest, right: Answer) -> web.StreamResponse:
    """Announce the whole of an answer, send half of it and close."""
    whole = right.text.encode()
    answer = web.StreamResponse(status=right.status, headers={**right.headers, "Content-Length": str(len(whole))})
    await answer.prepare(request)
    await answer.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()
    return answer
