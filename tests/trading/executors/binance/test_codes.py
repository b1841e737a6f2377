"""What each documented error of Binance means. Texts are those of errors.md and of the futures' error-code page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.executors.binance.samples import said
from trading.binance.products import Product
from trading.errors import OutcomeUnknown, VenueError, VenueRefused, VenueUnreachable
from trading.executors.binance.codes import banned_until, error_of, parsed

SPOT, USDM = Product.SPOT, Product.USDM


def sent(status: int, code: int | None, message: str, product: Product = SPOT) -> VenueError:
    """The error of a call that could have executed something."""
    return error_of(status, code, message, product=product, order=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Account has insufficient balance for requested action.", "INSUFFICIENT_FUNDS"),
        ("Market is closed.", "MARKET_CLOSED"),
        ("Market orders are not supported for this symbol.", "NOT_SUPPORTED"),
        ("Iceberg orders are not supported for this symbol.", "NOT_SUPPORTED"),
        ("Stop loss orders are not supported for this symbol.", "NOT_SUPPORTED"),
        ("Stop loss limit orders are not supported for this symbol.", "NOT_SUPPORTED"),
        ("Take profit orders are not supported for this symbol.", "NOT_SUPPORTED"),
        ("Take profit limit orders are not supported for this symbol.", "NOT_SUPPORTED"),
        ("Price * QTY is zero or less.", "NOTIONAL"),
        ("IcebergQty exceeds QTY.", "ICEBERG"),
        ("This action is disabled on this account.", "ACCOUNT_DISABLED"),
        ("This account may not place or cancel orders.", "ACCOUNT_DISABLED"),
        ("Unsupported order combination", "BAD_REQUEST"),
        ("Order would trigger immediately.", "WOULD_TRIGGER"),
        ("Stop price would trigger immediately.", "WOULD_TRIGGER"),
        ("Order would immediately match and take.", "WOULD_TAKE"),
        ("The relationship of the prices for the orders is not correct.", "OCO_BAD_PRICES"),
        ("OCO orders are not supported for this symbol", "NOT_SUPPORTED"),
        ("Quote order qty market orders are not support for this symbol.", "NOT_SUPPORTED"),
        ("Trailing stop orders are not supported for this symbol.", "NOT_SUPPORTED"),
        ("Order cancel-replace is not supported for this symbol.", "NOT_SUPPORTED"),
        ("This symbol is not permitted for this account.", "SYMBOL_NOT_PERMITTED"),
        ("This symbol is restricted for this account.", "SYMBOL_NOT_PERMITTED"),
        ("Rest API trading is not enabled.", "ACCOUNT_DISABLED"),
        ("WebSocket API trading is not enabled.", "ACCOUNT_DISABLED"),
        ("Order book liquidity is less than `LOT_SIZE` filter minimum quantity.", "NO_LIQUIDITY"),
        ("Order book liquidity is less than symbol minimum quantity.", "NO_LIQUIDITY"),
        ("Order book liquidity is too low for this pegged order.", "NO_LIQUIDITY"),
        ("This order type may not use pegged price.", "NOT_SUPPORTED"),
        ("This price peg cannot be used with this order type.", "NOT_SUPPORTED"),
        ("OPO orders are not supported for this symbol.", "NOT_SUPPORTED"),
        ("Something that was added later.", "REJECTED"),
    ],
)
def test_every_text_of_a_rejected_order_is_final(text: str, code: str) -> None:
    for number in (-2010, -1013):
        error = sent(400, number, text)
        assert isinstance(error, VenueRefused)
        assert error.code == code or (number == -1013 and code == "REJECTED")
        assert text.rstrip(".") in error.text
        assert error.remedy


def test_a_duplicate_id_says_that_an_earlier_send_arrived() -> None:
    assert said(sent(400, -2010, "Duplicate order sent.")) == (OutcomeUnknown, "DUPLICATE_ID")
    assert said(sent(400, -4116, "clientOrderId is duplicated", USDM)) == (OutcomeUnknown, "DUPLICATE_ID")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("PRICE_FILTER", "PRICE_FILTER"),
        ("PERCENT_PRICE", "PERCENT_PRICE"),
        ("PERCENT_PRICE_BY_SIDE", "PERCENT_PRICE"),
        ("LOT_SIZE", "LOT_SIZE"),
        ("MARKET_LOT_SIZE", "MARKET_LOT_SIZE"),
        ("MIN_NOTIONAL", "NOTIONAL"),
        ("NOTIONAL", "NOTIONAL"),
        ("ICEBERG_PARTS", "ICEBERG_PARTS"),
        ("MAX_POSITION", "MAX_POSITION"),
        ("TRAILING_DELTA", "TRAILING_DELTA"),
        ("MAX_NUM_ORDERS", "MAX_NUM_ORDERS"),
        ("MAX_NUM_ALGO_ORDERS", "MAX_NUM_ALGO_ORDERS"),
        ("MAX_NUM_ICEBERG_ORDERS", "MAX_NUM_ICEBERG_ORDERS"),
        ("MAX_NUM_ORDER_AMENDS", "MAX_AMENDS"),
        ("MAX_NUM_ORDER_LISTS", "MAX_NUM_ORDER_LISTS"),
        ("EXCHANGE_MAX_NUM_ORDERS", "MAX_NUM_ORDERS"),
        ("EXCHANGE_MAX_NUM_ALGO_ORDERS", "MAX_NUM_ALGO_ORDERS"),
        ("MAX_ASSET", "MAX_ASSET"),
        ("NEW_FILTER", "FILTER"),
    ],
)
def test_a_filter_is_named_in_plain_words(name: str, code: str) -> None:
    error = sent(400, -1013, f"Filter failure: {name}")
    assert said(error) == (VenueRefused, code)
    assert error.remedy


@pytest.mark.parametrize(
    ("status", "code", "text", "expected"),
    [
        (400, -2011, "Unknown order sent.", (VenueRefused, "UNKNOWN_ORDER")),
        (400, -2011, "Order was not canceled due to cancel restrictions.", (VenueRefused, "PARTLY_FILLED")),
        (400, -2011, "CANCEL_REJECTED", (VenueRefused, "CANCEL_REJECTED")),
        (400, -2013, "Order does not exist.", (VenueRefused, "NO_SUCH_ORDER")),
        (400, -2026, "Order was canceled or expired ... archived.", (VenueRefused, "ORDER_ARCHIVED")),
        (400, -2038, "Order amend (quantity increase) is not supported.", (VenueRefused, "BAD_QUANTITY")),
        (400, -2038, "The requested action would change no state; rejecting.", (VenueRefused, "NO_CHANGE")),
        (400, -2038, "Order amend is not supported for this symbol.", (VenueRefused, "NOT_SUPPORTED")),
        (400, -2039, "Client order ID is not correct for this order ID.", (VenueRefused, "ID_MISMATCH")),
        (400, -1102, "Mandatory parameter 'price' was not sent.", (VenueRefused, "BAD_REQUEST")),
        (400, -1111, "Parameter 'quantity' has too much precision.", (VenueRefused, "PRECISION")),
        (400, -1121, "Invalid symbol.", (VenueRefused, "UNKNOWN_SYMBOL")),
        (400, -1166, "A limit order in a sell OCO must be above.", (VenueRefused, "OCO_BAD_PRICES")),
        (400, -1220, "The symbol's status does not match.", (VenueRefused, "MARKET_CLOSED")),
        (401, -1002, "You are not authorized to execute this request.", (VenueRefused, "UNAUTHORIZED")),
        (400, -1022, "Signature for this request is not valid.", (VenueRefused, "BAD_SIGNATURE")),
        (401, -2014, "API-key format invalid.", (VenueRefused, "BAD_KEY")),
        (401, -2015, "Invalid API-key, IP, or permissions for action.", (VenueRefused, "BAD_KEY")),
        (400, -1021, "Timestamp for this request is outside of the recvWindow.", (VenueUnreachable, "CLOCK")),
        (429, -1003, "Too much request weight used.", (VenueUnreachable, "RATE_LIMITED")),
        (429, -1015, "Too many new orders.", (VenueUnreachable, "TOO_MANY_ORDERS")),
        (429, -1034, "Too many concurrent connections.", (VenueUnreachable, "TOO_MANY_CONNECTIONS")),
        (500, -1000, "An unknown error occurred.", (OutcomeUnknown, "UNKNOWN_ERROR")),
        (503, -1001, "Internal error; unable to process your request.", (OutcomeUnknown, "DISCONNECTED")),
        (400, -1006, "Execution status unknown.", (OutcomeUnknown, "UNEXPECTED_RESPONSE")),
        (400, -1007, "Send status unknown; execution status unknown.", (OutcomeUnknown, "TIMEOUT")),
        (504, -1007, "Send status unknown; execution status unknown.", (OutcomeUnknown, "TIMEOUT")),
        (503, -1008, "Server is currently overloaded.", (OutcomeUnknown, "OVERLOADED")),
        (400, -9999, "Something nobody knows.", (OutcomeUnknown, "BINANCE_9999")),
        (429, -9999, "Something nobody knows.", (VenueUnreachable, "RATE_LIMITED")),
        (200, -2010, "Account has insufficient balance.", (VenueRefused, "INSUFFICIENT_FUNDS")),
    ],
)
def test_spot_codes(status: int, code: int, text: str, expected: tuple[type[VenueError], str]) -> None:
    assert said(sent(status, code, text)) == expected


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (-2018, "Balance is insufficient.", (VenueRefused, "INSUFFICIENT_FUNDS")),
        (-2019, "Margin is insufficient.", (VenueRefused, "INSUFFICIENT_FUNDS")),
        (-2021, "Order would immediately trigger.", (VenueRefused, "WOULD_TRIGGER")),
        (-2022, "ReduceOnly Order is rejected.", (VenueRefused, "REDUCE_ONLY")),
        (-2024, "Position is not sufficient.", (VenueRefused, "REDUCE_ONLY")),
        (-2026, "This OrderType is not supported when reduceOnly.", (VenueRefused, "NOT_SUPPORTED")),
        (-2027, "Exceeded the maximum allowable position.", (VenueRefused, "MAX_POSITION")),
        (-4003, "Quantity less than zero.", (VenueRefused, "LOT_SIZE")),
        (-4005, "Quantity greater than max quantity.", (VenueRefused, "LOT_SIZE")),
        (-4014, "Price not increased by tick size.", (VenueRefused, "PRICE_FILTER")),
        (-4016, "Price is higher than mark price multiplier cap.", (VenueRefused, "PERCENT_PRICE")),
        (-4023, "Qty not increased by step size.", (VenueRefused, "LOT_SIZE")),
        (-4028, "Leverage 200 is not valid", (VenueRefused, "LEVERAGE")),
        (-4045, "Reach max stop order limit.", (VenueRefused, "MAX_NUM_ALGO_ORDERS")),
        (-4046, "No need to change margin type.", (VenueRefused, "NO_CHANGE")),
        (-4061, "Order's position side does not match user's setting.", (VenueRefused, "POSITION_MODE")),
        (-4117, "stop order is triggering", (VenueRefused, "TRIGGERING")),
        (-4118, "ReduceOnly Order Failed.", (VenueRefused, "REDUCE_ONLY")),
        (-4120, "Please use the Algo Order API endpoints instead.", (VenueRefused, "NOT_SUPPORTED")),
        (-4131, "does not meet the PERCENT_PRICE filter limit", (VenueRefused, "PERCENT_PRICE")),
        (-4140, "Invalid symbol status for opening position", (VenueRefused, "MARKET_CLOSED")),
        (-4164, "Order's notional must be no smaller than 100.", (VenueRefused, "NOTIONAL")),
        (-5021, "the FOK order has been rejected.", (VenueRefused, "UNFILLABLE")),
        (-5022, "the Post Only order will be rejected.", (VenueRefused, "WOULD_TAKE")),
        (-5027, "No need to modify the order.", (VenueRefused, "NO_CHANGE")),
        (-5028, "outside of the ME recvWindow.", (VenueUnreachable, "CLOCK")),
        (-1007, "execution status unknown.", (OutcomeUnknown, "TIMEOUT")),
        (-1008, "Request throttled by system-level protection.", (OutcomeUnknown, "OVERLOADED")),
        (-2011, "Unknown order sent.", (VenueRefused, "UNKNOWN_ORDER")),
        (-2013, "Order does not exist.", (VenueRefused, "NO_SUCH_ORDER")),
        (-4999, "Something nobody knows.", (OutcomeUnknown, "BINANCE_4999")),
    ],
)
def test_futures_codes(code: int, text: str, expected: tuple[type[VenueError], str]) -> None:
    assert said(sent(400, code, text, USDM)) == expected


def test_the_product_decides_what_a_shared_number_means() -> None:
    assert said(sent(400, -2021, "", USDM)) == (VenueRefused, "WOULD_TRIGGER")
    assert said(sent(409, -2021, "Order cancel-replace partially failed.")) == (OutcomeUnknown, "REPLACE_UNSURE")
    assert said(sent(400, -2026, "archived")) == (VenueRefused, "ORDER_ARCHIVED")
    assert said(sent(400, -4116, "clientOrderId is duplicated")) == (OutcomeUnknown, "DUPLICATE_ID")
    assert isinstance(sent(400, -4164, "a futures code on spot"), OutcomeUnknown)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (418, (VenueUnreachable, "BANNED")),
        (429, (VenueUnreachable, "RATE_LIMITED")),
        (403, (VenueUnreachable, "FIREWALL")),
        (451, (VenueRefused, "LOCATION")),
        (0, (OutcomeUnknown, "NO_ANSWER")),
        *(
            (status, (OutcomeUnknown, f"HTTP_{status}"))
            for status in (200, 307, 400, 404, 408, 500, 502, 503, 504, 524)
        ),
    ],
)
def test_an_unreadable_answer_is_judged_by_its_status(status: int, expected: tuple[type[VenueError], str]) -> None:
    error = sent(status, None, "<html>secret page</html>")
    assert said(error) == expected
    assert "secret page" not in str(error)
    assert said(sent(status, 0, "")) == expected


def replace_error(cancel: str, new: str, **answers: object) -> VenueError:
    data = {"cancelResult": cancel, "newOrderResult": new, **answers}
    return error_of(409, -2021, "Order cancel-replace partially failed.", order=True, data=data)


UNKNOWN_ORDER = {"code": -2011, "msg": "Unknown order sent."}
WOULD_TAKE = {"code": -2010, "msg": "Order would immediately match and take."}


def test_a_replace_whose_cancel_was_refused_changed_nothing() -> None:
    error = replace_error("FAILURE", "NOT_ATTEMPTED", cancelResponse=UNKNOWN_ORDER, newOrderResponse=None)
    assert said(error) == (VenueRefused, "UNKNOWN_ORDER")


def test_a_replace_that_only_cancelled_is_told_as_half_done() -> None:
    error = replace_error("SUCCESS", "FAILURE", cancelResponse={"orderId": 9}, newOrderResponse=WOULD_TAKE)
    assert said(error) == (VenueRefused, "REPLACE_HALF_DONE")
    assert "cancelled" in error.text
    assert "post-only" in error.text


@pytest.mark.parametrize(
    "answers",
    [
        ("FAILURE", "NOT_ATTEMPTED", {"cancelResponse": {"code": -1007, "msg": "unknown"}}),
        ("SUCCESS", "FAILURE", {"newOrderResponse": {"code": -1007, "msg": "unknown"}}),
        ("SUCCESS", "FAILURE", {"newOrderResponse": {"code": -2010, "msg": "Duplicate order sent."}}),
        ("FAILURE", "SUCCESS", {"cancelResponse": UNKNOWN_ORDER, "newOrderResponse": {"orderId": 11}}),
        ("SUCCESS", "FAILURE", {}),
        ("NEW_WORD", "NEW_WORD", {}),
    ],
)
def test_any_other_end_of_a_replace_is_in_doubt(answers: tuple[str, str, dict[str, object]]) -> None:
    cancel, new, responses = answers
    assert said(replace_error(cancel, new, **responses)) == (OutcomeUnknown, "REPLACE_UNSURE")


def test_the_end_of_a_ban_is_read_and_told() -> None:
    text = "Way too much request weight used; IP banned until 1785000000000. Please use WebSocket Streams."
    error = sent(418, -1003, text)
    assert "2026-07-25 17:20:00 UTC" in error.text  # `date -u -d @1785000000`
    until = banned_until(text)
    assert until is not None
    assert until.timestamp() == 1785000000
    assert banned_until("Too many requests queued.") is None


@given(st.integers(0, 599), st.none() | st.integers(-9999, 0), st.text(), st.sampled_from(Product))
def test_a_call_that_only_reads_leaves_no_doubt(status: int, code: int | None, text: str, product: Product) -> None:
    if code in (-2021, -2022) and product is SPOT:
        return  # only cancelReplace answers these
    error = error_of(status, code, text, product=product, order=False)
    assert isinstance(error, VenueRefused | VenueUnreachable)


@given(st.integers(500, 599), st.none() | st.integers(-1009, -1000), st.text())
def test_a_server_error_is_never_taken_for_a_failure(status: int, code: int | None, text: str) -> None:
    error = sent(status, code, text)
    assert isinstance(error, OutcomeUnknown) or code in (-1002, -1003)


@given(st.integers(0, 599), st.none() | st.integers(-9999, 0), st.text(max_size=400))
def test_an_error_is_one_readable_line(status: int, code: int | None, text: str) -> None:
    error = sent(status, code, text)
    assert len(str(error).splitlines()) == 1
    assert len(error.text) < 320
    assert error.code


def test_keys_and_markup_in_the_venues_words_are_not_repeated() -> None:
    key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
    error = sent(400, -1100, f"Illegal characters found in <b>parameter</b> 'x={key}'")
    assert key not in str(error)
    assert "<b>" not in str(error)
    assert "Illegal characters" in error.text


def test_the_code_is_found_in_both_forms_of_an_answer() -> None:
    rest = {"code": -2011, "msg": "Unknown order sent.", "data": {"cancelResult": "FAILURE"}}
    socket = {"id": "1", "status": 400, "error": rest}
    assert parsed(rest) == parsed(socket) == (-2011, "Unknown order sent.", {"cancelResult": "FAILURE"})
    assert parsed({"symbol": "BTCUSDT", "orderId": 1}) == (None, "", None)
    assert parsed({"code": "200", "msg": "success"}).code is None
