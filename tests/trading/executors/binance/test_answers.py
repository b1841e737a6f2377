"""What Binance answers, as orders, fills, balances and reports; shapes as its REST pages show them."""

from typing import Any

import pytest

from tests.trading.executors.binance.samples import ENTRY, LISTING, STOP_LEG, USDM, D, order
from trading.executors.binance import answers
from trading.executors.binance.names import AT_MARKET, replaced_id
from trading.executors.binance.rows import by_venue_symbol, moment
from trading.instruments import Money, Symbol
from trading.reports import Accepted, Amended, Canceled, Expired, Filled, Rejected, VenueOrder

MS = 1507725176595
FUTURES = {"BTCUSDT": USDM}


def row(**fields: Any) -> dict[str, Any]:
    """An order as GET /api/v3/order shows it."""
    return {
        "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": ENTRY, "price": "50000.00000000",
        "origQty": "1.00000000", "executedQty": "0.00000000", "cummulativeQuoteQty": "0.00000000",
        "status": "NEW", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY", "stopPrice": "0.00000000",
        "icebergQty": "0.00000000", "time": MS, "updateTime": MS, "isWorking": True, "workingTime": MS,
        "origQuoteOrderQty": "0.000000", "selfTradePreventionMode": "NONE", **fields,
    }  # fmt: skip


def test_an_order() -> None:
    assert answers.order_of(row(), LISTING) == VenueOrder(
        "28", ENTRY, Symbol("BTC/USDT"), "open", D(1), D(0), D("50000"), None, "BUY LIMIT 1 BTC/USDT at 50000", ""
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("NEW", "open"),
        ("PENDING_NEW", "open"),
        ("PARTIALLY_FILLED", "open"),
        ("PENDING_CANCEL", "open"),
        ("FILLED", "filled"),
        ("CANCELED", "canceled"),
        ("REJECTED", "rejected"),
        ("EXPIRED", "expired"),
        ("EXPIRED_IN_MATCH", "expired"),
        ("NEW_ADL", "open"),
        ("A_NEW_WORD", "open"),
    ],
)
def test_statuses(status: str, expected: str) -> None:
    assert answers.order_of(row(status=status), LISTING).status == expected


def test_expired_is_not_unfilled() -> None:
    shown = answers.order_of(row(status="EXPIRED", executedQty="0.4", expiryReason="INSUFFICIENT_LIQUIDITY"), LISTING)
    assert (shown.status, shown.filled_quantity, shown.reason) == ("expired", D("0.4"), "the book ran out")
    assert answers.order_of(row(status="EXPIRED_IN_MATCH"), LISTING).reason.startswith("it would have traded")


def test_prices_of_zero_are_none_and_stand_in_limits_are_not_ours() -> None:
    market = answers.order_of(row(type="MARKET", price="0.00000000"), LISTING)
    assert (market.limit_price, market.stop_price) == (None, None)
    stop = row(type="STOP_LOSS_LIMIT", price="45600", stopPrice="48000", strategyType=AT_MARKET)
    shown = answers.order_of(stop, LISTING)
    assert (shown.limit_price, shown.stop_price) == (None, D("48000"))
    other = answers.order_of({**stop, "strategyType": AT_MARKET + 1}, LISTING)
    assert other.limit_price == D("45600")


def test_ids_of_others_and_renamed_orders_are_empty_unless_the_caller_knows() -> None:
    for client_id in ("web_1", replaced_id(order())):
        renamed = row(clientOrderId=client_id, status="CANCELED")
        assert answers.order_of(renamed, LISTING).order_id == ""
        assert answers.order_of(renamed, LISTING, ENTRY).order_id == ENTRY
    # in the answer to a cancel the order's own id is the original one
    assert answers.order_of(row(clientOrderId="cancel1", origClientOrderId=ENTRY), LISTING).order_id == ENTRY


def test_a_symbol_nobody_listed_keeps_its_name() -> None:
    assert answers.order_of(row(symbol="NEWUSDT"), LISTING).symbol == "NEWUSDT"


