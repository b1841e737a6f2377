"""What a card says that waits no longer, the same in every chat."""

from datetime import timedelta

import msgspec
import pytest

from bot.chats.consent import ended
from handlers.confirm import is_consent, token_of
from handlers.reply import Button, Image, Reply, Tone
from tests.kit import START
from trading.control import Confirmation

LATER = START + timedelta(minutes=2)
ASKED = Confirmation("k3fq7abc", "person:ana", "/buy BTC/USDT 1", "tg:1", "BUY 1 BTC/USDT", LATER)
CARD = Reply(
    "BUY 1 BTC/USDT\nConfirm within 2m: /confirm k3fq7abc",
    buttons=(Button("Confirm", "confirm k3fq7abc"), Button("Reject", "reject k3fq7abc")),
    phrase="Go Live main",
    image=Image("card.png", b"x"),
)


@pytest.mark.parametrize(
    ("outcome", "by", "end", "tone"),
    [
        ("confirmed", "person:ana", "Confirmed by person:ana.", Tone.GOOD),
        ("approved", "person:ben", "Approved by person:ben.", Tone.GOOD),
        ("rejected", "person:ana", "Rejected by person:ana, nothing was sent.", Tone.WARN),
        ("expired", "desk", "Expired, nothing was sent.", Tone.WARN),
        ("voided", "desk", "Voided, nothing was sent.", Tone.WARN),
    ],
)
def test_a_card_that_ended_says_what_was_asked_and_what_became_of_it(
    outcome: str, by: str, end: str, tone: Tone
) -> None:
    asked = msgspec.structs.replace(ASKED, outcome=outcome, closed_by=by)
    said = ended(asked, CARD)
    assert said == Reply(f"BUY 1 BTC/USDT\n{end}", tone=tone)
    assert ended(asked) == said, "after a restart too"


def test_a_card_of_which_nothing_is_known_says_so_without_buttons() -> None:
    assert ended(None, CARD) == Reply("This is not waiting any more.")


def test_a_card_is_known_by_the_token_it_asks_for() -> None:
    assert token_of(CARD) == "k3fq7abc"
    assert token_of(Reply("", buttons=(Button("Approve", "/approve k3fq7abc"),))) == "k3fq7abc"
    assert token_of(Reply("", buttons=(Button("Reject", "reject k3fq7abc"), Button("Resume", "/resume all")))) == ""
    assert not is_consent("confirm k3fq7abc Go Live main")
