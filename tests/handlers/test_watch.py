"""Price alerts and digests as people set, list and remove them, on the whole desk."""

import re
from decimal import Decimal
from pathlib import Path

from bot.tokens import LOCAL_ADMIN
from handlers.actor import Actor, Role
from handlers.reply import Reply
from tests.running import Running, running
from trading import events as e
from trading.audience import Digest, Watch

HERE, THERE = "telegram:-1001/7", "discord:2"
CHATS = """
timezone = "Europe/Vienna"
[telegram]
chats = [{ id = -1001, topic = 7 }]
[discord]
channels = [{ id = 2 }]
"""
VI = Actor("person:vi", "vi", Role.VIEWER)
TOM = Actor("person:tom", "tom", Role.TRADER)


async def say(desk: Running, line: str, actor: Actor = VI, place: str = "", key: str = "") -> Reply:
    return await desk.app.run(line, actor, "telegram", key, place)


def watches(desk: Running) -> list[Watch]:
    return [watch for watch in desk.app.book.all(Watch) if watch.active]


async def test_an_alert_is_set_listed_and_removed_by_its_button(tmp_path: Path) -> None:
    async with running(tmp_path, toml=CHATS) as desk:
        assert "Nothing is watched" in (await say(desk, "/alert")).text
        done = await say(desk, "/alert btcusdt above 700000", place=HERE, key="tg:1")
        assert done.ok, done.text
        assert done.text.startswith(f"You will be told once, in {HERE}: BTC/USDT above 700,000. Id ")
        assert (await say(desk, "/alert btcusdt above 700000", place=HERE, key="tg:1")) == done  # delivered again
        await say(desk, "/alert ETH/USDT below 0.5", actor=TOM, place="telegram:5")  # not a place that is told things
        first, second = watches(desk)
        assert (first.destination, first.actor, first.account) == (HERE, "person:vi", "demo")
        assert (second.destination, second.level) == ("", Decimal("0.5"))
        listed = await say(desk, "/alert", actor=TOM)
        assert listed.table is not None
        assert [row[1] for row in listed.table.rows] == ["BTC/USDT above 700,000", "ETH/USDT below 0.5"]
        assert [row[3:] for row in listed.table.rows] == [("vi", HERE), ("tom", "every chat")]
        assert float(listed.table.rows[0][2].replace(",", "")) > 10_000  # what it is now
        gone = await say(desk, listed.buttons[0].line, actor=TOM)  # a trader may remove another's
        assert gone.text == "Removed: BTC/USDT above 700,000"
        refused = await say(desk, f"/alert remove={second.id[:8]}")
        assert (refused.ok, refused.error) == (False, "NOT_ALLOWED")
        assert watches(desk) == [second]
        own = await say(desk, "/alert SOL/USDT above 9999")
        assert (await say(desk, f"/alert remove={own.text[-7:-1]}")).ok  # a viewer's own
        assert watches(desk) == [second]
        audited = [entry.event async for entry in desk.app.book.journal.read()]
        assert "/alert btcusdt above 700000" in [x.line for x in audited if isinstance(x, e.CommandRun)]


NONSENSE = [
    ("/alert BTC/USDT above 1", "ALREADY_THERE", r"BTC/USDT above 1 is true already: it is [0-9.,]{5,}\."),
    ("/alert BTC/USDT below 1000000", "ALREADY_THERE", "is true already"),
    ("/alert BTC/USDT", "NO_LEVEL", "/alert BTC/USDT above 70000"),
    ("/alert BTC/USDT above", "NO_LEVEL", "which level"),
    ("/alert above 70000", "NO_SYMBOL", "what to watch"),
    ("/alert BTC/USDT above -5", "BAD_NUMBER", "above zero"),
    ("/alert BTC/USDT above 1e9", "BAD_NUMBER", "'1e9' is not a level"),
    ("/alert BTC/USDT above --5", "BAD_NUMBER", "level"),
    ("/alert BTC/USDT near 70000", "BAD_CHOICE", "above"),
    ("/alert BTC/USDT above 500 of=pnl", "NO_POSITION", "no open position"),
    ("/alert BTC/USDT above 500 of=volume", "BAD_CHOICE", "price, pnl"),
    ("/alert NOPE/USDT above 5", "BAD_SYMBOL", "NOPE"),
    ("/alert remove=zzzz", "NO_ALERT", "There is no alert"),
    ("/alert remove=", "NO_ALERT", "There is no alert"),
]


async def test_what_makes_no_sense_is_refused_in_one_line(tmp_path: Path) -> None:
    async with running(tmp_path, toml=CHATS) as desk:
        for line, code, words in NONSENSE:
            reply = await say(desk, line)
            assert (reply.ok, reply.error) == (False, code), reply.text
            assert re.search(words, reply.text), reply.text
            assert "\n" not in reply.text
        assert watches(desk) == []


