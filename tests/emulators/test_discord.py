"""discord.py, unchanged, against the emulator: what an app does and what people see of it."""

import asyncio

import discord as library
import pytest

from tests.emulators.discord.invoking import ClientRefuses
from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import App, Asked, desk, running


async def test_commands_are_registered_as_declared() -> None:
    async with Discord() as discord, running(desk(), discord):
        commands = {command["name"]: command for command in discord.commands.all(None)}
        assert set(commands) == {"buy", "balance", "chart"}
        options = commands["buy"]["options"]
        assert [(o["name"], o["type"], o.get("required", False)) for o in options] == [
            ("symbol", 3, True),
            ("size", 3, True),
            ("tif", 3, False),
        ]
        assert options[0]["autocomplete"] is True
        assert [choice["value"] for choice in options[2]["choices"]] == ["gtc", "ioc"]
        assert discord.commands.creates(None) == 3


async def test_a_slash_command_is_answered_with_buttons_and_they_can_be_pressed() -> None:
    app = desk()
    async with Discord() as discord:
        channel = discord.channel(2)
        ana, bo = discord.person(2222, "ana"), discord.person(3333, "bo")

        @app.event
        async def on_interaction(asked: Asked) -> None:
            if asked.type is library.InteractionType.component:
                assert asked.data is not None
                word = asked.data["custom_id"]  # type: ignore[typeddict-item]
                await asked.response.edit_message(content=f"{word} by {asked.user.id}", view=None)

        async with running(app, discord):
            asked = await ana.slash(channel, "buy", symbol="BTC/USDT", size="0.01", tif="ioc")
            card = await asked.answer()
            assert card.text == "Buy 0.01 BTC/USDT ioc?"
            assert card.buttons == ["Confirm", "Cancel"]
            assert [message.id for message in bo.sees(channel)] == [card.id]
            await bo.presses(card, "Confirm")
            assert card.text == "confirm BTC/USDT by 3333"
            assert card.buttons == []
            with pytest.raises(ClientRefuses, match="there is no button Confirm"):
                await ana.presses(card, "Confirm")
            await ana.presses(card, custom_id="confirm EVERYTHING")  # forged: sent all the same
            assert card.text == "confirm EVERYTHING by 2222"
        assert app.errors == []


async def test_the_client_checks_what_is_typed() -> None:
    async with Discord() as discord, running(desk(), discord):
        channel = discord.channel(2)
        ana = discord.person(2222, "ana")
        for options, why in (
            ({"symbol": "BTC/USDT"}, "the option size is required"),
            ({"symbol": "BTC/USDT", "size": 0.01}, "a text is wanted"),
            ({"symbol": "B", "size": "1", "tif": "day"}, "not one of the choices"),
            ({"symbol": "B", "size": "1", "leverage": "9"}, "there is no option leverage"),
        ):
            with pytest.raises(ClientRefuses, match=why):
                await ana.slash(channel, "buy", **options)
        with pytest.raises(ClientRefuses, match="no command /withdraw"):
            await ana.slash(channel, "withdraw")
        assert discord.interactions.all == {}


async def test_autocomplete_offers_choices() -> None:
    async with Discord() as discord, running(desk(), discord):
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        choices = await ana.types(channel, "buy", symbol="BTC")
        assert [choice["value"] for choice in choices] == ["BTC/USDT", "BTC/EUR"]
        assert await ana.types(channel, "buy", size="1", symbol="X") == []
        assert ana.sees(channel) == []


async def test_a_private_answer_is_seen_by_one_person() -> None:
    async with Discord() as discord, running(desk(), discord):
        channel = discord.channel(2)
        ana, bo = discord.person(2222, "ana"), discord.person(3333, "bo")
        asked = await ana.slash(channel, "balance")
        await ana.reads(channel, "and 3 ETH")
        # The first follow-up after a deferral is the original response itself.
        assert [message.text for message in asked.messages] == ["1.5 BTC", "and 3 ETH"]
        assert all(message.ephemeral for message in asked.messages)
        assert len(ana.sees(channel)) == 2
        assert bo.sees(channel) == []
        with pytest.raises(ClientRefuses, match="bo does not see that message"):
            await bo.presses(asked.messages[0], "Confirm")


async def test_a_deferred_answer_is_edited_with_a_file() -> None:
    async with Discord() as discord, running(desk(), discord) as app:
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        asked = await ana.slash(channel, "chart")
        card = await asked.answer()
        assert card.text == "Done\nBTC/USDT"
        assert card.files == {"chart.png": b"PNG"}
        assert card.embeds[0]["image"]["url"] == "attachment://chart.png"
        attachment = library.Attachment(data=card.attachments[0].payload, state=app._connection)  # type: ignore[arg-type]
        assert await attachment.read() == b"PNG"
        assert attachment.description == "BTC/USDT 1h"


async def test_messages_of_the_app_itself() -> None:
    async with Discord() as discord:
        discord.channel(2)
        ana = discord.person(2222, "ana")
        async with running(desk(), discord) as app:
            channel = app.get_channel(2)
            assert isinstance(channel, library.TextChannel)
            card = await channel.send("Order 1", nonce="order-1", silent=True)
            again = await channel.send("Order 1", nonce="order-1")
            assert again.id == card.id
            reply = await channel.send("Filled", reference=card, allowed_mentions=library.AllowedMentions.none())
            thread = await card.create_thread(name="Order 1", auto_archive_duration=1440)
            await thread.send("A fill")
            await card.edit(content="Order 1: filled")
            await reply.delete()
            dm = await (await app.fetch_user(2222)).create_dm()
            await dm.send("In private")
            assert [message.content async for message in channel.history()] == ["Order 1: filled"]

        shown = ana.sees(2)
        assert [message.text for message in shown] == ["Order 1: filled"]
        assert shown[0].silent
        assert [message.text for message in ana.sees(ana.threads(2)[0])] == ["A fill"]
        assert [message.text for message in ana.sees(ana.dm)] == ["In private"]
        assert [deed.do for deed in discord.posts.ledger] == ["create", "create", "create", "edit", "delete", "create"]
        assert discord.doubled() == {}


async def test_two_taps_at_once_are_two_interactions() -> None:
    app = desk()
    taps: list[int] = []

    @app.event
    async def on_interaction(asked: Asked) -> None:
        if asked.type is library.InteractionType.component:
            taps.append(asked.id)
            await asked.response.defer()

    async with Discord() as discord, running(app, discord):
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        card = await (await ana.slash(channel, "buy", symbol="BTC/USDT", size="1")).answer()
        await asyncio.gather(ana.presses(card, "Confirm"), ana.presses(card, "Confirm"))
        assert len(set(taps)) == 2


async def test_what_people_write_comes_without_its_content() -> None:
    app = App(library.Intents(guilds=True, guild_messages=True, dm_messages=True))
    heard: list[tuple[str, str]] = []
    everything = asyncio.Event()

    @app.event
    async def on_message(message: library.Message) -> None:
        heard.append((message.author.name, message.content))
        if len(heard) == 3:
            everything.set()

    async with Discord() as discord, running(app, discord):
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        ana.says(channel, "/buy BTC/USDT 1")
        ana.says(channel, f"hello <@{discord.world.bot.id}>")
        ana.says(ana.dm, "secret")
        await asyncio.wait_for(everything.wait(), 5)
        assert heard == [("ana", ""), ("ana", f"hello <@{discord.world.bot.id}>"), ("ana", "secret")]
