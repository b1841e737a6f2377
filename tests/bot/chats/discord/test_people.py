"""Letting people in from Discord: as from Telegram, and what is for an admin alone is shown to nobody else."""

from pathlib import Path

from handlers.actor import Role
from tests.bot.chats.both_desk import ANA, BEN, DC, EVE, ZOE, Both, both_chats
from tests.emulators.discord.message import Message
from tests.emulators.discord.people import Person


async def says(person: Person, name: str, where: object = None, **options: str) -> Message:
    """What the desk answers to a slash command; in private unless a channel is named."""
    return await (await person.slash(where or person.dm, name, **options)).answer()  # type: ignore[arg-type]


async def card_about(both: Both, who: int) -> Message:
    """The message in the channel that asks an admin about somebody."""
    return await both.dc_ana.reads(both.channel, f"discord:{who} asks")


async def test_a_stranger_is_let_in_by_an_admins_button_and_put_out_again(tmp_path: Path) -> None:
    async with both_chats(tmp_path, alerts="control") as both:
        assert f"You are discord:{ZOE + DC}, unknown" in (await says(both.dc_zoe, "whoami")).text
        card = await card_about(both, ZOE + DC)
        for other, why in ((both.dc_ben, "/users needs admin"), (both.dc_zoe, "I do not know you.")):
            refused = await both.below(await other.presses(card, "Let in as trader"))
            assert why in refused.text
            assert refused.ephemeral
        assert both.people.known("discord") == {ANA + DC: Role.ADMIN, BEN + DC: Role.TRADER}
        done = await both.below(await both.dc_ana.presses(card, "Let in as trader"))
        assert f"discord:{ZOE + DC} is person:discord-{ZOE + DC} now, trader." in done.text
        assert done.ephemeral
        asked = await says(both.dc_zoe, "buy", symbol="BTC/USDT", size="0.001")
        removed = await says(both.dc_ana, "users", both.channel, remove=f"discord:{ZOE + DC}")
        assert removed.ephemeral
        late = await both.below(await both.dc_zoe.presses(asked, "Confirm"))
        assert "I do not know you." in late.text
        assert both.book.recent_orders() == []


async def test_who_is_blocked_is_answered_as_any_stranger_and_nobody_hears_of_them(tmp_path: Path) -> None:
    async with both_chats(tmp_path, alerts="control") as both:
        await says(both.dc_eve, "status")
        await both.below(await both.dc_ana.presses(await card_about(both, EVE + DC), "Block"))
        journalled: list[str] = []
        both.book.subscribe(lambda entry: journalled.append(str(entry.event)))
        for name in ("whoami", "help", "status"):
            blocked = (await says(both.dc_eve, name)).text
            assert blocked == (await says(both.dc_zoe, name)).text.replace(str(ZOE + DC), str(EVE + DC))
        await card_about(both, ZOE + DC)
        about = [message for message in both.dc_ana.sees(both.channel) if f"discord:{EVE + DC} asks" in message.text]
        assert len(about) == 1
        assert not [event for event in journalled if str(EVE + DC) in event]


async def test_ids_are_offered_to_admins_alone(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        await says(both.dc_zoe, "whoami")
        offered = await both.dc_ana.types(both.channel, "users", approve="disc")
        assert [choice["value"] for choice in offered] == [f"discord:{ZOE + DC}"]
        assert offered[0]["name"] == f"discord:{ZOE + DC} · zoe"
        for other in (both.dc_ben, both.dc_zoe):
            assert await other.types(both.channel, "users", approve="disc") == []


async def test_an_admin_is_made_by_a_confirmation(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        asked = await says(both.dc_ana, "users", approve=f"discord:{ZOE + DC}", role="admin", alias="zoe")
        assert both.people.who("discord", ZOE + DC).role is Role.STRANGER
        await both.dc_ana.presses(asked, "Confirm")
        await both.reads(asked, "Confirmed by person:ana.")
        assert await both.book.until(lambda: both.people.who("discord", ZOE + DC).role is Role.ADMIN, 5)
        listed = await says(both.dc_zoe, "users")
        assert "person:zoe" in listed.text
