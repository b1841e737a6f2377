"""The HTTP API: commands through the one door, and read routes over the books."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field

from bot.app import VERSION, App
from bot.web import shapes
from bot.web.auth import Refused, needs
from handlers.cards import mode_label
from handlers.complete import complete
from handlers.context import Actor, Role
from handlers.parse import quote
from trading import events as e
from trading.control import Latch
from trading.errors import IntentError
from trading.intent import AccountId

api = APIRouter(prefix="/api/v1")
open_routes = APIRouter()
Viewer = Annotated[Actor, Depends(needs(Role.VIEWER))]
Trader = Annotated[Actor, Depends(needs(Role.TRADER))]
Admin = Annotated[Actor, Depends(needs(Role.ADMIN))]
Limit = Annotated[int, Query(ge=1, le=1000)]
SURFACES = ("api", "terminal", "web")
Shape = dict[str, Any]


def _app(request: Request) -> App:
    app: App = request.app.state.tiller
    return app


Desk = Annotated[App, Depends(_app)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CommandBody(Body):
    """A command line; the same key again is the same answer, never a second order."""

    line: str = Field(max_length=4000, examples=["/buy BTC/USDT 0.01"])
    key: str = Field(default="", max_length=200, examples=["my-order-1"])


class CompleteBody(Body):
    text: str = Field(max_length=4000, examples=["/buy BT"])
    cursor: int | None = Field(default=None, ge=0)


Number = Annotated[str, Field(max_length=40, pattern=r"^[0-9.$%a-zA-Z=]+$")]


class OrderBody(Body):
    """An order; numbers as text."""

    symbol: str = Field(max_length=40, examples=["BTC/USDT"])
    side: str = Field(pattern="^(?i:buy|sell)$", examples=["BUY"])
    quantity: Number | None = Field(default=None, examples=["0.01"])
    size: Number | None = Field(default=None, examples=["$100"])
    account: str = Field(default="", max_length=40)
    limit_price: Number | None = None
    stop_price: Number | None = None
    stop_loss: Number | None = None
    take_profit: Number | None = None
    trail: Number | None = None
    time_in_force: str = Field(default="", pattern="^(?i:gtc|ioc|fok|)$")
    reduce_only: bool = False
    post_only: bool = False
    key: str = Field(default="", max_length=200)

    def line(self) -> str:
        """The command line that says the same."""
        size = self.size or self.quantity
        if not size:
            raise Refused(422, "NO_SIZE", "The order has no quantity.", 'Send "quantity": "0.01" or "size": "$100".')
        words = [self.side.lower(), quote(self.symbol), size, *([self.limit_price] if self.limit_price else [])]
        named = {
            "stop": self.stop_price, "sl": self.stop_loss, "tp": self.take_profit, "trail": self.trail,
            "tif": self.time_in_force.lower(), "post": "yes" if self.post_only else "",
            "reduce": "yes" if self.reduce_only else "", "account": self.account,
        }  # fmt: skip
        words += [f"{name}={quote(value, option=True)}" for name, value in named.items() if value]
        return "/" + " ".join(words)


# --- commands --------------------------------------------------------------------------------


async def _run(app: App, request: Request, line: str, actor: Actor, key: str) -> Shape:
    asked = request.headers.get("x-tiller-surface", "api")
    surface = asked if asked in SURFACES else "api"
    reply = await app.run(line, actor, surface, key)
    return reply.to_json()


@api.post("/commands")
async def run_command(body: CommandBody, request: Request, app: Desk, actor: Viewer) -> Shape:
    """Run a command line; answers the reply."""
    return await _run(app, request, body.line, actor, body.key)


@api.post("/links")
async def make_link(app: Desk, actor: Admin) -> Shape:
    """A one-time link that signs in at the console as the admin of the desk's machine."""
    return {"path": f"/login?link={app.tokens.link()}"}


@api.post("/complete")
async def complete_line(body: CompleteBody, app: Desk, actor: Viewer) -> list[Shape]:
    """What may be typed at the cursor."""
    cursor = len(body.text) if body.cursor is None else body.cursor
    ctx = app.dispatcher.context(body.text, actor, "api")
    found = complete(body.text, cursor, ctx)
    return [{"text": c.text, "display": c.display, "help": c.help, "start": c.start} for c in found]


@api.post("/orders")
async def create_order(body: OrderBody, request: Request, app: Desk, actor: Trader) -> Shape:
    """Create an order; answers the reply of the command it stands for."""
    return await _run(app, request, body.line(), actor, body.key)


@api.delete("/orders/{order_id}")
async def cancel_order(order_id: str, request: Request, app: Desk, actor: Trader) -> Shape:
    """Cancel an order."""
    found = await _order(app, order_id)
    return await _run(app, request, f"/cancel {found['id']}", actor, "")


@api.post("/orders/sync")
async def sync_orders(request: Request, app: Desk, actor: Trader) -> Shape:
    """Hold the books against the venues now."""
    return await _run(app, request, "/reconcile", actor, "")


# --- reading ---------------------------------------------------------------------------------


@api.get("/status")
async def read_status(app: Desk, actor: Viewer) -> Shape:
    """How the desk stands."""
    desk, book = app.desk, app.book
    accounts = [_account(app, AccountId(name, book.mode(name))) for name in desk.accounts]
    return {
        "version": VERSION,
        "state": book.state(),
        "ready": not desk.not_ready,
        "reason": desk.not_ready or None,
        "currency": desk.valuation.currency,
        "timezone": desk.timezone,
        "accounts": accounts,
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
            "label": mode_label(account),
        }
    )


