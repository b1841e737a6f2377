"""Lines that wait for somebody's consent: asked, then confirmed, approved, rejected, expired or voided, once.

The check and the entry that closes a token are one step under the book's lock: however the presses
interleave, at most one of them runs the line. A confirmation belongs to the person who asked, on
whatever surface; an approval to anybody else who may trade; what an automatic actor asked (a
webhook, a strategy), to any person who may trade.
"""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from handlers.actor import AUTOMATIC, Role
from handlers.context import Context
from handlers.reply import Button, Reply
from handlers.spec import Arg, Choice, command
from handlers.values import Words
from trading.book import Book
from trading.control import Confirmation
from trading.errors import IntentError
from trading.events import ConfirmationAsked, ConfirmationClosed, ModeChanged, Noticed, Recorded
from trading.ids import derive
from trading.words import counted, span

TOKEN_LENGTH = 8  # characters of 5 bits, of no use to anybody but who may confirm
TRIES = 3  # at a typed phrase
UNATTENDED = ("webhook", "strategy", "schedule")  # surfaces from which nobody looks
DESK = "desk"  # who closes what nobody closed

ASKING = ("confirm", "approve")
"""The commands that give it."""

AGREED = ("confirmed", "approved")
"""The outcomes of which the line was run."""


class Confirmations:
    """The waiting lines of one desk. Tries and expiry live in memory: a restart voids what waits."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._waiting: dict[str, Confirmation] = {}
        self._tries: dict[str, int] = {}
        self._outdated: set[str] = set()
        book.subscribe(self._notice)

    def _notice(self, entry: Recorded) -> None:
        """What was asked for in one mode is not done in another."""
        if isinstance(entry.event, ModeChanged):
            self._outdated = set(self._waiting)

    def waiting(self) -> list[Confirmation]:
        """What waits for consent now, oldest first."""
        return [asked for asked in self._waiting.values() if self.book.clock.now() < asked.expires]

    async def ask(self, ctx: Context, card: Reply, phrase: str, approval: bool) -> Reply:
        """Record that `ctx.line` waits; answers the card with what to do and the two buttons."""
        if ctx.dry:
            who = "a second person's approval" if approval else "a confirmation"
            return msgspec.structs.replace(card, text=f"{card.text}\nIt would ask for {who}.", order_id=None)
        seconds = ctx.policy.expires_s
        async with self.book.lock:
            token = self._fresh_token(ctx)
            expires = self.book.clock.now() + timedelta(seconds=seconds)
            await self.book.write(
                ConfirmationAsked(
                    token, ctx.actor.id, ctx.line, ctx.key, card.text, expires, ctx.surface, phrase, approval
                )
            )
            asked = self.book.get(Confirmation, token)
            assert asked is not None, "the fold keeps what was asked"
            self._waiting[token] = asked
        if approval:
            then = f"Somebody else must approve it within {span(timedelta(seconds=seconds))}: /approve {token}"
        else:
            then = f"Confirm within {span(timedelta(seconds=seconds))}: /confirm {token} {phrase}".rstrip()
        buttons = (
            Button("Approve" if approval else "Confirm", f"confirm {token}"),
            Button("Reject", f"reject {token}"),
        )
        return msgspec.structs.replace(
            card, ok=True, text=f"{card.text}\n{then}", buttons=buttons, phrase=phrase or None, order_id=None
        )

    def _fresh_token(self, ctx: Context) -> str:
        for salt in range(self.book.journal.last_seq, self.book.journal.last_seq + 100):
            token = derive("confirm", ctx.key, ctx.line, str(salt))[:TOKEN_LENGTH]
            if self.book.get(Confirmation, token) is None:
                return token
        raise AssertionError("a hundred tokens in a row were taken")

    async def agree(self, ctx: Context, token: str, phrase: str) -> Confirmation:
        """Close as confirmed or approved; whoever gets an answer, and only they, runs the line.

        Raises:
            IntentError: unknown, closed already, expired, somebody else's, or the wrong phrase.
        """
        async with self.book.lock:
            asked = await self._waits(token, ctx)
            _check_may_agree(asked, ctx)
            if _folded(phrase) != _folded(asked.phrase):
                await self._miss(asked, phrase)
            return await self._close(asked, "approved" if asked.approval else "confirmed", ctx.actor.id)

    async def reject(self, ctx: Context, token: str) -> Confirmation:
        """Close unrun; those who asked may, and those who may agree.

        Raises:
            IntentError: unknown, closed already, expired, or somebody else's.
        """
        async with self.book.lock:
            asked = await self._waits(token, ctx)
            if asked.actor != ctx.actor.id:
                _check_may_agree(asked, ctx)
            return await self._close(asked, "rejected", ctx.actor.id)

    async def expire(self, now: datetime) -> tuple[Confirmation, ...]:
        """Close what has waited too long; to be called every few seconds. Answers what it closed."""
        if not any(now >= asked.expires for asked in self._waiting.values()):
            return ()
        async with self.book.lock:
            late = [asked for asked in self._waiting.values() if now >= asked.expires]
            return tuple([await self._close(asked, "expired", DESK) for asked in late])

    async def void_all(self, reason: str) -> tuple[Confirmation, ...]:
        """Close everything that waits, and say so; for the start, when nobody is sure what was agreed to."""
        async with self.book.lock:
            stale = [asked for asked in self.book.all(Confirmation) if not asked.outcome]
            if not stale:
                return ()
            told = "; ".join(asked.line for asked in stale[:5])
            count = counted(len(stale), "command")
            text = f"{count} waiting for confirmation voided ({reason}), nothing was sent: {told}"
            notice_id = derive("voided", *(asked.token for asked in stale))
            closing = [ConfirmationClosed(asked.token, "voided", DESK) for asked in stale]
            await self.book.write(*closing, Noticed(notice_id, "warning", "confirm", text))
            self._waiting.clear()
            self._tries.clear()
            return tuple(msgspec.structs.replace(asked, outcome="voided", closed_by=DESK) for asked in stale)

    # --- under the lock ----------------------------------------------------------------------

    async def _waits(self, token: str, ctx: Context) -> Confirmation:
        asked = self.book.get(Confirmation, token.lower())
        if asked is None:
            raise IntentError(
                f"There is no confirmation {token[:16]!r}.", "Send the command again.", code="UNKNOWN_TOKEN"
            )
        if not asked.outcome and self.book.clock.now() >= asked.expires:
            asked = await self._close(asked, "expired", DESK)
        if not asked.outcome and token.lower() in self._outdated:
            asked = await self._close(asked, "voided", DESK)
            raise IntentError(
                "An account's mode has changed since this was asked; nothing was sent.",
                "Send the command again and look at its card.",
                code="MODE_CHANGED",
            )
        if asked.outcome == "expired":
            raise IntentError("This has expired; nothing was sent.", "Send the command again.", code="EXPIRED")
        if asked.outcome:
            by = "" if asked.closed_by == DESK else f" by {asked.closed_by}"
            raise IntentError(f"This was already {asked.outcome}{by}.", "Nothing was done now.", code="ALREADY_CLOSED")
        return asked

    async def _miss(self, asked: Confirmation, phrase: str) -> None:
        """A phrase that is not the one asked for: typed wrong three times, the line is dropped."""
        remedy = f"Type /confirm {asked.token} {asked.phrase}".rstrip()
        if not phrase:
            raise IntentError("This must be confirmed with its phrase.", remedy, code="PHRASE_NEEDED")
        if not asked.phrase:
            raise IntentError("This needs no phrase.", remedy, code="WRONG_PHRASE")
        self._tries[asked.token] = tries = self._tries.get(asked.token, 0) + 1
        if tries >= TRIES:
            await self._close(asked, "rejected", DESK)
            raise IntentError(
                f"Wrong phrase {tries} times: rejected, nothing was sent.", "Send the command again.", code="REJECTED"
            )
        raise IntentError(f"That is not the phrase ({TRIES - tries} more tries).", remedy, code="WRONG_PHRASE")

    async def _close(self, asked: Confirmation, outcome: str, actor: str) -> Confirmation:
        await self.book.write(ConfirmationClosed(asked.token, outcome, actor))
        self._waiting.pop(asked.token, None)
        self._tries.pop(asked.token, None)
        return msgspec.structs.replace(asked, outcome=outcome, closed_by=actor)


def _check_may_agree(asked: Confirmation, ctx: Context) -> None:
    if ctx.dry or ctx.actor.automatic or ctx.surface in UNATTENDED:
        raise IntentError("Only a person can confirm.", "Press the button in a chat.", code="NOT_ALLOWED")
    if asked.approval:
        if asked.actor == ctx.actor.id:
            raise IntentError(
                "You asked for this yourself.", "A second person must approve it.", code="NEEDS_SECOND_PERSON"
            )
    elif asked.actor != ctx.actor.id and not asked.actor.startswith(AUTOMATIC):
        raise IntentError(f"Only {asked.actor} may confirm this.", "Ask them to.", code="NOT_YOURS")


def _folded(phrase: str) -> str:
    """Spaces and letter case do not make a phrase wrong: phones change both."""
    return " ".join(phrase.split()).casefold()


# --- what asks, and what answers -------------------------------------------------------------


def is_consent(line: str) -> bool:
    """Whether a line gives a consent, and nothing else: a phrase is typed by whoever gives it."""
    words = line.removeprefix("/").split()
    return len(words) == 2 and words[0] in ASKING


def token_of(reply: Reply) -> str:
    """The token of the confirmation that a reply asks for; empty if it asks for none."""
    return next((button.line.split()[1] for button in reply.buttons if is_consent(button.line)), "")


# --- the commands ----------------------------------------------------------------------------


def _tokens(ctx: Context) -> list[Choice]:
    """What waits, newest first."""
    waiting = [asked for asked in ctx.book.all(Confirmation) if not asked.outcome and ctx.now < asked.expires]
    return [Choice(asked.token, asked.line[:80]) for asked in reversed(waiting)]


Token = Annotated[str, Arg("The eight characters on the card", complete=_tokens, example="k3fq7abc")]
Phrase = Annotated[Words | None, Arg("The phrase on the card, where it asks for one")]


@command(role=Role.TRADER, group="control")
async def confirm(ctx: Context, token: Token, phrase: Phrase = None) -> Reply:
    """Confirm what you asked for; it is then done."""
    return await ctx.door.agree(ctx, token, phrase or "")


@command(role=Role.TRADER, group="control")
async def approve(ctx: Context, token: Token, phrase: Phrase = None) -> Reply:
    """Approve, as the second person, what somebody else asked for."""
    return await ctx.door.agree(ctx, token, phrase or "")


@command(role=Role.TRADER, group="control")
async def reject(ctx: Context, token: Token) -> Reply:
    """Reject what waits for a confirmation; nothing is sent."""
    return await ctx.door.reject(ctx, token)
