"""Who asks: what they may do, and what they must agree to before it is done."""

from decimal import Decimal
from enum import IntEnum, StrEnum

import msgspec

from trading.errors import ConfigError, IntentError
from trading.instruments import decimal_from_text
from trading.intent import Mode


class Role(IntEnum):
    """What somebody may do; each role may do everything the ones before it may."""

    STRANGER = 0  # nobody the settings name: may ask who they are, nothing else
    VIEWER = 1
    TRADER = 2
    ADMIN = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, name: str) -> "Role":
        """The role that settings and tokens call `viewer`, `trader` or `admin`.

        Raises:
            ConfigError: any other name.
        """
        for role in (cls.VIEWER, cls.TRADER, cls.ADMIN):
            if str(role) == name:
                return role
        raise ConfigError(f"{name[:24]!r} is not a role.", "Roles are viewer, trader and admin.", code="BAD_ROLE")


class Consent(IntEnum):
    """How far a request has been agreed to: by nobody yet, by its person, by a second person."""

    NONE = 0
    CONFIRMED = 1
    APPROVED = 2


class When(StrEnum):
    """Which orders a person must confirm (settings: `confirm.orders`)."""

    NEVER = "never"
    LIVE = "live"
    ABOVE = "above"
    ALWAYS = "always"


class ConfirmPolicy(msgspec.Struct, frozen=True):
    """What must be agreed to before it is sent. Values are in the desk's currency."""

    orders: When = When.LIVE
    above: Decimal = Decimal(0)
    approve_above: Decimal | None = None
    expires_s: int = 120

    @classmethod
    def parse(cls, orders: str, approve_above: str = "", expires_s: int = 120) -> "ConfirmPolicy":
        """From settings: `never`, `live`, `above:VALUE` or `always`, and the value from which a second person counts.

        Raises:
            ConfigError: any other text.
        """
        word, _, value = orders.partition(":")
        try:
            when = When(word)
            if (when is When.ABOVE) != bool(value):
                raise ValueError
            above = decimal_from_text(value) if value else Decimal(0)
            second = decimal_from_text(approve_above) if approve_above else None
        except (ValueError, IntentError):
            raise ConfigError(
                f"confirm: {orders[:24]!r} with approve_above {approve_above[:24]!r} cannot be read.",
                "Write never, live, above:1000 or always; approve_above is a value such as 5000, or empty.",
            ) from None
        return cls(when, above, second, expires_s)

    def need(self, mode: Mode, value: Decimal | None, *, reduces: bool = False) -> Consent:
        """The consent an order of this value needs; one that cannot be priced (None) counts as the largest.

        What only `reduces` a position waits for no second person: nobody may be kept from getting out.
        """
        if not reduces and self.approve_above is not None and (value is None or value >= self.approve_above):
            return Consent.APPROVED
        asks = {
            When.NEVER: False,
            When.LIVE: mode is Mode.LIVE,
            When.ABOVE: value is None or value > self.above,
            When.ALWAYS: True,
        }[self.orders]
        return Consent.CONFIRMED if asks else Consent.NONE


AUTOMATIC = ("webhook:", "strategy:")
"""How the ids begin of actors that are not people."""


class Actor(msgspec.Struct, frozen=True):
    """Somebody or something that sends command lines.

    `id` is the same on every surface: `person:ana`, `local:admin`, `token:abc`, `strategy:trend`,
    `webhook:pine`. `account` is the account used when a line names none (empty: the desk's first).
    `policy` replaces the desk's rules of confirmation (webhooks have their own).
    """

    id: str
    name: str
    role: Role
    account: str = ""
    policy: ConfirmPolicy | None = None

    @property
    def automatic(self) -> bool:
        """Whether nobody sits there who could press a button."""
        return self.id.startswith(AUTOMATIC)
