"""The exchange as a process of its own, worked by its control address, as campaigns use it."""

import aiohttp

from tests.emulators.binance.caller import sign
from tests.emulators.process import Control, emulated
from tests.emulators.spot_desk import KEY


async def test_another_process_is_worked_by_control() -> None:
    arguments = ["--key", KEY.key, "--secret", KEY.secret, "--balance", "USDT=1000", "--now-ms", "1790000000000"]
    async with emulated("tests.emulators.binance", *arguments) as (session, addresses, control):
        await _work(session, addresses, control)


async def _work(session: aiohttp.ClientSession, addresses: dict[str, str], control: Control) -> None:
    async def order(name: str) -> int:
        body = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001&newClientOrderId={name}&timestamp=1790000000000"
        headers = {"X-MBX-APIKEY": KEY.key, "Content-Type": "application/x-www-form-urlencoded"}
        data = f"{body}&signature={sign(KEY.secret, body)}"
        url = f"{addresses['rest_url']}/api/v3/order"
        async with session.post(url, data=data, headers=headers) as answer:
            return answer.status

    await control("show", symbol="BTCUSDT", bids=[["60000", "1"]], asks=[["60001", "1"]])
    await control("arm", name="code_-1007", on="POST /api/v3/order", executed=True)
    assert [await order("a"), await order("b")] == [504, 200]
    facts = await control("ledger")
    assert [fact["client_order_id"] for fact in facts if fact["kind"] == "trade"] == ["a", "b"]
    assert await control("doubled") == []
    assert await order("a") == 200  # taken again, as its first order is closed
    assert await control("doubled") == [["spot", "main", "a", 2]]
    assert await control("balances", account="main") == {
        "USDT": ["819.99700000", "0.00000000"],
        "BTC": ["0.00299700", "0.00000000"],
    }
    assert await control("clock", now_ms=1790000000500) == 1790000000500
    await control("walk", symbol="ETHUSDT", seed=7, start="3000", steps=20)
    assert await control("struck") == [["code_-1007", "POST /api/v3/order"]]
    assert "KeyError" in await control("explode")
    async with session.get(addresses["control_url"]) as answer:
        assert {"arm", "show", "ledger", "walk", "act"} <= set(await answer.json())
