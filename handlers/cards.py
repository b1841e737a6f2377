"""The order card: what an order is, costs and risks, before and after it is sent."""

from collections.abc import Collection
from decimal import Decimal

import msgspec

from handlers.accounts import reduces
from handlers.actor import Consent
from handlers.context import Context
from handlers.figures import money, number, percent, price, sentence
from handlers.reply import Reply, Tone
from handlers.states import waits_for_entry
from handlers.story import ended
from trading import events as e
from trading.book import Book
from trading.drafting import protective_intents
from trading.instruments import ZERO, Settlement, Side
from trading.intent import Intent, Leg, TimeInForce
from trading.order import Order, OrderStatus
from trading.ports import Approved, Funds
from trading.risk.gate import Denied
from trading.risk.promised import reference_price
from trading.risk.reasons import Reason

SETTLE_S = 2.0  # how long an answer waits for the venue's first word

SIGNS = {
    OrderStatus.FILLED: Tone.GOOD,
    OrderStatus.DENIED: Tone.BAD,
    OrderStatus.REJECTED: Tone.BAD,
    OrderStatus.EXPIRED: Tone.WARN,
    OrderStatus.CANCELED: Tone.WARN,
}


class Preview(msgspec.Struct, frozen=True):
    """An order as it would be; amounts in the desk's currency unless `quote` is named."""

    order: Order
    expected_price: Decimal | None
    value: Decimal | None  # notional, in the desk's currency
    fee: Decimal | None
    funds_after: Decimal | None  # of the quote currency
    quote: str
    risk: Decimal | None  # lost if the stop is hit, in the quote currency
    equity: Decimal
    room: Decimal | None  # what may still be lost today; None without a limit
    margin: Funds | None = None  # what the venue says that contracts take
    rate: Decimal | None = Decimal(1)  # of the quote currency in the desk's; None if no market says


def preview(ctx: Context, intent: Intent) -> Preview:
    """What `intent` would become, without recording or sending anything.

    Raises:
        IntentError: it cannot be made into an order.
    """
    desk = ctx.desk
    order = desk.oms.drafting.draft(intent)
    account = order.account_id
    instrument = desk.oms.drafting.instrument(account, order.symbol)
    expected, notional, worth = _priced(ctx, order)
    capable = desk.oms.executors[account].capabilities
    rate = capable.maker_fee if order.post_only else capable.taker_fee
    fee = None if notional is None else notional * rate
    stop = order.stop_loss
    if order.trail_loss and expected:
        stop = expected - order.side.sign * order.trail_loss.distance(expected)
    risk = None if stop is None or expected is None else instrument.notional(order.quantity, abs(expected - stop))
    held = next((b.amount for b in ctx.book.balances(account) if b.currency == instrument.quote), ZERO)
    is_spot = instrument.settlement is Settlement.SPOT
    moved = notional if is_spot else ZERO
    after = None if moved is None or fee is None else held - order.side.sign * moved - fee
    return Preview(
        order=order,
        expected_price=expected,
        value=_product(notional, worth),
        fee=fee,
        funds_after=after,
        quote=instrument.quote,
        risk=risk,
        equity=desk.valuation.equity(account).total,
        room=desk.gate.room_today(account),
        margin=None if is_spot else desk.gate.margin(order),
        rate=worth,
    )


def _priced(ctx: Context, order: Order) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """The price that is expected, the value at it, and what the quote currency is worth in the desk's."""
    valuation, account = ctx.desk.valuation, order.account_id
    instrument = ctx.desk.oms.drafting.instrument(account, order.symbol)
    expected = reference_price(order, valuation.quote(account, order.symbol))
    notional = None if expected is None else instrument.notional(order.quantity, expected)
    return expected, notional, valuation.rate(account, instrument.quote)


def _product(notional: Decimal | None, worth: Decimal | None) -> Decimal | None:
    return None if notional is None or worth is None else notional * worth


