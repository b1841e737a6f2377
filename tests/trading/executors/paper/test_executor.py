"""The paper executor: saved before told, in one order, through kills, failures and cancels."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.kit import ETH, START, HandClock, MemoryVenueStore
from tests.loop import run_virtually
from tests.trading.executors.contract import INSTRUMENT, SYMBOL, FakeMarket, make_order
from trading.errors import ConfigError, JournalError, OutcomeUnknown, VenueUnreachable
from trading.executors.paper.executor import RETRY_S, PaperExecutor
from trading.executors.paper.funds import Fees
from trading.instruments import Money, Settlement, Side
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order
from trading.ports import Approved, Executor
from trading.reports import Accepted, Filled, Report

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
FUNDS = (Money(D(10000), "USDT"), Money(D(10), "BTC"))


class Store(MemoryVenueStore):
    """Counts saves, keeps what a kill after each would leave, and can be held up or broken."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[Mapping[str, str]] = []
        self.broken = False
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()

    async def save(self, venue: str, changes: Mapping[str, str | None]) -> None:
        if self.broken:
            raise JournalError("The disk is full.", "Free some space.")
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        await super().save(venue, changes)
        self.left.append(await self.load(venue))


class World:
    """A market, a store and an executor between them; `told` is drained without waiting."""

    def __init__(self, store: Store | None = None, **options: Any) -> None:
        self.clock = HandClock()
        self.market = FakeMarket(self.clock, INSTRUMENT, ETH)
        self.market.book("100x50 99x50", "101x50 102x50")
        self.store = store or Store()
        terms: dict[str, Any] = {"funds": FUNDS, "fees": Fees(D(0), D("0.001")), **options}
        self.paper = PaperExecutor("demo", self.market, self.store, self.clock, **terms)
        self.told: list[Report] = []
        self._consumer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "World":
        await self.paper.start()
        self._consumer = asyncio.create_task(self._consume())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.paper.stop()
        if self._consumer is not None:
            await self._consumer

    async def _consume(self) -> None:
        async for report in self.paper.reports():
            self.told.append(report)

    async def place(self, order: Order, *legs: Order) -> None:
        await self.paper.place(Approved(order, (), legs))

    async def rest(self) -> None:
        """Let every task run as far as it can."""
        for _ in range(10):
            await asyncio.sleep(0)


def buy(order_id: str, quantity: str = "1", **more: Any) -> Order:
    return make_order(order_id, BUY, quantity, OrderType.LIMIT if "limit_price" in more else OrderType.MARKET, **more)


def kinds(reports: Sequence[Report]) -> list[str]:
    return [type(report).__name__ for report in reports]


