"""Every event has its words, or is known to be bookkeeping: nothing new can be forgotten."""

import types
import typing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from handlers.alerts import Severity, alert_of
from handlers.story import tell, tell_all
from tests.kit import BTC, HandClock, MemoryJournal
from trading import events as e
from trading.book import Book
from trading.instruments import Money, Side, Symbol
from trading.intent import Mode, OrderType, TimeInForce

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
BOOKKEEPING = {
    "DeskFounded", "InstrumentListed", "AccountOpened", "EquitySampled", "CommandRun", "ConfirmationAsked",
    "ScheduleSet", "ScheduleRemoved", "AlertLevelSet", "DestinationMuted", "DigestSet", "AlertAcknowledged",
    "WatchSet", "WatchRemoved", "AlertReceived",
}  # fmt: skip
FILLER: dict[str, Any] = {
    "Decimal": "1", "datetime": AT.isoformat(), "str": "word", "int": 3, "bool": True,
}  # fmt: skip


def sample(kind: type[e.Event]) -> e.AnyEvent:
    """An event with something in every required field."""
    fields = {}
    for field in msgspec.structs.fields(kind):
        if field.required:
            fields[field.name] = _value(field.type)
    return msgspec.convert({"type": kind.__name__, **fields}, e.AnyEvent)  # type: ignore[no-any-return]


def _value(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _value(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) is tuple:
        return []
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return {f.encode_name: _value(f.type) for f in msgspec.structs.fields(annotation) if f.required}
    if isinstance(annotation, type) and hasattr(annotation, "__members__"):
        return next(iter(annotation)).value
    name = getattr(annotation, "__name__", "str")
    return FILLER.get(name, "word")


KINDS = typing.get_args(e.AnyEvent)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_is_told_or_is_bookkeeping(kind: type[e.Event]) -> None:
    event = sample(kind)
    if isinstance(event, e.DeskStarted | e.Reconciled):
        event = msgspec.structs.replace(event, text="it runs")
    if isinstance(event, e.ConfirmationClosed):
        event = msgspec.structs.replace(event, outcome="expired")
    lines = tell(e.Recorded(1, AT, event))
    assert bool(lines) != (kind.__name__ in BOOKKEEPING), f"{kind.__name__}: write its words in handlers/story.py"
    assert all(line.strip() and "None" not in line for line in lines)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_reader_of_the_journal_is_told_every_event(kind: type[e.Event]) -> None:
    event = sample(kind)
    if isinstance(event, e.DeskStarted | e.Reconciled):
        event = msgspec.structs.replace(event, text="it runs")
    lines = tell_all(e.Recorded(1, AT, event))
    assert lines
    assert all(line.strip() and "None" not in line and "{" not in line for line in lines)


def test_a_latch_is_told_with_who_what_and_the_way_back() -> None:
    def told(scope: str, state: e.TradingState, reason: str = "") -> list[str]:
        return tell(e.Recorded(1, AT, e.TradingStateChanged(scope, state, "person:ana", reason)))

    assert told("all", e.TradingState.HALTED, "KILL file") == [
        "The desk is HALTED, by person:ana (KILL file): nothing new is opened, closing goes on; /resume releases it"
    ]
    assert told("trend", e.TradingState.REDUCING) == [
        "trend is REDUCING, by person:ana: nothing new is opened, closing goes on; /resume trend releases it"
    ]
    assert told("all", e.TradingState.ACTIVE) == ["The desk is ACTIVE, by person:ana: it may trade again"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_survives_the_journal(kind: type[e.Event]) -> None:
    event = sample(kind)
    assert e.decode(e.encode(event)) == event


async def test_a_fill_is_told_with_its_order_and_says_when_it_is_a_part() -> None:
    book = Book(MemoryJournal(), HandClock())
    await book.record(
        e.AccountOpened("demo", Mode.PAPER, "paper", "USDT", (Money(Decimal(1000), "USDT"),)),
        e.InstrumentListed("demo", Mode.PAPER, BTC),
        e.OrderInitialized("o1", "k", "demo", Mode.PAPER, Symbol("BTC/USDT"), Side.BUY, OrderType.MARKET,
                           TimeInForce.GTC, Decimal("0.01"), "person:ana", "web", "/buy"),
        e.OrderSubmitted("o1"),
    )  # fmt: skip
    entries = await book.record(
        e.OrderFilled("o1", "T1", Decimal("0.004"), Decimal(60000), Money(Decimal("0.2"), "USDT"), Decimal("0.2"), AT)
    )
    alert = alert_of(entries[0], book)
    assert alert is not None
    assert (alert.kind, alert.severity, alert.order_id) == ("fills", Severity.NOTICE, "o1")
    assert "PAPER demo: BUY 0.01 BTC/USDT" in alert.text
    assert "Filled 0.004 at 60,000" in alert.text
    assert "part of 0.01" in alert.text
