"""From a wish and the present position to command lines: targets are reached by one order, closes never open."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.parse import parse
from handlers.spec import REGISTRY
from handlers.tradingview.wish import Steps, Wish, orders_for
from handlers.tradingview.words import Action
from tests.handlers.tradingview.source import CTX, said
from trading.instruments import Side

amounts = st.decimals(min_value=-(10**14), max_value=10**14, places=18, allow_nan=False)


def target(units: str | Decimal, **options: Decimal) -> Wish:
    return Wish(action=Action.TARGET, symbol="BTC/USDT", target=Decimal(units), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "position", "line"),
    [
        ("1", "0", "/buy BTC/USDT 1"),
        ("1", "0.4", "/buy BTC/USDT 0.6"),
        ("1", "-1", "/buy BTC/USDT 2"),  # a reversal is one order
        ("-1", "1", "/sell BTC/USDT 2"),
        ("-1", "0", "/sell BTC/USDT 1"),
        ("0.4", "1", "/close BTC/USDT 0.6"),
        ("-0.4", "-1", "/close BTC/USDT 0.6"),
        ("0", "1", "/close BTC/USDT"),
        ("0", "-0.00000001", "/close BTC/USDT"),
    ],
)
def test_a_target_is_reached_by_one_line(wanted: str, position: str, line: str) -> None:
    assert orders_for(target(wanted), Decimal(position)) == Steps((line,))


def test_nothing_is_done_where_the_position_is_as_wanted() -> None:
    steps = orders_for(target("0.5"), Decimal("0.50"))
    assert steps == Steps((), "BTC/USDT is at 0.5 already, as wanted.")


def test_a_difference_that_is_too_small_is_not_traded() -> None:
    """On spot the fee leaves a little less than was bought: the next alert must not buy that again."""
    assert not orders_for(target("0.01"), Decimal("0.00999"), smallest=Decimal("0.0001")).lines
    assert orders_for(target("0.01"), Decimal("0.0098"), smallest=Decimal("0.0001")).lines == ("/buy BTC/USDT 0.0002",)


def test_stop_and_target_go_with_what_opens_and_not_with_what_closes() -> None:
    wish = target("1", sl=Decimal(50000), tp=Decimal(70000))
    assert orders_for(wish, Decimal(-1)).lines == ("/buy BTC/USDT 2 sl=50000 tp=70000",)
    assert orders_for(wish, Decimal(3)).lines == ("/close BTC/USDT 2",)


@pytest.mark.parametrize(("side", "position", "closes"), [("sell", 1, True), ("sell", -1, False), ("sell", 0, False),
                                                          ("buy", -1, True), ("buy", 1, False)])  # fmt: skip
def test_a_close_of_one_side_never_trades_on_the_other(side: str, position: int, closes: bool) -> None:
    """The strategy sold and is flat; an account that is short by now must not be bought back by that."""
    (wish,) = said(f'{{"symbol":"BTCUSDT","action":"{side}","qty":1,"market_position":"flat"}}').orders
    assert wish.side is Side(side.upper())
    steps = orders_for(wish, Decimal(position))
    assert steps.lines == (("/close BTC/USDT",) if closes else ())
    assert bool(steps.note) is not closes


@given(wanted=amounts, position=amounts)
def test_the_line_leads_exactly_to_the_target(wanted: Decimal, position: Decimal) -> None:
    steps = orders_for(target(wanted), position)
    if wanted == position:
        assert not steps.lines
        return
    (line,) = steps.lines
    spec, values = parse(line, CTX, REGISTRY)
    if spec.name == "close":
        part = values["part"].amount if "part" in values else abs(position)
        assert 0 < part <= abs(position), "a close never goes through flat"
        moved = -part if position > 0 else part
    else:
        assert abs(wanted) > abs(position) or wanted * position < 0
        moved = values["size"].amount * {"buy": 1, "sell": -1}[spec.name]
    assert position + moved == wanted
