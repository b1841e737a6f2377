"""The link to a terminal: its thread, its states, whose account it is."""

import asyncio
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.emulators.mt5.symbols import forex, renamed
from tests.loop import VirtualLoop
from tests.trading.executors.contract import make_order
from tests.trading.executors.mt5.stage import COIN, EURUSD, Broker, coin
from trading.errors import OutcomeUnknown, VenueRefused, VenueUnreachable
from trading.executors.mt5.executor import Mt5Executor
from trading.ids import order_id
from trading.instruments import Side, Symbol
from trading.mt5.constants import Constants as mt5
from trading.mt5.link import Link, Login
from trading.mt5.package_thread import Thread, Unanswered
from trading.ports import Approved


@pytest.fixture
def broker() -> Broker:
    there = Broker(symbols=[coin(), forex("EURUSD")])
    there.terminal.show(COIN, "100", "101")
    return there


async def test_one_thread_makes_every_call_in_its_order() -> None:
    line, seen = Thread("test"), list[tuple[int, int]]()
    try:
        done = [line.run(partial(_note, seen, number), 5) for number in range(20)]
        await asyncio.gather(*done)
    finally:
        line.close()
    assert [number for number, _ in seen] == list(range(20))
    assert len({thread for _, thread in seen}) == 1
    assert seen[0][1] != threading.get_ident()


def _note(seen: list[tuple[int, int]], number: int) -> None:
    seen.append((number, threading.get_ident()))


async def test_what_has_begun_is_unknown_and_what_waits_behind_it_is_never_made() -> None:
    line, free, made = Thread("test"), threading.Event(), list[str]()

    def hang() -> None:
        free.wait()
        made.append("first")

    first = asyncio.create_task(line.run(hang, 0.05))
    second = asyncio.create_task(line.run(lambda: made.append("second"), 0.05))
    with pytest.raises(Unanswered) as hung:
        await first
    with pytest.raises(Unanswered) as queued:
        await second
    assert (hung.value.begun, queued.value.begun) == (True, False)
    free.set()
    await line.run(lambda: made.append("third"), 5)
    line.close()
    assert made == ["first", "third"]


async def test_an_error_is_raised_where_the_call_was_asked_for() -> None:
    line = Thread("test")
    with pytest.raises(ZeroDivisionError):
        await line.run(lambda: 1 / 0, 5)
    line.close()


async def test_an_order_that_hangs_is_in_doubt_and_done_once(broker: Broker) -> None:
    """With the thread as it is in earnest: it hangs after the broker has executed the order."""
    executor = Mt5Executor(broker.link(Thread("test")))
    await executor.start()
    try:
        broker.faults.arm("hang_after", seconds=0.2)
        order = make_order(order_id("hangs"), Side.BUY, "1", symbol=COIN)
        task = asyncio.create_task(executor.place(Approved(order, ())))
        while not broker.faults.struck:  # noqa: ASYNC110 - what is waited for is in another thread
            await asyncio.sleep(0.001)
        assert not task.done()
        assert len(broker.terminal.executed.of("deal")) == 1
        broker.faults.release()
        await task
        assert await executor.positions() == {COIN: Decimal(1)}
    finally:
        await executor.stop()
    assert threading.active_count() <= 3


@pytest.mark.parametrize(
    ("login", "account", "code", "words"),
    [
        ({"password": "wrong"}, {}, "LOGIN_FAILED", "login, password and server"),
        ({"server": "Elsewhere"}, {}, "LOGIN_FAILED", "login, password and server"),
        ({}, {"trade_mode": mt5.ACCOUNT_TRADE_MODE_REAL}, "REAL_ACCOUNT", "REAL"),
    ],
)
async def test_the_wrong_account_is_refused(
    login: dict[str, str], account: dict[str, Any], code: str, words: str
) -> None:
    broker = Broker(**account)
    with pytest.raises(VenueRefused, match=words) as why:
        await broker.link(**login).open()
    assert why.value.code == code
    assert "secret" not in str(why.value)


