"""A desk to knock at, with commands of its own that keep count of what they did."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal

import handlers.commands  # noqa: F401 - importing declares them
from handlers.actor import Actor, ConfirmPolicy, Consent, Role
from handlers.context import Context
from handlers.dispatch import Dispatcher
from handlers.reply import Reply
from handlers.spec import REGISTRY, Arg, CommandSpec, command
from handlers.values import AccountName, Line, OrderRef, Part, Scope, StrategyName, Timeframe, Words
from tests.kit import BTC, ETH, HandClock, HandMarket, MemoryJournal
from trading.book import Book
from trading.errors import IntentError
from trading.events import AnyEvent, CommandRun, InstrumentListed, OrderInitialized, OrderSubmitted, Recorded
from trading.instruments import Instrument, Price, Quantity, Settlement, Side, Symbol
from trading.intent import Mode, OrderType, Size, TimeInForce, Trail
from trading.ports import Row
from trading.valuation import Valuation

PERP = Instrument(
    Symbol("ETH/USDT:USDT"), "ETH", "USDT", Decimal("0.01"), Decimal("0.001"), settlement=Settlement.LINEAR
)
EURUSD = Instrument(Symbol("EURUSD"), "EUR", "USD", Decimal("0.00001"), Decimal("0.01"), settlement=Settlement.LINEAR)

ANA = Actor("person:ana", "Ana", Role.TRADER)
BEN = Actor("person:ben", "Ben", Role.TRADER)
EVA = Actor("person:eva", "Eva", Role.ADMIN)
VIC = Actor("person:vic", "Vic", Role.VIEWER)
PINE = Actor("webhook:pine", "pine", Role.TRADER, account="demo")
PEOPLE = {actor.id: actor for actor in (ANA, BEN, EVA, VIC, PINE)}


class SlowJournal(MemoryJournal):
    """Lets others run while it writes, as a journal on a network does."""

    async def append(self, events: Sequence[AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[Recorded]:
        await asyncio.sleep(0)
        added = await super().append(events, at, rows)
        await asyncio.sleep(0)
        return added


class HandDesk:
    """Two accounts, two strategies, no orders of its own; `done` is what the commands did."""

    timezone = "UTC"
    strategies = ("trend", "mean")
    settings: Mapping[str, str] = {"risk.max_order_value": "1000"}

    def __init__(self, journal: MemoryJournal | None = None, accounts: Sequence[str] = ("demo", "broker")) -> None:
        self.clock = HandClock()
        self.journal = journal or SlowJournal()
        self.book = Book(self.journal, self.clock)
        self.accounts = accounts
        market = HandMarket(self.clock, BTC, ETH, PERP)
        markets = {"demo": market, "broker": HandMarket(self.clock, EURUSD)}
        self.valuation = Valuation(self.book, {name: markets[name] for name in accounts}, "USDT")
        self.people = dict(PEOPLE)
        self.done: list[tuple[str, str]] = []
        self.gate = asyncio.Event()
        self.errors: list[tuple[str, Exception]] = []

    def instruments(self, account: str) -> Mapping[Symbol, Instrument]:
        return self.valuation.markets[account].instruments

    async def actor(self, actor_id: str) -> Actor | None:
        return self.people.get(actor_id)

    def door(
        self, policy: ConfirmPolicy | None = None, registry: Mapping[str, CommandSpec] | None = None
    ) -> Dispatcher:
        """A dispatcher with the commands below."""
        return Dispatcher(
            self, policy or ConfirmPolicy(), lambda notice, why: self.errors.append((notice, why)), registry or COMMANDS
        )

    def context(self, actor: Actor = ANA) -> Context:
        """For reading lines without running them."""
        return self.door().context("", actor, "terminal")

    def audit(self) -> list[CommandRun]:
        """The journal's command runs."""
        return [entry.event for entry in self.journal.entries if isinstance(entry.event, CommandRun)]

    async def add_order(self, order_id: str, symbol: str = "BTC/USDT") -> None:
        """An open order on the books."""
        await self.book.record(
            InstrumentListed("demo", Mode.PAPER, BTC),
            OrderInitialized(
                order_id, f"key:{order_id}", "demo", Mode.PAPER, Symbol(symbol), Side.BUY, OrderType.LIMIT,
                TimeInForce.GTC, Decimal("0.01"), "person:ana", "web", "", limit_price=Decimal(59000),
            ),
            OrderSubmitted(order_id),
        )  # fmt: skip


COMMANDS: dict[str, CommandSpec] = {
    name: REGISTRY[name] for name in ("help", "whoami", "confirm", "approve", "reject") if name in REGISTRY
}


def _desk(ctx: Context) -> HandDesk:
    assert isinstance(ctx.desk, HandDesk)
    return ctx.desk


