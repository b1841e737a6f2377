"""What sources outside sent, and what became of it."""

from collections.abc import Iterator

import msgspec

from trading import events as e
from trading import incoming as i
from trading.steps.step import Entity, Get, Steps

steps = Steps()


@steps.on(e.AlertReceived)
def _received(event: e.AlertReceived, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield i.Incoming(event.alert_id, event.source, entry.at, event.text, event.sent_at, account=event.account)
    yield i.Fingerprint(event.fingerprint, event.alert_id, entry.at)


@steps.on(e.AlertResent)
def _resent(event: e.AlertResent, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (alert := get(i.Incoming, event.alert_id)) is not None:
        yield msgspec.structs.replace(alert, resent=True)


@steps.on(e.AlertSettled)
def _settled(event: e.AlertSettled, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (alert := get(i.Incoming, event.alert_id)) is not None:
        yield msgspec.structs.replace(
            alert, text="", outcome=event.outcome, told=event.text, order_ids=event.order_ids, tokens=event.tokens
        )
