"""What has just been answered where: who reads the answer to `/buy` there is not told the same once more."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bot.chats.base import Place
from handlers.alerts import Alert
from handlers.reply import Reply

PATIENCE_S = 2.0  # for an answer that is on its way
MOST = 1000  # answers remembered


class Answering:
    """The answers of one chat, by place."""

    def __init__(self) -> None:
        self._under_way: dict[Place, int] = {}
        self._ended = asyncio.Event()  # of an answer under way; a new one after each
        self._known: dict[tuple[Place, str], int] = {}

    @contextmanager
    def to(self, place: Place) -> Iterator[None]:
        """While somebody's line there is run and answered."""
        self._under_way[place] = self._under_way.get(place, 0) + 1
        try:
            yield
        finally:
            self._under_way[place] -= 1
            if not self._under_way[place]:
                del self._under_way[place]
            self._ended.set()
            self._ended = asyncio.Event()

    def arrived(self, place: Place, reply: Reply) -> None:
        """This answer can be read there."""
        if reply.order_id and reply.as_of:
            self._known[place, reply.order_id] = reply.as_of
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    async def is_news(self, place: Place, alert: Alert) -> bool:
        """Whether an alert about an order says there what an answer has not; waits for one that is under way."""
        if not alert.order_id:
            return True
        try:
            async with asyncio.timeout(PATIENCE_S):
                while place in self._under_way and not self._covers(place, alert):
                    await self._ended.wait()
        except TimeoutError:
            pass
        return not self._covers(place, alert)

    def _covers(self, place: Place, alert: Alert) -> bool:
        return alert.seq <= self._known.get((place, alert.order_id), 0)
