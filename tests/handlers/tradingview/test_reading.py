"""The shapes that people send, and the lines of the desk they are read as."""

from datetime import UTC, datetime

import pytest

from tests.handlers.tradingview.source import lines, pine, said
from trading.instruments import Symbol

# Each in the vocabulary of a relay, bridge or signal service (their documentation), with the desk's own symbols.
READ = [
    # OctoBot
    ("EXCHANGE=BINANCE\nSYMBOL=BTCUSDT\nSIGNAL=BUY\nVOLUME=0.01", ["/buy BTC/USDT 0.01"]),
    ("SYMBOL=BTCUSDT;SIGNAL=SELL;ORDER_TYPE=LIMIT;VOLUME=0.5;PRICE=61000", ["/sell BTC/USDT 0.5 61000"]),
    ("SYMBOL = BTCUSDT\\nSIGNAL = BUY\\nVOLUME = 1\\nREDUCE_ONLY = False", ["/buy BTC/USDT 1"]),
    ("EXCHANGE=binance\nSYMBOL=ETHUSDT\nSIGNAL=CANCEL", ["/cancel ETH/USDT account=demo"]),
    ("SYMBOL=BTCUSDT;SIGNAL=BUY;VOLUME=1;PRICE=60000;STOP_LOSS_PRICE=59000;TAKE_PROFIT_PRICE=62000",
     ["/buy BTC/USDT 1 sl=59000 tp=62000"]),
    # the common JSON
    ('{"symbol":"BTCUSDT","side":"buy","qty":0.01}', ["/buy BTC/USDT 0.01"]),
    ('{"ticker":"BTCUSDT","action":"sell","contracts":"0.25","price":60000}', ["/sell BTC/USDT 0.25"]),
    ('{"pair":"btc-usdt","direction":"long","size":"5%"}', ["/buy BTC/USDT 5%"]),
    ('{"Symbol":"BTCUSDT","Action":"Buy","Order_Type":"LIMIT","Price":59000,"usd":"100"}',
     ["/buy BTC/USDT $100 59000"]),
    ('{"symbol":"BTCUSDT","side":"buy","qty":"1","order_type":"stop_limit","stop_price":"61000","limit_price":61010}',
     ["/buy BTC/USDT 1 61010 stop=61000"]),
    ('{"symbol":"BTCUSDT","side":"buy","qty":"1","order_type":"stop","price":"61000"}', ["/buy BTC/USDT 1 stop=61000"]),
    ('{"symbol":"BTCUSDT","side":"buy","qty":"1","post_only":"true","limit":"5e4","time_in_force":"GTC"}',
     ["/buy BTC/USDT 1 50000 tif=gtc post=yes"]),
    ('{"market":"BTC/USDT","order":"buy","size":0.1,"position":"long","reverse":false}', ["/buy BTC/USDT 0.1"]),
    ('{"market":"BTC/USDT","order":"sell","size":0.1,"position":"short","reverse":"true"}', ["target BTC/USDT -0.1"]),
    # every value a text, "False" among them; percents from the alert's price
    ('{"symbol":"BTCUSDT","type":"Market","side":"Buy","qty":"1","price":"1120","close_position":"False",'
     '"cancel_orders":"True","order_mode":"Both","take_profit_percent":"1","stop_loss_percent":"0.5"}',
     ["/cancel BTC/USDT account=demo", "/buy BTC/USDT 1 sl=1114.4 tp=1131.2"]),
    ('{"symbol":"BTCUSDT","side":"sell","qty":"1","close_position":"True"}', ["/close BTC/USDT 1 (sells only)"]),
    # TradersPost, 3commas, MetaApi, trend.fi, hackingthemarkets
    ('{"ticker":"BTCUSDT","action":"buy","signalPrice":100,"quantity":1,"takeProfit":{"percent":10},'
     '"stopLoss":{"type":"stop","percent":5}}', ["/buy BTC/USDT 1 sl=95 tp=110"]),
    ('{"ticker":"BTCUSDT","action":"sell","sentiment":"flat"}', ["/close BTC/USDT (sells only)"]),
    ('{"tv_exchange":"BINANCE","tv_instrument":"BTCUSDT","action":"buy","trigger_price":"67432.50","bot_uuid":"u",'
     '"strategy_info":{"market_position":"long","market_position_size":"0.1","prev_market_position":"flat",'
     '"prev_market_position_size":"0"},"order":{"amount":"0.1","currency_type":"base"}}', ["/buy BTC/USDT 0.1"]),
    ('{"tv_instrument":"BTCUSDT","action":"buy","order":{"amount":"50","currency_type":"quote"}}',
     ["/buy BTC/USDT $50"]),
    ('{"symbol":"BTCUSDT","type":"POSITION_TYPE_BUY","volume":0.01,"stopLoss":0.4,"takeProfit":0.6}',
     ["/buy BTC/USDT 0.01 sl=0.4 tp=0.6"]),
    ('{"type":"crypto","ticker":"BTCUSDT","quantity":1,"buy":true,"sell":false,"short":false,"cover":false}',
     ["/buy BTC/USDT 1"]),
    ('{"ticker":"BTCUSDT","buy":false,"sell":false,"cover":"true"}', ["/close BTC/USDT (buys only)"]),
    ('{"passphrase":"p","ticker":"BTCUSDT","bar":{"open":1,"volume":9},"strategy":{"position_size":2,'
     '"order_action":"buy","order_contracts":2,"order_price":3,"order_id":"door","market_position":"long",'
     '"market_position_size":2,"prev_market_position":"flat","prev_market_position_size":0}}', ["/buy BTC/USDT 2"]),
    # the bar's volume is no size
    ('{"ticker":"BTCUSDT","action":"buy","qty":1,"open":1,"high":2,"low":1,"close":2,"volume":150177}',
     ["/buy BTC/USDT 1"]),
    # names that mean one thing or another
    ('{"ticker":"BTCUSDT","side":"buy","order":"limit","price":5,"qty":1}', ["/buy BTC/USDT 1 5"]),
    ('{"ticker":"BTCUSDT","action":"sell","direction":"flat","qty":2}', ["/close BTC/USDT (sells only)"]),
    ('{"ticker":"BTCUSDT","action":"buy","market":"spot","qty":2}', ["/buy BTC/USDT 2"]),
    # null is as good as not there
    ('{"ticker":"BTCUSDT","action":null,"direction":"long","qty":1}', ["/buy BTC/USDT 1"]),
    # PineConnector
    ("60123456789,sell,BTCUSDT,vol_lots=1, secret=HappyTrader501", ["/sell BTC/USDT 1"]),
    ("60123456789,closelong,BTCUSDT,comment=”bye”", ["/close BTC/USDT (sells only)"]),
    # closes
    ('{"symbol":"BTCUSDT","action":"close"}', ["/close BTC/USDT"]),
    ('{"symbol":"BTCUSDT","action":"close","size":"50%"}', ["/close BTC/USDT 50%"]),
    ('{"symbol":"BTCUSDT","action":"exit_long","quantity":0.2,"sl":1}', ["/close BTC/USDT 0.2 (sells only)"]),
    ('{"symbol":"BTCUSDT","action":"close","side":"short"}', ["/close BTC/USDT (buys only)"]),
    ('{"symbol":"all","action":"close"}', ["/close all"]),
    # lines
    ("/buy BTC/USDT 0.01 59000 sl=58000 tp=65000 tif=ioc", ["/buy BTC/USDT 0.01 59000 sl=58000 tp=65000 tif=ioc"]),
    ("short BTCUSDT risk=1% sl=61000", ["/sell BTC/USDT risk=1% sl=61000"]),
    ("close all\ncancel all", ["/close all", "/cancel all account=demo"]),
    ("// first\nsl BTCUSDT 58000\ntrail BTCUSDT 1.5%", ["/sl BTC/USDT 58000", "/trail BTC/USDT 1.5%"]),
    ("oco BTCUSDT 0.1 tp=65000 sl=58000", ["/oco BTC/USDT 0.1 sl=58000 tp=65000"]),
    ("target BTCUSDT short 0.5\ntarget ETHUSDT -2\ntarget BTCUSDT flat",
     ["target BTC/USDT -0.5", "target ETH/USDT -2", "target BTC/USDT 0"]),
    # several orders: a list, and a list with what holds for each of them
    ('[{"symbol":"BTCUSDT","action":"close"},{"symbol":"ETHUSDT","action":"buy","qty":1}]',
     ["/close BTC/USDT", "/buy ETH/USDT 1"]),
    ('{"symbol":"BTCUSDT","action":"buy","orders":[{"qty":1},{"qty":2,"limit":5},{"ticker":"ETHUSDT","qty":3}]}',
     ["/buy BTC/USDT 1", "/buy BTC/USDT 2 5", "/buy ETH/USDT 3"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "wanted"), READ)
def test_the_shapes_people_send_are_read(body: str, wanted: list[str]) -> None:
    assert lines(body) == wanted


def test_the_looks_decide_and_not_a_byte_order_mark() -> None:
    assert lines(b'\xef\xbb\xbf \r\n{"symbol":"BTCUSDT","side":"buy","qty":1}\r\n') == ["/buy BTC/USDT 1"]


STRATEGY = [  # side, contracts, before, after -> what it is
    ("buy", "2", ("flat", "0"), ("long", "2"), "/buy BTC/USDT 2"),
    ("buy", "2", ("long", "2"), ("long", "4"), "/buy BTC/USDT 2"),
    ("sell", "3", ("long", "2"), ("short", "1"), "/sell BTC/USDT 3"),  # a reversal is one order
    ("sell", "1", ("long", "2"), ("long", "1"), "/close BTC/USDT 1 (sells only)"),
    ("sell", "2", ("long", "2"), ("flat", "0"), "/close BTC/USDT (sells only)"),
    ("buy", "1", ("short", "3"), ("short", "2"), "/close BTC/USDT 1 (buys only)"),
    ("buy", "3", ("short", "3"), ("flat", "0"), "/close BTC/USDT (buys only)"),
]


@pytest.mark.parametrize(("side", "contracts", "before", "after", "wanted"), STRATEGY)
def test_an_order_of_a_strategy_that_only_leaves_a_position_is_a_close(
    side: str, contracts: str, before: tuple[str, str], after: tuple[str, str], wanted: str
) -> None:
    body = (
        f'{{"ticker":"BTCUSDT","action":"{side}","contracts":{contracts},"market_position":"{after[0]}",'
        f'"market_position_size":{after[1]},"prev_market_position":"{before[0]}",'
        f'"prev_market_position_size":"{before[1]}"}}'
    )
    assert lines(body) == [wanted]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ('"market_position":"long","market_position_size":"0.5"', "target BTC/USDT 0.5"),
        ('"market_position":"short","market_position_size":"0.5","sl":61000', "target BTC/USDT -0.5 sl=61000"),
        ('"position_size":"-0.5"', "target BTC/USDT -0.5"),
        ('"position_size":0', "target BTC/USDT 0"),
        ('"market_position":"flat","market_position_size":"0","contracts":"0.5"', "target BTC/USDT 0"),
        ('"market_position":"short","position_size":"0.5"', "target BTC/USDT -0.5"),
        ('"action":"target","position":"long","size":"0.5"', "target BTC/USDT 0.5"),
        ('"action":"target","position":"flat","size":"0"', "target BTC/USDT 0"),
        ('"action":"target","position":"-0.5"', "target BTC/USDT -0.5"),
    ],
)
def test_a_position_without_a_side_is_a_target(fields: str, wanted: str) -> None:
    assert lines(f'{{"ticker":"BTCUSDT",{fields}}}') == [wanted]


