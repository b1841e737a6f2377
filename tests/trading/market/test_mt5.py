"""Prices and candles from a terminal."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.emulators.mt5.symbols import forex
from tests.kit import START
from tests.trading.executors.mt5.stage import EURUSD, Broker
from trading.errors import IntentError
from trading.market.mt5 import Mt5Market
from trading.quotes import Quote

D = Decimal


@pytest.fixture
def broker() -> Broker:
    return Broker(symbols=[forex("EURUSD"), forex("USDJPY", 3)])


async def test_ticks_become_quotes_and_the_time_is_ours(broker: Broker) -> None:
    broker.terminal.show("EURUSD", "1.08", "1.0801")
    market = Mt5Market(broker.link())
    heard: list[Quote] = []
    market.subscribe(heard.append)
    await market.start()
    assert [(one.symbol, one.bid, one.ask) for one in heard] == [(EURUSD, D("1.08"), D("1.0801"))]
    broker.move(2)
    broker.terminal.show("EURUSD", "1.081", "1.0812")
    await market.poll()
    assert (heard[-1].mid, heard[-1].at) == (D("1.0811"), START + timedelta(seconds=2))
    assert market.quote(EURUSD) == heard[-1]
    assert market.problem == ""
    await market.stop()


async def test_an_old_tick_is_not_shown_as_a_price_of_now(broker: Broker) -> None:
    """At the weekend the last price is Friday's."""
    broker.terminal.show("EURUSD", "1.08", "1.0801")
    market = Mt5Market(broker.link())
    await market.start()
    broker.move(1)
    broker.terminal.show("EURUSD", "1.08", "1.0802")
    await market.poll()
    broker.move(7200)
    await market.poll()
    quote = market.quote(EURUSD)
    assert quote is not None
    assert quote.at == START + timedelta(seconds=1)
    assert "seems closed" in market.problem
    await market.stop()
    late = Mt5Market(broker.link())  # a desk that starts now has never seen a fresh one
    await late.start()
    quote = late.quote(EURUSD)
    assert quote is not None
    assert quote.at < START - timedelta(hours=1)
    await late.stop()


async def test_candles_are_closed_and_in_utc(broker: Broker) -> None:
    for minute, price in enumerate(("1.08", "1.09", "1.07", "1.085")):
        broker.terminal.show("EURUSD", price, "1.2")
        broker.move(30)
        broker.terminal.show("EURUSD", D(price) + D("0.001"), "1.2")
        broker.move(30)
        assert minute < 4
    broker.terminal.show("EURUSD", "1.0", "1.2")
    market = Mt5Market(broker.link())
    await market.start()
    candles = await market.candles(EURUSD, "1m", 3)
    assert [one.start for one in candles] == [START + timedelta(minutes=number) for number in (1, 2, 3)]
    assert [(one.open, one.close) for one in candles] == [
        (D("1.09"), D("1.091")),
        (D("1.07"), D("1.071")),
        (D("1.085"), D("1.086")),
    ]
    assert candles[0].volume == 2
    for symbol, timeframe in ((EURUSD, "7m"), ("NONE", "1m")):
        with pytest.raises(IntentError):
            await market.candles(symbol, timeframe, 3)  # type: ignore[arg-type]
    await market.stop()
