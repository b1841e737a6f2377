"""What the cases of the campaigns are called, at either venue."""

from typing import NamedTuple

VENUES = {"binance": ("spot", "usdm"), "mt5": ("netting", "hedging")}
"""The products of each; at MetaTrader 5 these are kinds of accounts."""


class Case(NamedTuple):
    """What is played; written `fault:action:seed`."""

    product: str
    fault: str
    action: str
    seed: int

    def __str__(self) -> str:
        return f"{self.fault}:{self.action}:{self.seed}"

    @property
    def venue(self) -> str:
        return next(venue for venue, products in VENUES.items() if self.product in products)

    @property
    def command(self) -> str:
        return f"python -m tests.faults --venue {self.venue} --product {self.product} --only {self}"
