"""People with a Discord client: what they can do there, and what they see."""

from typing import Any

from tests.emulators.discord.clock import Changes
from tests.emulators.discord.codes import Json
from tests.emulators.discord.commands import Commands
from tests.emulators.discord.components import BUTTON, LABEL, LINK, ROW, STRING_SELECT, TEXT_DISPLAY
from tests.emulators.discord.gateway import Gateway
from tests.emulators.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    DEADLINE_MS,
    MODAL_SUBMIT,
    NO_ANSWER,
    Interaction,
    Interactions,
)
from tests.emulators.discord.invoking import ClientRefuses, check_may_use, command_data, resolve_entity
from tests.emulators.discord.message import SELECTS, Message, walk
from tests.emulators.discord.posting import Posts
from tests.emulators.discord.world import Channel, User, World


class Platform:
    """What a client talks to."""

    def __init__(
        self,
        world: World,
        posts: Posts,
        commands: Commands,
        interactions: Interactions,
        gateway: Gateway,
        changes: Changes,
    ) -> None:
        self.world = world
        self.posts = posts
        self.commands = commands
        self.interactions = interactions
        self.gateway = gateway
        self.changes = changes


class Asked:
    """An interaction as the person who started it sees it."""

    def __init__(self, platform: Platform, interaction: Interaction) -> None:
        self._platform = platform
        self.interaction = interaction

    @property
    def failed(self) -> str:
        """What the client says when the app does not answer in time, else nothing."""
        return NO_ANSWER if self._platform.interactions.late(self.interaction) else ""

    @property
    def messages(self) -> list[Message]:
        """The answers: the original response, then the follow-ups; not while they are loading."""
        return self.interaction.messages

    @property
    def modal(self) -> Json | None:
        return self.interaction.modal

    async def answer(self, seconds: float = 5.0) -> Message:
        """Wait for the answer to be shown; TimeoutError if none is."""
        if not await self._platform.changes.until(lambda: bool(self.messages), seconds):
            raise TimeoutError(self.failed or "there is no answer")
        return self.messages[0]

    async def acknowledged(self, seconds: float = DEADLINE_MS / 1000) -> bool:
        """Wait for the first response, at most so long; returns whether it has come."""
        return await self._platform.changes.until(lambda: self.interaction.answered_by is not None, seconds)


