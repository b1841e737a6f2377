"""What an order of USDT-M futures must pass before the engine takes it.

Sources: developers.binance.com, derivatives / usds-margined-futures: "Common Definition" (filters), "Modify Order",
"Error Codes", and the exchange's help page "Summary of Failed Orders".
"""

from decimal import Decimal

from tests.emulators.binance import futures_codes as refusals
from tests.emulators.binance.futures_clearing import Clearing
from tests.emulators.binance.futures_orders import AlgoOrder, Order
from tests.emulators.binance.futures_positions import ZERO, FuturesAccount

MOST_MODIFIES = 10_000


def check_order(account: FuturesAccount, order: Order, mark: Decimal) -> None:
    """The symbol's status and filters, and what reduces only. May cut the quantity of an order that reduces only."""
    contract = order.contract
    check_status(order)
    if order.type == "LIMIT":
        contract.check_price(order.price)
        contract.check_multiplier(order.side, order.price, mark)
    elif order.type == "MARKET" and not contract.within_multipliers(order.margin_price, mark):
        raise refusals.MARKET_ORDER_REJECT.refusal()
    contract.check_quantity(order.quantity, market=order.type == "MARKET")
    notional = order.quantity * order.margin_price
    if not order.reduce_only and notional < contract.min_notional:
        raise refusals.MIN_NOTIONAL.refusal(contract.min_notional)
    if len([1 for there in account.open_orders.values() if there.symbol == order.symbol]) >= contract.max_orders:
        raise refusals.MAX_OPEN_ORDERS.refusal()
    if any(there.client_id == order.client_id for there in account.open_orders.values()):
        raise refusals.DUPLICATED_CLIENT_ID.refusal()
    if order.reduce_only:
        _check_reduce_only(account, order)
    elif not account.may_trade:
        raise refusals.MAY_NOT_TRADE.refusal()


def check_status(order: Order | AlgoOrder) -> None:
    """May this symbol be traded? Some states only let positions be closed."""
    status = order.contract.status
    if status in ("CLOSE", "DELIVERED"):
        raise refusals.SYMBOL_CLOSED.refusal()
    if status != "TRADING" and not order.reduce_only:
        raise refusals.NO_OPENING.refusal()


def closable(account: FuturesAccount, side: str, symbol: str, position_side: str) -> Decimal:
    """How much of the position an order of this side would close; 0 if it would open."""
    amount = account.position(symbol, position_side).amount
    return max(amount if side == "SELL" else -amount, ZERO)


def _check_reduce_only(account: FuturesAccount, order: Order) -> None:
    """-2022 without a position to reduce, or when the limit orders already there reduce it all.

    A quantity larger than the position is cut to it; in hedge mode it is refused.
    """
    there = closable(account, order.side, order.symbol, order.position_side)
    taken = sum(
        (
            other.remaining
            for other in account.open_orders.values()
            if other.reduce_only
            and (other.symbol, other.side, other.position_side) == (order.symbol, order.side, order.position_side)
        ),
        ZERO,
    )
    if order.type == "MARKET":
        taken = ZERO  # it has the higher priority: resting ones that are too many are knocked out
    if not there or (taken and taken + order.quantity > there):
        raise refusals.REDUCE_ONLY_REJECT.refusal()
    if order.quantity > there:
        if account.dual:
            raise refusals.REDUCE_ONLY_REJECT.refusal()
        order.quantity = there


def check_margin(clearing: Clearing, account: FuturesAccount, order: Order) -> None:
    """Margin for what the order would open. Refuses -2019, -2027."""
    if order.reduce_only:
        return
    margins = clearing.margins(account)
    direction = 1 if order.side == "BUY" else -1
    mark = clearing.mark(order.symbol)
    # An order that would at once stand at a loss against the mark price must cover it ("open loss").
    loss = max(ZERO, direction * (order.margin_price - mark)) * order.quantity
    adds = margins.initial(order.symbol, order) > margins.initial(order.symbol)
    if adds and margins.available(order.contract.quote, order) - loss < 0:
        raise refusals.MARGIN_NOT_SUFFICIENT.refusal()
    position = account.position(order.symbol, order.position_side)
    after = abs(position.amount + direction * order.quantity)
    limit = order.contract.largest(account.leverage(order.symbol))
    if after > abs(position.amount) and after * order.margin_price > limit:
        raise refusals.MAX_LEVERAGE_RATIO.refusal()


def check_modify(clearing: Clearing, account: FuturesAccount, order: Order, quantity: Decimal, price: Decimal) -> None:
    """May an open order be modified so? Refuses -5024 ... -5029 and what the filters refuse."""
    contract = order.contract
    if contract.status != "TRADING":
        raise refusals.MODIFY_SYMBOL_STATUS.refusal()
    if order.type != "LIMIT":
        raise refusals.LIMIT_ORDER_ONLY.refusal()
    if (order.quantity, order.price) == (quantity, price):
        raise refusals.SAME_ORDER.refusal()
    if order.modified >= MOST_MODIFIES:
        raise refusals.TOO_MANY_MODIFIES.refusal()
    contract.check_price(price)
    contract.check_multiplier(order.side, price, clearing.mark(order.symbol))
    contract.check_quantity(quantity, market=False)
    if not order.reduce_only and quantity * price < contract.min_notional:
        raise refusals.MODIFY_MIN_NOTIONAL.refusal(contract.min_notional)
    held = order.quantity, order.margin_price
    order.quantity, order.margin_price = quantity, price
    left = clearing.margins(account).available(contract.quote)
    order.quantity, order.margin_price = held
    if not order.reduce_only and left < 0 and quantity * price > held[0] * held[1]:
        raise refusals.MARGIN_NOT_SUFFICIENT.refusal()
