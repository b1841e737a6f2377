"""Whose turn it is: each interaction once, and nobody so often that the others wait."""

from collections import deque
from dataclasses import dataclass

from handlers.actor import Actor
from handlers.reply import Reply, Tone

MOST_SEEN = 10_000
MOST, WITHIN_S = 20, 10.0  # lines of one person
URGENT = "kill"


def urgent(line: str) -> bool:
    """Whether a line is obeyed however late it comes, and however much its person has asked."""
    return line.removeprefix("/").split(maxsplit=1)[:1] == [URGENT]


@dataclass
class Request:
    """One interaction on its way; `hidden` when what it shows is for the asker's eyes."""

    id: int
    actor: Actor
    user: int
    channel: int
    in_guild: bool
    began: float  # by the event loop, s
    hidden: bool = False
    acknowledged: bool = False


class Turns:
    """What was taken already, and how much each person has asked of late."""

    def __init__(self) -> None:
        self._seen: dict[int, None] = {}
        self._asked: dict[int, deque[float]] = {}
        self._told: set[int] = set()

    def first(self, interaction: int) -> bool:
        """Whether an interaction is new."""
        if interaction in self._seen:
            return False
        self._seen[interaction] = None
        if len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return True

    def refusal(self, request: Request, line: str) -> Reply | None:
        """Count a line; the first one too many of a person is told so, once until they have slowed down."""
        if urgent(line):
            return None
        self._forget(request.began - WITHIN_S)
        asked = self._asked.setdefault(request.user, deque())
        if len(asked) < MOST:
            asked.append(request.began)
            self._told.discard(request.user)
            return None
        if request.user in self._told:
            return None
        self._told.add(request.user)
        text = f"That is too much at once; wait {WITHIN_S:.0f} s. Until then only /kill is obeyed."
        return Reply(text, ok=False, tone=Tone.BAD, error="TOO_FAST")

    def flooded(self, request: Request, line: str) -> bool:
        """Whether a line is to be passed over in silence: its person was told already."""
        return request.user in self._told and not urgent(line)

    def _forget(self, before: float) -> None:
        for user, asked in list(self._asked.items()):
            while asked and asked[0] < before:
                asked.popleft()
            if not asked:
                del self._asked[user]
                self._told.discard(user)
