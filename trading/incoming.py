"""Alerts from outside: what was received, whether it still has to be done, and by what it is known again."""

from datetime import datetime

import msgspec

from trading.events import Outcome


class Incoming(msgspec.Struct, frozen=True):
    """An alert; without an `outcome` it still has to be done, and has its `text`."""

    id: str
    source: str
    received: datetime
    text: str = ""
    sent_at: datetime | None = None
    resent: bool = False
    outcome: Outcome | None = None
    told: str = ""  # what was said of the outcome
    order_ids: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    account: str = ""  # which its source traded when it came

    @property
    def pk(self) -> str:
        return self.id

    @property
    def since(self) -> datetime:
        """From when its age counts."""
        return self.received if self.sent_at is None else min(self.received, self.sent_at)


class Fingerprint(msgspec.Struct, frozen=True):
    """The last alert of a fingerprint, and when it came."""

    fingerprint: str
    alert_id: str
    received: datetime

    @property
    def pk(self) -> str:
        return self.fingerprint
