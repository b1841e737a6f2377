"""Sending, editing, deleting, pressing: what the server does, and its words when it does not."""

from typing import Any

import pytest

from tests.emulators.telegram.caller import Caller, calling

NOW = 1_790_000_000.0
GROUP = -1001234567890
OLD_QUERY = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"


def buttons(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


async def test_a_message_is_told_as_the_documentation_says() -> None:
    async with calling(NOW) as (telegram, call):
        ana = telegram.person(1111, "Ana", username="ana")
        asked = await ana.says(ana.chat, "/status")
        keyboard = buttons([{"text": "More", "callback_data": "status 2", "style": "primary"}])
        sent = await call.sends(1111, "ok", reply_parameters={"message_id": asked.id}, reply_markup=keyboard)
        assert sent == {
            "message_id": asked.id + 1,
            "from": {"id": 123456789, "is_bot": True, "first_name": "Tiller", "username": "tiller_bot"},
            "chat": {"id": 1111, "type": "private", "first_name": "Ana", "username": "ana"},
            "date": 1_790_000_000,
            "reply_to_message": {
                "message_id": asked.id,
                "from": {"id": 1111, "is_bot": False, "first_name": "Ana", "username": "ana"},
                "chat": {"id": 1111, "type": "private", "first_name": "Ana", "username": "ana"},
                "date": 1_790_000_000,
                "text": "/status",
                "entities": [{"type": "bot_command", "offset": 0, "length": 7}],
            },
            "text": "ok",
            "reply_markup": keyboard,
        }


@pytest.mark.parametrize(
    ("markup", "error"),
    [
        ([], "object expected as reply markup"),
        ("{", "can't parse reply keyboard markup JSON object"),
        (buttons([{"text": "x"}]), "Text buttons are unallowed in the inline keyboard"),
        (buttons([{"callback_data": "x"}]), 'Can\'t find field "text"'),
        (buttons([{"text": "", "callback_data": "x"}]), "inline keyboard button text must be non-empty"),
        (buttons([{"text": "x", "callback_data": "x" * 65}]), "BUTTON_DATA_INVALID"),
        (buttons([{"text": "x", "callback_data": "🚀" * 17}]), "BUTTON_DATA_INVALID"),  # 68 bytes
        (buttons(*[[{"text": "x", "callback_data": "x"}] for _ in range(101)]), "reply markup is too long"),
    ],
)
async def test_buttons_that_are_refused(markup: Any, error: str) -> None:
    async with calling() as (telegram, call):
        telegram.person(1111, "Ana")
        refused = await call.refused("sendMessage", chat_id=1111, text="x", reply_markup=markup)
        assert refused.startswith("400 Bad Request: ")
        assert refused.endswith(error)
        await call.sends(1111, "x", reply_markup=buttons([{"text": "x", "callback_data": "🚀" * 16}]))


async def test_replies_and_topics() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        forum = telegram.group(GROUP, "Desk", admins=(ana,), forum=True)
        topic = ana.opens_topic(forum, "Fills")
        sent = await call.sends(GROUP, "filled", message_thread_id=topic)
        assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic, True)
        lost = {"chat_id": GROUP, "text": "x"}
        gone = "400 Bad Request: message thread not found"
        assert await call.refused("sendMessage", **lost, message_thread_id=topic + 99) == gone
        ana.closes_topic(forum, topic)
        assert await call.refused("sendMessage", **lost, message_thread_id=topic) == "400 Bad Request: TOPIC_CLOSED"
        no_reply = "400 Bad Request: message to be replied not found"
        assert await call.refused("sendMessage", **lost, reply_parameters={"message_id": 999}) == no_reply
        free = await call.sends(GROUP, "x", reply_parameters={"message_id": 999, "allow_sending_without_reply": True})
        assert "reply_to_message" not in free


async def test_edits_and_their_history() -> None:
    async with calling(NOW) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        keyboard = buttons([{"text": "No", "callback_data": "no"}])
        sent = await call.sends(1111, "1%", reply_markup=keyboard)
        which = {"chat_id": 1111, "message_id": sent["message_id"]}
        same = await call.refused("editMessageText", **which, text="1%", reply_markup=keyboard)
        assert same.startswith("400 Bad Request: message is not modified: specified new message content and reply ")
        telegram.clock.advance(60)
        edited = await call("editMessageText", **which, text="2%", reply_markup=keyboard)
        assert (edited["edit_date"], edited["date"]) == (1_790_000_060, 1_790_000_000)
        without = await call("editMessageReplyMarkup", **which)
        assert "reply_markup" not in without
        seen = ana.chat.messages[0]
        assert [(version.text, len(version.buttons)) for version in seen.history] == [("1%", 1), ("2%", 1)]
        no_caption = "400 Bad Request: there is no caption in the message to edit"
        assert await call.refused("editMessageCaption", **which, caption="x") == no_caption


