"""What people do on Discord, as lines to the door, and the answers to them.

Discord wants a first answer within 3 s, and takes others for 15 minutes ("Receiving and Responding to
Interactions"). So everything is acknowledged first; an answer that comes later than that, or is not
taken any more, is an ordinary message. What could not be acknowledged is not run: the person reads that
it failed, and will ask again. Only `kill` is obeyed all the same.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.alerts.notifier import Undelivered
from bot.chats.answering import Answering
from bot.chats.base import House, Place, destination
from bot.chats.discord.answers import ATTEMPT_S, ATTEMPTS, NAME, Answers, Interaction, acknowledged
from bot.chats.discord.commands import asked_of, choices_of, line_of
from bot.chats.discord.sending import Sender
from bot.chats.discord.turns import Request, Turns, urgent
from bot.chats.discord.wire import delivering
from handlers.actor import AUTOMATIC, Actor, Role
from handlers.confirm import ASKING, is_consent
from handlers.reply import Reply, Tone
from handlers.spec import CommandSpec
from trading.control import Confirmation

ENDED = frozenset({"ALREADY_CLOSED", "EXPIRED", "UNKNOWN_TOKEN", "MODE_CHANGED"})
PHRASE = "phrase"

log = structlog.get_logger("tiller.discord")


class Interactions:
    """Takes every interaction once, and answers it."""

    def __init__(
        self,
        house: House,
        sender: Sender,
        answers: Answers,
        answering: Answering,
        channels: frozenset[int],
        registry: Mapping[str, CommandSpec],
    ) -> None:
        self._house = house
        self._sender = sender
        self._answers = answers
        self._answering = answering
        self._channels = channels
        self._registry = registry
        self._turns = Turns()
        self._private: set[str] = set()  # commands that answered privately, whatever they declare

    async def take(self, i: Interaction) -> None:
        """Do what was asked for, unless it was taken already (a resume tells again what was told before)."""
        if not self._turns.first(i.id):
            return
        actor = self._house.people.who(NAME, i.user.id, i.user.name)
        loop = asyncio.get_running_loop()
        request = Request(i.id, actor, i.user.id, i.channel_id or 0, i.guild_id is not None, loop.time())
        acts = {
            discord.InteractionType.application_command: self._command,
            discord.InteractionType.component: self._press,
            discord.InteractionType.modal_submit: self._submit,
        }
        try:
            if i.type is discord.InteractionType.autocomplete:
                await self._suggest(i, request)
            elif act := acts.get(i.type):
                with self._answering.to(Place(request.channel)):
                    await act(i, request)
        except Undelivered as why:
            log.warning("an answer was not told", why=str(why), interaction=i.id)

    # --- what people do ----------------------------------------------------------------------

    async def _suggest(self, i: Interaction, request: Request) -> None:
        found = []
        if self._not_here(i) is None:
            ctx = self._house.door.context("", request.actor, NAME)
            found = choices_of(asked_of(_data(i)), self._registry, ctx)
        choices = [app_commands.Choice(name=name, value=value) for name, value in found]
        with suppress(Undelivered):  # too late for what was typed then; the next letter asks again
            async with delivering("suggestions", ATTEMPT_S * ATTEMPTS):
                await i.response.autocomplete(choices)

    async def _command(self, i: Interaction, request: Request) -> None:
        asked = asked_of(_data(i))
        spec = self._registry.get(asked.name)
        refusal = self._not_here(i) or self._turns.refusal(request, asked.name)
        if refusal is None and self._turns.flooded(request, asked.name):
            return
        stranger = request.actor.role is Role.STRANGER
        private = request.in_guild and (asked.name in self._private or (spec is not None and spec.private))
        request.hidden = stranger or refusal is not None or private
        request.acknowledged = await acknowledged(lambda: i.response.defer(ephemeral=request.hidden, thinking=True))
        if not request.acknowledged and not urgent(asked.name):
            log.warning("a command was not acknowledged in time, and not run", command=asked.name, interaction=i.id)
            return
        reply = refusal or await self._run(line_of(asked, self._registry), request)
        hidden = request.hidden or (reply.private and request.in_guild)
        if reply.private and asked.name not in ASKING:
            self._private.add(asked.name)
        await self._answers.answer(i, request, reply, hidden=hidden, edits=True)

    async def _press(self, i: Interaction, request: Request) -> None:
        data = str(_data(i).get("custom_id", ""))
        line = self._sender.lines.line(data)
        refusal = self._not_here(i) or (_too_old() if line is None else self._turns.refusal(request, line))
        if refusal is None and self._turns.flooded(request, line or ""):
            return
        if refusal is None and (phrase := self._phrase(line or "", request.actor)):
            if not await acknowledged(lambda: i.response.send_modal(_form(data, phrase))):
                log.warning("a phrase could not be asked for in time", interaction=i.id)
            return
        await self._obey(i, request, line or "", refusal)

    async def _submit(self, i: Interaction, request: Request) -> None:
        """A phrase was typed; what it confirms is in the form's own id."""
        line = self._sender.lines.line(str(_data(i).get("custom_id", "")))
        refusal = self._not_here(i) or (_too_old() if line is None or not is_consent(line) else None)
        await self._obey(i, request, f"{line} {' '.join(_typed(_data(i)).split())}", refusal)

    async def _obey(self, i: Interaction, request: Request, line: str, refusal: Reply | None) -> None:
        """Run the line of a button, and answer below it; a message that asked for an argument becomes the answer."""
        request.hidden = i.message is not None and i.message.flags.ephemeral
        request.acknowledged = await acknowledged(i.response.defer)
        if not request.acknowledged and not urgent(line):
            log.warning("a button was not acknowledged in time, and not obeyed", interaction=i.id)
            return
        reply = refusal or await self._run(line, request)
        edits = refusal is None and i.message is not None and self._answers.asked(i.message.id, request.user)
        hidden = request.hidden or (reply.private and request.in_guild) or (not reply.ok and not edits)
        await self._answers.answer(i, request, reply, hidden=hidden, edits=edits)
        if reply.error in ENDED and _has_button(i, line):
            async with delivering(request.channel):
                await i.edit_original_response(view=None)

    async def _run(self, line: str, request: Request) -> Reply:
        return await self._house.door.run(
            line, request.actor, NAME, f"dc:{request.id}", destination(NAME, Place(request.channel))
        )

    # --- whom we answer, and what needs a phrase ---------------------------------------------

    def _not_here(self, i: Interaction) -> Reply | None:
        """Why nothing is done here: in servers, only the configured channels and their threads are served."""
        parent = i.channel.parent_id if isinstance(i.channel, discord.Thread) else None
        if i.guild_id is None or {i.channel_id, parent} & self._channels:
            return None
        text = "This desk does not answer in this channel. Ask in one of its own, or in a direct message."
        return Reply(text, ok=False, tone=Tone.BAD, error="NOT_SERVED")

    def _phrase(self, line: str, actor: Actor) -> str:
        """What this person must type to confirm; empty if nothing, or if it is not theirs to confirm."""
        if not is_consent(line) or actor.role is Role.STRANGER:
            return ""
        asked = self._house.book.get(Confirmation, line.split()[1].lower())
        if asked is None or asked.outcome:
            return ""
        theirs = asked.actor.startswith(AUTOMATIC) or (asked.actor == actor.id) is not asked.approval
        return asked.phrase if theirs else ""


