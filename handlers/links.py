"""A link that signs somebody in at the dashboard, as commands see it."""

from datetime import timedelta
from typing import NamedTuple


class Link(NamedTuple):
    """Good once, for `life`. `leads_here`: from anywhere; else the address is known on the desk's own machine only."""

    address: str
    life: timedelta
    leads_here: bool
