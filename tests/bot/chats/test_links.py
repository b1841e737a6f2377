"""`/link`: signed in at the dashboard from a chat, as oneself, and for as long as one is let in."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.client import ADDRESS
from bot.tokens import LINKS_PER_MINUTE, LOCAL_ADMIN
from bot.web.auth import COOKIE
from bot.web.dashboard.mount import Gate
from bot.web.server import WebServer, build_server
from handlers.actor import Actor, Role
from tests.bot.chats.both_desk import BEN, EVE, TOML, ZOE, Both, both_chats
from tests.bot.web.visiting import Stage
from tests.bot.webhooks.test_command import journal
from tests.emulators.discord.people import Asked
from tests.running import Running
from trading.control import Confirmation

URL = "https://desk.example.com"
ZOES = {"id": "person:zoe", "role": "viewer"}
LINK = re.compile(r"^(\S+)/login\?link=([0-9a-f]{48})$", re.MULTILINE)


class Dashboard:
    """The dashboard's gate over HTTP, with who passes it in the place of pages."""

    def __init__(self, url: str, stage: Stage) -> None:
        self.url, self.stage = url, stage

    async def opens(self, text: str) -> str:
        """Open the link in what the desk said; answers the cookie, empty if it was refused."""
        async with self._browser() as browser:
            answer = await browser.get("/login", params={"link": code_in(text)})
            assert (answer.status_code, COOKIE in answer.cookies) in ((303, True), (403, False))
            return answer.cookies.get(COOKIE) or ""

    async def shows(self, cookie: str) -> object:
        """Whom the dashboard takes somebody for; None if it sends them to the login."""
        async with self._browser() as browser:
            answer = await browser.get("/", headers={"Cookie": f"{COOKIE}={cookie}"})
            return answer.json() if answer.status_code == 200 else None

    def _browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers={"Host": "desk.example.com"}, trust_env=False)


@asynccontextmanager
async def open_desk(folder: Path, toml: str = TOML) -> AsyncIterator[tuple[Both, Dashboard]]:
    async with both_chats(folder, f'{toml}\n[web]\nurl = "{URL}"\n') as both:
        web, stage = WebServer("127.0.0.1", 0), Stage()
        server = build_server(both.app)
        server.mount("/", Gate(stage, both.app, server.state.keeper, []))
        await web.start(server)
        try:
            yield both, Dashboard(web.url, stage)
        finally:
            await web.stop()


def code_in(text: str) -> str:
    found = LINK.search(text)
    assert found, text
    return found[2]


async def let_in_zoe(both: Both) -> None:
    await both.told(both.zoe, "/start")
    await both.told(both.ana, f"/users approve=telegram:{ZOE} alias=zoe role=viewer")


# --- who gets one, and where -----------------------------------------------------------------