def test_nobody_is_kept_from_getting_out_by_the_stop_and_target_of_the_entry() -> None:
    body = '{"ticker":"BTCUSDT","action":"sell","qty":2,"market_position":"%s","prev_market_position":"long"%s}'
    entry = ',"sl":58000,"tp":65000'
    assert lines(body % ("flat", entry)) == ["/close BTC/USDT (sells only)"]
    assert lines(body % ("long", entry)) == ["/close BTC/USDT 2 (sells only)"]
    assert lines(body % ("long", entry + ',"limit":60000')) == ["/sell BTC/USDT 2 60000 reduce=yes"]


def test_what_an_alert_says_of_itself() -> None:
    reading = said(
        '{"ticker":"BTCUSDT","action":"buy","qty":1,"event_id":"e-1","timestamp":"2026-01-05T13:00:00+01:00",'
        '"time":"2026-01-05T00:00:00Z","max_lag":"30","comment":"up\\nand \\u202eaway","rsi":71,"bar":[1]}'
    )
    assert reading.id == "e-1"
    assert reading.sent_at == datetime(2026, 1, 5, 12, tzinfo=UTC), "when it was sent, not when its bar opened"
    assert reading.max_age_s == 30
    assert reading.comment == "up and  away"
    assert reading.notes == ("Not read: rsi, bar.",)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-05T12:00:00Z", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("1767614400", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("1767614400250", datetime(2026, 1, 5, 12, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times_in_the_ways_they_are_written(text: str, at: datetime) -> None:
    assert said(f'{{"ticker":"BTCUSDT","action":"close","time":"{text}"}}').sent_at == at


