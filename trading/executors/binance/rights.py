"""What an API key may do: enough to trade, and no more. Only the live exchange tells."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from trading.errors import VenueRefused


class Right(NamedTuple):
    """What lets a key trade a product: its name in `GET /sapi/v1/account/apiRestrictions`, and on the web site."""

    name: str
    label: str


def check_rights(rights: Mapping[str, Any], right: Right, product: str, *, may_withdraw: bool) -> None:
    """Nothing if a key with these `rights` may trade, and may not do what it should not.

    Raises:
        VenueRefused: it is not so.
    """
    if not rights.get(right.name, True):
        raise VenueRefused(f"The key may not trade {product}.", f"Tick {right.label!r} at Binance.", code="BAD_KEY")
    if not may_withdraw and rights.get("enableWithdrawals"):
        raise VenueRefused(
            "The key may withdraw money.",
            "Take that right from it at Binance, or set allow_withdrawals = true.",
            code="KEY_MAY_WITHDRAW",
        )
