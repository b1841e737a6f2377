"""Signing in: links that work once, sessions that end, guesses that are slowed down."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from bot.tokens import LINK_LIFE, LINKS_PER_MINUTE, LOCAL_IDENTITY, Identity, Tokens
from bot.web.auth import BURST, FAILURES_PER_MINUTE, RATE_PER_S, SESSION, Buckets, Gatekeeper, Refused
from handlers.actor import Role
from tests.bot.web.served import Served
from tests.kit import HandClock
from trading.errors import IntentError
from trading.journal.store import JournalStore, open_journal

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANA = Identity("person:ana", "5eal")


class Hand:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest_asyncio.fixture(loop_scope="module")
async def store(tmp_path: Path) -> AsyncIterator[JournalStore]:
    async with await open_journal(f"sqlite://{tmp_path / 'tiller.db'}") as opened:
        yield opened


def gate(store: JournalStore, folder: Path, clock: HandClock) -> tuple[Gatekeeper, Tokens, Hand]:
    time = Hand()
    tokens = Tokens(store, folder, clock)
    return Gatekeeper(tokens, folder, clock, time), tokens, time


# --- pages -----------------------------------------------------------------------------------


async def test_a_link_signs_in_once_with_a_cookie_that_no_script_and_no_other_site_can_use(desk: Served) -> None:
    link = {"link": desk.app.tokens.link()}
    first = await desk.nobody.get("/login", params=link)
    assert first.status_code == 303
    assert first.headers["location"] == "/"
    cookie = first.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "max-age=43200" in cookie
    desk.nobody.cookies.clear()
    second = await desk.nobody.get("/login", params=link)
    assert second.status_code == 403
    assert "set-cookie" not in second.headers
    assert "used already" in second.text


async def test_a_browser_that_only_looks_ahead_does_not_use_the_link_up(desk: Served) -> None:
    link = {"link": desk.app.tokens.link()}
    ahead = await desk.nobody.get("/login", params=link, headers={"Sec-Purpose": "prefetch;prerender"})
    assert "set-cookie" not in ahead.headers
    assert (await desk.nobody.get("/login", params=link)).status_code == 303
    desk.nobody.cookies.clear()


async def test_a_link_that_was_clicked_on_another_site_signs_in_too(desk: Served) -> None:
    """Browsers hold a strict cookie back on a redirect that another site began: the page goes there by itself."""
    link = {"link": desk.app.tokens.link()}
    answer = await desk.nobody.get("/login", params=link, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert "set-cookie" in answer.headers
    assert "http-equiv=refresh" in answer.text
    desk.nobody.cookies.clear()


async def test_a_token_signs_in_at_the_form_and_a_wrong_one_is_told_so(desk: Served) -> None:
    right = await desk.nobody.post("/login", data={"token": f" {desk.tokens[Role.VIEWER]} "})
    assert right.status_code == 303
    assert right.cookies["tiller"]
    desk.nobody.cookies.clear()
    for token in ("tlr_wrong", "", "<script>alert(1)</script>", "\ud7ff"):
        wrong = await desk.nobody.post("/login", data={"token": token})
        assert wrong.status_code == 401
        assert "not a valid token" in wrong.text
        assert "<script>" not in wrong.text
        assert "set-cookie" not in wrong.headers


async def test_another_site_cannot_send_the_form(desk: Served) -> None:
    token = {"token": desk.tokens[Role.VIEWER]}
    foreign = await desk.nobody.post("/login", data=token, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    assert "set-cookie" not in foreign.headers
    own = await desk.nobody.post("/login", data=token, headers={"Origin": desk.url})
    assert own.status_code == 303
    desk.nobody.cookies.clear()


async def test_signing_out_takes_the_cookie_away(desk: Served) -> None:
    answer = await desk.nobody.get("/logout")
    assert answer.headers["location"] == "/login"
    assert 'tiller=""' in answer.headers["set-cookie"]
    assert "max-age=0" in answer.headers["set-cookie"].lower()


async def test_guessing_is_slowed_down_and_keeps_nobody_else_out(store: JournalStore, tmp_path: Path) -> None:
    keeper, tokens, time = gate(store, tmp_path, HandClock())
    good = await tokens.issue(Role.TRADER)

    async def status(token: str, caller: str) -> int:
        try:
            await keeper.bearer(token, caller)
        except Refused as why:
            return why.status
        return 200

    guesses = [await status(f"guess-{number}", "10.0.0.1") for number in range(FAILURES_PER_MINUTE + 5)]
    assert guesses == [401] * FAILURES_PER_MINUTE + [429] * 5
    assert await status(good, "10.0.0.1") == 200, "who shares the address is let in"
    assert await status("guess", "10.0.0.2") == 401
    time.now += 3
    assert [await status("guess", "10.0.0.1") for _ in range(2)] == [401, 429]


# --- sessions --------------------------------------------------------------------------------


async def test_a_session_ends_after_twelve_hours_and_outlives_a_restart(store: JournalStore, tmp_path: Path) -> None:
    clock = HandClock()
    keeper, tokens, _ = gate(store, tmp_path, clock)
    cookie = keeper.session(ANA)
    clock.move(SESSION.total_seconds() - 1)
    assert keeper.visitor(cookie) == ANA
    assert Gatekeeper(tokens, tmp_path, clock, Hand()).visitor(cookie) == ANA
    clock.move(1)
    assert keeper.visitor(cookie) is None
    assert (tmp_path / "session.key").stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    other.mkdir()
    assert Gatekeeper(tokens, other, HandClock(), Hand()).visitor(cookie) is None, "another desk's seal"


async def test_a_cookie_that_was_changed_anywhere_is_nobodys(store: JournalStore, tmp_path: Path) -> None:
    keeper, _, _ = gate(store, tmp_path, HandClock())
    cookie = keeper.session(ANA)
    assert keeper.visitor(cookie) == ANA
    for place in range(len(cookie)):
        changed = cookie[:place] + ("x" if cookie[place] != "x" else "y") + cookie[place + 1 :]
        assert keeper.visitor(changed) is None
    for made_up in ("", ".", "..", "a.b.c", cookie + "x", cookie[1:], "é.1.local:admin", "\ud800"):
        assert keeper.visitor(made_up) is None


async def test_a_link_is_good_for_fifteen_minutes(store: JournalStore, tmp_path: Path) -> None:
    clock = HandClock()
    _, tokens, _ = gate(store, tmp_path, clock)
    early, late = tokens.link(ANA), tokens.link()
    clock.move((LINK_LIFE - timedelta(seconds=1)).total_seconds())
    assert tokens.redeem(early) == ANA
    assert tokens.redeem(early) is None
    assert tokens.redeem(tokens.link()) == LOCAL_IDENTITY
    clock.move(1)
    assert tokens.redeem(late) is None
    assert tokens.redeem("") is None
    assert tokens.redeem("ünïcode") is None


async def test_links_are_not_handed_out_without_end_and_everybody_has_their_own(
    store: JournalStore, tmp_path: Path
) -> None:
    clock = HandClock()
    _, tokens, _ = gate(store, tmp_path, clock)
    codes = {tokens.link_asked_for(ANA) for _ in range(LINKS_PER_MINUTE)}
    assert len(codes) == LINKS_PER_MINUTE
    for code in codes:  # that they were used is no reason for more
        assert tokens.redeem(code) == ANA
    for asker in (ANA, Identity(ANA.actor_id, "another mark")):
        with pytest.raises(IntentError, match="within a minute"):
            tokens.link_asked_for(asker)
    assert tokens.redeem(tokens.link_asked_for(LOCAL_IDENTITY)) == LOCAL_IDENTITY
    clock.move(60)
    assert tokens.redeem(tokens.link_asked_for(ANA)) == ANA


# --- rates -----------------------------------------------------------------------------------


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=80))
async def test_no_bucket_ever_gives_more_than_its_burst_and_its_rate(waits: list[float]) -> None:
    time = Hand()
    buckets = Buckets(rate=2.0, burst=5.0, time=time)
    given_at = []
    for wait in waits:
        time.now += wait
        if buckets.take("ana"):
            given_at.append(time.now)
    for first in range(len(given_at)):
        for last in range(first, len(given_at)):
            assert last - first + 1 <= 5 + 2 * (given_at[last] - given_at[first]) + 1e-6


async def test_one_caller_takes_nothing_from_another() -> None:
    buckets = Buckets(RATE_PER_S, BURST, Hand())
    assert all(buckets.take("ana") for _ in range(int(BURST)))
    assert buckets.take("ana") is False
    assert buckets.take("bob") is True


async def test_too_many_calls_are_refused_with_when_to_come_again(desk: Served) -> None:
    token = await desk.app.tokens.issue(Role.VIEWER)
    busy = await desk.app.tokens.find(token)
    assert busy is not None
    async with desk.client(token) as client:
        assert (await client.get("/api/v1/strategies")).status_code == 200
        for _ in range(100):  # a slow machine may earn a call between the two
            while desk.server.state.keeper.may_call(busy):
                pass
            refused = await client.get("/api/v1/strategies")
            if refused.status_code != 200:
                break
    assert refused.status_code == 429
    assert refused.json()["error"] == "TOO_MANY"
    assert int(refused.headers["retry-after"]) >= 1
    assert (await desk.viewer.get("/api/v1/status")).status_code == 200
