"""What must hold at a quiet point: the venue answers, nothing moves, and our books are the venue's."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from tests.kit import MemoryJournal
from tests.simulation.bare import Problem, bare
from tests.simulation.deal import Deal
from tests.simulation.desk import Desk
from tests.simulation.exchange import Exchange
from tests.simulation.kept import Waiting
from trading import events as e
from trading.book import Book
from trading.control import Drift, Kill, Latch
from trading.instruments import ZERO, Settlement, Symbol
from trading.intent import AccountId, Leg
from trading.journal.rows import normalize
from trading.order import Order, OrderStatus
from trading.portfolio import Balance, Position, fill_key
from trading.projections import row
from trading.steps.step import Entity

CLOSE = Decimal("1e-9")


@dataclass
class Hand:
    """What somebody did in the venue's own app, for which our books may differ from the venue's."""

    touched: set[AccountId] = field(default_factory=set)  # since the last quiet point
    adopted: set[AccountId] = field(default_factory=set)  # their positions have a cost that the venue does not know
    looked: int = 0  # the journal's end at the last quiet point


async def drifts_shown(desk: Desk, hand: Hand) -> list[Problem]:
    """Every difference is an open drift with these figures, and only what was done by hand makes one."""
    problems: list[Problem] = []
    news = [entry async for entry in desk.journal.read(after=hand.looked)]
    hand.looked = desk.journal.last_seq
    told = {entry.event.account for entry in news if isinstance(entry.event, e.DriftFound)}
    for account, venue in desk.around.venues.items():
        drifts = desk.reconciler.open_drifts(account)
        shown = {(d.kind, d.subject): Decimal(d.theirs) for d in drifts if d.kind in ("balance", "position")}
        wrong = {**_wrong_money(desk, account), **_wrong_positions(desk, account)}
        if wrong and account not in hand.touched | hand.adopted:
            problems.append(("our books are the venue's", f"{account}: {wrong}"))
        for what, (_, theirs) in wrong.items():
            if what not in shown or abs(shown[what] - theirs) > CLOSE:
                problems.append(("a difference shows as a drift", f"{account} {what}: {wrong[what]} shown {shown}"))
        if account in hand.touched and account.name not in told:
            problems.append(("a difference shows as a drift", f"{account}: nothing was said"))
        for what in shown:
            if what not in wrong:
                problems.append(("a drift is a difference", f"{account} {what}: shown {shown[what]}"))
        strangers = {d.id for d in venue.exchange.deals if d.is_open and not d.client}
        named = {d.subject for d in desk.reconciler.open_drifts(account) if d.kind == "order"}
        named |= {d.subject for d in desk.book.all(Drift) if d.resolution == "ignored"}
        if strangers - named:
            problems.append(("a stranger's order shows as a drift", f"{account}: {strangers - named}"))
    linear = {account for account, venue in desk.around.venues.items() if venue.capabilities.shorting}
    hand.adopted |= hand.touched & linear
    hand.touched.clear()
    return problems


async def at_rest(desk: Desk, hand: Hand) -> list[Problem]:
    """Everything that is not as it should be."""
    entries = [entry async for entry in desk.journal.read()]
    problems: list[Problem] = []
    for account, venue in desk.around.venues.items():
        shown = (
            {(d.kind, d.subject) for d in desk.reconciler.open_drifts(account)} if account in hand.adopted else set()
        )
        wrong = {**_wrong_money(desk, account), **_wrong_positions(desk, account)}
        if wrong.keys() - shown:
            problems.append(("our books are the venue's", f"{account}: {wrong}"))
        problems += _fills(account, venue.exchange, entries, desk.book)
        problems += _orders(desk, account, venue.exchange)
        problems += _exits(desk.book, venue.exchange)
    problems += _cancels(desk.book, entries)
    problems += _kills(desk, entries)
    problems += bare(desk, entries)
    problems += await _replay(desk)
    problems += _told(desk)
    return problems


# --- money and fills -------------------------------------------------------------------------


def _wrong_money(desk: Desk, account: AccountId) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    ours = {balance.currency: balance.amount for balance in desk.book.balances(account)}
    theirs = desk.around.venues[account].exchange.money
    return _differences("balance", ours, theirs)


def _wrong_positions(desk: Desk, account: AccountId) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    exchange = desk.around.venues[account].exchange
    ours = {str(position.symbol): position.quantity for position in desk.book.positions(account)}
    linear = any(i.settlement is Settlement.LINEAR for i in exchange.instruments.values())
    theirs = {str(k): v for k, v in (exchange.held if linear else _bought(exchange)).items()}
    return _differences("position", ours, theirs)


def _bought(exchange: Exchange) -> dict[str, Decimal]:
    """What a spot account bought and still has, by the venue's own order of trades; other holdings are no position."""
    held: dict[str, Decimal] = {}
    for trade in exchange.trades:
        if not trade.fill.order_id:
            continue
        instrument, fill = exchange.instruments[trade.symbol], trade.fill
        fee = fill.fee.amount if fill.fee.currency == instrument.base else ZERO
        after = held.get(trade.symbol, ZERO) + trade.side.sign * fill.quantity - fee
        held[trade.symbol] = max(after, ZERO)
    return held


