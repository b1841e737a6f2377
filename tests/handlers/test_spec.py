"""A declaration that some platform would not accept fails at import, with a line that says why."""

from typing import Annotated, Any

import pytest

from handlers.actor import Role
from handlers.context import Context
from handlers.reply import Reply
from handlers.spec import LATER, Arg, CommandSpec, command
from tests.handlers.desk import COMMANDS
from trading.instruments import Price, Symbol


def declared(function: Any, **options: Any) -> CommandSpec:
    registry: dict[str, CommandSpec] = {}
    command(registry=registry, **options)(function)
    (spec,) = registry.values()
    return spec


async def good(
    ctx: Context, symbol: Annotated[Symbol, Arg("What")], *, from_: Annotated[Price | None, Arg("Price")] = None
) -> Reply:
    """Do it well.

    And thoroughly.
    """
    return Reply(symbol)


def test_the_signature_is_the_declaration() -> None:
    spec = declared(good, role=Role.ADMIN)
    assert (spec.name, spec.summary, spec.details) == ("good", "Do it well.", "And thoroughly.")
    assert spec.usage == "good SYMBOL [from=P]"
    assert spec.example == "/good BTC/USDT"
    assert spec.role is Role.ADMIN
    assert spec.audit, "what viewers may not do is audited"
    symbol, price = spec.params
    assert (symbol.required, symbol.positional, price.required, price.positional) == (True, True, False, False)
    assert (price.name, price.key) == ("from", "from_")


def test_usage_names_choices_options_and_what_may_be_left_out() -> None:
    assert COMMANDS["buy"].usage == "buy SYMBOL SIZE [LIMIT] [sl=P] [tif=gtc|ioc|fok] [account=A]"
    assert COMMANDS["close"].usage == "close SYMBOL|all [PART]"
    assert COMMANDS["mode"].usage == "mode [ACCOUNT] [paper|live] [DURATION]"
    assert COMMANDS["schedule"].usage == "schedule [LINE] [every=D] [at=HH:MM]"


def test_audit_is_for_all_that_viewers_may_not_do_and_what_asks_for_it() -> None:
    assert not COMMANDS["look"].audit
    assert COMMANDS["purse"].audit
    assert COMMANDS["buy"].audit
    assert declared(good, role=Role.TRADER, audit=False).audit


async def no_summary(ctx: Context) -> Reply:
    return Reply("")


async def long_summary(ctx: Context) -> Reply:
    """Go on and on and on and on and on and on and on and on and on and on and on and on and on and on and on."""
    return Reply("")


async def NotLower(ctx: Context) -> Reply:
    """Shout."""
    return Reply("")


async def no_context(symbol: Annotated[Symbol, Arg("What")]) -> Reply:
    """Stand alone."""
    return Reply("")


async def bare(ctx: Context, symbol: Symbol) -> Reply:
    """Say nothing of the argument."""
    return Reply("")


async def long_help(ctx: Context, symbol: Annotated[Symbol, Arg("x" * 101)]) -> Reply:
    """Say too much of the argument."""
    return Reply("")


async def float_price(ctx: Context, price: Annotated[float, Arg("What")]) -> Reply:
    """Take a float for money."""
    return Reply("")


async def no_reply(ctx: Context) -> str:
    """Answer text."""
    return ""


async def secret_price(ctx: Context, price: Annotated[Price, Arg("What", secret=True)]) -> Reply:
    """Hide a number."""
    return Reply("")


def not_async(ctx: Context) -> Reply:
    """Block everybody."""
    return Reply("")


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (no_summary, "docstring"),
        (long_summary, "docstring"),
        (NotLower, "a-z"),
        (no_context, "ctx: Context"),
        (bare, "Annotated"),
        (long_help, "1-100"),
        (float_price, "float"),
        (no_reply, "Reply"),
        (secret_price, "secret"),
        (not_async, "async"),
    ],
)
def test_a_bad_declaration_fails_at_import(function: Any, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        declared(function)


def test_names_and_aliases_are_taken_once() -> None:
    registry: dict[str, CommandSpec] = {}
    command(registry=registry, aliases=("g",))(good)
    with pytest.raises(AssertionError, match="/good is declared twice"):
        command(registry=registry)(good)

    async def g(ctx: Context) -> Reply:
        """Take an alias for a name."""
        return Reply("")

    with pytest.raises(AssertionError, match="/g is declared twice"):
        command(registry=registry)(g)


def test_at_most_twenty_five_parameters() -> None:
    arguments = ", ".join(f"a{n}: Annotated[str, Arg('x')] = ''" for n in range(26))
    scope = dict(globals())
    exec(f"async def many(ctx: Context, {arguments}) -> Reply:\n    'Take many.'\n    return Reply('')", scope)
    with pytest.raises(AssertionError, match="25"):
        declared(scope["many"])


def test_what_comes_later_cannot_be_declared_by_accident() -> None:
    assert set(LATER) == {"backtest", "optimize"}

    async def backtest(ctx: Context) -> Reply:
        """Look back."""
        return Reply("")

    with pytest.raises(AssertionError, match="twice"):
        declared(backtest)
