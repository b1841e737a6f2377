"""What Binance refuses, in words for a person: a row for every documented code and text that means "not executed".

Sources: binance-spot-api-docs errors.md (codes, "Messages for -1010, -1013, -2010, -2011 and -2038", "Filter
failures"); derivatives/usds-margined-futures error-code.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Row(NamedTuple):
    """Our stable code, one clear line, and the remedy. `by_text`: the venue's text says more than its number."""

    code: str
    text: str
    remedy: str
    by_text: bool = False


_FAULT = "That is a fault of the desk: please report it, with what /why says."
_PARAMETER = Row("BAD_REQUEST", "Binance cannot read the request.", _FAULT)
_SUPPORT = "Ask Binance's support about the account."
_OPERATOR = "Check the key, its permissions and its list of addresses at Binance."
_LESS = "Ask for less, or close or cancel something first."
_NUMBERS = "/instruments shows the limits of the symbol."
_TRIGGER = Row(
    "WOULD_TRIGGER", "The order would trigger immediately.", "Put the stop on the other side of the market's price."
)
_TAKE = Row("WOULD_TAKE", "A post-only order would have traded at once.", "Move the price away from the market.")
_FUNDS = Row("INSUFFICIENT_FUNDS", "There is not enough money for it.", _LESS)
_CLOSED = Row("MARKET_CLOSED", "The symbol is not trading now.", "Wait until Binance opens it again.")
_ACCOUNT = Row("ACCOUNT_DISABLED", "Binance has disabled this for the account.", _SUPPORT)
_NOT_PERMITTED = Row("SYMBOL_NOT_PERMITTED", "The account may not trade this symbol.", _SUPPORT)
_UNSUPPORTED = Row("NOT_SUPPORTED", "The symbol does not take this kind of order.", "Use another kind of order.")
_NO_CHANGE = Row("NO_CHANGE", "It is like that already.", "")
_LARGER = Row("BAD_QUANTITY", "Binance can only make an order smaller.", "Send another one for the difference.")
_LIST = Row("OCO_BAD_PRICES", "Stop and target are on the wrong sides of the price.", "Swap them, or move one.")
_QUANTITY = Row("LOT_SIZE", "The quantity is too small, too large, or not a multiple of the step.", _NUMBERS)
_PRICE = Row("PRICE_FILTER", "The price is too low, too high, or not a multiple of the tick.", _NUMBERS)
_FAR = Row("PERCENT_PRICE", "The price is too far from the market.", "Move it closer to the market's price.")
_MANY = Row("MAX_NUM_ORDERS", "Too many orders are open on the symbol.", "Cancel some first.")
_PROTECTED = Row("MAX_NUM_ALGO_ORDERS", "Too many stop and target orders are open.", "Cancel some first.")
_MODES = Row("POSITION_MODE", "The order does not fit the account's position mode.", "Use one-way mode at Binance.")
_LEVERAGE = Row("LEVERAGE", "That leverage is not allowed now.", "Choose less, or close the position first.")
_REGION = Row("RESTRICTED", "Binance does not allow this for the account.", _SUPPORT)
_REDUCE = Row(
    "REDUCE_ONLY",
    "There is no position left that it could reduce.",
    "Open orders may hold the rest: cancel those first.",
)

FILTERS: Mapping[str, Row] = {
    "PRICE_FILTER": _PRICE,
    "PERCENT_PRICE": _FAR,
    "PERCENT_PRICE_BY_SIDE": _FAR,
    "LOT_SIZE": _QUANTITY,
    "MARKET_LOT_SIZE": Row("MARKET_LOT_SIZE", "The quantity is not allowed for a market order.", _NUMBERS),
    "MIN_NOTIONAL": Row("NOTIONAL", "The order's value is too small.", _NUMBERS),
    "NOTIONAL": Row("NOTIONAL", "The order's value is too small or too large.", _NUMBERS),
    "ICEBERG_PARTS": Row("ICEBERG_PARTS", "The iceberg has too many parts.", "Show a larger part of it."),
    "MAX_POSITION": Row("MAX_POSITION", "The account would hold too much of it.", "Buy less, or sell some first."),
    "TRAILING_DELTA": Row("TRAILING_DELTA", "The trailing distance is too small or too large.", _NUMBERS),
    "MAX_NUM_ORDERS": _MANY,
    "MAX_NUM_ALGO_ORDERS": _PROTECTED,
    "MAX_NUM_ICEBERG_ORDERS": _MANY._replace(code="MAX_NUM_ICEBERG_ORDERS", text="Too many icebergs are open."),
    "MAX_NUM_ORDER_AMENDS": Row("MAX_AMENDS", "The order was changed too often.", "Cancel it and place it anew."),
    "MAX_NUM_ORDER_LISTS": _MANY._replace(code="MAX_NUM_ORDER_LISTS", text="Too many pairs and brackets are open."),
    "EXCHANGE_MAX_NUM_ORDERS": _MANY._replace(text="Too many orders are open on the account."),
    "EXCHANGE_MAX_NUM_ALGO_ORDERS": _PROTECTED,
    "EXCHANGE_MAX_NUM_ICEBERG_ORDERS": _MANY._replace(text="Too many icebergs are open on the account."),
    "EXCHANGE_MAX_NUM_ORDER_LISTS": _MANY._replace(text="Too many pairs and brackets are open on the account."),
    "MAX_ASSET": Row("MAX_ASSET", "The account may not move so much of it in one order.", "Split the order."),
}
"""By the name in "Filter failure: NAME"."""

