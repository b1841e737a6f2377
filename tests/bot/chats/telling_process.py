"""A desk that fills a thousand times and tells Telegram, as a process that may be killed: no more than that.

`python -m tests.bot.chats.telling_process FOLDER URL TOKEN GROUP SPEED FILLS`: `SPEED` seconds pass while one of the
machine does. It goes on where the journal in FOLDER ends.
"""

import asyncio
import selectors
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.alerts.notifier import Notifier
from bot.chats.base import House
from bot.chats.memory import Memory
from bot.chats.telegram.chat import telegram_chat
from bot.settings.sections import TelegramSettings
from bot.supervise import Supervisor
from tests.bot.chats.telegram.desk import Known, Scripted
from tests.kit import BTC
from trading import events as e
from trading.book import Book
from trading.clock import SystemClock
from trading.instruments import Money, Side
from trading.intent import Mode, OrderType, TimeInForce
from trading.journal.store import open_journal

ORDER = "abcdefghijklmnop"
AT_ONCE = 50
ONE, FEE = Decimal("0.0001"), Money(Decimal("0.006"), "USDT")


class _Quick(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    speed = 1.0

    def select(self, timeout: float | None = None) -> list[Any]:
        return super().select(None if timeout is None else timeout / self.speed)


class QuickLoop(asyncio.SelectorEventLoop):
    """Its seconds are shorter than the machine's."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        selector = _Quick()
        selector.speed = speed
        super().__init__(selector)

    def time(self) -> float:
        return super().time() * self._speed


async def _mishap(where: str, why: Exception) -> None:
    print(f"mishap in {where}: {why!r}", file=sys.stderr)


async def live(folder: Path, url: str, token: str, group: int, fills: int) -> None:
    """Tell what was not told, be filled as often as is missing, and wait to be killed."""
    clock = SystemClock()
    store = await open_journal(f"sqlite:///{folder.as_posix()}/desk.db")
    book = Book(store, clock)
    notifier = Notifier(store, book, Supervisor(_mishap))
    house = House(Scripted(), Known(), notifier, book, _mishap)
    written = {"token": token, "base_url": url, "chats": [{"id": group, "alerts": "fills"}]}
    chat = await telegram_chat(TelegramSettings.model_validate(written), memory=Memory(folder / "chat.json"))(house)
    await book.open()
    await chat.start()
    notifier.start()
    if book.order(ORDER) is None:
        await book.record(
            e.AccountOpened("demo", Mode.PAPER, "paper", "USDT", (Money(Decimal(10000), "USDT"),)),
            e.InstrumentListed("demo", Mode.PAPER, BTC),
            e.OrderInitialized(
                ORDER, "key", "demo", Mode.PAPER, BTC.symbol, Side.BUY, OrderType.MARKET, TimeInForce.GTC,
                ONE * fills, "person:ana", "web", "/buy",
            ),
            e.OrderSubmitted(ORDER),
        )  # fmt: skip
    while order := book.order(ORDER):
        done = int(order.filled_quantity / ONE)
        if done >= fills:
            break
        numbers = range(done, min(done + AT_ONCE, fills))
        at, price = clock.now(), Decimal(60000)
        await book.record(*(e.OrderFilled(ORDER, f"T{n}", ONE, price, FEE, FEE.amount, at) for n in numbers))
        await asyncio.sleep(10 * AT_ONCE / fills)
    await asyncio.Event().wait()


if __name__ == "__main__":
    where, url, token, group, speed, fills = sys.argv[1:]
    with asyncio.Runner(loop_factory=lambda: QuickLoop(float(speed))) as runner:
        runner.run(live(Path(where), url, token, int(group), int(fills)))
