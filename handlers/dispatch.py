"""The one door: find, authorise, parse, confirm, run, answer. Every line of every surface comes in here."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from handlers.actor import Actor, ConfirmPolicy, Consent, Role
from handlers.complete import suggest
from handlers.confirm import Confirmations
from handlers.context import Context, Desk
from handlers.guests import Strangers
from handlers.help import WELCOME
from handlers.parse import MissingArgument, find, quote, read
from handlers.reply import Button, Reply, Tone, from_answer, to_answer
from handlers.spec import REGISTRY, CommandSpec
from trading.control import Answer
from trading.errors import IntentError, TradingError
from trading.events import CommandRun, Noticed
from trading.ids import derive

Log = Callable[[str, Exception], None]
"""Takes the id of a mishap, and the mishap."""

NOBODY = Actor("stranger", "", Role.STRANGER)
LONGEST_KEY = 160  # characters
BUTTONS = 8  # offered for a missing argument


class NotAllowed(IntentError):
    """Somebody may not do this; every such refusal is journalled."""

    code = "NOT_ALLOWED"


class Dispatcher:
    """Runs command lines for actors. Implements `handlers.context.Door`.

    `run` never raises for what a line or a command does: refusals and mishaps are replies. The same
    key from the same actor is the same answer: a duplicate in flight waits for the first, a later
    one is told the kept answer, and in either case nothing is done twice.
    """

    def __init__(
        self, desk: Desk, policy: ConfirmPolicy, log: Log, registry: Mapping[str, CommandSpec] = REGISTRY
    ) -> None:
        self.desk = desk
        self.policy = policy
        self.log = log
        self.registry = registry
        self.confirmations = Confirmations(desk.book)
        self._running: dict[str, asyncio.Task[Reply]] = {}
        self._strangers = Strangers(desk.book)
        self._count = 0

    async def run(self, line: str, actor: Actor | None, surface: str, key: str = "", place: str = "") -> Reply:
        """Answer one line. `key` is the transport's own id of the request (`tg:<update_id>`), empty if it has none.

        `place` is where on a chat it was said.
        """
        actor = actor or NOBODY
        if len(key) > LONGEST_KEY or not key.isprintable():
            remedy = f"Use at most {LONGEST_KEY} printable characters."
            return Reply.refused(IntentError("The request's key cannot be used.", remedy, code="BAD_KEY"))
        request = f"{actor.id}|{key}" if key else self._own_key(actor)
        task = self._running.get(request)
        if task is None:
            ctx = self._context(line.strip(), actor, surface, request, place)
            task = asyncio.create_task(self._answer(ctx, keep=bool(key)))
            self._running[request] = task
            task.add_done_callback(lambda _: self._running.pop(request, None))
        # Whoever waits may go away (a closed browser): what was begun is still finished.
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait until everything that runs has answered; for an orderly stop."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def context(self, line: str, actor: Actor, surface: str) -> Context:
        """A context for looking only: completion, and the parts of a guided form. It runs nothing."""
        return self._context(line, actor, surface, "")

    # --- the way through ---------------------------------------------------------------------

    def _own_key(self, actor: Actor) -> str:
        """A key for a request that came without: never the same as one that left anything in the journal."""
        self._count += 1
        return f"{actor.id}#{self.desk.book.journal.last_seq}.{self._count}"

    def _context(self, line: str, actor: Actor, surface: str, key: str, place: str = "") -> Context:
        policy = actor.policy or self.policy
        return Context(self.desk, self, actor, surface, key, line, self.desk.clock.now(), policy, place=place)

    async def _answer(self, ctx: Context, keep: bool) -> Reply:
        if ctx.actor.role is Role.STRANGER:
            return await self._turn_away(ctx)
        if keep and (known := self.desk.book.get(Answer, ctx.key)):
            return from_answer(known.answer)
        return await self._enter(ctx, keep)

    async def _enter(self, ctx: Context, keep: bool) -> Reply:
        """Find, authorise, parse, run, record, answer; the broad border around all commands."""
        spec: CommandSpec | None = None
        audited = False
        try:
            spec, rest = find(ctx.line, ctx.actor.role, self.registry)
            if spec.secret:
                ctx = msgspec.structs.replace(ctx, line=f"/{spec.name} ***")
            if spec.role > ctx.actor.role:
                audited = True
                raise NotAllowed(f"/{spec.name} needs {spec.role}; you are {ctx.actor.role}.")
            try:
                values = read(spec, rest, ctx)
            except MissingArgument as why:
                return _offer(why, ctx)
            audited = spec.audit
            reply = await spec.function(ctx, **values)
        except TradingError as why:
            reply = Reply.refused(why)
        except Exception as why:  # noqa: BLE001 - the one place where a mistake of ours becomes an answer
            reply = await self._mishap(ctx, spec, why)
        if spec is not None and spec.private:
            reply = msgspec.structs.replace(reply, private=True)
        return await self._record(ctx, reply, keep) if audited else reply

    async def _record(self, ctx: Context, reply: Reply, keep: bool) -> Reply:
        """The audit trail, and the answer to the same key; what cannot be journalled is said."""
        try:
            await self.desk.book.record(
                CommandRun(
                    key=ctx.key,
                    actor=ctx.actor.id,
                    role=str(ctx.actor.role),
                    surface=ctx.surface,
                    line=ctx.line,
                    ok=reply.ok,
                    code=reply.error or "",
                    answer=to_answer(reply) if keep else "",
                )
            )
        except (TradingError, UnicodeError) as why:
            self.log(derive("notice", ctx.key), why)
            return msgspec.structs.replace(reply, tone=Tone.WARN, text=f"{reply.text}\n{why}")
        return reply

    async def _mishap(self, ctx: Context, spec: CommandSpec | None, why: Exception) -> Reply:
        """A mistake of ours: logged in full, told by an id only."""
        notice = derive("notice", ctx.key, str(self.desk.book.journal.last_seq))
        where = f"/{spec.name}" if spec else "the dispatcher"
        self.log(notice, why)
        text = f"Something went wrong in {where} (id {notice})."
        try:
            await self.desk.book.record(Noticed(notice, "error", where, f"{text} {type(why).__name__}."))
        except TradingError as broken:
            self.log(notice, broken)
        return Reply(f"{text} The log has the details.", ok=False, tone=Tone.BAD, error="INTERNAL")

    async def _turn_away(self, ctx: Context) -> Reply:
        """Strangers learn their own id and nothing else; whatever they type, the answer is the same.

        Who was never seen is recorded, once; who is blocked is answered alike and leaves no record.
        """
        try:
            await self._strangers.meet(ctx.actor)
        except TradingError as why:
            self.log(derive("notice", ctx.key), why)
        words = ctx.line[:200].lower().split(maxsplit=1)
        name = words[0].removeprefix("/").partition("@")[0] if words else ""
        if name == "whoami":
            return await self._enter(msgspec.structs.replace(ctx, line="/whoami"), keep=False)
        if name in ("help", "start"):
            return Reply(WELCOME)
        reply = Reply.refused(NotAllowed("I do not know you.", "/whoami shows the id that this desk's owner needs."))
        if self._strangers.audits(ctx.actor, ctx.now):
            seen = "".join(c if c.isprintable() else "?" for c in ctx.line[:200])
            await self._record(msgspec.structs.replace(ctx, line=seen), reply, keep=False)
        return reply

    # --- what commands may use (Door) --------------------------------------------------------

    async def ask(self, ctx: Context, card: Reply, phrase: str, approval: bool) -> Reply:
        """Record that `ctx.line` waits for consent; answers the card with its buttons."""
        spec, _ = find(ctx.line, ctx.actor.role, self.registry)
        assert not spec.secret, f"/{spec.name} takes a secret: its line is not kept and cannot wait"
        return await self.confirmations.ask(ctx, card, phrase, approval)

    async def agree(self, ctx: Context, token: str, phrase: str, line: str = "") -> Reply:
        """Close a waiting line as agreed to and run it: as its first actor, with its first key, through every step.

        `line` is run in its place: what was agreed to is less than what was asked.
        """
        asked = await self.confirmations.agree(ctx, token, phrase)
        asker = ctx.actor if asked.actor == ctx.actor.id else await self.desk.actor(asked.actor)
        if asker is None or asker.role is Role.STRANGER:
            raise NotAllowed(f"{asked.actor}, who asked for this, is not known any more.", "Nothing was sent.")
        agreed = msgspec.structs.replace(
            self._context(line or asked.line, asker, asked.surface, asked.key),
            consent=Consent.APPROVED if asked.approval else Consent.CONFIRMED,
        )
        # The key keeps its first answer, the card: the outcome belongs to the press.
        return await self._enter(agreed, keep=False)

    async def reject(self, ctx: Context, token: str) -> Reply:
        """Close a waiting line unrun."""
        asked = await self.confirmations.reject(ctx, token)
        return Reply(f"Rejected, nothing was sent: {asked.line}")

    async def dry(self, ctx: Context, line: str) -> Reply:
        """Run a line with `ctx.dry` set.

        Raises:
            IntentError: the command does not honour `ctx.dry`, may not be run by this actor, or cannot be read.
        """
        spec, rest = find(line, ctx.actor.role, self.registry)
        if not spec.dry:
            raise IntentError(f"/{spec.name} has no dry run.", "Try one of an order.", code="NO_DRY_RUN")
        if spec.role > ctx.actor.role:
            raise NotAllowed(f"/{spec.name} needs {spec.role}; you are {ctx.actor.role}.")
        dry = msgspec.structs.replace(ctx, line=line, dry=True)
        return await spec.function(dry, **read(spec, rest, dry))


def _offer(missing: MissingArgument, ctx: Context) -> Reply:
    """The refusal, with a button for each thing that may be given; a button is the line completed by it."""
    param = missing.param
    buttons = []
    for choice in suggest(param, "", ctx)[:BUTTONS]:
        word = quote(choice.value) if param.positional else f"{param.name}={quote(choice.value, option=True)}"
        buttons.append(Button(choice.value, f"{ctx.line.removeprefix('/')} {word}"))
    return msgspec.structs.replace(Reply.refused(missing), buttons=() if missing.spec.secret else tuple(buttons))
