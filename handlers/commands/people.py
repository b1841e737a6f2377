"""Who is who: `/whoami`, and for admins who may do what, with the guests whom no settings name."""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from handlers.actor import Role
from handlers.context import Context
from handlers.figures import moment
from handlers.guests import (
    ALIAS,
    LINKED,
    LONGEST_ALIAS,
    MOST_WAITING,
    PERSON,
    RESERVED,
    admitted,
    chat_of,
    person_role,
    role_of,
    waits,
)
from handlers.literals import cut
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, Choice, command
from trading import events as e
from trading.audience import Guest
from trading.errors import IntentError

MOST_BUTTONS = 3  # guests who get theirs; the others have to be typed
MOST_READ = 1000  # decisions, to say whose they were
RIGHT = "Example: /users approve=telegram:1111 role=viewer"


@command(role=Role.STRANGER, group="system")
async def whoami(ctx: Context) -> Reply:
    """Show who you are to this desk and what you may do."""
    actor = ctx.actor
    if actor.role is Role.STRANGER:
        return Reply(f"You are {actor.id}, unknown to this desk. Give this id to its owner to be let in.")
    name = f" ({actor.name})" if actor.name else ""
    return Reply(f"You are {actor.id}{name}, {actor.role}, on {ctx.surface}.")


# --- what may be typed -----------------------------------------------------------------------


def _undecided(ctx: Context) -> Iterator[Choice]:
    """Whom an admin may want to decide about: those who wait first, newest first."""
    newest_first = list(ctx.book.all(Guest))[::-1]
    for each in sorted(newest_first, key=lambda guest: not waits(guest)):
        yield Choice(each.person, each.alias or each.name)


def _decided(ctx: Context) -> Iterator[Choice]:
    for each in ctx.book.all(Guest):
        if each.role or each.blocked:
            yield Choice(each.person, "blocked" if each.blocked else each.alias)


def _aliases(ctx: Context) -> Iterator[Choice]:
    """The people there are, for whoever has another id of theirs before them."""
    yield from (Choice(name, "of the settings") for name in ctx.desk.named)
    for each in ctx.book.all(Guest):
        if role_of(each, ctx.desk.named) > Role.STRANGER and each.role != LINKED:
            yield Choice(each.alias, each.person)


@command(role=Role.ADMIN, group="system", private=True)
async def users(
    ctx: Context,
    *,
    approve: Annotated[str | None, Arg("Let in who has this id", complete=_undecided, example="telegram:1111")] = None,
    role: Annotated[
        Literal["viewer", "trader", "admin"] | None, Arg("What they may do; viewer if left out", example="viewer")
    ] = None,
    alias: Annotated[
        str | None, Arg("Their name here; a name that is there makes it one person", complete=_aliases)
    ] = None,
    block: Annotated[str | None, Arg("Hear no more of who has this id", complete=_undecided)] = None,
    remove: Annotated[str | None, Arg("Take away what an admin decided about this id", complete=_decided)] = None,
) -> Reply:
    """List who may do something; let people in, block them, take their rights away.

    An id is what /whoami tells a stranger. An alias of somebody who is known makes this id theirs too.
    """
    if approve is block is remove is None and role is alias is None:
        return await _listed(ctx)
    if [approve, block, remove].count(None) != 2:
        raise IntentError("Say one thing: approve, block or remove.", RIGHT, code="BAD_LINE")
    if approve is None and (role is not None or alias is not None):
        raise IntentError("A role and an alias go with approve.", RIGHT, code="BAD_LINE")
    if ctx.actor.automatic:
        raise IntentError("Only a person decides about people.", "Ask an admin.", code="NOT_ALLOWED")
    person = _guest_id(ctx, approve or block or remove or "")
    if approve is not None:
        return await _approve(ctx, person, role or "", alias or "")
    return await (_remove(ctx, person) if block is None else _block(ctx, person))


def _guest_id(ctx: Context, text: str) -> str:
    """The id of somebody who is not in the settings."""
    person = text.strip().lower()
    if not PERSON.fullmatch(person):
        text = f"{cut(text)} is not an id."
        raise IntentError(text, "Ids are as /whoami tells them: telegram:1111 or discord:2222.", code="BAD_ID")
    chat, _, number = person.partition(":")
    for known in ctx.desk.named.values():
        if known.ids.get(chat) == int(number):
            remedy = f"Change [people.{known.name}] and start again."
            raise IntentError(f"{person} is person:{known.name} of the settings.", remedy, code="IN_SETTINGS")
    return person


