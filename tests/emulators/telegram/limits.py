"""The sending limits of the bots' FAQ ("My bot is hitting limits, how do I avoid this?").

About one message a second in a chat, short bursts tolerated; 20 a minute in a group; about 30 a second in all. Who is
over a limit is told how many seconds to wait (`retry_after`), and is refused until they are over.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from tests.emulators.telegram.chats import Chat
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.refusals import too_many


@dataclass
class _Window:
    """At most so many in so many seconds."""

    most: int
    seconds: float
    times: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Seconds until one more fits."""
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        return self.times[0] + self.seconds - now if len(self.times) >= self.most else 0.0


class Limits:
    """Off unless `on`. `edits` counts edits as messages, which the FAQ does not say but the server does."""

    def __init__(self, clock: Clock, *, on: bool = False) -> None:
        self.on = on
        self.edits = False
        self.a_second, self.burst, self.group_a_minute = 30, 5, 20
        self.refused: list[tuple[float, int, int]] = []  # when, in which chat, for how long; the thousand newest
        self._clock = clock
        self._all = _Window(self.a_second, 1.0)
        self._chats: dict[int, list[_Window]] = {}
        self._blocked: dict[int, float] = {}

    def spend(self, chat: Chat, *, edit: bool = False) -> None:
        """Let a message through, or refuse it with 429."""
        if not self.on or (edit and not self.edits):
            return
        now, windows = self._clock.now, self._windows(chat)
        wait = self._blocked.get(chat.id, 0.0) - now
        if wait <= 0 and (wait := max(window.wait(now) for window in windows)) > 0:
            self._blocked[chat.id] = now + math.ceil(wait)  # to ask again meanwhile makes it no longer
        if wait > 0:
            seconds = math.ceil(wait)
            self.refused = [*self.refused[-999:], (now, chat.id, seconds)]
            raise too_many(seconds)
        for window in windows:
            window.times.append(now)

    def _windows(self, chat: Chat) -> list[_Window]:
        if chat.id not in self._chats:
            # Five in five seconds: one a second, a burst at once.
            own = [_Window(self.burst, float(self.burst))]
            if chat.type != "private":
                own.append(_Window(self.group_a_minute, 60.0))
            self._chats[chat.id] = own
        return [self._all, *self._chats[chat.id]]
