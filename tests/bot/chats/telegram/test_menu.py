"""Menus by role and chat, and updates that are brought to a web server of our own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.chats.telegram.inbox import Webhook
from handlers.actor import Role
from handlers.spec import REGISTRY
from tests.bot.chats.telegram.desk import ANA, BEN, EVE, GROUP, VIC, said, scripted
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.server import Telegram
from tests.emulators.telegram.webhook import SECRET_HEADER


async def test_everybody_is_offered_what_they_may_run() -> None:
    async with Telegram() as telegram:
        ana, ben = telegram.person(ANA, "Ana"), telegram.person(BEN, "Ben")
        eve, vic = telegram.person(EVE, "Eve"), telegram.person(VIC, "Vic", started=False)
        group = telegram.group(GROUP, "Desk", ana, ben, eve)
        async with scripted(telegram):
            await telegram.until(lambda: "kill" in offered(ben, group))
            for person, role in ((ana, Role.ADMIN), (ben, Role.TRADER), (eve, Role.VIEWER)):
                for chat in (person.chat, group):
                    assert offered(person, chat) == {s.name for s in REGISTRY.values() if s.role <= role}
            await vic.starts()
            await said(telegram, vic.chat)
            assert offered(vic, vic.chat) == {s.name for s in REGISTRY.values() if s.role <= Role.VIEWER}
            assert all(1 <= len(description) <= 256 for _, description in ana.menu(ana.chat))


def offered(person: Person, chat: object) -> set[str]:
    """The names of the commands in somebody's menu."""
    return {name for name, _ in person.menu(chat)}  # type: ignore[arg-type]


Receive = Callable[[str, bytes], Awaitable[int]]


class Hook:
    """A web server's route to `receive`, which is set once there is a chat."""

    def __init__(self) -> None:
        self.receive: Receive | None = None
        self.url = ""

    async def serve(self, request: web.BaseRequest) -> web.Response:
        if self.receive is None:
            return web.Response(status=503)
        return web.Response(status=await self.receive(request.headers.get(SECRET_HEADER, ""), await request.read()))


@asynccontextmanager
async def hooked() -> AsyncIterator[Hook]:
    hook = Hook()
    runner = web.ServerRunner(web.Server(hook.serve, access_log=None), shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def test_updates_are_brought_to_a_webhook_each_once() -> None:
    async with Telegram() as telegram, hooked() as hook:
        ana = telegram.person(ANA, "Ana")
        async with scripted(telegram, webhook=Webhook(hook.url, "s3cret")) as talk:
            hook.receive = talk.chat.receive
            telegram.faults.arm("duplicated", on="getUpdates")
            await ana.says(ana.chat, "/buy BTC/USDT 1")
            await said(telegram, ana.chat)
            await ana.says(ana.chat, "/status")
            await said(telegram, ana.chat, 2)
            assert talk.door.lines == ["/buy BTC/USDT 1", "/status"]
            assert telegram.updates.polls == 0


@pytest.mark.parametrize("secret", ["", "s3cre", "s3cret ", "S3CRET", "\u00e9"])
async def test_who_does_not_know_the_secret_is_refused(secret: str) -> None:
    async with Telegram() as telegram, hooked() as hook:
        update = b'{"update_id": 1, "message": {}}'
        async with scripted(telegram, webhook=Webhook(hook.url, "s3cret")) as talk:
            assert await talk.chat.receive(secret, update) == 403
            assert talk.door.lines == []
        async with scripted(telegram) as talk:  # one that polls takes nothing
            assert await talk.chat.receive("", update) == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"update_id": "x", "message": 5}'])
async def test_what_is_no_update_is_refused(body: bytes) -> None:
    async with (
        Telegram() as telegram,
        hooked() as hook,
        scripted(telegram, webhook=Webhook(hook.url, "s3cret")) as talk,
        aiohttp.ClientSession(headers={SECRET_HEADER: "s3cret"}) as session,
    ):
        hook.receive = talk.chat.receive
        async with session.post(hook.url, data=body) as answer:
            assert answer.status == 400
