"""discord.py, unchanged, against the emulator: what an app does and what people see of it."""

import asyncio
import io
from typing import Any

import discord as library
import pytest
from discord import app_commands

from tests.emulators.discord.invoking import ClientRefuses
from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import App, running

Asked = library.Interaction[App]


def desk() -> App:
    """An app with the kinds of commands that a desk has."""
    app = App()

    @app.tree.command(description="Buy, after the risk checks.")
    @app_commands.describe(symbol="What to trade", size="How much", tif="How long it stays")
    @app_commands.choices(tif=[app_commands.Choice(name=word, value=word) for word in ("gtc", "ioc")])
    async def buy(asked: Asked, symbol: str, size: str, tif: str = "gtc") -> None:
        view = library.ui.View(timeout=None)
        view.add_item(library.ui.Button(label="Confirm", custom_id=f"confirm {symbol}"))
        view.add_item(library.ui.Button(label="Cancel", custom_id="reject", style=library.ButtonStyle.danger))
        await asked.response.send_message(f"Buy {size} {symbol} {tif}?", view=view)

    @buy.autocomplete("symbol")
    async def symbols(asked: Asked, current: str) -> list[app_commands.Choice[str]]:
        known = ["BTC/USDT", "BTC/EUR", "ETH/USDT"]
        return [app_commands.Choice(name=one, value=one) for one in known if one.startswith(current)]

    @app.tree.command(description="What is owned.")
    async def balance(asked: Asked) -> None:
        await asked.response.defer(ephemeral=True)
        await asked.followup.send("1.5 BTC", ephemeral=True)
        await asked.followup.send("and 3 ETH", ephemeral=True)

    @app.tree.command(description="A picture.")
    async def chart(asked: Asked) -> None:
        await asked.response.defer(thinking=True)
        picture = library.File(io.BytesIO(b"PNG"), filename="chart.png", description="BTC/USDT 1h")
        embed = library.Embed(title="BTC/USDT").set_image(url="attachment://chart.png")
        await asked.edit_original_response(content="Done", embed=embed, attachments=[picture])

    return app


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


async def test_menus_and_forms() -> None:
    app = App()

    class Size(library.ui.Modal, title="How much?"):
        size: Any = library.ui.TextInput(label="Size", custom_id="size", min_length=1, max_length=10)

        async def on_submit(self, asked: library.Interaction[Any]) -> None:
            await asked.response.send_message(f"Sized {self.size.value}", ephemeral=True)

    class Pick(library.ui.View):
        @library.ui.select(
            placeholder="Symbol",
            options=[library.SelectOption(label="Bitcoin", value="BTC"), library.SelectOption(label="Ether")],
        )
        async def pick(self, asked: library.Interaction[Any], menu: library.ui.Select["Pick"]) -> None:
            assert menu.values == ["BTC"]
            await asked.response.send_modal(Size())

    @app.tree.command(description="Guided.")
    async def guided(asked: Asked) -> None:
        await asked.response.send_message("Which?", view=Pick())

    async with Discord() as discord, running(app, discord):
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        card = await (await ana.slash(channel, "guided")).answer()
        with pytest.raises(ClientRefuses, match="Dogecoin is not in the menu"):
            await ana.picks(card, "Dogecoin")
        asked = await ana.picks(card, "Bitcoin")
        assert asked.modal is not None
        assert asked.modal["title"] == "How much?"
        with pytest.raises(ClientRefuses, match="wrong length"):
            await ana.submits(asked, size="x" * 11)
        sent = await ana.submits(asked, Size="0.01")
        assert (await sent.answer()).text == "Sized 0.01"
    assert app.errors == []


async def test_commands_that_the_client_hides() -> None:
    app = App()

    @app.tree.command(description="Only for admins.")
    @app_commands.default_permissions()
    async def kill(asked: Asked) -> None:
        await asked.response.send_message("killed")

    @app.tree.command(description="Only in servers.")
    @app_commands.allowed_contexts(guilds=True, dms=False)
    async def status(asked: Asked) -> None:
        await asked.response.send_message(f"flat, {asked.permissions.administrator}")

    async with Discord() as discord, running(app, discord):
        channel = discord.channel(2)
        ana, boss = discord.person(2222, "ana"), discord.person(9999, "boss", admin=True)
        with pytest.raises(ClientRefuses, match="lacks the permissions"):
            await ana.slash(channel, "kill")
        # An administrator of the server gets through, whoever he is to the desk: the app must look at the id.
        assert (await (await boss.slash(channel, "kill")).answer()).text == "killed"
        with pytest.raises(ClientRefuses, match="not available in direct messages"):
            await ana.slash(ana.dm, "status")
        assert (await (await boss.slash(channel, "status")).answer()).text == "flat, True"
        assert (await (await ana.slash(channel, "status")).answer()).text == "flat, False"


async def test_commands_of_one_guild() -> None:
    app = App()

    @app.tree.command(description="Here.", guild=library.Object(1))
    async def here(asked: Asked) -> None:
        await asked.response.send_message(f"guild {asked.guild_id}")

    async with Discord() as discord, running(app, discord, sync=False):
        discord.guild(5, "Elsewhere")
        channel, away = discord.channel(2), discord.channel(6, guild=5)
        ana = discord.person(2222, "ana", guilds=(1, 5))
        await app.tree.sync(guild=library.Object(1))
        assert (await (await ana.slash(channel, "here")).answer()).text == "guild 1"
        with pytest.raises(ClientRefuses, match="no command"):
            await ana.slash(away, "here")


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