def algo_row(**fields: Any) -> dict[str, Any]:
    """A conditional order as GET /fapi/v1/algoOrder shows it."""
    return {
        "algoId": 2146760, "clientAlgoId": ENTRY, "algoType": "CONDITIONAL", "orderType": "STOP_MARKET",
        "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC", "quantity": "0.5",
        "algoStatus": "NEW", "actualOrderId": "", "actualPrice": "0.00000", "triggerPrice": "48000.0",
        "price": "0.000", "reduceOnly": True, "createTime": MS, "updateTime": MS, "triggerTime": 0, **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("NEW", "open"),
        ("TRIGGERING", "open"),
        ("TRIGGERED", "open"),
        ("FINISHED", "open"),
        ("CANCELED", "canceled"),
        ("EXPIRED", "expired"),
        ("REJECTED", "rejected"),
    ],
)
def test_conditional_orders(status: str, expected: str) -> None:
    shown = answers.algo_order_of(algo_row(algoStatus=status), FUTURES)
    assert shown == VenueOrder(
        "2146760", ENTRY, Symbol("BTC/USDT:USDT"), expected, D("0.5"), D(0), None, D("48000"),
        "SELL STOP_MARKET 0.5 BTC/USDT:USDT at 48000",
    )  # fmt: skip


def test_the_order_that_a_conditional_one_became() -> None:
    assert answers.triggered_id(algo_row()) == ""
    assert answers.triggered_id(algo_row(actualOrderId="88937381064")) == "88937381064"


def test_a_trailing_stop_of_the_futures_has_no_stop_price_of_ours() -> None:
    trailing = row(type="TRAILING_STOP_MARKET", price="0", stopPrice="9300")
    assert answers.order_of(trailing, FUTURES).stop_price is None
    waiting = algo_row(orderType="TRAILING_STOP_MARKET", triggerPrice="9300")
    assert answers.algo_order_of(waiting, FUTURES).stop_price is None


def test_numbers_are_exact_and_without_trailing_zeros() -> None:
    assert str(answers.order_of(row(executedQty="0.40000000"), LISTING).filled_quantity) == "0.4"


def test_fills_of_spot_and_futures() -> None:
    spot = {
        "symbol": "BTCUSDT", "id": 28457, "orderId": 28, "orderListId": -1, "price": "50000.00000000",
        "qty": "0.40000000", "quoteQty": "20000", "commission": "0.00040000", "commissionAsset": "BTC",
        "time": MS, "isBuyer": True, "isMaker": True, "isBestMatch": True,
    }  # fmt: skip
    expected = Filled(ENTRY, "28457", D("0.4"), D("50000"), Money(D("0.0004"), "BTC"), moment(MS), maker=True)
    assert answers.fills_of([spot], LISTING, {"28": ENTRY}) == [expected]
    assert answers.fills_of([{**spot, "orderId": 29}], LISTING, {"28": ENTRY})[0].order_id == ""
    futures = {key: value for key, value in spot.items() if key != "isMaker"}
    (fill,) = answers.fills_of([{**futures, "maker": True, "realizedPnl": "3"}], FUTURES, {})
    assert fill.maker
    assert moment(MS).isoformat() == "2017-10-11T12:32:56.595000+00:00"  # `date -u -d @1507725176`


def test_balances_are_free_and_locked() -> None:
    spot = {
        "makerCommission": 15,
        "balances": [
            {"asset": "BTC", "free": "1.5", "locked": "0.5"},
            {"asset": "LTC", "free": "0.00000000", "locked": "0.00000000"},
            {"asset": "BNB", "free": "0", "locked": "0.1"},
        ],
    }
    assert answers.balances_of(spot) == [Money(D(2), "BTC"), Money(D("0.1"), "BNB")]


def test_balances_of_the_futures_are_wallets_without_open_profit() -> None:
    balance = [{"asset": "USDT", "balance": "122.5", "crossWalletBalance": "122.5", "crossUnPnl": "9"}]
    assert answers.balances_of(balance) == [Money(D("122.5"), "USDT")]
    account = {
        "assets": [{"asset": "USDT", "walletBalance": "122.5", "unrealizedProfit": "9", "marginBalance": "131.5"}]
    }
    assert answers.balances_of(account) == [Money(D("122.5"), "USDT")]


