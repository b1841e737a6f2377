"""What is held, working and running: positions, open orders, balances, strategies."""

from collections.abc import Sequence

from bot.app import App
from bot.web.dashboard.view.cells import Shape, action, cell, field, profit, row
from handlers.accounts import closing_line, covered, in_use, is_dust, options
from handlers.figures import money, number, price
from handlers.states import state
from trading.book import Book
from trading.intent import AccountId, Leg
from trading.order import Order
from trading.portfolio import Position

SHORT = 6  # characters of an order's id
MOST = 60  # rows of a table; more would only slow a browser down
PARTS = ("25%", "50%", "75%")

POSITIONS = ("Symbol", "Quantity", "Average", "Profit", "Stop / target")


def positions(app: App, trades: bool) -> list[Shape]:
    """Open positions with their profit at the price they could be closed at now."""
    return bounded([_position(app, found, trades) for found in app.book.positions()[:MOST]], len(app.book.positions()))


def _position(app: App, found: Position, trades: bool) -> Shape:
    account = AccountId(found.account, found.mode)
    valuation, oms = app.desk.valuation, app.desk.oms
    legs = app.desk.protection.legs(account, found.symbol)
    stop, target = (covered(oms, found, legs, kind) for kind in (Leg.STOP_LOSS, Leg.TAKE_PROFIT))
    cells = [
        cell(found.symbol, note=str(account)),
        cell(number(found.quantity), "good" if found.quantity > 0 else "bad"),
        cell(average(app, found), note=f"now {price(valuation.mark(found))}"),
        profit(valuation.unrealized(found)) | {"note": found.currency},
        cell(f"{stop} / {target}" if legs else "none", "" if legs else "muted"),
    ]
    can_close = trades and not is_dust(oms, found)
    return row(found.pk, cells, _closing(app, found, account) if can_close else ())


def average(app: App, found: Position) -> str:
    """The average price of a position, rounded to the tick for reading."""
    instrument = app.book.instrument(AccountId(found.account, found.mode), found.symbol)
    at = found.average_price
    return price(at if at is None or instrument is None else at.quantize(instrument.tick))


def _closing(app: App, found: Position, account: AccountId) -> Sequence[Shape]:
    part = field("", "How much: 50%, 0.01 or $100", PARTS[1], PARTS)
    return (
        action("Close", closing_line(app.book, found)),
        action("Part", f"/close {found.symbol}", [part], options(app.book, account)),
    )


ORDERS = ("Order", "Price", "Filled", "Status")


def orders(app: App, trades: bool) -> list[Shape]:
    """Orders the venue may still act on, the newest first."""
    working = app.book.open_orders()
    return bounded([_order(found, app.book, trades) for found in working[: -MOST - 1 : -1]], len(working))


def _order(found: Order, book: Book, trades: bool) -> Shape:
    at = " / ".join(price(p) for p in (found.stop_price, found.limit_price) if p is not None)
    cells = [
        cell(order_text(found), "good" if found.side == "BUY" else "bad", f"{found.account_id}, {found.id[:SHORT]}"),
        at or (f"trail {found.trail}" if found.trail else "market"),
        f"{number(found.filled_quantity)} of {number(found.quantity)}",
        cell(state(found, book), "warn" if found.in_doubt else ""),
    ]
    return row(found.id, cells, _order_actions(found) if trades else ())


def order_text(found: Order) -> str:
    """`SELL 0.012 BTC/USDT sl`."""
    leg = "" if found.leg is Leg.ENTRY else f" {found.leg}"
    return f"{found.side} {number(found.quantity)} {found.symbol}{leg}"


def _order_actions(found: Order) -> Sequence[Shape]:
    fields = [("quantity", "Quantity", found.quantity)]
    fields += [("price", "Limit price", found.limit_price)] if found.limit_price is not None else []
    fields += [("stop", "Stop price", found.stop_price)] if found.stop_price is not None else []
    form = [field(name, label, f"{value:f}") for name, label, value in fields]
    return action("Amend", f"/amend {found.id}", form), action("Cancel", f"/cancel {found.id}")


BALANCES = ("Currency", "Amount", "Worth")


def balances(app: App) -> list[Shape]:
    """What the accounts hold, in each mode that is in use."""
    rows = []
    for account in in_use(app.book, app.desk.accounts):
        for held in sorted(app.book.balances(account), key=lambda b: b.currency):
            if held.amount:
                worth = app.desk.valuation.worth(account, held.amount, held.currency)
                name = cell(held.currency, note=str(account))
                rows.append(row(held.pk, [name, number(held.amount), money(worth)]))
    return bounded(rows[:MOST], len(rows))


STRATEGIES = ("Strategy", "State")


def strategies(app: App, trades: bool) -> list[Shape]:
    """The configured strategies, with a switch each."""
    rows = []
    for name in app.desk.strategies:
        config, running = app.desk.runner.config(name), app.desk.runner.running(name)
        params = ", ".join(f"{key} {value}" for key, value in config.params.items())
        state = cell("running", "good") if running else cell("stopped", "muted")
        state = cell("-") if app.not_accepting else state
        bars = f"{', '.join(config.symbols)} {config.timeframe}"
        what = cell(name, note=f"{config.class_name}{f' ({params})' if params else ''} on {bars}")
        switch = action("Stop", f"/stop_strategy {name}") if running else action("Start", f"/start_strategy {name}")
        rows.append(row(name, [what, state], [switch] if trades else ()))
    return bounded(rows[:MOST], len(rows))


def bounded(rows: list[Shape], all_of_them: int) -> list[Shape]:
    """The rows, with a last one that says how many are not shown."""
    left = all_of_them - len(rows)
    return [*rows, row("more", [cell(f"and {left} more", "muted")])] if left > 0 else rows
