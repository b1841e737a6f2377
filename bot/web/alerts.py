"""The API about alerts from outside: which came and what became of them, and how a body would be read."""

from fastapi import APIRouter, Request

from bot.web import examples, shapes
from bot.web.asking import Admin, Desk, Limit, Name, Shape, Viewer
from bot.web.auth import Refused
from bot.web.examples import answers
from bot.webhooks.trial import trial
from trading.incoming import Incoming

alerts = APIRouter(prefix="/api/v1/webhooks")
LOOKED_AT = 1000  # alerts of all sources, where those of one are asked for
_BODY: Shape = {"requestBody": {"required": True, "content": {"text/plain": {"example": "buy BTC/USDT 0.01"}}}}


@alerts.get("", responses=answers([examples.ALERT]))
async def read_alerts(app: Desk, actor: Viewer, source: Name = "", limit: Limit = 100) -> list[Shape]:
    """Alerts of the sources, without their secrets, and what became of each; the newest first."""
    rows = await app.store.queries.latest("AlertReceived", limit=LOOKED_AT if source else limit)
    found: list[Shape] = []
    for row in rows:
        sent = row["payload"]
        if source not in ("", sent["source"]) or len(found) == limit:
            continue
        known = app.book.get(Incoming, sent["alert_id"])
        found.append(
            {
                "id": sent["alert_id"],
                "source": sent["source"],
                "account": sent["account"],
                "at": row["at"],
                "sent_at": known.sent_at if known else None,
                "text": sent["text"],
                "outcome": known.outcome if known else None,
                "reason": known.told if known else "",
                "order_ids": list(known.order_ids) if known else [],
                "resent": bool(known and known.resent),
            }
        )
    return shapes.text(found)  # type: ignore[no-any-return]


@alerts.post("/{source}/test", responses=answers(examples.TESTED, 404, 413), openapi_extra=_BODY)
async def test_alert(source: str, request: Request, app: Desk, actor: Admin) -> Shape:
    """How a body of this source is read, each check, and the exact request; nothing is stored or sent."""
    known = app.desk.sources.find(source)
    if known is None:
        raise Refused(404, "NO_SOURCE", f"There is no source {source[:24]!r}.", "See /webhook.")
    reply = await trial(app.inbox.fulfilment, app.run, known, await request.body())
    return reply.to_json()
