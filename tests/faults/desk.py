"""The desk of the campaign: every part that trades, the executor as `tiller run` builds it, a journal in memory."""

from collections import Counter, defaultdict
from typing import Any, cast

from bot.settings.models import Settings
from bot.supervise import Supervisor
from bot.wiring.venues import build_executors
from tests.faults.books import Ours, Terms, Trade
from tests.faults.exchange import KEY, SECRET, Exchange
from tests.incidents.hands import Journal
from tests.kit import MemoryVenueStore
from tests.loop import LoopClock
from tests.trading.risk.desk import off
from trading import events as e
from trading.binance.budget import Budget
from trading.book import Book
from trading.drafting import Drafting
from trading.instruments import ZERO
from trading.intent import AccountId, Mode, Origin
from trading.kill import Killer
from trading.oms import Oms
from trading.order import Order, OrderStatus
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.risk.gate import RiskGate
from trading.valuation import Valuation

ACCOUNT = AccountId("main", Mode.LIVE)
ANA = Origin("person:ana", "web", "as typed")


def settings_of(exchange: Exchange) -> Settings:
    """One account at the exchange, and nothing else."""
    venue = exchange.venue
    spot = exchange.product == "spot"
    account = {
        "venue": "binance",
        "market": "simulated",
        "environment": "demo",
        "products": [exchange.product],
        "api_key": KEY,
        "api_secret": SECRET,
        "rest_url": venue.url,
        "ws_api_url": venue.ws_api_url,
        "stream_url": venue.stream_url if spot else f"{venue.stream_url}/fstream",
    }
    market = {"symbols": [exchange.symbol]}
    return Settings.model_validate({"accounts": {"main": account}, "market": market, "strategies": {}})


class Desk:
    """One life of it."""

    def __init__(self, exchange: Exchange, clock: LoopClock) -> None:
        self.mishaps: list[str] = []
        self.journal = Journal()
        self.book = Book(self.journal, clock)
        markets = {"main": exchange.market}
        store = cast(Any, MemoryVenueStore())
        budgets = defaultdict[str, Budget](lambda: Budget(clock))
        built = build_executors(settings_of(exchange), markets, store, clock, self.book, budgets)
        executors = {ACCOUNT: built[ACCOUNT]}
        self.executor = built[ACCOUNT]
        valuation = Valuation(self.book, markets, "USDT")
        gate = RiskGate(
            self.book,
            valuation,
            off(),
            {},
            "UTC",
            lambda account: self.executor.capabilities,
            lambda account: "",
            lambda account, symbol: self.executor.instruments.get(symbol),
            vet=self.executor.vet,
        )
        self.oms = Oms(self.book, gate, Drafting(self.book, valuation, executors), executors)
        self.protection = Protection(self.oms)
        self.reconciler = Reconciler(self.oms)
        self.killer = Killer(self.oms, self.protection)
        self.supervisor = Supervisor(self._mishap)

    async def start(self) -> None:
        """Connect, reconcile, then run as the process does."""
        await self.book.open()
        await self.executor.start()
        outcome = await self.reconciler.reconcile(ACCOUNT, thorough=True)
        assert not outcome.problem, outcome.problem
        for name, work in (
            ("reports", self._hear),
            ("reconcile", lambda: self.reconciler.run(ACCOUNT)),
            ("protection", self.protection.run),
            ("kill switch", self.killer.run),
        ):
            self.supervisor.start(name, work)

    async def stop(self) -> None:
        await self.supervisor.stop()
        await self.executor.stop()

    async def _hear(self) -> None:
        async for report in self.executor.reports():
            await self.oms.on_report(ACCOUNT, report)

    async def _mishap(self, where: str, why: Exception) -> None:
        self.mishaps.append(f"{where} failed: {type(why).__name__}: {why}")

    def now(self, order: Order) -> Order:
        found = self.book.order(order.id)
        assert found is not None
        return found

    def books(self) -> Ours:
        """Our side of the comparison."""
        ours = Ours(trades=Counter(self._trades()))
        for order in self.book.all(Order):
            ours.status[order.id], ours.filled[order.id] = order.status, order.filled_quantity
            if order.is_open:
                ours.terms[order.id] = Terms(order.quantity, order.limit_price or ZERO, order.stop_price or ZERO)
            passing = (OrderStatus.INITIALIZED, OrderStatus.SUBMITTED, OrderStatus.PENDING_CANCEL)
            if order.in_doubt or order.status in passing or (order.is_open and order.is_amending):
                ours.unsettled.append(f"order {order.id} is {order.status}, doubt {order.in_doubt}: {order.reason}")
        ours.money = {each.currency: each.amount for each in self.book.balances(ACCOUNT) if each.amount}
        if self.executor.capabilities.shorting:
            ours.held = {x.symbol.partition(":")[0].replace("/", ""): x.quantity for x in self.book.positions(ACCOUNT)}
        ours.unsettled += [f"a difference is open: {drift}" for drift in self.reconciler.open_drifts()]
        ours.unsettled += self.mishaps
        return ours

    def _trades(self) -> list[Trade]:
        fills = (entry.event for entry in self.journal.entries if isinstance(entry.event, e.OrderFilled))
        return [
            Trade(fill.order_id, fill.trade_id, fill.quantity, fill.price, fill.fee.amount, fill.fee.currency)
            for fill in fills
        ]
