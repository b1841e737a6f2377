"""What the panels show of the books: plain text with a tone, ready to be sent to a browser as JSON."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bot.app import App
from handlers.accounts import closing_line, covered, in_use, is_dust
from handlers.figures import money, number, price, signed
from trading.events import TradingState
from trading.intent import AccountId, Leg, Mode
from trading.order import Order
from trading.portfolio import Position
from trading.words import STATUS

Shape = dict[str, Any]
SHORT = 6  # characters of an order's id


def cell(text: str, tone: str = "") -> Shape:
    return {"text": text, "tone": tone}


def profit(value: Decimal | None, currency: str = "") -> Shape:
    """Money with its sign and colour; a dash where it cannot be counted."""
    tone = "" if not value else "good" if value > 0 else "bad"
    return cell(signed(value, currency), tone)


def desk(app: App) -> Shape:
    """The top bar: the state of the desk, and what each account is worth in each mode that is in use."""
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


# --- tables ----------------------------------------------------------------------------------


def row(key: str, cells: list[Any], actions: Iterable[Shape] = ()) -> Shape:
    """One row of a table: texts or toned cells. An action sends its line, or asks for the fields of its form first."""
    return {"key": key, "cells": [cell(c) if isinstance(c, str) else c for c in cells], "actions": list(actions)}


def action(label: str, line: str, form: list[Shape] | None = None) -> Shape:
    return {"label": label, "line": line, "form": form}


POSITIONS = ("Symbol", "Quantity", "Average", "Mark", "Profit", "Stop / target", "Account")


def positions(app: App, trades: bool) -> list[Shape]:
    """Open positions with their profit at the price they could be closed at now."""
    return [_position(app, found, trades) for found in app.book.positions()]


def _position(app: App, found: Position, trades: bool) -> Shape:
    account = AccountId(found.account, found.mode)
    valuation, oms = app.desk.valuation, app.desk.oms
    legs = app.desk.protection.legs(account, found.symbol)
    stop, target = (covered(oms, found, legs, kind) for kind in (Leg.STOP_LOSS, Leg.TAKE_PROFIT))
    guarded = f"{stop} / {target}" if legs else "none"
    cells = [
        found.symbol,
        cell(number(found.quantity), "good" if found.quantity > 0 else "bad"),
        price(found.average_price),
        price(valuation.mark(found)),
        profit(valuation.unrealized(found), found.currency),
        cell(guarded, "" if legs else "muted"),
        str(account),
    ]
    closing = [] if is_dust(oms, found) else [action("Close", closing_line(app.book, found))]
    return row(found.pk, cells, closing if trades else ())


ORDERS = ("Order", "Price", "Filled", "Status", "Account", "ID")


def orders(app: App, trades: bool) -> list[Shape]:
    """Orders the venue may still act on, the newest first."""
    return [_order(found, trades) for found in reversed(app.book.open_orders())]


def _order(found: Order, trades: bool) -> Shape:
    status = ("UNKNOWN - checking", "warn") if found.in_doubt else (STATUS[found.status], "")
    at = " / ".join(price(p) for p in (found.stop_price, found.limit_price) if p is not None)
    leg = "" if found.leg is Leg.ENTRY else f" {found.leg.replace('_', ' ')}"
    cells = [
        cell(f"{found.side} {number(found.quantity)} {found.symbol}{leg}", "good" if found.side == "BUY" else "bad"),
        at or (f"trail {found.trail}" if found.trail else "market"),
        f"{number(found.filled_quantity)} of {number(found.quantity)}",
        cell(*status),
        str(found.account_id),
        found.id[:SHORT],
    ]
    return row(found.id, cells, _order_actions(found) if trades else ())


def _order_actions(found: Order) -> list[Shape]:
    fields = [("quantity", "Quantity", found.quantity)]
    fields += [("price", "Limit price", found.limit_price)] if found.limit_price is not None else []
    fields += [("stop", "Stop price", found.stop_price)] if found.stop_price is not None else []
    form = [{"name": name, "label": label, "value": f"{value:f}"} for name, label, value in fields]
    return [action("Amend", f"/amend {found.id}", form), action("Cancel", f"/cancel {found.id}")]


BALANCES = ("Currency", "Amount", "Worth", "Account")


def balances(app: App) -> list[Shape]:
    """What the accounts hold, in each mode that is in use."""
    rows = []
    for account in in_use(app.book, app.desk.accounts):
        for held in sorted(app.book.balances(account), key=lambda b: b.currency):
            if held.amount:
                worth = app.desk.valuation.worth(account, held.amount, held.currency)
                rows.append(row(held.pk, [held.currency, number(held.amount), money(worth), str(account)]))
    return rows


STRATEGIES = ("Name", "What", "Bars", "State")


def strategies(app: App, trades: bool) -> list[Shape]:
    """The configured strategies, with a switch each."""
    rows = []
    for name in app.desk.strategies:
        config, running = app.desk.runner.config(name), app.desk.runner.running(name)
        params = ", ".join(f"{key} {value}" for key, value in config.params.items())
        state = cell("running", "good") if running else cell("stopped", "muted")
        state = cell("-") if app.not_accepting else state
        cells = [name, f"{config.class_name} ({params})", f"{', '.join(config.symbols)} {config.timeframe}", state]
        switch = action("Stop", f"/stop_strategy {name}") if running else action("Start", f"/start_strategy {name}")
        rows.append(row(name, cells, [switch] if trades else ()))
    return rows
