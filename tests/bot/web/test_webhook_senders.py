"""Who may send alerts, and what cannot be taken."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bot.web.auth import Buckets
from bot.web.webhooks import BURST, FAILURES_PER_MINUTE, AlertRates
from tests.bot.web.posting import PROXY, assert_refused, counted, journal, outcome, post, send
from tests.bot.web.served import Served, served
from tests.bot.webhooks.alerting import SECRET, SOURCES, orders_of, signature, stamped
from trading import events as e
from trading.events import Outcome

pytestmark = pytest.mark.asyncio(loop_scope="module")
SUBJECT = "CN=TradingView Webhooks,O=TradingView\\, Inc.,L=Westerville,ST=Ohio,C=US"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Its one trusted proxy is this machine."""
    async with served(tmp_path_factory.mktemp("desk"), PROXY + SOURCES) as found:
        yield found


@pytest.fixture(autouse=True)
def _unhurried(desk: Served) -> None:
    """More than a sender may send: the rates are proven by themselves."""
    desk.server.state.alert_rates.sources = Buckets(1e9, 1e9, lambda: 0.0)
    desk.server.state.alert_rates.strangers = Buckets(1e9, 1e9, lambda: 0.0)


# --- who it is ---------------------------------------------------------------------------------


async def test_an_unknown_source_and_a_wrong_secret_are_answered_alike_and_leave_nothing(desk: Served) -> None:
    before, refused = desk.app.book.journal.last_seq, counted(desk, 401)
    body = json.dumps({"action": "buy", "symbol": "BTC/USDT", "size": "0.01", "secret": "wrong"})
    strangers = [
        await post(desk, f"{source}{path}", body, **headers)
        for source in ("pine", "nobody", "mute", "a" * 300, "pi%20ne")
        for path, headers in (("", {}), ("/wrong", {}), ("/", {}), ("", {"X-Signature": "00", "X-Timestamp": "1"}))
    ]
    assert {(answer.status_code, answer.text) for answer in strangers} == {(401, strangers[0].text)}
    assert_refused(strangers[0], 401, "UNAUTHORIZED")
    assert desk.app.book.journal.last_seq == before
    assert counted(desk, 401) == refused + len(strangers)


async def test_an_alert_may_come_by_a_name_that_only_a_proxy_knows(desk: Served) -> None:
    named = {"Host": "desk.example.com"}
    assert_refused(await desk.viewer.get("/api/v1/status", headers=named), 421, "BAD_HOST")
    assert_refused(await post(desk, "pine/wrong", "buy", **named), 401, "UNAUTHORIZED")
    assert (await send(desk, "buy ETH/USDT 0.0171", **named)).status_code == 200


async def test_a_signature_over_the_raw_body_proves_the_source_and_no_other_body(desk: Served) -> None:
    body = b'{"action":"buy","symbol":"ETH/USDT","size":"0.017"}'
    good = {"X-TradingView-Signature": signature(body)}
    assert (await outcome(desk, await post(desk, "pine", body, **good))).outcome is Outcome.EXECUTED
    assert_refused(await post(desk, "pine", body.replace(b"17", b"18"), **good), 401, "UNAUTHORIZED")
    with_secret = json.dumps({"action": "buy", "symbol": "ETH/USDT", "size": "0.018", "secret": SECRET})
    # What is signed must be signed right, whatever else it shows.
    assert_refused(await post(desk, "pine", with_secret, **{"X-TradingView-Signature": "0" * 64}), 401, "UNAUTHORIZED")


async def test_a_stamped_signature_is_good_for_a_while_and_for_one_order(desk: Served) -> None:
    now = desk.app.clock.now()
    body = b"buy ETH/USDT 0.019"
    headers = stamped(body, now)
    first = await post(desk, "pine", body, **headers)
    assert (await outcome(desk, first)).outcome is Outcome.EXECUTED
    replayed = await post(desk, "pine", body, **headers)
    assert (replayed.json()["duplicate"], replayed.json()["id"]) == (True, first.json()["id"])
    for moved in (-90, 90):
        at = now.fromtimestamp(now.timestamp() + moved, now.tzinfo)
        assert_refused(await post(desk, "pine", body, **stamped(body, at)), 401, "UNAUTHORIZED")
    stale = {**headers, "X-Timestamp": str(int(now.timestamp()) + 1)}
    assert_refused(await post(desk, "pine", body, **stale), 401, "UNAUTHORIZED")