TEXTS: Mapping[str, Row] = {
    "insufficient balance": _FUNDS,
    "market is closed": _CLOSED,
    "trigger immediately": _TRIGGER,
    "immediately match": _TAKE,
    "relationship of the prices": _LIST,
    "may not place or cancel": _ACCOUNT,
    "action is disabled": _ACCOUNT,
    "trading is not enabled": _ACCOUNT,
    "not permitted for this": _NOT_PERMITTED,
    "restricted for this account": _NOT_PERMITTED,
    "book liquidity is": Row("NO_LIQUIDITY", "There is not enough on the book.", "Use a limit order, or wait."),
    "price * qty is zero": Row("NOTIONAL", "The order's value is zero.", "Ask for more."),
    "icebergqty exceeds": Row("ICEBERG", "The visible part is larger than the order.", "Show less of it."),
    "unsupported order combination": Row("BAD_REQUEST", "Binance does not know this combination.", _FAULT),
    "unknown order": Row("UNKNOWN_ORDER", "Binance has no such open order.", "It is looked up what became of it."),
    "cancel restrictions": Row(
        "PARTLY_FILLED",
        "A part of it is filled by now.",
        "Cancel the rest and place a new order, or only lower the quantity.",
    ),
    "cancel order is invalid": Row("BAD_REQUEST", "The cancel names no order.", _FAULT),
    "quantity increase": _LARGER,
    "would change no state": _NO_CHANGE,
    "may not use pegged": _UNSUPPORTED,
    "cannot be used with this order type": _UNSUPPORTED,
    "not supported": _UNSUPPORTED,
    "not support for": _UNSUPPORTED,
}
"""By a part of the text, in lower case, first match; after the filters."""


def _rows(row: Row, codes: Iterable[int]) -> dict[int, Row]:
    return dict.fromkeys(codes, row)


_REJECTED = Row("REJECTED", "Binance refused the order.", "Its words say why.", by_text=True)

REFUSED: Mapping[int, Row] = {
    -1002: Row("UNAUTHORIZED", "The key may not do this.", _OPERATOR),
    -1013: Row("FILTER", "The order breaks a rule of the symbol.", _NUMBERS, by_text=True),
    -1014: Row("BAD_REQUEST", "Binance does not know this combination.", _FAULT),
    -1016: Row("SERVICE_GONE", "Binance no longer offers this.", "Update the desk."),
    -1020: Row("NOT_SUPPORTED", "Binance does not support this.", "Use another kind of order."),
    -1022: Row("BAD_SIGNATURE", "The signature is not valid.", "Check that api_secret belongs to api_key."),
    **_rows(_PARAMETER, range(-1106, -1099)),
    **_rows(_PARAMETER, (-1108, -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1122, -1127, -1128, -1130)),
    **_rows(_PARAMETER, (-1134, -1135, -1136, -1139, -1145, -1151, -1152, -1153, -1155, -1161, -1182, -1194)),
    -1111: Row("PRECISION", "The number has too many digits.", _NUMBERS),
    -1112: Row("NO_LIQUIDITY", "There is nothing on the book.", "Use a limit order, or wait."),
    -1121: Row("UNKNOWN_SYMBOL", "Binance does not list the symbol.", "/instruments lists what it does."),
    -1125: Row("LISTEN_KEY", "The stream's key has expired.", "The desk makes a new one."),
    -2010: _REJECTED,
    -2011: Row("CANCEL_REJECTED", "Binance refused the cancel.", "It is looked up what became of it.", by_text=True),
    -2013: Row("NO_SUCH_ORDER", "Binance does not know the order.", "It may only be late: it is asked for again."),
    -2014: Row("BAD_KEY", "The key does not look like one.", "Check api_key."),
    -2015: Row("BAD_KEY", "The key, this address or the permissions are not valid.", _OPERATOR),
    -2016: _CLOSED,
}
"""Not executed, on any product."""

REFUSED_SPOT: Mapping[int, Row] = {
    **_rows(_PARAMETER, (-1158, -1160, -1168, -1210, -1211, -1221, -1224, -1225)),
    **_rows(_LIST, (-1165, -1166, *range(-1199, -1195))),
    -1220: _CLOSED,
    **_rows(Row("BAD_LIST", "Only a purchase can be the entry of such a list.", _FAULT), (-1222, -1223)),
    -2026: Row("ORDER_ARCHIVED", "It ended unfilled more than 90 days ago.", "Binance no longer shows it."),
    **_rows(Row("STREAM", "The stream of this account is not as expected.", "The desk connects anew."), (-2035, -2036)),
    -2038: Row("AMEND_REJECTED", "Binance refused the change.", "Its words say why.", by_text=True),
    -2039: Row("ID_MISMATCH", "The two ids are not of the same order.", _FAULT),
    -2042: Row("STREAM", "The connection has had too many streams.", "The desk connects anew."),
    -2043: Row("NO_REFERENCE_PRICE", "The symbol has no reference price.", ""),
}