@command(role=Role.TRADER, group="trade", aliases=("b",), dry=True, registry=COMMANDS)
async def buy(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("What to buy")],
    size: Annotated[Size, Arg("0.01, $100, 5% or risk=1%")],
    limit: Annotated[Price | None, Arg("Limit price")] = None,
    *,
    sl: Annotated[Price | None, Arg("Stop loss")] = None,
    tif: Annotated[TimeInForce | None, Arg("How long it stays")] = None,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
) -> Reply:
    """Buy, after the risk checks."""
    value = size.amount * (limit or Decimal(1))
    card = Reply(f"Buy {size} {symbol} on {ctx.account(account)}, about {value} USDT")
    if ctx.dry:
        return card
    need = ctx.policy.need(Mode.LIVE, value)
    if need > ctx.consent:
        return await ctx.ask(card, approval=need is Consent.APPROVED)
    await asyncio.sleep(0)
    _desk(ctx).done.append((ctx.key, ctx.origin.text))
    return Reply.good(f"Bought {size} {symbol}.", order_id="abcdefghijklmnop")


@command(role=Role.TRADER, group="trade", registry=COMMANDS)
async def close(
    ctx: Context,
    symbol: Annotated[Symbol | Literal["all"], Arg("Which position")],
    part: Annotated[Part | None, Arg("How much of it")] = None,
) -> Reply:
    """Close a position, or all."""
    _desk(ctx).done.append((ctx.key, ctx.line))
    return Reply.good(f"Closed {symbol}.")


@command(role=Role.ADMIN, group="control", registry=COMMANDS)
async def mode(
    ctx: Context,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
    to: Annotated[Literal["paper", "live"] | None, Arg("paper or live")] = None,
    duration: Annotated[timedelta | None, Arg("For how long")] = None,
) -> Reply:
    """Switch an account between paper and live."""
    if not ctx.confirmed:
        return await ctx.ask(Reply(f"{account} to {to} for {duration}"), phrase="Go Live demo")
    _desk(ctx).done.append((ctx.key, ctx.line))
    return Reply.good("Switched.")


@command(group="account", registry=COMMANDS)
async def look(ctx: Context, what: Annotated[str, Arg("At what")] = "") -> Reply:
    """Look at something."""
    _desk(ctx).done.append((ctx.key, ctx.line))
    return Reply(f"You see {what or 'nothing'}.")


@command(group="account", private=True, audit=True, registry=COMMANDS)
async def purse(ctx: Context) -> Reply:
    """Look into the purse."""
    return Reply("Two coins.")


@command(role=Role.TRADER, group="system", registry=COMMANDS)
async def crash(ctx: Context) -> Reply:
    """Fail in an unforeseen way."""
    _desk(ctx).done.append((ctx.key, ctx.line))
    raise RuntimeError("the password is hunter2")


@command(role=Role.TRADER, group="system", registry=COMMANDS)
async def refuse(ctx: Context) -> Reply:
    """Fail in a foreseen way."""
    raise IntentError("The moon is full.", "Wait a day.", code="MOON")


@command(role=Role.TRADER, group="system", registry=COMMANDS)
async def wait(ctx: Context) -> Reply:
    """Wait for the gate."""
    await _desk(ctx).gate.wait()
    _desk(ctx).done.append((ctx.key, ctx.line))
    return Reply.good(f"Through, as number {len(_desk(ctx).done)}.")


@command(role=Role.TRADER, group="system", registry=COMMANDS)
async def login(ctx: Context, password: Annotated[str, Arg("The password", secret=True)]) -> Reply:
    """Take a secret."""
    return Reply.good("Welcome.")


@command(role=Role.TRADER, group="trade", registry=COMMANDS)
async def dryrun(ctx: Context, line: Annotated[Line, Arg("The line to try")]) -> Reply:
    """Try a line."""
    return await ctx.door.dry(ctx, line)


@command(role=Role.TRADER, group="control", registry=COMMANDS)
async def schedule(
    ctx: Context,
    line: Annotated[Line | None, Arg("The line to run")] = None,
    *,
    every: Annotated[timedelta | None, Arg("How often")] = None,
    at: Annotated[time | None, Arg("When")] = None,
) -> Reply:
    """Run a line again and again."""
    return Reply(f"{line} every {every} at {at}")


@command(group="system", registry=COMMANDS)
async def kinds(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("a")],
    size: Annotated[Size, Arg("b")],
    part: Annotated[Part | None, Arg("c")] = None,
    what: Annotated[Symbol | OrderRef | Literal["all"] | None, Arg("d")] = None,
    scope: Annotated[Scope | None, Arg("e")] = None,
    text: Annotated[str, Arg("f")] = "",
    words: Annotated[Words | None, Arg("g")] = None,
    *,
    quantity: Annotated[Quantity | None, Arg("h")] = None,
    value: Annotated[Decimal | None, Arg("i")] = None,
    trail: Annotated[Trail | None, Arg("j")] = None,
    every: Annotated[timedelta | None, Arg("k")] = None,
    at: Annotated[time | None, Arg("l")] = None,
    frame: Annotated[Timeframe | None, Arg("m")] = None,
    count: Annotated[int | None, Arg("n")] = None,
    post: Annotated[bool, Arg("o")] = False,
    tif: Annotated[TimeInForce | None, Arg("p")] = None,
    strategy: Annotated[StrategyName | None, Arg("q")] = None,
    from_: Annotated[OrderRef | None, Arg("r")] = None,
) -> Reply:
    """Take one of everything."""
    return Reply("")
