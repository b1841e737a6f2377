"""From what people write and press to the door, and back: who is heard, when it is too late, what is shown to whom."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog

from bot.chats.answering import Answering
from bot.chats.base import House, MessageRef, Place, destination
from bot.chats.telegram.cards import Cards
from bot.chats.telegram.menu import Menus
from bot.chats.telegram.pace import Flood
from bot.chats.telegram.speech import Speech
from bot.chats.telegram.updates import Aside, Line, Press, is_private
from bot.chats.telegram.wire import Unreachable, Wire
from handlers.actor import Actor, Role
from handlers.confirm import ASKING
from handlers.parse import MissingArgument, find
from handlers.reply import Reply, Tone
from trading.clock import Clock
from trading.errors import IntentError

SURFACE = "telegram"
MAX_AGE_S = 60  # of a line, by its date
PRESS_S = 1.0  # for the door to refuse a press, before the press is answered anyway
DOUBLE_S = 3.0  # within which the same press again is a slip of the finger
MOST_TOLD = 1000
AGAIN_S = 60.0  # after which it is said again why something is no command
ABOUT_PRESS = frozenset(
    ("NOT_ALLOWED", "NOT_YOURS", "NEEDS_SECOND_PERSON", "ALREADY_CLOSED", "EXPIRED", "UNKNOWN_TOKEN", "BAD_LINE")
)
"""Refusals that concern whoever pressed, and nobody else in the chat."""
OVER = frozenset(("ALREADY_CLOSED", "EXPIRED", "UNKNOWN_TOKEN"))
FLOODED = "Too much at once. I listen again when it is calm; only /kill is heard at any time."
FORGOTTEN = "I do not know this button any more. Send the command again."
FORGED = "That is no button of this message. Send the command again."
AWAY = "I was away when you pressed this, and nothing was done. Press it again."
PRIVATELY = "Answered in our private chat."

log = structlog.get_logger("tiller.telegram")
Serves = Callable[[Place], bool]


class Answers:
    """Answers lines, presses, and what is no command. `serves` says which places are answered in."""

    def __init__(
        self,
        house: House,
        wire: Wire,
        speech: Speech,
        cards: Cards,
        answering: Answering,
        menus: Menus,
        clock: Clock,
        serves: Serves,
        max_age_s: float,
    ) -> None:
        self._house = house
        self._wire = wire
        self._speech = speech
        self._cards = cards
        self._answering = answering
        self._menus = menus
        self._clock = clock
        self._serves = serves
        self._max_age_s = max_age_s
        self._flood = Flood()
        self._strangers = Flood(burst=30, every_s=1.0)  # all of them together: they may not take the desk's voice
        self._told: dict[tuple[int, int, str], float] = {}
        self._pressed: dict[tuple[int, Place, int, str], float] = {}

    async def line(self, asked: Line) -> None:
        """Answer a command line."""
        actor = self._house.people.who(SURFACE, asked.user, asked.name)
        if not self._serves(asked.message.place):
            if actor.role > Role.STRANGER:  # whom the settings name, may know what is missing in them
                place = asked.message.place
                here = f"{place.id}, this topic's {place.topic}" if place.topic else str(place.id)
                why = f"I take commands in private and in the chats of the settings; this one's id is {here}."
                await self.aside(Aside(asked.message, asked.user, why), here=True)
            return
        if actor.role is Role.STRANGER and self._strangers.admit(0) is not True:
            return
        kill = _is_kill(asked.text, actor)
        if not kill and (admitted := self._flood.admit(asked.user)) is not True:
            if admitted is None:
                await self._say(asked.message, Reply(FLOODED, ok=False, tone=Tone.WARN))
            return
        age = self._clock.now() - asked.at
        if not kill and age > timedelta(seconds=self._max_age_s) and actor.role > Role.STRANGER:
            text = f"Too old: sent {_rough(age)} ago, when I could not hear it. Nothing was done; send it again."
            await self._say(asked.message, Reply(text, ok=False, tone=Tone.WARN))
            return
        # Its order's fills may come before it is answered: they are told below it, or by the answer itself.
        place = self._home(asked.message.place)
        with self._answering.to(place), self._cards.expecting(asked.message, f"{actor.id}|{asked.key}"):
            reply = await self._house.door.run(asked.text, actor, SURFACE, asked.key, destination(SURFACE, place))
            await self._show(asked, reply)
        if is_private(asked.message.place):
            await self._menus.meet(asked.user, actor.role)

    async def press(self, pressed: Press, *, late: bool = False) -> None:
        """Answer a pressed button: what it means is run as whoever pressed it, unless that may be hours ago."""
        line = self._speech.lines.line(pressed.data)
        if line is None or (refusal := self._refusal(pressed, line, late)) is not None:
            await self._speech.answer(pressed.query, FORGOTTEN if line is None else refusal or "")
            return
        with self._answering.to(self._home(pressed.message.place)):
            await self._obey(pressed, line)

    async def _obey(self, pressed: Press, line: str) -> None:
        """Run the line of a button, and show what it answers."""
        actor = self._house.people.who(SURFACE, pressed.user, pressed.name)
        place = destination(SURFACE, self._home(pressed.message.place))
        running = asyncio.ensure_future(self._house.door.run(line, actor, SURFACE, pressed.key, place))
        done, _ = await asyncio.wait({running}, timeout=PRESS_S)
        about_press = bool(done) and running.result().error in ABOUT_PRESS
        await self._speech.answer(pressed.query, running.result().text if about_press else "")
        reply = await running
        if reply.error in OVER:
            await self._speech.strip(pressed.message)
        if about_press:
            return
        form = is_private(pressed.message.place) and self._cards.is_form(pressed.message)
        if form and reply.error == MissingArgument.code:
            await self._speech.insist(partial(self._speech.edit, pressed.message, reply))  # its next step
            return
        if form:  # filled in: it is not sent a second time
            await self._speech.strip(pressed.message)
        await self._show(pressed, reply)

    async def aside(self, aside: Aside, *, here: bool = False) -> None:
        """Say why something is no command; nothing where we are not at home, unless it is about `here`.

        The same is said once a minute, to strangers once: nobody known may take silence for obedience.
        """
        key = (aside.message.place.id, aside.user, aside.why)
        now, known = asyncio.get_running_loop().time(), self._told.get(key)
        stranger = self._house.people.who(SURFACE, aside.user).role is Role.STRANGER
        is_told = known is not None and (stranger or now - known < AGAIN_S)
        if is_told or not (here or self._serves(aside.message.place)):
            return
        self._told.pop(key, None)
        self._told[key] = now
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        await self._say(aside.message, Reply(aside.why, ok=False, tone=Tone.WARN))

    def _home(self, place: Place) -> Place:
        """A place as the settings, and the notifier, know it, whatever id it has now."""
        return Place(self._wire.home(place.id), place.topic)

    # --- presses -----------------------------------------------------------------------------

    def _refusal(self, pressed: Press, line: str, late: bool) -> str | None:
        """Why a press is not even taken to the door, empty if that needs no words; None if it is taken there."""
        if not self._serves(pressed.message.place):
            return "This chat is not served any more."
        # The buttons of a card that was answered are gone; the door knows what became of it.
        command = line.removeprefix("/").partition(" ")[0]
        judged_there = command in (*ASKING, "reject")
        if late and not judged_there and command != "kill":
            return AWAY
        if pressed.shown is False and not judged_there:
            log.warning("a button that is not there was pressed", user=pressed.user, chat=pressed.message.place.id)
            return FORGED
        if (admitted := self._flood.admit(pressed.user)) is not True:
            return FLOODED if admitted is None else ""
        now = asyncio.get_running_loop().time()
        key = pressed.user, pressed.message.place, pressed.message.message, line
        self._pressed = {each: at for each, at in self._pressed.items() if now - at < DOUBLE_S}
        if key in self._pressed:
            return ""
        self._pressed[key] = now
        return None

    # --- showing -----------------------------------------------------------------------------

    async def _show(self, asked: Line | Press, reply: Reply) -> None:
        """Show an answer where it was asked for, or to whom alone it may be shown."""
        message = asked.message
        if not reply.private or is_private(message.place):
            await self._say(message, reply, once=asked.key, below=isinstance(asked, Press))
            return
        try:
            await self._say(MessageRef(Place(asked.user), 0), reply, once=asked.key)
        except Unreachable:
            text = f"That is for your eyes only. Ask in our private chat: https://t.me/{self._wire.bot.username}"
            await self._say(message, Reply(text, ok=False, tone=Tone.WARN))
        else:
            await self._say(message, Reply(PRIVATELY))

    async def _say(self, to: MessageRef, reply: Reply, *, once: str = "", below: bool = False) -> None:
        """Say it below what it answers, where several people talk or if `below` says so.

        Raises:
            Unreachable: nothing can be said there.
        """
        under = to if below or not is_private(to.place) else None
        send = partial(self._speech.send, to.place, reply, reply_to=under, silent=False, once=once)
        if (ref := await self._speech.insist(send)) is not None:
            self._answering.arrived(self._home(ref.place), reply)
            self._cards.sent(ref, reply, answer=True)


def _is_kill(text: str, actor: Actor) -> bool:
    """Whether a line is a kill of somebody who may kill: that is obeyed however late it comes."""
    try:
        spec, _ = find(text, actor.role)
    except IntentError:
        return False
    return spec.name == "kill" and actor.role >= spec.role


def _rough(age: timedelta) -> str:
    """A length of time as people say it: `2d`, `5h`, `7m`, `61s`."""
    seconds = int(age.total_seconds())
    units = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
    return next((f"{seconds // unit}{name}" for name, unit in units if seconds >= unit), "0s")
