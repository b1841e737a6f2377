"""What each event makes of the desk: one pure step, the same for live running, replay and verify.

`fold(entry, get)` answers the things an event changed, in their new version. Live state, the rows of
the projections and the proof that both agree all come from here.
"""

from collections.abc import Iterator

from trading import events as e
from trading.steps import accounts, audience, control, incoming, orders
from trading.steps.step import Entity, Get

_steps = {**orders.steps, **accounts.steps, **control.steps, **audience.steps, **incoming.steps}


def fold(entry: e.Recorded, get: Get) -> Iterator[Entity]:
    """The entities that this entry changes, in their new version."""
    step = _steps.get(type(entry.event))
    return step(entry.event, entry, get) if step else iter(())
