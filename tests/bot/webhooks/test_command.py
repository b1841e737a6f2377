"""`/webhook` and `/half`: sources made from chat, whose address is for one pair of eyes and in no journal."""

import re
from pathlib import Path

import pytest

from bot.tokens import LOCAL_ADMIN
from handlers.actor import Actor, Role
from handlers.commands.webhooks import halved
from tests.bot.webhooks.alerting import SECRET, SOURCES, settled
from tests.running import Running, running
from trading import events as e
from trading.errors import IntentError
from trading.events import Outcome

TRADER = Actor("person:ana", "Ana", Role.TRADER)


def secret_in(text: str) -> str:
    found = re.search(r"^https://YOUR-HOST/webhooks/[a-z]+/(\S{20,})$", text, re.MULTILINE)
    assert found, text
    return found[1]


async def journal(desk: Running) -> str:
    return b"\n".join([e.encode(entry.event) async for entry in desk.app.store.read()]).decode()


async def test_a_source_is_made_from_chat_and_its_secret_is_in_no_journal(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        made = await desk.say("/webhook relay new role=trader", key="tg:1")
        secret = secret_in(made.text)
        assert (made.ok, made.private) == (True, True)
        assert '"action": "target"' in made.text
        assert "{{strategy.market_position}}" in made.text
        again = await desk.say("/webhook relay new role=trader", key="tg:1")  # delivered twice
        assert secret not in again.text
        assert "shown once" in again.text
        alert = await desk.app.inbox.receive(desk.app.desk.sources.find("relay"), b"buy ETH/USDT 0.02")  # type: ignore[arg-type]
        assert (await settled(desk.app, alert.alert_id)).outcome is Outcome.EXECUTED
        new = await desk.say("/webhook relay rotate", key="tg:2")
        assert secret_in(new.text) != secret
        everything = await journal(desk)
        assert secret not in everything
        assert secret_in(new.text) not in everything
        assert "/webhook relay rotate" in everything  # what was done is audited all the same
        for line in ("/webhook", "/webhook relay", "/health", "/config", "/audit", "/logs"):
            shown = await desk.say(line)
            assert secret_in(new.text) not in str(shown)
            assert SECRET not in str(shown)


async def test_what_came_and_what_became_of_it_is_shown_by_source(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        receipt = await desk.app.inbox.receive(desk.app.desk.sources.find("pine"), b"buy ETH/USDT 0.02")  # type: ignore[arg-type]
        await settled(desk.app, receipt.alert_id)
        desk.app.desk.sources.refused("pine", "a wrong secret")
        shown = await desk.say("/webhook pine")
        assert "1 turned away" in shown.text
        assert shown.table is not None
        assert [row[1:] for row in shown.table.rows] == [("buy ETH/USDT 0.02", "executed")]
        names = (await desk.say("/webhook")).table
        assert names is not None
        assert [row[0] for row in names.rows] == ["pine", "walled", "pinned", "proved", "asking", "watcher", "mute"]
        assert "no secret" in names.rows[-1][-1]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("/webhook nope", "NO_SOURCE"),
        ("/webhook nope rotate", "NO_SOURCE"),
        ("/webhook pine rotate", "IN_SETTINGS"),
        ("/webhook pine new", "NAME_TAKEN"),
        ("/webhook pine2 new account=nope", "UNKNOWN_ACCOUNT"),
        ("/webhook al! new", "BAD_NAME"),
        ("/half abcdefgh", "UNKNOWN_TOKEN"),
    ],
)
async def test_what_cannot_be_done_is_one_line(tmp_path: Path, line: str, code: str) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        reply = await desk.say(line)
        assert reply.error == code, reply.text
        assert len(reply.text.splitlines()) == 1


async def test_only_an_admin_who_asks_in_person_sees_an_address(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        assert (await desk.say("/webhook relay new", TRADER)).error == "NOT_ALLOWED"
        for surface in ("schedule", "webhook"):
            assert (await desk.say("/webhook relay new", LOCAL_ADMIN, surface=surface)).error == "NOT_ALLOWED"
        assert desk.app.desk.sources.find("relay") is None


@pytest.mark.parametrize(
    ("line", "half"),
    [
        ("/buy BTC/USDT 0.01", "buy BTC/USDT 0.005"),
        ("/buy BTC/USDT $100 59000 sl=58000 post=yes", "buy BTC/USDT $50 59000 sl=58000 post=yes"),
        ("/sell BTC/USDT 5%", "sell BTC/USDT 2.5%"),
        ("/buy BTC/USDT risk=1% sl=58000", "buy BTC/USDT risk=0.5% sl=58000"),
        ("/close BTC/USDT", "close BTC/USDT 50%"),
        ("/close BTC/USDT 50%", "close BTC/USDT 25%"),
        ("/close all", "close all 50%"),
        ("/oco BTC/USDT 0.01 tp=70000 sl=50000", "oco BTC/USDT 0.005 tp=70000 sl=50000"),
    ],
)
async def test_half_of_a_line_differs_by_its_size_only(tmp_path: Path, line: str, half: str) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        ctx = desk.app.context(line, LOCAL_ADMIN, "web")
        assert sorted(halved(line, ctx).split()) == sorted(half.split())
        with pytest.raises(IntentError, match="no size"):
            halved("/cancel BTC/USDT", ctx)
