"""Money to the cent: what deals say is what the balance did; profit, margin and swap by their formulas."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulators.mt5.desk import NOW, Mt5Desk, desk
from trading.mt5.constants import Constants as mt5

HEDGING, NETTING = mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING, mt5.ACCOUNT_MARGIN_MODE_RETAIL_NETTING
NAMES = ("EURUSD", "USDJPY", "EURJPY", "XAUUSD")
LOTS = st.integers(1, 300).map(lambda cents: Decimal(cents) / 100)
STEPS = st.one_of(
    st.tuples(st.just("trade"), st.sampled_from(NAMES), st.booleans(), LOTS),
    st.tuples(st.just("close"), st.integers(0, 50), LOTS),
    st.tuples(st.just("close_by"), st.integers(0, 50), st.integers(0, 50)),
    st.tuples(st.just("price"), st.sampled_from(NAMES), st.integers(-300, 300)),
    st.tuples(st.just("night"), st.integers(1, 4)),
)
START = {"EURUSD": 108_000, "USDJPY": 150_000, "EURJPY": 162_000, "XAUUSD": 240_000}


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _market(mode: int, currency: str) -> Mt5Desk:
    at = desk(mode, balance=100_000, currency=currency)
    for number, name in enumerate(NAMES, 1):
        swaps = {"swap_long": f"-{number}.7", "swap_short": f"{number}.3"}
        at.terminal.symbol(name, commission=f"{number}.505", **swaps)
    return at


def _step(at: Mt5Desk, prices: dict[str, int], step: tuple[Any, ...]) -> None:
    kind, held = step[0], at.mt5.positions_get()
    if kind == "trade":
        at.mt5.order_send(at.request(step[1], float(step[3]), int(step[2])))
    elif kind == "close" and held:
        one = held[step[1] % len(held)]
        volume = min(float(step[2]), one.volume)
        at.mt5.order_send(at.request(one.symbol, volume, 1 - one.type, position=one.ticket))
    elif kind == "close_by" and held:
        first, second = (held[number % len(held)].ticket for number in step[1:])
        at.mt5.order_send({"action": mt5.TRADE_ACTION_CLOSE_BY, "position": first, "position_by": second})
    elif kind == "price":
        prices[step[1]] += step[2]
        point = at.terminal.market.symbols[step[1]].point
        at.terminal.show(step[1], prices[step[1]] * point, (prices[step[1]] + 10) * point)
    elif kind == "night":
        at.terminal.advance(step[1] * 86_400)


@settings(max_examples=200)
@given(
    steps=st.lists(STEPS, max_size=25),
    mode=st.sampled_from([HEDGING, NETTING]),
    currency=st.sampled_from(["USD", "EUR"]),
)
def test_deals_add_up_to_the_balance_and_volumes_to_the_positions(
    steps: list[tuple[Any, ...]], mode: int, currency: str
) -> None:
    at, prices = _market(mode, currency), dict(START)
    for step in steps:
        _step(at, prices, step)
    account, deals = at.mt5.account_info(), at.mt5.history_deals_get(0, NOW * 2)
    sums = (_exact(one.profit) + _exact(one.commission) + _exact(one.swap) + _exact(one.fee) for one in deals)
    assert sum(sums) == _exact(account.balance)
    # Equity is the balance and what is open, to the cent.
    positions = at.mt5.positions_get()
    floats = sum((_exact(one.profit) + _exact(one.swap) for one in positions), Decimal(0))
    assert _exact(account.balance) + floats == _exact(account.equity) == _cents(_exact(account.equity))
    # What was bought and sold under an identifier is what is held under it: nothing is made or lost.
    volumes: dict[int, Decimal] = {}
    for one in deals[1:]:
        signed = _exact(one.volume) * (1 if one.type == mt5.DEAL_TYPE_BUY else -1)
        volumes[one.position_id] = volumes.get(one.position_id, Decimal(0)) + signed
    held = {one.identifier: _exact(one.volume) * (1 - 2 * one.type) for one in positions}
    assert {identifier: volume for identifier, volume in volumes.items() if volume} == held
    if mode == NETTING:
        assert len({one.symbol for one in positions}) == len(positions)


@settings(max_examples=200)
@given(
    parts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    long=st.booleans(),
    moves=st.lists(st.integers(-2000, 2000), min_size=6, max_size=6),
)
def test_profit_of_parts_by_hand(parts: list[int], long: bool, moves: list[int]) -> None:
    """EURUSD in dollars: (difference) x 100,000 x lots, each part rounded to the cent by itself."""
    at = desk(balance=100_000)
    volume = sum(parts)
    opened = at.mt5.order_send(at.request("EURUSD", volume / 100, int(not long)))
    expected = []
    for part, move in zip(parts, moves, strict=False):
        bid = Decimal(108_000 + move) / 100_000
        at.terminal.show("EURUSD", bid, bid + Decimal("0.0001"))
        sent = at.mt5.order_send(at.request("EURUSD", part / 100, int(long), position=opened.order))
        assert sent.retcode == 10009
        difference = bid - Decimal("1.0801") if long else Decimal("1.08") - (bid + Decimal("0.0001"))
        expected.append(_cents(difference * 100_000 * part / 100))
    assert [_exact(one.profit) for one in at.mt5.history_deals_get(position=opened.order)[1:]] == expected
    assert at.mt5.positions_get() == ()


def test_profit_in_another_currency_is_converted_at_the_worse_side() -> None:
    """1 lot USDJPY, half a yen: 50,000 yen. A profit buys dollars at the ask, a loss at the bid."""
    at = desk()
    at.buy("USDJPY", 1)
    at.terminal.show("USDJPY", "150.510", "150.520")
    assert at.mt5.positions_get()[0].profit == float(_cents(Decimal(50_000) / Decimal("150.520")))
    at.terminal.show("USDJPY", "149.510", "149.520")
    assert at.mt5.positions_get()[0].profit == float(_cents(Decimal(-50_000) / Decimal("149.510")))
    info = at.mt5.symbol_info("USDJPY")
    # A point of a lot is 100 yen.
    assert info.trade_tick_value_profit == pytest.approx(100 / 149.520)
    assert info.trade_tick_value_loss == pytest.approx(100 / 149.510)


@pytest.mark.parametrize(
    ("symbol", "volume", "price", "margin"),
    [
        ("EURUSD", 1.0, 1.08, 1080.0),  # 100,000 EUR at 1:100
        ("EURUSD", 0.01, 1.08, 10.8),
        ("USDJPY", 1.0, 150.0, 1000.0),  # 100,000 USD at 1:100, whatever the price
        ("EURJPY", 1.0, 162.0, 1080.1),  # 100,000 EUR, bought with dollars at 1.0801
        ("XAUUSD", 1.0, 2400.0, 2400.0),  # 100 oz at 1:100
        ("ACME", 10.0, 50.0, 500.0),  # a share is paid in full
    ],
)
def test_margin(symbol: str, volume: float, price: float, margin: float) -> None:
    assert desk().mt5.order_calc_margin(mt5.ORDER_TYPE_BUY, symbol, volume, price) == margin


def test_hedged_volume_binds_the_larger_side_only() -> None:
    at = desk()
    at.buy("EURUSD", 1)
    assert at.mt5.account_info().margin == 1080.1
    at.sell("EURUSD", 0.4)
    assert at.mt5.account_info().margin == 1080.1
    at.terminal.symbol("EURUSD", margin_hedged=50_000)
    # 0.6 lot in full and 0.4 lot by half: 648.06 and 216.02.
    assert at.mt5.account_info().margin == 864.08


def test_calculated_profit() -> None:
    at = desk()
    assert at.mt5.order_calc_profit(mt5.ORDER_TYPE_SELL, "EURUSD", 0.5, 1.09, 1.08) == 500.0
    assert at.mt5.order_calc_profit(5, "EURUSD", 0.5, 1.09, 1.08) is None
    assert at.mt5.order_calc_margin(mt5.ORDER_TYPE_BUY, "NOPE", 0.5, 1.09) is None
    assert at.mt5.last_error() == (-4, "Terminal: Not found")


def test_swap_counts_nights_of_the_brokers_week() -> None:
    """Half a lot at -7.3 points: -3.65 dollars a night; three times on Wednesday night, none at the weekend."""
    at = desk()
    at.terminal.symbol("EURUSD", swap_long="-7.3")
    ticket = at.buy("EURUSD", 0.5).order
    seen = []
    for _ in range(6):  # Wednesday to Tuesday
        at.terminal.advance(86_400)
        seen.append(at.mt5.positions_get()[0].swap)
    assert seen == [-10.95, -14.6, -18.25, -18.25, -18.25, -21.9]
    at.sell("EURUSD", 0.2, position=ticket)
    at.sell("EURUSD", 0.3, position=ticket)
    swaps = [one.swap for one in at.mt5.history_deals_get(position=ticket)]
    assert swaps == [0.0, -8.76, -13.14]


@pytest.mark.parametrize(
    ("mode", "rate", "swap"),
    [
        (mt5.SYMBOL_SWAP_MODE_DISABLED, "-7", 0.0),
        (mt5.SYMBOL_SWAP_MODE_CURRENCY_DEPOSIT, "-7", -10.5),  # 7 x 0.5 lot x 3 nights
        (mt5.SYMBOL_SWAP_MODE_CURRENCY_SYMBOL, "-7", -11.34),  # the same in euro, bought at 1.0801
    ],
)
def test_swap_in_money(mode: int, rate: str, swap: float) -> None:
    at = desk()
    at.terminal.symbol("EURUSD", swap_mode=mode, swap_long=rate)
    at.buy("EURUSD", 0.5)
    at.terminal.advance(86_400)
    assert at.mt5.positions_get()[0].swap == swap


def test_swap_by_reopening_changes_the_ticket_and_keeps_the_identifier() -> None:
    at = desk()
    at.terminal.symbol("EURUSD", swap_mode=mt5.SYMBOL_SWAP_MODE_REOPEN_CURRENT, swap_long="-10")
    ticket = at.buy("EURUSD", 0.5).order
    at.terminal.advance(86_400)
    held = at.mt5.positions_get()[0]
    assert held.identifier == ticket != held.ticket
    assert held.price_open == 1.0804  # three nights of ten points against it
    assert at.sell("EURUSD", 0.5, position=ticket).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED
    assert at.sell("EURUSD", 0.5, position=held.ticket).retcode == 10009
    assert at.mt5.history_deals_get(position=ticket)[-1].profit == -20.0


def test_commission_is_of_each_deal() -> None:
    at = desk()
    at.terminal.symbol("EURUSD", commission="3.5")
    ticket = at.buy("EURUSD", 0.3).order
    at.sell("EURUSD", 0.1, position=ticket)
    assert [one.commission for one in at.mt5.history_deals_get(position=ticket)] == [-1.05, -0.35]
    assert at.mt5.account_info().balance == 9_997.6  # 1.40 of commission, a spread of 1.00


def test_what_cannot_be_converted_cannot_be_traded() -> None:
    at = desk()
    at.terminal.account(6006, currency="CHF")
    assert at.mt5.login(6006, password="secret")
    assert at.buy("EURUSD", 0.1).retcode == mt5.TRADE_RETCODE_PRICE_OFF
    assert at.mt5.order_calc_margin(0, "EURUSD", 1.0, 1.08) is None
