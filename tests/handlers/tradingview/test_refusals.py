"""What is not said is not guessed: each refusal has its code, its place and one line."""

import pytest

from handlers.tradingview.body import LONGEST
from handlers.tradingview.given import Unreadable
from handlers.tradingview.symbols import Source
from tests.handlers.tradingview.source import pine, said
from trading.instruments import Symbol

REST = '"symbol":"BTCUSDT","side":"buy","qty":1'

REFUSED = [
    # shapes
    ("", "EMPTY", ""),
    ("[]", "EMPTY", ""),
    ("MyKeys(XBTUSD) { market(side: buy); }", "NO_SHAPE", ""),
    ("NASDAQ:AAPL, price = 1245.25, volume = 150177", "BAD_PAIR", "line 1"),
    ("value1=Buying+BTC%2FUSDT&value2=limit+30000&value3=50+USDT", "NO_ACTION", ""),
    ("KEY=value\\nEXCHANGE\\nPLOp=ABC", "BAD_PAIR", "line 1"),
    ("SYMBOL=BTCUSDT\nSIGNAL=BUY\nSIGNAL=SELL\nVOLUME=1", "BAD_PAIR", "line 3"),
    ('Signal: ""EXCHANGE = KUCOIN;\\\\nSYMBOL = CRVUSDT;\\\\nSIGNAL = sell', "BAD_PAIR", "line 1"),
    ("close BTCUSDT\n" * 11, "TOO_MANY", ""),
    ("buy BTCUSDT 1\nPassword", "BAD_ACTION", "line 2"),
    ("buy BTCUSDT 1 2 3", "BAD_LINE", "line 1"),
    ("buy BTC\u202eUSDT 1", "BAD_LINE", "line 1"),
    ("buy,60123456789,EURUSD", "NO_SHAPE", ""),
    ("close BTCUSDT comment=" + "x" * 1000, "BAD_LINE", "line 1"),
    ("60123456789,buy,BTCUSDT,now", "BAD_PAIR", "part 4"),
    ("60123456789,60123456789,buy,EURUSD", "NO_SHAPE", ""),
    ("60123456789,sell,BTCUSDT,sl=50,vol_lots=1", "AMBIGUOUS", "part 4"),
    ("60123456789,buy,BTCUSDT,risk=1", "AMBIGUOUS", "part 4"),
    # JSON
    (f'{{{REST}, // note\n"x":1}}', "BAD_JSON", "line 1, column 43"),
    (f'{{{REST},\n "sl": NaN}}', "BAD_JSON", ""),
    (f'{{{REST},"sl": -Infinity}}', "BAD_JSON", ""),
    (f'{{{REST},"side":"sell"}}', "BAD_JSON", ""),
    ('{“symbol”: "BTCUSDT"}', "BAD_JSON", "line 1, column 2"),
    (f'{{{REST},"comment":"a "quoted" word"}}', "BAD_JSON", "line 1, column 56"),
    (f"{{{REST}}} {{}}", "BAD_JSON", "line 1, column 43"),
    (f'{{{REST},"a":' + "[" * 9 + "]" * 9 + "}", "BAD_JSON", ""),
    ("[" * 60_000, "BAD_JSON", ""),
    ('[{"symbol":"BTCUSDT","action":"close"},"x"]', "BAD_JSON", "[1]"),
    ("[" + ",".join(['{"symbol":"BTCUSDT","action":"close"}'] * 11) + "]", "TOO_MANY", ""),
    ("{" + ",".join(f'"a{n}":1' for n in range(201)) + "}", "TOO_MANY", ""),
    # placeholders
    ('{"symbol":"{{ticker}}","side":"buy","qty":1}', "UNFILLED", "symbol"),
    ('[{"symbol":"ETHUSDT","side":"buy","qty":1},\n{"symbol":"{{ticker}}","side":"buy"}]', "UNFILLED", "[1].symbol"),
    ('{"{{ticker}}":\n1}', "UNFILLED", "line 1"),
    ('{"symbol":"BTCUSDT",\n"side":"buy","qty":{{strategy.order.contracts}}}', "UNFILLED", "line 2"),
    (f'{{{REST},"comment":"{{{{strategy.order.comment}}}}"}}', "UNFILLED", "comment"),
    (f'{{{REST},"note":"\\u007b\\u007bticker}}}}"}}', "UNFILLED", "note"),
    ("{{strategy.order.action}} {{ticker}}", "UNFILLED", "line 1"),
    ('SYMBOL=BTCUSDT\nSIGNAL={{plot("x")}}', "UNFILLED", "line 2"),
    # what to do
    ('{"key":"AAD231DFEw","msg":"Long "}', "NO_ACTION", ""),
    ('{"symbol":"BTCUSDT","action":"HOLD"}', "BAD_ACTION", "action"),
    ('{"symbol":"BTCUSDT","action":"!sell","qty":1}', "BAD_ACTION", "action"),
    ('{"symbol":"BTCUSDT","action":""}', "BAD_ACTION", "action"),
    ('{"symbol":"BTCUSDT","action":"buy","side":"sell","qty":1}', "CONTRADICTION", "side"),
    ('{"symbol":"BTCUSDT","buy":true,"sell":true,"qty":1}', "CONTRADICTION", "sell"),
    ('{"symbol":"BTCUSDT","action":"close","side":"buy"}', "CONTRADICTION", "side"),
    ('{"symbol":"BTCUSDT","action":"target","side":"buy","position":"long","size":1}', "CONTRADICTION", "side"),
    # which symbol
    ("Action=buy; Size=1", "NO_SYMBOL", ""),
    ('{"symbol":"","side":"buy","qty":1}', "NO_VALUE", "symbol"),
    ('{"symbol":"DOGEUSDT","side":"buy","qty":1}', "BAD_SYMBOL", "symbol"),
    ('{"symbol":"BINANCE:BTCUSDT.P","side":"buy","qty":1}', "BAD_SYMBOL", "symbol"),
    ('{"symbol":"BTC","side":"buy","qty":1}', "BAD_SYMBOL", "symbol"),
    ('{"symbol":"all","side":"buy","qty":1}', "BAD_SYMBOL", "symbol"),
    ('{"symbol":"BTCUSDT","ticker":"ETHUSDT","side":"buy","qty":1}', "CONTRADICTION", "ticker"),
    (f'{{{REST},"trading_type":"futures"}}', "CONTRADICTION", "trading_type"),
    ('{"symbol":"ETHUSDT.P","side":"buy","qty":1,"market":"spot"}', "CONTRADICTION", "market"),
    # how much
    ('{"symbol":"BTCUSDT","side":"buy"}', "NO_SIZE", "side"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":null}', "NO_SIZE", "side"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":""}', "NO_VALUE", "qty"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":0}', "BAD_SIZE", "qty"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":-1}', "BAD_SIZE", "qty"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":"1,5"}', "BAD_SIZE", "qty"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":true}', "BAD_VALUE", "qty"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":[1]}', "BAD_VALUE", "qty"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":"100q"}', "BAD_SIZE", "qty"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":1,"usd":50}', "AMBIGUOUS", "usd"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":1,"contracts":2}', "CONTRADICTION", "contracts"),
    ('{"symbol":"BTCUSDT","side":"buy","open":1,"volume":9}', "AMBIGUOUS", "volume"),
    ('{"symbol":"BTCUSDT","side":"buy","risk":1,"sl":5}', "AMBIGUOUS", "risk"),
    ('{"symbol":"BTCUSDT","side":"buy","size":"risk=1%"}', "NO_PRICE", "side"),
    ('{"stub":"dev","symbol":"BTCUSDT","direction":"long","size":"50"}', "AMBIGUOUS", "size"),
    ('{"symbol":"BTCUSDT","action":"buy","order":{"amount":5,"currency_type":"margin_percent"}}', "BAD_CHOICE",
     "order.currency_type"),
    ('{"symbol":"BTCUSDT","action":"ENTER_LONG","investmentType":"percentage_balance","amount":"100"}',
     "UNKNOWN_FIELD", "investmentType"),
    ('{"symbol":"BTCUSDT","action":"close","size":"150%"}', "BAD_SIZE", "size"),
    ('{"symbol":"BTCUSDT","action":"close","risk":"1%"}', "BAD_SIZE", "risk"),
    # at which prices
    (f'{{{REST},"sl":0}}', "BAD_NUMBER", "sl"),
    (f'{{{REST},"sl":"na"}}', "NO_VALUE", "sl"),
    (f'{{{REST},"sl":"1 000"}}', "BAD_NUMBER", "sl"),
    (f'{{{REST},"sl":1e400}}', "BAD_NUMBER", "sl"),
    (f'{{{REST},"sl":{"9" * 5000}}}', "BAD_VALUE", "sl"),
    (f'{{{REST},"sl":10,"tp":5}}', "CONTRADICTION", "tp"),
    (f'{{{REST},"sl":11,"price":10}}', "CONTRADICTION", "sl"),
    ("short BTCUSDT 0.1 sl=800 tp=1000", "CONTRADICTION", "line 1, tp"),
    (f'{{{REST},"sl_percent":5}}', "NO_PRICE", "sl_percent"),
    (f'{{{REST},"price":10,"sl":5,"sl_percent":5}}', "CONTRADICTION", "sl_percent"),
    (f'{{{REST},"price":10,"sl_percent":100}}', "BAD_NUMBER", "sl_percent"),
    (f'{{{REST},"stop":5}}', "AMBIGUOUS", "stop"),
    (f'{{{REST},"type":"limit"}}', "NO_PRICE", "type"),
    (f'{{{REST},"type":"stop"}}', "NO_PRICE", "type"),
    (f'{{{REST},"type":"limit","price":"10%"}}', "BAD_NUMBER", "price"),
    (f'{{{REST},"type":"market","limit":5}}', "CONTRADICTION", "limit"),
    (f'{{{REST},"type":"trailing"}}', "BAD_CHOICE", "type"),
    (f'{{{REST},"tif":"day"}}', "BAD_CHOICE", "tif"),
    (f'{{{REST},"reduce_only":"maybe"}}', "BAD_CHOICE", "reduce_only"),
    ('{"symbol":"BTCUSDT","action":"close","limit":5}', "UNUSED_FIELD", "limit"),
    ("sl BTCUSDT", "NO_PRICE", "line 1"),
    # fields without which it would be another order
    (f'{{{REST},"short SL":37200.00}}', "UNKNOWN_FIELD", "short SL"),
    (f'{{{REST},"tp1":5}}', "UNKNOWN_FIELD", "tp1"),
    (f'{{{REST},"sl_pips":20}}', "UNKNOWN_FIELD", "sl_pips"),
    (f'{{{REST},"max":"500"}}', "UNKNOWN_FIELD", "max"),
    (f'{{{REST},"targets":[5,6]}}', "UNKNOWN_FIELD", "targets"),
    (f'{{{REST},"s\u0456ze":5}}', "UNKNOWN_FIELD", "s\u0456ze"),
    (f'{{{REST},"leverage":3}}', "UNKNOWN_FIELD", "leverage"),
    ("SYMBOL=BTCUSDT;SIGNAL=BUY;VOLUME=1;TAKE_PROFIT_PRICE_1=5", "UNKNOWN_FIELD", "line 1, TAKE_PROFIT_PRICE_1"),
    (f'{{"tiller":1,{REST},"foo":1}}', "UNKNOWN_FIELD", "foo"),
    (f'{{"tiller":2,{REST}}}', "BAD_VERSION", "tiller"),
    ("buy BTCUSDT 1 foo=1", "UNKNOWN_FIELD", "line 1, foo"),
    (f'{{{REST},"account":"broker"}}', "BAD_ACCOUNT", "account"),
    (f'{{{REST},"time":"2026-01-05T12:00:00"}}', "BAD_TIME", "time"),
    (f'{{{REST},"time":"14:30"}}', "BAD_TIME", "time"),
    (f'{{{REST},"id":"\\ud800"}}', "BAD_VALUE", "id"),
    # where the strategy is, against what it does
    (f'{{{REST},"market_position":"short"}}', "CONTRADICTION", "market_position"),
    (f'{{{REST},"position_size":-1}}', "CONTRADICTION", "position_size"),
    ('{"symbol":"BTCUSDT","action":"sell","direction":"long","qty":1}', "CONTRADICTION", "direction"),
    (f'{{{REST},"market_position":"flat","prev_market_position":"long"}}', "CONTRADICTION", "market_position"),
    (f'{{{REST},"market_position":"flat","prev_market_position":"flat"}}', "CONTRADICTION", "market_position"),
    (f'{{{REST},"market_position":"long","market_position_size":1,"prev_market_position":"long",'
     '"prev_market_position_size":2}', "CONTRADICTION", "market_position"),
    (f'{{{REST},"market_position":"long","market_position_size":0}}', "CONTRADICTION", "market_position"),
    (f'{{{REST},"market_position":"flat","position_size":2}}', "CONTRADICTION", "market_position"),
    (f'{{{REST},"market_position":"long","position_size":-2}}', "CONTRADICTION", "market_position"),
    (f'{{{REST},"market_position":"up"}}', "BAD_CHOICE", "market_position"),
    ('{"symbol":"BTCUSDT","action":"close","position":"long"}', "AMBIGUOUS", "position"),
    ('{"symbol":"BTCUSDT","action":"exit_long","position":"short"}', "CONTRADICTION", "position"),
    ('{"symbol":"all","action":"exit_long"}', "AMBIGUOUS", "action"),
    ('{"symbol":"BTCUSDT","position":"long"}', "NO_SIZE", "position"),
    ('{"symbol":"BTCUSDT","position":"long","size":"5%"}', "NO_SIZE", "position"),
    ('{"symbol":"BTCUSDT","action":"target"}', "NO_TARGET", "action"),
    ('{"symbol":"BTCUSDT","action":"target","position":"flat","size":"0.5"}', "CONTRADICTION", "size"),
    ('{"symbol":"BTCUSDT","action":"target","position":"long","size":1,"limit":5}', "UNUSED_FIELD", "limit"),
    ('{"symbol":"BTCUSDT","position_size":1,"market_position_size":2}', "CONTRADICTION", "position_size"),
    ('{"symbol":"BTCUSDT","action":"target","position":"long","size":1,"market_position_size":2}', "CONTRADICTION",
     "action"),
    ('{"symbol":"BTCUSDT","action":"target","position":"flat","close_position":true}', "CONTRADICTION",
     "close_position"),
    ('{"symbol":"BTCUSDT","action":"buy","size":"5%","reverse":true}', "NO_SIZE", "action"),
    ('{"symbol":"BTCUSDT","action":"oco","sl":5,"tp":6}', "NO_SIZE", "action"),
    (f'{{{REST},"type":"limit","price":5,"stop_price":4}}', "CONTRADICTION", "stop_price"),
    (f'{{{REST},"stopLoss":{{"price":0.5,"type":"trailing_stop"}}}}', "BAD_CHOICE", "stopLoss.type"),
    ('{"symbol":"BTCUSDT","side":"buy","qty":"$5"}', "BAD_SIZE", "qty"),
    ('{"symbol":"BTCUSDT","side":"buy","amount":"5%","currency_type":"base"}', "AMBIGUOUS", "amount"),
    # one of several: none is done
    ('{"action":"buy","orders":[{"symbol":"BTCUSDT","qty":1},{"symbol":"DOGE","qty":1}]}', "BAD_SYMBOL",
     "orders[1].symbol"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "place"), REFUSED)
