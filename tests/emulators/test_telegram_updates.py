"""Getting updates: at least once, confirmed by the offset, by one poller or one webhook."""

import asyncio
from typing import Any

from tests.emulators.telegram.caller import calling
from tests.emulators.telegram.clients import Inbox

NOW = 1_790_000_000.0
CONFLICT = "409 Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_an_update_is_told_until_it_is_confirmed() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        for text in "abc":
            await ana.says(ana.chat, text)
        first = await call("getUpdates", limit=2)
        assert texts(first) == ["a", "b"]
        assert texts(await call("getUpdates")) == ["a", "b", "c"]
        ids = [update["update_id"] for update in await call("getUpdates", offset=first[0]["update_id"] + 1)]
        assert ids == [first[0]["update_id"] + 1, first[0]["update_id"] + 2]
        assert texts(await call("getUpdates", offset=ids[-1] + 1)) == []
        assert texts(await call("getUpdates")) == []


async def test_a_negative_offset_keeps_the_newest() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        for text in "abc":
            await ana.says(ana.chat, text)
        assert texts(await call("getUpdates", offset=-1)) == ["c"]
        assert texts(await call("getUpdates")) == ["c"]


async def test_updates_are_kept_a_day() -> None:
    async with calling(NOW) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        await ana.says(ana.chat, "old")
        telegram.clock.advance(3600)
        await ana.says(ana.chat, "new")
        telegram.clock.advance(23 * 3600 + 1)
        assert texts(await call("getUpdates")) == ["new"]


async def test_a_long_poll_ends_with_an_update_or_with_its_time() -> None:
    async with calling(NOW) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        poll = asyncio.ensure_future(call("getUpdates", timeout=30))
        await telegram.until(lambda: telegram.updates.polled)
        assert not poll.done()
        await ana.says(ana.chat, "now")
        assert texts(await poll) == ["now"]
        quiet = asyncio.ensure_future(call("getUpdates", offset=telegram.updates.next_id, timeout=30))
        await telegram.until(lambda: telegram.updates.polled)
        telegram.clock.advance(29)
        await call("getMe")
        assert not quiet.done()
        telegram.clock.advance(1)
        assert await quiet == []


async def test_a_second_poller_throws_the_first_out() -> None:
    async with calling(NOW) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        first = asyncio.ensure_future(call.refused("getUpdates", timeout=30))
        await telegram.until(lambda: telegram.updates.polled)
        second = asyncio.ensure_future(call("getUpdates", timeout=30))
        assert await first == CONFLICT
        await ana.says(ana.chat, "hello")
        assert texts(await second) == ["hello"]


async def test_a_second_conflict_is_told_three_seconds_later() -> None:
    async with calling(NOW) as (telegram, call):
        polls = [asyncio.ensure_future(call.body("getUpdates", timeout=30))]
        await telegram.until(lambda: telegram.updates.polled)
        for _ in range(2):
            polls.append(asyncio.ensure_future(call.body("getUpdates", timeout=30)))
            await asyncio.wait(polls[:1])
            await telegram.until(lambda: telegram.updates.polls == len(polls))
        assert [poll.done() for poll in polls] == [True, False, False]
        await call("getMe")
        telegram.clock.advance(2)
        await call("getMe")
        assert not polls[1].done()
        telegram.clock.advance(1)
        assert (await polls[1])["description"] == CONFLICT.removeprefix("409 ")
        telegram.clock.advance(30)
        assert (await polls[2])["result"] == []


async def test_allowed_updates_are_kept_until_they_are_changed() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        await call("getUpdates", allowed_updates=["callback_query"])
        await ana.says(ana.chat, "unheard")
        await call("getUpdates")
        await ana.says(ana.chat, "unheard as well")
        assert (await call("getWebhookInfo"))["allowed_updates"] == ["callback_query"]
        await call("getUpdates", allowed_updates=[])
        said = await ana.says(ana.chat, "heard")
        await ana.edits(said, "heard twice")
        updates = await call("getUpdates")
        assert [update.get("message", update.get("edited_message"))["text"] for update in updates] == [
            "heard",
            "heard twice",
        ]
        assert "edited_message" in updates[1]


