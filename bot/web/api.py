"""The HTTP API that changes things: command lines, and orders as JSON, through the one door."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Path, Request
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from bot.app import App
from bot.tokens import login_path
from bot.web import examples
from bot.web.asking import Admin, Desk, Shape, Text, Trader, Viewer
from bot.web.auth import Refused
from bot.web.examples import answers
from bot.web.gallery import gallery_of
from bot.web.reading import known_order
from handlers.actor import Actor
from handlers.complete import complete
from handlers.parse import quote

api = APIRouter(prefix="/api/v1")
SURFACES = ("api", "terminal", "web")
STATUS = {"NOT_READY": 503, "UNKNOWN_ORDER": 404, "NOT_OPEN": 409, "NOT_ALLOWED": 403}
"""What a refusal of an order route means in HTTP; every other one is 422."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


Key = Annotated[Text, Field(max_length=160)]


class CommandBody(Body):
    """A command line; the same key again is the same answer, never a second order."""

    line: Text = Field(max_length=4000, examples=["/buy BTC/USDT 0.01"])
    key: Key = Field(default="", examples=["my-order-1"])


class CompleteBody(Body):
    """A line being typed, and where in it the cursor stands; at its end if left out."""

    text: Text = Field(max_length=4000, examples=["/buy BT"])
    cursor: int | None = Field(default=None, ge=0, le=4000)


def _written(remedy: str) -> WrapValidator:
    """Say how it is written, whatever is wrong with it, and not by which pattern it is read."""

    def read(value: Any, inner: ValidatorFunctionWrapHandler) -> Any:
        try:
            return inner(value)
        except ValidationError:
            raise ValueError(remedy) from None

    return WrapValidator(read)


Number = Annotated[
    str,
    StringConstraints(max_length=40, pattern=r"^(\d+(\.\d*)?|\.\d+)$"),
    _written('write a positive number as text, such as "0.01"'),
]
Sized = Annotated[
    str,
    StringConstraints(max_length=40, pattern=r"^(\$?[\d.]+%?|[\d.]+[A-Za-z]{2,10}|risk=[\d.]+%)$"),
    _written('write it as text: "0.01", "$100", "100usdt", "5%" or "risk=1%"'),
]
Distance = Annotated[
    str,
    StringConstraints(max_length=40, pattern=r"^[\d.]+%?$"),
    _written('write a distance in price or in percent as text: "100" or "1%"'),
]
Kind = Literal["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP"]


class OrderBody(Body):
    """An order; numbers as text. The type follows from its prices; given, it must agree with them."""

    symbol: Text = Field(min_length=1, max_length=40, examples=["BTC/USDT"])
    side: Literal["BUY", "SELL", "buy", "sell"] = Field(examples=["BUY"])
    quantity: Number | None = Field(default=None, description="In units of the instrument", examples=["0.01"])
    size: Sized | None = Field(default=None, description="Instead of quantity: 0.01, $100, 5%, risk=1%")
    account: Text = Field(default="", max_length=40, description="The desk's first if left out")
    type: Kind | None = Field(default=None, examples=["MARKET"])
    limit_price: Number | None = None
    stop_price: Number | None = None
    stop_loss: Number | None = None
    take_profit: Number | None = None
    trail: Distance | None = Field(default=None, description="A distance in price, or in percent: 1%")
    time_in_force: Literal["GTC", "IOC", "FOK", "gtc", "ioc", "fok"] | None = None
    reduce_only: bool = False
    post_only: bool = False
    iceberg: Number | None = Field(default=None, description="How much of it the book shows at a time")
    key: Key = Field(default="", description="The same key again is the same order", examples=["my-order-1"])

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.quantity is None) == (self.size is None):
            raise ValueError('give either "quantity" or "size"')
        wanted: dict[str, tuple[bool, bool]] = {  # type: (limit price, stop price)
            "MARKET": (False, False), "LIMIT": (True, False), "STOP": (False, True), "STOP_LIMIT": (True, True),
            "TRAILING_STOP": (False, False),
        }  # fmt: skip
        given = (self.limit_price is not None, self.stop_price is not None)
        if self.type is not None and wanted[self.type] != given:
            limit, stop = wanted[self.type]
            needs = [name for name, need in (("limit_price", limit), ("stop_price", stop)) if need]
            raise ValueError(f"a {self.type} order has {' and '.join(needs) or 'neither limit_price nor stop_price'}")
        if self.type == "TRAILING_STOP" and not (self.trail and self.reduce_only):
            raise ValueError("a TRAILING_STOP order has trail, and is reduce_only")
        return self

    def line(self) -> str:
        """The command line that says the same."""
        words = [self.side.lower(), quote(self.symbol), self.size or self.quantity or ""]
        words += [self.limit_price] if self.limit_price else []
        named = {
            "stop": self.stop_price, "sl": self.stop_loss, "tp": self.take_profit, "trail": self.trail,
            "tif": (self.time_in_force or "").lower(), "post": "yes" if self.post_only else "",
            "iceberg": self.iceberg, "reduce": "yes" if self.reduce_only else "", "account": self.account,
        }  # fmt: skip
        words += [f"{name}={quote(value, option=True)}" for name, value in named.items() if value]
        return "/" + " ".join(words)


