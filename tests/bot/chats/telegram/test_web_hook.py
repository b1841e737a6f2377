"""A webhook that somebody set for the token is in the way of reading: it is taken away."""

from tests.bot.chats.telegram.desk import ANA, said, scripted
from tests.emulators.telegram.caller import Caller
from tests.emulators.telegram.server import Telegram


async def test_a_webhook_of_before_is_taken_away_and_what_it_was_to_get_is_answered() -> None:
    """inc68: every poll was refused as long as it was set, and nobody said why."""
    async with Telegram() as telegram, Caller(telegram) as other:
        ana = telegram.person(ANA, "Ana")
        await other("setWebhook", url="https://127.0.0.1:9/somewhere")
        await ana.says(ana.chat, "/status")
        async with scripted(telegram) as talk:
            await said(telegram, ana.chat)
            assert talk.door.lines == ["/status"]