def _differences(
    kind: str, ours: dict[str, Decimal], theirs: dict[str, Decimal]
) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    pairs = {key: (ours.get(key, ZERO), theirs.get(key, ZERO)) for key in {**ours, **theirs}}
    return {(kind, key): pair for key, pair in pairs.items() if abs(pair[0] - pair[1]) > CLOSE}


def _fills(account: AccountId, exchange: Exchange, entries: list[e.Recorded], book: Book) -> list[Problem]:
    heard: Counter[str] = Counter()
    told: dict[str, e.OrderFilled] = {}
    for entry in entries:
        if isinstance(event := entry.event, e.OrderFilled):
            order = book.order(event.order_id)
            if order is not None and order.account_id == account:
                key = fill_key(account, order.symbol, event.trade_id)
                heard[key] += 1
                told[key] = event
    problems: list[Problem] = []
    done = {fill_key(account, t.symbol, t.fill.trade_id): t.fill for t in exchange.trades if t.fill.order_id}
    for key in {**done, **heard}:
        if heard[key] != (key in done):
            problems.append(("every fill is in our book once", f"{key}: {heard[key]} times, venue {done.get(key)}"))
        elif (told[key].order_id, told[key].quantity, told[key].price, told[key].fee) != (
            done[key].order_id, done[key].quantity, done[key].price, done[key].fee
        ):  # fmt: skip
            problems.append(("every fill is as the venue had it", f"{key}: {told[key]} against {done[key]}"))
    return problems


# --- orders ----------------------------------------------------------------------------------


ENDS = {
    "filled": (OrderStatus.FILLED,),
    "canceled": (OrderStatus.CANCELED,),
    "expired": (OrderStatus.EXPIRED,),
}


def _orders(desk: Desk, account: AccountId, exchange: Exchange) -> list[Problem]:
    problems: list[Problem] = []
    counts = Counter(deal.client for deal in exchange.deals if deal.client)
    for client, count in counts.items():
        if count > 1:
            problems.append(("each key is executed at most once", f"{client}: {count} times"))
        if desk.book.order(client) is None:
            problems.append(("the venue has only orders of the journal", client))
    for order in desk.book.all(Order):
        if order.account_id == account:
            problems += _order(order, exchange.find(order.id))
    return problems


def _order(order: Order, deal: Deal | None) -> list[Problem]:
    told = f"{order.id} {order.side} {order.type} is {order.status} {order.filled_quantity}/{order.quantity}"
    shown = f"the venue: {deal.status} {deal.filled}/{deal.quantity} {deal.reason}" if deal else "the venue has none"
    text = f"{told}; {shown}"
    if order.in_doubt or order.status in (OrderStatus.SUBMITTED, OrderStatus.INITIALIZED):
        return [("nothing is in doubt", text)]
    if deal is None:
        return (
            [] if order.status in (OrderStatus.DENIED, OrderStatus.REJECTED) else [("the venue knows the order", text)]
        )
    if deal.is_open != order.is_open or (not deal.is_open and order.status not in ENDS[deal.status]):
        return [("every order is where the venue has it", text)]
    if order.filled_quantity != deal.filled:
        return [("every order is filled as at the venue", text)]
    prices = (order.quantity, order.limit_price, order.stop_price) == (deal.quantity, deal.limit, deal.stop)
    if order.is_open and not prices:
        mine, its = (order.quantity, order.limit_price, order.stop_price), (deal.quantity, deal.limit, deal.stop)
        return [("every open order is as at the venue", f"{text}: {mine} against {its}")]
    return []


def _exits(book: Book, exchange: Exchange) -> list[Problem]:
    """What protects a position never closes more than there is of it."""
    problems: list[Problem] = []
    held: dict[str, Decimal] = {}
    for trade in exchange.trades:
        before = held.get(trade.symbol, ZERO)
        after = held[trade.symbol] = before + trade.side.sign * trade.fill.quantity
        order = book.order(trade.fill.order_id)
        linear = exchange.instruments[trade.symbol].settlement is Settlement.LINEAR
        if linear and order is not None and order.leg is not Leg.ENTRY and (before * after < 0 or not before):
            problems.append(("a pair exits no more than the position", f"{order.id}: {before} became {after}"))
        parent = book.order(order.parent_id) if order else None
        if not linear and order and parent:
            exits = sum((leg.filled_quantity for leg in book.children(parent.id)), ZERO)
            if exits > parent.filled_quantity:
                problems.append(("a bracket exits no more than its entry", f"{parent.id}: {exits}"))
    return problems


