"""The limits of the desk, and those that tighten one account."""

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from bot.settings.kinds import (
    Amount,
    AmountOrZero,
    Count,
    CountOrOff,
    Duration,
    Percent,
    Seconds,
    SecondsOrOff,
    Symbols,
)
from bot.settings.parsers import duration, positive
from bot.settings.section import Section


class RiskSettings(Section):
    """What no order may break, whoever asks; one that makes a position smaller always passes.

    Amounts are in the desk's currency. A percentage is the number before its sign: "20%" is Decimal(20).
    """

    max_order_value: Amount = Field(default=positive(1000), description="Most that one order may be worth.")
    max_position_value: Amount = Field(default=positive(5000), description="Most that one position may be worth.")
    max_total_exposure: Amount = Field(
        default=positive(20000), description="Most that all positions and entries may be worth."
    )
    max_daily_loss: Amount = Field(
        default=positive(500), description="Loss of equity since midnight that stops new entries."
    )
    max_open_orders_per_symbol: Count = Field(default=5, description="Most open orders in one symbol.")
    min_order_value: AmountOrZero = Field(
        default=positive(10), description="Least that an order may be worth; 0 is off."
    )
    max_open_positions: Count = Field(default=10, description="Most positions at a time.")
    max_drawdown: Percent = Field(
        default=positive(20), description="Fall of equity from its peak that stops new entries."
    )
    price_band: Percent = Field(
        default=positive(5), description="How far a price may be from the market's (fat finger)."
    )
    stale_price_s: Seconds = Field(default=15, description="Age at which a price is too old to trade on.")
    max_orders_per_minute: Count = Field(default=60, description="Most orders in a minute.")
    duplicate_window_s: SecondsOrOff = Field(
        default=2, description="The same order again this soon is denied; 0 is off."
    )
    allow: Symbols = Field(
        default=(), description="Only these symbols may be traded (patterns such as */USDT); empty is all."
    )
    deny: Symbols = Field(default=(), description="These symbols may not be traded (patterns too).")
    loss_streak: CountOrOff = Field(default=0, description="Losing trades in a row that start the cooldown; 0 is off.")
    cooldown: Duration = Field(default=duration("1h"), description="How long new entries wait after a loss streak.")
    max_leverage: Amount = Field(default=positive(1), description="Most exposure as a multiple of equity.")


class AccountRisk(Section):
    """Limits of one account beside the desk's: any key of [risk]. What is not written is as the desk's."""

    max_order_value: Amount | None = None
    max_position_value: Amount | None = None
    max_total_exposure: Amount | None = None
    max_daily_loss: Amount | None = None
    max_open_orders_per_symbol: Count | None = None
    min_order_value: AmountOrZero | None = None
    max_open_positions: Count | None = None
    max_drawdown: Percent | None = None
    price_band: Percent | None = None
    stale_price_s: Seconds | None = None
    max_orders_per_minute: Count | None = None
    duplicate_window_s: SecondsOrOff | None = None
    allow: Symbols | None = None
    deny: Symbols | None = None
    loss_streak: CountOrOff | None = None
    cooldown: Duration | None = None
    max_leverage: Amount | None = None

    def stated(self) -> dict[str, Any]:
        """The limits that were written, by name."""
        return {name: value for name, value in self if value is not None}

    @model_serializer(mode="wrap")
    def _stated_only(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if value is not None}
