"""Discord as a process of its own, worked by its control address, as campaigns use it."""

from typing import Any

import aiohttp

from tests.emulators.process import Control, emulated

NOW = 1_790_000_000_000


async def test_another_process_is_worked_by_control() -> None:
    arguments = ["--channel", "2:trading", "--person", "2222:ana", "--now-ms", str(NOW)]
    async with emulated("tests.emulators.discord", *arguments) as (session, addresses, control):
        await _work(session, addresses, control)


async def _work(session: aiohttp.ClientSession, addresses: dict[str, str], control: Control) -> None:
    async def api(method: str, path: str, body: Any) -> int:
        headers = {"Authorization": f"Bot {addresses['token']}", "User-Agent": "DiscordBot (x, 1)"}
        async with session.request(method, addresses["api_url"] + path, json=body, headers=headers) as answer:
            return answer.status

    assert await api("PUT", "/applications/900000/commands", [{"name": "status", "description": "x"}]) == 200
    asked = await control("slash", person=2222, channel=2, name="status", wait=0)
    assert (asked["answered_by"], asked["failed"]) == (None, "")
    await control("advance", seconds=4)
    assert await control("clock") == NOW + 4000
    assert "ClientRefuses: there is no command /buy" in await control("slash", person=2222, channel=2, name="buy")

    await control("arm", name="status_502", on="POST /channels/{channel}/messages", executed=True)
    sent = [await api("POST", "/channels/2/messages", {"content": "filled", "nonce": "f"}) for _ in range(2)]
    assert sent == [502, 200]
    assert [row["text"] for row in await control("ledger")] == ["filled", "filled"]
    assert await control("doubled") == [[2, "f", 2]]
    assert [message["text"] for message in await control("sees", person=2222, channel=2)] == ["filled", "filled"]
    assert await control("struck") == [["status_502", "POST /channels/{channel}/messages"]]

    await control("down")
    try:
        assert await api("GET", "/users/@me", None) == 0, "it is off the network"
    except aiohttp.ClientConnectorError:
        await control("up")
    assert await api("GET", "/users/@me", None) == 200
    assert "KeyError" in await control("explode")
    async with session.get(addresses["control_url"]) as answer:
        assert {"arm", "slash", "presses", "sees", "ledger", "down"} <= set(await answer.json())
