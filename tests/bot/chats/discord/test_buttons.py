"""Buttons and confirmations on Discord: who may press what, and what the cards say afterwards."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chats.base import Place
from handlers.reply import Button, Reply
from tests.bot.chats.discord.desk import ASKS, CHANNEL, ELSEWHERE, DiscordDesk, discord_desk
from tests.emulators.discord.message import Message
from tests.emulators.discord.people import Asked
from tests.handlers.desk import ANA


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DiscordDesk]:
    async with discord_desk(tmp_path, ASKS) as desk:
        yield desk


async def card_of(desk: DiscordDesk, **options: str) -> Message:
    """A card that asks ana whether to buy."""
    options = {"symbol": "BTC/USDT", "size": "0.01"} | options
    return await (await desk.ana.slash(desk.channel, "buy", **options)).answer()


async def shown(pressed: Asked) -> Message:
    """The message that answered a press, below what was pressed."""
    found = pressed.interaction.followups
    assert await pressed._platform.changes.until(lambda: bool(found), 5)
    return found[0]


def token(card: Message) -> str:
    """The token of a card's confirmation."""
    return card.text.rpartition("/confirm ")[2].split()[0]


def custom(card: Message) -> str:
    """What its first button sends."""
    return f"confirm {token(card)}"


async def edited(desk: DiscordDesk, card: Message, text: str) -> bool:
    """Whether the card comes to say this, without buttons."""
    return await desk.discord.changes.until(lambda: text in card.text and not card.buttons, 5)


async def test_the_asker_confirms_and_the_card_says_so(desk: DiscordDesk) -> None:
    card = await card_of(desk)
    assert card.buttons == ["Confirm", "Reject"]
    pressed = await desk.ana.presses(card, "Confirm")
    assert pressed.interaction.answered_by == 6
    assert (await desk.ana.reads(CHANNEL, "Bought 0.01 BTC/USDT.")).reference is not None
    assert await edited(desk, card, "Confirmed by person:ana.")
    assert "Buy 0.01 BTC/USDT" in card.text
    assert len(desk.desk.done) == 1


async def test_somebody_else_may_not_press_and_only_they_read_so(desk: DiscordDesk) -> None:
    card = await card_of(desk)
    for other, why in ((desk.ben, "Only person:ana may confirm this."), (desk.eve, "I do not know you.")):
        told = await shown(await other.presses(card, "Confirm"))
        assert why in told.text
        assert told.ephemeral
    assert card.buttons == ["Confirm", "Reject"]
    assert desk.desk.done == []


async def test_two_taps_are_one_order(desk: DiscordDesk) -> None:
    card = await card_of(desk)
    first, second = await desk.ana.presses(card, "Confirm"), await desk.ana.presses(card, custom_id=custom(card))
    assert await edited(desk, card, "Confirmed by person:ana.")
    told = [await shown(one) for one in (first, second)]
    assert sorted(message.ephemeral for message in told) == [False, True]
    assert "already confirmed" in next(message.text for message in told if message.ephemeral)
    assert len(desk.desk.done) == 1


async def test_a_card_that_is_answered_elsewhere_or_expires_says_so(desk: DiscordDesk) -> None:
    card, other = await card_of(desk), await card_of(desk, size="0.02")
    await desk.door.run(f"reject {token(card)}", ANA, "telegram")
    assert await edited(desk, card, "Rejected by person:ana, nothing was sent.")
    desk.desk.clock.move(121)
    await desk.door.confirmations.expire(desk.desk.clock.now() + timedelta(seconds=1))
    assert await edited(desk, other, "Expired, nothing was sent.")
    assert desk.desk.done == []


async def test_a_phrase_is_typed_into_a_form(desk: DiscordDesk) -> None:
    card = await (await desk.ana.slash(desk.channel, "whisper")).answer()
    assert card.ephemeral
    pressed = await desk.ana.presses(card, "Confirm")
    assert pressed.modal is not None
    wrong = await desk.ana.submits(pressed, phrase="go home")
    assert "That is not the phrase (2 more tries)." in (await shown(wrong)).text
    again = await desk.ana.presses(card, "Confirm")
    right = await desk.ana.submits(again, phrase=" go  LIVE demo")
    assert (await shown(right)).text == "✅ Whispered."
    assert await edited(desk, card, "Confirmed by person:ana.")


