"""What somebody wants traded, before any judgement."""

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from trading.errors import IntentError
from trading.instruments import Side, Symbol, decimal_from_text, plain


class Mode(StrEnum):
    """Whether an account's orders go to the paper executor or to its venue."""

    PAPER = "paper"
    LIVE = "live"


class AccountId(NamedTuple):
    """An account in one of its modes. Every balance, position and order belongs to exactly one."""

    name: str
    mode: Mode

    def __str__(self) -> str:
        """`PAPER demo`, `LIVE main`."""
        return f"{self.mode.upper()} {self.name}"


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"  # a market order once the stop price is seen
    STOP_LIMIT = "STOP_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"  # a market order once the price is as good as the stop price
    TRAILING_STOP = "TRAILING_STOP"  # a stop that follows the best price at a distance


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Leg(StrEnum):
    """What an order is for, within a bracket or an OCO pair."""

    ENTRY = "entry"
    STOP_LOSS = "sl"
    TAKE_PROFIT = "tp"


class Unit(StrEnum):
    """What a size counts."""

    UNITS = "units"  # the instrument's units
    VALUE = "value"  # quote currency
    EQUITY = "equity"  # percent of account equity
    RISK = "risk"  # percent of account equity lost if the stop is hit
    POSITION = "position"  # percent of the open position


DOLLARS = frozenset({"USD", "USDT", "USDC"})


class Size(msgspec.Struct, frozen=True):
    """How much, in one of several units; becomes a quantity in `risk.sizing`."""

    amount: Decimal
    unit: Unit = Unit.UNITS
    currency: str = ""  # of a value, where it was said; the quote currency's own otherwise

    @classmethod
    def parse(cls, text: str) -> "Size":
        """`0.01`, `$100`, `100usdt`, `5%`, `risk=1%`.

        Raises:
            IntentError: anything else, zero, or more than 100 percent of equity at risk.
        """
        word = text.strip().lower()
        unit, said = Unit.UNITS, ""
        if word.startswith("risk="):
            word, unit = word.removeprefix("risk=").removesuffix("%"), Unit.RISK
        elif word.endswith("%"):
            word, unit = word[:-1], Unit.EQUITY
        elif word.startswith("$"):
            word, unit = word[1:], Unit.VALUE
        else:
            for currency in ("usdt", "usdc", "usd", "eur"):
                if word.endswith(currency):
                    word, unit, said = word.removesuffix(currency), Unit.VALUE, currency.upper()
                    break
        try:
            amount = decimal_from_text(word, "size")
        except IntentError as why:
            raise IntentError(
                why.text.replace(repr(word), repr(text[:24])), "Sizes are 0.01, $100, 5% or risk=1%.", code="BAD_SIZE"
            ) from None
        if amount <= 0:
            raise IntentError("The size is zero.", "Sizes are 0.01, $100, 5% or risk=1%.", code="BAD_SIZE")
        if unit is Unit.RISK and amount > 100:
            raise IntentError("More than 100% cannot be at risk.", "Write risk=1%.", code="BAD_SIZE")
        return cls(amount, unit, said)

    def value_in(self, quote: str) -> Decimal:
        """The amount of a value, in the currency that an instrument is quoted in. Any dollar counts as a dollar.

        Raises:
            IntentError: it was said in another one, such as 100eur of BTC/USDT: never taken for 100 of the quote.
        """
        if self.currency in ("", quote) or {self.currency, quote} <= DOLLARS:
            return self.amount
        remedy = f"Write ${plain(self.amount)} for {plain(self.amount)} {quote}, or the size in units."
        raise IntentError(f"{self} is no value in {quote}.", remedy, code="BAD_SIZE")

    def __str__(self) -> str:
        number = plain(self.amount)
        if self.currency:
            return f"{number}{self.currency.lower()}"
        return {
            Unit.UNITS: number,
            Unit.VALUE: f"${number}",
            Unit.EQUITY: f"{number}%",
            Unit.RISK: f"risk={number}%",
            Unit.POSITION: f"{number}% of the position",
        }[self.unit]


class Trail(msgspec.Struct, frozen=True):
    """Distance of a trailing stop: in quote currency, or in percent of the price."""

    amount: Decimal
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> "Trail":
        """`500` or `1.5%`.

        Raises:
            IntentError: anything else, zero, or 100 percent and more.
        """
        percent = text.endswith("%")
        amount = decimal_from_text(text.removesuffix("%"), "trailing distance")
        if amount <= 0 or (percent and amount >= 100):
            raise IntentError(f"{text[:24]!r} is not a trailing distance.", "Write 500 or 1.5%.", code="BAD_NUMBER")
        return cls(amount, percent)

    def distance(self, price: Decimal) -> Decimal:
        """In quote currency at `price`."""
        return price * self.amount / 100 if self.percent else self.amount

    def __str__(self) -> str:
        return plain(self.amount) + ("%" if self.percent else "")


class Origin(msgspec.Struct, frozen=True):
    """Who asked, from where, in which words."""

    actor: str  # a person, `strategy:trend`, `webhook:pine`, `desk` for what the desk does by itself
    source: str  # the surface or mechanism: web, terminal, api, strategy, schedule, protection, kill
    text: str = ""


class Intent(msgspec.Struct, frozen=True):
    """One order somebody wants.

    `key` is the transport's own id of the request: the same key is the same order, for ever.
    A `stop_loss`, `take_profit` or `trail` on an entry makes it a bracket. `group` ties the legs of
    an OCO pair: when one fills, the others are cancelled. `iceberg` is how much of it the book shows at a time.
    """

    key: str
    account: AccountId
    symbol: Symbol
    side: Side
    size: Size
    origin: Origin
    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.GTC
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Trail | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trail_loss: Trail | None = None
    reduce_only: bool = False
    post_only: bool = False
    iceberg: Decimal | None = None
    leg: Leg = Leg.ENTRY
    parent_id: str = ""
    group: str = ""