async def test_a_real_account_is_taken_where_it_is_meant() -> None:
    broker = Broker(trade_mode=mt5.ACCOUNT_TRADE_MODE_REAL)
    executor = Mt5Executor(broker.link(may_be_real=True))
    assert executor.is_real is None  # nobody has asked the terminal
    await executor.start()
    assert executor.is_real is True
    assert executor.found()[0].startswith("REAL account 5001 at Emulated-Demo")
    await executor.stop()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: setattr(b.terminal, "algo", False), "press the Algo Trading button"),
        (lambda b: setattr(b.terminal, "api_disabled", True), "allow the Python API"),
        (lambda b: setattr(b.terminal.current, "trade_expert", False), "ask the broker"),
        (lambda b: None, "algo trading is on"),
    ],
)
async def test_what_is_found_says_what_to_press(broker: Broker, change: Callable[[Broker], None], words: str) -> None:
    change(broker)
    executor = broker.executor()
    await executor.start()
    found = "\n".join(executor.found())
    await executor.stop()
    assert words in found
    assert "demo account 5001 at Emulated-Demo (Emulated Markets Ltd), hedging, 10000.00 USD" in found
    assert "the broker's clock is probably UTC+3" in found
    assert "symbols: COIN, EURUSD" in found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: setattr(b.terminal, "algo", False), "Press the Algo Trading button"),
        (lambda b: setattr(b.terminal, "api_disabled", True), "allow the Python API"),
        (
            lambda b: b.terminal.symbol("COIN", halted=True),
            r"market is closed.*The last price came on Monday 15:00 by the broker's clock",
        ),
    ],
)
async def test_a_refusal_says_what_to_do(broker: Broker, change: Callable[[Broker], None], words: str) -> None:
    change(broker)
    executor = broker.executor()
    await executor.start()
    with pytest.raises(VenueRefused, match=words):
        await executor.place(Approved(make_order(order_id("x"), Side.BUY, "1", symbol=COIN), ()))
    await executor.stop()
    assert not broker.terminal.executed.of("order")


async def test_a_broker_s_suffix_is_found_and_what_is_not_listed_is_named() -> None:
    plain = [forex("EURUSD"), forex("GBPUSD")]
    broker = Broker(symbols=[renamed(plain[0], "EURUSD.m"), renamed(plain[1], "GBPUSDpro", shown=False), coin()])
    broker.terminal.show("EURUSD.m", "1.08", "1.0801")
    broker.terminal.show("GBPUSDpro", "1.27", "1.2702")
    link = Link(lambda: broker.link()._make(), broker.login, broker.clock, ("GBPUSD", "EURUSS"), broker.link()._line)
    executor = Mt5Executor(link)
    await executor.start()
    found = "\n".join(executor.found())
    assert {link.rules[name].name for name in (EURUSD, Symbol("GBPUSD"))} == {"EURUSD.m", "GBPUSDpro"}
    assert "EURUSD (EURUSD.m)" in found
    assert "the broker does not list EURUSS: did you mean EURUSD.m?" in found
    order = make_order(order_id("pro"), Side.BUY, "0.1", symbol=Symbol("GBPUSD"))
    await executor.place(Approved(order, ()))
    assert await executor.positions() == {Symbol("GBPUSD"): Decimal("0.1")}
    listed = executor.instruments[Symbol("GBPUSD")]
    assert (listed.base, listed.quote, listed.multiplier, listed.tick) == (
        "GBP",
        "USD",
        Decimal(100_000),
        Decimal("0.00001"),
    )
    await executor.stop()


async def test_nothing_is_sent_twice_by_one_process(broker: Broker) -> None:
    executor = broker.executor()
    await executor.start()
    order = make_order(order_id("twice"), Side.BUY, "1", symbol=COIN)
    await executor.place(Approved(order, ()))
    with pytest.raises(OutcomeUnknown, match="sent before"):
        await executor.place(Approved(order, ()))
    await executor.stop()
    assert len(broker.terminal.executed.of("order")) == 1


async def test_before_the_start_everything_says_so(broker: Broker) -> None:
    executor = broker.executor()
    with pytest.raises(VenueUnreachable, match="not connected"):
        await executor.place(Approved(make_order(order_id("x"), Side.BUY, "1", symbol=COIN), ()))
    with pytest.raises(VenueUnreachable):
        await executor.positions()
    assert executor.found() == ["The terminal is not connected yet."]
    assert Login().number == 0


def test_another_account_in_the_terminal_is_not_traded_on(broker: Broker) -> None:
    """Somebody logs in to another one by hand; with ours again all goes on."""
    broker.terminal.account(5002, 500, password="other")

    async def play() -> None:
        link = broker.link()
        await link.open()
        for login, password, problem in ((5002, "other", "account 5002 now"), (5001, "secret", "")):
            broker.terminal.log_in(login, password, "")
            await asyncio.sleep(1.5)
            assert problem in link.problem
            assert bool(problem) == bool(link.problem)
            assert link.account.login == 5001
        await link.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play())
