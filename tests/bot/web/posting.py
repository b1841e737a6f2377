"""Alerts sent over real HTTP, and what is answered."""

import httpx

from tests.bot.web.served import Served
from tests.bot.webhooks.alerting import SECRET, settled
from trading import events as e
from trading.incoming import Incoming

PROXY = '[web]\ntrusted_proxies = ["127.0.0.1"]\n'


async def post(desk: Served, path: str, body: bytes | str, **headers: str) -> httpx.Response:
    return await desk.nobody.post(f"/webhooks/{path}", content=body, headers=headers)


async def send(desk: Served, body: bytes | str, source: str = "pine", **headers: str) -> httpx.Response:
    return await post(desk, f"{source}/{SECRET}", body, **headers)


async def outcome(desk: Served, answer: httpx.Response) -> Incoming:
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] is True
    return await settled(desk.app, answer.json()["id"])


async def journal(desk: Served) -> str:
    return b"\n".join([e.encode(entry.event) async for entry in desk.app.store.read()]).decode()


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "text", "remedy"}
    assert answer.json()["error"] == code
    assert "Traceback" not in answer.text
    assert SECRET not in answer.text


def counted(desk: Served, status: int) -> float:
    name = f'tiller_webhook_answers_total{{status="{status}"}}'
    lines = desk.app.metrics.render().decode().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(name)), 0)
