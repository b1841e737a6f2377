"""Positions, cash and cost: at flat they agree to the last digit, in whichever order trades are heard."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tests.kit import BTC, START
from tests.trading.risk.desk import PERP
from tests.trading.scripted import make_order
from trading.events import EquitySampled, OrderFilled
from trading.instruments import ZERO, Instrument, Money, Side
from trading.intent import Mode
from trading.portfolio import (
    TAPE,
    Account,
    Position,
    Tape,
    Trade,
    close_trip,
    closing_side,
    fill_balances,
    fill_position,
    sample,
)

D = Decimal


class Fill(NamedTuple):
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal


FILLS = st.builds(
    Fill,
    st.sampled_from(Side),
    st.integers(1, 5000).map(lambda n: D(n) / 1000),
    st.integers(1, 10**7).map(lambda n: D(n) / 100),
    st.integers(0, 10**5).map(lambda n: D(n) / 10**5),
)
RUNS = st.lists(FILLS, min_size=1, max_size=25)


def flat(instrument: Instrument) -> Position:
    return Position("demo", Mode.PAPER, instrument.symbol, "USDT", multiplier=instrument.multiplier)


def trades(fills: Sequence[Fill], currency: str = "USDT") -> list[Trade]:
    """One a second, numbered upwards; a fee in another currency is worth as much in quote."""
    made = []
    for number, fill in enumerate(fills, 1):
        at = START + timedelta(seconds=number)
        fact = OrderFilled("one", f"T{number}", fill.quantity, fill.price, Money(fill.fee, currency), fill.fee, at)
        made.append(Trade(fact, fill.side, at))
    return made


def run(instrument: Instrument, made: Sequence[Trade]) -> Position:
    """The position after trades heard in this order."""
    tape, position = Tape(flat(instrument)), flat(instrument)
    for trade in made:
        tape, position = tape.add(trade, position, instrument)
    return position


def closing(fills: Sequence[Fill]) -> list[Fill]:
    """The fills, and one more that brings the position to nothing."""
    held = sum((fill.side.sign * fill.quantity for fill in fills), ZERO)
    side = Side.SELL if held > 0 else Side.BUY
    return [*fills, Fill(side, abs(held), D("123.45"), D("0.07"))] if held else list(fills)


@given(RUNS)
def test_what_closes_a_position_leaves_nothing_of_it(fills: list[Fill]) -> None:
    held = run(PERP, trades(fills)).quantity
    if held:
        last = Fill(closing_side(held), abs(held), D(100), ZERO)
        assert run(PERP, trades([*fills, last])).quantity == 0
    assert closing_side(ZERO) is Side.SELL, "on spot what nobody has counted may be sold"


@given(RUNS)
def test_at_flat_what_was_realized_is_the_cash_that_moved(fills: list[Fill]) -> None:
    fills = closing(fills)
    position = run(PERP, trades(fills))
    moved = -sum((fill.side.sign * fill.quantity * fill.price for fill in fills), ZERO)
    paid = sum((fill.fee for fill in fills), ZERO)
    assert (position.quantity, position.cost) == (ZERO, ZERO)
    assert position.realized == moved - paid
    assert position.fees == paid


@given(RUNS)
def test_the_cash_of_a_linear_account_is_profit_less_fees(fills: list[Fill]) -> None:
    fills = closing(fills)
    position, cash = flat(PERP), ZERO
    for trade in trades(fills):
        after = fill_position(position, trade.fill, trade.side, PERP, trade.at)
        gross = after.realized - position.realized + trade.fill.fee_value
        order = make_order(side=trade.side, symbol=PERP.symbol)
        cash += sum((money.amount for money in fill_balances(trade.fill, order, PERP, gross)), ZERO)
        position = after
    assert cash == position.realized


@given(RUNS, st.sampled_from(("USDT", "BNB")))
def test_spot_balances_move_by_what_was_traded(fills: list[Fill], currency: str) -> None:
    moved: dict[str, Decimal] = {}
    for trade in trades(fills, currency):
        for money in fill_balances(trade.fill, make_order(side=trade.side), BTC, ZERO):
            moved[money.currency] = moved.get(money.currency, ZERO) + money.amount
    paid = sum((fill.fee for fill in fills), ZERO)
    spent = sum((fill.side.sign * fill.quantity * fill.price for fill in fills), ZERO)
    assert moved["BTC"] == sum((fill.side.sign * fill.quantity for fill in fills), ZERO)
    assert moved["USDT"] == -spent - (paid if currency == "USDT" else 0)
    assert currency == "USDT" or moved["BNB"] == -paid


@given(RUNS)
def test_buying_only_costs_what_was_paid_and_averages_it(fills: list[Fill]) -> None:
    fills = [fill._replace(side=Side.BUY) for fill in fills]
    position = run(BTC, trades(fills, "BNB"))
    cost = sum((fill.quantity * fill.price for fill in fills), ZERO)
    assert position.cost == cost
    assert position.realized == -sum((fill.fee for fill in fills), ZERO)
    assert position.average_price == (cost / position.quantity).quantize(D("1e-18"))


@given(RUNS, st.decimals(min_value=0, max_value=D("0.01"), places=4))
def test_a_fee_in_base_shrinks_the_position_and_keeps_its_cost(fills: list[Fill], rate: Decimal) -> None:
    bought = [Fill(Side.BUY, fill.quantity, fill.price, fill.quantity * rate) for fill in fills]
    position = run(BTC, trades(bought, "BTC"))
    assert position.quantity == sum((fill.quantity * (1 - rate) for fill in bought), ZERO)
    assert position.cost == sum((fill.quantity * fill.price for fill in bought), ZERO)
    assert position.realized == 0


def test_a_reversal_closes_first_and_opens_the_rest_at_its_own_price() -> None:
    fills = [Fill(Side.BUY, D(2), D(100), ZERO), Fill(Side.SELL, D(5), D(110), ZERO)]
    position = run(PERP, trades(fills))
    assert (position.quantity, position.cost, position.realized) == (D(-3), D(330), D(20))
    assert position.opened_at == START + timedelta(seconds=2)
    assert position.unrealized(D(100)) == 30


def test_selling_more_than_a_spot_position_realizes_only_what_has_a_cost() -> None:
    fills = [Fill(Side.BUY, D(1), D(100), ZERO), Fill(Side.SELL, D(3), D(110), ZERO)]
    position = run(BTC, trades(fills))
    assert (position.quantity, position.cost, position.realized) == (ZERO, ZERO, D(10))


@given(st.data())
def test_trades_heard_in_any_order_make_the_same_position(data: st.DataObject) -> None:
    instrument = data.draw(st.sampled_from((BTC, PERP)))
    made = trades(data.draw(RUNS))
    heard = data.draw(st.permutations(made))
    one, other = run(instrument, made), run(instrument, heard)
    assert (one.quantity, one.cost, one.realized, one.fees) == (other.quantity, other.cost, other.realized, other.fees)


@given(st.lists(FILLS, min_size=TAPE, max_size=TAPE + 20), st.integers(1, TAPE - 1))
def test_a_long_tape_forgets_only_what_is_old(fills: list[Fill], late: int) -> None:
    made = trades(fills)
    moved = [*made[:-late], *made[len(made) - late + 1 :], made[-late]]
    assert run(PERP, moved).realized == run(PERP, made).realized


def test_of_two_trades_in_the_same_moment_the_lower_number_comes_first() -> None:
    bought, sold = trades([Fill(Side.BUY, D(1), D(100), ZERO), Fill(Side.SELL, D(1), D(110), ZERO)])
    nine = bought._replace(fill=OrderFilled("one", "9", D(1), D(100), Money(ZERO, "USDT"), ZERO, START))
    ten = sold._replace(fill=OrderFilled("one", "10", D(1), D(110), Money(ZERO, "USDT"), ZERO, START))
    assert run(BTC, [ten, nine]).realized == 10


def test_a_position_began_no_later_than_what_was_added_to_it() -> None:
    first, second = trades([Fill(Side.BUY, D(1), D(100), ZERO), Fill(Side.BUY, D(1), D(110), ZERO)])
    late = first._replace(at=START + timedelta(minutes=5))
    assert run(PERP, [second, late]).opened_at == second.at


# --- accounts --------------------------------------------------------------------------------


def test_losing_round_trips_count_in_a_row() -> None:
    account = Account("demo", Mode.PAPER, "paper", "USDT", START)
    lost = flat(PERP)
    for price, streak in ((D(90), 1), (D(80), 2), (D(120), 0)):
        bought, sold = trades([Fill(Side.BUY, D(1), D(100), ZERO), Fill(Side.SELL, D(1), price, ZERO)])
        held = fill_position(lost, bought.fill, Side.BUY, PERP, START)
        lost = fill_position(held, sold.fill, Side.SELL, PERP, START)
        account = close_trip(account, held, lost, START)
        assert account.streak == streak


def test_a_day_begins_with_the_last_equity_of_the_day_before() -> None:
    def at(equity: int, day: str) -> EquitySampled:
        return EquitySampled("demo", Mode.PAPER, D(equity), D(equity), ZERO, day)

    account = sample(Account("demo", Mode.PAPER, "paper", "USDT", START), at(1000, "2026-01-05"))
    account = sample(account, at(900, "2026-01-05"))
    assert (account.day_start, account.peak) == (D(1000), D(1000))
    assert sample(account, at(950, "2026-01-06")).day_start == 900
    assert sample(account, at(950, "2026-01-09")).day_start == 950  # nobody looked in between
