"""What an order takes is told before it is sent: the check before and the venue itself come to the same."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import HandClock, MemoryVenueStore
from tests.loop import run_virtually
from tests.trading.executors.contract import INSTRUMENT, FakeMarket, make_order
from tests.trading.executors.paper.script import Player, call, found, scripts, worlds
from tests.trading.executors.paper.venue import (
    BUY,
    FEES,
    LIMIT,
    LINEAR,
    MARKET,
    NO_FEES,
    SELL,
    STOP,
    D,
    opened,
    place,
    refusal,
    trades,
)
from trading.executors.paper.executor import PaperExecutor
from trading.executors.paper.funds import Lending
from trading.executors.paper.ledger import Outcome
from trading.executors.paper.venue import PaperVenue
from trading.instruments import Instrument, Money, Side
from trading.intent import OrderType
from trading.order import Order
from trading.ports import Approved, Funds
from trading.reports import Rejected, Report


def lacks(told: Funds | None) -> bool:
    """Whether the check before an order would deny it for want of money."""
    return told is not None and told.needs > told.free


def is_refused(reports: Sequence[Report]) -> bool:
    return any(isinstance(report, Rejected) and report.code == "INSUFFICIENT_FUNDS" for report in reports)


def is_refused_otherwise(reports: Sequence[Report]) -> bool:
    return any(isinstance(report, Rejected) and report.code != "INSUFFICIENT_FUNDS" for report in reports)


@settings(max_examples=200)
@given(worlds, st.integers(1, 20), scripts)
def test_the_venue_refuses_for_want_of_money_exactly_what_was_told_to_be_too_much(
    world: tuple[Instrument, str], leverage: int, script: list[tuple[Any, ...]]
) -> None:
    venue, player = found(world, lending=Lending(D(leverage))), Player(world)
    venue.on_quote(player.quote)
    for step in script:
        name, arguments = player.request(step)
        orders: list[Order] = []
        if name == "place":
            approved = arguments[0]
            is_pair = bool(approved.legs) and approved.legs[0].side is approved.order.side
            orders = [approved.order, *(approved.legs if is_pair else ())]  # a bracket's legs wait for their entry
        told = [lacks(venue.margin(order)) for order in orders if not order.reduce_only]
        outcome = call(venue, name, arguments)
        if orders and isinstance(outcome, Outcome):
            asked = {order.id for order in orders}  # legs of a bracket that is filled at once have money of their own
            reports = [report for report in outcome.reports if getattr(report, "order_id", "") in asked]
            if not is_refused_otherwise(reports):
                assert is_refused(reports) == any(told)


def fitting(venue: PaperVenue, order_id: str, side: Side, quantity: str) -> Decimal:
    told = venue.margin(make_order(order_id, side, quantity))
    assert told is not None
    assert told.fits is not None
    return told.fits


@given(st.integers(1, 50), st.integers(-40, 40), st.sampled_from(Side))
def test_the_most_that_fits_is_taken_and_one_step_more_is_not(leverage: int, held: int, side: Side) -> None:
    lending = Lending(D(leverage))
    deep: dict[str, Any] = {"bids": "99.5x9000", "asks": "100.5x9000", "fees": NO_FEES, "lending": lending}
    for more, refused in (("0", False), ("0.001", True)):
        venue = opened(LINEAR, **deep)
        if held:
            place(venue, "held", BUY if held > 0 else SELL, str(D(abs(held)) / 5))
        most = fitting(venue, "most", side, "5000")
        assert is_refused(place(venue, "x", side, str(most + D(more))).reports) is refused


def test_a_contract_takes_its_share_of_what_it_is_worth() -> None:
    venue = opened(LINEAR, lending=Lending(D(20)), fees=NO_FEES, bids="99x500", asks="101x500")  # marks 100
    assert venue.margin(make_order("a", BUY, "50")) == Funds(D(250), D(1000), "USDT", D(200))
    place(venue, "a", BUY, "50")  # 50 of spread are lost, 250 are tied
    assert venue.margin(make_order("b", BUY, "10")) == Funds(D(50), D(700), "USDT", D(140))
    assert venue.margin(make_order("c", SELL, "50")) is None  # closes
    assert venue.margin(make_order("d", SELL, "60")) is None  # and turns to less than there was
    assert venue.margin(make_order("e", SELL, "110")) == Funds(D(50), D(700), "USDT", D(240))
    assert venue.margin(make_order("f", SELL, "500", reduce_only=True)) is None


def test_a_change_takes_what_it_adds() -> None:
    venue = opened(LINEAR, lending=Lending(D(10)), fees=NO_FEES, bids="100x500", asks="100x500")
    place(venue, "a", BUY, "40", LIMIT, limit_price="90")  # ties 400
    changed = make_order("a", BUY, "90", LIMIT, limit_price="90")
    assert venue.margin(changed) == Funds(D(500), D(600), "USDT", D(100))


def test_spot_takes_the_price_with_its_fee() -> None:
    venue = opened()  # 1000 USDT, of which 0.2 % go to fees
    told = venue.margin(make_order("a", BUY, "9.9", LIMIT, limit_price="101"))
    assert told == Funds(D("9.9") * 101 * D("1.002"), D(1000), "USDT")
    assert refusal(place(venue, "a", BUY, "9.9", LIMIT, limit_price="101")).code == "INSUFFICIENT_FUNDS"
    assert trades(place(venue, "b", BUY, "4").reports) == [("b", D(4), D(101))]


# --- orders on their way -----------------------------------------------------------------------

asked = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.sampled_from([MARKET, LIMIT, STOP]),
        st.integers(1, 400),
        st.integers(-3, 3),
        st.sampled_from([0.001, 0.001, 0.1, 1.0]),  # no two at the same instant: they arrive as they were sent
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("product", ["usdm", "spot"])
@settings(max_examples=100)
@given(leverage=st.integers(1, 20), wanted=asked)
def test_no_order_that_was_told_to_fit_is_refused_whatever_is_on_its_way(
    product: str, leverage: int, wanted: list[tuple[Side, OrderType, int, int, float]]
) -> None:
    told: list[Report] = []

    async def play() -> None:
        clock = HandClock()
        market = FakeMarket(clock, INSTRUMENT)
        funds = [Money(D(1000), "USDT")] + [Money(D(20), "BTC")] * (product == "spot")
        market.book("99x200 98x900", "101x200 102x900")
        paper = PaperExecutor(
            "demo", market, MemoryVenueStore(), clock,
            funds=funds, fees=FEES, lending=lambda: Lending(D(leverage)),
            latency_s=0.5, products=(product,),
        )  # fmt: skip
        await paper.start()
        share = 2 if product == "usdm" else 20  # a spot account has less to spend

        async def consume() -> None:
            told.extend([report async for report in paper.reports()])

        consumer, sent = asyncio.create_task(consume()), []
        for number, (side, type, size, offset, pause_s) in enumerate(wanted):
            price = {LIMIT: {"limit_price": str(100 + offset)}, STOP: {"stop_price": str(100 + 5 * side.sign)}}
            order = make_order(f"id{number}", side, str(D(size) / share), type, **price.get(type, {}))
            if not lacks(paper.margin(order)):
                sent.append(asyncio.create_task(paper.place(Approved(order, ()))))
            await asyncio.sleep(pause_s)
        await asyncio.gather(*sent)
        await paper.stop()
        await consumer

    run_virtually(lambda _: play())
    assert not is_refused(told)


async def test_before_it_runs_it_tells_nothing() -> None:
    clock = HandClock()
    paper = PaperExecutor("demo", FakeMarket(clock, INSTRUMENT), MemoryVenueStore(), clock, funds=())
    assert paper.margin(make_order("a", BUY, "1")) is None