async def test_a_link_from_a_private_chat_signs_in_the_asker_once_and_is_kept_nowhere(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (both, dashboard):
        await let_in_zoe(both)
        told = (await both.told(both.zoe, "/link")).text
        assert f"{URL}/login?link=" in told
        assert "person:zoe, viewer, and works once" in told
        assert "[web] url" not in told
        cookie = await dashboard.opens(told)
        assert await dashboard.shows(cookie) == ZOES
        assert await dashboard.opens(told) == "", "it works once"
        async with httpx.AsyncClient(base_url=dashboard.url, trust_env=False) as stranger:
            elsewhere = await stranger.get("/login", params={"link": "x"}, headers={"Host": "evil.example"})
            assert elsewhere.status_code == 421
        everything = await journal(Running(both.app))
        assert code_in(told) not in everything
        assert '"line":"/link"' in everything.replace(" ", ""), "that one was asked for is in the audit trail"
        for chat in (both.group, both.ana.chat):
            assert code_in(told) not in "".join(message.text for message in both.by_bot(chat))


async def test_in_a_group_there_is_no_link_and_it_says_where_to_ask(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (both, _):
        told = await both.told(both.ana, "/link", both.group)
        assert "A link is for your eyes only. Ask me in private: /link" in told.text
        assert both.by_bot(both.ana.chat) == []


async def test_on_discord_the_asker_alone_sees_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (both, dashboard):
        for place in (both.channel, both.channel, both.dc_ben.dm):
            asked = await both.dc_ben.slash(place, "link")
            cookie = await dashboard.opens(await shown(both, asked))
            assert await dashboard.shows(cookie) == {"id": "person:ben", "role": "trader"}
        for other in (both.dc_ana, both.dc_eve):
            assert "link=" not in "".join(message.text for message in other.sees(both.channel))


async def shown(both: Both, asked: Asked) -> str:
    """What the asker reads once there is a link in it."""
    assert await both.discord.changes.until(lambda: any("link=" in message.text for message in asked.messages), 5)
    return asked.messages[-1].text


async def test_a_stranger_gets_none(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (both, _):
        there = await (await both.dc_eve.slash(both.dc_eve.dm, "link")).answer()
        for told in ((await both.told(both.eve, "/link")).text, there.text):
            assert "I do not know you" in told
            assert "login" not in told


# --- what a session may do -------------------------------------------------------------------


async def test_a_session_may_what_its_person_may_today_and_ends_with_them(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (both, dashboard):
        await let_in_zoe(both)
        cookie = await dashboard.opens((await both.told(both.zoe, "/link")).text)
        assert await dashboard.shows(cookie) == ZOES
        visitor = dashboard.stage.visitor
        assert visitor is not None
        assert (visitor.trades, visitor.rules) == (False, False)
        assert (await visitor.run("/buy BTC/USDT 0.001", "web:1")).error == "NOT_ALLOWED"
        await both.told(both.ana, f"/users approve=telegram:{ZOE} role=trader")
        assert (await visitor.run("/buy BTC/USDT 0.001", "web:2")).ok
        assert visitor.trades
        await both.told(both.ana, f"/users approve=telegram:{ZOE} role=viewer")
        assert (await visitor.run("/buy BTC/USDT 0.001", "web:3")).error == "NOT_ALLOWED"
        late = (await both.told(both.zoe, "/link")).text
        await both.told(both.ana, f"/users remove=telegram:{ZOE}")
        assert (await visitor.run("/status", "web:4")).error == "SIGNED_OUT"
        assert await dashboard.shows(cookie) is None
        assert await dashboard.opens(late) == "", "a link that was not used yet ends, too"
        await both.told(both.ana, f"/users approve=telegram:{EVE} alias=zoe role=trader")
        assert await dashboard.shows(cookie) is None, "who is called so later is somebody else"


async def test_an_order_of_the_dashboard_is_the_persons_who_cannot_approve_it_in_chat(tmp_path: Path) -> None:
    toml = TOML.replace('orders = "always"', 'orders = "never"\napprove_above = "10"')
    async with open_desk(tmp_path, toml) as (both, dashboard):
        cookie = await dashboard.opens((await both.told(both.ben, "/link")).text)
        assert await dashboard.shows(cookie) == {"id": "person:ben", "role": "trader"}
        visitor = dashboard.stage.visitor
        assert visitor is not None
        asked = await visitor.run("/buy BTC/USDT 0.001", "web:1")
        assert "Somebody else must approve it" in asked.text
        (waiting,) = both.book.all(Confirmation)
        assert "You asked for this yourself" in (await both.told(both.ben, f"/approve {waiting.token}")).text
        own = await (await both.dc_ben.slash(both.channel, "approve", token=waiting.token)).answer()
        assert "You asked for this yourself" in own.text
        assert (await visitor.run(f"approve {waiting.token}", "web:2")).error == "NEEDS_SECOND_PERSON"
        assert both.book.recent_orders() == []
        await both.told(both.ana, f"/approve {waiting.token}")
        assert [(order.actor, order.source) for order in both.book.recent_orders()] == [("person:ben", "web")]


# --- asked for often, or by nobody -----------------------------------------------------------


async def test_the_same_message_again_shows_no_link(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (both, _):
        ben = both.people.who("telegram", BEN)
        first = await both.app.run("/link", ben, "telegram", "tg:1", "telegram:3333")
        again = await both.app.run("/link", ben, "telegram", "tg:1", "telegram:3333")
        assert (first.private, again.private) == (True, True)
        assert code_in(first.text)
        assert again.text == "The link was shown once; another: /link"
        assert code_in((await both.app.run("/link", ben, "telegram", "tg:2", "telegram:3333")).text)


async def test_somebody_who_asks_too_often_waits_and_nobody_else(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as (both, _):
        ben = both.people.who("telegram", BEN)
        for _ in range(LINKS_PER_MINUTE - 1):
            assert code_in((await both.app.run("/link", ben, "telegram")).text)
        assert code_in((await both.told(both.ben, "/link")).text)
        asked = await (await both.dc_ben.slash(both.dc_ben.dm, "link")).answer()
        assert "You have asked for 5 links within a minute. Use one of them, or wait a minute." in asked.text
        assert code_in((await both.told(both.ana, "/link")).text)


@pytest.mark.parametrize(
    ("actor", "surface"),
    [
        (Actor("webhook:pine", "pine", Role.TRADER), "webhook"),
        (Actor("strategy:trend", "trend", Role.TRADER), "strategy"),
        (LOCAL_ADMIN, "schedule"),
    ],
)
async def test_nobody_who_cannot_open_it_is_given_one(tmp_path: Path, actor: Actor, surface: str) -> None:
    async with open_desk(tmp_path) as (both, _):
        reply = await both.app.run("/link", actor, surface)
        assert (reply.error, LINK.search(reply.text)) == ("NOT_ALLOWED", None)


async def test_from_the_console_it_is_whoever_sits_there_and_says_what_is_missing(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        token = await both.app.tokens.find(await both.app.tokens.issue(Role.VIEWER, "wall"))
        assert token is not None
        (both.app.settings.data_dir / ADDRESS).write_text("http://127.0.0.1:8431\n")  # as `tiller run` does
        for actor in (LOCAL_ADMIN, token):
            reply = await both.app.run("/link", actor, "terminal")
            assert f"{actor.id}, {actor.role}" in reply.text
            found = LINK.search(reply.text)
            assert found, reply.text
            assert found[1] == "http://127.0.0.1:8431"
            assert "the desk's own machine only. For other places set [web] url" in reply.text
            assert both.app.tokens.redeem(found[2]) == both.app.desk.identity(actor.id)
