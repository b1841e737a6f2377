"""Prices and what can be traded."""

from collections.abc import Sequence
from typing import Annotated

from handlers.context import Context
from handlers.figures import ago, moment, number, price
from handlers.reply import Button, Reply, Table
from handlers.spec import Arg, command
from handlers.values import AccountName, Timeframe
from trading.errors import IntentError
from trading.instruments import Symbol
from trading.quotes import Candle
from trading.words import counted

BARS = 40
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
    account: Annotated[AccountName | None, Arg("Whose market")] = None,
) -> Reply:
    """Show the last candles."""
    where = ctx.account(account)
    frame = timeframe or Timeframe("15m")
    candles = await ctx.desk.valuation.markets[where.name].candles(symbol, frame, BARS)
    if not candles:
        raise IntentError(f"There are no {frame} candles of {symbol} yet.", "Try a shorter timeframe.", code="NO_PRICE")
    high, low = max(c.high for c in candles), min(c.low for c in candles)
    change = (candles[-1].close - candles[0].open) / candles[0].open * 100
    text = (
        f"{symbol} {frame}  {price(candles[-1].close)}  {change:+.2f}% over {len(candles)} candles\n"
        f"high {price(high)}  low {price(low)}\n{_line(candles)}"
    )
    rows = [
        (
            moment(c.start, ctx.desk.timezone),
            price(c.open),
            price(c.high),
            price(c.low),
            price(c.close),
            number(c.volume),
        )
        for c in candles[-5:]
    ]
    return Reply(
        text,
        table=Table.of(("Start", "Open", "High", "Low", "Close", "Volume"), rows, ("Start", "High", "Low", "Close")),
    )


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