def test_several_orders_are_as_old_as_the_oldest_and_have_all_their_ids() -> None:
    order = '{{"ticker":"BTCUSDT","action":"close","id":"a{0}","time":"2026-01-05T12:00:0{0}Z"}}'
    reading = said(f"[{order.format(2)},{order.format(1)}]")
    assert (reading.id, reading.sent_at) == ("a2+a1", datetime(2026, 1, 5, 12, 0, 1, tzinfo=UTC))


def test_an_id_that_cannot_be_unique_is_told_of() -> None:
    assert "no digit" in said('{"ticker":"BTCUSDT","action":"close","id":"Long"}').notes[0]


def test_a_price_without_a_limit_order_is_told_not_to_be_one() -> None:
    (note,) = said('{"ticker":"BTCUSDT","action":"buy","qty":1,"price":60000}').notes
    assert note == "price 60000 is the alert's own price, not a limit."


def test_the_sources_own_size_is_used_only_where_an_order_has_none() -> None:
    source = pine(size="$50")
    assert lines("SELL BTCUSDT", source) == ["/sell BTC/USDT $50"]
    assert lines("SELL BTCUSDT 2", source) == ["/sell BTC/USDT 2"]
    assert lines("close BTCUSDT", source) == ["/close BTC/USDT"]


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ('"action":"buy","qty":1,"sl":null', "Not read: sl (null)."),
        ('"action":"close","sl":5', "It only leaves a position: sl, tp and trail are not used."),
        ('"action":"sell","qty":1,"position":"flat"',
         "Its strategy is flat then: all of the position is closed, whatever the size."),
        ('"action":"buy","qty":1,"stopLoss":{"price":5,"type":"stop"}',
         "stopLoss.type: the stop loss is done at the market."),
    ],
)  # fmt: skip
def test_what_could_surprise_is_noted(fields: str, note: str) -> None:
    assert said(f'{{"ticker":"BTCUSDT",{fields}}}').notes == (note,)


