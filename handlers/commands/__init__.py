"""The commands, a module a group; importing this package declares them all, those of the door included."""

from handlers import confirm, help
from handlers.commands import (
    account,
    alerts,
    control,
    digests,
    market,
    modes,
    orders,
    people,
    protect,
    reconcile,
    results,
    risk,
    strategies,
    system,
    trade,
    watch,
    webhooks,
)

__all__ = [
    "account",
    "alerts",
    "confirm",
    "control",
    "digests",
    "help",
    "market",
    "modes",
    "orders",
    "people",
    "protect",
    "reconcile",
    "results",
    "risk",
    "strategies",
    "system",
    "trade",
    "watch",
    "webhooks",
]
