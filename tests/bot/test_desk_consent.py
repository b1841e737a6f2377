"""What is agreed to is agreed to at its size: no second word makes an order larger than the first one was."""

from decimal import Decimal
from pathlib import Path

import pytest

from handlers.actor import Actor, Role
from tests.running import running
from trading.instruments import Symbol

OTHER = Actor("person:tom", "tom", Role.TRADER)
RULES = '[people.tom]\nrole = "trader"\n[confirm]\norders = "never"\napprove_above = "200"\n'
CONTRACTS = '[accounts.demo]\nvenue = "paper"\nmarket = "simulated"\nproducts = ["usdm"]\n'


async def test_a_small_order_that_is_moved_to_the_market_needs_what_a_large_one_needs(tmp_path: Path) -> None:
    async with running(tmp_path, toml=RULES) as desk:
        placed = await desk.say("/buy BTC/USDT 0.005 20000")
        assert placed.order_id
        asked = await desk.say(f"/amend {placed.order_id} price=60000")
        assert "After:  PAPER demo: BUY 0.005 BTC/USDT LIMIT 60,000" in asked.text
        assert "Somebody else must approve" in asked.text
        order = desk.app.book.order(placed.order_id)
        assert order is not None
        assert order.limit_price == 20000
        assert (await desk.say(f"/amend {placed.order_id} price=20001 quantity=0.004")).buttons == ()
        (waiting,) = desk.app.dispatcher.confirmations.waiting()
        assert (await desk.say(f"/approve {waiting.token}", actor=OTHER)).ok
        await desk.until(lambda: desk.app.book.order(order.id).limit_price == 60000)  # type: ignore[union-attr]


async def test_making_a_large_order_smaller_and_moving_an_exit_wait_for_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, toml=RULES) as desk:
        for size in ("0.003", "0.0029"):
            assert (await desk.say(f"/buy BTC/USDT {size}")).order_id
        sale = await desk.say("/sell BTC/USDT 0.005 65000")
        assert sale.order_id, sale.text
        moved = await desk.say(f"/amend {sale.order_id} price=64900")
        assert moved.ok, moved.text
        assert moved.buttons == ()
        smaller = await desk.say(f"/amend {sale.order_id} quantity=0.004")
        order = desk.app.book.order(sale.order_id)
        assert order is not None
        assert (smaller.buttons, order.quantity, order.limit_price) == ((), Decimal("0.004"), Decimal(64900))


@pytest.mark.parametrize("below", [400, 2000])
async def test_a_sale_counts_at_what_it_would_bring(tmp_path: Path, below: int) -> None:
    """A limit below the market is done at the market: a low one made a large sale look small."""
    rules = RULES.replace('"200"', '"310"')
    async with running(tmp_path, toml=CONTRACTS + rules) as desk:
        quote = desk.app.desk.markets["demo"].quote(Symbol("BTC/USDT"))
        assert quote is not None
        bid = quote.bids[0].price
        size = round(311 / bid, 5)
        limit = round(bid) - below
        assert limit * size < 310 < bid * size
        asked = await desk.say(f"/sell BTC/USDT {size} {limit}")
        assert "Somebody else must approve" in asked.text
        assert asked.order_id is None


async def test_a_close_that_waits_for_consent_leaves_the_protection_whatever_the_desk_counts_in(tmp_path: Path) -> None:
    toml = 'currency = "CHF"\n[rates]\nUSDT = "2"\n[confirm]\norders = "above:500"\n'
    async with running(tmp_path, toml=toml) as desk:
        asked = await desk.say("/buy BTC/USDT 0.005 sl=50000")  # about 300 USDT, 600 CHF
        assert (await desk.say(asked.buttons[0].line)).ok
        await desk.until(lambda: len(desk.app.book.open_orders()) == 1)
        (stop,) = desk.app.book.open_orders()
        closing = await desk.say("/close BTC/USDT")
        assert "Confirm within" in closing.text
        assert [order.id for order in desk.app.book.open_orders()] == [stop.id]
        assert "First, 1 protective order made room." in (await desk.say(closing.buttons[0].line)).text
        assert not desk.app.book.positions()
