"""Pictures arrive as pictures, with a caption, on both chats."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image as Pillow

from tests.bot.chats.both_desk import Both, both_chats


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    folder: Path = tmp_path_factory.mktemp("pictures")
    async with both_chats(folder) as desk:
        for _ in range(3):
            await desk.app.sample_equity()
        yield desk


def _size(content: bytes) -> tuple[int, int]:
    assert len(content) < 200_000
    return Pillow.open(io.BytesIO(content)).size


on_both = pytest.mark.asyncio(loop_scope="module")


@on_both
async def test_telegram_shows_a_photo_with_what_it_shows_as_its_caption(both: Both) -> None:
    chart = await both.told(both.ana, "/chart BTC/USDT 1m")
    assert chart.media is not None
    assert chart.media.kind == "photo"
    assert _size(chart.media.content) == (1000, 640)
    assert chart.text.startswith("BTC/USDT 1m  ")
    assert "over 80 candles" in chart.text
    assert len(chart.text) < 1024
    assert [key.text for row in chart.buttons for key in row] == ["5m", "15m", "1h", "4h"]
    equity = await both.told(both.ana, "/equity day")
    assert equity.media is not None
    assert equity.media.kind == "photo"
    assert equity.text.startswith("Today: 10,000.00 to 10,000.00 USDT")


@on_both
async def test_discord_shows_a_card_with_the_picture_in_it(both: Both) -> None:
    card = await (await both.dc_ana.slash(both.channel, "chart", symbol="BTC/USDT", timeframe="1m")).answer()
    assert _size(card.files["BTC-USDT-1m.png"]) == (1000, 640)
    assert card.embeds[0]["image"]["url"] == "attachment://BTC-USDT-1m.png"
    assert card.embeds[0]["description"].startswith("**BTC/USDT 1m  ")
    assert card.buttons == ["5m", "15m", "1h", "4h"]
    assert not card.ephemeral
    equity = await (await both.dc_ana.slash(both.channel, "equity", period="day")).answer()
    assert _size(equity.files["equity.png"]) == (1000, 640)
    assert equity.ephemeral  # for the asker's eyes


@on_both
async def test_a_button_of_a_picture_brings_the_next_one(both: Both) -> None:
    first = await both.told(both.ana, "/chart BTC/USDT 1m")
    before = len(both.by_bot(both.ana.chat))
    await both.ana.presses(first, "5m")
    await both.telegram.until(lambda: len(both.by_bot(both.ana.chat)) > before)
    assert both.by_bot(both.ana.chat)[-1].text.startswith("BTC/USDT 5m  ")
    assert both.by_bot(both.ana.chat)[-1].media.kind == "photo"


@on_both
async def test_in_a_group_a_market_is_for_all_and_what_is_ours_on_it_is_not(both: Both) -> None:
    public = await both.told(both.ana, "/chart ETH/USDT 1m", both.group)
    assert public.media is not None
    asked = await both.told(both.ana, "/buy ETH/USDT $50")
    await both.ana.presses(asked, asked.buttons[0][0].text)
    assert await both.book.until(lambda: bool(both.book.positions()), 5)
    hint = await both.told(both.ana, "/chart ETH/USDT 1m", both.group)
    assert hint.media is None
    assert "private" in hint.text
    own = both.by_bot(both.ana.chat)[-1]
    assert own.media is not None
    assert "Marked: 1 fill, position at " in own.text


@on_both
async def test_what_cannot_be_drawn_is_one_line(both: Both) -> None:
    refused = await both.told(both.ana, "/chart BTC/USDT 7x")
    assert refused.media is None
    assert len(refused.text.splitlines()) == 1
