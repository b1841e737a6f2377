"""Bodies that ended other relays: read as what they are, and never run."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bot.web.posting import PROXY, assert_refused, send
from tests.bot.web.served import Served, served
from tests.bot.webhooks.alerting import SOURCES, orders_of, settled

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("desk"), PROXY + SOURCES) as found:
        yield found


@pytest.mark.parametrize(
    "body",
    ['"action": "buy", "symbol": "BTC/USDT", "size": "0.001"', "None", "null", "7", '"buy"', "()"],
)
async def test_a_body_without_braces_is_refused_with_the_reason(desk: Served, body: str) -> None:
    """inc81: it was read as nothing, and looking into nothing ended the process."""
    answer = await send(desk, body)
    assert answer.status_code == 422
    assert answer.json()["text"]
    assert (await desk.nobody.get("/healthz")).status_code == 200
    assert orders_of(desk.app) == []


async def test_a_body_is_never_run(desk: Served, tmp_path: Path) -> None:
    """inc82: bodies were evaluated, and what looked like code was an error of the server."""
    proof = tmp_path / "run"
    for code in (f"open({str(proof)!r}, 'w')", f"__import__('pathlib').Path({str(proof)!r}).touch()"):
        for body in (code, f'{{"action": {code}, "symbol": "BTC/USDT", "size": "0.001"}}', f"{{'action': {code}}}"):
            assert (await send(desk, body)).status_code == 422
    assert not proof.exists()
    assert orders_of(desk.app) == []


async def test_a_line_after_the_braces_and_another_content_type_change_nothing(desk: Served) -> None:
    """inc83: a trailing newline made TradingView call it text, and it was not read as JSON any more."""
    body = '{"action": "buy", "symbol": "ETH/USDT", "size": "0.01", "id": "83"}\r\n\n'
    answer = await send(desk, body, **{"Content-Type": "text/plain; charset=utf-8"})
    assert answer.status_code == 200, answer.text
    await settled(desk.app, answer.json()["id"])
    (order,) = orders_of(desk.app)
    assert order.symbol == "ETH/USDT"
    assert_refused(await send(desk, body.replace('"83"', '"84"') + "}"), 422, "BAD_JSON")
