"""The messages to paste are read, once TradingView has filled them in; and not before."""

import re

import pytest

from handlers.tradingview.given import Unreadable
from handlers.tradingview.messages import Kind, fields_table, message_for, page
from handlers.tradingview.secret import candidates
from handlers.tradingview.words import WORDS, word_of
from tests.handlers.tradingview.source import lines, said

FILLED = {
    "exchange": "BINANCE",
    "ticker": "BTCUSDT",
    "timenow": "2026-01-05T12:00:00Z",
    "strategy.order.action": "sell",
    "strategy.order.contracts": "0.03",
    "strategy.market_position": "short",
    "strategy.market_position_size": "0.01",
    "strategy.prev_market_position": "long",
    "strategy.prev_market_position_size": "0.02",
}


def filled(message: str, **other: str) -> str:
    """As TradingView sends it: pure replacement of text."""
    values = FILLED | {name.replace("__", "."): value for name, value in other.items()}
    return re.sub(r"\{\{(.+?)\}\}", lambda found: values[found[1]], message)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (Kind.STRATEGY, "target BTC/USDT -0.01"),
        (Kind.STRATEGY_ORDERS, "/sell BTC/USDT 0.03"),
        (Kind.INDICATOR_BUY, "/buy BTC/USDT $50"),
        (Kind.INDICATOR_SELL, "/sell BTC/USDT $50"),
        (Kind.INDICATOR_CLOSE, "/close BTC/USDT"),
    ],
)
def test_a_message_is_read_once_it_is_filled_in(kind: Kind, wanted: str) -> None:
    message = message_for(kind, size="$50")
    assert lines(filled(message)) == [wanted]
    assert said(filled(message)).sent_at is not None
    assert not said(filled(message)).notes
    with pytest.raises(Unreadable) as refused:
        said(message)
    assert refused.value.code == "UNFILLED"


def test_a_strategy_that_goes_flat_closes() -> None:
    flat = {"strategy__market_position": "flat", "strategy__market_position_size": "0"}
    assert lines(filled(message_for(Kind.STRATEGY), **flat)) == ["target BTC/USDT 0"]
    assert lines(filled(message_for(Kind.STRATEGY_ORDERS), **flat)) == ["/close BTC/USDT (sells only)"]


@pytest.mark.parametrize("kind", Kind)
def test_a_message_holds_the_secret_only_if_it_is_asked_to(kind: Kind) -> None:
    assert candidates(filled(message_for(kind, secret='a"b')).encode()) == ('a"b',)
    assert candidates(filled(message_for(kind)).encode()) == ()


def test_an_indicators_alert_uses_no_placeholder_of_strategies() -> None:
    for kind in (Kind.INDICATOR_BUY, Kind.INDICATOR_SELL, Kind.INDICATOR_CLOSE):
        assert "{{strategy" not in message_for(kind)


def test_the_page_tells_every_field_by_a_name_that_means_it() -> None:
    rows = list(fields_table())
    assert len(rows) == len(WORDS)
    for word, (name, example, _, also) in zip(WORDS, rows, strict=True):
        assert f"| `{name}` | `{example}` |" in page()
        assert {word_of(each) for each in [name, *filter(None, also.split(", "))]} == {word}