class Person:
    """A person. Channels and messages may be given by id; what the client does not allow raises ClientRefuses."""

    def __init__(self, platform: Platform, user: User) -> None:
        self._platform = platform
        self.user = user

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def dm(self) -> Channel:
        """Her direct messages with the bot."""
        return self._platform.world.dm(self.user)

    # Seeing

    def sees(self, channel: Channel | int) -> list[Message]:
        """The messages of a channel as she sees them, oldest first; ephemeral ones only if they are hers."""
        return [m for m in self._platform.posts.of(self._place(channel)) if self._sees(m)]

    async def reads(self, channel: Channel | int, text: str, seconds: float = 5.0) -> Message:
        """Wait until she sees a message with this text in it, and return the newest; TimeoutError if none comes."""
        place, posts = self._place(channel), self._platform.posts
        looked = len(posts.touched)
        found = [message for message in posts.of(place) if text in message.text and self._sees(message)]

        def shown() -> bool:
            nonlocal looked
            new, looked = posts.touched[looked:], len(posts.touched)
            found.extend(m for m in new if m.channel_id == place.id and text in m.text and self._sees(m))
            return bool(found)

        if not await self._platform.changes.until(shown, seconds):
            raise TimeoutError(f"{self.user.name} does not read {text!r} there")
        return found[-1]

    def threads(self, channel: Channel | int) -> list[Channel]:
        """The threads of a channel."""
        place = self._place(channel)
        return [c for c in self._platform.world.channels.values() if c.is_thread and c.parent_id == place.id]

    @property
    def pinged_by(self) -> list[Message]:
        """The messages that have notified her by a mention."""
        posts = self._platform.posts
        return [posts.messages[message] for message, person in posts.pings if person == self.id]

    # Doing

    def says(self, channel: Channel | int, text: str) -> Message:
        """Write a message."""
        return self._platform.posts.say(self._visible(channel), self.user, text)

    async def slash(self, channel: Channel | int, name: str, /, **options: Any) -> Asked:
        """Use a slash command (`"alert add"`: a subcommand) and wait for its acknowledgement, at most 3 s."""
        asked = self.starts(channel, name, options)
        await asked.acknowledged()
        return asked

    def starts(self, channel: Channel | int, name: str, options: dict[str, Any]) -> Asked:
        """Use a slash command and do not wait."""
        place = self._visible(channel)
        command, path = self._command(place, name)
        return self._send(COMMAND, place, command_data(command, path, options, self._platform.world), None)

    async def types(self, channel: Channel | int, name: str, /, **options: Any) -> list[Json]:
        """Type a slash command as far as the last option; returns the choices (`name`, `value`) that are offered."""
        place = self._visible(channel)
        command, path = self._command(place, name)
        focused = list(options)[-1]
        asked = self._send(
            AUTOCOMPLETE, place, command_data(command, path, options, self._platform.world, focused), None
        )
        await asked.acknowledged()
        return asked.interaction.choices

    async def presses(self, message: Message | int, label: str = "", /, *, custom_id: str = "") -> Asked:
        """Press the button of this label, and wait for the acknowledgement.

        With `custom_id` alone the id is forged: it is sent though the message has no such button.
        """
        shown = self._shown(message)
        if not label and custom_id:
            data: Json = {"custom_id": custom_id, "component_type": BUTTON, "id": 99}
            return await self._act(COMPONENT, shown, data)
        for part in walk(shown.components):
            if part["type"] == BUTTON and label in (part.get("label"), (part.get("emoji") or {}).get("name")):
                if part.get("disabled") or part["style"] == LINK:
                    raise ClientRefuses(f"the button {label} cannot be pressed")
                data = {"custom_id": part["custom_id"], "component_type": BUTTON, "id": part.get("id", 0)}
                return await self._act(COMPONENT, shown, data)
        raise ClientRefuses(f"there is no button {label}; there are {', '.join(shown.buttons) or 'none'}")

    async def picks(self, message: Message | int, *chosen: str | int, menu: str = "") -> Asked:
        """Choose from a select menu (the one of this custom id or placeholder, else the first) by labels or ids."""
        shown = self._shown(message)
        menus = [part for part in walk(shown.components) if part["type"] in SELECTS]
        part = next((p for p in menus if not menu or menu in (p["custom_id"], p.get("placeholder"))), None)
        if part is None or part.get("disabled"):
            raise ClientRefuses("there is no such menu")
        if not part.get("min_values", 1) <= len(chosen) <= part.get("max_values", 1):
            raise ClientRefuses("the wrong number of choices")
        data: Json = {"custom_id": part["custom_id"], "component_type": part["type"], "id": part.get("id", 0)}
        if part["type"] == STRING_SELECT:
            values = {word: o["value"] for o in part["options"] for word in (o["value"], o["label"])}
            unknown = [one for one in chosen if str(one) not in values]
            if unknown:
                raise ClientRefuses(f"{unknown[0]} is not in the menu")
            data["values"] = [values[str(one)] for one in chosen]
        else:
            data |= {"values": [str(one) for one in chosen], "resolved": {}}
            kind = {5: 6, 6: 8, 7: 9, 8: 7}[part["type"]]
            for one in chosen:
                resolve_entity(kind, int(one), data["resolved"], self._platform.world)
        return await self._act(COMPONENT, shown, data)

    async def submits(self, asked: Asked, **fields: str) -> Asked:
        """Fill in the modal that was shown, by custom ids or labels, and send it."""
        modal = asked.modal
        if modal is None or asked.interaction.user is not self.user:
            raise ClientRefuses("no form is shown")
        given, parts = dict(fields), []
        for part in modal["components"]:
            if part["type"] == TEXT_DISPLAY:
                continue
            inner = part["component"] if part["type"] == LABEL else part["components"][0]
            name = next((n for n in (inner["custom_id"], part.get("label"), inner.get("label")) if n in given), None)
            entry: Json = {"type": inner["type"], "custom_id": inner["custom_id"], "id": 2}
            entry |= _filled(inner, given.pop(name) if name else str(inner.get("value") or ""))
            parts.append({"type": LABEL, "id": 1, "component": entry} if part["type"] == LABEL else _row(entry))
        if given:
            raise ClientRefuses(f"the form has no field {next(iter(given))}")
        data: Json = {"custom_id": modal["custom_id"], "components": parts}
        sent = self._send(MODAL_SUBMIT, asked.interaction.channel, data, asked.interaction.message)
        await sent.acknowledged()
        return sent

    # Parts

    def _sees(self, message: Message) -> bool:
        """Whether a message is before her eyes; what is still loading has no text."""
        channel = self._platform.world.channels[message.channel_id]
        mine = message.only_for in (None, self.id)
        return mine and not message.deleted and self._platform.world.sees(self.user, channel)

    def _place(self, channel: Channel | int) -> Channel:
        return channel if isinstance(channel, Channel) else self._platform.world.channels[channel]

    def _visible(self, channel: Channel | int) -> Channel:
        place = self._place(channel)
        if not self._platform.world.sees(self.user, place):
            raise ClientRefuses(f"{self.user.name} does not see that channel")
        return place

    def _command(self, place: Channel, name: str) -> tuple[Json, list[str]]:
        first, *path = name.split()
        command = self._platform.commands.named(place.guild_id, first)
        if command is None:
            raise ClientRefuses(f"there is no command /{first}")
        check_may_use(self._platform.world, command, self.user, place)
        return command, path

    def _shown(self, message: Message | int) -> Message:
        number = message if isinstance(message, int) else message.id
        shown = self._platform.posts.messages[number]
        if not self._sees(shown):
            raise ClientRefuses(f"{self.user.name} does not see that message")
        return shown

    async def _act(self, kind: int, message: Message, data: Json) -> Asked:
        asked = self._send(kind, self._platform.world.channels[message.channel_id], data, message)
        await asked.acknowledged()
        return asked

    def _send(self, kind: int, place: Channel, data: Json, message: Message | None) -> Asked:
        interaction = self._platform.interactions.open(kind, self.user, place, data, message)
        payload = self._platform.interactions.payload(interaction)
        interaction.delivered = self._platform.gateway.dispatch("INTERACTION_CREATE", lambda _: payload)
        return Asked(self._platform, interaction)


def _filled(field: Json, value: str) -> Json:
    """What a form's field sends; refuses what the client would not."""
    if field["type"] == STRING_SELECT:
        values = {word: option["value"] for option in field["options"] for word in (option["value"], option["label"])}
        if value not in values:
            raise ClientRefuses(f"{value} is not in the menu")
        return {"values": [values[value]]}
    if not value and field.get("required", True):
        raise ClientRefuses(f"the field {field['custom_id']} is required")
    if value and not field.get("min_length", 0) <= len(value) <= field.get("max_length", 4000):
        raise ClientRefuses(f"the field {field['custom_id']} has the wrong length")
    return {"value": value}


def _row(entry: Json) -> Json:
    return {"type": ROW, "id": 1, "components": [entry]}
