"""A desk on a real journal, whose clock, prices and fills are set by hand; it can be started again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from tests.kit import BTC, ETH, HandClock, HandMarket
from trading import events as e
from trading.book import Book
from trading.instruments import Instrument, Money, Side, Symbol
from trading.intent import AccountId, Mode, OrderType, TimeInForce
from trading.journal.store import JournalStore, open_journal
from trading.ports import Capabilities
from trading.risk.gate import RiskGate
from trading.risk.limits import Limits
from trading.valuation import Valuation

ETHBTC = Instrument(Symbol("ETH/BTC"), "ETH", "BTC", Decimal("0.00001"), Decimal("0.0001"))
ABLE = Capabilities(frozenset(OrderType), frozenset(TimeInForce))
HERE, THERE = "telegram:-1001/7", "discord:2"


class KeptDesk:
    """Two accounts on markets of their own, `demo` and `main`; as much of a desk as watches and digests ask for."""

    def __init__(self, store: JournalStore, clock: HandClock, timezone: str = "UTC") -> None:
        self.clock, self.timezone = clock, timezone
        self.accounts = ("demo", "main")
        self.markets = {name: HandMarket(clock, BTC, ETH, ETHBTC) for name in self.accounts}
        self.book = Book(store, clock)
        self.history = store.queries
        self.valuation = Valuation(self.book, self.markets, "USDT")
        self.gate = RiskGate(self.book, self.valuation, Limits(), {}, timezone, lambda account: ABLE)

    def destinations(self) -> dict[str, frozenset[str]]:
        return {HERE: frozenset({"all"}), THERE: frozenset({"errors"})}

    async def found(self, usdt: int = 10_000) -> None:
        """Open both accounts, on paper."""
        for name in self.accounts:
            await self.book.record(
                e.AccountOpened(name, Mode.PAPER, "paper", "USDT", (Money(Decimal(usdt), "USDT"),)),
                *(e.InstrumentListed(name, Mode.PAPER, each) for each in (BTC, ETH, ETHBTC)),
            )

    async def fill(self, side: Side, quantity: str, symbol: str, price: str, fee: str = "0") -> None:
        """A market order of `demo` that was filled; its fee is in the quote currency."""
        name, order, amount = "demo", f"o{self.book.journal.last_seq}", Decimal(quantity)
        paid = Money(Decimal(fee), symbol.partition("/")[2])
        await self.book.record(
            e.OrderInitialized(order, order, name, Mode.PAPER, Symbol(symbol), side, OrderType.MARKET,
                               TimeInForce.GTC, amount, "person:ana", "web", ""),
            e.OrderSubmitted(order),
            e.OrderFilled(order, order, amount, Decimal(price), paid, paid.amount, self.clock.now()),
        )  # fmt: skip

    async def sample(self, name: str = "demo") -> None:
        """What the equity is worth now, as the process samples it."""
        worth = self.valuation.equity(AccountId(name, Mode.PAPER))
        day = f"{self.clock.now():%Y-%m-%d}"
        await self.book.record(e.EquitySampled(name, Mode.PAPER, worth.total, worth.cash, worth.unrealized, day))

    def recorded(self, kind: type[e.Event]) -> list[e.AnyEvent]:
        """The events of one kind since this desk was started."""
        return [event for event in self._heard if isinstance(event, kind)]

    async def start(self) -> None:
        self._heard: list[e.AnyEvent] = []
        await self.book.open()
        self.book.subscribe(lambda entry: self._heard.append(entry.event))


@asynccontextmanager
async def kept_desk(folder: Path, clock: HandClock, timezone: str = "UTC") -> AsyncIterator[KeptDesk]:
    """Start the desk of `folder`, or start it again."""
    store = await open_journal(f"sqlite://{folder / 'tiller.db'}")
    try:
        desk = KeptDesk(store, clock, timezone)
        await desk.start()
        yield desk
    finally:
        await store.close()
