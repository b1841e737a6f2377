"""The digest: what a period came to, for a phone: at most 25 lines of 40 characters.

Money is in the desk's currency, at the rates of now. Paper and live money never add: each mode has its own part.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from handlers.accounts import in_use
from handlers.context import Desk
from handlers.curve import PAYMENTS
from handlers.figures import money, number, percent
from trading.control import Latch
from trading.events import TradingState
from trading.instruments import ZERO, Symbol
from trading.intent import AccountId, Mode
from trading.words import begun, counted, scope_label

LINES, WIDTH = 25, 40
EVERY = 1_000_000  # fills: all there are
MOST = 1000  # denials, rejections and errors that are counted
LATE = timedelta(minutes=10)  # after that the end of a period is not now
BEFORE = timedelta(minutes=10)  # how far back the equity that a period began with may be; it is sampled every five


class Holding(msgspec.Struct, frozen=True):
    """An open position; `unrealized` is None without a price."""

    symbol: str
    quantity: Decimal
    unrealized: Decimal | None


class Part(msgspec.Struct, frozen=True):
    """What the accounts of one mode came to; `limits` has the share of each limit that is used, the fullest first."""

    name: str
    equity: Decimal
    change: Decimal
    fees: Decimal = ZERO
    volume: Decimal = ZERO
    trades: int = 0
    realized: tuple[tuple[str, Decimal], ...] = ()  # by symbol, the best first
    holdings: tuple[Holding, ...] = ()
    orders: int = 0
    limits: tuple[tuple[str, Decimal], ...] = ()
    unpriced: tuple[str, ...] = ()  # currencies without a price in the desk's: what was earned in them is left out


class Summary(msgspec.Struct, frozen=True):
    """Everything a digest tells."""

    title: str
    currency: str
    parts: tuple[Part, ...]
    state: str = ""
    denied: int = 0
    rejected: int = 0
    errors: int = 0


async def tell_period(desk: Desk, start: datetime, end: datetime, title: str) -> str:
    """The digest of the time from `start` to `end`, which is now or a little before.

    Positions, open orders and limits are those of now. Told later than ten minutes after `end`, equity is that of
    the last sample before it.

    Raises:
        JournalError: the journal cannot be read.
    """
    return card(await summarize(desk, start, end, title))


# --- what there is ---------------------------------------------------------------------------


async def summarize(desk: Desk, start: datetime, end: datetime, title: str) -> Summary:
    """The figures of a period."""
    used = in_use(desk.book, desk.accounts)
    parts = []
    for mode in (Mode.LIVE, Mode.PAPER):
        found = []
        for name in desk.accounts:
            account = AccountId(name, mode)
            rows = await desk.history.fills(account=name, mode=mode, since=start, limit=EVERY)
            fills = [row for row in rows if row["traded_at"] < end]
            if account in used or fills:
                found.append(await _account(desk, account, start, end, fills))
        if found:
            parts.append(_together(found))
    noticed = await _since(desk, "Noticed", start, end)
    held = desk.book.get(Latch, "all")
    return Summary(
        title=title,
        currency=desk.valuation.currency,
        parts=tuple(parts),
        state=f"{begun(scope_label('all'))} is {held.state}" if held and held.state is not TradingState.ACTIVE else "",
        denied=len(await _since(desk, "OrderDenied", start, end)),
        rejected=len(await _since(desk, "OrderRejected", start, end)),
        errors=sum(each["severity"] in ("error", "critical") for each in noticed),
    )


async def _account(
    desk: Desk, account: AccountId, start: datetime, end: datetime, fills: Sequence[dict[str, object]]
) -> Part:
    """One account's part of a period."""
    equity, change = await _equity(desk, account, start, end)
    realized: dict[str, Decimal] = defaultdict(Decimal)
    fees = volume = ZERO
    unpriced: set[str] = set()
    for fill in msgspec.convert(fills, list[_Fill]):
        instrument = desk.book.instrument(account, Symbol(fill.symbol))
        rate = desk.valuation.rate(account, instrument.quote) if instrument else Decimal(1)
        if instrument and rate is None:
            unpriced.add(instrument.quote)
        unit = rate or ZERO
        realized[fill.symbol] += fill.realized * unit
        fees += fill.fee_value * unit
        volume += fill.quantity * fill.price * (instrument.multiplier if instrument else 1) * unit
    holdings = []
    for position in desk.book.positions(account):
        profit = desk.valuation.unrealized(position)
        worth = None if profit is None else desk.valuation.worth(account, profit, position.currency)
        holdings.append(Holding(position.symbol, position.quantity, worth))
    limits = {use.name: use.used / use.limit for use in desk.gate.usage(account) if use.used}
    return Part(
        name=str(account),
        equity=equity,
        change=change,
        fees=fees,
        volume=volume,
        trades=len(fills),
        realized=tuple(realized.items()),
        holdings=tuple(holdings),
        orders=len(desk.book.open_orders(account)),
        limits=tuple(limits.items()),
        unpriced=tuple(unpriced),
    )


class _Fill(msgspec.Struct):
    """What the figures need of a row of fills."""

    symbol: str
    quantity: Decimal
    price: Decimal
    fee_value: Decimal
    realized: Decimal


