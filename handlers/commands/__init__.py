"""The commands, a module a group; importing this package declares them all, those of the door included."""

from handlers import confirm, help
from handlers.commands import (
    account,
    control,
    market,
    modes,
    orders,
    protect,
    reconcile,
    results,
    risk,
    strategies,
    system,
    trade,
)

__all__ = [
    "account",
    "confirm",
    "control",
    "help",
    "market",
    "modes",
    "orders",
    "protect",
    "reconcile",
    "results",
    "risk",
    "strategies",
    "system",
    "trade",
]
