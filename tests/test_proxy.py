"""The proxy as it is shipped, before a real desk: what it hands on, what it overwrites, what it lets through."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import connect

from tests.bot.web.posting import PROXY, assert_refused
from tests.bot.web.served import Served, served
from tests.bot.webhooks.alerting import SECRET
from tests.proxy import ORIGIN, PLACE, Certificate, Name, Proxy, adapted, binary, proxied

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMPANY, WEBHOOKS = (NameOID.ORGANIZATION_NAME, "TradingView, Inc."), (NameOID.COMMON_NAME, "TradingView Webhooks")
MAIL = "webhook-server@tradingview.com"
TRADINGVIEW: Name = (*PLACE, COMPANY, WEBHOOKS)
GENUINE: dict[str, Name] = {
    "as it is": TRADINGVIEW,
    "as it was": (*PLACE, COMPANY, (NameOID.COMMON_NAME, MAIL)),
    "with an address": (*TRADINGVIEW, (NameOID.EMAIL_ADDRESS, MAIL)),
    "with odd signs": (*PLACE, COMPANY, (NameOID.ORGANIZATIONAL_UNIT_NAME, 'Say "hi" + bye; <x> \\ y = #z'), WEBHOOKS),
    "with odd letters": (*PLACE, COMPANY, (NameOID.ORGANIZATIONAL_UNIT_NAME, "Zürich"), WEBHOOKS),
    "with a place": (*PLACE, COMPANY, (NameOID.STREET_ADDRESS, "1 Main, #5"), (NameOID.POSTAL_CODE, "43081"), WEBHOOKS),
}
ALIKE: dict[str, Name] = {
    "quoted": (*PLACE, (NameOID.ORGANIZATION_NAME, '"TradingView, Inc."'), WEBHOOKS),
    "plus": (*PLACE, (NameOID.ORGANIZATION_NAME, "x+O=TradingView, Inc."), WEBHOOKS),
    "all in one": (*PLACE, (NameOID.COMMON_NAME, "x,O=TradingView, Inc.,CN=TradingView Webhooks")),
    "two companies": (*PLACE, COMPANY, (NameOID.ORGANIZATION_NAME, "x"), WEBHOOKS),
    "somebody": ((NameOID.COMMON_NAME, "somebody"),),
}
SOURCES = f"""
[risk]
duplicate_window_s = 0

[webhooks.proved]
secret = "{SECRET}"
account = "demo"
client_certificate = "tradingview"

[webhooks.pinned]
secret = "{SECRET}"
account = "demo"
client_certificate = "%s"

[webhooks.walled]
secret = "{SECRET}"
account = "demo"
allow_ips = ["{ORIGIN}"]

[webhooks.away]
secret = "{SECRET}"
account = "demo"
allow_ips = "tradingview"
"""
"""The pinned one's fingerprint stands in for %s."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificate]:
    folder = tmp_path_factory.mktemp("certificates")
    return {name: Certificate(folder / f"{name}.pem", subject) for name, subject in (GENUINE | ALIKE).items()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, certificates: dict[str, Certificate]) -> AsyncIterator[Served]:
    binary()  # without it there is nothing to start
    pinned = certificates["as it is"].fingerprint.upper()
    spelled = ":".join(pinned[at : at + 2] for at in range(0, len(pinned), 2))  # as openssl does
    async with served(tmp_path_factory.mktemp("desk"), PROXY + SOURCES % spelled) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy(tmp_path_factory: pytest.TempPathFactory, desk: Served) -> AsyncIterator[Proxy]:
    async with proxied(tmp_path_factory.mktemp("caddy"), desk.port) as found:
        yield found


Sent = Any


@pytest.fixture
def send(proxy: Proxy) -> Sent:
    """Posts an alert through the proxy."""
    made = iter(range(100))

    async def sent(source: str, shown: Certificate | None = None, body: Any = None, **headers: str) -> httpx.Response:
        text = body or f"buy ETH/USDT 0.0{next(made) + 100}".encode()
        return await proxy.post(f"{proxy.url}/webhooks/{source}/{SECRET}", text, shown, **headers)

    return sent


# --- the certificate -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GENUINE)
async def test_tradingviews_certificate_is_handed_on(
    send: Sent, certificates: dict[str, Certificate], name: str
) -> None:
    answer = await send("proved", certificates[name])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", ["none", *ALIKE])
async def test_another_certificate_is_not_tradingviews_whatever_its_bearer_says(
    send: Sent, certificates: dict[str, Certificate], name: str
) -> None:
    shown = certificates.get(name)
    spoofed = {"X_Client_Cert_Subject": "CN=TradingView Webhooks,O=TradingView\\, Inc."}
    for said in ({}, spoofed, spoofed | {"Connection": "close, X-Client-Cert-Subject"}):
        assert_refused(await send("proved", shown, **said), 403, "WRONG_CERTIFICATE")


