"""What people are told unasked, which of it somebody must see, and when that has settled by itself."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from handlers.actor import Role
from handlers.alerts import Severity, alert_of, is_settled, must_be_seen
from handlers.parse import find
from tests.handlers.desk import HandDesk
from trading import events as e
from trading.instruments import Money
from trading.intent import Mode

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
ORDER = "abcdefghijklmnop"
PAPER = Mode.PAPER


def alert(event: e.AnyEvent, desk: HandDesk, seq: int = 7):  # type: ignore[no-untyped-def]
    found = alert_of(e.Recorded(seq, AT, event), desk.book)
    assert found is not None
    return found


def test_a_stranger_is_an_alert_with_who_and_what_to_do() -> None:
    shown = alert(e.StrangerSeen("telegram:6666", "Ana"), HandDesk())
    assert (shown.kind, shown.severity) == ("control", Severity.NOTICE)
    assert shown.text == "telegram:6666 asks to be let in, by the name of 'Ana', which proves nothing"
    assert [button.line for button in shown.buttons] == [
        "users approve=telegram:6666 role=viewer",
        "users approve=telegram:6666 role=trader",
        "users block=telegram:6666",
    ]


@pytest.mark.parametrize(
    ("event", "kind", "text", "to"),
    [
        (e.PersonAdmitted("discord:1", "eve", "viewer", "person:ana"), "control",
         "discord:1 is eve here now, with the role viewer; let in by person:ana", ""),
        (e.PersonAdmitted("discord:1", "eve", "", "person:ana"), "control",
         "discord:1 (eve) may do nothing here any more, says person:ana", ""),
        (e.PersonBlocked("discord:1", "person:ana"), "control", "discord:1 is blocked by person:ana", ""),
        (e.ChatMoved("telegram", -4, -1004), "system",
         "The telegram chat -4 has the id -1004 now: put it into the settings", ""),
        (e.DigestTold("telegram:1", "2026-01-05", "A\nB"), "digest", "A\nB", "telegram:1"),
        (e.WatchFired("w", Decimal(1), "BTC is above 6", "discord:2"), "prices", "BTC is above 6", "discord:2"),
    ],
)  # fmt: skip
def test_who_is_let_in_and_what_was_asked_for(event: e.AnyEvent, kind: str, text: str, to: str) -> None:
    shown = alert(event, HandDesk())
    assert (shown.kind, shown.text, shown.to, shown.severity) == (kind, text, to, Severity.NOTICE)


@pytest.mark.parametrize(
    ("where", "severity", "kind"),
    [("schedule", "info", "system"), ("schedule", "warning", "errors"), ("connection", "info", "errors")],
)
def test_a_schedule_that_ran_is_no_error(where: str, severity: str, kind: str) -> None:
    """Who is told errors only hears of a schedule that failed, not of each that ran; and that trouble is over."""
    assert alert(e.Noticed("n", severity, where, "all is well"), HandDesk()).kind == kind


async def test_an_alert_in_one_line_says_all_of_it_or_there_is_none() -> None:
    desk = HandDesk()
    await desk.add_order(ORDER)
    fill = e.OrderFilled(ORDER, "T9", Decimal("0.004"), Decimal(60000), Money(Decimal(1), "USDT"), Decimal(1), AT)
    shown = alert(fill, desk)
    line = "Filled 0.004 at 60,000 (taker), fee 1.00 USDT, trade T9, part of 0.01"
    assert shown.short == f"PAPER demo: BUY 0.01 BTC/USDT. {line}"
    assert shown.text.splitlines()[1] == line
    assert alert(e.LimitChanged("", "max_order_value", "5", "person:ana"), desk).short.startswith("Limit max")
    for event in (
        e.DeskStarted("1", "one\ntwo"),
        e.StrangerSeen("telegram:1"),
        e.OrderInDoubt(ORDER, "timeout"),
        e.DigestTold("telegram:1", "2026-01-05", "short"),
        e.Noticed("n", "info", "schedule", "one\ntwo"),
    ):
        assert alert(event, desk).short == ""


# --- what somebody must see ------------------------------------------------------------------

CRITICAL = [
    e.OrderInDoubt(ORDER, "timeout"),
    e.DriftFound("demo", PAPER, "d1", "balance", "USDT", "1", "2"),
    e.TradingStateChanged("all", e.TradingState.HALTED, "strategy:guard"),
    e.KillStarted("k1", "all", True, "webhook:pine"),
    e.ModeChanged("demo", Mode.PAPER, "desk"),
    e.Noticed("n", "critical", "protection", "The stop does not work."),
]


@pytest.mark.parametrize("event", CRITICAL, ids=lambda event: type(event).__name__)
def test_what_is_critical_must_be_seen_unless_somebody_did_it(event: e.AnyEvent) -> None:
    desk = HandDesk()
    assert must_be_seen(event)
    (button,) = alert(event, desk).buttons
    assert button.line == "seen 7"
    spec, rest = find(button.line, Role.VIEWER)
    assert (spec.name, rest) == ("seen", "7")


@pytest.mark.parametrize(
    "event",
    [
        e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"),
        e.KillStarted("k1", "all", True, "local:shell"),
        e.ModeChanged("demo", Mode.LIVE, "token:abc"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_somebodys_own_doing_needs_no_witness(event: e.AnyEvent) -> None:
    assert not must_be_seen(event)
    shown = alert(event, HandDesk())
    assert (shown.severity, shown.buttons) == (Severity.CRITICAL, ())


def test_what_is_told_again_names_the_first_alert_and_is_not_itself_told_again() -> None:
    shown = alert(e.AlertRepeated(3, "Look!"), HandDesk())
    assert (shown.kind, shown.severity, shown.text) == ("urgent", Severity.CRITICAL, "Look!")
    assert [button.line for button in shown.buttons] == ["seen 3"]
    assert not must_be_seen(e.AlertRepeated(3, "Look!"))


async def test_what_settles_by_itself() -> None:
    desk = HandDesk()
    await desk.add_order(ORDER)
    settling: list[tuple[e.AnyEvent, e.AnyEvent]] = [
        (CRITICAL[0], e.OrderAccepted(ORDER, "v1")),
        (CRITICAL[1], e.DriftResolved("demo", PAPER, "d1", "gone", "desk")),
        (CRITICAL[2], e.TradingStateChanged("all", e.TradingState.ACTIVE, "person:ana")),
        (CRITICAL[3], e.KillFinished("k1", "Done.")),
        (e.ModeChanged("demo", Mode.LIVE, "desk"), e.ModeChanged("demo", Mode.PAPER, "person:ana")),
    ]
    for critical, end in settling:
        await desk.book.record(critical)
        assert not is_settled(critical, desk.book)
        await desk.book.record(end)
        assert is_settled(critical, desk.book)
    assert not is_settled(CRITICAL[5], desk.book)
