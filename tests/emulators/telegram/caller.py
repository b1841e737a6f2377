"""A bare client, to see what the server answers without a library between."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import aiohttp

from tests.emulators.telegram.server import Telegram


class Caller:
    """Calls methods with the bot's token, parameters as JSON."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def body(self, method: str, /, **params: Any) -> dict[str, Any]:
        """The whole answer."""
        url = f"{self._telegram.url}/bot{self._telegram.token}/{method}"
        async with self._session.post(url, json=params) as answer:
            body: dict[str, Any] = await answer.json()
            assert answer.status == body.get("error_code", 200)
            return body

    async def __call__(self, method: str, /, **params: Any) -> Any:
        """The result of a call that must be carried out."""
        body = await self.body(method, **params)
        assert body["ok"], body
        return body["result"]

    async def refused(self, method: str, /, **params: Any) -> str:
        """The description of a call that must be refused, after its code: `400 Bad Request: ...`."""
        body = await self.body(method, **params)
        assert not body["ok"], body
        return f"{body['error_code']} {body['description']}"

    async def sends(self, chat: int, text: str, **params: Any) -> dict[str, Any]:
        """Send a message that must be sent."""
        sent: dict[str, Any] = await self("sendMessage", chat_id=chat, text=text, **params)
        return sent


@asynccontextmanager
async def calling(now: float | None = None, **options: Any) -> AsyncIterator[tuple[Telegram, Caller]]:
    """A server and a bare client of its bot."""
    async with Telegram(now, **options) as telegram, Caller(telegram) as call:
        yield telegram, call
