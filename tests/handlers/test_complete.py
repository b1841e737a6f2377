"""What may be typed next, and that the help tells the truth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.actor import Actor, Role
from handlers.complete import MOST, complete, suggest
from handlers.help import commands_page, explain, overview
from handlers.parse import find, read
from handlers.spec import REGISTRY
from tests.handlers.desk import ANA, COMMANDS, EVA, VIC, HandDesk
from tests.handlers.test_parse import LINES
from trading.errors import IntentError

DESK = HandDesk()


def texts(line: str, actor: Actor = ANA, desk: HandDesk = DESK) -> list[str]:
    """The whole line after each completion; `|` marks the cursor."""
    cursor = line.index("|") if "|" in line else len(line)
    line = line.replace("|", "")
    found = complete(line, cursor, desk.context(actor), COMMANDS)
    assert len(found) <= MOST
    return [line[: c.start] + c.text + line[cursor:] for c in found]


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("/b", ["/buy"]),
        ("cl", ["close"]),
        ("  /lo", ["  /look", "  /login"]),
        ("/mo", []),
        ("buy btcu", ["buy BTC/USDT"]),
        ("buy b| 0.01", ["buy BTC/USDT 0.01"]),
        ("buy EUR", ["buy EURUSD"]),
        ("buy BTC/USDT 0.01 ti", ["buy BTC/USDT 0.01 tif="]),
        ("buy EURUSD 1 tif=", ["buy EURUSD 1 tif=gtc", "buy EURUSD 1 tif=ioc", "buy EURUSD 1 tif=fok"]),
        ("buy BTC/USDT 0.01 tif=f", ["buy BTC/USDT 0.01 tif=fok"]),
        ("buy BTC/USDT 0.01 tif=gtc ti", []),
        ("buy BTC/USDT 0.01 account=b", ["buy BTC/USDT 0.01 account=broker"]),
        ("buy symbol=eth", ["buy symbol=ETH/USDT", "buy symbol=ETH/USDT:USDT"]),
        ("close al", ["close all"]),
        ("kinds BTC/USDT 1 1 all tr", ["kinds BTC/USDT 1 1 all trend", "kinds BTC/USDT 1 1 all trail="]),
        ("dryrun bu", ["dryrun buy"]),
        ("dryrun buy eth/usdt:u", ["dryrun buy ETH/USDT:USDT"]),
        ("schedule clo", ["schedule close"]),
        ("schedule every=1h close al", ["schedule every=1h close all"]),
        ("schedule close all ev", ["schedule close all every="]),
        ("nosuch ", []),
        ("buy nosuch=1 2 ", []),
        ("buy nosuch=", []),
    ],
)  # fmt: skip
def test_tab(line: str, becomes: list[str]) -> None:
    assert texts(line) == becomes


def test_what_begins_so_comes_before_what_contains_it() -> None:
    scope = COMMANDS["kinds"].param("scope")
    assert scope
    offered = [choice.value for choice in suggest(scope, "d", DESK.context())]
    assert offered == ["demo", "trend", "BTC/USDT", "ETH/USDT", "ETH/USDT:USDT", "EURUSD"]


def test_only_what_one_may_run_is_offered() -> None:
    assert "/mode" in texts("/", EVA)
    assert "/mode" not in texts("/", ANA)
    assert texts("/buy ", VIC) == []
    assert set(texts("/", VIC)) == {f"/{s.name}" for s in COMMANDS.values() if s.role <= Role.VIEWER}


async def test_orders_are_offered_newest_first_with_a_few_words() -> None:
    desk = HandDesk()
    for order_id in ("abcdaaaaaaaaaaaa", "efghaaaaaaaaaaaa"):
        await desk.add_order(order_id)
    param = COMMANDS["kinds"].param("from")
    assert param
    offered = suggest(param, "", desk.context())
    assert [choice.value for choice in offered] == ["efghaaaaaaaaaaaa", "abcdaaaaaaaaaaaa"]
    assert offered[0].help == "BUY 0.01 BTC/USDT LIMIT at 59000 on demo"
    assert [choice.value for choice in suggest(param, "abc", desk.context())] == ["abcdaaaaaaaaaaaa"]


async def test_what_waits_is_offered_to_confirm() -> None:
    desk = HandDesk()
    asked = await desk.door().run("/buy BTC/USDT 0.01", ANA, "web")
    assert asked.buttons, "live orders ask by default"
    assert texts("confirm ", ANA, desk)[0] == asked.buttons[0].line
    assert texts("reject ", ANA, desk) == [asked.buttons[1].line]


@given(LINES, st.integers(0, 80), st.sampled_from([ANA, VIC]))
def test_completing_never_fails(line: str, cursor: int, actor: Actor) -> None:
    for found in complete(line, cursor, DESK.context(actor), COMMANDS):
        assert 0 <= found.start <= min(cursor, len(line))


# --- help ------------------------------------------------------------------------------------


def test_the_overview_is_what_one_may_run() -> None:
    shown = overview(Role.VIEWER, COMMANDS).text
    assert "/look - Look at something." in shown
    assert "/buy" not in shown
    assert "/buy - Buy, after the risk checks." in overview(Role.TRADER, COMMANDS).text


def test_a_command_is_explained_with_every_argument_and_a_right_example() -> None:
    reply = explain(COMMANDS["buy"])
    assert reply.text.startswith("/buy SYMBOL SIZE [LIMIT]")
    assert "Example: /buy BTC/USDT 0.01" in reply.text
    assert "Also: /b" in reply.text
    assert reply.table
    assert [row[0] for row in reply.table.rows] == [param.usage for param in COMMANDS["buy"].params]


async def test_every_example_can_be_read() -> None:
    desk = HandDesk()
    await desk.add_order("k3fqaaaaaaaaaaaa")
    for spec in COMMANDS.values():
        found, rest = find(spec.example, Role.ADMIN, COMMANDS)
        assert found is spec
        read(spec, rest, desk.context())


async def test_help_and_whoami() -> None:
    door = HandDesk().door(registry=REGISTRY)
    assert "/whoami - " in (await door.run("/help", VIC, "web")).text
    assert "/confirm" not in (await door.run("/start", VIC, "web")).text
    assert (await door.run("/help /confirm", ANA, "web")).text.startswith("/confirm TOKEN [PHRASE]")
    hidden = await door.run("/help confirm", VIC, "web")
    assert (hidden.ok, hidden.error) == (False, "NO_COMMAND")
    assert (await door.run("/help optimize", VIC, "web")).error == "NOT_HERE_YET"
    assert (await door.run("/whoami", ANA, "discord")).text == "You are person:ana (Ana), trader, on discord."


def test_the_page_has_every_command_and_its_tables_are_whole() -> None:
    page = commands_page(COMMANDS)
    for spec in COMMANDS.values():
        assert f"### /{spec.name}\n" in page
        assert f"`/{spec.usage}`" in page
    for line in page.splitlines():
        if line.startswith("| `"):
            assert line.replace("\\|", "").count("|") == 3, line
    with pytest.raises(IntentError, match="not part of this version"):
        find("/optimize", Role.ADMIN, COMMANDS)