def headline(order: Order) -> str:
    """`PAPER demo: BUY 0.01 BTC/USDT LIMIT 59,000 GTC`."""
    words = [f"{order.account_id}:", order.side, number(order.quantity), order.symbol, order.type]
    if order.stop_price is not None:
        words.append(f"at {price(order.stop_price)}")
    if order.limit_price is not None:
        words.append(price(order.limit_price) if order.stop_price is None else f"limit {price(order.limit_price)}")
    if order.trail is not None:
        words.append(f"by {order.trail}")
    if order.time_in_force is not TimeInForce.GTC:
        words.append(order.time_in_force)
    words += ["post-only"] if order.post_only else []
    words += [f"iceberg {number(order.iceberg)}"] if order.iceberg is not None else []
    words += ["reduce-only"] if order.reduce_only else []
    return " ".join(words)


def card(shown: Preview, currency: str) -> str:
    """The lines of an order card."""
    order = shown.order
    lines = [headline(order)]
    about = "" if order.limit_price else "about "
    cost = "Cost" if order.side is Side.BUY else "Proceeds"
    lines.append(
        f"{cost} {about}{money(shown.value, currency)} · fee about {money(shown.fee, shown.quote)}"
        f" · funds after {money(shown.funds_after, shown.quote)}"
    )
    if shown.margin is not None:
        needs, free, margin_currency, _ = shown.margin
        lines.append(f"Margin {money(needs, margin_currency)} of {money(free, margin_currency)} free")
    protection = []
    if order.stop_loss is not None:
        protection.append(f"Stop {price(order.stop_loss)}")
    if order.trail_loss is not None:
        protection.append(f"Trailing stop {order.trail_loss}")
    if order.take_profit is not None:
        protection.append(f"Target {price(order.take_profit)}")
    if shown.risk is not None:
        share = "" if shown.rate is None else f" ({percent(shown.risk * shown.rate, shown.equity)})"
        protection.append(f"Risk to the stop {money(shown.risk, shown.quote)}{share}")
    lines += [" · ".join(protection)] if protection else []
    lines.append(f"Room left today {money(shown.room, currency)}" if shown.room is not None else "No daily loss limit")
    return "\n".join(lines)


def outcome(order: Order, book: Book | None = None) -> str:
    """What became of an order, in words; by the book, too, what it waits for."""
    fees = " + ".join(money(fee.amount, fee.currency) for fee in order.fees) or "none"
    done = f"{number(order.filled_quantity)} at {price(order.average_price)}, fee {fees}"
    match order.status:
        case OrderStatus.FILLED:
            return f"Filled {done}."
        case OrderStatus.PARTIALLY_FILLED:
            return f"Partly filled: {done}; {number(order.remaining)} still working."
        case OrderStatus.DENIED:
            return f"Denied. {sentence(order.reason)}"
        case OrderStatus.REJECTED:
            return f"Rejected by the venue. {sentence(order.reason)}"
        case OrderStatus.EXPIRED | OrderStatus.CANCELED:
            filled = f" Filled {done}." if order.filled_quantity else ""
            return f"{sentence(ended(order.status.capitalize(), order.reason))}{filled}"
        case OrderStatus.SUBMITTED if order.in_doubt:
            return "UNKNOWN - checking with the venue. It is not sent again; new entries in the symbol wait."
        case OrderStatus.SUBMITTED:
            return "Sent; the venue has not answered yet."
        case OrderStatus.PENDING_CANCEL:
            return "Cancel sent; the venue has not answered yet."
        case _ if book is not None and waits_for_entry(order, book):
            return "Accepted; it waits for its entry, and does nothing before that is filled."
        case _:
            return "Accepted, working."


async def place(ctx: Context, *intents: Intent, note: str = "", closes: bool = False) -> Reply:
    """Preview, ask for what consent the rules want, send, and tell what became of it.

    `closes`: it is known to be at most the position; its protective orders make room once it has been agreed to.

    Raises:
        IntentError: it cannot be made into an order.
    """
    shown = preview(ctx, intents[0])
    reducing = closes or reduces(ctx.book, shown.order)
    need = ctx.policy.need(shown.order.mode, shown.value, reduces=reducing)
    asks = need > ctx.consent and ctx.book.order(shown.order.id) is None
    if ctx.dry or asks:
        verdict = ctx.desk.gate.judge(shown.order)
        text = _noted(ctx, shown, note)
        if ctx.dry:
            return _dry(ctx, shown.order, verdict, text, closes)
        if not isinstance(verdict, Denied) or (closes and verdict.code == Reason.NOTHING_TO_REDUCE):
            return await ctx.ask(Reply(text, tone=Tone.WARN), approval=need is Consent.APPROVED)
    order = await ctx.desk.oms.submit(*intents)  # judged again, under the lock; what is denied is journalled
    order = await ctx.desk.oms.settled(order.id, SETTLE_S)
    as_of = ctx.book.journal.last_seq
    reply = told(order, _noted(ctx, shown, note), await remedy(ctx, order))
    return msgspec.structs.replace(reply, as_of=as_of)


