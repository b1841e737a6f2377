"""What both chats share: names of places, tokens of long lines, alerts as replies."""

import msgspec

from bot.chats.base import ButtonLines, MessageRef, Place, destination, told
from handlers.alerts import Alert, Severity
from handlers.reply import Reply, Tone


def test_a_place_has_one_name() -> None:
    assert destination("telegram", Place(-1001, 7)) == "telegram:-1001/7"
    assert destination("discord", Place(2)) == "discord:2"


def test_a_message_can_be_kept_and_found_again() -> None:
    ref = MessageRef(Place(-1001, 7), 12)
    assert msgspec.json.decode(msgspec.json.encode(ref), type=MessageRef) == ref


def test_a_token_leads_back_to_its_line() -> None:
    lines = ButtonLines()
    long = "/buy BTC/USDT 0.01 " + "x" * 100
    token = lines.shorten(long)
    assert (len(token), token.isascii(), lines.shorten(long)) == (17, True, token)
    assert lines.line(token) == long
    assert lines.line("/orders") == "/orders"
    assert lines.line("~forged") is None
    assert lines.line(lines.shorten("\ud83d")) == "\ud83d"  # what no chat can carry


def test_the_oldest_lines_are_forgotten() -> None:
    lines = ButtonLines(most=2)
    first, second = lines.shorten("/a"), lines.shorten("/b")
    lines.shorten("/a")  # used again: no longer the oldest
    lines.shorten("/c")
    assert (lines.line(first), lines.line(second)) == ("/a", None)


def test_an_alert_is_shown_like_a_reply() -> None:
    alert = Alert(9, "fills", Severity.NOTICE, "Filled.", Tone.GOOD, "abc")
    assert told(alert) == Reply("Filled.", tone=Tone.GOOD, order_id="abc")
    assert told(Reply("x")) == Reply("x")
    assert told(Alert(9, "system", Severity.INFO, "Started.")).order_id is None
