"""What a return code of the trade server, or an error of the package, means for the request that met it. Pure.

The rows are the specification (reference: MQL5 "Trade Server Return Codes"; package 5.0.6231). "Not executed" is
believed of a code in `REFUSED`, `MOVED` and `BUSY`, and of errors after which nothing has left this process; whatever
else happens to a request is `OutcomeUnknown`: a timeout at the broker does not say that nothing was done.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from trading.errors import OutcomeUnknown, VenueError, VenueRefused, VenueUnreachable
from trading.mt5.constants import Constants as mt5
from trading.mt5.package_thread import Unanswered
from trading.mt5.terminal import NEVER_SENT, Failed


class Row(NamedTuple):
    """Our stable code, one clear line, and the remedy."""

    code: str
    text: str
    remedy: str


class Meaning(Enum):
    """What to do about an answer."""

    DONE = auto()
    MOVED = auto()  # not executed: ask again at the price of now, a few times
    BUSY = auto()  # not executed: ask again in a moment, a few times
    OTHER_FILLING = auto()  # not executed: the symbol takes another filling mode
    REFUSED = auto()
    UNKNOWN = auto()


HEDGE_PROHIBITED = 10046  # not in the package: MQL5 reference only
DONE = frozenset(
    {
        mt5.TRADE_RETCODE_PLACED,
        mt5.TRADE_RETCODE_DONE,
        mt5.TRADE_RETCODE_DONE_PARTIAL,
        mt5.TRADE_RETCODE_NO_CHANGES,  # of a change: it is like that already
    }
)
_NUMBERS = "/instruments shows the limits of the symbol."
_LESS = "Ask for less, or close something first."
_BROKER = "Ask the broker about the account."
_FAULT = "That is a fault of the desk: please report it, with what /why says."
_AGAIN = "Try again in a moment."

MOVED: Mapping[int, Row] = {
    mt5.TRADE_RETCODE_REQUOTE: Row("REQUOTE", "The price moved away while the order was on its way.", _AGAIN),
    mt5.TRADE_RETCODE_PRICE_CHANGED: Row("REQUOTE", "The price changed while the order was on its way.", _AGAIN),
    mt5.TRADE_RETCODE_PRICE_OFF: Row("NO_PRICE", "The broker shows no price of it now.", _AGAIN),
}
BUSY: Mapping[int, Row] = {
    mt5.TRADE_RETCODE_TOO_MANY_REQUESTS: Row("VENUE_UNREACHABLE", "The broker takes no more requests now.", _AGAIN),
}
UNKNOWN: Mapping[int, Row] = {
    mt5.TRADE_RETCODE_ERROR: Row("UNKNOWN_ERROR", "The broker met an error while working on it.", ""),
    mt5.TRADE_RETCODE_TIMEOUT: Row("TIMEOUT", "The broker did not answer the terminal in time.", ""),
    mt5.TRADE_RETCODE_CONNECTION: Row("NO_CONNECTION", "The terminal lost the broker.", ""),
    # The request is held by the server, which says neither that it will be done nor that it will not.
    mt5.TRADE_RETCODE_LOCKED: Row("LOCKED", "The broker holds the request.", ""),
}
_CLOSED = Row("MARKET_CLOSED", "The market is closed.", "Try again when it opens: the broker's site has its hours.")
REFUSED: Mapping[int, Row] = {
    mt5.TRADE_RETCODE_REJECT: Row("REJECTED", "The broker rejected it.", "It may not be fillable now; " + _AGAIN),
    mt5.TRADE_RETCODE_CANCEL: Row("REJECTED", "It was cancelled at the broker.", _BROKER),
    mt5.TRADE_RETCODE_INVALID: Row("BAD_REQUEST", "The broker does not understand the request.", _FAULT),
    mt5.TRADE_RETCODE_INVALID_VOLUME: Row("LOT_SIZE", "The number of lots is not allowed.", _NUMBERS),
    mt5.TRADE_RETCODE_INVALID_PRICE: Row("PRICE_FILTER", "The price is not allowed.", "Move it from the market."),
    mt5.TRADE_RETCODE_INVALID_STOPS: Row("STOPS_LEVEL", "The stop or target is too near.", "Move it from the market."),
    mt5.TRADE_RETCODE_TRADE_DISABLED: Row("TRADE_DISABLED", "Trading is disabled for the account or symbol.", _BROKER),
    mt5.TRADE_RETCODE_MARKET_CLOSED: _CLOSED,
    mt5.TRADE_RETCODE_NO_MONEY: Row("INSUFFICIENT_FUNDS", "There is not enough free margin for it.", _LESS),
    mt5.TRADE_RETCODE_INVALID_EXPIRATION: Row("BAD_REQUEST", "The expiration is not allowed.", _FAULT),
    mt5.TRADE_RETCODE_ORDER_CHANGED: Row("UNKNOWN_ORDER", "The order is not as it was: it may be done.", ""),
    mt5.TRADE_RETCODE_SERVER_DISABLES_AT: Row(
        "ALGO_DISABLED", "The broker does not allow algo trading on this account.", _BROKER
    ),
    mt5.TRADE_RETCODE_CLIENT_DISABLES_AT: Row(
        "ALGO_DISABLED", "Algo trading is off in the terminal.", "Press the Algo Trading button in its toolbar."
    ),
    mt5.TRADE_RETCODE_FROZEN: Row("FROZEN", "It is too near the market to be changed.", "Wait: it may be done soon."),
    mt5.TRADE_RETCODE_INVALID_FILL: Row("NOT_SUPPORTED", "The symbol takes none of the filling modes.", _BROKER),
    mt5.TRADE_RETCODE_ONLY_REAL: Row("TRADE_DISABLED", "Only real accounts may do this.", _BROKER),
    mt5.TRADE_RETCODE_LIMIT_ORDERS: Row("MAX_NUM_ORDERS", "Too many orders are open.", "Cancel some first."),
    mt5.TRADE_RETCODE_LIMIT_VOLUME: Row("MAX_POSITION", "The volume limit of the symbol is reached.", _LESS),
    mt5.TRADE_RETCODE_INVALID_ORDER: Row("UNKNOWN_ORDER", "There is no such order, or it may not be so.", ""),
    mt5.TRADE_RETCODE_POSITION_CLOSED: Row("REDUCE_ONLY", "The position is closed already.", "See /positions."),
    mt5.TRADE_RETCODE_INVALID_CLOSE_VOLUME: Row("REDUCE_ONLY", "It is more than is open.", "See /positions."),
    mt5.TRADE_RETCODE_CLOSE_ORDER_EXIST: Row("REDUCE_ONLY", "The position is being closed already.", _AGAIN),
    mt5.TRADE_RETCODE_LIMIT_POSITIONS: Row("MAX_POSITION", "Too many positions are open.", _LESS),
    mt5.TRADE_RETCODE_REJECT_CANCEL: Row("REJECTED", "The broker rejected and cancelled it.", _BROKER),
    mt5.TRADE_RETCODE_LONG_ONLY: Row("NOT_SUPPORTED", "The symbol may only be bought.", "Sell another one."),
    mt5.TRADE_RETCODE_SHORT_ONLY: Row("NOT_SUPPORTED", "The symbol may only be sold.", "Buy another one."),
    mt5.TRADE_RETCODE_CLOSE_ONLY: Row("NOT_SUPPORTED", "The symbol may only be closed.", "Trade another one."),
    mt5.TRADE_RETCODE_FIFO_CLOSE: Row("FIFO", "The oldest position must be closed first.", "Close it, or all."),
    HEDGE_PROHIBITED: Row("NOT_SUPPORTED", "Opposite positions are not allowed.", "Close the other one first."),
}

_ERRORS: Mapping[int, Row] = {
    mt5.RES_E_INVALID_PARAMS: Row("BAD_REQUEST", "The terminal cannot read the request.", _FAULT),
}
LOOKED_UP = "It is never sent again: it is being looked up."
NOT_SENT = "Nothing was sent. It is tried to reach the terminal again by itself."


def meaning_of(retcode: int) -> Meaning:
    """What to do about a return code of order_send."""
    if retcode in DONE:
        return Meaning.DONE
    if retcode in MOVED:
        return Meaning.MOVED
    if retcode in BUSY:
        return Meaning.BUSY
    if retcode == mt5.TRADE_RETCODE_INVALID_FILL:
        return Meaning.OTHER_FILLING
    return Meaning.REFUSED if retcode in REFUSED else Meaning.UNKNOWN


def error_of(retcode: int, comment: str = "") -> VenueError:
    """The error of a return code that is not a success; `comment` is the broker's own word for it."""
    said = f" [{retcode}: {_short(comment)}]" if comment else f" [{retcode}]"
    if (row := REFUSED.get(retcode) or MOVED.get(retcode)) is not None:
        return VenueRefused(f"{row.text}{said}", row.remedy, code=row.code)
    if (row := BUSY.get(retcode)) is not None:
        return VenueUnreachable(f"{row.text}{said}", row.remedy, code=row.code)
    row = UNKNOWN.get(retcode) or Row(f"MT5_{retcode}", "The broker answered with a code this desk does not know.", "")
    return OutcomeUnknown(f"{row.text}{said}", LOOKED_UP, code=row.code)


def error_of_failure(why: Failed | Unanswered, *, order: bool) -> VenueError:
    """The error of a call that came to nothing. `order`: it could have executed something."""
    if isinstance(why, Unanswered):
        if order and why.begun:
            return OutcomeUnknown("The terminal did not answer in time.", LOOKED_UP, code="NO_ANSWER")
        return VenueUnreachable("The terminal does not answer.", NOT_SENT if order else "The desk asks again.")
    said = f" [{why.code}: {_short(why.text)}]"
    if (row := _ERRORS.get(why.code)) is not None:
        return VenueRefused(f"{row.text}{said}", row.remedy, code=row.code)
    if why.code in NEVER_SENT or not order:
        return VenueUnreachable(f"The terminal cannot be reached.{said}", NOT_SENT if order else "The desk asks again.")
    return OutcomeUnknown(f"The answer of the terminal was lost.{said}", LOOKED_UP, code="NO_ANSWER")


def _short(words: str) -> str:
    """The broker's words in one short line."""
    words = " ".join(words.split())
    return words if len(words) <= 100 else words[:97] + "..."