REFUSED_USDM: Mapping[int, Row] = {
    **_rows(_PARAMETER, (-1023, -1109, -1110, -1113, -1126)),
    -1011: Row("BAD_KEY", "This address may not do that.", _OPERATOR),
    -1099: Row("UNAUTHORIZED", "Not found, or the key may not do this.", _OPERATOR),
    -2012: Row("CANCEL_REJECTED", "Not all orders were cancelled.", "It is looked up what became of them."),
    -2017: Row("BAD_KEY", "The keys of the account are locked.", _SUPPORT),
    -2018: _FUNDS,
    -2019: Row("INSUFFICIENT_FUNDS", "There is not enough margin for it.", "Ask for less, or add margin."),
    -2020: Row("NO_LIQUIDITY", "It cannot be filled.", "Use a limit order, or wait."),
    -2021: _TRIGGER,
    -2022: _REDUCE,
    -2023: Row("LIQUIDATION", "The account is being liquidated.", "Add margin; nothing can be opened now."),
    -2024: Row("REDUCE_ONLY", "The position is smaller than that.", _LESS),
    -2025: _MANY,
    -2026: Row("NOT_SUPPORTED", "This kind of order cannot be reduce-only.", "Use another kind of order."),
    -2027: Row("MAX_POSITION", "The position is too large for the leverage.", "Ask for less, or lower the leverage."),
    -2028: Row("LEVERAGE", "There is not enough margin for that leverage.", "Add margin, or raise the leverage."),
    **_rows(_PARAMETER, (-4000, -4015, -4019, -4020, -4021, -4031, -4060, -4063, -4084, -4104, -4135, -4144, -4165)),
    **_rows(_PRICE, (-4001, -4002, -4006, -4007, -4013, -4014, -4029)),
    **_rows(_QUANTITY, (-4003, -4004, -4005, -4023, -4030)),
    **_rows(_FAR, (-4016, -4024, -4131, -4183, -4184, -4210, -4211)),
    -4022: _CLOSED,
    -4028: _LEVERAGE,
    -4045: _PROTECTED,
    -4046: _NO_CHANGE,
    **_rows(Row("OPEN_ORDERS", "There are open orders.", "Cancel them first."), (-4047, -4067, -4170)),
    **_rows(Row("OPEN_POSITION", "There is an open position.", "Close it first."), (-4048, -4068)),
    **_rows(_FUNDS, (-4050, -4051, -4169, -4172)),
    **_rows(_NO_CHANGE, (-4052, -4059, -4171)),
    **_rows(_MODES, (-4061, -4531)),
    -4062: Row("REDUCE_ONLY", "It cannot be reduce-only.", "Leave out reduce=yes."),
    **_rows(Row("REDUCE_ONLY_MODE", "The account may only reduce positions now.", _SUPPORT), (-4087, -4400, -4401)),
    -4088: _ACCOUNT,
    -4109: Row("ACCOUNT_DISABLED", "The futures account is inactive.", "Move some money to the futures wallet."),
    -4117: Row("TRIGGERING", "The stop is being triggered at this moment.", "Look again in a moment."),
    -4118: Row("REDUCE_ONLY", "With the open orders it would open the other side.", "Cancel those first."),
    -4120: Row("NOT_SUPPORTED", "Binance takes conditional orders elsewhere now.", _FAULT),
    **_rows(_PARAMETER, (-4136, -4137, -4138, -4139)),
    **_rows(_CLOSED, (-4140, -4141)),
    -4142: _TRIGGER,
    **_rows(_LEVERAGE, (-4161, -4202, -4203, -4205, -4206, -4208, -4209, -4403)),
    -4164: Row("NOTIONAL", "The order's value is too small.", "Ask for more, or close with reduce=yes."),
    **_rows(Row("MARGIN_MODE", "The account's asset mode does not allow it.", "Change it at Binance."), (-4167, -4168)),
    **_rows(_REGION, (-4192, -4402)),
    -5021: Row("UNFILLABLE", "It could not be filled at once, as FOK demands.", "Use tif=ioc or tif=gtc."),
    -5022: _TAKE,
    -5024: _CLOSED,
    -5025: Row("NOT_SUPPORTED", "Only a limit order can be changed.", "Cancel it and place it anew."),
    -5026: FILTERS["MAX_NUM_ORDER_AMENDS"],
    -5027: _NO_CHANGE,
    -5029: Row("NOTIONAL", "The order's value would be too small.", "Ask for more."),
    **_rows(_PARAMETER, (-5037, -5038, -5039, -5040)),
    -5041: Row("NO_LIQUIDITY", "There is nothing on the book.", "Use a limit order, or wait."),
    -5043: Row("STILL_CHANGING", "Its last change is not done yet.", "Try again in a moment."),
}
