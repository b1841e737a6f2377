"""Random days at a broker: orders, partial fills, reversals, waiting orders, restarts, and people at the terminal."""

import asyncio
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulators.mt5.codes import Refusal
from tests.incidents.hands import ANA
from tests.incidents.mt5 import BOTH, Desk, at_mt5
from trading.intent import Leg

D = Decimal
LOTS = st.integers(1, 40).map(lambda cents: f"{cents / 100:.2f}")
STEPS = st.integers(-150, 150)
ANY = st.one_of(
    st.tuples(st.sampled_from(["buy", "sell", "partial buy", "partial sell"]), LOTS),
    st.tuples(st.just("price"), STEPS),
    st.tuples(st.sampled_from(["person removes", "reopen", "restart", "cancel", "stop", "lost"])),
)
# Not both on one day: a waiting order that is filled against a bracket at the very price at which the broker closes the
# bracket ends in a difference that a person has to adopt. Nothing hides it, but it should not be there.
LIMITS = st.one_of(ANY, st.tuples(st.sampled_from(["limit buy", "limit sell"]), LOTS))
BRACKETS = st.one_of(ANY, st.tuples(st.just("bracket"), LOTS))
THEIRS = st.one_of(st.tuples(st.sampled_from(["person buys", "person sells"]), LOTS), st.just(("person closes",)))
QUIET = st.one_of(*(st.lists(ours, min_size=4, max_size=14) for ours in (LIMITS, BRACKETS)))
BUSY = st.one_of(*(st.lists(st.one_of(ours, ours, THEIRS), min_size=4, max_size=14) for ours in (LIMITS, BRACKETS)))


async def _act(desk: Desk, act: tuple[str, ...]) -> Desk:
    name, *rest = act
    quote = desk.terminal.market.quotes["EURUSD"]
    positions = list(desk.terminal.current.positions.values())
    match name, rest:
        case "buy", [lots]:
            await desk.buy(lots)
        case "sell", [lots]:
            await desk.sell(lots)
        case "limit buy", [lots]:
            await desk.buy(lots, str(quote.ask - D("0.00080")))
        case "limit sell", [lots]:
            await desk.sell(lots, str(quote.bid + D("0.00080")))
        case "bracket", [lots]:
            stop, target = quote.bid - D("0.00100"), quote.bid + D("0.00100")
            await desk.buy(lots, stop_loss=str(stop), take_profit=str(target))
        case "partial buy", [lots]:
            desk.faults.arm("retcode_10010", part="0.4")
            await desk.buy(lots)
        case "partial sell", [lots]:
            desk.faults.arm("retcode_10010", part="0.4")
            await desk.sell(lots)
        case "price", [points]:
            await desk.show(quote.bid + int(points) * D("0.00001"), quote.ask + int(points) * D("0.00001"))
        case "restart", _:
            desk = await desk.restart()
        case "cancel", _:
            for order in desk.open():
                await desk.cancel(order)
        case "stop", _:
            for leg in desk.legs(Leg.STOP_LOSS):
                await desk.oms.cancel(leg, ANA)
        case "lost", _:
            desk.faults.arm("lost")
        case _:
            _person(desk, name, rest, positions)
    if name != "lost":
        desk.faults.disarm()
    await asyncio.sleep(1)
    return desk


def _person(desk: Desk, name: str, rest: list[str], positions: list[Any]) -> None:
    """Somebody at the terminal."""
    try:
        if name == "person buys":
            desk.person.buy("EURUSD", rest[0])
        elif name == "person sells":
            desk.person.sell("EURUSD", rest[0])
        elif positions and name == "person closes":
            desk.person.close(positions[0].ticket)
        elif positions and name == "reopen":
            desk.terminal.server.reopen(desk.terminal.current, positions[0])
        elif name == "person removes" and desk.terminal.current.orders:
            desk.person.remove(next(iter(desk.terminal.current.orders)))
    except Refusal:
        return  # the broker would not


def day(acts: list[tuple[str, ...]], mode: int) -> None:
    """Play it; in the end our position is the terminal's, once what people did there is adopted."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        for act in acts:
            desk = await _act(desk, act)
        desk.faults.disarm()
        for _ in range(2):
            await asyncio.sleep(80)
            drifts = desk.reconciler.open_drifts()
            assert desk.held() == desk.net() or any(each.kind == "position" for each in drifts), "nothing is hidden"
            assert not drifts or desk.terminal.executed.of("deal", "person"), "what we did ourselves is known"
            for drift in drifts:
                await desk.reconciler.resolve(drift, "adopted", ANA)
        assert desk.held() == desk.net()

    story()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=st.one_of(QUIET, BUSY), mode=st.sampled_from(BOTH))
def test_after_any_day_our_position_is_the_terminal_s(acts: list[tuple[str, ...]], mode: int) -> None:
    """What people did at the terminal is a difference that names itself; once adopted, all is equal."""
    day(acts, mode)
