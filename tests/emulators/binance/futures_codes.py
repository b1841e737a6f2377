"""The error codes of USDT-M futures that differ from spot's, as "Error Codes" of its documentation lists them.

developers.binance.com, derivatives / usds-margined-futures / error-code. The same number may mean another thing than
on spot (-2021, -2022, -4xxx). All are answered with HTTP 400.
"""

from tests.emulators.binance.codes import Code

BAD_PRECISION = Code(-1111, "Precision is over the maximum defined for this asset.")
INVALID_LISTEN_KEY = Code(
    -1125, "This listenKey does not exist. Please use `POST /fapi/v1/listenKey` to recreate `listenKey`"
)
INVALID_RESP_TYPE = Code(-1136, "Invalid newOrderRespType.")

UNKNOWN_ORDER = Code(-2011, "Unknown order sent.")
MARGIN_NOT_SUFFICIENT = Code(-2019, "Margin is insufficient.")
WOULD_TRIGGER = Code(-2021, "Order would immediately trigger.")
REDUCE_ONLY_REJECT = Code(-2022, "ReduceOnly Order is rejected.")
MAX_OPEN_ORDERS = Code(-2025, "Reach max open order limit.")
MAX_LEVERAGE_RATIO = Code(-2027, "Exceeded the maximum allowable position at current leverage.")
MIN_LEVERAGE_RATIO = Code(-2028, "Leverage is smaller than permitted: insufficient margin balance.")

PRICE_LESS_THAN_ZERO = Code(-4001, "Price less than 0.")
PRICE_ABOVE_MAX = Code(-4002, "Price greater than max price.")
QTY_LESS_THAN_ZERO = Code(-4003, "Quantity less than zero.")
QTY_BELOW_MIN = Code(-4004, "Quantity less than min quantity.")
QTY_ABOVE_MAX = Code(-4005, "Quantity greater than max quantity.")
STOP_PRICE_LESS_THAN_ZERO = Code(-4006, "Stop price less than zero.")
STOP_PRICE_ABOVE_MAX = Code(-4007, "Stop price greater than max price.")
PRICE_BELOW_MIN = Code(-4013, "Price less than min price.")
PRICE_OFF_TICK = Code(-4014, "Price not increased by tick size.")
INVALID_CLIENT_ID = Code(-4015, "Client order id is not valid.")
PRICE_ABOVE_MULTIPLIER = Code(-4016, "Price is higher than mark price multiplier cap.")
QTY_OFF_STEP = Code(-4023, "Qty not increased by step size.")
PRICE_BELOW_MULTIPLIER = Code(-4024, "Price is lower than mark price multiplier floor.")
INVALID_LEVERAGE = Code(-4028, "Leverage {} is not valid")
INVALID_WORKING_TYPE = Code(-4031, "Invalid parameter working type: {}")
MAX_STOP_ORDERS = Code(-4045, "Reach max stop order limit.")
SAME_MARGIN_TYPE = Code(-4046, "No need to change margin type.")
MARGIN_TYPE_OPEN_ORDERS = Code(-4047, "Margin type cannot be changed if there exists open orders.")
MARGIN_TYPE_POSITION = Code(-4048, "Margin type cannot be changed if there exists position.")
SAME_POSITION_MODE = Code(-4059, "No need to change position side.")
INVALID_POSITION_SIDE = Code(-4060, "Invalid position side.")
POSITION_SIDE_NOT_MATCH = Code(-4061, "Order's position side does not match user's setting.")
POSITION_MODE_OPEN_ORDERS = Code(-4067, "Position side cannot be changed if there exists open orders.")
POSITION_MODE_POSITION = Code(-4068, "Position side cannot be changed if there exists position.")
BATCH_SIZE = Code(-4082, "Invalid number of batch place orders: {}")
MAY_NOT_TRADE = Code(-4088, "User can not place order currently")
DUPLICATED_CLIENT_ID = Code(-4116, "clientOrderId is duplicated")
USE_ALGO_ORDERS = Code(
    -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
)
# These two are not in the table; the exchange tells them of closePosition (many reports, as in ccxt's issues).
CLOSE_POSITION_EXISTS = Code(
    -4130, "An open stop or take profit order with GTE and closePosition in the direction is existing."
)
GTE_WITHOUT_POSITION = Code(-4509, "Time in Force (TIF) GTE can only be used with open positions or open orders.")
MARKET_ORDER_REJECT = Code(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit")
QTY_WITH_CLOSE_POSITION = Code(-4137, "Quantity must be zero with closePosition equals true")
NO_OPENING = Code(-4140, "Invalid symbol status for opening position")
SYMBOL_CLOSED = Code(-4141, "Symbol is closed")
ISOLATED_LEVERAGE_DOWN = Code(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions")
MIN_NOTIONAL = Code(-4164, "Order's notional must be no smaller than {} (unless you choose reduce only)")
MULTI_ASSETS_ISOLATED = Code(
    -4167, "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode."
)
ISOLATED_MULTI_ASSETS = Code(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.")
MULTI_ASSETS_OPEN_ORDERS = Code(-4170, "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures.")
SAME_MULTI_ASSETS = Code(-4171, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.")

FOK_REJECT = Code(-5021, "Due to the order could not be filled immediately, the FOK order has been rejected.")
GTX_REJECT = Code(
    -5022,
    "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history",
)
MODIFY_SYMBOL_STATUS = Code(-5024, "Symbol is not in trading status. Order amendment is not permitted.")
LIMIT_ORDER_ONLY = Code(-5025, "Only limit order is supported.")
TOO_MANY_MODIFIES = Code(-5026, "Exceed maximum modify order limit.")
SAME_ORDER = Code(-5027, "No need to modify the order.")
MODIFY_MIN_NOTIONAL = Code(-5029, "Order's notional must be no smaller than {}")
INVALID_PRICE_MATCH = Code(-5037, "Invalid price match")
PRICE_MATCH_TYPE = Code(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")
INVALID_STP = Code(-5039, "Invalid self trade prevention mode")
GOOD_TILL_DATE = Code(
    -5040,
    "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than "
    "253402300799000 (UTC 9999-12-31 23:59:59)",
)
NO_DEPTH_FOR_BBO = Code(-5041, "No depth matches this BBO order")