# --- commands --------------------------------------------------------------------------------


@api.post("/commands", responses=answers(examples.REPLY, 413))
async def run_command(body: CommandBody, request: Request, app: Desk, actor: Viewer) -> Shape:
    """Run a command line; answers the reply. A refusal is a reply, too: `ok` is false and `error` says why."""
    reply = await app.run(body.line, actor, _surface(request), body.key)
    return reply.to_json(gallery_of(request).hang(actor, reply.image) if reply.image else None)


@api.post("/complete", responses=answers([examples.COMPLETION], 413))
async def complete_line(body: CompleteBody, request: Request, app: Desk, actor: Viewer) -> list[Shape]:
    """What may be typed at the cursor: put `text` in place of what stands from `start` to the cursor."""
    cursor = len(body.text) if body.cursor is None else min(body.cursor, len(body.text))
    ctx = app.dispatcher.context(body.text, actor, _surface(request))
    found = complete(body.text, cursor, ctx)
    return [{"text": c.text, "display": c.display, "help": c.help, "start": c.start} for c in found]


@api.post("/links", responses=answers(examples.LINK))
async def make_link(app: Desk, actor: Admin) -> Shape:
    """A one-time link that signs in at the dashboard as the caller; `url` is where it leads from outside, if known."""
    path, public = login_path(app.tokens.link(app.desk.identity(actor.id))), app.settings.web.url
    return {"path": path, "url": f"{public}{path}" if public else None}


def _surface(request: Request) -> str:
    asked = request.headers.get("x-tiller-surface", "api")
    return asked if asked in SURFACES else "api"


# --- orders ----------------------------------------------------------------------------------


@api.post("/orders", responses=answers(examples.REPLY, 413, 503))
async def create_order(body: OrderBody, request: Request, app: Desk, actor: Trader) -> Shape:
    """Create an order; answers the reply of the command it stands for.

    An order that was made and then denied or rejected answers 200 with `ok` false and its `order_id`. One that
    needs a confirmation answers `ok` true without an `order_id`, and a button whose line confirms it.
    """
    return await _order_line(app, request, body.line(), actor, body.key)


@api.delete("/orders/{order_id}", responses=answers(examples.CANCELED, 404, 409, 503))
async def cancel_order(
    order_id: Annotated[str, Path(max_length=40)], request: Request, app: Desk, actor: Trader
) -> Shape:
    """Cancel an order, known by its id or a unique beginning of it."""
    found = await known_order(app, order_id)
    return await _order_line(app, request, f"/cancel {found['id']}", actor)


@api.post("/orders/sync", responses=answers(examples.SYNCED, 503))
async def sync_orders(request: Request, app: Desk, actor: Trader) -> Shape:
    """Hold the books against the venues now."""
    return await _order_line(app, request, "/reconcile", actor)


async def _order_line(app: App, request: Request, line: str, actor: Actor, key: str = "") -> Shape:
    """The reply as JSON; a refusal that left no order behind is an HTTP error."""
    reply = await app.run(line, actor, _surface(request), key)
    if not reply.ok and reply.order_id is None and reply.error is not None:
        raise Refused(STATUS.get(reply.error, 422), reply.error, reply.text)
    return reply.to_json()