async def test_faults_of_updates() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        for text in "ab":
            await ana.says(ana.chat, text)
        telegram.faults.arm("duplicated")
        assert texts(await call("getUpdates")) == ["a", "a", "b", "b"]
        telegram.faults.arm("reordered")
        updates = await call("getUpdates")
        assert texts(updates) == ["b", "a"]
        assert await call("getUpdates", offset=updates[0]["update_id"] + 1) == []
        telegram.redeliver(2)
        assert await call("getUpdates", offset=updates[0]["update_id"] + 1) == updates[::-1]
        assert await call("getUpdates", offset=updates[0]["update_id"] + 1) == []


async def test_polling_and_a_webhook_exclude_each_other() -> None:
    async with calling(NOW) as (telegram, call), Inbox() as inbox:
        ana = telegram.person(1111, "Ana")
        poll = asyncio.ensure_future(call.refused("getUpdates", timeout=30))
        await telegram.until(lambda: telegram.updates.polled)
        await call("setWebhook", url=inbox.url)
        assert await poll == "409 Conflict: terminated by setWebhook request"
        assert await call.refused("getUpdates") == (
            "409 Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
            "webhook first"
        )
        await call("deleteWebhook")
        await ana.says(ana.chat, "x")
        assert texts(await call("getUpdates")) == ["x"]


async def test_a_webhook_gets_an_update_again_until_it_takes_it() -> None:
    async with calling(NOW) as (telegram, call), Inbox() as inbox:
        ana, bob = telegram.person(1111, "Ana"), telegram.person(2222, "Bob")
        inbox.statuses = [500, 502, 503]
        await call("setWebhook", url=inbox.url)
        await ana.says(ana.chat, "a1")
        await ana.says(ana.chat, "a2")
        await telegram.until(lambda: telegram.webhook.next_retry)  # the second time at once, then after a wait
        assert (telegram.webhook.attempts, telegram.webhook.next_retry) == (2, NOW + 2)
        state = await call("getWebhookInfo")
        assert state["last_error_message"] == "Wrong response from the webhook: 502 Bad Gateway"
        telegram.clock.advance(1)
        assert telegram.webhook.attempts == 2
        telegram.clock.advance(1)
        await telegram.until(lambda: telegram.webhook.attempts == 3)
        assert (await call("getWebhookInfo"))["pending_update_count"] == 2
        # Another chat does not wait for this one.
        await bob.says(bob.chat, "b1")
        await telegram.until(lambda: len(inbox.updates) == 4)
        assert texts(inbox.updates) == ["a1", "a1", "a1", "b1"]
        while len(inbox.updates) < 6:
            telegram.clock.advance(1)
            await call("getMe")
        assert texts(inbox.updates)[4:] == ["a1", "a2"]
        assert len(set(inbox.ids)) == 3


async def test_a_webhook_is_told_apart_by_its_secret() -> None:
    async with calling() as (telegram, call), Inbox(secret="right") as inbox:
        ana = telegram.person(1111, "Ana")
        await call("setWebhook", url=inbox.url, secret_token="wrong")
        await ana.says(ana.chat, "x")
        await telegram.until(lambda: telegram.webhook.error)
        assert telegram.webhook.error == "Wrong response from the webhook: 403 Forbidden"
        await call("setWebhook", url=inbox.url, secret_token="right")
        await telegram.until(lambda: inbox.updates)
        assert texts(inbox.updates) == ["x"]


async def test_a_webhook_may_answer_with_a_method() -> None:
    async with calling() as (telegram, call), Inbox() as inbox:
        ana = telegram.person(1111, "Ana")
        inbox.reply = {"method": "sendMessage", "chat_id": 1111, "text": "heard"}
        await call("setWebhook", url=inbox.url)
        await ana.says(ana.chat, "x")
        await telegram.until(lambda: ana.chat.texts == ["x", "heard"])


async def test_addresses_and_secrets_that_are_refused() -> None:
    async with calling(local=False) as (_, call):

        async def refused(url: str, secret: str = "") -> str:
            return await call.refused("setWebhook", url=url, secret_token=secret)

        assert "HTTPS URL must be provided" in await refused("http://example.com/hook")
        assert await refused("https://example.com:8420/hook") == (
            "400 Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
        )
        bad_secret = "400 Bad Request: secret token contains unallowed characters"
        assert await refused("https://example.com/hook", "no spaces") == bad_secret
        assert await refused("https://example.com/hook", "x" * 257) == "400 Bad Request: secret token is too long"
