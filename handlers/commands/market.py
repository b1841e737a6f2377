"""Prices and what can be traded."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from handlers.context import Context
from handlers.drawings import CandlesDrawing
from handlers.figures import ago, between, moment, number, price, signed_percent
from handlers.marks import average_price, marked_fills, marked_orders, marks_text
from handlers.reply import Button, Reply, Table
from handlers.spec import Arg, command
from handlers.values import AccountName, Timeframe
from trading.errors import IntentError
from trading.instruments import Symbol
from trading.quotes import Candle
from trading.words import counted

BARS = 80
LINE = 60  # of them as blocks beside each other, where a terminal may be narrow
FEWEST = 2  # of which a picture is made
FRAMES = (Timeframe("5m"), Timeframe("15m"), Timeframe("1h"), Timeframe("4h"), Timeframe("1d"))
BLOCKS = "▁▂▃▄▅▆▇█"


@command(group="market")
async def price_(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("Which instrument")],
    *,
    account: Annotated[AccountName | None, Arg("Whose market")] = None,
) -> Reply:
    """Show the bid, the ask and the depth."""
    where = ctx.account(account)
    shown = ctx.desk.valuation.quote(where, symbol)
    if shown is None:
        raise IntentError(f"There is no price for {symbol} yet.", "Try again in a moment.", code="NO_PRICE")
    spread = (shown.ask - shown.bid) / shown.mid * 10_000
    rows = [
        (number(bid.quantity), price(bid.price), price(ask.price), number(ask.quantity))
        for bid, ask in zip(shown.bids, shown.asks, strict=False)
    ]
    text = f"{symbol}  bid {price(shown.bid)}  ask {price(shown.ask)}  spread {spread:.1f} bp  {ago(shown.at, ctx.now)}"
    buttons = (Button("Buy $100", f"/buy {symbol} $100"), Button("Chart", f"/chart {symbol}"))
    return Reply(text, table=Table.of(("Bid size", "Bid", "Ask", "Ask size"), rows), buttons=buttons)


@command(group="market")
async def chart(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("Which instrument")],
    timeframe: Annotated[Timeframe | None, Arg("Length of a candle: 1m, 15m, 4h, 1d", example="15m")] = None,
    *,
    account: Annotated[AccountName | None, Arg("Whose market, fills and orders")] = None,
) -> Reply:
    """Draw the last candles with your fills, orders and position."""
    where, frame = ctx.account(account), timeframe or Timeframe("15m")
    market = ctx.desk.valuation.markets[where.name]
    candles = await market.candles(symbol, frame, BARS)
    if len(candles) < FEWEST:
        there = "is only one" if candles else "are no"
        text = f"There {there} {frame} candle{'' if candles else 's'} of {symbol} yet."
        raise IntentError(text, "Try a shorter timeframe.", code="NO_PRICE")
    shown = ctx.desk.valuation.quote(where, symbol)
    last, zone = shown.last if shown else candles[-1].close, ctx.desk.timezone
    fills = await marked_fills(ctx, where, symbol, market, candles[0].start)
    orders, average = marked_orders(ctx.book, where, symbol), average_price(ctx.book, where, symbol)
    image = await ctx.desk.draw(CandlesDrawing(candles, last, market.now(), fills, orders, average, zone))
    change = (last - candles[0].open) / candles[0].open * 100
    high, low = max(c.high for c in candles), min(c.low for c in candles)
    parts = [
        f"{symbol} {frame}  {price(last)}  {signed_percent(change)} over {len(candles)} candles",
        f"{between(candles[0].start, market.now(), zone)} {zone}, high {price(high)}, low {price(low)}",
        *marks_text(fills, orders, average),
    ]
    others = [each for each in FRAMES if each != frame][:4]
    own = f" account={account}" if account else ""
    reply = Reply(
        "\n".join(parts),
        image=image,
        buttons=tuple(Button(each, f"/chart {symbol} {each}{own}") for each in others),
        private=bool(fills or orders or average),
    )
    return reply if ctx.shows_pictures else _in_figures(reply, candles, zone)


def _in_figures(reply: Reply, candles: Sequence[Candle], zone: str) -> Reply:
    """The same for where pictures are not seen: the closes as a row of blocks, the last candles as a table."""
    rows = [
        (moment(c.start, zone), price(c.open), price(c.high), price(c.low), price(c.close), number(c.volume))
        for c in candles[-5:]
    ]
    columns = ("Start", "Open", "High", "Low", "Close", "Volume")
    table = Table.of(columns, rows, ("Start", "High", "Low", "Close"))
    return msgspec.structs.replace(reply, text=f"{reply.text}\n{_line(candles[-LINE:])}", table=table)


def _line(candles: Sequence[Candle]) -> str:
    """The closes as a row of blocks."""
    closes = [c.close for c in candles]
    low, high = min(closes), max(closes)
    width = (high - low) or 1
    return "".join(BLOCKS[int((close - low) / width * (len(BLOCKS) - 1))] for close in closes)


@command(group="market")
async def instruments(
    ctx: Context,
    text: Annotated[str | None, Arg("Only symbols with this in them")] = None,
    *,
    account: Annotated[AccountName | None, Arg("Of which account")] = None,
) -> Reply:
    """List what can be traded, with the venue's steps and minimums."""
    where = ctx.account(account)
    found = [i for s, i in ctx.desk.instruments(where.name).items() if text is None or text.upper() in s.upper()]
    rows = [(i.symbol, number(i.tick), number(i.step), number(i.min_quantity), number(i.min_notional)) for i in found]
    more = f" (the first 50 of {len(rows)})" if len(rows) > 50 else ""
    table = (
        Table.of(("Symbol", "Tick", "Step", "Minimum", "Min value"), rows[:50], ("Symbol", "Tick", "Step", "Min value"))
        if rows
        else None
    )
    return Reply(f"{counted(len(rows), 'instrument')} of {where.name}{more}", table=table)