async def remedy(ctx: Context, order: Order) -> str:
    """What to do about a denial; empty for an order that was not denied."""
    if order.status is OrderStatus.DENIED:
        async for entry in ctx.book.journal.read(order_id=order.id):
            if isinstance(entry.event, e.OrderDenied):
                return next((finding.remedy for finding in entry.event.findings if not finding.passed), "")
    return ""


def consent_to_change(ctx: Context, wished: Order) -> Consent:
    """The consent that an open order needs to become `wished`: that of a new one, unless it only closes.

    A small order far from the market that is moved to it afterwards is as large as one that was sent there.
    """
    if wished.leg is not Leg.ENTRY or reduces(ctx.book, wished):
        return Consent.NONE
    _, notional, worth = _priced(ctx, wished)
    return ctx.policy.need(wished.mode, _product(notional, worth))


async def amended(ctx: Context, order: Order) -> Order:
    """The order once the venue has answered what was asked to change, or as it is after a while."""

    def answered() -> bool:
        now = ctx.book.order(order.id)
        return now is None or not now.is_open or not now.is_amending

    await ctx.book.until(answered, SETTLE_S)
    return ctx.book.order(order.id) or order


def _noted(ctx: Context, shown: Preview, note: str) -> str:
    return "\n".join(filter(None, [note, card(shown, ctx.desk.valuation.currency)]))


def told(order: Order, text: str = "", advice: str = "") -> Reply:
    """The reply about an order as it is now; `advice` follows what became of it."""
    refused = order.status in (OrderStatus.DENIED, OrderStatus.REJECTED)
    tone = Tone.WARN if order.in_doubt else SIGNS.get(order.status, Tone.INFO)
    code = order.reason.partition(":")[0] if refused else None
    lines = [text or headline(order), f"{outcome(order)} {advice}".strip(), f"Order {order.id}"]
    return Reply("\n".join(lines), ok=not refused, tone=tone, order_id=order.id, error=code)


def checks(verdict: Approved | Denied | None, aside: Collection[str] = ()) -> list[str]:
    """Each check of a verdict, a line each; those put `aside` fail for what is cancelled first."""
    lines = []
    for each in verdict.findings if verdict else ():
        later = not each.passed and each.code in aside
        first = "once what is cancelled is gone; now " if later else ""
        lines.append(f"{'pass' if each.passed or later else 'DENY'}  {each.code}: {first}{each.text}")
    return lines


def _dry(ctx: Context, order: Order, verdict: Approved | Denied, text: str, closes: bool) -> Reply:
    """Each check and the exact request, nothing sent."""
    lines = [text, "", *checks(verdict)]
    if isinstance(verdict, Denied) and closes and verdict.code == Reason.NOTHING_TO_REDUCE:
        lines += ["", "Its stop and target would make room first; then it would be judged again. Nothing was sent."]
        return Reply("\n".join(lines))
    if isinstance(verdict, Denied):
        lines += ["", f"It would be denied: {sentence(verdict.reason)} {verdict.remedy}".strip(), "Nothing was sent."]
        return Reply("\n".join(lines), tone=Tone.WARN, error=str(verdict.code))
    lines += ["", f"Would send: {ctx.desk.oms.executors[order.account_id].describe(verdict)}"]
    legs = len(protective_intents(order, order.quantity, "1"))
    if legs:
        lines.append(f"and, as it fills, {legs} protective order{'s' if legs > 1 else ''}.")
    lines.append("Nothing was sent.")
    return Reply("\n".join(lines))
