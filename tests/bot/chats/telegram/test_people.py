"""Letting people in from Telegram: a stranger asks, an admin presses, and only then they may do something."""

from pathlib import Path
from typing import Any

from bot.chats.moves import homes
from handlers.actor import Role
from handlers.spec import REGISTRY
from tests.bot.chats.both_desk import ANA, BEN, EVE, GROUP, ZOE, Both, both_chats
from tests.emulators.telegram.chats import Message
from tests.emulators.telegram.people import Person
from trading.audience import Guest
from trading.events import StrangerSeen


async def asked(both: Both, who: int, times: int = 1) -> Message:
    """The message in the group that asks an admin about somebody; TimeoutError if there are not so many."""

    def about() -> list[Message]:
        return [message for message in both.by_bot(both.group) if f"telegram:{who} asks" in message.text]

    await both.telegram.until(lambda: len(about()) >= times)
    assert len(about()) == times
    return about()[-1]


def offered(person: Person, chat: Any) -> set[str]:
    return {name for name, _ in person.menu(chat)}


def menu(role: Role) -> set[str]:
    return {spec.name for spec in REGISTRY.values() if spec.role <= role}


async def test_a_stranger_is_let_in_by_an_admins_button_and_put_out_again(tmp_path: Path) -> None:
    async with both_chats(tmp_path, alerts="control") as both:
        told = await both.told(both.zoe, "/whoami")
        assert told.text == f"You are telegram:{ZOE}, unknown to this desk. Give this id to its owner to be let in."
        card = await asked(both, ZOE)
        assert "Zoe" in card.text
        for other, why in ((both.ben, "/users needs admin"), (both.zoe, "I do not know you")):
            assert why in await other.answered(await other.presses(card, "trader"))
        assert both.people.known("telegram") == {ANA: Role.ADMIN, BEN: Role.TRADER}
        await both.ana.presses(card, "trader")
        await both.telegram.until(lambda: any("is person:" in text for text in both.ana.chat.texts))
        assert offered(both.zoe, both.zoe.chat) == menu(Role.VIEWER), "what everybody is offered"
        assert f"You are person:telegram-{ZOE}" in (await both.told(both.zoe, "/whoami")).text
        await both.telegram.until(lambda: offered(both.zoe, both.zoe.chat) == menu(Role.TRADER))
        await both.telegram.until(lambda: offered(both.zoe, both.group) == menu(Role.TRADER))
        card = await both.told(both.zoe, "/buy BTC/USDT 0.001")
        await both.told(both.ana, f"/users remove=telegram:{ZOE}")
        press = await both.zoe.presses(card, "Confirm")
        assert "I do not know you" in await both.zoe.answered(press)
        assert "I do not know you" in (await both.told(both.zoe, "/status")).text
        for chat in (both.zoe.chat, both.group):
            await both.telegram.until(lambda chat=chat: offered(both.zoe, chat) == menu(Role.VIEWER))
        assert both.book.recent_orders() == []


async def test_who_is_blocked_is_answered_as_any_stranger_and_nobody_hears_of_them(tmp_path: Path) -> None:
    async with both_chats(tmp_path, alerts="control") as both:
        await both.told(both.eve, "/start")
        await both.ana.presses(await asked(both, EVE), "Block")
        await both.telegram.until(lambda: any("is blocked" in text for text in both.ana.chat.texts))
        journalled: list[str] = []
        both.book.subscribe(lambda entry: journalled.append(str(entry.event)))
        for line in ("/whoami", "/start", "/status", "/buy BTC/USDT 1"):
            blocked = (await both.told(both.eve, line)).text
            assert blocked == (await both.told(both.zoe, line)).text.replace(str(ZOE), str(EVE))
        await asked(both, ZOE)
        await asked(both, EVE)
        assert not [event for event in journalled if str(EVE) in event]


async def test_whoever_asks_often_is_announced_once(tmp_path: Path) -> None:
    async with both_chats(tmp_path, alerts="control") as both:
        for line in ("/start", "/whoami", "/whoami", "/buy"):
            await both.told(both.eve, line)
        await both.told(both.zoe, "/start")
        await asked(both, ZOE)
        await asked(both, EVE)


async def test_a_name_that_plays_tricks_steers_nothing(tmp_path: Path) -> None:
    async with both_chats(tmp_path, alerts="control") as both:
        name = "Eve\u202e\u2066\u200b<b>\n" + "@everyone *x* `y`" + "\u3164" * 3 + "z" * 100
        eve = both.telegram.person(7777, name)
        await both.told(eve, "/start")
        card = await asked(both, 7777)
        assert [button.data for row in card.buttons for button in row] == [
            "users approve=telegram:7777 role=viewer",
            "users approve=telegram:7777 role=trader",
            "users block=telegram:7777",
        ]
        assert not set("\u202e\u2066\u3164") & set(card.text)
        guest = both.book.get(Guest, "telegram:7777")
        assert guest is not None
        assert guest.name.startswith("Eve<b> @everyone *x* `y`zzz")
        assert len(guest.name) <= 64
        listed = await both.told(both.ana, "/users")
        assert "telegram:7777" in listed.text


async def test_the_list_has_buttons_that_let_people_in(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        await both.told(both.zoe, "/start")
        listed = await both.told(both.ana, "/users")
        assert "1 waiting to be let in" in listed.text
        await both.ana.presses(listed, f"telegram:{ZOE} viewer")
        await both.telegram.until(lambda: ZOE in both.people.known("telegram"))
        assert both.people.who("telegram", ZOE).role is Role.VIEWER


async def test_what_admins_see_of_people_is_for_their_eyes(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        said = await both.told(both.ana, "/users", both.group)
        assert said.text == "Answered in our private chat."
        assert "person:ben" in both.ana.chat.texts[-1]


async def test_a_group_that_moved_is_kept(tmp_path: Path) -> None:
    async with both_chats(tmp_path, group=-77) as both:
        await both.told(both.ana, "/whoami", both.group)
        new = await both.ana.migrates(both.group)
        await both.told(both.ana, "/whoami@tiller_bot", new)
        assert await both.book.until(lambda: bool(homes(both.book, "telegram", [-77])), 5)
        assert homes(both.book, "telegram", [-77, GROUP]) == {-77: new.id}


async def test_strangers_in_chats_that_are_not_the_desks_are_nobody(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        foreign = both.telegram.group(-1_001_000_000_666, "Elsewhere", both.eve)
        seen: list[object] = []
        both.book.subscribe(lambda entry: seen.append(entry.event) if isinstance(entry.event, StrangerSeen) else None)
        await both.eve.says(foreign, "/whoami")
        await both.told(both.zoe, "/whoami")
        assert seen == [StrangerSeen(f"telegram:{ZOE}", "Zoe")]
