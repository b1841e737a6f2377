"""What was left open in an account's other mode is shown and can be closed; what is dust holds nothing up."""

from decimal import Decimal
from pathlib import Path

from bot.web.dashboard.view import books, top
from bot.web.reading import read_accounts, read_risk, read_status
from handlers.actor import Actor, Role
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
        (row,) = books.positions(desk.app, trades=True)
        assert row["actions"][0]["line"] == "/close BTC/USDT account=demo mode=live"


async def test_limits_and_the_top_bar_show_every_mode_in_use(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert [each["mode"] for each in await read_risk(desk.app, ANA)] == ["paper"]
        await left_live(desk)
        shown = await read_risk(desk.app, ANA)
        assert [each["mode"] for each in shown] == ["paper", "live"]
        used = [{use["name"]: use["used"] for use in each["usage"]}["max_open_positions"] for each in shown]
        assert used == ["0", "1"]
        assert await read_risk(desk.app, ANA, account="nobody") == []
        told = await desk.say("/risk")
        assert [line.split(":")[0] for line in told.text.splitlines()] == ["PAPER demo", "LIVE demo"]
        assert [row[2] for row in rows(told) if row[1] == "max_open_positions"] == ["0", "1"]
        assert [(each["mode"], each["name"]) for each in top.desk(desk.app)["accounts"]] == [
            ("PAPER", "demo"),
            ("LIVE", "demo"),
        ]


async def test_orders_and_trades_say_in_which_mode(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy SOL/USDT 1")
        await desk.say("/buy SOL/USDT 1 100")
        await left_live(desk)
        assert [row[1] for row in rows(await desk.say("/orders"))] == ["PAPER demo", "LIVE demo", "LIVE demo"]
        assert [row[1:3] for row in rows(await desk.say("/trades"))] == [
            ("LIVE demo", "BUY 0.002 BTC/USDT"),
            ("PAPER demo", "BUY 1 SOL/USDT"),
        ]


async def test_closing_all_names_what_stays_open_in_the_other_mode(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy SOL/USDT 1")
        await left_live(desk)
        told = (await desk.say("/close all")).text
        assert not desk.app.book.positions(PAPER)
        said = "Still open on LIVE demo: 0.002 BTC/USDT. /close all account=demo mode=live closes that."
        assert told.splitlines()[-1] == said


async def test_a_kill_and_what_it_leaves_open_name_the_mode(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy SOL/USDT 1")
        await left_live(desk)
        killed = await desk.say("/kill demo")
        assert "still open: PAPER demo 1 SOL/USDT, LIVE demo 0.002 BTC/USDT. /resume demo releases it." in killed.text
        assert "protective orders kept (LIVE demo: SELL 0.002 BTC/USDT sl" in killed.text
        flat = await desk.say("/kill demo flatten=yes")
        assert "LIVE demo: close 0.002 BTC/USDT: filled" in flat.text
        assert "PAPER demo: close 1 SOL/USDT: filled" in flat.text
        denied = await desk.say("/buy BTC/USDT 0.001")
        told = (await desk.say(f"/why {denied.order_id}")).text
        assert ": killed" not in told
        assert "check FAILED  KILLED: demo was killed by local:admin at " in told
        assert "/resume demo releases it." in denied.text


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
        shown = {row["cells"][0]["text"]: row["actions"] for row in books.positions(desk.app, trades=True)}
        assert not shown["BTC/USDT"]
        half = await desk.say("/close all 0.5")  # more ETH than there is
        assert "ETH/USDT was not closed" in half.text
        assert "0.00005 BTC/USDT" in half.text
        left = {p.symbol: p.quantity for p in desk.app.book.positions(PAPER)}
        assert left == {"BTC/USDT": Decimal("0.00005"), "ETH/USDT": Decimal("0.1"), "SOL/USDT": Decimal("0.5")}
        assert (await desk.say("/close all")).ok
        assert [p.symbol for p in desk.app.book.positions(PAPER)] == ["BTC/USDT"]
        assert "dust" in (await desk.say("/close all")).text


async def test_closing_a_part_of_all_says_which_part_before_it_is_confirmed(tmp_path: Path) -> None:
    async with running(tmp_path, toml='[confirm]\norders = "always"\n') as desk:
        await confirmed(desk, "/buy ETH/USDT 0.1")
        assert (await desk.say("/close all 10%")).text.startswith("PAPER demo: close 10% of 1 position at the market.")
        assert (await desk.say("/close all")).text.startswith("PAPER demo: close 1 position at the market.")
        await confirmed(desk, "/buy SOL/USDT 1")
        part = await desk.say("/close all 0.05")
        assert part.text.startswith("PAPER demo: close 0.05 of each of 2 positions at the market.")


async def test_positions_say_how_much_a_stop_covers(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.002 sl=57000 tp=66000")
        await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == 2)
        assert rows(await desk.say("/positions"))[0][6:] == ("57,000", "66,000")
        await desk.say("/buy BTC/USDT 0.001")
        assert rows(await desk.say("/positions"))[0][6:] == ("57,000 (0.002)", "66,000 (0.002)")
        (row,) = books.positions(desk.app, trades=True)
        assert row["cells"][4]["text"] == "57,000 (0.002) / 66,000 (0.002)"


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


async def test_what_only_one_account_holds_needs_no_account_named(tmp_path: Path) -> None:
    async with running(tmp_path, toml="[accounts.demo]\n[accounts.second]\n") as desk:
        assert "no open position" in (await desk.say("/close BTC/USDT")).text
        await desk.say("/buy BTC/USDT 0.004 account=second")
        assert (await desk.say("/sl btcusdt 50000")).ok
        closed = await desk.say("/close BTC/USDT 50%")
        assert "PAPER second: SELL 0.002 BTC/USDT" in closed.text
        await desk.say("/buy BTC/USDT 0.003")
        assert "PAPER demo: SELL 0.003 BTC/USDT" in (await desk.say("/close BTC/USDT")).text
        (left,) = desk.app.book.positions()
        assert (left.account, left.quantity) == ("second", Decimal("0.002"))