def test_it_is_refused_with_the_reason_and_the_place(body: str, code: str, place: str) -> None:
    with pytest.raises(Unreadable) as refused:
        said(body)
    why = refused.value
    assert (why.code, why.place) == (code, place), str(why)
    assert str(why).startswith(place)
    assert "\n" not in str(why)
    assert len(str(why)) < 300


def test_it_must_be_utf_8_and_not_too_long() -> None:
    with pytest.raises(Unreadable, match="Byte 3 is not UTF-8"):
        said(b'{"\xff')
    fits = b'{"symbol":"BTCUSDT","action":"close","note":"%s"}'
    assert said(fits % (b"x" * (LONGEST - len(fits) + 2)))
    with pytest.raises(Unreadable) as refused:
        said(fits % (b"x" * (LONGEST - len(fits) + 3)))
    assert refused.value.code == "TOO_LONG"


def test_a_ticker_that_the_table_knows_elsewhere_as_something_else_is_ambiguous() -> None:
    source = pine({"KRAKEN:BTCUSDT": "ETH/USDT"})
    with pytest.raises(Unreadable, match=r"could be BTC/USDT or ETH/USDT.*\{\{exchange\}\}"):
        said('{"ticker":"BTCUSDT","action":"close"}', source)
    assert said('{"ticker":"KRAKEN:BTCUSDT","action":"close"}', source).orders[0].symbol == "ETH/USDT"
    assert said('{"ticker":"BTCUSDT","exchange":"KRAKEN","action":"close"}', source).orders[0].symbol == "ETH/USDT"
    assert said('{"ticker":"BINANCE:BTCUSDT","action":"close"}', source).orders[0].symbol == "BTC/USDT"


