"""What the server has carried out, whether or not the answer arrived."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Fact:
    """A call that changed something: a message `sent`, `edited`, `deleted`, `pinned`, or a press `answered`."""

    kind: str
    at: float
    chat: int = 0
    message: int = 0
    text: str = ""
    thread: int = 0
    reply_to: int = 0
    silent: bool = False


@dataclass(frozen=True)
class Call:
    """One request: `error` is the description of a refusal, `fault` the name of what struck it."""

    at: float
    method: str
    values: dict[str, Any]
    error: str = ""
    fault: str = ""


class Record:
    """Facts and calls, in order; it keeps the `keep` newest of each, and counts all."""

    def __init__(self, keep: int) -> None:
        self.facts: deque[Fact] = deque(maxlen=keep)
        self.calls: deque[Call] = deque(maxlen=keep)
        self.counts: Counter[str] = Counter()

    def fact(self, fact: Fact) -> None:
        """Something was carried out."""
        self.facts.append(fact)
        self.counts[fact.kind] += 1

    def call(self, call: Call) -> None:
        """A request was answered, or was struck by a fault."""
        self.calls.append(call)
        self.counts[f"{call.method} called"] += 1

    @property
    def sent(self) -> list[Fact]:
        """Every message sent by the bot."""
        return [fact for fact in self.facts if fact.kind == "sent"]

    def doubled(self) -> dict[tuple[int, str], int]:
        """Texts that were sent to a chat more than once, and how often."""
        counted = Counter((fact.chat, fact.text) for fact in self.sent)
        return {key: count for key, count in counted.items() if count > 1}

    def rows(self) -> list[dict[str, Any]]:
        """The facts as JSON."""
        return [asdict(fact) for fact in self.facts]
