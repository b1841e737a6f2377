"""Worths at the prices of now, and prices that are still awaited."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.kit import BTC, ETH, HandClock, HandMarket, MemoryJournal
from trading import events as e
from trading.book import Book
from trading.instruments import Instrument, Money, Symbol
from trading.intent import AccountId, Mode
from trading.valuation import Valuation

D = Decimal
DEMO = AccountId("demo", Mode.PAPER)


class Down(HandMarket):
    """A market that could not be reached yet."""

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return {}


async def opened(market: HandMarket, *balances: Money) -> Valuation:
    book = Book(MemoryJournal(), market.clock)
    await book.record(e.AccountOpened("demo", Mode.PAPER, "paper", "USDT", balances))
    return Valuation(book, {"demo": market}, "USDT")


@pytest.mark.parametrize(
    ("currency", "awaited"),
    [("USDT", False), ("BTC", True), ("AIRDROP", False)],
    ids=["money", "listed, without a price yet", "listed nowhere"],
)
async def test_a_price_is_awaited_of_what_the_market_lists(currency: str, awaited: bool) -> None:
    valuation = await opened(HandMarket(HandClock(), BTC, ETH), Money(D(1), currency))
    assert valuation.awaits_price(DEMO) is awaited


async def test_nothing_is_awaited_once_it_is_there() -> None:
    market = HandMarket(HandClock(), BTC, ETH)
    valuation = await opened(market, Money(D(1), "BTC"))
    market.show("BTC/USDT", "59999", "60001")
    assert not valuation.awaits_price(DEMO)
    assert valuation.equity(DEMO).total == 60000


async def test_a_market_that_is_not_up_may_still_list_it() -> None:
    valuation = await opened(Down(HandClock()), Money(D(1), "AIRDROP"))
    assert valuation.awaits_price(DEMO)
