"""What of ours is marked on the picture of a market: fills, working orders, what the position has cost."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from handlers.context import Context
from handlers.drawings import FillMark, OrderMark
from handlers.figures import number, price
from trading.book import Book
from trading.instruments import Side, Symbol
from trading.intent import AccountId, Leg
from trading.market.candles import scaled
from trading.order import Order
from trading.ports import Market
from trading.words import counted

MOST_FILLS = 200  # marked, the newest
MOST_READ = 2000  # of the account's fills, of all symbols
LEGS = {Leg.STOP_LOSS: "stop loss", Leg.TAKE_PROFIT: "take profit"}


async def marked_fills(
    ctx: Context, account: AccountId, symbol: Symbol, market: Market, since: datetime
) -> list[FillMark]:
    """The account's fills of a symbol since a time of the market's, the oldest first, at the market's times."""
    real = ctx.now - scaled(market.now() - since, 1 / market.speed)
    found = await ctx.desk.history.fills(account=account.name, mode=account.mode, since=real, limit=MOST_READ)
    own = [fill for fill in found if fill["symbol"] == symbol][:MOST_FILLS]
    now = market.now()
    return [
        FillMark(now - scaled(ctx.now - fill["traded_at"], market.speed), fill["price"], Side(fill["side"]))
        for fill in reversed(own)
    ]


def marked_orders(book: Book, account: AccountId, symbol: Symbol) -> list[OrderMark]:
    """The prices at which the account's orders of a symbol work."""
    return [mark for order in book.open_orders(account, symbol) for mark in _levels(order)]


def _levels(order: Order) -> Iterator[OrderMark]:
    words = f"{order.side} {number(order.remaining)}"
    leg = LEGS.get(order.leg, "")
    if order.stop_price is not None:
        yield OrderMark(order.stop_price, order.side, f"{words} {leg or 'stop'}")
    if order.limit_price is not None:
        kind = "limit" if order.stop_price is not None else leg
        yield OrderMark(order.limit_price, order.side, f"{words} {kind}".strip())


def average_price(book: Book, account: AccountId, symbol: Symbol) -> Decimal | None:
    """What a unit of the position has cost, to the tick, if there is one."""
    position, instrument = book.position(account, symbol), book.instrument(account, symbol)
    average = position.average_price if position is not None else None
    return average.quantize(instrument.tick) if average is not None and instrument is not None else average


def marks_text(fills: Sequence[FillMark], orders: Sequence[OrderMark], average: Decimal | None) -> list[str]:
    """The line that says what is marked, if anything is."""
    marks = [counted(len(fills), "fill")] if fills else []
    marks += [counted(len(orders), "order price")] if orders else []
    marks += [f"position at {price(average)}"] if average is not None else []
    return [f"Marked: {', '.join(marks)}"] if marks else []