# --- deciding --------------------------------------------------------------------------------


class _Plan(NamedTuple):
    """What letting somebody in comes to; `others` are ids of the same person whose role changes with it."""

    alias: str
    role: Role
    recorded: str
    others: tuple[str, ...]


async def _approve(ctx: Context, person: str, role: str, alias: str) -> Reply:
    plan = _plan(ctx, person, role, alias)
    guest = ctx.book.get(Guest, person)
    if guest is not None and not plan.others and (guest.alias, guest.role) == (plan.alias, plan.recorded):
        return Reply(f"{person} is person:{plan.alias} already, {plan.role}.")
    if plan.role is Role.ADMIN and not ctx.confirmed:
        called = f', called "{guest.name}" there,' if guest and guest.name else ""
        text = (
            f"{person}{called} becomes person:{plan.alias}, admin, and may do everything, letting people in included."
        )
        return await ctx.ask(Reply(text, tone=Tone.WARN))
    async with ctx.book.lock:
        if plan != _plan(ctx, person, role, alias):
            raise IntentError("Somebody has decided about this meanwhile.", "Look at /users.", code="CHANGED")
        by = ctx.actor.id
        ids = (person, *plan.others)
        await ctx.book.write(*(e.PersonAdmitted(each, plan.alias, plan.recorded, by) for each in ids))
    also = f" So is {', '.join(plan.others)}." if plan.others else ""
    return Reply.good(f"{person} is person:{plan.alias} now, {plan.role}.{also}")


def _plan(ctx: Context, person: str, role: str, alias: str) -> _Plan:
    """Who somebody becomes.

    Raises:
        IntentError: the alias is no name, or cannot be theirs.
    """
    named, guests = ctx.desk.named, list(ctx.book.all(Guest))
    guest = ctx.book.get(Guest, person)
    present = guest.alias if guest and role_of(guest, named) > Role.STRANGER else ""
    name = alias or present or person.replace(":", "-")
    if len(name) > LONGEST_ALIAS or not ALIAS.fullmatch(name) or name in RESERVED:
        remedy = "Use at most 32 lower-case letters and digits, with single - or _ between them."
        raise IntentError(f"{cut(name)} cannot be an alias.", remedy, code="BAD_ALIAS")
    others = [each for each in admitted(name, guests, named) if each.person != person]
    twin = next((each.person for each in others if chat_of(each.person) == chat_of(person)), "")
    if twin:
        remedy = f"Choose another alias=, or /users remove={twin} first."
        raise IntentError(f"{name} is {twin} already.", remedy, code="ALIAS_TAKEN")
    if name in named:
        return _linked(ctx, person, role, name, explicit=name in (alias, present))
    has = person_role(name, guests, named) or (role_of(guest, named) if guest else Role.STRANGER)
    given = Role.of(role) if role else max(has, Role.VIEWER)
    changed = tuple(each.person for each in others if role_of(each, named) is not given)
    return _Plan(name, given, str(given), changed)


def _linked(ctx: Context, person: str, role: str, name: str, *, explicit: bool) -> _Plan:
    """Another id of a person of the settings: asked for by name, on a chat where the settings give them none."""
    known = ctx.desk.named[name]
    if chat_of(person) in known.ids or not explicit:
        remedy = f"Choose another alias=, or write the id into [people.{name}]."
        raise IntentError(f"{name} is somebody else: the settings say who.", remedy, code="ALIAS_TAKEN")
    if role and Role.of(role) is not known.role:
        remedy = f"Leave role= out, or change [people.{name}]."
        raise IntentError(f"{name} is {known.role} by the settings.", remedy, code="ROLE_IN_SETTINGS")
    return _Plan(name, known.role, LINKED, ())


async def _block(ctx: Context, person: str) -> Reply:
    guest = ctx.book.get(Guest, person)
    if guest is not None and guest.blocked:
        return Reply(f"{person} is blocked already.")
    await ctx.book.record(e.PersonBlocked(person, ctx.actor.id))
    return Reply.good(f"{person} is blocked: a stranger again, who leaves no record.{_still(ctx, guest)}")


