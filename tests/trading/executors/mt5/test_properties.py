"""Random days at a broker: orders, brackets, partial fills, reversals, restarts, and people at the terminal."""

import asyncio
from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulators.mt5.codes import Refusal
from tests.incidents.hands import ANA, DEMO
from tests.incidents.mt5 import BOTH, Desk, at_mt5
from trading.control import Drift
from trading.errors import IntentError
from trading.instruments import Side
from trading.intent import Leg, OrderType, Trail

D = Decimal
POINT = D("0.00001")
Act = tuple[Any, ...]
LOTS = st.integers(1, 40).map(lambda cents: f"{cents / 100:.2f}")
STEPS = st.integers(-150, 150)
SIDES = st.sampled_from(Side)
WISHES = ["market", "partial", "limit", "stop", "stop limit", "bracket", "waiting", "trail"]
ORDERS = st.tuples(st.sampled_from(WISHES), SIDES, LOTS)
CHANGES = st.sampled_from(
    ["cancel", "let go", "close", "restart", "lost", "reopen", "person removes", "person protects"]
)
OURS = st.one_of(
    ORDERS,
    ORDERS,
    st.tuples(st.sampled_from(["price", "price", "thin"]), STEPS),
    st.tuples(st.sampled_from(["protect", "part"]), st.integers(20, 120)),
    st.tuples(CHANGES),
)
THEIRS = st.one_of(
    st.tuples(st.just("person trades"), SIDES, LOTS),
    st.tuples(st.sampled_from(["person closes", "person closes part", "person closes by"])),
)
DAYS = st.one_of(*(st.lists(acts, min_size=4, max_size=14) for acts in (OURS, st.one_of(OURS, OURS, THEIRS))))


async def _act(desk: Desk, name: str, *rest: Any) -> Desk:
    quote = desk.terminal.market.quotes["EURUSD"]
    match name, rest:
        case "price" | "thin", [points]:
            depth = D("0.1") if name == "thin" else None
            desk.terminal.show("EURUSD", quote.bid + points * POINT, quote.ask + points * POINT, depth=depth)
        case "restart", _:
            desk = await desk.restart()
        case "lost", _:
            desk.faults.arm("lost")
        case _, [Side() as side, lots] if not name.startswith("person"):
            if name == "partial":
                desk.faults.arm("retcode_10010", part="0.4")
            await desk.oms.submit(desk.intent(side, lots, **_wish(name, side, quote.price(side is Side.BUY))))
        case _ if name.startswith("person") or name == "reopen":
            with suppress(Refusal):  # the broker would not
                _person(desk, name, rest)
        case _:
            with suppress(IntentError):
                await _change(desk, name, rest, quote)
    if name != "lost":
        desk.faults.disarm()
    return desk


def _wish(name: str, side: Side, price: Decimal) -> dict[str, Any]:
    """What an order has beside its side and size."""
    away = side.sign * 100 * POINT
    levels = {"stop_loss": price - away, "take_profit": price + away}
    match name:
        case "limit":
            return {"limit": str(price - away * D("0.8"))}
        case "stop":
            return {"stop_price": price + away * D("0.8")}
        case "stop limit":
            prices = {"stop_price": price + away * D("0.8"), "limit": str(price + away * D("0.5"))}
            return {"type": OrderType.STOP_LIMIT, **prices}
        case "bracket":
            return levels
        case "waiting":
            return {"limit": str(price - away / 2), **levels}
        case "trail":
            return {"trail_loss": Trail(D("0.001"))}
    return {}


async def _change(desk: Desk, name: str, rest: tuple[Any, ...], quote: Any) -> None:
    """Somebody changes what there is, in the chat."""
    held = desk.held()
    side = Side.SELL if held > 0 else Side.BUY
    match name, rest:
        case "cancel", _:
            for order in desk.open():
                await desk.oms.cancel(order, ANA)
        case "let go", _:
            for leg in desk.legs(Leg.STOP_LOSS):
                await desk.oms.cancel(leg, ANA)
        case "protect", [points]:
            stop = quote.price(held < 0) - (points * POINT if held > 0 else -points * POINT)
            key = f"web:protect{desk.journal.last_seq}"
            await desk.protection.change(key, DEMO, desk.symbol, ANA, stop=stop)
        case "part" | "close", _ if held:
            size = abs(held) if name == "close" else max(D("0.01"), (abs(held) * rest[0] / 240).quantize(D("0.01")))
            await desk.protection.make_room(DEMO, desk.symbol, size, ANA)
            await desk.oms.submit(desk.intent(side, str(size), reduce_only=True))


def _person(desk: Desk, name: str, rest: tuple[Any, ...]) -> None:
    """Somebody at the terminal."""
    quote, positions = desk.terminal.market.quotes["EURUSD"], list(desk.terminal.current.positions.values())
    match name, rest:
        case "person trades", [side, lots]:
            (desk.person.buy if side is Side.BUY else desk.person.sell)("EURUSD", lots)
        case "person closes", _ if positions:
            desk.person.close(positions[0].ticket)
        case "person closes part", _ if positions:
            desk.person.close(positions[-1].ticket, "0.01")
        case "person closes by", _ if len(positions) > 1:
            desk.person.close_by(positions[0].ticket, positions[-1].ticket)
        case "person protects", _ if positions:
            sign = 1 if positions[0].long else -1
            desk.person.protect(positions[0].ticket, sl=quote.bid - sign * 60 * POINT)
        case "person removes", _ if desk.terminal.current.orders:
            desk.person.remove(next(iter(desk.terminal.current.orders)))
        case "reopen", _ if positions:
            desk.terminal.server.reopen(desk.terminal.current, positions[0])


async def _differences(desk: Desk) -> list[Drift]:
    """What is found in fair weather; while an order of ours is on its way nothing is looked for."""
    for _ in range(3):
        await asyncio.sleep(80)
        if (drifts := desk.reconciler.open_drifts()) or desk.held() == desk.net():
            return drifts
    return []


def day(acts: list[Act], mode: int, pause_s: float = 2) -> None:
    """Play it; in the end our position is the terminal's, once what people did there is adopted."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        for act in acts:
            desk = await _act(desk, *act)
            await asyncio.sleep(pause_s)
        desk.faults.disarm()
        for _ in range(2):
            drifts = await _differences(desk)
            assert desk.held() == desk.net() or any(each.kind == "position" for each in drifts), "nothing is hidden"
            assert not drifts or desk.terminal.executed.of("deal", "person"), "what we did ourselves is known"
            for drift in drifts:
                await desk.reconciler.resolve(drift, "adopted", ANA)

    story()


@settings(max_examples=12)
@given(acts=DAYS, mode=st.sampled_from(BOTH), pause_s=st.sampled_from([0, 0.3, 2]))
def test_after_any_day_our_position_is_the_terminal_s(acts: list[Act], mode: int, pause_s: float) -> None:
    """What people did at the terminal is a difference that names itself; once adopted, all is equal."""
    day(acts, mode, pause_s)