def test_a_table_that_names_what_is_not_traded_is_refused_and_not_passed_over() -> None:
    with pytest.raises(Unreadable, match="BTC/USDC"):
        said('{"ticker":"BTCUSDT","action":"close"}', pine({"BTCUSDT": "BTC/USDC"}))


def test_dollars_are_not_spent_where_something_else_is_paid() -> None:
    source = Source("demo", lambda text: Symbol("BTC/EUR"))
    with pytest.raises(Unreadable, match="size_usd: BTC/EUR is not paid in dollars"):
        said('{"ticker":"BTCEUR","action":"buy","size_usd":50}', source)
    assert said('{"ticker":"BTCEUR","action":"buy","quote_quantity":50}', source).orders


def test_what_may_be_a_password_is_not_told() -> None:
    for body in ("Passw0rd\nshort BTCUSDT q=0.1", "buy BTCUSDT 1\nPassw0rd", '{"secret":"Passw0rd","action":"x"}'):
        with pytest.raises(Unreadable) as refused:
            said(body)
        assert "Passw0rd" not in str(refused.value)


@pytest.mark.parametrize(
    ("broken", "remedy"),
    [
        ('{"symbol":"BTCUSDT", // note\n"x":1}', "JSON has no comments"),
        ("{“symbol”: 1}", "straight double quotes"),
        ('{"symbol":"BTCUSDT",\n...\n}', "Take the dots out"),
    ],
)
def test_the_usual_mistakes_in_json_are_named(broken: str, remedy: str) -> None:
    with pytest.raises(Unreadable, match=remedy):
        said(broken)
