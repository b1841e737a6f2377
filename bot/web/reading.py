"""The HTTP API that only reads: the desk, its books and its journal; and how the process itself is."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import AwareDatetime

from bot.app import VERSION, App
from bot.web import examples, shapes
from bot.web.asking import Desk, Limit, Name, Seq, Shape, Viewer
from bot.web.auth import Refused
from bot.web.examples import answers
from handlers.accounts import in_use
from trading import events as e
from trading.control import Latch
from trading.errors import IntentError
from trading.intent import AccountId

reading = APIRouter(prefix="/api/v1")
health = APIRouter()
SAMPLES = 5000
PLACES = 8  # of a figure that was divided
Since = Annotated[AwareDatetime | None, Query(description="Only what happened from this time on")]


@reading.get("/status", responses=answers(examples.STATUS))
async def read_status(app: Desk, actor: Viewer) -> Shape:
    """How the desk stands."""
    desk, book = app.desk, app.book
    reason = app.not_accepting or desk.not_ready
    return {
        "version": VERSION,
        "state": book.state(),
        "ready": not reason,
        "reason": reason or None,
        "currency": desk.valuation.currency,
        "timezone": desk.timezone,
        "accounts": [_account(app, each) for each in in_use(app.book, desk.accounts)],
        "latches": [
            {"scope": x.scope, "state": x.state, "actor": x.actor, "reason": x.reason}
            for x in book.all(Latch)
            if x.state is not e.TradingState.ACTIVE
        ],
        "in_doubt": [order.id for order in book.open_orders() if order.in_doubt],
        "differences": len(desk.reconciler.open_drifts()),
        "last_seq": book.journal.last_seq,
    }


def _account(app: App, account: AccountId) -> Shape:
    desk = app.desk
    worth = desk.valuation.equity(account)
    return shapes.text(  # type: ignore[no-any-return]
        {
            "account": account.name,
            "mode": account.mode,
            "venue": desk.executors[account].venue,
            "market": desk.markets[account.name].name,
            "state": app.book.state(account.name),
            "equity": worth.total,
            "cash": worth.cash,
            "unrealized_pnl": worth.unrealized,
            "day_pnl": desk.gate.day_pnl(account),
            "room_today": desk.gate.room_today(account),
            "positions": len(app.book.positions(account)),
            "open_orders": len(app.book.open_orders(account)),
            "unpriced": list(worth.unpriced),
            "label": str(account),
        }
    )


@reading.get("/accounts", responses=answers([examples.ACCOUNT]))
async def read_accounts(app: Desk, actor: Viewer) -> list[Shape]:
    """Every account in its present mode, and in the other one where something is still open."""
    return [_account(app, each) for each in in_use(app.book, app.desk.accounts)]


@reading.get("/positions", responses=answers([examples.POSITION]))
async def read_positions(app: Desk, actor: Viewer, account: Name = "") -> list[Shape]:
    """Open positions with their profit at the mark."""
    found = [p for p in app.book.positions() if account in ("", p.account)]
    return [shapes.position(p, app.desk.valuation.mark(p)) for p in found]


@reading.get("/balances", responses=answers([examples.BALANCE]))
async def read_balances(app: Desk, actor: Viewer, account: Name = "") -> list[Shape]:
    """What the accounts hold, in each of their modes."""
    rows = []
    for each in app.desk.executors:
        for held in app.book.balances(each) if account in ("", each.name) else ():
            value = app.desk.valuation.worth(each, held.amount, held.currency)
            rows.append(
                {"account": each.name, "mode": each.mode, "currency": held.currency,
                 "amount": held.amount, "value": value}
            )  # fmt: skip
    return shapes.text(rows)  # type: ignore[no-any-return]


# --- orders and fills ------------------------------------------------------------------------


@reading.get("/orders", responses=answers([examples.ORDER]))
async def read_orders(
    app: Desk,
    actor: Viewer,
    status: Literal["open", "all"] = "all",
    symbol: Name = "",
    account: Name = "",
    limit: Limit = 100,
) -> list[Shape]:
    """Orders, the newest first."""
    if status == "open":
        found = [o for o in app.book.open_orders() if symbol in ("", o.symbol) and account in ("", o.account)]
        return [shapes.order(each, app.book) for each in found[: -limit - 1 : -1]]
    rows = await app.store.queries.orders(symbol=symbol, account=account, limit=limit)
    return [shapes.order(each, app.book) for each in rows]


@reading.get("/orders/{order_id}", responses=answers(examples.ORDER, 404, 409))
async def read_order(order_id: Annotated[str, Path(max_length=40)], app: Desk, actor: Viewer) -> Shape:
    """One order, by its id or a unique beginning of it."""
    return shapes.order(await known_order(app, order_id), app.book)


async def known_order(app: App, order_id: str) -> Shape:
    """The columns of one order.

    Raises:
        Refused: 404 there is none, 409 several begin so.
    """
    try:
        return await app.store.queries.order(order_id)
    except IntentError as why:
        raise Refused(409 if why.code == "AMBIGUOUS" else 404, why.code, why.text, why.remedy) from None


@reading.get("/fills", responses=answers([examples.FILL]))
async def read_fills(
    app: Desk, actor: Viewer, account: Name = "", order_id: Name = "", since: Since = None, limit: Limit = 100
) -> list[Shape]:
    """Fills, the newest first."""
    rows = await app.store.queries.fills(account=account, order_id=order_id, since=since, limit=limit)
    return [shapes.fill(each) for each in rows]


# --- history ---------------------------------------------------------------------------------


@reading.get("/equity", responses=answers([examples.SAMPLE]))
async def read_equity(app: Desk, actor: Viewer, account: Name = "", since: Since = None) -> list[Shape]:
    """Samples of the equity curve, the oldest first; the last 5000."""
    rows = await app.store.queries.equity(account=account, since=since, limit=SAMPLES)
    return [shapes.text({name: row[name] for name in examples.SAMPLE}) for row in rows]


@reading.get("/signals", responses=answers([examples.SIGNAL]))
async def read_signals(app: Desk, actor: Viewer, strategy: Name = "", limit: Limit = 100) -> list[Shape]:
    """What strategies wanted and what became of it, the newest first."""
    return [shapes.text(row) for row in await app.store.queries.signals(strategy=strategy, limit=limit)]


@reading.get("/strategies", responses=answers([examples.STRATEGY]))
async def read_strategies(app: Desk, actor: Viewer) -> list[Shape]:
    """The configured strategies."""
    rows = []
    for name in app.desk.strategies:
        config = app.desk.runner.config(name)
        rows.append(
            {"name": name, "class": config.class_name, "account": config.account, "symbols": list(config.symbols),
             "timeframe": config.timeframe, "params": {key: str(value) for key, value in config.params.items()},
             "running": app.desk.runner.running(name)}
        )  # fmt: skip
    return shapes.text(rows)  # type: ignore[no-any-return]


@reading.get("/risk", responses=answers([examples.RISK]))
async def read_risk(app: Desk, actor: Viewer, account: Name = "") -> list[Shape]:
    """How much of each limit is used, for each account in its present mode, and in the other if that is in use."""
    gate, rows = app.desk.gate, []
    for each in in_use(app.book, [name for name in app.desk.accounts if account in ("", name)]):
        used = [{"name": use.name, "used": round(use.used, PLACES), "limit": use.limit} for use in gate.usage(each)]
        rows.append({"account": each.name, "mode": each.mode, "room_today": gate.room_today(each), "usage": used})
    return shapes.text(rows)  # type: ignore[no-any-return]


@reading.get("/events", responses=answers([examples.EVENT]))
async def read_events(app: Desk, actor: Viewer, after: Seq = 0, limit: Limit = 100) -> list[Shape]:
    """The journal after a sequence number, the oldest first."""
    return [shapes.event(row) for row in await app.store.queries.events(after, limit=limit)]


# --- health ----------------------------------------------------------------------------------


@health.get("/healthz", responses={200: {"content": {"application/json": {"example": {"ok": True}}}}})
async def healthz() -> Shape:
    """Alive."""
    return {"ok": True}


READY: dict[int | str, Shape] = {
    200: {"content": {"application/json": {"example": examples.READY}}},
    503: {"content": {"application/json": {"example": {"ready": False, "reason": "starting"}}}},
}


@health.get("/readyz", responses=READY)
async def readyz(app: Desk, response: Response) -> Shape:
    """Reconciled and accepting; 503 with the reason until then."""
    reason = app.not_accepting or app.desk.not_ready
    response.status_code = 503 if reason else 200
    return {"ready": not reason, "reason": reason or None}


METRICS = answers(None) | {200: {"content": {"text/plain": {"example": "tiller_ready 1.0"}}}}


@health.get("/metrics", response_class=Response, responses=METRICS)
async def metrics(app: Desk, actor: Viewer) -> Response:
    """Prometheus."""
    return Response(app.metrics.render(), media_type=CONTENT_TYPE_LATEST)
