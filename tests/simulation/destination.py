"""Somebody who is told every event: slow, sometimes deaf, and able to recognise what was told twice."""

import asyncio
from random import Random


class Deaf(Exception):
    """It could not be told, or it was and the answer got lost."""


class Destination:
    """Outlives our crashes, as a chat does; what it has seen already it does not show again."""

    def __init__(self, name: str, chance: Random) -> None:
        self.name = name
        self.chance = chance
        self.faults = 0.05
        self.shown: list[int] = []
        self.out_of_order: list[int] = []

    async def tell(self, seq: int) -> None:
        """Show one event.

        Raises:
            Deaf: it must be told again.
        """
        await asyncio.sleep(self.chance.choice((0.0, 0.0, 0.05)))
        if self.chance.random() < self.faults:
            raise Deaf
        last = self.shown[-1] if self.shown else 0
        if seq == last + 1:
            self.shown.append(seq)
        elif seq != last:
            self.out_of_order.append(seq)
        if self.chance.random() < self.faults:
            raise Deaf