@api.get("/accounts")
async def read_accounts(app: Desk, actor: Viewer) -> list[Shape]:
    """Every account in its present mode."""
    return [_account(app, AccountId(name, app.book.mode(name))) for name in app.desk.accounts]


@api.get("/positions")
async def read_positions(app: Desk, actor: Viewer, account: str = "") -> list[Shape]:
    """Open positions with their profit at the mark."""
    found = [p for p in app.book.positions() if not account or p.account == account]
    return [shapes.position(p, app.desk.valuation.mark(p)) for p in found]


@api.get("/balances")
async def read_balances(app: Desk, actor: Viewer, account: str = "") -> list[Shape]:
    """What the accounts hold."""
    rows = []
    for each in app.desk.executors:
        if account and each.name != account:
            continue
        for held in app.book.balances(each):
            value = app.desk.valuation.worth(each, held.amount, held.currency)
            rows.append(
                {"account": each.name, "mode": each.mode, "currency": held.currency,
                 "amount": held.amount, "value": value}
            )  # fmt: skip
    return shapes.text(rows)  # type: ignore[no-any-return]


@api.get("/orders")
async def read_orders(
    app: Desk, actor: Viewer, status: str = "all", symbol: str = "", account: str = "", limit: Limit = 100
) -> list[Shape]:
    """Orders: `status=open`, or all with the newest first."""
    if status == "open":
        found = [o for o in app.book.open_orders() if symbol in ("", o.symbol) and account in ("", o.account)]
        return [shapes.order(each) for each in found[:limit]]
    if status != "all":
        raise Refused(422, "BAD_STATUS", f"status is {status[:20]!r}.", "Write open or all.")
    rows = await app.store.queries.orders(symbol=symbol, account=account, limit=limit)
    return [shapes.order(each) for each in rows]


async def _order(app: App, order_id: str) -> Shape:
    try:
        return await app.store.queries.order(order_id[:40])
    except IntentError as why:
        raise Refused(404, why.code, why.text, why.remedy) from None


@api.get("/orders/{order_id}")
async def read_order(order_id: str, app: Desk, actor: Viewer) -> Shape:
    """One order, by its id or a unique beginning of it."""
    return shapes.order(await _order(app, order_id))


@api.get("/fills")
async def read_fills(
    app: Desk, actor: Viewer, account: str = "", order_id: str = "", since: datetime | None = None, limit: Limit = 100
) -> list[Shape]:
    """Fills, newest first."""
    rows = await app.store.queries.fills(account=account, order_id=order_id, since=since, limit=limit)
    return [shapes.fill(each) for each in rows]


@api.get("/equity")
async def read_equity(app: Desk, actor: Viewer, account: str = "", since: datetime | None = None) -> list[Shape]:
    """Samples of the equity curve, oldest first."""
    rows = await app.store.queries.equity(account=account, since=since, limit=5000)
    names = ("account", "mode", "at", "equity", "cash", "unrealized")
    return [shapes.text({name: row[name] for name in names}) for row in rows]


@api.get("/signals")
async def read_signals(app: Desk, actor: Viewer, strategy: str = "", limit: Limit = 100) -> list[Shape]:
    """What strategies wanted, newest first."""
    return [shapes.text(row) for row in await app.store.queries.signals(strategy=strategy, limit=limit)]


@api.get("/strategies")
async def read_strategies(app: Desk, actor: Viewer) -> list[Shape]:
    """The configured strategies."""
    rows = []
    for name in app.desk.strategies:
        config = app.desk.runner.config(name)
        rows.append(
            {"name": name, "class": config.class_name, "account": config.account, "symbols": list(config.symbols),
             "timeframe": config.timeframe, "params": dict(config.params), "running": app.desk.runner.running(name)}
        )  # fmt: skip
    return shapes.text(rows)  # type: ignore[no-any-return]


@api.get("/risk")
async def read_risk(app: Desk, actor: Viewer, account: str = "") -> list[Shape]:
    """How much of each limit is used, for each account."""
    rows = []
    for name in app.desk.accounts:
        if account in ("", name):
            each = AccountId(name, app.book.mode(name))
            used = [{"name": use.name, "used": use.used, "limit": use.limit} for use in app.desk.gate.usage(each)]
            rows.append(
                {"account": name, "mode": each.mode, "room_today": app.desk.gate.room_today(each), "usage": used}
            )
    return shapes.text(rows)  # type: ignore[no-any-return]


@api.get("/events")
async def read_events(
    app: Desk, actor: Viewer, after: Annotated[int, Query(ge=0)] = 0, limit: Limit = 100
) -> list[Shape]:
    """The journal after a sequence number."""
    return [shapes.event(row) for row in await app.store.queries.events(after, limit=limit)]


# --- health ----------------------------------------------------------------------------------


@open_routes.get("/healthz")
async def healthz() -> Shape:
    """Alive."""
    return {"ok": True}


@open_routes.get("/readyz")
async def readyz(app: Desk, response: Response) -> Shape:
    """Reconciled and accepting."""
    reason = app.not_accepting
    response.status_code = 503 if reason else 200
    return {"ready": not reason, "reason": reason or None}


@open_routes.get("/metrics")
async def metrics(app: Desk, actor: Viewer) -> Response:
    """Prometheus."""
    return Response(app.metrics.render(), media_type=CONTENT_TYPE_LATEST)