async def test_addresses_are_those_of_the_list_as_the_trusted_proxy_names_them(desk: Served) -> None:
    theirs, other = {"X-Forwarded-For": "52.89.214.238"}, {"X-Forwarded-For": "198.51.100.7"}
    assert (await send(desk, "buy ETH/USDT 0.0201", "walled", **theirs)).status_code == 200
    assert_refused(await send(desk, "buy ETH/USDT 0.0202", "walled", **other), 403, "WRONG_ADDRESS")
    assert_refused(await send(desk, "buy ETH/USDT 0.0202", "walled"), 403, "WRONG_ADDRESS")
    chained = {"X-Forwarded-For": "52.89.214.238, 198.51.100.7"}  # what the last proxy saw counts
    assert_refused(await send(desk, "buy ETH/USDT 0.0202", "walled", **chained), 403, "WRONG_ADDRESS")
    assert_refused(await post(desk, "walled/wrong", "buy ETH/USDT 1", **other), 401, "UNAUTHORIZED")


async def test_addresses_are_the_same_on_a_socket_for_both_kinds(desk: Served) -> None:
    """A server that listens on :: hears of 192.0.2.1 as ::ffff:192.0.2.1, and so may its proxy."""
    socket = httpx.ASGITransport(desk.server, client=("::ffff:127.0.0.1", 5))
    async with httpx.AsyncClient(transport=socket, base_url="http://127.0.0.1") as client:
        for number, named in enumerate(("52.89.214.238", "::ffff:52.89.214.238")):
            answer = await client.post(
                f"/webhooks/walled/{SECRET}",
                content=f"buy ETH/USDT 0.021{number}",
                headers={"X-Forwarded-For": named},
            )
            assert answer.status_code == 200, answer.text


async def test_a_forwarded_address_and_certificate_are_nothing_from_who_is_no_trusted_proxy(tmp_path: Any) -> None:
    async with served(tmp_path, '[web]\ntrusted_proxies = ["10.9.9.9"]\n' + SOURCES) as bare:
        theirs = "52.89.214.238"
        spoofed = {"X-Forwarded-For": f"{theirs}:443", "X-Real-IP": theirs, "Forwarded": f"for={theirs}"}
        assert_refused(await send(bare, "buy ETH/USDT 1", "walled", **spoofed), 403, "WRONG_ADDRESS")
        shown = {"X-Client-Cert-Fingerprint": "abcdef", "X-Client-Cert-Subject": SUBJECT, **spoofed}
        assert_refused(await send(bare, "buy ETH/USDT 1", "pinned", **shown), 403, "WRONG_CERTIFICATE")
        assert_refused(await send(bare, "buy ETH/USDT 1", "proved", **shown), 403, "WRONG_CERTIFICATE")
        assert not bare.app.book.recent_orders()


async def test_a_certificate_is_the_one_the_source_insists_on(desk: Served) -> None:
    assert_refused(await send(desk, "buy ETH/USDT 0.0203", "pinned"), 403, "WRONG_CERTIFICATE")
    wrong = {"X-Client-Cert-Fingerprint": "AB:CD:EE"}
    assert_refused(await send(desk, "buy ETH/USDT 0.0203", "pinned", **wrong), 403, "WRONG_CERTIFICATE")
    right = {"X-Client-Cert-Fingerprint": "ABCDEF"}
    assert (await send(desk, "buy ETH/USDT 0.0203", "pinned", **right)).status_code == 200
    copied = {"X-Client-Cert-Subject": "CN=O\\=TradingView\\, Inc.,O=Somebody"}
    assert_refused(await send(desk, "buy ETH/USDT 0.0204", "proved", **copied), 403, "WRONG_CERTIFICATE")
    theirs = {"X-Client-Cert-Subject": SUBJECT}
    assert (await send(desk, "buy ETH/USDT 0.0204", "proved", **theirs)).status_code == 200


async def test_a_source_may_do_what_its_role_may(desk: Served) -> None:
    alert = await outcome(desk, await send(desk, "buy ETH/USDT 0.0205", "watcher"))
    assert alert.outcome is Outcome.DENIED
    assert "needs trader" in alert.told
    assert not orders_of(desk.app, "watcher")