async def test_a_private_outcome_of_a_public_line_is_for_its_asker(desk: DiscordDesk) -> None:
    card = await (await desk.ana.slash(desk.channel, "whisper")).answer()
    desk.discord.faults.arm("drop_after", on="DELETE /webhooks/*")
    asked = await desk.ana.slash(desk.channel, "confirm", token=token(card), phrase="go live demo")
    assert (await shown(asked)).ephemeral
    assert asked.interaction.followups[0].text == "✅ Whispered."
    assert await desk.discord.changes.until(lambda: desk.answers(desk.ben) == [], 5)
    await desk.leave()
    assert desk.answers(desk.ana, desk.ana.dm) == []  # it was not said a second time


async def test_a_press_that_is_told_twice_is_one(desk: DiscordDesk) -> None:
    card = await card_of(desk)
    desk.discord.faults.arm("doubled", on="INTERACTION_CREATE")
    pressed = await desk.ana.presses(card, "Confirm")
    await shown(pressed)
    await (await desk.ana.slash(desk.channel, "look")).answer()
    assert len(pressed.interaction.followups) == 1
    assert [line for _, line in desk.desk.done] == ["buy BTC/USDT 0.01", "look"]


async def test_a_press_elsewhere_than_in_the_desks_channels_does_nothing(desk: DiscordDesk) -> None:
    assert desk.chat is not None
    await desk.chat.send(Place(ELSEWHERE), Reply("Look?", buttons=(Button("Look", "look"),)))
    question = await desk.ana.reads(ELSEWHERE, "Look?")
    told = await shown(await desk.ana.presses(question, "Look"))
    assert "does not answer in this channel" in told.text
    assert desk.desk.done == []


async def test_forged_and_stale_buttons_are_refused_in_one_line(desk: DiscordDesk) -> None:
    card = await card_of(desk)
    for data in ("confirm EVERYTHING", "~abcdefghijklmnop", "confirm", "x" * 100, "kill; buy", "🔥" * 25, " "):
        told = await shown(await desk.ben.presses(card, custom_id=data))
        assert told.ephemeral, data
        assert len(told.text.splitlines()) == 1, data
    assert card.buttons == ["Confirm", "Reject"]
    assert (desk.desk.done, desk.desk.errors) == ([], [])


async def test_a_missing_argument_is_asked_for_and_the_question_becomes_the_answer(desk: DiscordDesk) -> None:
    card = await card_of(desk)
    asked = await shown(await desk.ana.presses(card, custom_id="close"))
    assert "/close needs SYMBOL" in asked.text
    await desk.ana.presses(asked, "all")
    assert await edited(desk, asked, "Closed all.")
    assert [line for _, line in desk.desk.done] == ["close all"]


async def test_a_line_that_does_not_fit_into_a_button_is_kept_here(desk: DiscordDesk) -> None:
    assert desk.chat is not None
    line = f"look {'a' * 120}"
    await desk.chat.send(Place(CHANNEL), Reply("Look?", buttons=(Button("Look", line),)))
    question = await desk.ana.reads(CHANNEL, "Look?")
    await desk.ana.presses(question, "Look")
    await desk.ana.reads(CHANNEL, "a" * 120)
    assert [said for _, said in desk.desk.done] == [line]


async def test_a_card_of_before_a_restart_is_closed_after_it(desk: DiscordDesk) -> None:
    card, other = await card_of(desk), await card_of(desk, size="0.02")
    await desk.leave()
    await desk.door.confirmations.void_all("restart")
    await desk.ready()
    for one in (card, other):
        assert await edited(desk, one, "Voided, nothing was sent.")


async def test_an_old_card_that_nobody_remembers_loses_its_buttons_when_it_is_pressed(desk: DiscordDesk) -> None:
    card = await card_of(desk)
    await desk.leave()
    desk.file.unlink()
    await desk.door.confirmations.void_all("restart")
    await desk.ready()
    told = await shown(await desk.ana.presses(card, "Confirm"))
    assert "already voided" in told.text
    assert await desk.discord.changes.until(lambda: not card.buttons, 5)


async def test_a_card_is_edited_though_discord_does_not_answer_at_first(desk: DiscordDesk) -> None:
    card = await card_of(desk)
    desk.discord.faults.arm("drop_before", on="PATCH /channels/*")
    await desk.ana.presses(card, "Reject")
    assert await edited(desk, card, "Rejected by person:ana")