async def test_what_cannot_be_edited() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        hers = await ana.says(ana.chat, "x")
        edit = {"chat_id": 1111, "text": "y"}
        not_ours = "400 Bad Request: message can't be edited"
        assert await call.refused("editMessageText", **edit, message_id=hers.id) == not_ours
        sent = await call.sends(1111, "x")
        await ana.deletes(ana.chat.messages[-1])
        gone = "400 Bad Request: message to edit not found"
        assert await call.refused("editMessageText", **edit, message_id=sent["message_id"]) == gone


async def test_deletes_within_48_hours_only() -> None:
    async with calling(NOW) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        group = telegram.group(GROUP, "Desk", ana)
        hers = await ana.says(ana.chat, "secret")
        assert await call("deleteMessage", chat_id=1111, message_id=hers.id) is True
        assert ana.chat.messages == []
        gone = "400 Bad Request: message to delete not found"
        assert await call.refused("deleteMessage", chat_id=1111, message_id=hers.id) == gone
        in_group = await ana.says(group, "secret")
        refused = "400 Bad Request: message can't be deleted"
        assert await call.refused("deleteMessage", chat_id=GROUP, message_id=in_group.id) == refused
        sent = await call.sends(1111, "x")
        telegram.clock.advance(48 * 3600 + 1)
        late = "400 Bad Request: message can't be deleted for everyone"
        assert await call.refused("deleteMessage", chat_id=1111, message_id=sent["message_id"]) == late


async def _press_of(call: Caller) -> dict[str, Any]:
    updates = await call("getUpdates", offset=-1)
    found: dict[str, Any] = updates[-1]["callback_query"]
    return found


async def test_a_press_is_answered_once_and_in_time() -> None:
    async with calling(NOW) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        await call.sends(1111, "Sure?", reply_markup=buttons([{"text": "✅ Yes", "callback_data": "yes 1"}]))
        press = await ana.presses(ana.chat.messages[0], "Yes")
        told = await _press_of(call)
        assert (told["id"], told["data"], told["from"]["id"]) == (press.id, "yes 1", 1111)
        assert told["message"]["text"] == "Sure?"
        assert await call("answerCallbackQuery", callback_query_id=press.id, text="Done", show_alert=True) is True
        assert (press.answer, press.alert) == ("Done", True)
        assert await call.refused("answerCallbackQuery", callback_query_id=press.id) == OLD_QUERY
        late = await ana.presses(ana.chat.messages[0], "Yes")
        telegram.clock.advance(16)
        assert await call.refused("answerCallbackQuery", callback_query_id=late.id) == OLD_QUERY
        assert await call.refused("answerCallbackQuery", callback_query_id="1") == OLD_QUERY


async def test_presses_that_are_not_what_they_seem() -> None:
    async with calling(NOW) as (telegram, call):
        ana, bob = telegram.person(1111, "Ana"), telegram.person(2222, "Bob")
        group = telegram.group(GROUP, "Desk", ana, bob)
        await call.sends(GROUP, "Sure?", reply_markup=buttons([{"text": "Yes", "callback_data": "yes 1"}]))
        card = group.messages[0]
        await bob.presses(card, "Yes")  # anybody can press
        assert (await _press_of(call))["from"]["id"] == 2222
        await ana.forges(card, "approve 999")
        assert (await _press_of(call))["data"] == "approve 999"
        await ana.presses(card, "Yes", stale=True)
        assert (await _press_of(call))["message"] == {
            "message_id": card.id,
            "chat": {"id": GROUP, "title": "Desk", "type": "supergroup"},
            "date": 0,
        }
        with pytest.raises(LookupError):
            await ana.presses(card, "No")
        # Nobody fetched it in time: it is gone.
        await ana.presses(card, "Yes")
        telegram.clock.advance(151)
        assert await call("getUpdates") == []


async def test_old_messages_are_forgotten_when_there_are_too_many() -> None:
    async with calling(keep=50) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        for number in range(1000):
            await ana.says(ana.chat, f"/buy {number}")
        assert [ana.chat.texts[0], ana.chat.texts[-1]] == ["/buy 950", "/buy 999"]
        for number in range(60):
            await call.sends(1111, f"{number}")
        assert (len(telegram.record.sent), telegram.record.counts["sent"]) == (50, 60)
        # What the bot has not fetched is kept, as the server keeps it for a day.
        assert len(await call("getUpdates", limit=100)) == 100
