"""Alerts from outside: their sources, and what is decided about one that waits."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from handlers.actor import Role
from handlers.confirm import UNATTENDED, Token
from handlers.context import Context
from handlers.figures import moment
from handlers.literals import show
from handlers.parse import bind, find, format_line
from handlers.reply import Reply, Table
from handlers.sources import SourceCard
from handlers.spec import Arg, Choice, command
from handlers.tradingview.messages import Kind, message_for
from handlers.values import AccountName, Part
from trading.control import Confirmation
from trading.errors import IntentError
from trading.incoming import Incoming
from trading.intent import Size, Unit

LATEST = 10
LONGEST = 80  # characters of a text in a table
SHOWN_ONCE = "Its address was shown once; another: /webhook {name} rotate"
KEEP_IT = "It is shown this once. Whoever has it may trade: treat it like a password."


def _names(ctx: Context) -> Iterator[Choice]:
    for card in ctx.desk.sources.cards():
        yield Choice(card.name, f"trades {card.account}")


@command(role=Role.ADMIN, group="system", private=True)
async def webhook(
    ctx: Context,
    source: Annotated[str, Arg("Which source of alerts, such as pine", complete=_names, example="pine")] = "",
    do: Annotated[Literal["new", "rotate", "remove"] | None, Arg("Make it, give it a new secret, or end it")] = None,
    *,
    account: Annotated[AccountName | None, Arg("The account that a new one trades")] = None,
    role: Annotated[Literal["viewer", "trader", "admin"] | None, Arg("What a new one may do")] = None,
) -> Reply:
    """List, show or make sources of alerts, such as TradingView."""
    if do is None:
        return await _shown(ctx, source) if source else _listed(ctx)
    if ctx.surface in UNATTENDED or ctx.actor.automatic:
        raise IntentError("An address is for a person's eyes.", "Ask for it yourself.", code="NOT_ALLOWED")
    name = source.lower()
    if do == "remove":
        ctx.desk.sources.remove(name)
        return Reply.good(f"{name} is removed: its alerts are refused from now on.")
    kept = SHOWN_ONCE.format(name=name)
    if do == "rotate":
        address = ctx.desk.sources.rotate(name)
        text = f"{name} has a new address; the old one is worthless.\n\n{address}"
        return Reply.good(text, kept=kept)
    address = ctx.desk.sources.make(name, ctx.account(account).name, role or str(Role.TRADER))
    return Reply.good(welcome(name, address), kept=kept)


def welcome(name: str, address: str) -> str:
    """The address of a new source, and what to paste beside it. Whoever has the address may trade."""
    return "\n".join(
        [
            f"{name} is made. In the alert of TradingView, Notifications, Webhook URL:",
            "",
            address,
            "",
            KEEP_IT,
            "",
            "The message of an indicator that buys:",
            message_for(Kind.INDICATOR_BUY),
            "",
            "The message of a strategy, whose position is followed:",
            message_for(Kind.STRATEGY),
        ]
    )


def _listed(ctx: Context) -> Reply:
    cards = ctx.desk.sources.cards()
    problem = ctx.desk.sources.problem
    if not cards:
        return Reply(problem or "There are no sources of alerts. Make one: /webhook pine new")
    rows = [(c.name, c.account, c.role, c.confirm, f"{c.max_age_s} s", _standing(c)) for c in cards]
    table = Table.of(
        ("Name", "Account", "Role", "Confirm", "Age", "Where"), rows, ("Name", "Account", "Confirm", "Where")
    )
    return Reply(problem, table=table)


def _standing(card: SourceCard) -> str:
    return card.problem or ("made here" if card.is_made else "settings")


def described(card: SourceCard) -> list[str]:
    """What a source may do, and what its alerts must fulfil."""
    return [
        f"{card.name} trades {card.account} as {card.role}; confirm {card.confirm}; at most {card.max_age_s} s old.",
        *([f"Only {card.conditions}."] if card.conditions else []),
        *([f"But {card.problem}."] if card.problem else []),
    ]


async def _shown(ctx: Context, name: str) -> Reply:
    card = next((c for c in ctx.desk.sources.cards() if c.name == name.lower()), None)
    if card is None:
        raise IntentError(f"There is no source {name[:24]!r}.", f"Make it: /webhook {name[:24]} new", code="NO_SOURCE")
    lines = [
        *described(card),
        f"Address: {ctx.desk.sources.address(card.name)}",
        *filter(None, [ctx.desk.sources.refusals(card.name)]),
    ]
    rows: list[tuple[str, str, str]] = []
    for row in await ctx.desk.history.latest("AlertReceived", limit=1000):
        if row["payload"]["source"] == card.name and len(rows) < LATEST:
            rows.append((moment(row["at"], ctx.desk.timezone), *_fate(ctx, row["payload"])))
    table = Table.of(("Came", "Message", "Outcome"), rows) if rows else None
    return Reply("\n".join([*lines, "" if rows else "No alerts yet."]).strip(), table=table)


def _fate(ctx: Context, payload: dict[str, Any]) -> tuple[str, str]:
    known = ctx.book.get(Incoming, payload["alert_id"])
    text = " ".join(payload["text"].split())
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown[:LONGEST], str(known.outcome) if known and known.outcome else "to be done"


# --- less than what was asked ----------------------------------------------------------------


@command(role=Role.TRADER, group="control")
async def half(ctx: Context, token: Token) -> Reply:
    """Agree to half of what an alert asked for; the rest is not done."""
    asked = ctx.book.get(Confirmation, token.lower())
    if asked is None or asked.outcome or asked.phrase:
        return await ctx.door.agree(ctx, token, "")  # which says what is wrong
    return await ctx.door.agree(ctx, token, "", halved(asked.line, ctx))


def halved(line: str, ctx: Context) -> str:
    """The same line with half the size; of a close without a part, half of the position.

    Raises:
        IntentError: nothing of it can be halved.
    """
    spec, rest = find(line, ctx.actor.role)
    texts = bind(spec, rest)
    param = next((p for p in spec.params if {Size, Part} & set(p.kind.members)), None)
    if param is None:
        raise IntentError(f"/{spec.name} has no size to halve.", "Approve or reject it.", code="NO_SIZE")
    size = param.kind.read(texts[param.name], ctx, ()) if param.name in texts else Size(Decimal(100), Unit.POSITION)
    assert isinstance(size, Size), "the kinds above are read as sizes"
    texts[param.name] = show(msgspec.structs.replace(size, amount=size.amount / 2))
    return format_line(spec, texts)
