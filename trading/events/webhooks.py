"""What sources outside sent, and what became of it. A source is whoever knows its secret: `webhook:pine` as an actor.

An alert is in the journal before its sender hears that it was taken.
"""

from datetime import datetime
from enum import StrEnum

from trading.events.fact import Event


class Outcome(StrEnum):
    """What became of an alert; after WAITING comes one more, when somebody decides or nobody did."""

    EXECUTED = "executed"
    WAITING = "waiting for approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    DENIED = "denied"
    EXPIRED = "too old"
    UNREADABLE = "unreadable"


class AlertReceived(Event, frozen=True):
    """A source sent this; `text` is the body without its secret. The time of the entry is when.

    `fingerprint` is the same for what counts as the same alert; `sent_at` is when its sender says it was sent.
    """

    alert_id: str
    source: str
    account: str
    text: str
    fingerprint: str
    sent_at: datetime | None = None


class AlertResent(Event, frozen=True):
    """The same alert came again, for the first time; nothing is done twice."""

    alert_id: str
    source: str


class AlertSettled(Event, frozen=True):
    """What became of an alert. `tokens` are the confirmations that wait for somebody."""

    alert_id: str
    source: str
    outcome: Outcome
    text: str
    order_ids: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
