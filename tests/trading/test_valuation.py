"""Worths at the prices of now, and prices that are still awaited."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from tests.kit import BTC, ETH, HandClock, HandMarket, MemoryJournal
from tests.trading.risk.desk import EURUSD
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


async def opened(market: HandMarket, *balances: Money, **stated: str) -> Valuation:
    book = Book(MemoryJournal(), market.clock)
    await book.record(e.AccountOpened("demo", Mode.PAPER, "paper", "USDT", balances))
    return Valuation(book, {"demo": market}, "USDT", {name: D(worth) for name, worth in stated.items()})


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


async def test_where_no_market_says_what_is_stated_counts() -> None:
    valuation = await opened(HandMarket(HandClock(), EURUSD), Money(D(1000), "USD"), USD="0.9")
    assert valuation.equity(DEMO).total == 900
    assert not valuation.awaits_price(DEMO)


async def test_nothing_is_guessed() -> None:
    valuation = await opened(HandMarket(HandClock(), EURUSD), Money(D(1000), "USD"), CHF="1.2")
    worth = valuation.equity(DEMO)
    assert worth.total == 0
    assert worth.unpriced == ("USD",)


@pytest.mark.parametrize(
    ("currency", "rate"),
    [("EUR", "0.99"), ("JPY", "0.006"), ("GBP", None)],
    ids=["base of a pair", "quote of a pair", "in no pair"],
)
async def test_what_is_stated_is_reached_through_a_pair(currency: str, rate: str | None) -> None:
    usdjpy = msgspec.structs.replace(EURUSD, symbol=Symbol("USDJPY"), base="USD", quote="JPY")
    market = HandMarket(HandClock(), EURUSD, usdjpy)
    market.show("EURUSD", "1.09", "1.11")
    market.show("USDJPY", "149", "151")
    valuation = await opened(market, USD="0.9")  # 1.10 USD a EUR, 150 JPY a USD
    assert valuation.rate(DEMO, currency) == (rate and D(rate))


async def test_a_market_that_has_it_comes_first() -> None:
    market = HandMarket(HandClock(), BTC)
    valuation = await opened(market, Money(D(1), "BTC"), BTC="1")
    assert valuation.equity(DEMO).unpriced == ("BTC",), "its first price is awaited, not made up"
    market.show("BTC/USDT", "59999", "60001")
    assert valuation.equity(DEMO).total == 60000
