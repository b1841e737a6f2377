"""exchangeInfo as it was from 2018 to 2026, read into rules."""

from typing import Any

import pytest

from tests.trading.executors.binance.samples import SPOT, SPOT_ROW, USDM, USDM_ROW, D, rules_from, with_filter
from trading.binance.products import Product
from trading.executors.binance.rules import Lots, Most, Range, rules_of
from trading.instruments import Instrument, Settlement, Symbol


def test_a_spot_symbol() -> None:
    assert SPOT.instrument == Instrument(
        Symbol("BTC/USDT"), "BTC", "USDT", D("0.01"), D("0.0001"), D("0.0001"), D("9000"), D("5"), D("9000000")
    )
    assert (SPOT.venue_symbol, SPOT.status) == ("BTCUSDT", "TRADING")
    assert SPOT.prices == Range(D("0.01"), D("1000000"))
    assert SPOT.market == Lots(Range(D(0), D(100)), D(0))
    assert (SPOT.near_buy, SPOT.near_sell) == (Range(D("0.2"), D("1.2")), Range(D("0.8"), D(5)))
    assert (SPOT.trail_above, SPOT.trail_below) == (Range(D(10), D(2000)), Range(D(20), D(1000)))
    assert SPOT.most == Most(orders=200, algo_orders=5, lists=20, amends=10, iceberg_parts=100)
    assert SPOT.oco_allowed
    assert SPOT.oto_allowed
    assert SPOT.opo_allowed
    assert SPOT.amend_allowed
    assert SPOT.cancel_replace_allowed
    assert SPOT.trailing_allowed
    assert SPOT.iceberg_allowed
    assert SPOT.min_notional_at_market
    assert not SPOT.max_notional_at_market
    assert not SPOT.is_linear


def test_numbers_are_exact_and_without_trailing_zeros() -> None:
    assert str(SPOT.instrument.tick) == "0.01"
    assert str(SPOT.instrument.step) == "0.0001"


def test_a_perpetual() -> None:
    assert USDM.instrument.symbol == "BTC/USDT:USDT"
    assert USDM.instrument.settlement is Settlement.LINEAR
    assert USDM.is_linear
    assert USDM.instrument.min_notional == 100
    assert USDM.near_buy == USDM.near_sell == Range(D("0.95"), D("1.05"))
    assert USDM.most.orders == 200
    assert USDM.trailing_allowed
    assert USDM.trail_above == Range(D(10), D(1000))  # callbackRate 0.1 to 10 percent
    assert not USDM.oco_allowed


@pytest.mark.parametrize(
    "changes",
    [
        {"contractType": "CURRENT_QUARTER"},
        {"contractType": "CURRENT_QUARTER DELIVERING"},
        {"contractType": ""},
        {"marginAsset": "BTC"},
    ],
)
def test_dated_and_foreign_contracts_are_left_out(changes: dict[str, str]) -> None:
    assert not rules_of({"symbols": [{**USDM_ROW, **changes}]}, Product.USDM)


def test_a_symbol_as_it_was_in_2018() -> None:
    rules = rules_from(
        {
            "symbol": "NEOUSDT",
            "status": "TRADING",
            "baseAsset": "NEO",
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "icebergAllowed": True,
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.00100000", "maxPrice": "10000", "tickSize": "0.00100000"},
                {"filterType": "LOT_SIZE", "minQty": "0.00100000", "maxQty": "10000", "stepSize": "0.00100000"},
                {"filterType": "MIN_NOTIONAL", "minNotional": "10.00000000"},
            ],
        }
    )
    assert rules.instrument.min_notional == 10
    assert rules.min_notional_at_market  # nothing says that it is not
    assert not rules.oco_allowed
    assert rules.near_buy == Range()


def test_both_kinds_of_minimum_value_count() -> None:
    row = with_filter(SPOT_ROW, "MIN_NOTIONAL", minNotional="7", applyToMarket=False)
    assert rules_from(row).instrument.min_notional == 7
    row = with_filter(SPOT_ROW, "NOTIONAL", applyMinToMarket=False)
    assert not rules_from(row).min_notional_at_market


def test_one_percent_price_for_both_sides() -> None:
    row = {**SPOT_ROW, "filters": SPOT_ROW["filters"][:2]}
    rules = rules_from(with_filter(row, "PERCENT_PRICE", multiplierUp="5", multiplierDown="0.2", avgPriceMins=5))
    assert rules.near_buy == rules.near_sell == Range(D("0.2"), D(5))


def test_a_tick_that_is_switched_off_leaves_the_digits_of_the_price() -> None:
    rules = rules_from(with_filter(SPOT_ROW, "PRICE_FILTER", minPrice="0", maxPrice="0", tickSize="0.00000000"))
    assert rules.instrument.tick == D("0.00000001")
    assert rules.prices == Range()


@pytest.mark.parametrize(
    "broken",
    [{}, {"symbol": "X"}, {**SPOT_ROW, "filters": []}, with_filter(SPOT_ROW, "LOT_SIZE", minQty="many"), None, 7],
)
def test_a_row_that_cannot_be_read_stops_nobody(broken: Any) -> None:
    listed = rules_of({"symbols": [broken, SPOT_ROW]}, Product.SPOT)
    assert list(listed) == ["BTC/USDT"]


def test_words_that_are_new_are_kept() -> None:
    row = {**SPOT_ROW, "status": "CANCEL_ONLY", "orderTypes": ["LIMIT", "PEGGED"], "newFlag": True}
    rules = rules_from(with_filter(row, "NEW_FILTER", limit=3))
    assert rules.status == "CANCEL_ONLY"
    assert rules.order_types == {"LIMIT", "PEGGED"}