# --- symbols ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "symbol"),
    [
        ('"ticker":"BINANCE:BTCUSDT"', "BTC/USDT"),
        ('"ticker":"KUCOIN:BTC-USDT"', "BTC/USDT"),  # the table's own
        ('"ticker":"BTC-USDT","exchange":"kucoin"', "BTC/USDT"),
        ('"ticker":"eth-perp"', "ETH/USDT:USDT"),
        ('"ticker":"XBTUSD"', "BTC/USDT"),
        ('"ticker":"BITMEX:XBTUSD"', "BTC/USDT"),  # the table's entry without an exchange holds for each
        ('"ticker":"BINANCE:ETHUSDT.P"', "ETH/USDT:USDT"),
        ('"ticker":"ETH/USDT:USDT"', "ETH/USDT:USDT"),
        ('"ticker":"BTCUSDT","symbol":"BTC/USDT"', "BTC/USDT"),  # the same, twice
    ],
)
def test_symbols_by_the_table_first_and_then_as_they_are_spelt(fields: str, symbol: Symbol) -> None:
    (wish,) = said(f'{{"action":"close",{fields}}}').orders
    assert wish.symbol == symbol


def test_the_table_may_map_a_future_to_spot_because_somebody_wrote_that() -> None:
    source = pine({"BINANCE:BTCUSDT.P": "BTC/USDT"})
    assert lines('{"action":"close","ticker":"BINANCE:BTCUSDT.P"}', source) == ["/close BTC/USDT"]