async def test_a_position_is_watched_in_the_mode_it_is_in(tmp_path: Path) -> None:
    async with running(tmp_path, toml=CHATS) as desk:
        assert (await desk.say("/buy BTC/USDT 0.01")).ok
        done = await say(desk, "/alert BTC/USDT below −200 of=pnl")  # a minus as some phones write it
        assert done.ok, done.text
        assert "told once, on every chat: Profit of PAPER demo BTC/USDT below -200.00 USDT" in done.text
        (watch,) = watches(desk)
        assert (watch.subject, watch.account, watch.level) == ("position", "demo:paper", Decimal(-200))
        beyond = await say(desk, "/alert BTC/USDT below 100 of=pnl")
        assert beyond.error == "ALREADY_THERE"


async def test_the_desk_watches_a_hundred_and_nothing_twice(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        lines = [
            e.WatchSet(f"w{n}", "price", "demo", "BTC/USDT", "above", Decimal(900_000 + n), "", "person:ana")  # type: ignore[arg-type]
            for n in range(99)
        ]
        await desk.app.book.record(*lines)
        last = await say(desk, "/alert BTC/USDT above 800000")
        assert last.ok, last.text
        twin = await say(desk, "/alert BTC/USDT above 800000")
        assert (twin.error, last.text[-7:-1] in twin.text) == ("ALREADY_SET", True)
        full = await say(desk, "/alert BTC/USDT above 800001")
        assert full.error == "TOO_MANY"
        assert len(watches(desk)) == 100
        assert (await say(desk, "/alert remove=w", actor=TOM)).error == "NO_ALERT"  # it could be any
        assert (await say(desk, "/alert remove=w98", actor=TOM)).ok
        assert (await say(desk, "/alert BTC/USDT above 800001")).ok


# --- digests ---------------------------------------------------------------------------------


async def test_a_digest_is_set_where_it_was_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path, toml=CHATS) as desk:
        here = await say(desk, "/digest 21:00", actor=TOM, place=HERE)
        assert here.text == f"The digest is told daily at 21:00 Europe/Vienna in {HERE}."
        other = await say(desk, f"/digest 7:30 chat={THERE}", actor=TOM, place=HERE)  # what is named counts
        assert other.ok, other.text
        assert [(d.destination, d.at) for d in desk.app.book.all(Digest)] == [(HERE, "21:00"), (THERE, "07:30")]
        which = await say(desk, "/digest 8:00", actor=TOM)
        assert (which.error, which.text) == ("NO_CHAT", f"Say which chat. Add chat={HERE} or chat={THERE}.")
        unknown = await say(desk, "/digest 8:00 chat=telegram:9", actor=TOM)
        assert unknown.error == "NO_CHAT"
        assert (await say(desk, "/digest off", place=HERE)).error == "NOT_ALLOWED"  # a viewer
        off = await say(desk, "/digest off", actor=TOM, place=HERE)
        assert off.text == f"No digest is told in {HERE} any more."
        assert (await say(desk, "/digest off", actor=TOM, place=HERE)).text == f"No digest is told in {HERE}."
        assert (await say(desk, "/digest 25:00", actor=TOM)).error == "BAD_TIME"


async def test_without_a_chat_there_is_no_digest_and_with_one_it_is_that(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await say(desk, "/digest 8:00", actor=LOCAL_ADMIN)).error == "NO_CHAT"
    async with running(tmp_path, toml="[telegram]\nchats = [{ id = 5 }]\n") as desk:
        assert (await say(desk, "/digest 8:00", actor=LOCAL_ADMIN)).text.endswith("daily at 08:00 UTC in telegram:5.")


async def test_the_digest_of_today_tells_what_pnl_and_status_tell(tmp_path: Path) -> None:
    async with running(tmp_path, toml=CHATS) as desk:
        await desk.say("/buy BTC/USDT 0.01")
        await desk.say("/close BTC/USDT 50%")
        await desk.say("/buy BTC/USDT 5")  # denied: too large
        digest = await say(desk, "/digest")
        assert digest.private
        lines = digest.text.split("\n")
        pnl = (await desk.say("/pnl")).text
        net, fees = re.search(r"realized ([-+0-9.]+) net of ([0-9.]+) fees", pnl).groups()  # type: ignore[union-attr]
        assert lines[0].startswith("Today, ")
        assert lines[1] == "PAPER demo"
        assert f"Realized {net} after fees {fees}" in lines
        assert f"Best BTC/USDT {net}" in lines
        assert any(line.startswith("2 trades, volume ") for line in lines)
        assert "1 position, 0 open orders" in lines
        assert "Denied 1, rejected 0, errors 0" in lines
        assert lines[-1] == "Daily: /digest 21:00"
        assert max(map(len, lines)) <= 40
