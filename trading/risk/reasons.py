"""Why an order is denied: every reason with its meaning and what to do about it.

A remedy is a template; the check that fails fills it in with its numbers.
"""

from enum import StrEnum


class Reason(StrEnum):
    """The code of a denial. Stable: scripts and journals rely on it."""

    meaning: str
    remedy: str

    def __new__(cls, code: str, meaning: str, remedy: str) -> "Reason":
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.remedy = remedy
        return member

    def advise(self, **numbers: object) -> str:
        """The remedy with its numbers."""
        return self.remedy.format(**numbers)

    # --- may this account trade this symbol at all ---------------------------------------------
    NOT_READY = (
        "NOT_READY",
        "The account has not been checked against its venue yet.",
        "Wait until it is reconciled; /health shows when, /reconcile {account} asks now.",
    )
    KILLED = (
        "KILLED",
        "The kill switch is latched for this scope: only what closes positions passes.",
        "/resume {scope} releases it.",
    )
    PAUSED = (
        "PAUSED",
        "Trading is paused for this scope: only what closes positions passes.",
        "/resume {scope} to trade again.",
    )
    SYMBOL_LOCKED = (
        "SYMBOL_LOCKED",
        "The symbol is locked for new positions.",
        "Wait until the lock ends, or /unlock {symbol}.",
    )
    SYMBOL_DENIED = (
        "SYMBOL_DENIED",
        "The symbol is on the deny list, or not on the allow list.",
        "Trade another symbol, or change the list with /limit {limit}.",
    )
    IN_DOUBT = (
        "IN_DOUBT",
        "An earlier order of the symbol may or may not have reached the venue: new ones wait for the answer.",
        "It is being checked; /why {order} tells more, /reconcile {account} asks the venue now.",
    )
    # --- does the order make sense -------------------------------------------------------------
    UNSUPPORTED = (
        "UNSUPPORTED",
        "The venue cannot do this kind of order.",
        "{instead}",
    )
    VENUE_RULES = (
        "VENUE_RULES",
        "The venue's own rules of the symbol do not allow it now; it was not sent.",
        "{remedy}",
    )
    MARKET_CLOSED = (
        "MARKET_CLOSED",
        "The market of the symbol is closed now.",
        "{remedy}",
    )
    STOP_WRONG_SIDE = (
        "STOP_WRONG_SIDE",
        "A stop or target is on the wrong side of the price: it would trigger at once.",
        "Put it {where} {price}.",
    )
    NOTHING_TO_REDUCE = (
        "NOTHING_TO_REDUCE",
        "A reduce-only order is larger than what is open and not being closed already.",
        "Close at most {most}; /positions shows what is open, /orders what is closing it already.",
    )
    LOT_SIZE = (
        "LOT_SIZE",
        "The quantity is not a multiple of the venue's step.",
        "Use {down} or {up}.",
    )
    MIN_QUANTITY = (
        "MIN_QUANTITY",
        "The quantity is below the venue's minimum.",
        "Use at least {least}.",
    )
    MAX_QUANTITY = (
        "MAX_QUANTITY",
        "The quantity is above the venue's maximum for one order.",
        "Use at most {most}, in several orders if need be.",
    )
    TICK_SIZE = (
        "TICK_SIZE",
        "A price is not a multiple of the venue's price step.",
        "Use {down} or {up}.",
    )
    MIN_NOTIONAL = (
        "MIN_NOTIONAL",
        "The order is worth less than the venue's minimum.",
        "Use at least {least} at this price.",
    )
    MAX_NOTIONAL = (
        "MAX_NOTIONAL",
        "The order is worth more than the venue's maximum.",
        "Use at most {most} at this price.",
    )
    # --- what is known of the price ------------------------------------------------------------
    NO_PRICE = (
        "NO_PRICE",
        "There is no price to judge the order by.",
        "Wait for one; /price {symbol} shows it, /health whether the market is connected.",
    )
    NO_RATE = (
        "NO_RATE",
        "Nothing says what the symbol's currency is worth in the desk's.",
        "Unless a market is about to show it, state it at the top of the settings and start again:"
        ' rates.{currency} = "AMOUNT" is what 1 {currency} counts as in {desk}.',
    )
    STALE_PRICE = (
        "STALE_PRICE",
        "The last price is too old to judge the order by.",
        "Wait for a new price; /health shows whether the market is connected, or it is closed now.",
    )
    PRICE_BAND = (
        "PRICE_BAND",
        "The price is so much worse than the market that it looks like a slip of the finger.",
        "Use a price up to {price}, or a smaller size if the book is thin; /limit price_band sets the distance.",
    )
    # --- money ---------------------------------------------------------------------------------
    INSUFFICIENT_FUNDS = (
        "INSUFFICIENT_FUNDS",
        "The account does not have it, after what open orders have reserved.",
        "Use {less}, or cancel what reserves it: /orders.",
    )
    MIN_ORDER_VALUE = (
        "MIN_ORDER_VALUE",
        "The order is worth less than the desk's minimum.",
        "Use at least {least}, or lower it with /limit min_order_value.",
    )
    MAX_ORDER_VALUE = (
        "MAX_ORDER_VALUE",
        "The order is worth more than one order may.",
        "Use at most {most}, or raise it with /limit max_order_value.",
    )
    MAX_POSITION_VALUE = (
        "MAX_POSITION_VALUE",
        "The position would be worth more than one position may.",
        "There is room for {room}; or raise it with /limit max_position_value.",
    )
    MAX_TOTAL_EXPOSURE = (
        "MAX_TOTAL_EXPOSURE",
        "All positions together would be worth more than they may.",
        "There is room for {room}; close something, or raise it with /limit max_total_exposure.",
    )
    LEVERAGE = (
        "LEVERAGE",
        "The positions would be too large a multiple of the account's equity.",
        "There is room for {room}; close something, or raise it with /limit max_leverage.",
    )
    MAX_OPEN_POSITIONS = (
        "MAX_OPEN_POSITIONS",
        "As many positions are open as may be.",
        "Close one first (/positions), or raise it with /limit max_open_positions.",
    )
    MAX_OPEN_ORDERS = (
        "MAX_OPEN_ORDERS",
        "As many orders of the symbol are open as may be.",
        "Cancel one first (/orders {symbol}), or raise it with /limit max_open_orders_per_symbol.",
    )
    # --- pace and losses -----------------------------------------------------------------------
    ORDER_RATE = (
        "ORDER_RATE",
        "The account has sent as many orders in the last minute as it may.",
        "Wait {wait}, or raise it with /limit max_orders_per_minute.",
    )
    DUPLICATE = (
        "DUPLICATE",
        "The same person sent the same order a moment ago.",
        "If it is meant, send it again in {wait}; the first is /order {order}.",
    )
    COOLDOWN = (
        "COOLDOWN",
        "The account is cooling down after a streak of losses.",
        "Wait until {until}, or change it with /limit loss_streak.",
    )
    DAILY_LOSS = (
        "DAILY_LOSS",
        "The account has lost today what it may lose in a day: only what closes positions passes.",
        "Trading goes on at midnight {zone}, or raise it with /limit max_daily_loss.{note}",
    )
    DRAWDOWN = (
        "DRAWDOWN",
        "The account has fallen too far from its highest equity: only what closes positions passes.",
        "Look at what happened (/equity), then raise it with /limit max_drawdown.{note}",
    )
