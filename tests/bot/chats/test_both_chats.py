"""What is asked on one chat is answered on the other, by the same person and by nobody else."""

from pathlib import Path

import pytest

from tests.bot.chats.both_desk import DC, TOML, ZOE, Both, both_chats
from tests.emulators.telegram.chats import Message
from trading.control import Confirmation


def token(both: Both) -> str:
    """Of what was asked for last."""
    return list(both.book.all(Confirmation))[-1].token


async def outcome(both: Both) -> str:
    return list(both.book.all(Confirmation))[-1].outcome


async def asked_on_telegram(both: Both) -> Message:
    """Ana's card in the group."""
    card = await both.told(both.ana, "/buy BTC/USDT 0.001", both.group)
    assert card.labels == [["Confirm", "Reject"]]
    return card


async def test_asked_on_telegram_confirmed_on_discord_and_nothing_fires_twice(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        card = await asked_on_telegram(both)
        for other, why in ((both.dc_ben, "Only person:ana may confirm"), (both.dc_eve, "I do not know you")):
            refused = await (await other.slash(other.dm, "confirm", token=token(both))).answer()
            assert why in refused.text
        assert both.book.recent_orders() == []
        done = await (await both.dc_ana.slash(both.channel, "confirm", token=token(both))).answer()
        await both.telegram.until(lambda: not card.buttons)
        assert card.text.endswith("Confirmed by person:ana.")
        (order,) = both.book.recent_orders()
        assert order.id[:6] in done.text
        late = await both.ana.forges(card, f"confirm {token(both)}")
        assert "already confirmed by person:ana" in await both.ana.answered(late)
        again = await (await both.dc_ana.slash(both.channel, "confirm", token=token(both))).answer()
        assert "already confirmed by person:ana" in again.text
        assert both.book.recent_orders() == [order]


async def test_asked_on_discord_confirmed_on_telegram(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        card = await (await both.dc_ana.slash(both.channel, "buy", symbol="BTC/USDT", size="0.001")).answer()
        assert card.buttons == ["Confirm", "Reject"]
        assert "Only person:ana may confirm" in (await both.told(both.ben, f"/confirm {token(both)}")).text
        assert "I do not know you" in (await both.told(both.eve, f"/confirm {token(both)}")).text
        await both.told(both.ana, f"/confirm {token(both)}")
        await both.reads(card, "Confirmed by person:ana.")
        pressed = await both.dc_ana.presses(card, custom_id=f"confirm {token(both)}")
        assert "already confirmed" in (await both.below(pressed)).text
        assert len(both.book.recent_orders()) == 1


async def test_pressed_on_both_at_once_it_is_one_order(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        card = await asked_on_telegram(both)
        started = both.dc_ana.starts(both.channel, "confirm", {"token": token(both)})
        press = await both.ana.presses(card, "Confirm")
        told = [await both.ana.answered(press), (await started.answer()).text]
        assert sum("already confirmed" in text for text in told) == 1
        await both.telegram.until(lambda: not card.buttons)
        assert len(both.book.recent_orders()) == 1


async def test_a_guest_let_in_on_both_chats_is_one_person_there(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        await both.told(both.zoe, "/start")
        await (await both.dc_zoe.slash(both.dc_zoe.dm, "whoami")).answer()
        await both.told(both.ana, f"/users approve=telegram:{ZOE} alias=zoe role=trader")
        linked = await both.dc_ana.slash(both.channel, "users", approve=f"discord:{ZOE + DC}", alias="zoe")
        assert f"discord:{ZOE + DC} is person:zoe now, trader." in (await linked.answer()).text
        card = await both.told(both.zoe, "/buy BTC/USDT 0.001")
        refused = await (await both.dc_ana.slash(both.channel, "confirm", token=token(both))).answer()
        assert "Only person:zoe may confirm" in refused.text, "an admin neither"
        await (await both.dc_zoe.slash(both.channel, "confirm", token=token(both))).answer()
        await both.telegram.until(lambda: not card.buttons)
        assert card.text.endswith("Confirmed by person:zoe.")
        (order,) = both.book.recent_orders()
        assert order.actor == "person:zoe"


async def test_an_id_linked_to_somebody_of_the_settings_confirms_for_them(tmp_path: Path) -> None:
    toml = TOML.replace(f"discord = {3333 + DC}\n", "")
    async with both_chats(tmp_path, toml) as both:
        before = await (await both.dc_ben.slash(both.channel, "status")).answer()
        assert "I do not know you" in before.text
        await both.told(both.ana, f"/users approve=discord:{3333 + DC} alias=ben")
        card = await both.told(both.ben, "/buy BTC/USDT 0.001", both.group)
        await (await both.dc_ben.slash(both.channel, "reject", token=token(both))).answer()
        await both.telegram.until(lambda: not card.buttons)
        assert card.text.endswith("Rejected by person:ben, nothing was sent.")


async def test_what_expires_is_said_on_both_chats(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        first = await asked_on_telegram(both)
        second = await (await both.dc_ana.slash(both.channel, "buy", symbol="BTC/USDT", size="0.002")).answer()
        await both.expire()
        await both.telegram.until(lambda: not first.buttons)
        assert first.text.endswith("Expired, nothing was sent.")
        await both.reads(second, "Expired, nothing was sent.")
        late = await (await both.dc_ana.slash(both.channel, "confirm", token=token(both))).answer()
        assert "expired" in late.text
        assert both.book.recent_orders() == []


@pytest.mark.parametrize("where", ["telegram", "discord"])
async def test_a_second_person_approves_on_the_other_chat(tmp_path: Path, where: str) -> None:
    toml = TOML.replace('orders = "always"', 'orders = "never"\napprove_above = "10"')
    async with both_chats(tmp_path, toml) as both:
        if where == "discord":
            card = await both.told(both.ana, "/buy BTC/USDT 0.001", both.group)
            own = await (await both.dc_ana.slash(both.channel, "approve", token=token(both))).answer()
            assert "You asked for this yourself" in own.text
            await (await both.dc_ben.slash(both.channel, "approve", token=token(both))).answer()
            await both.telegram.until(lambda: not card.buttons)
            assert card.text.endswith("Approved by person:ben.")
        else:
            asked = await (await both.dc_ana.slash(both.channel, "buy", symbol="BTC/USDT", size="0.001")).answer()
            assert "You asked for this yourself" in (await both.told(both.ana, f"/approve {token(both)}")).text
            await both.told(both.ben, f"/approve {token(both)}")
            await both.reads(asked, "Approved by person:ben.")
        assert [order.actor for order in both.book.recent_orders()] == ["person:ana"]


async def test_a_card_shown_on_both_chats_is_closed_on_both(tmp_path: Path) -> None:
    async with both_chats(tmp_path) as both:
        card = await asked_on_telegram(both)
        shown = await (await both.dc_ana.slash(both.channel, "buy", symbol="BTC/USDT", size="0.002")).answer()
        tokens = [asked.token for asked in both.book.all(Confirmation)]
        await both.told(both.ana, f"/reject {tokens[1]}")
        await (await both.dc_ana.slash(both.channel, "reject", token=tokens[0])).answer()
        await both.reads(shown, "Rejected by person:ana, nothing was sent.")
        await both.telegram.until(lambda: card.text.endswith("Rejected by person:ana, nothing was sent."))


PINE = """
[webhooks.pine]
secret = "kept to itself, and long enough"
account = "demo"
confirm = "always"
"""
WANTS = b'{"tiller": "1", "action": "buy", "symbol": "BTC/USDT", "size": "0.002"}'


async def test_an_alert_that_waits_is_decided_on_one_chat_and_loses_its_buttons_on_both(tmp_path: Path) -> None:
    async with both_chats(tmp_path, toml=TOML + PINE, alerts="alerts") as both:
        source = both.app.desk.sources.find("pine")
        assert source is not None
        await both.app.inbox.receive(source, WANTS)
        there = await both.dc_ben.reads(both.channel, "Alert of pine")
        await both.telegram.until(lambda: len(both.by_bot(both.group)) > 0)
        (here,) = both.by_bot(both.group)
        assert [label for row in here.labels for label in row] == there.buttons == ["Approve", "Half", "Reject"]
        stranger = await both.eve.presses(here, "Approve")
        assert "I do not know you" in await both.eve.answered(stranger)
        assert both.book.recent_orders() == []
        await both.dc_ben.presses(there, "Half")
        assert await both.discord.changes.until(lambda: not there.buttons, 5)
        await both.telegram.until(lambda: not here.buttons)
        (order,) = both.book.recent_orders()
        assert (str(order.quantity), order.filled_quantity) == ("0.001", order.quantity)
