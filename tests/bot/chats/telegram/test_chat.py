"""What people can do with the desk from Telegram, against the emulated Telegram."""

from pathlib import Path

from bot.chats.base import MessageRef, Place
from tests.bot.chats.telegram.desk import ANA, BEN, EVE, GROUP, TOML, Known, by_bot, chatting, said
from tests.emulators.telegram.server import Telegram
from trading.book import Book
from trading.control import Confirmation
from trading.events import ConfirmationClosed


async def test_an_order_is_asked_for_confirmed_and_its_fill_told_once(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(GROUP, "Desk", ana)
        places = ({"id": ANA, "alerts": "fills"}, {"id": GROUP, "alerts": "fills"})
        async with chatting(telegram, tmp_path, *places) as talk:
            await ana.says(ana.chat, "/buy BTC/USDT 0.01")
            (card,) = await said(telegram, ana.chat)
            assert "BTC/USDT" in card.text
            assert card.labels == [["Confirm", "Reject"]]
            press = await ana.presses(card, "Confirm")
            assert await ana.answered(press) == ""
            (fill,) = await said(telegram, group)
            assert "Filled 0.01" in fill.text
            _, *later = await said(telegram, ana.chat, 2)
            await telegram.until(lambda: not card.buttons)
            assert await talk.notifier.drain(5)
            assert card.text.endswith("Confirmed by person:ana.")
            assert "/confirm" not in card.text
            assert [message.reply_to for message in later] == [card]  # what became of it: the fill is in it
            assert "Filled 0.01" in later[0].text
            assert len(by_bot(telegram, ana.chat)) == 2
            assert len(talk.book.recent_orders()) == 1


async def test_what_becomes_of_an_order_is_told_below_its_card(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        toml = TOML.replace("always", "never")
        async with chatting(telegram, tmp_path, {"id": ANA, "alerts": "fills,orders"}, toml=toml) as talk:
            await ana.says(ana.chat, "/buy BTC/USDT 0.001 40000")
            (card,) = await said(telegram, ana.chat)
            (order,) = talk.book.open_orders()
            await talk.door.run(f"cancel {order.id}", Known().who("telegram", ANA), "web", "w1")
            canceled = (await said(telegram, ana.chat, 2))[-1]
            assert canceled.reply_to is card
            assert "anceled" in canceled.text


async def test_only_who_asked_may_confirm_and_a_second_tap_does_nothing(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana, ben = telegram.person(ANA, "Ana"), telegram.person(BEN, "Ben")
        group = telegram.group(GROUP, "Desk", ana, ben)
        async with chatting(telegram, tmp_path, {"id": GROUP, "alerts": "risk"}) as talk:
            asked = await ana.says(group, "/buy@tiller_bot BTC/USDT 0.01")
            (card,) = await said(telegram, group)
            assert card.reply_to is asked
            stranger = await ben.presses(card, "Confirm")
            assert "Only person:ana may confirm" in await ben.answered(stranger)
            assert stranger.alert
            first, second = await ana.presses(card, "Confirm"), await ana.presses(card, "Confirm")
            assert (await ana.answered(first), await ana.answered(second)) == ("", "")
            await said(telegram, group, 2)
            late = await ana.forges(card, f"confirm {card_token(talk.book)}")
            await ana.answered(late)
            assert len(talk.book.recent_orders()) == 1
            assert len(by_bot(telegram, group)) == 2


async def test_a_card_answered_elsewhere_or_expired_says_so(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        async with chatting(telegram, tmp_path) as talk:
            await ana.says(ana.chat, "/buy BTC/USDT 0.01")
            (first,) = await said(telegram, ana.chat)
            token = card_token(talk.book)
            await talk.door.run(f"reject {token}", Known().who("telegram", ANA), "web", "w1")
            await telegram.until(lambda: first.text.endswith("Rejected by person:ana, nothing was sent."))
            assert first.buttons == ()
            await ana.says(ana.chat, "/buy BTC/USDT 0.001")
            second = (await said(telegram, ana.chat, 2))[-1]
            await talk.book.record(ConfirmationClosed(card_token(talk.book), "expired", "desk"))
            await telegram.until(lambda: second.text.endswith("Expired, nothing was sent."))


async def test_a_card_from_before_a_restart_does_nothing_and_loses_its_buttons(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        async with chatting(telegram, tmp_path):
            await ana.says(ana.chat, "/buy BTC/USDT 0.01")
            (card,) = await said(telegram, ana.chat)
        async with chatting(telegram, tmp_path) as talk:
            press = await ana.presses(card, "Confirm")
            assert "already voided" in await ana.answered(press)
            await telegram.until(lambda: not card.buttons)
            assert talk.book.recent_orders() == []


class Notebook:
    """A memory of cards that outlives the chat."""

    def __init__(self) -> None:
        self.cards: dict[tuple[str, Place], MessageRef] = {}
        self.waiting: dict[str, list[MessageRef]] = {}

    def card(self, order_id: str, place: Place) -> MessageRef | None:
        return self.cards.get((order_id, place))

    def keep_card(self, order_id: str, ref: MessageRef) -> None:
        self.cards[order_id, ref.place] = ref

    def asked(self) -> dict[str, list[MessageRef]]:
        return self.waiting

    def ask(self, token: str, ref: MessageRef) -> None:
        self.waiting.setdefault(token, []).append(ref)

    def closed(self, token: str) -> None:
        self.waiting.pop(token, None)


async def test_with_a_memory_cards_of_before_a_restart_are_changed_and_answered_to(tmp_path: Path) -> None:
    memory = Notebook()
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        place = {"id": ANA, "alerts": "orders"}
        toml = TOML.replace("always", "above:100")
        async with chatting(telegram, tmp_path, place, toml=toml, memory=memory) as talk:
            await ana.says(ana.chat, "/buy BTC/USDT 0.001 40000")
            (order,) = await said(telegram, ana.chat)
            await ana.says(ana.chat, "/buy BTC/USDT 0.01")
            waiting = (await said(telegram, ana.chat, 2))[-1]
            (number,) = [each.id for each in talk.book.open_orders()]
            await telegram.until(lambda: memory.waiting)
        async with chatting(telegram, tmp_path, place, toml=toml, memory=memory) as talk:
            await telegram.until(lambda: not waiting.buttons)
            assert waiting.text.endswith("Voided, nothing was sent.")
            assert "BTC/USDT" in waiting.text
            await talk.door.run(f"cancel {number}", Known().who("telegram", ANA), "web", "w1")
            await telegram.until(lambda: "anceled" in ana.chat.texts[-1])
            assert ana.chat.messages[-1].reply_to is order
            assert memory.waiting == {}


async def test_what_is_missing_is_asked_for_with_buttons_in_one_message(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        async with chatting(telegram, tmp_path):
            await ana.says(ana.chat, "/buy")
            (form,) = await said(telegram, ana.chat)
            assert form.button("BTC/USDT").data == "buy BTC/USDT"
            await ana.presses(form, "BTC/USDT")
            await telegram.until(lambda: form.history)
            assert "SIZE" in form.text
            assert len(by_bot(telegram, ana.chat)) == 1


async def test_a_form_that_is_filled_in_is_over_and_nothing_else_is_lost(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        async with chatting(telegram, tmp_path):
            await ana.says(ana.chat, "/price")
            (form,) = await said(telegram, ana.chat)
            await ana.presses(form, "BTC/USDT")
            price = (await said(telegram, ana.chat, 2))[-1]
            assert "BTC/USDT" in price.text
            assert price.reply_to is form
            assert form.buttons == ()
            assert "/price needs" in form.text


async def test_strangers_learn_their_id_and_nothing_else(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana, eve = telegram.person(ANA, "Ana"), telegram.person(EVE, "Eve")
        group = telegram.group(GROUP, "Desk", ana, eve)
        foreign = telegram.group(-1_001_000_000_666, "Elsewhere", ana, eve)
        async with chatting(telegram, tmp_path, {"id": GROUP, "alerts": "risk"}) as talk:
            await eve.says(eve.chat, "/status")
            await eve.says(eve.chat, "/whoami")
            refused, known = await said(telegram, eve.chat, 2)
            assert "I do not know you" in refused.text
            assert "telegram:6666" in known.text
            await ana.says(group, "/buy BTC/USDT 0.01")
            (card,) = await said(telegram, group)
            press = await eve.presses(card, "Confirm")
            assert "I do not know you" in await eve.answered(press)
            assert [asked.outcome for asked in talk.book.all(Confirmation)] == [""]
            await eve.says(foreign, "/status")
            await ana.says(foreign, "/status")
            await ana.says(foreign, "/status")
            await ana.says(ana.chat, "/whoami")
            await said(telegram, ana.chat)
            (once,) = by_bot(telegram, foreign)
            assert "-1001000000666" in once.text


def card_token(book: Book) -> str:
    """The token of what was asked for last."""
    return list(book.all(Confirmation))[-1].token