async def test_a_pinned_certificate_is_that_one_only(send: Sent, certificates: dict[str, Certificate]) -> None:
    pinned, other = certificates["as it is"], certificates["as it was"]
    assert (await send("pinned", pinned)).status_code == 200
    for shown in (other, None):
        assert_refused(await send("pinned", shown), 403, "WRONG_CERTIFICATE")
        spoofed = await send("pinned", shown, X_Client_Cert_Fingerprint=pinned.fingerprint)
        assert_refused(spoofed, 403, "WRONG_CERTIFICATE")


# --- the address -----------------------------------------------------------------------------------


async def test_the_address_is_the_real_one_whatever_the_client_says(send: Sent) -> None:
    theirs = "52.89.214.238"
    for said in ({}, {"X_Forwarded_For": theirs}, {"Forwarded": f"for={theirs}", "X_Real_IP": theirs}):
        assert (await send("walled", **said)).status_code == 200
        refused = await send("away", **said)
        assert_refused(refused, 403, "WRONG_ADDRESS")
        assert ORIGIN in refused.json()["text"]


# --- what goes through -------------------------------------------------------------------------------


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_64_kib_is_refused_in_the_same_words_however_large(send: Sent, chunked: bool) -> None:
    """And never by 502, upon which TradingView would send it again."""
    for _ in range(3):  # on connections to the desk that are kept
        for size in (65_537, 99_999, 100_000, 127_999, 128_001, 200_000, 2_000_000):
            whole = b" " * size
            answer = await send(
                "walled", body=[whole[at : at + 16_000] for at in range(0, size, 16_000)] if chunked else whole
            )
            assert_refused(answer, 413, "TOO_LARGE")
            assert answer.headers["content-type"] == "application/json"
    fits = b"buy ETH/USDT 0.017".ljust(65_536)
    assert (await send("walled", body=[fits[:9], fits[9:]] if chunked else fits)).status_code == 200


async def test_the_stream_goes_on_after_a_number(proxy: Proxy, desk: Served) -> None:
    last = desk.app.book.journal.last_seq
    headers = {"Authorization": f"Bearer {next(iter(desk.tokens.values()))}"}
    address = f"wss://{proxy.url.removeprefix('https://')}/api/v1/stream?after={last - 3}"
    async with connect(address, ssl=proxy.trust(), additional_headers=headers, proxy=None) as socket:
        seen = [json.loads(await asyncio.wait_for(socket.recv(), 10))["seq"] for _ in range(3)]
    assert seen == [last - 2, last - 1, last]


async def test_a_browser_is_told_to_stay_with_tls_and_gets_a_cookie_for_it_only(proxy: Proxy, desk: Served) -> None:
    form = b"token=" + next(iter(desk.tokens.values())).encode()
    answer = await proxy.post(
        f"{proxy.url}/login", form, Content_Type="application/x-www-form-urlencoded", Sec_Fetch_Site="same-origin"
    )
    assert answer.status_code == 303
    assert "; Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["x-frame-options"] == "DENY"
    assert "alt-svc" not in answer.headers, "what is not published"


# --- a desk that does not answer ---------------------------------------------------------------------


@pytest.mark.parametrize("what", ["down", "silent"])
async def test_a_desk_that_does_not_answer_is_said_in_time_and_so_that_tradingview_sends_again(
    proxy: Proxy, what: str
) -> None:
    """Within its 3 s, and by a 5xx that is not 504."""
    async with asyncio.timeout(3):
        answer = await proxy.post(f"{getattr(proxy, what)}/webhooks/walled/{SECRET}", b"buy ETH/USDT 0.017")
    assert_refused(answer, 502, "NO_DESK")


async def test_no_secret_of_a_request_is_in_the_log_of_the_proxy(
    tmp_path_factory: pytest.TempPathFactory, desk: Served
) -> None:
    async with proxied(tmp_path_factory.mktemp("caddy"), desk.port) as proxy:
        secrets = {"X_Telegram_Bot_Api_Secret_Token": "tiger-in-a-header", "Authorization": "Bearer tiger-token"}
        answer = await proxy.post(
            f"{proxy.unspoken}/webhooks/walled/tiger-in-the-path?link=tiger", b"x", None, **secrets
        )
        assert answer.status_code == 502
    assert '"status":502' in proxy.log
    assert "tiger" not in proxy.log


async def test_a_connection_to_the_desk_is_given_up_before_the_desk_ends_it() -> None:
    """An alert that is sent as it ends would be answered 502."""
    found = json.dumps(await adapted(binary()))
    _, _, after = found.partition('"idle_timeout": ')
    kept_s = int(after.partition("}")[0]) / 1e9
    assert 0 < kept_s < uvicorn.Config("").timeout_keep_alive - 1
