"""What was left open in an account's other mode is shown and can be closed; what is dust holds nothing up."""

from decimal import Decimal
from pathlib import Path

from bot.web.console import view
from bot.web.reading import read_accounts, read_status
from handlers.context import Actor, Role
from handlers.reply import Reply
from tests.running import Running, running
from trading.intent import AccountId, Mode

PAPER, LIVE = AccountId("demo", Mode.PAPER), AccountId("demo", Mode.LIVE)
ANA = Actor("person:ana", "ana", Role.ADMIN)


async def confirmed(desk: Running, line: str) -> Reply:
    """Send a line and its confirmation."""
    assert (await desk.say(line)).buttons, line
    asked = desk.app.dispatcher.confirmations.waiting()[-1]
    reply = await desk.say(f"/confirm {asked.token} {asked.phrase}")
    assert reply.ok, reply.text
    return reply


async def left_live(desk: Running) -> None:
    """A position on LIVE with a stop and a target, while the account is on paper again."""
    await confirmed(desk, "/mode demo live")
    await confirmed(desk, "/buy BTC/USDT 0.002 sl=57000 tp=66000")
    await desk.until(lambda: len(desk.app.book.open_orders(LIVE)) == 2)
    back = await desk.say("/mode demo paper")
    assert "LIVE demo" in back.text
    assert any(button.line == "/close all account=demo mode=live" for button in back.buttons)


def rows(reply: Reply) -> tuple[tuple[str, ...], ...]:
    assert reply.table is not None
    return reply.table.rows


async def test_leftovers_of_the_other_mode_are_shown_everywhere(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert [row[0] for row in rows(await desk.say("/status"))] == ["PAPER demo"]
        await left_live(desk)
        assert [row[0] for row in rows(await desk.say("/status"))] == ["PAPER demo", "LIVE demo"]
        assert {row[0] for row in rows(await desk.say("/balance"))} == {"PAPER demo", "LIVE demo"}
        positions = await desk.say("/positions")
        assert [row[0] for row in rows(positions)] == ["LIVE demo"]
        assert positions.buttons[0].line == "/close BTC/USDT account=demo mode=live"
        assert [each["mode"] for each in (await read_status(desk.app, ANA))["accounts"]] == ["paper", "live"]
        assert [each["mode"] for each in await read_accounts(desk.app, ANA)] == ["paper", "live"]
        (row,) = view.positions(desk.app, trades=True)
        assert row["actions"][0]["line"] == "/close BTC/USDT account=demo mode=live"


async def test_leftovers_on_live_are_protected_and_closed_from_paper_and_confirmed(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await left_live(desk)
        missed = await desk.say("/close BTC/USDT")
        assert missed.error == "NO_POSITION"
        assert "/close BTC/USDT account=demo mode=live" in missed.text
        assert (await desk.say("/sl BTC/USDT 58000 mode=live")).ok
        await desk.until(lambda: any(o.stop_price == 58000 for o in desk.app.book.open_orders(LIVE)))
        await confirmed(desk, "/close BTC/USDT account=demo mode=live")
        await desk.until(lambda: not desk.app.book.positions(LIVE) and not desk.app.book.open_orders(LIVE))
        assert [row[0] for row in rows(await desk.say("/status"))] == ["PAPER demo"]


async def test_close_all_passes_over_dust_and_over_what_cannot_be_closed(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        for line in ("/buy BTC/USDT 0.002", "/buy ETH/USDT 0.1", "/buy SOL/USDT 1", "/close BTC/USDT 0.00195"):
            assert (await desk.say(line)).ok
        listed = await desk.say("/positions")
        assert {row[1]: row[2] for row in rows(listed)}["BTC/USDT"] == "0.00005 dust"
        assert [button.line.split()[1] for button in listed.buttons] == ["ETH/USDT", "SOL/USDT"]
        shown = {row["cells"][0]["text"]: row["actions"] for row in view.positions(desk.app, trades=True)}
        assert not shown["BTC/USDT"]
        half = await desk.say("/close all 0.5")  # more ETH than there is
        assert "ETH/USDT was not closed" in half.text
        assert "0.00005 BTC/USDT" in half.text
        left = {p.symbol: p.quantity for p in desk.app.book.positions(PAPER)}
        assert left == {"BTC/USDT": Decimal("0.00005"), "ETH/USDT": Decimal("0.1"), "SOL/USDT": Decimal("0.5")}
        assert (await desk.say("/close all")).ok
        assert [p.symbol for p in desk.app.book.positions(PAPER)] == ["BTC/USDT"]
        assert "dust" in (await desk.say("/close all")).text


async def test_positions_say_how_much_a_stop_covers(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.002 sl=57000 tp=66000")
        await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == 2)
        assert rows(await desk.say("/positions"))[0][6:] == ("57,000", "66,000")
        await desk.say("/buy BTC/USDT 0.001")
        assert rows(await desk.say("/positions"))[0][6:] == ("57,000 (0.002)", "66,000 (0.002)")
        (row,) = view.positions(desk.app, trades=True)
        assert row["cells"][5]["text"] == "57,000 (0.002) / 66,000 (0.002)"


async def test_closing_never_waits_for_a_second_person(tmp_path: Path) -> None:
    people = '[people.tom]\nrole = "trader"\n[confirm]\norders = "never"\napprove_above = "200"\n'
    async with running(tmp_path, toml=people) as desk:
        for size in ("BTC/USDT 0.003", "BTC/USDT 0.0029", "ETH/USDT 0.05", "ETH/USDT 0.049"):
            assert (await desk.say(f"/buy {size}")).order_id, size
        assert (await desk.say("/sell BTC/USDT 0.0058")).order_id  # all but a little, in two other words
        assert (await desk.say("/buy SOL/USDT 1")).order_id
        assert (await desk.say("/buy BTC/USDT 0.0031")).order_id
        assert (await desk.say("/buy BTC/USDT 0.003")).order_id
        assert (await desk.say("/close all")).ok
        assert not desk.app.book.positions(PAPER)
        asked = await desk.say("/buy BTC/USDT 0.005")
        assert asked.order_id is None
        assert "Somebody else must approve" in asked.text