def test_positions_are_signed() -> None:
    rows = [
        {"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "-0.150"},
        {"symbol": "ETHUSDT", "positionSide": "BOTH", "positionAmt": "0.000"},
    ]
    assert answers.positions_of(rows, FUTURES) == {"BTC/USDT:USDT": D("-0.15")}
    hedged = [
        {"symbol": "BTCUSDT", "positionSide": "LONG", "positionAmt": "0.5"},
        {"symbol": "BTCUSDT", "positionSide": "SHORT", "positionAmt": "-0.2"},
    ]
    assert answers.positions_of(hedged, FUTURES) == {"BTC/USDT:USDT": D("0.3")}


def full(**fields: Any) -> dict[str, Any]:
    """The FULL answer to an order."""
    return {
        "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": ENTRY, "transactTime": MS,
        "price": "0.00000000", "origQty": "1.00000000", "executedQty": "0.00000000",
        "cummulativeQuoteQty": "0", "status": "NEW", "timeInForce": "GTC", "type": "MARKET", "side": "SELL",
        "fills": [], **fields,
    }  # fmt: skip


FILLS = [
    {"price": "4000", "qty": "0.6", "commission": "2.4", "commissionAsset": "USDT", "tradeId": 56},
    {"price": "3999", "qty": "0.1", "commission": "0.001", "commissionAsset": "BNB", "tradeId": 57},
]
FILLED = [
    Filled(ENTRY, "56", D("0.6"), D("4000"), Money(D("2.4"), "USDT"), moment(MS)),
    Filled(ENTRY, "57", D("0.1"), D("3999"), Money(D("0.001"), "BNB"), moment(MS)),
]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (full(), [Accepted(ENTRY, "28")]),
        (full(status="FILLED", fills=FILLS), [Accepted(ENTRY, "28"), *FILLED]),
        (
            full(status="EXPIRED", executedQty="0.7", fills=FILLS, expiryReason="INSUFFICIENT_LIQUIDITY"),
            [Accepted(ENTRY, "28"), *FILLED, Expired(ENTRY, "the book ran out", D("0.7"))],
        ),
        (
            {"symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": ENTRY, "transactTime": MS},
            [Accepted(ENTRY, "28")],
        ),
        (full(status="REJECTED"), [Accepted(ENTRY, "28"), Rejected(ENTRY, "REJECTED", "Binance refused it")]),
        (full(status="CANCELED"), [Accepted(ENTRY, "28"), Canceled(ENTRY, "cancelled by Binance")]),
        (full(fills=[{**FILLS[0], "tradeId": -1}]), [Accepted(ENTRY, "28")]),  # an allocation, no trade
        (algo_row(), [Accepted(ENTRY, "2146760")]),
        (
            {
                "orderListId": 1,
                "orderReports": [full(), full(orderId=29, clientOrderId=STOP_LEG, status="PENDING_NEW")],
            },
            [Accepted(ENTRY, "28"), Accepted(STOP_LEG, "29")],
        ),
    ],
)
def test_the_answer_to_an_order(answer: dict[str, Any], expected: list[Any]) -> None:
    assert answers.placed(answer, LISTING) == expected


def test_the_answer_to_a_cancel_ends_every_order_it_names() -> None:
    single = row(clientOrderId=ENTRY, origClientOrderId=ENTRY, status="CANCELED")
    assert answers.canceled(single) == [Canceled(ENTRY, "", D(0))]
    other = row(clientOrderId=ENTRY, origClientOrderId=STOP_LEG, status="CANCELED")
    assert answers.canceled({"orderListId": 1, "orderReports": [single, other]}) == [
        Canceled(ENTRY, "", D(0)),
        Canceled(STOP_LEG, "", D(0)),
    ]
    done = {"algoId": 2146760, "clientAlgoId": ENTRY, "code": "200", "msg": "success"}
    assert answers.canceled(done) == [Canceled(ENTRY)]


def test_the_answer_to_a_change_in_place() -> None:
    wished = order(quantity=D("0.7"))
    kept = {"transactTime": MS, "executionId": 75, "amendedOrder": {"orderId": 28, "qty": "0.70000000"}}
    expected = [Amended(ENTRY, D("0.7"), D("50000"), None, "28")]
    assert answers.amended(kept, wished) == expected
    assert answers.amended({"orderId": 28, "origQty": "0.7", "price": "50000"}, wished) == expected


def test_the_answer_to_a_replace_is_the_change_and_what_happened_since() -> None:
    wished = order(quantity=D(1), limit_price=D("50100"))
    new = full(orderId=29, status="PARTIALLY_FILLED", fills=FILLS)
    answer = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": {}, "newOrderResponse": new}
    expected = [Amended(ENTRY, D(1), D("50100"), None, "29"), *FILLED]
    assert answers.replaced(answer, wished, LISTING) == expected
    assert answers.replaced({"data": answer}, wished, LISTING) == expected


def test_rules_by_the_venues_name() -> None:
    assert by_venue_symbol({rules.symbol: rules for rules in LISTING.values()}) == LISTING
