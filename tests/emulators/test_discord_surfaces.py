"""discord.py against the emulator: menus, forms, cards, and the commands that a client does not show."""

from typing import Any

import discord as library
import pytest
from discord import app_commands

from tests.emulators.discord.invoking import ClientRefuses
from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import App, Asked, running


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


async def test_a_card_of_components_alone() -> None:
    app = App()

    class Card(library.ui.LayoutView):
        text: Any = library.ui.TextDisplay("Order 1 of <@2222>")
        box: Any = library.ui.Container(library.ui.TextDisplay("filled"), accent_colour=0x00FF00)
        row: library.ui.ActionRow[Any] = library.ui.ActionRow()

        @row.button(label="Close it")
        async def close(self, asked: library.Interaction[Any], _: Any) -> None:
            await asked.response.send_message("closed", ephemeral=True)

    @app.tree.command(description="A card.")
    async def order(asked: Asked) -> None:
        await asked.response.send_message(view=Card(), allowed_mentions=library.AllowedMentions.none())

    async with Discord() as discord, running(app, discord):
        ana = discord.person(2222, "ana")
        card = await (await ana.slash(ana.dm, "order")).answer()
        assert card.text == "Order 1 of <@2222>\nfilled"
        assert ana.pinged_by == []
        closed = await ana.presses(card, "Close it")
        assert (await closed.answer()).text == "closed"
        assert closed.interaction.channel is ana.dm
    assert app.errors == []