# --- parts of an interaction -----------------------------------------------------------------


def _data(i: Interaction) -> Mapping[str, Any]:
    return i.data or {}


def _form(data: str, phrase: str) -> discord.ui.Modal:
    """A form with one field; its id is that of the button, so that it holds after a restart as the button does."""
    form = discord.ui.Modal(title="Confirm", custom_id=data, timeout=None)
    field = discord.ui.TextInput[discord.ui.Modal](
        label=f"Type: {phrase}"[:45], placeholder=phrase[:100], custom_id=PHRASE, max_length=200
    )
    form.add_item(field)
    form.stop()  # it comes to us as an interaction
    return form


def _typed(data: Mapping[str, Any]) -> str:
    """What was typed into the form's field: in a row of its own, or under a label."""
    for part in data.get("components") or ():
        for field in (*(part.get("components") or ()), part.get("component") or {}):
            if field.get("custom_id") == PHRASE:
                return str(field.get("value", ""))
    return ""


def _has_button(i: Interaction, line: str) -> bool:
    """Whether the message really has the button of this consent: a forged press takes no buttons away."""
    data = " ".join(line.split()[:2])
    rows = i.message.components if i.message is not None else []
    parts = [part for row in rows if isinstance(row, discord.ActionRow) for part in row.children]
    return any(getattr(part, "custom_id", None) == data for part in parts)


def _too_old() -> Reply:
    text = "This button is too old; nothing was done. Send the command again."
    return Reply(text, ok=False, tone=Tone.BAD, error="TOO_OLD")
