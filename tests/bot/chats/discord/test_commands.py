"""Slash commands made of the specs, checked by Discord's rules, and the lines that come back."""

from typing import Annotated

from hypothesis import given
from hypothesis import strategies as st

from bot.chats.discord.commands import Asked, asked_of, choices_of, declarations, fingerprint, line_of
from handlers import commands
from handlers.context import Context
from handlers.parse import bind, find
from handlers.reply import Reply
from handlers.spec import REGISTRY, Arg, CommandSpec, command
from tests.emulators.discord.command_forms import STRING, check_choices, check_command
from tests.emulators.discord.forms import Form
from tests.handlers.desk import ANA, COMMANDS, VIC, HandDesk

assert commands, "importing it declares them"


def test_every_command_of_the_desk_is_one_that_discord_accepts() -> None:
    for private in (False, True):
        form = Form()
        declared = declarations(REGISTRY, private=private)
        for at, body in enumerate(declared):
            check_command(form, (at,), body)
        form.check()
        assert sorted(body["name"] for body in declared) == sorted(REGISTRY)
        assert len(declared) <= 100
        assert all(body.get("contexts") == ([1] if private else None) for body in declared)


def test_options_have_types_and_money_is_never_a_number() -> None:
    found = {body["name"]: {o["name"]: o for o in body["options"]} for body in declarations(REGISTRY, private=False)}
    buy = found["buy"]
    assert [name for name, option in buy.items() if option["required"]] == ["symbol", "size"]
    assert [choice["value"] for choice in buy["tif"]["choices"]] == ["gtc", "ioc", "fok"]
    assert buy["symbol"]["autocomplete"] is True
    assert {buy[name]["type"] for name in ("symbol", "size", "limit", "stop", "tp", "account")} == {3}
    assert (buy["post"]["type"], found["trades"]["count"]["type"]) == (5, 4)
    assert list(found["oco"]) == ["symbol", "size", "tp", "sl", "account"]
    assert not [option for options in found.values() for option in options.values() if option["type"] == 10]


def test_required_options_come_first_though_they_are_typed_by_name() -> None:
    own: dict[str, CommandSpec] = {}

    @command(registry=own)
    async def odd(
        ctx: Context, count: Annotated[int | None, Arg("How many")] = None, *, at: Annotated[str, Arg("Where")]
    ) -> Reply:
        """Something odd."""
        return Reply("")

    (declared,) = declarations(own, private=False)
    assert [(option["name"], option["required"]) for option in declared["options"]] == [("at", True), ("count", False)]
    chosen = {"name": "odd", "options": [{"name": "at", "value": "a b"}, {"name": "count", "value": 3}]}
    assert line_of(asked_of(chosen), own) == 'odd 3 at="a b"'


def test_the_fingerprint_is_that_of_the_commands() -> None:
    one = fingerprint(declarations(REGISTRY, private=False))
    assert one == fingerprint(declarations(dict(reversed(REGISTRY.items())), private=False))
    assert one != fingerprint(declarations({"buy": REGISTRY["buy"]}, private=False))


def test_options_become_a_line() -> None:
    options = [("size", "5%"), ("symbol", "BTC/USDT"), ("post", True), ("limit", "59000.10")]
    data = {"name": "buy", "options": [{"name": name, "type": 3, "value": value} for name, value in options]}
    assert line_of(asked_of(data), REGISTRY) == "buy BTC/USDT 5% 59000.10 post=yes"
    count = {"name": "trades", "options": [{"name": "count", "type": 4, "value": 20}]}
    assert line_of(asked_of(count), REGISTRY) == "trades 20"
    assert line_of(asked_of({"name": "gone"}), REGISTRY) == "gone"


VALUES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)


@given(st.fixed_dictionaries({"symbol": VALUES, "size": VALUES}, optional={"limit": VALUES, "sl": VALUES}))
def test_whatever_is_typed_comes_back_for_the_option_it_was_typed_into(texts: dict[str, str]) -> None:
    options = [{"name": name, "type": 3, "value": value} for name, value in texts.items()]
    spec, rest = find(line_of(asked_of({"name": "buy", "options": options}), COMMANDS), ANA.role, COMMANDS)
    assert bind(spec, rest) == texts


@given(st.sampled_from(sorted(COMMANDS)), st.text(max_size=30), st.data())
def test_what_is_offered_is_what_discord_takes(name: str, typed: str, data: st.DataObject) -> None:
    names = [param.name for param in COMMANDS[name].params]
    focused = data.draw(st.sampled_from([*names, "gone"]))
    desk = HandDesk()
    offered = choices_of(Asked(name, {focused: typed}, focused), COMMANDS, desk.context())
    form = Form()
    check_choices(form, ("choices",), [{"name": name, "value": value} for name, value in offered], STRING)
    form.check()
    assert len(offered) <= 25


def test_nothing_is_offered_to_who_may_not_run_the_command() -> None:
    desk = HandDesk()
    assert choices_of(Asked("buy", {"symbol": "b"}, "symbol"), COMMANDS, desk.context(ANA))
    assert choices_of(Asked("buy", {"symbol": "b"}, "symbol"), COMMANDS, desk.context(VIC)) == []