async def _remove(ctx: Context, person: str) -> Reply:
    guest = ctx.book.get(Guest, person)
    if guest is None or not (guest.role or guest.blocked):
        raise IntentError(f"Nothing was decided about {person}.", "/users lists who may do what.", code="NOT_A_GUEST")
    await ctx.book.record(e.PersonAdmitted(person, "" if guest.blocked else guest.alias, "", ctx.actor.id))
    if guest.blocked:
        return Reply.good(f"{person} is not blocked any more, and waits for an admin.")
    return Reply.good(f"{person} may do nothing any more.{_still(ctx, guest)}")


def _still(ctx: Context, guest: Guest | None) -> str:
    """The other ids under which the same person may still come in."""
    if guest is None or not guest.role:
        return ""
    left = [each.person for each in admitted(guest.alias, ctx.book.all(Guest), ctx.desk.named)]
    if known := ctx.desk.named.get(guest.alias):
        left += [f"{chat}:{number}" for chat, number in known.ids.items()]
    return f" person:{guest.alias} still comes in as {', '.join(left)}." if left else ""


# --- showing ---------------------------------------------------------------------------------


async def _listed(ctx: Context) -> Reply:
    guests = [each for each in ctx.book.all(Guest) if not (waits(each) and _in_settings(ctx, each))]
    decided = await _deciders(ctx)
    rows = [*await ctx.desk.roster(), *(_row(ctx, each, decided.get(each.person, "")) for each in guests)]
    waiting = [each for each in guests if waits(each)]
    text = f"{len(waiting)} waiting to be let in: /users approve=ID, or block=ID." if waiting else ""
    if sum(waits(each) for each in ctx.book.all(Guest)) >= MOST_WAITING:
        text += " No more are recorded until some are let in or blocked; an id can be let in without."
    buttons = []
    for each in reversed(waiting[-MOST_BUTTONS:]):
        buttons += [
            Button(f"{each.person} viewer", f"users approve={each.person} role=viewer"),
            Button(f"{each.person} trader", f"users approve={each.person} role=trader"),
            Button(f"{each.person} block", f"users block={each.person}"),
        ]
    return Reply(text, table=Table.of(("Who", "Role", "Known by"), rows), buttons=tuple(buttons), private=True)


def _in_settings(ctx: Context, guest: Guest) -> bool:
    """Whether the settings name somebody by now who asked to be let in before."""
    chat, _, number = guest.person.partition(":")
    return any(str(known.ids.get(chat)) == number for known in ctx.desk.named.values())


def _row(ctx: Context, guest: Guest, by: str) -> tuple[str, str, str]:
    called = f'"{guest.name}"' if guest.name else ""
    since = f"since {moment(guest.seen_at, ctx.desk.timezone)}" if guest.seen_at else ""
    if waits(guest):
        return guest.person, "waits", ", ".join(filter(None, (called, since))) or "-"
    whose = f"by {by}" if by else ""
    if guest.blocked:
        return guest.person, "blocked", " ".join(filter(None, (called, whose))) or "-"
    role = role_of(guest, ctx.desk.named)
    if role > Role.STRANGER:
        known = ", ".join(filter(None, (guest.person, called, f"let in {whose}".strip())))
        return f"person:{guest.alias}", str(person_role(guest.alias, ctx.book.all(Guest), ctx.desk.named)), known
    why = "the settings say otherwise" if guest.role else f"rights taken away {whose}".strip()
    return guest.person, "none", ", ".join(filter(None, (f"was {guest.alias}", called, why)))


async def _deciders(ctx: Context) -> dict[str, str]:
    """Who decided last about each guest."""
    last: dict[str, tuple[int, str]] = {}
    for kind in ("PersonAdmitted", "PersonBlocked"):
        for entry in await ctx.desk.history.latest(kind, limit=MOST_READ):
            made = entry["payload"]
            if entry["seq"] > last.get(made["person"], (0, ""))[0]:
                last[made["person"]] = entry["seq"], made["actor"]
    return {person: by for person, (_, by) in last.items()}