def _cancels(book: Book, entries: list[e.Recorded]) -> list[Problem]:
    asked: set[str] = set()
    for entry in entries:
        if isinstance(entry.event, e.OrderCancelRequested):
            asked.add(entry.event.order_id)
        elif isinstance(entry.event, e.OrderCancelRefused):
            asked.discard(entry.event.order_id)
    return [
        ("a cancel is carried out or refused", f"{order.id} is {order.status}")
        for order_id in sorted(asked)
        if (order := book.order(order_id)) is not None and order.is_open
    ]


# --- control ---------------------------------------------------------------------------------


def _kills(desk: Desk, entries: list[e.Recorded]) -> list[Problem]:
    problems: list[Problem] = []
    adopted = {entry.event.symbol: entry.at for entry in entries if isinstance(entry.event, e.PositionAdjusted)}
    for kill in desk.book.all(Kill):
        if not kill.done:
            problems.append(("a kill is worked on until done", f"{kill.scope}: {kill.steps[-3:]}"))
        latch = desk.book.get(Latch, kill.scope)
        if latch is None or latch.state is not e.TradingState.HALTED or latch.at > kill.started_at:
            continue
        orders = [o for o in desk.book.open_orders() if kill.scope in ("all", o.account, o.symbol)]
        before = [o for o in orders if o.created_at <= kill.started_at]
        harmful = [o for o in before if kill.flatten or (o.leg is Leg.ENTRY and not o.reduce_only)]
        if harmful:
            problems.append(("a kill leaves no orders", f"{kill.scope}: {[o.id for o in harmful]}"))
        held = [p for p in desk.book.positions() if kill.scope in ("all", p.account, p.symbol)]
        found = [p for p in held if p.symbol not in adopted or adopted[p.symbol] < kill.started_at]
        left = [p for p in found if not _is_dust(desk, AccountId(p.account, p.mode), p.symbol)]
        if kill.flatten and left:
            problems.append(("a kill flattens", f"{kill.scope}: {left}"))
    return problems


def _is_dust(desk: Desk, account: AccountId, symbol: Symbol) -> bool:
    position, instrument = desk.book.position(account, symbol), desk.book.instrument(account, symbol)
    if position is None or instrument is None:
        return True
    return not instrument.is_closable(position.quantity, desk.valuation.mark(position) or ZERO)


# --- the journal -----------------------------------------------------------------------------


async def _replay(desk: Desk) -> list[Problem]:
    again = Book(desk.journal.kept, desk.around.clock)
    await again.open()
    live = desk.book
    problems: list[Problem] = []
    for kind in {**live._tables, **again._tables}:
        one, other = dict(live._tables.get(kind, {})), dict(again._tables.get(kind, {}))
        if one != other:
            wrong = [key for key in {**one, **other} if one.get(key) != other.get(key)]
            problems.append(
                ("replay is the live state", f"{kind.__name__} {[(one.get(k), other.get(k)) for k in wrong[:2]]}")
            )
    for name in ("_fills", "_open", "_children", "_groups", "_recent"):
        if getattr(live, name) != getattr(again, name):
            problems.append(("replay is the live state", name))
    return problems + await _rows(desk)


def _told(desk: Desk) -> list[Problem]:
    problems: list[Problem] = []
    for destination in desk.around.destinations:
        shown = destination.shown
        if destination.out_of_order or shown != list(range(1, len(shown) + 1)):
            problems.append(("told in order", f"{destination.name}: {destination.out_of_order or shown[-3:]}"))
        if desk.journal.last_seq - len(shown) > LAG:
            problems.append(("everything is told", f"{destination.name}: {len(shown)} of {desk.journal.last_seq}"))
    return problems


LAG = 3  # what was recorded a moment ago may still be on its way


async def _rows(desk: Desk) -> list[Problem]:
    """The tables that people query, against the live state."""
    live: list[Entity] = [*desk.book.all(Order), *desk.book.all(Position), *desk.book.all(Balance)]
    wanted = [shown for entity in live if (shown := row(entity)) is not None]
    kept = desk.journal.kept
    if isinstance(kept, MemoryJournal):
        return [("the tables are the live state", r.key) for r in wanted if kept.rows.get(r.table, {}).get(r.key) != r]
    assert isinstance(kept, Waiting)
    found = await kept.verify()
    return [("the tables are the live state", r.key) for r in wanted if found[r.table].get(r.key) != normalize(r)]
