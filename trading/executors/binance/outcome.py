"""What became of a request: from what the wire did to one of our three errors. Pure.

A request that may have executed something is only called unsent when no connection was ever had for it, and only
called refused when the venue said so in words that `codes` knows. Anything else is in doubt, until the moment after
which the venue itself would no longer let it through (rest-api.md "Timing security": the timestamp is checked again
before the matching engine, which is waited for at most 10 s).
"""

from datetime import datetime, timedelta

from trading.binance.products import Product
from trading.errors import OutcomeUnknown, VenueError, VenueUnreachable
from trading.executors.binance.codes import error_of

READ_WINDOW_MS = 5000
ORDER_WINDOW_MS = 2000
"""recvWindow of a call that executes something: what arrives later than this is not wanted any more."""

ENGINE = timedelta(seconds=10)
"""How long the venue waits for its matching engine (general API information)."""

HEALING_S = 8.0
"""How long after it was begun an order call may be made again that was turned away for its timestamp."""

MARGIN = timedelta(seconds=3)
"""For a clock that is measured, not known, and for lookups that read a copy of the engine's state."""

NOT_SENT = "Nothing was sent: check the network and the address."


class Said(Exception):
    """The venue answered with an error, or with something that cannot be read (`code` None)."""

    def __init__(self, status: int, code: int | None = None, message: str = "", data: object = None) -> None:
        super().__init__(status, code)
        self.status, self.code, self.message, self.data = status, code, message, data


class Lost(Exception):
    """There was no answer. `sent` False: no connection was ever had for the request. `how` names it in a few words."""

    def __init__(self, how: str, *, sent: bool) -> None:
        super().__init__(how)
        self.how, self.sent = how, sent


class InDoubt(OutcomeUnknown):
    """An outcome that is unknown now and certain from `certain_at` on, by the desk's clock."""

    def __init__(self, text: str, remedy: str, code: str, certain_at: datetime) -> None:
        super().__init__(text, remedy, code=code)
        self.certain_at = certain_at


def certain_after(sent_at: datetime) -> datetime:
    """When the venue can no longer execute an order call sent at `sent_at` that it has not executed by then.

    From that moment on, "does not exist" may be believed, if it is said repeatedly and the lists of orders and trades
    agree.
    """
    return sent_at + timedelta(milliseconds=ORDER_WINDOW_MS) + ENGINE + MARGIN


def verdict(fault: Said | Lost, *, product: Product, order: bool, sent_at: datetime) -> VenueError:
    """What we know after `fault`; `order`: the call could have executed something."""
    if isinstance(fault, Lost) and not fault.sent:
        return VenueUnreachable(f"Binance cannot be reached ({fault.how}).", NOT_SENT, code="UNREACHABLE")
    if isinstance(fault, Lost):
        why = error_of(0, None, "", product=product, order=order)
        why = type(why)(f"{why.text.removesuffix('.')} ({fault.how}).", why.remedy, code=why.code)
    else:
        why = error_of(fault.status, fault.code, fault.message, product=product, order=order, data=fault.data)
    if not isinstance(why, OutcomeUnknown):
        return why
    certain_at = certain_after(sent_at)
    return InDoubt(why.text, f"{why.remedy} It is certain by {certain_at:%H:%M:%S} UTC.", why.code, certain_at)
