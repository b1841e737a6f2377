"""Keys, signatures and time: the documentation's own vectors, and what it refuses."""

import base64
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from tests.emulators.binance import codes
from tests.emulators.binance.caller import sign
from tests.emulators.binance.signing import ApiKey, check_rest, check_time, check_ws
from tests.emulators.spot_desk import KEY, NOW, Desk, trading

SECRET = KEY.secret
ASCII = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
    "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
)
OTHER = (
    "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC"
    "&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
    "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading(NOW) as desk:
        yield desk


@pytest.mark.parametrize(("payload", "signature"), [ASCII, OTHER])
def test_the_examples_of_the_rest_documentation(payload: str, signature: str) -> None:
    check_rest(KEY, f"{payload}&signature={signature}", "")
    check_rest(KEY, "", f"{payload}&signature={signature.upper()}")  # HMAC: in any case
    first, second = payload[:40], payload[40:]
    check_rest(KEY, first, f"{second}&signature={signature}")  # query and body, without a separator
    check_rest(KEY, f"{first}&signature={signature}", second)


def test_the_example_of_the_websocket_documentation() -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "recvWindow": "100",
        "timestamp": "1645423376532",
        "apiKey": KEY.key,
        "signature": "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
    }
    check_ws(KEY, params)
    with pytest.raises(codes.Refusal, match="-1022"):
        check_ws(KEY, {**params, "quantity": "0.02000000"})


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"{ASCII[0]}&signature={OTHER[1]}", -1022),
        (ASCII[0], -1102),
        (f"{ASCII[0]}&signature=", -1102),
    ],
)
def test_other_signatures_are_refused(query: str, code: int) -> None:
    with pytest.raises(codes.Refusal) as refused:
        check_rest(KEY, query, "")
    assert refused.value.code == code


def test_what_was_not_percent_encoded_before_it_was_signed_is_refused() -> None:
    payload = "symbol=１２３&timestamp=1"
    with pytest.raises(codes.Refusal, match="-1022"):
        check_rest(KEY, f"{payload}&signature={sign(SECRET, payload)}", "")


def test_rsa_and_ed25519_keys() -> None:
    payload = ASCII[0].encode()
    private = ed25519.Ed25519PrivateKey.generate()
    signature = base64.b64encode(private.sign(payload)).decode()
    key = ApiKey("e" * 64, public_key=_pem(private.public_key()))
    assert key.kind == "ED25519"
    check_rest(key, f"{ASCII[0]}&signature={signature.replace('+', '%2B').replace('/', '%2F')}", "")
    with pytest.raises(codes.Refusal, match="-1022"):
        check_rest(key, f"{ASCII[0]}&signature={signature.swapcase()}", "")
    other = rsa.generate_private_key(65537, 2048)
    signed = base64.b64encode(other.sign(payload, padding.PKCS1v15(), hashes.SHA256())).decode()
    key = ApiKey("r" * 64, public_key=_pem(other.public_key()))
    assert key.kind == "RSA"
    check_rest(key, f"{ASCII[0]}&signature={signed.replace('+', '%2B')}", "")


@pytest.mark.parametrize(
    ("age_ms", "window", "refused"),
    [
        (0, "", ""),
        (5000, "", ""),
        (5001, "", "outside of the recvWindow"),
        (100, "100", ""),
        (101, "100.5", "outside of the recvWindow"),
        (-999, "", ""),
        (-1000, "", "1000ms ahead"),
        (0, "60001", "recvWindow must be less than 60000"),
    ],
)
def test_the_time_window(age_ms: int, window: str, refused: str) -> None:
    params = {"timestamp": str(NOW - age_ms), **({"recvWindow": window} if window else {})}
    micro = {**params, "timestamp": str((NOW - age_ms) * 1000)}
    for sent in (params, micro):
        if not refused:
            check_time(sent, NOW)
            continue
        with pytest.raises(codes.Refusal, match=refused):
            check_time(sent, NOW)


async def test_keys_that_may_not(desk: Desk) -> None:
    reading = frozenset({"USER_DATA"})
    desk.venue.keys.add(ApiKey(KEY.key, secret=SECRET, permissions=reading))
    assert (await desk.call("GET /api/v3/account"))[0] == 200
    order = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.1"}
    assert await desk.call("POST /api/v3/order", **order) == (
        401,
        {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
    )
    desk.venue.keys.add(ApiKey(KEY.key, secret=SECRET, works=False))
    assert (await desk.call("GET /api/v3/account"))[1]["code"] == -2015
    async with desk.call.session.get(f"{desk.venue.rest_url}/api/v3/account") as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, -2014)


async def test_what_a_key_may_do_is_told(desk: Desk) -> None:
    desk.venue.keys.add(ApiKey(KEY.key, secret=SECRET, permissions=frozenset({"USER_DATA", "TRADE", "WITHDRAW"})))
    may = (await desk.call("GET /sapi/v1/account/apiRestrictions"))[1]
    assert (may["enableReading"], may["enableSpotAndMarginTrading"], may["enableWithdrawals"]) == (True, True, True)
    assert may["enableFutures"] is False


async def test_a_clock_that_is_off_is_refused_and_told(desk: Desk) -> None:
    late = await desk.call("GET /api/v3/account", timestamp=NOW - 6000)
    assert late == (400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."})
    assert (await desk.call("GET /api/v3/account", timestamp=NOW + 1000))[1]["code"] == -1021


async def test_query_and_body_may_be_mixed_and_the_query_wins(desk: Desk) -> None:
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=59000"
    body = f"price=58000&quantity=0.1&timestamp={NOW}"
    signature = sign(SECRET, query + body)
    url = f"{desk.venue.rest_url}/api/v3/order?{query}"
    headers = {"X-MBX-APIKEY": KEY.key, "Content-Type": "application/x-www-form-urlencoded"}
    async with desk.call.session.post(url, data=f"{body}&signature={signature}", headers=headers) as answer:
        placed = await answer.json()
    assert (placed["status"], Decimal(placed["price"])) == ("NEW", 59000)


async def test_a_session_is_authenticated_by_an_ed25519_key_only(desk: Desk) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    desk.venue.keys.add(ApiKey("e" * 64, public_key=_pem(private.public_key())))
    socket = await desk.call.connect()
    refused = await socket.request("session.logon")
    assert refused["status"] == 400  # an HMAC key
    params: dict[str, Any] = {"apiKey": "e" * 64, "timestamp": NOW}
    params["signature"] = base64.b64encode(private.sign(f"apiKey={'e' * 64}&timestamp={NOW}".encode())).decode()
    logged = await socket.request("session.logon", signed=False, **params)
    assert (logged["result"]["apiKey"], logged["result"]["userDataStream"]) == ("e" * 64, False)
    # From here neither key nor signature is needed.
    order = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.1", "timestamp": NOW}
    assert (await socket.request("order.place", signed=False, **order))["result"]["status"] == "FILLED"
    assert (await socket.request("userDataStream.subscribe", signed=False))["result"] == {"subscriptionId": 0}
    out = await socket.request("session.logout", signed=False)
    assert out["result"]["apiKey"] is None
    assert (await socket.event("eventStreamTerminated"))["e"] == "eventStreamTerminated"
    assert (await socket.request("account.status", signed=False, timestamp=NOW))["error"]["code"] == -1102
    await socket.close()


def _pem(public: Any) -> str:
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return str(public.public_bytes(*form).decode())
