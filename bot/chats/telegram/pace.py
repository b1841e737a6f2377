"""How fast a bot may speak: about one message a second in a chat, 20 a minute in a group, 30 a second in all.

Source: the bots' FAQ of Telegram ("My bot is hitting limits, how do I avoid this?"); short bursts are
tolerated. Times are those of the event loop. A message counts from when its answer came, so that
Telegram, which counts from when it took it, never sees more in a window than we allowed.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MARGIN_S = 0.05
BURST, BURST_S = 5, 5.0  # of one chat: one a second, a few at once
GROUP, GROUP_S = 20, 60.0
ALL, ALL_S = 28, 1.0  # two below the limit, for what is under way
MOST_CHATS = 1000  # remembered


class _Window:
    """At most `most` in any `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds + MARGIN_S
        self._times: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        """Seconds until one more fits."""
        return max(0.0, self._times[0] + self._seconds - now) if len(self._times) == self._most else 0.0

    def spend(self, now: float) -> None:
        self._times.append(now)


class _Chat:
    """The turn of one chat: whoever comes first goes first, and the others wait."""

    def __init__(self, group: bool) -> None:
        self.turn = asyncio.Lock()
        self.messages = [_Window(BURST, BURST_S), *([_Window(GROUP, GROUP_S)] if group else [])]
        self.edits = [_Window(BURST, BURST_S)]
        self.blocked_until = 0.0


class Pace:
    """Lets calls through in the order they came in, chat by chat: a slow chat holds up no other."""

    def __init__(self) -> None:
        self._chats: dict[int, _Chat] = {}
        self._all = _Window(ALL, ALL_S)

    @asynccontextmanager
    async def turn(self, chat: int, *, edit: bool = False) -> AsyncIterator[None]:
        """The chat's turn, for one call; an `edit` takes nothing of what may be said there."""
        own = self._chat(chat)
        windows = own.edits if edit else own.messages
        async with own.turn:
            await self._rest(own, windows)
            try:
                yield
            finally:
                now = asyncio.get_running_loop().time()
                for window in windows:
                    window.spend(now)

    def block(self, chat: int, seconds: float) -> None:
        """Telegram asks us to say nothing there for so long."""
        own = self._chat(chat)
        own.blocked_until = max(own.blocked_until, asyncio.get_running_loop().time() + seconds)

    async def _rest(self, own: _Chat, windows: list[_Window]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            wait = max(own.blocked_until - now, *(window.wait(now) for window in [*windows, self._all]))
            if wait <= 0:
                self._all.spend(now)
                return
            await asyncio.sleep(wait)

    def _chat(self, chat: int) -> _Chat:
        own = self._chats.get(chat)
        if own is None:
            if len(self._chats) >= MOST_CHATS:  # who has nothing to wait for needs no memory
                self._chats = {known: each for known, each in self._chats.items() if each.turn.locked() or known < 0}
            own = self._chats[chat] = _Chat(group=chat < 0)
        return own


class Flood:
    """How many lines one person may send: a burst, and then one every few seconds."""

    def __init__(self, burst: int = 10, every_s: float = 2.0) -> None:
        self._burst, self._every_s = burst, every_s
        self._spent: dict[int, tuple[float, float]] = {}  # how many, and as of when
        self._told: set[int] = set()

    def admit(self, user: int) -> bool | None:
        """Whether a line is taken; None for the first that is not: who floods is told once, until they are calm."""
        now = asyncio.get_running_loop().time()
        if len(self._spent) > MOST_CHATS:
            self._spent = {
                who: (n, at) for who, (n, at) in self._spent.items() if now - at < self._burst * self._every_s
            }
            self._told &= self._spent.keys()
        count, at = self._spent.get(user, (0.0, now))
        count = max(0.0, count - (now - at) / self._every_s)
        if count <= self._burst / 2:
            self._told.discard(user)
        if count + 1 <= self._burst:
            self._spent[user] = (count + 1, now)
            return True
        self._spent[user] = (count, now)
        if user in self._told:
            return False
        self._told.add(user)
        return None