def on_virtual_time(play: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run_virtually(lambda clock: play())


# --- saved before told -----------------------------------------------------------------------


async def test_it_is_an_executor() -> None:
    executor: Executor = World().paper
    assert executor.venue == "paper"
    assert executor.capabilities.lists
    assert executor.capabilities.order_types == frozenset(OrderType)


async def test_nothing_is_told_before_it_is_saved() -> None:
    async with World() as world:
        world.store.gate = asyncio.Event()
        placing = asyncio.create_task(world.place(buy("a")))
        await world.store.waiting.wait()
        await world.rest()
        assert world.told == []
        assert not placing.done()
        world.store.gate.set()
        await placing
        await world.rest()
        assert kinds(world.told) == ["Accepted", "Filled"]


async def test_a_fill_by_a_quote_is_saved_before_it_is_told() -> None:
    async with World() as world:
        await world.place(buy("a", limit_price="95"))
        await world.rest()
        world.store.gate = asyncio.Event()
        world.market.book("93x5", "94x5")
        await world.rest()
        assert kinds(world.told) == ["Accepted"]
        world.store.gate.set()
        await world.rest()
        assert kinds(world.told) == ["Accepted", "Filled"]


async def busy_day(world: World) -> None:
    """Some of everything: a partial fill, a bracket, a pair, an amend, cancels."""
    await world.place(buy("a", "60"))
    legs = [
        make_order("e:tp", SELL, "2", OrderType.LIMIT, limit_price="110", parent_id="e", group="e"),
        make_order("e:sl", SELL, "2", OrderType.TRAILING_STOP, trail=Trail(D(5)), parent_id="e", group="e"),
    ]
    await world.place(buy("e", "2", limit_price="98"), *legs)
    await world.place(buy("b", "1", limit_price="50"))
    await world.paper.amend(buy("b"), D(2), D(51), None)
    for bid in (96, 97, 104, 99, 98):
        world.market.book(f"{bid}x1 {bid - 1}x50", f"{bid + 1}x1 {bid + 2}x50")
        await world.rest()
    await world.paper.cancel(buy("b"))
    await world.place(buy("c", "1", limit_price="60"))
    await world.paper.cancel(buy("c"))


async def test_a_kill_after_any_save_leaves_a_venue_whose_books_agree() -> None:
    first = World()
    async with first:
        await busy_day(first)
    assert len(first.store.left) > 10
    told = {report.trade_id: report for report in first.told if isinstance(report, Filled)}
    sides = {"a": 1, "e": 1, "e:tp": -1, "e:sl": -1}
    for state in first.store.left:
        store = Store()
        await store.save("demo", dict(state))
        async with World(store) as again:
            fills = await again.paper.fills(START)
            assert [fill.trade_id for fill in fills] == [f"T{n + 1}" for n in range(len(fills))]
            assert all(told[fill.trade_id] == fill for fill in fills)
            paid = sum(sides[f.order_id] * f.quantity * f.price + f.fee.amount for f in fills)
            bought = sum(sides[f.order_id] * f.quantity for f in fills)
            held = {m.currency: m.amount for m in await again.paper.balances()}
            assert held == {"USDT": 10000 - paid, "BTC": 10 + bought}
            for order in await again.paper.open_orders():
                traded = sum(f.quantity for f in fills if f.order_id == order.order_id)
                assert order.filled_quantity == traded < order.quantity


async def test_whatever_was_told_is_in_the_store() -> None:
    async with World() as world:
        await busy_day(world)
        for report in list(world.told):
            if isinstance(report, Filled):
                kept = msgspec.json.decode((await world.store.load("demo"))[f"trade/{report.trade_id}"], type=Filled)
                assert kept == report
            if isinstance(report, Accepted):
                assert f"order/{report.venue_order_id}" in await world.store.load("demo")


# --- when saving fails -----------------------------------------------------------------------


async def test_an_order_that_could_not_be_saved_is_in_doubt_and_then_found_and_told_once() -> None:
    async with World() as world:
        world.store.broken = True
        with pytest.raises(OutcomeUnknown):
            await world.place(buy("a"))
        with pytest.raises(VenueUnreachable, match="disk is full"):
            await world.paper.lookup(buy("a"))
        await world.rest()
        assert world.told == []
        assert "disk is full" in world.paper.problem
        world.store.broken = False
        found = await world.paper.lookup(buy("a"))
        assert found is not None
        assert found.status == "filled"
        await world.rest()
        assert kinds(world.told) == ["Accepted", "Filled"]


async def test_an_order_behind_an_unsaved_one_never_reached_the_venue() -> None:
    async with World() as world:
        world.store.broken = True
        with pytest.raises(OutcomeUnknown):
            await world.place(buy("a"))
        with pytest.raises(VenueUnreachable):
            await world.place(buy("b"))
        world.store.broken = False
        assert await world.paper.lookup(buy("b")) is None


def test_saving_is_tried_again_without_being_asked() -> None:
    async def play() -> None:
        async with World() as world:
            world.store.broken = True
            with pytest.raises(OutcomeUnknown):
                await world.place(buy("a"))
            await asyncio.sleep(RETRY_S / 2)
            assert world.told == []
            world.store.broken = False
            await asyncio.sleep(RETRY_S)
            assert kinds(world.told) == ["Accepted", "Filled"]
            assert world.paper.problem == ""

    on_virtual_time(play)


async def test_a_request_given_up_while_it_is_saved_still_happened_once() -> None:
    async with World() as world:
        world.store.gate = asyncio.Event()
        placing = asyncio.create_task(world.place(buy("a")))
        await world.store.waiting.wait()
        placing.cancel()
        await asyncio.gather(placing, return_exceptions=True)
        world.store.gate.set()
        await world.rest()
        assert kinds(world.told) == ["Accepted", "Filled"]
        assert len(await world.paper.fills(START)) == 1


# --- the order of things ---------------------------------------------------------------------


async def test_quotes_heard_during_a_save_come_before_the_next_request() -> None:
    async with World() as world:
        world.store.gate = asyncio.Event()
        first = asyncio.create_task(world.place(buy("a", limit_price="95")))
        await world.store.waiting.wait()
        world.market.book("93x5", "94x5")  # would fill a
        world.market.book("96x5", "97x5")  # would not
        second = asyncio.create_task(world.place(buy("b")))
        world.store.gate.set()
        await asyncio.gather(first, second)
        await world.rest()
        fills = [(report.order_id, report.price) for report in world.told if isinstance(report, Filled)]
        assert fills == [("a", D(95)), ("b", D(97))]


async def test_the_last_quote_heard_is_the_one_that_counts() -> None:
    async with World() as world:
        await world.place(buy("a", limit_price="95"))
        world.store.gate = asyncio.Event()
        world.market.book("93x5", "94x5")  # fills a, and is being saved
        await world.store.waiting.wait()
        world.market.book("94x5", "96x5")
        world.store.gate.set()
        world.market.book("95x5", "97x5")
        await world.place(buy("b"))
        await world.rest()
        assert [r.price for r in world.told if isinstance(r, Filled)] == [D(95), D(97)]


async def test_three_quotes_at_once_end_with_the_third() -> None:
    async with World() as world:
        await world.place(buy("a", limit_price="95"))
        world.store.gate = asyncio.Event()
        world.market.book("93x5", "94x5")  # fills a: after it nothing is open
        world.market.book("94x5", "96x5")
        await world.store.waiting.wait()
        world.market.book("95x5", "98x5")
        world.store.gate.set()
        await world.place(buy("b"))
        await world.rest()
        assert [r.price for r in world.told if isinstance(r, Filled)] == [D(95), D(98)]


async def test_a_quote_costs_no_save_while_nothing_is_open() -> None:
    async with World() as world:
        await world.place(buy("a"))
        saves = len(world.store.left)
        for bid in range(90, 110):
            world.market.book(f"{bid}x5", f"{bid + 1}x5")
        await world.rest()
        assert len(world.store.left) == saves
        await world.place(buy("b"))
        await world.rest()
        assert [r.price for r in world.told if isinstance(r, Filled)] == [D(101), D(110)]


def test_a_request_meets_the_prices_of_its_arrival() -> None:
    async def play() -> None:
        async with World(latency_s=3.0) as world:
            placing = asyncio.create_task(world.place(buy("a")))
            await asyncio.sleep(2.9)
            assert await world.paper.lookup(buy("a")) is None
            world.market.book("104x5", "105x5")
            await asyncio.sleep(0.2)
            await placing
            await world.rest()
            assert [r.price for r in world.told if isinstance(r, Filled)] == [D(105)]

    on_virtual_time(play)


# --- start and stop --------------------------------------------------------------------------


async def test_stop_ends_the_reports_and_closes_the_door() -> None:
    world = World()
    async with world:
        await world.place(buy("a"))
    assert kinds(world.told) == ["Accepted", "Filled"]
    with pytest.raises(VenueUnreachable):
        await world.place(buy("b"))
    world.market.book("90x1", "91x1")  # nobody listens any more


async def test_the_same_executor_can_be_started_again() -> None:
    world = World()
    async with world:
        await world.place(buy("a", limit_price="95"))
    async with world:
        world.market.book("93x5", "94x5")
        await world.rest()
        assert kinds(world.told) == ["Accepted", "Filled"]


async def test_reports_nobody_consumed_do_not_end_the_next_start() -> None:
    world = World()
    await world.paper.start()
    await world.place(buy("a"))
    await world.paper.stop()
    async with world:
        await world.place(buy("b"))
        await world.rest()
        assert [report.order_id for report in world.told if isinstance(report, Filled)] == ["b"]
        assert [fill.order_id for fill in await world.paper.fills(START)] == ["a", "b"]


async def test_a_market_that_moved_while_we_were_away_is_met_at_the_start() -> None:
    world = World()
    async with world:
        await world.place(buy("a", limit_price="95"))
    world.market.book("80x5", "81x5")
    async with world:
        await world.rest()
        assert [r.price for r in world.told if isinstance(r, Filled)] == [D(95)]


async def test_funds_are_given_once() -> None:
    store = Store()
    async with World(store) as world:
        await world.place(buy("a"))
        held = await world.paper.balances()
    async with World(store, funds=(Money(D(1), "USDT"),)) as world:
        assert await world.paper.balances() == held


async def test_accounts_in_one_store_are_apart() -> None:
    world = World()
    other = PaperExecutor("second", world.market, world.store, world.clock, funds=(Money(D(5), "USDT"),))
    async with world:
        await other.start()
        await world.place(buy("a"))
        assert await other.balances() == [Money(D(5), "USDT")]
        assert await other.fills(START) == []
        await other.stop()


async def test_books_that_cannot_be_read_are_one_clear_line() -> None:
    store = Store()
    await store.save("demo", {"counters": "{}", "balance/USDT": "rubbish"})
    with pytest.raises(JournalError, match="paper account demo cannot be read"):
        await World(store).paper.start()


async def test_a_deleted_key_is_gone() -> None:
    store = MemoryVenueStore()
    await store.save("v", {"a": "1", "b": "2"})
    await store.save("v", {"a": None, "c": "3"})
    assert await store.load("v") == {"b": "2", "c": "3"}
    assert await store.load("w") == {}


# --- products and words ----------------------------------------------------------------------


async def test_a_usdm_account_on_a_spot_market_trades_it_as_linear() -> None:
    async with World(products=("usdm",)) as world:
        assert world.paper.capabilities.shorting
        assert {i.settlement for i in world.paper.instruments.values()} == {Settlement.LINEAR}
        await world.place(make_order("a", SELL, "2"))
        assert await world.paper.positions() == {SYMBOL: D(-2)}


async def test_only_the_products_asked_for_are_offered() -> None:
    future = msgspec.structs.replace(INSTRUMENT, symbol="BTC/USDT:USDT", settlement=Settlement.LINEAR)
    for products, offered in ((("spot",), {SYMBOL}), (("usdm",), {"BTC/USDT:USDT"})):
        market = FakeMarket(HandClock(), INSTRUMENT, future)
        paper = PaperExecutor("x", market, Store(), HandClock(), funds=FUNDS, products=products)
        await paper.start()
        assert set(paper.instruments) == offered
        await paper.stop()


def test_an_unknown_product_is_refused() -> None:
    with pytest.raises(ConfigError, match="margin"):
        World(products=("margin",))


def test_the_request_reads_as_one_line() -> None:
    paper = World().paper
    limit = make_order("x1", BUY, "0.010", OrderType.LIMIT, limit_price="59000")
    assert paper.describe(Approved(limit, ())) == "paper: BUY 0.01 BTC/USDT LIMIT 59000 GTC id=x1"
    stop = make_order("x2", SELL, "1", OrderType.STOP_LIMIT, limit_price="90", stop_price="91", reduce_only=True)
    trail = make_order("x3", SELL, "1", OrderType.TRAILING_STOP, trail=Trail(D("1.5"), percent=True))
    post = make_order("x4", BUY, "1", OrderType.LIMIT, limit_price="90", post_only=True)
    quick = make_order("x5", BUY, "1", time_in_force=TimeInForce.IOC)
    text = paper.describe(Approved(quick, (), (stop, trail, post)))
    assert text == (
        "paper: BUY 1 BTC/USDT MARKET IOC id=x5"
        "; then SELL 1 BTC/USDT STOP_LIMIT 90 stop=91 GTC reduce-only id=x2"
        "; then SELL 1 BTC/USDT TRAILING_STOP trail=1.5% GTC id=x3"
        "; then BUY 1 BTC/USDT LIMIT 90 GTC post-only id=x4"
    )
