"""The same desk on PostgreSQL: trade, crash, start again, everything is there."""

from pathlib import Path

import pytest

from tests.bot.test_desk import PAPER
from tests.bot.test_restart import standing
from tests.postgres import Server, postgres_server  # noqa: F401
from tests.running import running
from trading.order import OrderStatus

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


@pytest.fixture
def url(postgres_server: Server) -> str:  # noqa: F811
    return postgres_server.url(postgres_server.create())


async def test_a_crash_loses_nothing_on_postgresql(tmp_path: Path, url: str) -> None:
    async with running(tmp_path, crash=True, TILLER_DATABASE__URL=url) as desk:
        filled = await desk.say("/buy BTC/USDT 0.005 sl=57000 tp=66000", key="one")
        assert "Filled" in filled.text
        await desk.say("/buy ETH/USDT $100 3000")
        await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == 3)
        await desk.say("/pause SOL/USDT")
        before = standing(desk)
    async with running(tmp_path, TILLER_DATABASE__URL=url) as desk:
        assert standing(desk) == before
        assert (await desk.say("/buy BTC/USDT 0.005 sl=57000 tp=66000", key="one")).order_id == filled.order_id
        assert (await desk.say("/trades")).table is not None
        story = (await desk.say(f"/why {filled.order_id}")).text
        assert "Filled 0.005" in story
        order = desk.app.book.order(filled.order_id or "")
        assert order is not None
        assert order.status is OrderStatus.FILLED
        await desk.say("/kill flatten=yes")
        await desk.until(lambda: not desk.app.book.positions(PAPER))
