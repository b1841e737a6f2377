"""Consent: bound to its person, expiring, and good for one run whatever the interleaving."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.actor import Actor, ConfirmPolicy, Role
from handlers.dispatch import Dispatcher
from handlers.reply import Reply
from tests.handlers.desk import ANA, BEN, EVA, PINE, VIC, HandDesk
from trading.book import RECENT, Book
from trading.events import ConfirmationAsked, ConfirmationClosed, Noticed

ALWAYS = ConfirmPolicy.parse("always", "5000", expires_s=120)
SMALL, LARGE = "/buy BTC/USDT 0.01", "/buy BTC/USDT 6000"


def knock() -> tuple[HandDesk, Dispatcher]:
    desk = HandDesk()
    return desk, desk.door(ALWAYS)


async def ask(door: Dispatcher, line: str = SMALL, actor: Actor = ANA, key: str = "k") -> tuple[str, Reply]:
    reply = await door.run(line, actor, "telegram", key)
    assert reply.ok
    assert reply.order_id is None
    confirm, reject = reply.buttons
    token = confirm.line.removeprefix("confirm ")
    assert reject.line == f"reject {token}"
    return token, reply


def outcomes(desk: HandDesk) -> list[str]:
    return [x.event.outcome for x in desk.journal.entries if isinstance(x.event, ConfirmationClosed)]


async def test_what_must_be_confirmed_waits_and_runs_once_confirmed() -> None:
    desk, door = knock()
    token, card = await ask(door)
    assert len(token) == 8
    assert card.text.startswith("Buy 0.01 BTC/USDT on PAPER demo")
    assert f"/confirm {token}" in card.text
    assert "within 2m" in card.text
    assert desk.done == []
    # The same person on another surface is the same person.
    done = await door.run(f"confirm {token}", ANA, "discord", "d1")
    assert (done.ok, done.order_id) == (True, "abcdefghijklmnop")
    assert desk.done == [("person:ana|k", "/buy BTC/USDT 0.01")]
    again = await door.run(f"confirm {token}", ANA, "discord", "d2")
    assert (again.ok, again.error) == (False, "ALREADY_CLOSED")
    assert "already confirmed by person:ana" in again.text
    assert len(desk.done) == 1


async def test_the_audit_shows_the_asking_the_run_and_the_press() -> None:
    desk, door = knock()
    token, _ = await ask(door)
    await door.run(f"confirm {token}", ANA, "discord", "d1")
    runs = [(run.key, run.surface, run.line, run.ok) for run in desk.audit()]
    assert runs == [
        ("person:ana|k", "telegram", SMALL, True),
        ("person:ana|k", "telegram", SMALL, True),
        ("person:ana|d1", "discord", f"confirm {token}", True),
    ]
    # The same key is the same answer for ever, also after the press.
    assert (await door.run(SMALL, ANA, "telegram", "k")).buttons[0].line == f"confirm {token}"
    assert (await door.run("anything", ANA, "discord", "d1")).order_id == "abcdefghijklmnop"
    assert len(desk.done) == 1


async def test_only_the_person_who_asked_may_confirm_or_reject() -> None:
    desk, door = knock()
    token, _ = await ask(door)
    for line in (f"confirm {token}", f"approve {token}", f"reject {token}"):
        for actor in (BEN, EVA):
            assert (await door.run(line, actor, "web")).error == "NOT_YOURS"
        assert (await door.run(line, VIC, "web")).error == "NOT_ALLOWED"
        assert (await door.run(line, PINE, "webhook")).error == "NOT_ALLOWED"
        assert not (await door.run(line, None, "telegram")).ok
    assert desk.done == []
    assert (await door.run(f"reject {token.upper()}", ANA, "web")).ok
    assert (await door.run(f"confirm {token}", ANA, "web")).error == "ALREADY_CLOSED"
    assert desk.done == []
    assert outcomes(desk) == ["rejected"]


async def test_an_approval_is_for_somebody_else() -> None:
    desk, door = knock()
    token, card = await ask(door, LARGE)
    assert "Somebody else" in card.text
    assert (await door.run(f"confirm {token}", ANA, "web")).error == "NEEDS_SECOND_PERSON"
    assert (await door.run(f"approve {token}", VIC, "web")).error == "NOT_ALLOWED"
    assert desk.done == []
    done = await door.run(f"approve {token}", BEN, "web")
    assert done.ok
    assert desk.done == [("person:ana|k", LARGE)]
    assert [run.actor for run in desk.audit() if run.line == LARGE] == ["person:ana", "person:ana"]
    assert outcomes(desk) == ["approved"]


async def test_an_approved_line_runs_with_the_rights_its_asker_has_by_then() -> None:
    desk, door = knock()
    token, _ = await ask(door, LARGE)
    desk.people[ANA.id] = Actor(ANA.id, "Ana", Role.VIEWER)
    assert (await door.run(f"approve {token}", BEN, "web")).text == "/buy needs trader; you are viewer."
    token, _ = await ask(door, LARGE, key="k2")
    del desk.people[ANA.id]
    assert "not known any more" in (await door.run(f"approve {token}", BEN, "web")).text
    assert desk.done == []


async def test_a_person_confirms_what_a_webhook_asked() -> None:
    desk, door = knock()
    token, _ = await ask(door, actor=PINE)
    assert (await door.run(f"confirm {token}", PINE, "webhook")).error == "NOT_ALLOWED"
    assert (await door.run(f"confirm {token}", BEN, "schedule")).error == "NOT_ALLOWED"
    assert (await door.run(f"confirm {token}", VIC, "web")).error == "NOT_ALLOWED"
    assert (await door.run(f"confirm {token}", BEN, "web")).ok
    assert desk.done == [("webhook:pine|k", SMALL)]


async def test_a_source_with_its_own_rule_is_not_asked() -> None:
    desk, door = knock()
    free = Actor("webhook:pine", "pine", Role.TRADER, policy=ConfirmPolicy.parse("never"))
    assert (await door.run(LARGE, free, "webhook", "a")).order_id
    assert len(desk.done) == 1


async def test_a_confirmation_is_no_approval() -> None:
    """What needs a second person by the time it is confirmed is asked for again, from that person."""
    desk, door = knock()
    token, _ = await ask(door)
    strict = Actor(ANA.id, "Ana", Role.TRADER, policy=ConfirmPolicy.parse("always", "0.01"))
    second = await door.run(f"confirm {token}", strict, "web")
    assert second.buttons[0].label == "Approve"
    assert desk.done == []
    assert (await door.run(second.buttons[0].line, BEN, "web")).ok
    assert desk.done == [("person:ana|k", SMALL)]


async def test_a_key_whose_answer_is_forgotten_gets_another_token() -> None:
    desk, door = knock()
    token, _ = await ask(door)
    await door.run(f"confirm {token}", ANA, "web")
    for number in range(RECENT + 1):
        await door.run("refuse", ANA, "web", f"later:{number}")
    again, _ = await ask(door)
    assert again != token
    assert (await door.run(f"confirm {token}", ANA, "web")).error == "ALREADY_CLOSED"
    assert len(desk.done) == 1


async def test_a_confirmation_expires() -> None:
    desk, door = knock()
    token, _ = await ask(door)
    desk.clock.move(119)
    assert [asked.token for asked in door.confirmations.waiting()] == [token]
    assert await door.confirmations.expire(desk.clock.now()) == ()
    desk.clock.move(1)
    assert door.confirmations.waiting() == []
    late = await door.run(f"confirm {token}", ANA, "web")
    assert (late.error, late.text) == ("EXPIRED", "This has expired; nothing was sent. Send the command again.")
    assert outcomes(desk) == ["expired"]
    assert await door.confirmations.expire(desk.clock.now()) == ()
    assert desk.done == []


async def test_what_nobody_looks_at_is_recorded_as_expired() -> None:
    desk, door = knock()
    first, _ = await ask(door)
    desk.clock.move(60)
    await ask(door, key="k2")
    desk.clock.move(60)
    closed = await door.confirmations.expire(desk.clock.now())
    assert [(asked.token, asked.outcome) for asked in closed] == [(first, "expired")]
    assert outcomes(desk) == ["expired"]
    assert (await door.run(f"reject {first}", ANA, "web")).error == "EXPIRED"


async def test_a_restart_voids_what_waits_and_says_so() -> None:
    desk, door = knock()
    token, _ = await ask(door)
    done, _ = await ask(door, key="k2")
    await door.run(f"confirm {done}", ANA, "web")
    desk.book = Book(desk.journal, desk.clock)
    await desk.book.open()
    door = desk.door(ALWAYS)
    voided = await door.confirmations.void_all("restart")
    assert [(asked.token, asked.outcome) for asked in voided] == [(token, "voided")]
    (told,) = [x.event for x in desk.journal.entries if isinstance(x.event, Noticed)]
    assert SMALL in told.text
    assert told.text.startswith("1 command waiting for confirmation voided (restart), nothing was sent: ")
    pressed = await door.run(f"confirm {token}", ANA, "web")
    assert (pressed.error, pressed.text) == ("ALREADY_CLOSED", "This was already voided. Nothing was done now.")
    assert len(desk.done) == 1
    assert await door.confirmations.void_all("restart") == ()


async def test_a_phrase_must_be_typed() -> None:
    desk, door = knock()
    token, card = await ask(door, "mode demo live 8h", EVA)
    assert card.phrase == "Go Live demo"
    assert f"/confirm {token} Go Live demo" in card.text
    assert (await door.run(f"confirm {token}", EVA, "web")).error == "PHRASE_NEEDED"
    assert (await door.run(f"confirm {token} go", EVA, "web")).error == "WRONG_PHRASE"
    assert desk.done == []
    assert (await door.run(f"confirm {token}  go live  DEMO", EVA, "web")).ok
    assert len(desk.done) == 1


async def test_three_wrong_phrases_reject() -> None:
    desk, door = knock()
    token, _ = await ask(door, "mode demo live", EVA)
    said = [(await door.run(f"confirm {token} nonsense", EVA, "web")).error for _ in range(4)]
    assert said == ["WRONG_PHRASE", "WRONG_PHRASE", "REJECTED", "ALREADY_CLOSED"]
    assert (await door.run(f"confirm {token} Go Live demo", EVA, "web")).error == "ALREADY_CLOSED"
    assert desk.done == []
    small, _ = await ask(door)
    assert (await door.run(f"confirm {small} nonsense", ANA, "web")).error == "WRONG_PHRASE"
    assert (await door.run(f"confirm {small}", ANA, "web")).ok


async def test_tokens_differ_and_unknown_ones_are_refused() -> None:
    _, door = knock()
    tokens = [(await ask(door, key=""))[0] for _ in range(20)]
    assert len(set(tokens)) == 20
    assert (await door.run("confirm nonsense", ANA, "web")).error == "UNKNOWN_TOKEN"
    offered = await door.run("confirm", ANA, "web")
    assert {button.line for button in offered.buttons} <= {f"confirm {token}" for token in tokens}
    assert offered.error == "MISSING_ARGUMENT"


# --- whatever the interleaving ---------------------------------------------------------------

PRESS = st.tuples(
    st.sampled_from(["confirm", "approve", "reject"]), st.integers(0, 3), st.sampled_from([ANA, BEN, EVA, VIC, PINE])
)
STEP = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from([SMALL, LARGE]), st.sampled_from([ANA, BEN, PINE])),
    st.tuples(st.just("press"), st.lists(PRESS, min_size=1, max_size=4)),
    st.tuples(st.just("move"), st.sampled_from([1.0, 60.0, 121.0])),
    st.tuples(st.just("expire")),
)


async def play(steps: list[tuple[Any, ...]]) -> HandDesk:
    """Do the steps; presses of one step, and the expiry after it, run at the same time."""
    desk = HandDesk()
    door = desk.door(ALWAYS)
    tokens: list[str] = []
    for number, step in enumerate(steps):
        match step:
            case ("ask", line, actor):
                tokens.append((await ask(door, line, actor, key=str(number)))[0])
            case ("press", presses) if tokens:
                lines = [(f"{word} {tokens[index % len(tokens)]}", actor) for word, index, actor in presses]
                await asyncio.gather(
                    *(door.run(line, actor, "web") for line, actor in lines),
                    door.confirmations.expire(desk.clock.now()),
                    *(door.run(line, actor, "discord") for line, actor in lines),
                )
            case ("move", seconds):
                desk.clock.move(seconds)
            case ("expire",):
                await door.confirmations.expire(desk.clock.now())
    assert not desk.errors
    return desk


@settings(max_examples=150)
@given(st.lists(STEP, max_size=10))
def test_at_most_one_run_a_token_and_never_without_its_consent(steps: list[tuple[Any, ...]]) -> None:
    desk = asyncio.run(play(steps))
    asked = {x.event.token: x.event for x in desk.journal.entries if isinstance(x.event, ConfirmationAsked)}
    closed = [x.event for x in desk.journal.entries if isinstance(x.event, ConfirmationClosed)]
    assert all(count == 1 for count in Counter(event.token for event in closed).values())
    agreed = Counter(asked[event.token].key for event in closed if event.outcome in ("confirmed", "approved"))
    assert Counter(key for key, _ in desk.done) == agreed
    at = {x.event.token: x.at for x in desk.journal.entries if isinstance(x.event, ConfirmationClosed)}
    for event in closed:
        request = asked[event.token]
        if event.outcome in ("confirmed", "approved"):
            assert at[event.token] < request.expires
            assert event.actor in (ANA.id, BEN.id, EVA.id)
            assert (event.outcome == "approved") == request.approval
            assert (event.actor != request.actor) == (request.approval or request.actor == PINE.id)


@pytest.mark.parametrize("pressed", [1, 2, 5])
async def test_presses_at_the_same_moment_run_it_once(pressed: int) -> None:
    desk, door = knock()
    token, _ = await ask(door)
    replies = await asyncio.gather(*(door.run(f"confirm {token}", ANA, "web", f"p{n}") for n in range(pressed)))
    assert [reply.ok for reply in replies].count(True) == 1
    assert len(desk.done) == 1
