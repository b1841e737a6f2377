"""The top bar: how the desk stands, what each account is worth, and what a kill would do."""

from collections.abc import Iterable

from bot.app import App
from bot.web.dashboard.view.cells import Shape, cell, profit
from handlers.accounts import in_use, is_dust
from handlers.figures import money, number
from handlers.story import killing
from trading.events import TradingState
from trading.intent import AccountId, Mode
from trading.order import Order
from trading.portfolio import Position
from trading.words import counted, scope_label

SHOWN = 6  # positions named in the ceremony


def desk(app: App) -> Shape:
    """The state of the desk, and what each account is worth in each mode that is in use."""
    state = str(app.book.state())
    reason = app.desk.not_ready
    shown = app.not_accepting.upper() or (state if not reason or state != TradingState.ACTIVE else "NOT READY")
    return {
        "state": state,
        "shown": shown,
        "reason": "" if app.not_accepting else reason,
        "doubts": sum(order.in_doubt for order in app.book.open_orders()),
        "differences": len(app.desk.reconciler.open_drifts()),
        "accounts": [_account(app, each) for each in in_use(app.book, app.desk.accounts)],
    }


def _account(app: App, account: AccountId) -> Shape:
    about = {"name": account.name, "mode": account.mode.upper(), "live": account.mode is Mode.LIVE}
    if app.not_accepting:  # the books are not open yet
        return about | {"equity": "-", "today": cell("-"), "room": "-"}
    gate = app.desk.gate
    return about | {
        "equity": money(app.desk.valuation.equity(account).total),
        "today": profit(gate.day_pnl(account)),
        "room": money(gate.room_today(account)),
    }


def health(app: App) -> Shape:
    """What does not work, each in a few words; nothing if all does."""
    parts = {} if app.not_accepting else app.desk.health()
    return {"parts": len(parts), "problems": [f"{name}: {told}" for name, (good, told) in parts.items() if not good]}


# --- the kill switch -------------------------------------------------------------------------


def kill(app: App) -> Shape:
    """What a kill does, and for each scope what it would meet now."""
    scopes = [_scope("all", app.book.open_orders(), app.book.positions(), app)]
    for name in app.desk.accounts:
        orders = [order for order in app.book.open_orders() if order.account == name]
        scopes.append(_scope(name, orders, [p for p in app.book.positions() if p.account == name], app))
    for name in app.desk.strategies:
        config = app.desk.runner.config(name)
        orders = [o for o in app.book.open_orders() if o.account == config.account and o.symbol in config.symbols]
        held = [p for p in app.book.positions() if p.account == config.account and p.symbol in config.symbols]
        scopes.append(_scope(name, orders, held, app))
    return {"keeps": killing(False), "flattens": killing(True), "scopes": scopes}


def _scope(scope: str, orders: Iterable[Order], held: Iterable[Position], app: App) -> Shape:
    texts = [f"{number(p.quantity)} {p.symbol}" for p in held if not is_dust(app.desk.oms, p)]
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return {
        "name": scope,
        "label": scope_label(scope),
        "orders": counted(len(list(orders)), "open order"),
        "positions": f"{', '.join(texts[:SHOWN])}{more}" if texts else "no position",
    }
