"""What a browser may ask for behind its page, whatever the page shows; and what the page is told of sources."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.web.auth import Gatekeeper
from bot.web.dashboard.view import records
from bot.web.dashboard.view.sources import pasted, sources
from bot.web.dashboard.visitor import Visitor
from handlers.actor import Role
from tests.bot.webhooks.alerting import SECRET, SOURCES, journal
from tests.running import Running, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
BODY = "buy ETH/USDT 0.02"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("visitor"), toml=SOURCES) as found:
        yield found


async def visitor(desk: Running, role: Role, folder: Path) -> Visitor:
    """Somebody who has signed in with a token of this role."""
    keeper = Gatekeeper(desk.app.tokens, folder, desk.app.clock, asyncio.get_running_loop().time)
    actor = await keeper.bearer(await desk.app.tokens.issue(role), "here")
    return Visitor(desk.app, keeper, keeper.session(desk.app.desk.identity(actor.id)), actor)


async def test_only_who_rules_may_try_messages(desk: Running, tmp_path: Path) -> None:
    before = len(await journal(desk.app))
    for role in (Role.VIEWER, Role.TRADER):
        refused = await (await visitor(desk, role, tmp_path)).try_alert("pine", BODY)
        assert (refused.ok, refused.error) == (False, "NO_SOURCE")
    admin = await visitor(desk, Role.ADMIN, tmp_path)
    tried = await admin.try_alert("pine", BODY)
    assert tried.ok
    assert "Would send: paper: BUY 0.02 ETH/USDT" in tried.text
    assert (await admin.try_alert("nope", BODY)).error == "NO_SOURCE"
    assert (await admin.try_alert("pine", "é" * 40_000)).error == "TOO_LARGE", "80,000 bytes"
    assert (await admin.try_alert("pine", f'{{"secret": "{SECRET}", "action": "{SECRET}"}}')).error == "BAD_ACTION"
    assert len(await journal(desk.app)) == before, "nothing is stored"


async def test_a_session_that_is_over_tries_nothing(desk: Running, tmp_path: Path) -> None:
    admin = await visitor(desk, Role.ADMIN, tmp_path)
    number = (await desk.app.store.tokens.list())[-1]["id"]
    await desk.app.store.tokens.revoke(number, desk.app.clock.now())
    assert (await admin.try_alert("pine", BODY)).error == "SIGNED_OUT"


async def test_no_trial_says_the_secret(desk: Running, tmp_path: Path) -> None:
    admin = await visitor(desk, Role.ADMIN, tmp_path)
    for body in (f"buy ETH/USDT {SECRET}", f'{{"action": "{SECRET}"}}', f'{{"secret": "{SECRET}", "x": {SECRET}}}'):
        assert SECRET not in (await admin.try_alert("pine", body)).text


async def test_sources_are_shown_with_what_they_may_do_and_never_their_secret(desk: Running) -> None:
    shown = {each["name"]: each for each in sources(desk.app)["sources"]}
    assert shown["asking"]["told"] == "trades demo as trader; confirm always; at most 60 s old."
    assert "Only client certificate ab:cd:ef." in shown["pinned"]["told"]
    assert "it has no secret: every alert is refused" in shown["mute"]["told"]
    desk.app.desk.sources.refused("walled", "a wrong secret")
    walled = next(each for each in sources(desk.app)["sources"] if each["name"] == "walled")
    assert "1 turned away" in walled["told"]
    assert (walled["address"], walled["is_made"]) == ("https://YOUR-HOST/webhooks/walled/***", False)
    assert SECRET not in str(sources(desk.app))
    assert "Indicator sell" in [message["name"] for message in pasted()["messages"]]


async def test_the_journal_counts_the_checks_that_passed_and_is_searched_for_each(desk: Running) -> None:
    passed = (await desk.say("/dryrun /buy ETH/USDT 0.02 2000")).text.count("pass  ")
    made = await desk.say("/buy ETH/USDT 0.02 2000")
    view = records.JournalView(desk.app)
    await view.filter("MAX_ORDER_VALUE", "OrderSubmitted", made.order_id or "")
    (row,) = view.rows
    count, *rest = row["text"].split(" · ")
    assert count == f"{passed} checks passed"
    assert not any("check passed" in line for line in rest)
