"""What an error of Binance means for the request that met it. Pure; the rows in order are the specification.

The venue's own code decides first, the HTTP status only where there is no code. "Not executed" is believed of a
code in `REFUSED` or `TURNED_AWAY` and of HTTP 429, 418, 403 and 451; anything else that happens to a call which
could have executed something is `OutcomeUnknown`, because Binance asks not to take a 5xx or a timeout for a failure.

Sources: binance-spot-api-docs errors.md and rest-api.md ("HTTP Return Codes"); derivatives/usds-margined-futures
error-code and general-info. Where one number means two things (-2021, -2022, -2026) the product decides.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from trading.binance.products import Product
from trading.errors import OutcomeUnknown, VenueError, VenueRefused, VenueUnreachable
from trading.executors.binance.refusals import FILTERS, REFUSED, REFUSED_SPOT, REFUSED_USDM, TEXTS, Row

LONGEST = 140  # characters of the venue's own words that are repeated
LOOKED_UP = "It is never sent again: it is being looked up."


class Unsure(NamedTuple):
    """A row of a code after which something may have been executed."""

    code: str
    text: str


UNSURE: Mapping[int, Unsure] = {
    -1000: Unsure("UNKNOWN_ERROR", "Binance met an error it cannot name."),
    -1001: Unsure("DISCONNECTED", "Binance lost its own connection while working on it."),
    -1006: Unsure("UNEXPECTED_RESPONSE", "Binance does not know whether it was executed."),
    -1007: Unsure("TIMEOUT", "Binance gave up waiting for its matching engine."),
    -1008: Unsure("OVERLOADED", "Binance is overloaded."),
    -4116: Unsure("DUPLICATE_ID", "Binance has an order with this id already: an earlier send arrived."),
}

_LIMITED = Row("RATE_LIMITED", "Too many requests.", "Wait a minute: the desk slows down by itself.")

TURNED_AWAY: Mapping[int, Row] = {
    -1003: _LIMITED,
    -1015: Row("TOO_MANY_ORDERS", "Too many new orders.", "Wait a little: cancels still get through."),
    -1021: Row("CLOCK", "Our clock and Binance's do not agree.", "The desk measures it anew; check the clock here."),
    -1034: Row("TOO_MANY_CONNECTIONS", "Too many connections.", "Close other programs on this account and address."),
    -5028: Row("CLOCK", "It took too long to reach the matching engine.", "Try again."),
}

_STATUS: Mapping[int, Row] = {
    418: Row("BANNED", "Binance has banned this address for a while.", "Nothing gets through until then."),
    429: _LIMITED,
    403: Row("FIREWALL", "Binance's firewall turned it away.", "Wait some minutes; check the proxies in between."),
    451: Row("LOCATION", "Binance does not serve this location.", "Run the desk where your account may trade."),
}

_REPLACE = {-2021, -2022}
_SECRET = re.compile(r"[A-Za-z0-9+/=_-]{40,}")  # keys and signatures are longer than any word of the venue
_FILTER = re.compile(r"filter failure: (\w+)", re.IGNORECASE)
_UNTIL = re.compile(r"until (\d{13})\b")
_MARKUP = re.compile(r"<[^>]*>")


def error_of(
    status: int,
    code: int | None,
    message: str,
    *,
    order: bool,
    product: str = Product.SPOT,
    data: object = None,
) -> VenueError:
    """The error of an answer: what we then know, in one clear line with a remedy.

    `status` is HTTP's (0 if there was none), `code` and `message` are the venue's, None and anything if its answer
    could not be read. `order` says that the call could have executed something; the failure of a call that only
    reads is never an `OutcomeUnknown`. `data` is the same of the answer to a cancelReplace, with both halves.
    """
    usdm = product == Product.USDM
    said = _said(code, message)
    if status == 418:
        return _unreachable(_banned(message), said)
    if code is None or code >= 0:
        return _of_status(status, order)
    if code in _REPLACE and not usdm:
        return _of_replace(data, said)
    if code in TURNED_AWAY:
        return _unreachable(TURNED_AWAY[code], said)
    if code == -2010 and "duplicate" in message.lower():
        return _unsure(UNSURE[-4116], said, order)
    if code in UNSURE:
        return _unsure(UNSURE[code], said, order)
    if row := _refusal(code, message, usdm):
        return VenueRefused(f"{row.text}{said}", row.remedy, code=row.code)
    if status in _STATUS:
        return _of_status(status, order)
    return _unsure(Unsure(f"BINANCE_{-code}", "Binance answered with an error this desk does not know."), said, order)


def banned_until(message: str) -> datetime | None:
    """The moment (UTC) at which a ban ends, as -1003 "IP banned until ..." names it in ms; None if it does not."""
    found = _UNTIL.search(message)
    return datetime.fromtimestamp(int(found[1]) / 1000, UTC) if found else None


def _refusal(code: int, message: str, usdm: bool) -> Row | None:
    """The row of a code in the reject set; where the message says more than the code, the row of the message."""
    row = (REFUSED_USDM if usdm else REFUSED_SPOT).get(code) or REFUSED.get(code)
    if row is None or not row.by_text:
        return row
    if found := _FILTER.search(message):
        return FILTERS.get(found[1].upper(), row)
    words = message.lower()
    return next((TEXTS[part] for part in TEXTS if part in words), row)


def _of_status(status: int, order: bool) -> VenueError:
    row = _STATUS.get(status)
    if row is not None:
        kind = VenueRefused if status == 451 else VenueUnreachable
        return kind(f"{row.text} (HTTP {status})", row.remedy, code=row.code)
    text = f"Binance gave no readable answer (HTTP {status})." if status else "Binance gave no answer."
    return _unsure(Unsure(f"HTTP_{status}" if status else "NO_ANSWER", text), "", order)


def _of_replace(data: object, said: str) -> VenueError:
    """cancelReplace in which a half failed: -2021 one of the halves, -2022 both (rest-api.md).

    The new order is only sent after the cancel succeeded (STOP_ON_FAILURE), so a refused cancel means that nothing
    changed. `REPLACE_HALF_DONE`: the old order is cancelled, and there is no new one.
    """
    halves = data if isinstance(data, Mapping) else {}
    cancel, new = (_half(halves.get(name)) for name in ("cancelResponse", "newOrderResponse"))
    match halves.get("cancelResult"), halves.get("newOrderResult"):
        case "FAILURE", "NOT_ATTEMPTED" if isinstance(cancel, VenueRefused):
            return VenueRefused(cancel.text, cancel.remedy, code=cancel.code)
        case "SUCCESS", "FAILURE" if isinstance(new, VenueRefused | VenueUnreachable):
            text = f"The order was cancelled, but its replacement was refused: {new.text}"
            return VenueRefused(text, "Place it anew.", code="REPLACE_HALF_DONE")
        case _:
            return _unsure(Unsure("REPLACE_UNSURE", "It is not known which half of the change was done."), said, True)


def _half(answer: object) -> VenueError | None:
    """The error of one half of a cancelReplace, or None if it is none."""
    if not isinstance(answer, Mapping) or not isinstance(answer.get("code"), int):
        return None
    return error_of(400, answer["code"], str(answer.get("msg", "")), order=True)


def _banned(message: str) -> Row:
    row, until = _STATUS[418], banned_until(message)
    return row._replace(text=f"Binance has banned this address until {until:%Y-%m-%d %H:%M:%S} UTC.") if until else row


def _unreachable(row: Row, said: str) -> VenueUnreachable:
    return VenueUnreachable(f"{row.text}{said}", row.remedy, code=row.code)


def _unsure(row: Unsure, said: str, order: bool) -> VenueError:
    if order:
        return OutcomeUnknown(f"{row.text}{said}", LOOKED_UP, code=row.code)
    return VenueUnreachable(f"{row.text}{said}", "The desk asks again.", code=row.code)


def _said(code: int | None, message: str) -> str:
    """The venue's own words in brackets: one line, short, without markup and without anything like a key."""
    if code is None:
        return ""
    words = _SECRET.sub("***", " ".join(_MARKUP.sub(" ", message).split()))
    words = words if len(words) <= LONGEST else words[: LONGEST - 3] + "..."
    return f" [{code}: {words}]" if words else f" [{code}]"


class Parsed(NamedTuple):
    """What an answer says of an error: the arguments of `error_of`."""

    code: int | None
    message: str
    data: object


def parsed(body: Mapping[str, Any]) -> Parsed:
    """Code, message and data of an answer's body, of REST (`code`, `msg`) or of the WebSocket API (`error`)."""
    error = body.get("error")
    source = error if isinstance(error, Mapping) else body
    code = source.get("code")
    number = code if isinstance(code, int) and not isinstance(code, bool) else None
    return Parsed(number, str(source.get("msg", "")), source.get("data"))
