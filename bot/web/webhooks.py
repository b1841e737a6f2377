"""Where alerts from outside arrive: who sends is proved first, then it is stored, then it is answered.

Nobody who has not proved themselves learns anything, not even which sources there are, and leaves nothing behind but
a number in the metrics. What is answered 200 is in the journal; 503 means that it is not.
"""

import asyncio
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import APIRouter, Request

from bot.app import App
from bot.web.arrival import through_proxy
from bot.web.asking import Desk, Shape
from bot.web.auth import Buckets, Refused, caller_of, network_of
from bot.web.credentials import prove, shows
from bot.web.examples import Error
from bot.webhooks.fulfilment import NotNow
from bot.webhooks.inbox import Receipt
from bot.webhooks.sources import Source
from trading.events import Outcome

RATE_PER_S, BURST = 60.0, 120.0  # of one source
FAILURES_PER_MINUTE = 30  # of one address, or of one network of IPv6
STORED_S = 2.0  # TradingView hangs up after 3 s, and never sends again what it had no answer to
LOOKS = ("application/json", "application/x-www-form-urlencoded", "application/octet-stream")
"""Content types, besides text, of what may be an alert: senders do not take care, and the body says what it is."""

webhooks = APIRouter(prefix="/webhooks")
_MEANING = {
    401: "Not the secret of a source", 403: "Not from where this source's alerts come", 413: "The body is over 64 KiB",
    415: "Not text", 422: "It cannot be read; the reason, and its place", 429: "Too many",
    503: "It was not stored: send it again",
}  # fmt: skip
_ANSWERS: dict[int | str, Shape] = {
    200: {
        "description": "It is stored, and will be done or has been",
        "content": {"application/json": {"example": {"accepted": True, "id": "w5d7mx3kq2apzr4c"}}},
    },
    **{status: {"model": Error, "description": text} for status, text in _MEANING.items()},
}
_BODY: Shape = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"example": {"tiller": "1", "action": "buy", "symbol": "BTC/USDT", "size": "0.01"}},
            "text/plain": {"example": "buy BTC/USDT 0.01"},
        },
    }
}


class AlertRates:
    """How often a source may send, and how often an address may be wrong. `time` is the loop's."""

    def __init__(self, time: Callable[[], float]) -> None:
        self.sources = Buckets(RATE_PER_S, BURST, time)
        self.strangers = Buckets(FAILURES_PER_MINUTE / 60, FAILURES_PER_MINUTE, time)


@webhooks.post("/{source}", responses=_ANSWERS, openapi_extra=_BODY)
async def receive_alert(source: str, request: Request, app: Desk) -> Shape:
    """An alert whose body holds its source's secret, or is signed with it.

    The secret is in `secret`, `passphrase`, `key` or `token`; or `X-TradingView-Signature` is the hex HMAC-SHA256 of
    the raw body; or `X-Signature` that of `<X-Timestamp>.<raw body>`.
    """
    return await _receive(app, request, source, None)


@webhooks.post("/{source}/{secret:path}", responses=_ANSWERS, openapi_extra=_BODY)
async def receive_alert_by_address(source: str, secret: str, request: Request, app: Desk) -> Shape:
    """An alert whose address holds its source's secret, as TradingView sends it."""
    return await _receive(app, request, source, secret)


async def _receive(app: App, request: Request, name: str, path_secret: str | None) -> Shape:
    """The answer to an alert.

    Raises:
        Refused: with the status of the interface.
        JournalError: it could not be stored.
    """
    body = await request.body()
    sources = app.desk.sources
    source = sources.find(name)
    asked = source or sources.nobody
    proof = prove(asked.secret, path_secret, request.headers, body, app.clock.now(), asked.max_age_s)
    if proof is None or source is None:
        if source is not None:
            sources.refused(source.name, f"no or a wrong secret, from {caller_of(request)}")
        raise _stranger(request)
    try:
        _check_sender(request, source)
        _check_looks(request)
        if not _rates(request).sources.take(source.name):
            raise Refused(429, "TOO_MANY", f"More than {RATE_PER_S:.0f} alerts a second.", "Send fewer.")
        if app.not_accepting:
            raise Refused(503, "NOT_READY", f"The desk is {app.not_accepting}; it was not stored.", "Send it again.")
        receipt = await _stored(app.inbox.receive(source, body, proof.signed_at, once=proof.replayable))
    except NotNow as why:
        raise Refused(503, "NOT_READY", f"{why} It was not stored.", "Send it again.") from None
    except Refused as why:
        sources.refused(source.name, f"{why} (from {caller_of(request)})")
        raise
    return _answer(receipt)


async def _stored(receiving: Coroutine[Any, Any, Receipt]) -> Receipt:
    """The receipt, or a refusal while its sender still listens, who then sends again.

    An alert that waits for its turn at the journal is dropped. One that is just being written may be stored all the
    same: then it is done, and known when it comes again.

    Raises:
        Refused: 503, the journal does not answer in time.
    """
    task = asyncio.create_task(receiving)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # who asked may be gone
    await asyncio.wait({task}, timeout=STORED_S)
    if not task.done():
        task.cancel()
        text = "The journal does not answer in time, so it may not be stored."
        raise Refused(503, "NOT_READY", text, "Send it again; it is done once.")
    return task.result()


def _answer(receipt: Receipt) -> Shape:
    """What the sender is told.

    Raises:
        Refused: it cannot be read.
    """
    if receipt.error is not None:
        raise Refused(422, receipt.error.code, receipt.error.text, receipt.error.remedy)
    told: Shape = {"accepted": True, "id": receipt.alert_id}
    if receipt.duplicate:
        told["duplicate"] = True
    if receipt.outcome is Outcome.EXPIRED:
        told["expired"] = True
    return told


def _stranger(request: Request) -> Refused:
    """One answer for whoever proves nothing. Who guesses is slowed down; a source at the same address is not."""
    if not _rates(request).strangers.take(network_of(caller_of(request))):
        return Refused(429, "TOO_MANY", "Too many alerts without a right secret.", "Wait a minute.")
    return Refused(401, "UNAUTHORIZED", "The source or its secret is wrong.", "See /webhook.")


def _check_sender(request: Request, source: Source) -> None:
    """Refuse what does not come from where this source's alerts come.

    Raises:
        Refused: 403.
    """
    if not source.admits(caller_of(request)):
        text = f"Alerts of this source do not come from {caller_of(request)}."
        remedy = "Change its allow_ips; behind a proxy, name it in [web] trusted_proxies."
        raise Refused(403, "WRONG_ADDRESS", text, remedy)
    if source.certificate and not (through_proxy(request) and shows(source.certificate, request.headers)):
        text = "The client certificate of this source was not shown."
        remedy = "The proxy hands it on, and is named in [web] trusted_proxies."
        raise Refused(403, "WRONG_CERTIFICATE", text, remedy)


def _check_looks(request: Request) -> None:
    """Refuse what says of itself that it is no text in UTF-8.

    Raises:
        Refused: 415.
    """
    said = Message()
    said["content-type"] = request.headers.get("content-type") or "text/plain"
    kind, charset = said.get_content_type(), said.get_param("charset") or "utf-8"
    is_text = kind in LOOKS or kind.startswith("text/") or kind.endswith("+json")
    if not is_text or str(charset).lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Refused(415, "NOT_TEXT", "An alert is JSON or text, in UTF-8.", "Send it as application/json.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(415, "NOT_TEXT", "The alert is compressed.", "Send it as it is.")


def _rates(request: Request) -> AlertRates:
    rates: AlertRates = request.app.state.alert_rates
    return rates
