"""Groups, channels and the people in them: what the bot hears, and where it may write."""

from typing import Any

import pytest

from tests.emulators.telegram.caller import Caller, calling

GROUP = -1001234567890


async def heard(call: Caller) -> list[str]:
    """The texts of all that is new to the bot."""
    updates = await call("getUpdates")
    if updates:
        await call("getUpdates", offset=updates[-1]["update_id"] + 1)
    return [_text(update) for update in updates]


def _text(update: dict[str, Any]) -> str:
    kind, payload = next((kind, payload) for kind, payload in update.items() if kind != "update_id")
    text = payload.get("text", "")
    return str(text) if kind == "message" else f"{kind}: {text}"


async def test_privacy_mode() -> None:
    # "Privacy mode" of the bots' features: commands to this bot, general commands if it was the last bot to speak,
    # replies to it, service messages; nothing else, and nothing of other bots.
    async with calling() as (telegram, call):
        ana, other = telegram.person(1111, "Ana"), telegram.person(5, "Other", is_bot=True, username="other_bot")
        group = telegram.group(GROUP, "Desk", ana, other)
        sent = await call.sends(GROUP, "Hello")
        ours = group.find(sent["message_id"])
        await ana.says(group, "good morning")
        await ana.says(group, "/status@tiller_bot now")
        await ana.says(group, "/status@other_bot")
        await ana.says(group, "/status")
        await ana.says(group, "thanks", reply_to=ours)
        assert await heard(call) == ["/status@tiller_bot now", "/status", "thanks"]
        await other.says(group, "/status@tiller_bot I am a bot")
        await ana.says(group, "/status")
        await ana.says(group, "/STATUS@Tiller_Bot")
        assert await heard(call) == ["/STATUS@Tiller_Bot"]


@pytest.mark.parametrize(("privacy", "status"), [(False, "member"), (True, "administrator")])
async def test_without_privacy_or_as_administrator_a_bot_hears_people(privacy: bool, status: str) -> None:
    async with calling(privacy=privacy) as (telegram, call):
        ana, other = telegram.person(1111, "Ana"), telegram.person(5, "Other", is_bot=True)
        group = telegram.group(GROUP, "Desk", ana, bot=status)
        await ana.says(group, "good morning")
        await ana.says(group, "/status@other_bot")
        await other.says(group, "beep")
        assert await heard(call) == ["good morning", "/status@other_bot"]
        assert (await call("getMe"))["can_read_all_group_messages"] is not privacy


async def test_people_without_a_name_of_their_own() -> None:
    async with calling(privacy=False) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        group, news = telegram.group(GROUP, "Desk", admins=(ana,)), telegram.channel(-1009876543210, "News")
        await ana.says(group, "/kill", anonymous=True)
        await ana.says(group, "/kill", as_channel=news)
        await ana.says(news, "/kill")
        anonymous, channel, post = await call("getUpdates")
        assert (anonymous["message"]["from"]["username"], anonymous["message"]["sender_chat"]["id"]) == (
            "GroupAnonymousBot",
            GROUP,
        )
        assert channel["message"]["from"]["username"] == "Channel_Bot"
        assert channel["message"]["sender_chat"]["type"] == "channel"
        assert "from" not in post["channel_post"]
        assert post["channel_post"]["sender_chat"]["id"] == news.id
        assert "1111" not in str([anonymous, channel, post])


async def test_forwards_and_edits_are_told_as_such() -> None:
    async with calling() as (telegram, call):
        ana, bob = telegram.person(1111, "Ana"), telegram.person(2222, "Bob")
        said = await bob.says(bob.chat, "/buy BTC/USDT 1", ago=7200)
        await ana.forwards(said, ana.chat)
        await ana.forwards(said, ana.chat, hidden=True)
        await bob.edits(said, "/buy BTC/USDT 100")
        _, named, hidden, edited = await call("getUpdates")
        origin = named["message"]["forward_origin"]
        assert (origin["type"], origin["sender_user"]["id"], origin["date"]) == ("user", 2222, said.date)
        assert named["message"]["from"]["id"] == 1111
        assert hidden["message"]["forward_origin"] == {
            "type": "hidden_user",
            "sender_user_name": "Bob",
            "date": said.date,
        }
        assert edited["edited_message"]["text"] == "/buy BTC/USDT 100"
        assert edited["edited_message"]["edit_date"] >= said.date + 7200


async def test_the_bot_is_brought_in_and_thrown_out() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        group = telegram.group(GROUP, "Desk", admins=(ana,), bot="left")
        not_there = "403 Forbidden: bot is not a member of the supergroup chat"
        assert await call.refused("sendMessage", chat_id=GROUP, text="x") == not_there
        await ana.adds(group, telegram.bot)
        await call.sends(GROUP, "here")
        await ana.throws_out(group, telegram.bot)
        kicked = "403 Forbidden: bot was kicked from the supergroup chat"
        assert await call.refused("sendMessage", chat_id=GROUP, text="x") == kicked
        await ana.says(group, "/status@tiller_bot")
        changes = [update.get("my_chat_member") for update in await call("getUpdates")]
        seen = [(one["old_chat_member"]["status"], one["new_chat_member"]["status"]) for one in changes if one]
        assert seen == [("left", "member"), ("member", "kicked")]
        assert await heard(call) == ["my_chat_member: ", "", "my_chat_member: "]


async def test_a_group_becomes_a_supergroup() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        group = telegram.group(-4242, "Desk", ana)
        assert group.type == "group"
        new = await ana.migrates(group)
        body = await call.body("sendMessage", chat_id=-4242, text="x")
        assert body == {
            "ok": False,
            "error_code": 400,
            "description": "Bad Request: group chat was upgraded to a supergroup chat",
            "parameters": {"migrate_to_chat_id": new.id},
        }
        left, came = await call("getUpdates")
        assert left["message"]["migrate_to_chat_id"] == new.id
        assert came["message"]["migrate_from_chat_id"] == -4242
        await call.sends(new.id, "here")
        assert new.texts[-1] == "here"


async def test_who_may_be_written_to() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana", started=False)
        telegram.channel(-1009876543210, "News", bot="member", username="news")
        telegram.group(-77, "Quiet", ana, bot="restricted")

        async def refused(chat: object) -> str:
            return await call.refused("sendMessage", chat_id=chat, text="x")

        assert await refused(9999) == "400 Bad Request: chat not found"
        assert await refused("@nobody") == "400 Bad Request: chat not found"
        assert await refused("") == "400 Bad Request: chat_id is empty"
        assert await refused(1111) == "403 Forbidden: bot can't initiate conversation with a user"
        await ana.starts()
        await call.sends(1111, "x")
        await ana.blocks()
        assert await refused(1111) == "403 Forbidden: bot was blocked by the user"
        await ana.unblocks()
        await call.sends(1111, "x")
        assert await refused("@news") == "400 Bad Request: need administrator rights in the channel chat"
        assert await refused(-77) == "400 Bad Request: not enough rights to send text messages to the chat"


async def test_pins_need_rights() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        group = telegram.group(GROUP, "Desk", admins=(ana,))
        sent = await call.sends(GROUP, "x")
        pin = {"chat_id": GROUP, "message_id": sent["message_id"]}
        no_rights = "400 Bad Request: not enough rights to manage pinned messages in the chat"
        assert await call.refused("pinChatMessage", **pin) == no_rights
        await ana.adds(group, telegram.bot, "administrator")
        assert await call("pinChatMessage", **pin) is True
        missing = "400 Bad Request: message to pin not found"
        assert await call.refused("pinChatMessage", **(pin | {"message_id": 999})) == missing
