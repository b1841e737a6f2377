"""Which checks are in force under which limits, in the order in which they speak: the first to fail is the reason."""

from collections.abc import Iterator

from trading.risk.checks.check import Check
from trading.risk.checks.filters import FILTERS
from trading.risk.checks.losses import Cooldown, MaxDailyLoss, MaxDrawdown
from trading.risk.checks.pace import MaxOpenOrders, NotDuplicate, OrderRate
from trading.risk.checks.permission import Allowed, NoDoubt, NotKilled, NotLocked, NotPaused, Ready
from trading.risk.checks.validity import Funded, Reduces, StopSide, Supported
from trading.risk.checks.values import (
    Fresh,
    MaxLeverage,
    MaxOpenPositions,
    MaxOrderValue,
    MaxPositionValue,
    MaxTotalExposure,
    MinOrderValue,
    PriceBand,
    Priced,
    Rated,
)
from trading.risk.limits import Limits


def in_force(limits: Limits) -> tuple[Check, ...]:
    """The checks of an account: those without a limit always, the others when their limit is not off."""
    return tuple(_permission(limits)) + tuple(_validity(limits)) + tuple(_pace(limits)) + tuple(_values(limits))


def _permission(limits: Limits) -> Iterator[Check]:
    yield from (Ready(), NotKilled(), NotPaused(), NotLocked())
    if limits.allow or limits.deny:
        yield Allowed(limits.allow, limits.deny)
    yield NoDoubt()
    if limits.loss_streak and limits.cooldown_s:
        yield Cooldown(limits.loss_streak, limits.cooldown_s)
    if limits.max_daily_loss:
        yield MaxDailyLoss(limits.max_daily_loss)
    if limits.max_drawdown:
        yield MaxDrawdown(limits.max_drawdown)


def _validity(limits: Limits) -> Iterator[Check]:
    yield from (Supported(), *FILTERS, StopSide(), Reduces(), Priced(), Rated())
    if limits.stale_price_s:
        yield Fresh(limits.stale_price_s)
    if limits.price_band:
        yield PriceBand(limits.price_band)


def _pace(limits: Limits) -> Iterator[Check]:
    if limits.max_orders_per_minute:
        yield OrderRate(limits.max_orders_per_minute)
    if limits.duplicate_window_s:
        yield NotDuplicate(limits.duplicate_window_s)
    if limits.max_open_orders_per_symbol:
        yield MaxOpenOrders(limits.max_open_orders_per_symbol)


def _values(limits: Limits) -> Iterator[Check]:
    if limits.min_order_value:
        yield MinOrderValue(limits.min_order_value)
    if limits.max_order_value:
        yield MaxOrderValue(limits.max_order_value)
    if limits.max_position_value:
        yield MaxPositionValue(limits.max_position_value)
    if limits.max_total_exposure:
        yield MaxTotalExposure(limits.max_total_exposure)
    if limits.max_leverage:
        yield MaxLeverage(limits.max_leverage)
    if limits.max_open_positions:
        yield MaxOpenPositions(limits.max_open_positions)
    yield Funded()
