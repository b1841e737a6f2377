"""The API as a program meets it: real HTTP to a real desk."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.web import examples
from tests.bot.web.served import Served
from trading import events as e

pytestmark = pytest.mark.asyncio(loop_scope="module")
READ = (
    "/status", "/accounts", "/positions", "/balances", "/orders", "/fills", "/equity", "/signals", "/strategies",
    "/risk", "/events", "/webhooks",
)  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
PLAIN = re.compile(r"-?\d+(\.\d+)?")


async def get(desk: Served, path: str, **params: Any) -> Any:
    answer = await desk.viewer.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def assert_error(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "text", "remedy"}
    assert answer.json()["error"] == code
    assert answer.json()["text"]


# --- commands --------------------------------------------------------------------------------


async def test_a_command_answers_its_reply_in_the_public_shape(desk: Served) -> None:
    reply = await desk.say("/buy BTC/USDT 0.01")
    assert set(reply) == set(examples.REPLY)
    assert reply["ok"] is True
    assert "Filled 0.01" in reply["text"]
    assert (await get(desk, f"/orders/{reply['order_id']}"))["status"] == "FILLED"


async def test_the_same_key_again_is_the_same_answer_and_the_same_order(desk: Served) -> None:
    first = await desk.say("/buy BTC/USDT 0.002", key="one")
    second = await desk.say("/buy BTC/USDT 0.002", key="one")
    by_route = await desk.trader.post(
        "/api/v1/orders", json={"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.002", "key": "one"}
    )
    assert first == second == by_route.json()
    bought = [order for order in await get(desk, "/orders") if order["quantity"] == "0.002"]
    assert len(bought) == 1


async def test_the_same_key_at_the_same_time_is_one_order(desk: Served) -> None:
    replies = await asyncio.gather(*(desk.say("/buy BTC/USDT 0.003", key="twin") for _ in range(8)))
    assert len({reply["order_id"] for reply in replies}) == 1
    assert len([order for order in await get(desk, "/orders") if order["quantity"] == "0.003"]) == 1


async def test_a_refused_command_is_an_answer_with_its_code(desk: Served) -> None:
    reply = await desk.say("/buy BTC/USDT nonsense")
    assert reply["ok"] is False
    assert reply["error"]
    assert reply["order_id"] is None
    denied = await desk.say("/buy BTC/USDT $1000000")
    assert denied["ok"] is False
    assert denied["order_id"]
    assert (await get(desk, f"/orders/{denied['order_id']}"))["status"] == "DENIED"


async def test_a_confirmation_is_a_button_whose_line_confirms_it(desk: Served) -> None:
    asked = await desk.say("/mode demo live 15m", who=desk.admin)
    assert asked["ok"] is True
    assert asked["order_id"] is None
    line = next(b["line"] for b in asked["buttons"] if b["line"].startswith("confirm "))
    assert asked["phrase"]
    assert asked["phrase"] in asked["text"]
    assert (await desk.say(line, who=desk.admin))["error"] == "PHRASE_NEEDED"
    assert (await desk.say(f"{line} {asked['phrase']}", who=desk.admin))["ok"] is True
    assert (await get(desk, "/accounts"))[0]["mode"] == "live"
    assert (await desk.say("/mode demo paper", who=desk.admin))["ok"] is True
    assert (await get(desk, "/accounts"))[0]["mode"] == "paper"


async def test_completion_says_what_may_be_typed_and_where(desk: Served) -> None:
    answer = await desk.viewer.post("/api/v1/complete", json={"text": "/price BT now", "cursor": 9})
    assert {"text": "BTC/USDT", "start": 7}.items() <= answer.json()[0].items()
    past = await desk.viewer.post("/api/v1/complete", json={"text": "/pri", "cursor": 4000})
    assert past.json()[0]["text"] == "/price"


# --- orders ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("size", "lots", 'size: write it as text: "0.01", "$100", "100usdt", "5%" or "risk=1%".'),
        ("size", 5, 'size: write it as text: "0.01", "$100", "100usdt", "5%" or "risk=1%".'),
        ("limit_price", "-1", 'limit_price: write a positive number as text, such as "0.01".'),
        ("stop_loss", "9" * 41, 'stop_loss: write a positive number as text, such as "0.01".'),
        ("trail", "far", 'trail: write a distance in price or in percent as text: "100" or "1%".'),
    ],
)
async def test_a_field_that_is_written_wrongly_is_told_how_it_is_written(
    desk: Served, field: str, value: object, told: str
) -> None:
    body = {"symbol": "BTC/USDT", "side": "BUY", "size": "0.01", field: value}
    answer = await desk.trader.post("/api/v1/orders", json=body)
    assert (answer.status_code, answer.json()["text"]) == (422, told)


async def test_an_order_of_each_kind_is_created_as_it_was_written(desk: Served) -> None:
    base = {"symbol": "ETH/USDT", "side": "BUY", "account": "demo"}
    sent: tuple[tuple[dict[str, Any], dict[str, str | None]], ...] = (
        ({"size": "$50"}, {"type": "MARKET", "status": "FILLED"}),
        ({"quantity": "0.02", "type": "LIMIT", "limit_price": "3100", "post_only": True},
         {"type": "LIMIT", "limit_price": "3100", "quantity": "0.02", "status": "ACCEPTED"}),
        ({"quantity": "0.03", "type": "STOP", "stop_price": "3390"}, {"type": "STOP", "stop_price": "3390"}),
        ({"quantity": "0.04", "type": "STOP_LIMIT", "stop_price": "3380", "limit_price": "3385"},
         {"type": "STOP_LIMIT", "stop_price": "3380", "limit_price": "3385"}),
        ({"quantity": "0.05", "limit_price": "3000", "time_in_force": "IOC"},
         {"type": "LIMIT", "time_in_force": "IOC", "status": "EXPIRED"}),
        ({"side": "SELL", "quantity": "0.005", "type": "TRAILING_STOP", "trail": "2%", "reduce_only": True},
         {"type": "TRAILING_STOP", "side": "SELL"}),
    )  # fmt: skip
    for number, (written, expected) in enumerate(sent):
        answer = await desk.trader.post("/api/v1/orders", json={**base, **written, "key": f"kind-{number}"})
        assert answer.status_code == 200, answer.text
        order = await get(desk, f"/orders/{answer.json()['order_id']}")
        assert expected.items() <= order.items()
        assert order["source"] == "api"
    assert (await desk.say("/cancel all"))["ok"]


async def test_a_bracket_order_has_its_legs(desk: Served) -> None:
    body = {"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.004", "limit_price": "59100",
            "stop_loss": "57000", "take_profit": "65000"}  # fmt: skip
    order_id = (await desk.trader.post("/api/v1/orders", json=body)).json()["order_id"]
    legs = [o for o in await get(desk, "/orders", status="open") if o["parent_id"] == order_id]
    assert {(leg["leg"], leg["stop_price"] or leg["limit_price"]) for leg in legs} == {("sl", "57000"), ("tp", "65000")}
    assert (await desk.trader.delete(f"/api/v1/orders/{order_id}")).status_code == 200


async def test_an_order_is_cancelled_by_the_beginning_of_its_id(desk: Served) -> None:
    body = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.001", "limit_price": "59000"}
    order_id = (await desk.trader.post("/api/v1/orders", json=body)).json()["order_id"]
    assert order_id in [order["id"] for order in await get(desk, "/orders", status="open")]
    gone = await desk.trader.delete(f"/api/v1/orders/{order_id[:10]}")
    assert gone.json()["ok"] is True
    assert (await get(desk, f"/orders/{order_id}"))["status"] == "CANCELED"
    assert_error(await desk.trader.delete(f"/api/v1/orders/{order_id}"), 409, "NOT_OPEN")
    assert_error(await desk.trader.delete("/api/v1/orders/zzzzzzzz"), 404, "NO_SUCH_ORDER")


async def test_orders_that_make_no_sense_are_refused_by_the_field(desk: Served) -> None:
    good = {"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.01"}
    for wrong, named in (
        ({"quantity": None}, "quantity"), ({"size": "$5"}, "size"), ({"quantity": "1e5"}, "quantity"),
        ({"quantity": 0.01}, "quantity"), ({"side": "HOLD"}, "side"), ({"type": "LIMIT"}, "limit_price"),
        ({"type": "MARKET", "limit_price": "5"}, "MARKET"), ({"typ": "LIMIT"}, "typ"), ({"side": ...}, "side"),
        ({"size": "stop=5", "quantity": None}, "size"), ({"limit_price": "5 reduce=yes"}, "limit_price"),
    ):  # fmt: skip
        body = {name: value for name, value in {**good, **wrong}.items() if value is not ...}
        answer = await desk.trader.post("/api/v1/orders", json=body)
        assert_error(answer, 422, "INVALID")
        assert named in answer.json()["text"]
    assert_error(await desk.trader.post("/api/v1/orders", json={**good, "symbol": "NOPE"}), 422, "BAD_SYMBOL")
    hidden = await desk.trader.post("/api/v1/orders", json={**good, "symbol": "BTC/USDT 5 account=x"})
    assert_error(hidden, 422, "BAD_SYMBOL")


async def test_sync_holds_the_books_against_the_venue(desk: Served) -> None:
    answer = await desk.trader.post("/api/v1/orders/sync")
    assert answer.status_code == 200
    assert "no differences" in answer.json()["text"]


# --- reading ---------------------------------------------------------------------------------


def walk(value: Any, path: str = "") -> Any:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from walk(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, path)
    else:
        yield path, value


async def test_every_answer_has_the_keys_of_its_example_and_no_number_is_a_float(desk: Served) -> None:
    await desk.say("/buy BTC/USDT 0.001")
    await desk.app.sample_equity()
    await desk.app.book.record(e.AlertReceived("w5d7mx3kq2apzr4c", "pine", "demo", "buy", "print"))
    pairs = (
        ("/status", examples.STATUS), ("/accounts", [examples.ACCOUNT]), ("/positions", [examples.POSITION]),
        ("/balances", [examples.BALANCE]), ("/orders", [examples.ORDER]), ("/fills", [examples.FILL]),
        ("/equity", [examples.SAMPLE]), ("/strategies", [examples.STRATEGY]), ("/risk", [examples.RISK]),
        ("/events", [examples.EVENT]), ("/webhooks", [examples.ALERT]),
    )  # fmt: skip
    for path, example in pairs:
        found = await get(desk, path)
        first, shown = (found[0], example[0]) if isinstance(example, list) else (found, example)
        assert set(first) == set(shown), path
        for where, value in walk(found):
            assert not isinstance(value, float), f"{path}{where} is a float: {value}"


async def test_numbers_are_plain_text_times_are_utc_and_the_books_agree(desk: Served) -> None:
    before = {b["currency"]: Decimal(b["amount"]) for b in await get(desk, "/balances", account="demo")
              if b["mode"] == "paper"}  # fmt: skip
    order_id = (await desk.say("/buy BTC/USDT 0.01"))["order_id"]
    fill = (await get(desk, "/fills", order_id=order_id))[0]
    order = await get(desk, f"/orders/{order_id}")
    for number in (fill["quantity"], fill["price"], fill["fee"]["amount"], order["average_price"]):
        assert PLAIN.fullmatch(number)
    for time in (fill["at"], order["created_at"], order["updated_at"]):
        assert TIME.fullmatch(time)
        assert datetime.fromisoformat(time)
    paid = Decimal(fill["quantity"]) * Decimal(fill["price"]) + Decimal(fill["fee"]["amount"])
    after = {b["currency"]: Decimal(b["amount"]) for b in await get(desk, "/balances", account="demo")
             if b["mode"] == "paper"}  # fmt: skip
    assert after["USDT"] == before["USDT"] - paid
    assert after["BTC"] == before["BTC"] + Decimal("0.01")


async def test_lists_are_filtered_and_limited_newest_first(desk: Served) -> None:
    for line in ("/buy ETH/USDT 0.01", "/buy BTC/USDT 0.001", "/buy BTC/USDT 0.001", "/buy BTC/USDT 0.001"):
        assert (await desk.say(line))["ok"]
    orders = await get(desk, "/orders", limit=3)
    assert len(orders) == 3
    assert orders == sorted(orders, key=lambda o: o["created_at"], reverse=True)
    assert {o["symbol"] for o in await get(desk, "/orders", symbol="ETH/USDT")} == {"ETH/USDT"}
    assert await get(desk, "/orders", account="nobody") == []
    assert await get(desk, "/fills", since="2100-01-01T00:00:00Z") == []
    for query in ("limit=0", "limit=1001", "status=some", "since=yesterday", "since=2026-01-01T00:00:00", "after=-1"):
        path = "events" if query.startswith("after") else "fills" if query.startswith("since") else "orders"
        assert_error(await desk.viewer.get(f"/api/v1/{path}?{query}"), 422, "INVALID")


async def test_the_journal_is_read_on_from_where_one_was(desk: Served) -> None:
    await desk.say("/buy BTC/USDT 0.001")
    first = await get(desk, "/events", limit=5)
    assert [event["seq"] for event in first] == [1, 2, 3, 4, 5]
    more = await get(desk, "/events", after=5, limit=1000)
    assert [event["seq"] for event in more] == list(range(6, 6 + len(more)))
    assert more[-1]["seq"] == (await get(desk, "/status"))["last_seq"]


# --- who may ---------------------------------------------------------------------------------


async def test_everything_but_health_needs_a_token(desk: Served) -> None:
    for path in READ:
        answer = await desk.nobody.get(f"/api/v1{path}")
        assert_error(answer, 401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert (await desk.viewer.get(f"/api/v1{path}")).status_code == 200
    for path in ("commands", "orders", "orders/sync", "complete", "links"):
        assert_error(await desk.nobody.post(f"/api/v1/{path}", json={}), 401, "UNAUTHORIZED")
    assert_error(await desk.nobody.get("/metrics"), 401, "UNAUTHORIZED")
    assert (await desk.nobody.get("/healthz")).json() == {"ok": True}
    assert (await desk.nobody.get("/readyz")).json() == {"ready": True, "reason": None}
    assert "tiller_" in (await desk.viewer.get("/metrics")).text


async def test_a_role_is_enough_or_the_route_is_forbidden(desk: Served) -> None:
    order = {"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.01"}
    assert_error(await desk.viewer.post("/api/v1/orders", json=order), 403, "FORBIDDEN")
    assert_error(await desk.viewer.delete("/api/v1/orders/abcd"), 403, "FORBIDDEN")
    assert_error(await desk.trader.post("/api/v1/links"), 403, "FORBIDDEN")
    told = await desk.viewer.post("/api/v1/commands", json={"line": "/buy BTC/USDT 0.01"})
    assert told.json()["error"] == "NOT_ALLOWED"


async def test_a_revoked_token_is_unknown_at_once(desk: Served) -> None:
    token = await desk.app.tokens.issue(desk_role(desk))
    number = (await desk.app.store.tokens.list())[-1]["id"]
    async with desk.client(token) as client:
        assert (await client.get("/api/v1/status")).status_code == 200
        await desk.app.store.tokens.revoke(number, desk.app.clock.now())
        assert_error(await client.get("/api/v1/status"), 401, "UNAUTHORIZED")


def desk_role(desk: Served) -> Any:
    return next(iter(desk.tokens))


async def test_a_session_cookie_is_no_token(desk: Served) -> None:
    signed_in = await desk.nobody.get("/login", params={"link": desk.app.tokens.link()})
    cookie = signed_in.cookies["tiller"]
    answer = await desk.nobody.get("/api/v1/status", headers={"Cookie": f"tiller={cookie}"})
    assert_error(answer, 401, "UNAUTHORIZED")
    desk.nobody.cookies.clear()


# --- the description -------------------------------------------------------------------------


async def test_the_description_has_an_example_of_every_route_and_says_that_a_token_is_needed(desk: Served) -> None:
    described = (await desk.nobody.get("/api/v1/openapi.json")).json()
    open_paths = {"/healthz", "/readyz", *(path for path in described["paths"] if path.startswith("/webhooks/"))}
    assert {f"/api/v1{path}" for path in READ} | open_paths <= set(described["paths"])
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            shown = route["responses"]["200"]["content"]
            assert any("example" in media for media in shown.values()), f"{method} {path}"
            assert ("security" in route) == (path not in open_paths), f"{method} {path}"
            assert route["description"] or route["summary"]
            if path not in open_paths:
                schema = route["responses"]["401"]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}
    assert described["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}


async def test_the_examples_are_what_is_answered(desk: Served) -> None:
    paths = (await desk.nobody.get("/api/v1/openapi.json")).json()["paths"]

    def example(path: str, method: str = "get", status: str = "200") -> Any:
        return paths[path][method]["responses"][status]["content"]["application/json"]["example"]

    made = (await desk.trader.post("/api/v1/orders", json={**example_body(), "limit_price": "1000.5"})).json()
    order = await desk.trader.get(f"/api/v1/orders/{made['order_id']}")
    assert set(example("/api/v1/orders/{order_id}")) == set(order.json())
    assert set(example("/api/v1/orders")[0]) == set(order.json())
    assert set(example("/api/v1/orders", "post")) == set(example("/api/v1/commands", "post")) == set(made)
    canceled = (await desk.trader.delete(f"/api/v1/orders/{made['order_id']}")).json()
    told = example("/api/v1/orders/{order_id}", "delete")
    assert set(told) == set(canceled)
    assert canceled["text"].partition(":")[0] == told["text"].partition(":")[0]
    assert "Canceled: asked by" in told["text"]
    assert "Canceled: asked by" in canceled["text"]
    synced = (await desk.trader.post("/api/v1/orders/sync")).json()
    told = example("/api/v1/orders/sync", "post")
    assert {name: value for name, value in told.items() if name != "text"} == {
        name: value for name, value in synced.items() if name != "text"
    }
    assert "open orders checked, no differences" in told["text"]
    assert set(example("/api/v1/status")) == set((await desk.viewer.get("/api/v1/status")).json())
    assert example("/readyz") == (await desk.nobody.get("/readyz")).json()


def example_body() -> dict[str, str]:
    return {"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.02"}


async def test_a_market_order_is_taken_as_it_is_shown(desk: Served) -> None:
    made = (await desk.trader.post("/api/v1/orders", json=example_body() | {"quantity": "0.001"})).json()
    shown = (await desk.trader.get(f"/api/v1/orders/{made['order_id']}")).json()
    same = {name: shown[name] for name in ("symbol", "side", "quantity", "type", "time_in_force")} | {
        "quantity": "0.002"
    }
    again = await desk.trader.post("/api/v1/orders", json=same)
    assert again.status_code == 200, again.text
    assert again.json()["ok"] is True