async def _equity(desk: Desk, account: AccountId, start: datetime, end: datetime) -> tuple[Decimal, Decimal]:
    """What an account was worth at the end, and how that changed; what people moved in or out is no profit."""
    rows = await desk.history.equity(account=account.name, mode=account.mode, since=start - BEFORE)
    points = [(row["at"], row["equity"]) for row in rows if row["at"] <= end]
    now = desk.valuation.equity(account).total
    if desk.clock.now() - end <= LATE and not desk.valuation.awaits_price(account):
        points.append((end, now))
    if not points:
        return now, ZERO
    began = [equity for at, equity in points if at <= start][-1:] or [points[0][1]]
    moved = [
        Decimal(event.get("value", "0"))
        for kind in PAYMENTS
        for event in await _since(desk, kind, start, end)
        if (event["account"], event["mode"]) == (account.name, account.mode)
    ]
    return points[-1][1], points[-1][1] - began[0] - sum(moved, ZERO)


async def _since(desk: Desk, kind: str, start: datetime, end: datetime) -> list[dict[str, str]]:
    """The events of a kind in the period, at most a thousand."""
    return [row["payload"] for row in await desk.history.latest(kind, limit=MOST) if start <= row["at"] < end]


def _together(found: Sequence[Part]) -> Part:
    """The accounts of a mode as one."""
    realized: dict[str, Decimal] = defaultdict(Decimal)
    limits: dict[str, Decimal] = {}
    for part in found:
        for symbol, amount in part.realized:
            realized[symbol] += amount
        for name, share in part.limits:
            limits[name] = max(share, limits.get(name, ZERO))
    name = found[0].name
    return Part(
        name=name if len(found) == 1 else f"{name.partition(' ')[0]}, {counted(len(found), 'account')}",
        equity=sum((part.equity for part in found), ZERO),
        change=sum((part.change for part in found), ZERO),
        fees=sum((part.fees for part in found), ZERO),
        volume=sum((part.volume for part in found), ZERO),
        trades=sum(part.trades for part in found),
        realized=tuple(sorted(realized.items(), key=lambda each: each[1], reverse=True)),
        holdings=tuple(holding for part in found for holding in part.holdings),
        orders=sum(part.orders for part in found),
        limits=tuple(sorted(limits.items(), key=lambda each: each[1], reverse=True)),
        unpriced=tuple(sorted({each for part in found for each in part.unpriced})),
    )


# --- in words --------------------------------------------------------------------------------


def card(summary: Summary) -> str:
    """The lines of a digest: what every part says, then as many positions as there is room for."""
    blocks = [_lines(part, summary.currency) for part in summary.parts]
    last = f"Denied {summary.denied}, rejected {summary.rejected}, errors {summary.errors}"
    head = [summary.title, *([summary.state] if summary.state else [])]
    room = LINES - len(head) - 1 - sum(map(len, blocks))
    for number_, (part, block) in enumerate(zip(summary.parts, blocks, strict=True)):
        shown = _holdings(part.holdings, room // (len(blocks) - number_))
        block[-1:-1] = shown
        room -= len(shown)
    return "\n".join(map(_cut, [*head, *(line for block in blocks for line in block), last]))


def _lines(part: Part, currency: str) -> list[str]:
    """A part without its single positions; the limits are its last line."""
    net = sum((amount for _, amount in part.realized), ZERO)
    lines = [
        part.name,
        f"Equity {_amount(part.equity)} {currency}",
        f"Change {_signed(part.change)} ({percent(part.change, part.equity - part.change)})",
    ]
    if part.trades:
        lines.append(f"Realized {_signed(net)} after fees {_amount(part.fees)}")
        lines.append(f"{counted(part.trades, 'trade')}, volume {_amount(part.volume)}")
        lines.append(f"Best {part.realized[0][0]} {_signed(part.realized[0][1])}")
        if len(part.realized) > 1:
            lines.append(f"Worst {part.realized[-1][0]} {_signed(part.realized[-1][1])}")
    else:
        lines.append("No trades")
    if part.unpriced:
        lines.append(f"Not counted, no price of {', '.join(part.unpriced)}")
    unrealized = sum((each.unrealized or ZERO for each in part.holdings), ZERO)
    lines.append(f"{counted(len(part.holdings), 'position')}, {counted(part.orders, 'open order')}")
    if part.holdings:
        lines.append(f"Unrealized {_signed(unrealized)}")
    return [*lines, _limits(part.limits)]


def _holdings(holdings: Sequence[Holding], room: int) -> list[str]:
    """At most `room` lines about positions."""
    if len(holdings) <= room:
        return [_holding(each) for each in holdings]
    if room < 2:
        return []
    return [*(_holding(each) for each in holdings[: room - 1]), f"  and {len(holdings) - room + 1} more"]


def _holding(holding: Holding) -> str:
    whole = f"  {holding.symbol} {number(holding.quantity)} {_signed(holding.unrealized)}"
    return whole if len(whole) <= WIDTH else f"  {holding.symbol} {_signed(holding.unrealized)}"


def _limits(limits: Iterable[tuple[str, Decimal]]) -> str:
    """`Limits used: daily loss 12%, drawdown 3%`: as many as a line has room for, the fullest first."""
    line = ""
    for name, share in limits:
        words = f"{name.removeprefix('max_').replace('_', ' ')} {share * 100:.0f}%"
        more = f"{line}, {words}" if line else f"Limits used: {words}"
        if len(more) > WIDTH:
            break
        line = more
    return line or "Limits used: none"


def _amount(value: Decimal | None) -> str:
    """Money that fits: millions from ten of them on."""
    if value is None or abs(value) < 10_000_000:
        return money(value)
    return f"{value / 1_000_000:,.1f}M"


def _signed(value: Decimal | None) -> str:
    return f"+{_amount(value)}" if value is not None and value > 0 else _amount(value)


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
