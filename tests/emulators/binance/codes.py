"""The exchange's error codes: number, text and HTTP status, as errors.md of its spot API documentation lists them.

`raise INVALID_SYMBOL.refusal()` refuses a request; a text with `{}` takes its parts:
`raise PARAM_MISSING.refusal("symbol")`. The HTTP statuses are those of the section "HTTP Return Codes" (4XX: the
sender's fault, 401 keys, 429 limits, 418 ban, 409 half a cancel-replace, 5XX: unknown).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Refusal(Exception):
    """A request that is answered with `{"code", "msg"}`; `extra` joins them, `headers` go with the HTTP answer."""

    def __init__(
        self,
        code: int,
        msg: str,
        status: int = 400,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code} {msg}")
        self.code, self.msg, self.status = code, msg, status
        self.extra: dict[str, Any] = dict(extra or {})
        self.headers: dict[str, str] = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        return {"code": self.code, "msg": self.msg, **self.extra}


@dataclass(frozen=True)
class Code:
    """One row of errors.md."""

    code: int
    msg: str
    status: int = 400

    def refusal(self, *parts: object) -> Refusal:
        return Refusal(self.code, self.msg.format(*parts), self.status)


# 10xx: the server or the network
UNKNOWN = Code(-1000, "An unknown error occurred while processing the request.", 500)
DISCONNECTED = Code(-1001, "Internal error; unable to process your request. Please try again.", 500)
UNAUTHORIZED = Code(-1002, "You are not authorized to execute this request.", 401)
TOO_MUCH_WEIGHT = Code(
    -1003,
    "Too much request weight used; current limit is {} request weight per {}. "
    "Please use WebSocket Streams for live updates to avoid polling the API.",
    429,
)
BANNED = Code(
    -1003,
    "Way too much request weight used; IP banned until {}. "
    "Please use WebSocket Streams for live updates to avoid bans.",
    418,
)
UNEXPECTED_RESP = Code(
    -1006, "An unexpected response was received from the message bus. Execution status unknown.", 500
)
TIMEOUT = Code(
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    504,
)
SERVER_BUSY = Code(-1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", 503)
FILTER_FAILURE = Code(-1013, "Filter failure: {}")
INVALID_MESSAGE = Code(-1013, "{}")
UNKNOWN_ORDER_COMPOSITION = Code(-1014, "Unsupported order combination.")
TOO_MANY_ORDERS = Code(-1015, "Too many new orders; current limit is {} orders per {}.", 429)
UNSUPPORTED_OPERATION = Code(-1020, "This operation is not supported.")
OUTSIDE_RECV_WINDOW = Code(-1021, "Timestamp for this request is outside of the recvWindow.")
AHEAD_OF_SERVER = Code(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
INVALID_SIGNATURE = Code(-1022, "Signature for this request is not valid.")

# 11xx: the request
ILLEGAL_CHARS = Code(-1100, "Illegal characters found in parameter '{}'; legal range is '{}'.")
DUPLICATE_PARAM = Code(-1101, "Duplicate values for a parameter detected.")
TOO_MANY_PARAMETERS = Code(-1101, "Too many parameters; expected '{}' and received '{}'.")
PARAM_MISSING = Code(-1102, "Mandatory parameter '{}' was not sent, was empty/null, or malformed.")
PARAM_EITHER = Code(-1102, "Param '{}' or '{}' must be sent, but both were empty/null!")
PARAM_EMPTY = Code(-1105, "Parameter '{}' was empty.")
PARAM_NOT_REQUIRED = Code(-1106, "Parameter '{}' sent when not required.")
BAD_PRECISION = Code(-1111, "Parameter '{}' has too much precision.")
NO_DEPTH = Code(-1112, "No orders on book for symbol.")
TIF_NOT_REQUIRED = Code(-1114, "TimeInForce parameter sent when not required.")
INVALID_TIF = Code(-1115, "Invalid timeInForce.")
INVALID_ORDER_TYPE = Code(-1116, "Invalid orderType.")
INVALID_SIDE = Code(-1117, "Invalid side.")
BAD_INTERVAL = Code(-1120, "Invalid interval.")
INVALID_SYMBOL = Code(-1121, "Invalid symbol.")
INVALID_LISTEN_KEY = Code(-1125, "This listenKey does not exist.")
OPTIONAL_PARAMS_BAD_COMBO = Code(-1128, "Combination of optional parameters invalid.")
INVALID_PARAMETER = Code(-1130, "Data sent for parameter '{}' is not valid.")
# Not in errors.md any more; the exchange still answers it.
BAD_RECV_WINDOW = Code(-1131, "recvWindow must be less than 60000")
BAD_STRATEGY_TYPE = Code(-1134, "`strategyType` was less than 1000000.")
INVALID_JSON = Code(-1135, "Invalid JSON Request")
INVALID_CANCEL_RESTRICTIONS = Code(-1145, "Invalid cancelRestrictions")
OCO_ORDER_TYPE_REJECTED = Code(-1158, "Order type not supported in OCO.")
OCO_ICEBERG_TIF = Code(-1160, "Parameter '{}' is not supported if `{}` is not GTC.")
BUY_OCO_LIMIT_MUST_BE_BELOW = Code(-1165, "A limit order in a buy OCO must be below.")
SELL_OCO_LIMIT_MUST_BE_ABOVE = Code(-1166, "A limit order in a sell OCO must be above.")
BOTH_OCO_ORDERS_CANNOT_BE_LIMIT = Code(-1168, "At least one OCO order must be contingent.")
BUY_OCO_STOP_LOSS_MUST_BE_ABOVE = Code(-1196, "A stop loss order in a buy OCO must be above.")
SELL_OCO_STOP_LOSS_MUST_BE_BELOW = Code(-1197, "A stop loss order in a sell OCO must be below.")
BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW = Code(-1198, "A take profit order in a buy OCO must be below.")
SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE = Code(-1199, "A take profit order in a sell OCO must be above.")
SYMBOL_DOES_NOT_MATCH_STATUS = Code(-1220, "The symbol's status does not match the requested symbolStatus.")
OPO_WORKING_MUST_BE_BUY = Code(-1222, "Working order in an OPO list must be a bid.")
OPO_PENDING_MUST_BE_SELL = Code(-1223, "Pending orders in an OPO list must be asks.")
PENDING_PARAM_NOT_REQUIRED = Code(-1225, "Pending orders should not include the '{}' tag.")

# 20xx: the matching engine, keys, subscriptions
NEW_ORDER_REJECTED = Code(-2010, "{}")
CANCEL_REJECTED = Code(-2011, "{}")
NO_SUCH_ORDER = Code(-2013, "Order does not exist.")
BAD_API_KEY_FMT = Code(-2014, "API-key format invalid.", 401)
REJECTED_MBX_KEY = Code(-2015, "Invalid API-key, IP, or permissions for action.", 401)
CANCEL_REPLACE_PARTIAL = Code(-2021, "Order cancel-replace partially failed.", 409)
CANCEL_REPLACE_FAILED = Code(-2022, "Order cancel-replace failed.", 400)
ORDER_ARCHIVED = Code(
    -2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived."
)
SUBSCRIPTION_ACTIVE = Code(-2035, "User Data Stream subscription already active.")
SUBSCRIPTION_INACTIVE = Code(-2036, "User Data Stream subscription not active.")
AMEND_REJECTED = Code(-2038, "{}")
CLIENT_ORDER_ID_INVALID = Code(-2039, "Client order ID is not correct for this order ID.")

# Texts of -2010 and -2011 (errors.md, "Messages for -1010 ERROR_MSG_RECEIVED, -2010, -2011 and -2038")
UNKNOWN_ORDER = "Unknown order sent."
DUPLICATE_ORDER = "Duplicate order sent."
MARKET_IS_CLOSED = "Market is closed."
INSUFFICIENT_BALANCE = "Account has insufficient balance for requested action."
WOULD_TRIGGER = "Order would trigger immediately."
WOULD_MATCH = "Order would immediately match and take."
BAD_PRICES = "The relationship of the prices for the orders is not correct."
CANCEL_RESTRICTED = "Order was not canceled due to cancel restrictions."
ACTION_DISABLED = "This action is disabled on this account."
MAY_NOT_TRADE = "This account may not place or cancel orders."
SYMBOL_NOT_PERMITTED = "This symbol is not permitted for this account."
SYMBOL_RESTRICTED = "This symbol is restricted for this account."
TOO_LITTLE = "Price * QTY is zero or less."
ICEBERG_EXCEEDS = "IcebergQty exceeds QTY."
NOT_SUPPORTED = "{} orders are not supported for this symbol."
NO_LIQUIDITY = "Order book liquidity is less than {}."
AMEND_NOT_SUPPORTED = "Order amend is not supported for this symbol."
AMEND_INCREASE = "Order amend (quantity increase) is not supported."
AMEND_OPO = "Order amend (pending OPO order) is not supported."
NO_CHANGE = "The requested action would change no state; rejecting."
CANCEL_REPLACE_NOT_SUPPORTED = "Order cancel-replace is not supported for this symbol."
TRAILING_NOT_SUPPORTED = "Trailing stop orders are not supported for this symbol."
QUOTE_QTY_NOT_SUPPORTED = "Quote order qty market orders are not support for this symbol."
CANCEL_INVALID = "Cancel order is invalid. Check origClOrdId and orderId."

# What a person may arm by number (`code_-1007`), the executed-or-not ones first.
BY_NUMBER: dict[int, Code] = {
    code.code: code
    for code in (
        UNKNOWN,
        DISCONNECTED,
        UNEXPECTED_RESP,
        TIMEOUT,
        SERVER_BUSY,
        UNAUTHORIZED,
        OUTSIDE_RECV_WINDOW,
        INVALID_SIGNATURE,
        NO_SUCH_ORDER,
        NEW_ORDER_REJECTED,
        CANCEL_REJECTED,
        BAD_API_KEY_FMT,
        REJECTED_MBX_KEY,
        ORDER_ARCHIVED,
        INVALID_MESSAGE,
        TOO_MANY_ORDERS,
        TOO_MUCH_WEIGHT,
        INVALID_SYMBOL,
        AMEND_REJECTED,
        CLIENT_ORDER_ID_INVALID,
    )
}