# --- what cannot be taken --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"", "EMPTY", "empty"),
        (b"\xff\xfe\x00b", "NOT_TEXT", "Byte 1"),
        (b"hello", "NO_SHAPE", "neither"),
        (b'{"action": "buy", "action": "sell", "symbol": "BTC/USDT", "size": "1"}', "BAD_JSON", "twice"),
        (b'{"action": "buy", "symbol": "BTC/USDT", "size": NaN}', "BAD_JSON", "NaN"),
        (b'{"action": "buy", "symbol": "BTC/USDT", "size": 1e999}', "BAD_SIZE", "size"),
        (b"[" * 5000 + b"]" * 5000, "BAD_JSON", "levels"),
        (b'{"a":' * 20 + b"1" + b"}" * 20, "BAD_JSON", "levels"),
        (b'{"action": "buy", "symbol": "{{ticker}}", "size": "0.01"}', "UNFILLED", "{{ticker}}"),
        (b'{"action": "buy", "symbol": "NOPEUSDT", "size": "0.01"}', "BAD_SYMBOL", "NOPEUSDT"),
        (b'{"action": "buy", "symbol": "BTCUSDT.P", "size": "0.01"}', "BAD_SYMBOL", "perpetual"),
        (b'{"action": "buy", "symbol": "BTC/USDT", "size": "0.01", "account": "main"}', "BAD_ACCOUNT", "demo"),
        (b'{"action": "buy", "symbol": "BTC/USDT"}', "NO_SIZE", "how much"),
        (b'{"action": "buy", "symbol": "BTC/USDT", "size": "0.01", "a": "\\u0000\\ud800"}', None, ""),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_with_the_place_and_told(
    desk: Served, body: bytes, code: str | None, said: str
) -> None:
    before, refused = len(orders_of(desk.app)), counted(desk, 422)
    answer = await send(desk, body)
    if code is None:
        assert answer.status_code == 200
        return
    assert_refused(answer, 422, code)
    assert said in answer.json()["text"]
    assert counted(desk, 422) == refused + 1
    last = [x.event async for x in desk.app.store.read() if isinstance(x.event, e.AlertSettled)][-1]
    assert (last.outcome, said in last.text) == (Outcome.UNREADABLE, True)
    assert (await send(desk, body)).text == answer.text  # again: refused again, and not told again
    assert len(orders_of(desk.app)) == before


@pytest.mark.parametrize("looks", ["image/png", "multipart/form-data; boundary=x", "text/plain; charset=utf-16"])
async def test_what_says_that_it_is_no_text_is_refused(desk: Served, looks: str) -> None:
    assert_refused(await send(desk, "buy ETH/USDT 0.03", **{"Content-Type": looks}), 415, "NOT_TEXT")
    assert_refused(await send(desk, "buy ETH/USDT 0.03", **{"Content-Encoding": "gzip"}), 415, "NOT_TEXT")
    # A stranger does not learn even that.
    assert_refused(await post(desk, "pine/x", "buy", **{"Content-Type": looks}), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("looks", ["application/json", "text/plain; charset=utf-8", "application/octet-stream"])
async def test_the_content_type_does_not_say_what_a_body_is(desk: Served, looks: str) -> None:
    body = f'{{"action": "buy", "symbol": "ETH/USDT", "size": "0.01", "id": "9-{len(looks)}"}}'
    assert (await send(desk, body, **{"Content-Type": looks})).status_code == 200


async def test_wrong_methods_and_large_bodies_have_their_status(desk: Served) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
        answer = await desk.nobody.request(method, f"/webhooks/pine/{SECRET}")
        assert answer.status_code == 405
    before = desk.app.book.journal.last_seq
    assert_refused(await send(desk, "x" * 65537), 413, "TOO_LARGE")
    assert_refused(await post(desk, "pine/wrong", "x" * 65537), 413, "TOO_LARGE")
    assert (counted(desk, 413), counted(desk, 405)) == (2, 5)
    assert desk.app.book.journal.last_seq == before


async def test_too_many_are_told_so_and_a_guesser_stops_nobody_else(desk: Served) -> None:
    desk.server.state.alert_rates = AlertRates(lambda: 0.0)
    wrong = [await post(desk, "pine/wrong", "buy") for _ in range(FAILURES_PER_MINUTE + 5)]
    assert [answer.status_code for answer in wrong] == [401] * FAILURES_PER_MINUTE + [429] * 5
    sent = [await send(desk, "buy ETH/USDT 0.031") for _ in range(int(BURST) + 2)]  # from the same address
    assert {answer.status_code for answer in sent[: int(BURST)]} == {200}
    assert_refused(sent[-1], 429, "TOO_MANY")
    assert sent[-1].headers["retry-after"]
    assert (await send(desk, "buy ETH/USDT 0.032", "asking")).status_code == 200


async def test_who_guesses_from_many_addresses_of_one_network_is_one_guesser(desk: Served) -> None:
    desk.server.state.alert_rates = AlertRates(lambda: 0.0)
    seen = []
    for number in range(FAILURES_PER_MINUTE + 5):
        at = {"X-Forwarded-For": f"2001:db8:0:7::{number:x}"}
        seen.append((await post(desk, "pine/wrong", "buy", **at)).status_code)
    assert seen == [401] * FAILURES_PER_MINUTE + [429] * 5
    for other in ("2001:db8:0:8::1", "198.51.100.7"):
        assert (await post(desk, "pine/wrong", "buy", **{"X-Forwarded-For": other})).status_code == 401


async def test_until_it_can_be_stored_the_answer_is_503(desk: Served) -> None:
    desk.app.not_accepting = "starting"
    try:
        assert_refused(await send(desk, "buy ETH/USDT 0.0330917"), 503, "NOT_READY")
        assert_refused(await post(desk, "pine/wrong", "buy ETH/USDT 0.0330917"), 401, "UNAUTHORIZED")
    finally:
        desk.app.not_accepting = ""
    assert "0.0330917" not in await journal(desk)
