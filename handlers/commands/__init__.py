"""The commands, a module a group; importing this package declares them all."""

from handlers.commands import (
    account,
    control,
    market,
    modes,
    orders,
    protect,
    results,
    risk,
    strategies,
    system,
    trade,
)

__all__ = [
    "account",
    "control",
    "market",
    "modes",
    "orders",
    "protect",
    "results",
    "risk",
    "strategies",
    "system",
    "trade",
]
