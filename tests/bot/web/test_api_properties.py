"""Whatever is sent, the API answers in its own shapes and never with a failure of its own."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.web.api import OrderBody
from bot.web.auth import Buckets
from handlers.parse import tokens
from tests.bot.web.served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")
REPLY = {"ok", "text", "tone", "table", "buttons", "image", "order_id", "phrase", "error"}
ERROR = {"error", "text", "remedy"}
often = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

text = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)
numbers = st.sampled_from(
    ["0.01", "1", "-1", "1e9", "$100", "5%", "risk=1%", "", "NaN", "Infinity", "٣", "0", "1" * 45]
)
fields = {
    "symbol": st.sampled_from(["BTC/USDT", "btcusdt", "NOPE", "", "a b", '"', "BINANCE:BTCUSDT", "x=1"]) | text,
    "side": st.sampled_from(["BUY", "sell", "HOLD"]),
    "quantity": numbers | anything,
    "size": numbers | anything,
    "type": st.sampled_from(["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP", "x"]),
    "limit_price": numbers, "stop_price": numbers, "stop_loss": numbers, "take_profit": numbers, "trail": numbers,
    "time_in_force": st.sampled_from(["GTC", "ioc", "FOK", "x"]),
    "account": st.sampled_from(["demo", "x"]) | text,
    "reduce_only": st.booleans(), "post_only": st.booleans(),
}  # fmt: skip
orders = st.fixed_dictionaries({}, optional=fields)
words = st.sampled_from(
    ["/buy", "/sell", "/close", "BTC/USDT", "0.01", "$5", "sl=1", "tp=", "/why", "/kill", "/help", "=", '"', "'", "\\",
     "/schedule", "every=4h", "/dryrun", "all", "/lock", "90s", "confirm", "/", "//", "risk=1%"]
)  # fmt: skip
lines = st.lists(words | text, max_size=6).map(" ".join)


@pytest.fixture(autouse=True)
def _unhurried(desk: Served) -> None:
    """More calls than a client may send: the rate is proven elsewhere."""
    desk.server.state.keeper.calls = Buckets(1e9, 1e9, lambda: 0.0)


def assert_ours(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    said = answer.json()
    if answer.status_code == 200:
        assert set(said) == REPLY
        assert said["ok"] or said["error"]
    else:
        assert answer.status_code in (400, 403, 404, 409, 413, 422)
        assert set(said) == ERROR
        assert said["error"]
        assert said["text"]


def as_json(body: Any) -> bytes:
    return json.dumps(body).encode()


JSON = {"Content-Type": "application/json"}


@often
@given(body=anything)
async def test_any_json_as_a_command(desk: Served, body: Any) -> None:
    assert_ours(await desk.trader.post("/api/v1/commands", content=as_json(body), headers=JSON))


@often
@given(content=st.binary(max_size=200))
async def test_any_bytes_as_a_command(desk: Served, content: bytes) -> None:
    assert_ours(await desk.trader.post("/api/v1/commands", content=content, headers=JSON))


@often
@given(line=lines, key=st.just("") | text)
async def test_any_line_as_a_command(desk: Served, line: str, key: str) -> None:
    assert_ours(await desk.trader.post("/api/v1/commands", content=as_json({"line": line, "key": key}), headers=JSON))


@often
@given(body=orders)
async def test_any_order(desk: Served, body: Any) -> None:
    assert_ours(await desk.trader.post("/api/v1/orders", content=as_json(body), headers=JSON))


@often
@given(line=lines, cursor=st.none() | st.integers(-5, 5000))
async def test_any_line_is_completed_within_its_own_bounds(desk: Served, line: str, cursor: int | None) -> None:
    body = as_json({"text": line, "cursor": cursor})
    answer = await desk.viewer.post("/api/v1/complete", content=body, headers=JSON)
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        end = len(line) if cursor is None else min(cursor, len(line))
        assert all(0 <= each["start"] <= end for each in answer.json())


names = st.sampled_from(["limit", "after", "since", "status", "symbol", "account", "order_id", "strategy", "x"])
values = text.filter(lambda t: t.isprintable()) | st.integers().map(str) | st.datetimes().map(str)
values |= st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())
paths = st.sampled_from(["orders", "fills", "equity", "signals", "events", "positions", "balances", "risk", "status"])


@often
@given(path=paths, query=st.dictionaries(names, values, max_size=3))
async def test_any_question(desk: Served, path: str, query: dict[str, str]) -> None:
    answer = await desk.viewer.get(f"/api/v1/{path}", params=query)
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        assert set(answer.json()) == ERROR


@often
@given(order_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60))
async def test_any_order_id(desk: Served, order_id: str) -> None:
    answer = await desk.viewer.get(f"/api/v1/orders/{quote(order_id, safe='')}")
    assert answer.status_code in (200, 400, 404, 405, 409, 422), answer.text


good = st.builds(
    OrderBody,
    symbol=st.text(min_size=1, max_size=40).filter(lambda t: "\x00" not in t and t.isascii()),
    side=st.sampled_from(["BUY", "SELL"]),
    quantity=st.decimals(0, 1000, places=3).map(str),
    stop_loss=st.none() | st.decimals(0, 1000, places=2).map(str),
    account=st.text(max_size=40).filter(lambda t: "\x00" not in t and t.isascii()),
)


@given(body=good)
async def test_an_order_becomes_one_line_that_means_the_same(body: OrderBody) -> None:
    """Nothing within a field can become another argument: the line's words are the fields again."""
    read = list(tokens(body.line()))
    assert [token.text for token in read if not token.name][1:] == [body.symbol, body.quantity]
    named = {"sl": body.stop_loss, "account": body.account}
    assert {token.name: token.text for token in read if token.name} == {n: v for n, v in named.items() if v}
