"""The words of answers: what was changed, what to do next, nothing in codes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.figures import money, signed
from tests.running import running
from trading.intent import AccountId, Mode

PAPER = AccountId("demo", Mode.PAPER)


async def test_changed_orders_are_shown_as_they_are_now(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        placed = await desk.say("/buy ETH/USDT 0.1 2900")
        amended = await desk.say(f"/amend {placed.order_id} price=2910 quantity=0.09")
        assert "Before: PAPER demo: BUY 0.1 ETH/USDT LIMIT 2,900\n" in amended.text
        assert "After:  PAPER demo: BUY 0.09 ETH/USDT LIMIT 2,910\n" in amended.text


async def test_a_moved_stop_or_target_is_named_with_its_price(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.002 sl=57000 tp=66000")
        await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == 2)
        for line, name, order in (
            ("/sl BTC/USDT 58000", "Stop loss of BTC/USDT: 58,000.", "STOP at 58,000"),
            ("/tp BTC/USDT 67000", "Take profit of BTC/USDT: 67,000.", "LIMIT 67,000"),
            ("/trail BTC/USDT 500", "Trailing stop of BTC/USDT: 500 behind the best price.", "TRAILING_STOP by 500"),
        ):
            text = (await desk.say(line)).text
            assert text.startswith(name)
            assert order in text


async def test_refusals_say_what_to_do_in_a_sentence_of_its_own(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        denied = await desk.say("/buy BTC/USDT 0.001 90000")
        assert "limit 5%. Use a price up to" in denied.text
        placed = await desk.say("/buy ETH/USDT 0.1 2900")
        assert "limit 5%. Use a price up to" in (await desk.say(f"/amend {placed.order_id} price=6000")).text
        await desk.say("/kill ETH/USDT")
        killed = await desk.say("/buy ETH/USDT 0.1")
        said = r"ETH/USDT was killed by local:admin at \d{4}-\d\d-\d\d \d\d:\d\d UTC\. /resume ETH/USDT releases it\."
        assert re.search(said, killed.text)
        held = r"ETH/USDT is HALTED by local:admin at \S+ \S+ UTC: /resume ETH/USDT releases it"
        assert re.search(held, (await desk.say("/status")).text)
        for line in ("/dryrun buy BTC/USDT 0.001 90000", "/buy BTC/USDT 0.1", "/buy SOL/USDT 0.001"):
            assert not re.search(r"\.\.", (await desk.say(line)).text)


async def test_codes_of_the_venue_are_told_in_words(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        placed = await desk.say("/buy BTC/USDT 0.002 59000 sl=57000 tp=65000")
        legs = [order.id for order in desk.app.book.children(placed.order_id or "")]
        assert len(legs) == 2
        assert (await desk.say(f"/cancel {placed.order_id}")).ok
        await desk.until(lambda: not desk.app.book.open_orders(PAPER))
        told = [(await desk.say(f"/{word} {leg}")).text for leg in legs for word in ("order", "why")]
        assert all(re.search(r"Canceled: (its|together)", text) for text in told), told
        bought = await desk.say("/buy BTC/USDT 0.0021 59000")
        assert bought.ok
        for text in (*told, (await desk.say("/kill")).text):
            assert not re.search(r"\b(OCO|LIST|ENTRY|PENDING_CANCEL|CANCELED)\b", text), text


async def test_going_live_on_a_paper_venue_is_called_a_rehearsal(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        asked = await desk.say("/mode demo live")
        assert "rehearsal" in asked.text
        assert "are real" not in asked.text
        assert asked.text.count("go live demo") == 1


async def test_the_start_tells_what_holds_on(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        for line in ("/kill ETH/USDT", "/pause trend", "/lock SOL/USDT", "/limit max_order_value 300"):
            assert (await desk.say(line)).text, line
    async with running(tmp_path) as desk:
        card = "\n".join(desk.app.card(0.1))
        assert re.search(r"ETH/USDT is HALTED by local:admin at .* UTC: /resume ETH/USDT releases it", card)
        assert re.search(r"trend is REDUCING by local:admin at .* UTC: /resume trend releases it", card)
        assert "SOL/USDT is locked: /unlock SOL/USDT" in card
        assert "limit max_order_value of the desk is 300, set from chat" in card


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/lock BTC/USDT soon", "Example: /lock BTC/USDT 1h"),
        ("/chart BTC/USDT soon", "Example: /chart BTC/USDT 15m"),
        ("/schedule status every=soon", "Example: /schedule status every=4h"),
        ("/amend k3fq price=soon", "Example: /amend k3fq price=59000"),
        ("/trades 99999999999", "The largest is 999999999."),
        ("/trades 101", "The largest is 100."),
        ("/logs 201", "The largest is 200."),
        ("/close BTC/USDT 0%", "The part is zero. Parts are 50%, 0.01 or $100."),
    ],
)
async def test_wrong_arguments_are_answered_with_a_right_line(tmp_path: Path, line: str, words: str) -> None:
    async with running(tmp_path) as desk:
        reply = await desk.say(line)
        assert not reply.ok
        assert words in reply.text
        assert len(reply.text.splitlines()) == 1


@pytest.mark.parametrize("first", ["bot.pages", "handlers.commands.system", "handlers.help", "handlers.confirm"])
def test_the_page_of_commands_is_the_same_whatever_is_imported_first(first: str) -> None:
    script = f"import {first}, bot.pages; bot.pages.check(bot.pages.ROOT)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_profit_fees_and_risk_are_told_in_one_currency_or_left_out(tmp_path: Path) -> None:
    async with running(tmp_path, toml='currency = "CHF"\n[rates]\nUSDT = "0.5"\n') as desk:
        card = (await desk.say("/dryrun buy BTC/USDT 0.01 50000 sl=45000")).text
        assert "Risk to the stop 50.00 USDT (0.50%)" in card  # 25 CHF of the 5,000 that 10,000 USDT are
        await desk.say("/buy BTC/USDT 0.01")
        await desk.say("/close BTC/USDT")
        fills = await desk.app.desk.history.fills(account="demo")
        fee, gained = sum(each["fee_value"] for each in fills), sum(each["realized"] for each in fills)
        pnl = await desk.say("/pnl")
        assert f"realized {signed(gained / 2)} net of {money(fee / 2)} fees" in pnl.text
        assert pnl.table is not None
        assert pnl.table.rows[0][2:4] == (signed(gained, "USDT"), money(fee, "USDT"))
        table = (await desk.say("/fees")).table
        assert table is not None
        assert (table.columns[3], table.rows[0][3]) == ("In CHF", money(fee / 2))


async def test_what_has_no_price_in_the_desks_currency_is_not_counted_as_if_it_were_that(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.01")
        await desk.say("/close BTC/USDT")
    async with running(tmp_path, toml='currency = "CHF"\n') as desk:
        told = (await desk.say("/pnl")).text
        assert "realized 0.00 net of 0.00 fees" in told
        assert "No price of USDT in CHF: not counted" in told
        table = (await desk.say("/fees")).table
        assert table is not None
        assert table.rows[0][3] == "-"
        digest = (await desk.say("/digest")).text
        assert "Realized 0.00 after fees 0.00" in digest
        assert "Not counted, no price of USDT" in digest


async def test_paper_profit_is_not_added_to_what_is_live(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.01")
        assert not (await desk.say("/pnl")).text.startswith("PAPER")
        await desk.say(f"/confirm {(await desk.say('/mode demo live 1h')).buttons[0].line.split()[1]} go live demo")
        lines = (await desk.say("/pnl")).text.splitlines()
        assert [line.split()[0] for line in lines] == ["LIVE", "LIVE", "PAPER", "PAPER"]
        assert "realized 0.00" in lines[0]


async def test_a_too_short_beginning_of_an_id_is_told_how_long_one_is(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        bought = await desk.say("/buy BTC/USDT 0.002")
        assert bought.order_id is not None
        assert "at least the first four letters" in (await desk.say(f"/why {bought.order_id[:3]}")).text
        assert (await desk.say(f"/why {bought.order_id[:4]}")).text.startswith(f"Order {bought.order_id}")
