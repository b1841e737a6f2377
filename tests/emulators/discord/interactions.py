"""Interactions and the answers to them ("Receiving and Responding to Interactions").

The first answer has to come within 3 s of the event (else 10062, and the token is void), and once (else 40060). The
token is good for 15 minutes (then 50027); before the first answer it is of no webhook (10015).
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.discord import components
from tests.emulators.discord.bodies import Draft, Upload, read_draft
from tests.emulators.discord.codes import Json, refusal
from tests.emulators.discord.command_forms import MOST_CHOICES, STRING, check_choices
from tests.emulators.discord.forms import Form
from tests.emulators.discord.mentions import OF_WEBHOOKS
from tests.emulators.discord.message import CHAT_INPUT_COMMAND, EPHEMERAL, LOADING, REPLY, Message, reference_to
from tests.emulators.discord.posting import Posts
from tests.emulators.discord.world import Channel, User

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
SAYS, DEFERS, DEFERS_UPDATE, UPDATES, SUGGESTS, ASKS = 4, 5, 6, 7, 8, 9
DEADLINE_MS, LIFE_MS = 3_000, 15 * 60_000
NO_ANSWER = "The application did not respond"


@dataclass
class Interaction:
    """What a person did, and what came of it. `data` is the interaction data, as sent."""

    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    data: Json
    created_ms: int
    message: Message | None = None  # the one with the component
    delivered: int = 0  # connections it was sent to
    answered_by: int | None = None  # the callback type
    answered_ms: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    modal: Json | None = None
    void: bool = False

    @property
    def messages(self) -> list[Message]:
        """What was answered, in order, without what is loading or deleted."""
        own = [self.original] if self.original is not None else []
        return [message for message in [*own, *self.followups] if not message.loading and not message.deleted]


class Interactions:
    """All interactions, by id; `refused` are the answers that came too late or twice (id, code)."""

    def __init__(self, posts: Posts, secret: str) -> None:
        self.all: dict[int, Interaction] = {}
        self.refused: list[tuple[int, int]] = []
        self._posts = posts
        self._secret = secret
        self._by_token: dict[str, Interaction] = {}

    @property
    def _now(self) -> int:
        return self._posts.world.clock.now_ms

    def open(self, kind: int, user: User, channel: Channel, data: Json, message: Message | None) -> Interaction:
        """A new interaction, as the event is about to be sent."""
        number = self._posts.world.ids.next()
        token = "aW50" + hashlib.sha256(f"{self._secret}:{number}".encode()).hexdigest()
        found = Interaction(number, token, kind, user, channel, data, self._now, message)
        self.all[number] = self._by_token[token] = found
        return found

    def late(self, interaction: Interaction) -> bool:
        """Whether an answer is overdue: the person reads that the application did not respond."""
        age_ms = self._now - interaction.created_ms
        if interaction.answered_by is None:
            return age_ms > DEADLINE_MS
        original = interaction.original
        return original is not None and original.loading and age_ms > LIFE_MS

    def payload(self, interaction: Interaction) -> Json:
        """The interaction object."""
        world, channel = self._posts.world, interaction.channel
        found: Json = {
            "id": str(interaction.id),
            "application_id": str(world.application_id),
            "type": interaction.kind,
            "data": interaction.data,
            "channel": {**world.channel_payload(channel), "permissions": "0"},
            "channel_id": str(channel.id),
            "token": interaction.token,
            "version": 1,
            "app_permissions": str(world.allowed(channel)),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(channel.guild_id or 0)},
            "context": 1 if channel.guild_id is None else 0,
            "attachment_size_limit": 10 * 1024**2,
        }
        if interaction.message is not None:
            found["message"] = self._posts.payload(interaction.message)
        if channel.guild_id is None:
            return {**found, "user": interaction.user.payload}
        guild = world.guilds[channel.guild_id]
        found["channel"]["permissions"] = str(guild.permissions(interaction.user.id))
        return found | {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "features": [], "locale": "en-US"},
            "guild_locale": "en-US",
            "member": guild.member(interaction.user),
        }

    # The first answer

    def answer(self, number: int, token: str, body: Json, uploads: list[Upload]) -> Interaction:
        """Create Interaction Response."""
        interaction = self.all.get(number)
        if interaction is None or interaction.token != token or interaction.void or self.late(interaction):
            if interaction is not None:
                interaction.void = True
            self.refused.append((number, 10062))
            raise refusal(10062)
        if interaction.answered_by is not None:
            self.refused.append((number, 40060))
            raise refusal(40060)
        kind = body.get("type")
        form = Form()
        form.choice(("type",), kind, _allowed(interaction))
        form.check()
        data = body.get("data") or {}
        match kind:
            case 4:
                draft = read_draft(data, uploads, ephemeral=True, at=("data",))
                interaction.original = self._say(interaction, draft, draft.flags)
            case 5:
                draft = read_draft({"flags": int(data.get("flags") or 0) & EPHEMERAL}, [], ephemeral=True)
                interaction.original = self._say(interaction, draft, draft.flags | LOADING)
            case 6:
                interaction.original = interaction.message
            case 7:
                assert interaction.message is not None
                draft = read_draft(data, uploads, at=("data",))
                interaction.original = self._posts.edit(interaction.message, draft, OF_WEBHOOKS)
            case 8:
                interaction.choices = self._suggest(interaction, data)
            case 9:
                components.check_modal(form, data)
                form.check()
                interaction.modal = data
        interaction.answered_by, interaction.answered_ms = int(kind or 0), self._now
        return interaction

    def callback(self, interaction: Interaction) -> Json:
        """The interaction callback response object."""
        about: Json = {"id": str(interaction.id), "type": interaction.kind}
        original = interaction.original
        if original is not None:
            about["response_message_id"] = str(original.id)
            about["response_message_loading"] = original.loading
            about["response_message_ephemeral"] = original.ephemeral
        found: Json = {"interaction": about}
        if interaction.answered_by in (SAYS, UPDATES) and original is not None:
            found["resource"] = {"type": interaction.answered_by, "message": self._posts.payload(original)}
        return found

    # Later answers, by the token

    def by_token(self, token: str) -> Interaction:
        """The interaction of a webhook token; refuses with 10015 or 50027."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.answered_by is None:
            raise refusal(10015)
        if self._now - interaction.created_ms > LIFE_MS:
            raise refusal(50027)
        return interaction

    def follow_up(self, interaction: Interaction, body: Json, uploads: list[Upload]) -> Message:
        """Create Followup Message; the first one after a deferral edits the loading message instead."""
        draft = read_draft(body, uploads, ephemeral=True)
        original = interaction.original
        if original is not None and original.loading and not original.deleted:
            return self._posts.edit(original, _whole(draft), OF_WEBHOOKS)
        more: dict[str, Any] = {"flags": draft.flags}
        if original is not None and not original.deleted:
            more |= {"kind": REPLY, "reference": reference_to(original)}
        message = self._posts.respond(interaction.channel, draft, interaction.user, self._metadata(interaction), **more)
        interaction.followups.append(message)
        return message

    def message(self, interaction: Interaction, which: str) -> Message:
        """The message of an interaction by id or as `@original`; refuses with 10008."""
        own = [m for m in [interaction.original, *interaction.followups] if m is not None and not m.deleted]
        if which == "@original":
            found = interaction.original if interaction.original in own else None
        else:
            found = next((m for m in own if str(m.id) == which), None)
        if found is None:
            raise refusal(10008)
        return found

    def edit(self, interaction: Interaction, which: str, body: Json, uploads: list[Upload]) -> Message:
        """Edit the original response or a follow-up."""
        return self._posts.edit(self.message(interaction, which), read_draft(body, uploads), OF_WEBHOOKS)

    def delete(self, interaction: Interaction, which: str) -> None:
        """Delete the original response or a follow-up."""
        self._posts.delete(self.message(interaction, which))

    # Parts

    def _say(self, interaction: Interaction, draft: Draft, flags: int) -> Message:
        more: dict[str, Any] = {"flags": flags, "kind": CHAT_INPUT_COMMAND}
        if interaction.message is not None:
            more = {"flags": flags, "kind": REPLY, "reference": reference_to(interaction.message)}
        return self._posts.respond(interaction.channel, draft, interaction.user, self._metadata(interaction), **more)

    def _metadata(self, interaction: Interaction) -> Json:
        return {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": interaction.user.payload,
            "authorizing_integration_owners": {"0": str(interaction.channel.guild_id or 0)},
        }

    def _suggest(self, interaction: Interaction, data: Json) -> list[Json]:
        form = Form()
        focused = next((o for o in _flat(interaction.data.get("options") or []) if o.get("focused")), {"type": STRING})
        choices = form.listed(("data", "choices"), data.get("choices"), MOST_CHOICES)
        check_choices(form, ("data", "choices"), choices, focused["type"])
        form.check()
        return choices


def _allowed(interaction: Interaction) -> tuple[int, ...]:
    """The callback types for an interaction."""
    if interaction.kind == AUTOCOMPLETE:
        return (SUGGESTS,)
    allowed = [SAYS, DEFERS]
    if interaction.message is not None:
        allowed += [DEFERS_UPDATE, UPDATES]
    if interaction.kind != MODAL_SUBMIT:
        allowed.append(ASKS)
    return tuple(allowed)


def _flat(options: list[Json]) -> list[Json]:
    return [one for option in options for one in [option, *_flat(option.get("options") or [])]]


def _whole(draft: Draft) -> Draft:
    """A new message's body as an edit: its flags are ignored."""
    return Draft(**{**draft.__dict__, "given": draft.given - {"flags"} | {"content", "embeds", "components"}})
