"""A request as a product's code sees it, whichever way it came, and what answers it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from tests.emulators.binance import codes
from tests.emulators.binance.connections import Connection
from tests.emulators.binance.signing import ApiKey

SIGNED = frozenset({"timestamp", "recvWindow", "signature", "apiKey", "returnRateLimits"})
"""Parameters that every signed request may have."""


@dataclass
class Call:
    """One authenticated request. Parameters are texts, as sent (JSON numbers keep their own text)."""

    operation: str  # "POST /api/v3/order" or "order.place"
    params: dict[str, str]
    now_ms: int
    key: ApiKey | None = None
    connection: Connection | None = None  # of a WebSocket API request
    header_key: str = ""  # X-MBX-APIKEY as it came

    @property
    def account(self) -> str:
        """The account of the key."""
        assert self.key is not None, "an unsigned call has no account"
        return self.key.account

    def get(self, name: str, default: str = "") -> str:
        """A text, or the default if it was not sent or empty."""
        return self.params.get(name) or default

    def need(self, name: str) -> str:
        """A mandatory text. Refuses -1102."""
        value = self.params.get(name)
        if not value:
            raise codes.PARAM_MISSING.refusal(name)
        return value

    def decimal(self, name: str) -> Decimal | None:
        """A plain decimal number, or None if not sent. Refuses -1100 for anything else (as 1e-5)."""
        text = self.params.get(name)
        if text is None:
            return None
        if not text:
            raise codes.PARAM_EMPTY.refusal(name)
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = None
        if value is None or not set(text) <= set("0123456789."):
            raise codes.ILLEGAL_CHARS.refusal(name, r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
        return value

    def integer(self, name: str) -> int | None:
        """A whole number, or None if not sent. Refuses -1100."""
        text = self.params.get(name)
        if text is None or text == "":
            return None
        if not text.lstrip("-").isdigit():
            raise codes.ILLEGAL_CHARS.refusal(name, "^[0-9]{1,20}$")
        return int(text)

    def flag(self, name: str) -> bool:
        """A boolean, False if not sent."""
        return self.params.get(name, "").lower() == "true"

    def texts(self, name: str) -> list[str] | None:
        """A JSON list of texts (`symbols`), or None if not sent. Refuses -1135."""
        text = self.params.get(name)
        if not text:
            return None
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, list):
            raise codes.Code(-1135, "JSON sent for parameter '{}' is not valid").refusal(name)
        return [str(entry) for entry in found]


def read_params(query: str, body: str) -> dict[str, str]:
    """Query and form body in one; what is in both is taken from the query. Refuses -1101 for a double in either."""
    found: dict[str, str] = {}
    for part in (body, query):
        pairs = parse_qsl(part, keep_blank_values=True)
        values = dict(pairs)
        if len(values) != len(pairs):
            raise codes.DUPLICATE_PARAM.refusal()
        found.update(values)
    return found


Answering = Callable[[Call], Any]
Weight = int | Callable[[Mapping[str, str]], int]


@dataclass(frozen=True)
class Route:
    """How one operation is answered.

    `security`: NONE, TRADE, USER_DATA, USER_STREAM, FUTURES ... (a permission: signed), or KEY (only X-MBX-APIKEY).
    `weight` is charged before; `free` gives it back when the request succeeds. `orders` counts as unfilled orders.
    `accepts`: the parameters there are (besides the signed ones); another is refused with -1104. None: any.
    """

    product: str
    answer: Answering
    security: str = "NONE"
    weight: Weight = 1
    free: bool = False
    orders: int = 0
    accepts: frozenset[str] | None = field(default=None)

    def weigh(self, params: Mapping[str, str]) -> int:
        """The weight of a request with these parameters."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)

    def check(self, params: Mapping[str, str]) -> None:
        """Refuse parameters that the operation does not have."""
        if self.accepts is None:
            return
        extra = [name for name in params if name not in self.accepts and name not in SIGNED]
        if extra:
            read, sent = len(params) - len(extra), len(params)
            text = f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
            raise codes.Refusal(-1104, text)
