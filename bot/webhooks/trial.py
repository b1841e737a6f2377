"""How an alert would be read and what it would do: `tiller webhook test`. Nothing is stored or sent."""

from bot.webhooks.fulfilment import Fulfilment, NotNow, Run, limit, too_old
from bot.webhooks.sources import Source
from handlers.reply import Reply, Tone
from handlers.tradingview.given import Unreadable
from handlers.tradingview.secret import candidates, without_secrets
from handlers.tradingview.wish import Wish
from trading.intent import AccountId
from trading.words import counted


async def trial(fulfilment: Fulfilment, run: Run, source: Source, body: bytes) -> Reply:
    """Source, shape, symbol, side, and for each of its lines what `/dryrun` says."""
    shown = without_secrets(body, (source.secret,))
    account = AccountId(source.account, fulfilment.book.mode(source.account))
    head = [f"{source.name}: {source.role} on {account}; {_secret(source, body)}"]
    try:
        found = fulfilment.read(source, shown.replace("\x00", "\ufffd"))
        fulfilment.read(source, body)
    except NotNow as why:
        return Reply(f"{head[0]}\n{why}", ok=False, tone=Tone.WARN, error="NOT_READY")
    except Unreadable as why:
        return Reply(f"{head[0]}\nUnreadable: {why}", ok=False, tone=Tone.BAD, error=why.code)
    head.append(
        f"Read as {found.shape}, {counted(len(found.orders), 'order')}{f', id {found.id}' if found.id else ''}."
    )
    if found.sent_at and (late := too_old(found.sent_at, fulfilment.book.clock.now(), limit(source, found))):
        head.append(f"As an alert it would be {late}")
    parts = ["\n".join([*head, *found.notes])]
    ok, error = True, None
    for wish in found.orders:
        reply = await _tried(fulfilment, run, source, wish)
        parts.append(f"{wish}\n{reply.text}")
        ok, error = ok and reply.ok, error or reply.error
    return Reply("\n\n".join(parts), ok=ok, tone=Tone.INFO if ok and not error else Tone.WARN, error=error)


async def _tried(fulfilment: Fulfilment, run: Run, source: Source, wish: Wish) -> Reply:
    steps = fulfilment.lines(source, wish)
    if not steps.lines:
        return Reply(f"Nothing to do: {steps.note}")
    (line,) = steps.lines
    reply = await run(f"/dryrun {line}", source.actor, "webhook", "")
    if line != str(wish):
        return Reply(f"As the account stands: {line}\n{reply.text}", ok=reply.ok, error=reply.error)
    return reply


def _secret(source: Source, body: bytes) -> str:
    """Whether the body says the secret; it need not, if the address does."""
    if source.secret and source.secret in candidates(body):
        return "the body has its secret."
    return "the body does not have its secret: the address must, or a signature."
