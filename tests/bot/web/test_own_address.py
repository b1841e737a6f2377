"""The desk behind a proxy on its own machine: the name it is reached by is one of its own, and everything says it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.tokens import Identity
from bot.web.auth import COOKIE
from bot.web.dashboard.mount import Gate
from bot.web.dashboard.view.sources import sources
from handlers.actor import Role
from tests.bot.web.served import Served, served
from tests.bot.web.visiting import Stage
from tests.bot.webhooks.alerting import SOURCES

pytestmark = pytest.mark.asyncio(loop_scope="module")
URL = "https://desk.example.com"
PUBLIC = {"Host": "desk.example.com"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("named"), f'{SOURCES}\n[web]\nurl = "{URL}/"\n') as found:
        found.server.mount("/", Gate(Stage(), found.app, found.server.state.keeper, []))
        yield found


# --- whom it answers -------------------------------------------------------------------------


async def test_it_answers_to_its_own_name_and_to_no_other(desk: Served) -> None:
    for host in ("desk.example.com", "DESK.example.com:443", "127.0.0.1", f"localhost:{desk.port}"):
        assert (await desk.viewer.get("/api/v1/status", headers={"Host": host})).status_code == 200, host
    for host in ("example.com", "desk.example.com.evil.example", "evil.example", "10.0.0.1", ""):
        refused = await desk.viewer.get("/api/v1/status", headers={"Host": host})
        assert (refused.status_code, refused.json()["error"]) == (421, "BAD_HOST"), host


async def test_a_cookie_stays_with_tls_where_the_address_is_asked_for_that_has_it(desk: Served) -> None:
    for headers, secure in ((PUBLIC, True), ({}, False)):
        answer = await desk.nobody.get("/login", params={"link": desk.app.tokens.link()}, headers=headers)
        assert ("secure" in answer.headers["set-cookie"].lower().split("; ")) is secure
        desk.nobody.cookies.clear()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (PUBLIC | {"Origin": URL}, 303),
        ({"Origin": URL}, 303),  # a proxy that asks by the machine's own name
        ({"Origin": "https://desk.example.com:8443"}, 403),
        ({"Origin": "http://desk.example.com"}, 403),
        (PUBLIC | {"Origin": "https://evil.example"}, 403),
    ],
)
async def test_the_form_is_taken_from_our_own_pages_only(desk: Served, headers: dict[str, str], status: int) -> None:
    answer = await desk.nobody.post("/login", data={"token": desk.tokens[Role.VIEWER]}, headers=headers)
    assert answer.status_code == status
    assert ("set-cookie" in answer.headers) is (status == 303)
    desk.nobody.cookies.clear()
    page = await desk.nobody.get("/", headers=headers)
    assert page.status_code == status, "the dashboard holds itself to the same: to the login, or away"


async def test_a_desk_without_a_name_of_its_own_has_its_machines_only(tmp_path: Path) -> None:
    async with served(tmp_path) as plain:
        assert (await plain.viewer.get("/api/v1/status", headers=PUBLIC)).status_code == 421
        assert (await plain.viewer.get("/api/v1/status")).status_code == 200
        made = (await plain.admin.post("/api/v1/links")).json()
        assert made["url"] is None
        assert (await plain.nobody.get(made["path"])).status_code == 303


# --- what says it ----------------------------------------------------------------------------


async def test_links_and_addresses_of_webhooks_begin_with_it(desk: Served) -> None:
    made = (await desk.admin.post("/api/v1/links")).json()
    assert made["url"] == f"{URL}{made['path']}"
    assert f"{URL}/webhooks/pine/***" in (await desk.say("/webhook pine", who=desk.admin))["text"]
    new = (await desk.say("/webhook relay new", who=desk.admin))["text"]
    assert re.search(rf"^{URL}/webhooks/relay/\S{{20,}}$", new, re.MULTILINE)
    shown = {each["address"] for each in sources(desk.app)["sources"]}
    assert all(address.startswith(f"{URL}/webhooks/") for address in shown)


async def test_a_link_by_the_api_signs_in_as_whoever_asked_and_ends_with_their_token(desk: Served) -> None:
    token = await desk.app.tokens.issue(Role.ADMIN, "ops")
    number = (await desk.app.store.tokens.list())[-1]["id"]
    async with desk.client(token) as client:
        made = (await client.post("/api/v1/links")).json()
    answer = await desk.nobody.get(made["path"])
    cookie = {"Cookie": f"{COOKIE}={answer.cookies[COOKIE]}"}
    desk.nobody.cookies.clear()
    assert (await desk.nobody.get("/", headers=cookie)).json() == {"id": f"token:{number}", "role": "admin"}
    await desk.app.store.tokens.revoke(number, desk.app.clock.now())
    assert (await desk.nobody.get("/", headers=cookie)).headers["location"] == "/login"


async def test_who_is_not_known_yet_waits_for_the_start_and_is_not_sent_away(desk: Served) -> None:
    session = desk.server.state.keeper.session(Identity("person:zoe", "a guest of the journal"))
    desk.app.not_accepting = "starting"
    try:
        waits = await desk.nobody.get("/", headers={"Cookie": f"{COOKIE}={session}"})
        assert (waits.status_code, waits.json()["error"], waits.headers["refresh"]) == (503, "NOT_READY", "2")
        forged = await desk.nobody.get("/", headers={"Cookie": f"{COOKIE}=x{session}"})
        assert forged.headers["location"] == "/login"
    finally:
        desk.app.not_accepting = ""
    known = await desk.nobody.get("/", headers={"Cookie": f"{COOKIE}={session}"})
    assert known.headers["location"] == "/login", "and then it turns out who they are"


@pytest.mark.parametrize(
    "robot",
    [
        "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    ],
)
async def test_a_preview_in_a_chat_does_not_use_the_link_up(desk: Served, robot: str) -> None:
    link = {"link": desk.app.tokens.link()}
    looked = await desk.nobody.get("/login", params=link, headers={"User-Agent": robot})
    assert "set-cookie" not in looked.headers
    assert (await desk.nobody.get("/login", params=link)).status_code == 303
    desk.nobody.cookies.clear()
