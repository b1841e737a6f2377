"""The journal as a WebSocket: nothing missed, nothing twice, and no harm by whoever listens."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.web import examples
from handlers.actor import Role
from tests.bot.web.served import Served, served
from trading import events as e

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def stream(desk: Served, query: str = "", token: str | None = "", **more: Any) -> AsyncIterator[ClientConnection]:
    """Connected, with the viewer's token in the header unless another or none is given."""
    sent = desk.tokens[Role.VIEWER] if token == "" else token
    headers = {"Authorization": f"Bearer {sent}"} if sent else {}
    url = f"ws://127.0.0.1:{desk.port}/api/v1/stream{query}"
    async with connect(url, additional_headers=headers, proxy=None, close_timeout=0.2, **more) as socket:
        yield socket


async def heard(socket: ClientConnection, count: int) -> list[Any]:
    async with asyncio.timeout(5):
        return [json.loads(await socket.recv()) for _ in range(count)]


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """How the server ended it."""
    await all_of(socket)
    return socket.close_code or 0, socket.close_reason or ""


async def all_of(socket: ClientConnection) -> list[Any]:
    """Everything until the server ends it."""
    async with asyncio.timeout(5):
        return [json.loads(message) async for message in until_closed(socket)]


async def until_closed(socket: ClientConnection) -> AsyncIterator[str | bytes]:
    while True:
        try:
            message = await socket.recv()
        except ConnectionClosed:
            return
        yield message


async def test_the_past_and_then_what_happens_without_a_gap(desk: Served) -> None:
    last = desk.app.book.journal.last_seq
    async with stream(desk) as socket:
        past = await heard(socket, last)
        assert [event["seq"] for event in past] == list(range(1, last + 1))
        assert set(past[0]) == set(examples.EVENT)
        order_id = (await desk.say("/buy BTC/USDT 0.002"))["order_id"]
        now = desk.app.book.journal.last_seq
        fresh = await heard(socket, now - last)
        assert [event["seq"] for event in fresh] == list(range(last + 1, now + 1))
        kinds = [event["type"] for event in fresh if event["order_id"] == order_id]
        assert kinds[0] == "OrderInitialized"
        assert "OrderFilled" in kinds


async def test_a_client_that_was_away_goes_on_where_it_was(desk: Served) -> None:
    async with stream(desk) as socket:
        seen = (await heard(socket, 3))[-1]["seq"]
    await desk.say("/buy BTC/USDT 0.003")
    async with stream(desk, f"?after={seen}") as socket:
        now = desk.app.book.journal.last_seq
        assert [event["seq"] for event in await heard(socket, now - seen)] == list(range(seen + 1, now + 1))


async def test_with_alerts_each_event_has_the_words_that_people_are_told(desk: Served) -> None:
    after = desk.app.book.journal.last_seq
    async with stream(desk, f"?after={after}&alerts=true") as socket:
        await desk.say("/buy BTC/USDT 0.001")
        events = await heard(socket, desk.app.book.journal.last_seq - after)
        fill = next(event for event in events if event["type"] == "OrderFilled")
        assert "Filled 0.001" in fill["alert"]["text"]
        assert fill["alert"]["tone"] == "good"
        assert next(event for event in events if event["type"] == "OrderInitialized")["alert"] is None


async def test_the_token_may_come_as_the_first_message(desk: Served) -> None:
    async with stream(desk, token=None) as socket:
        await socket.send(json.dumps({"token": desk.tokens[Role.VIEWER]}))
        assert (await heard(socket, 1))[0]["seq"] == 1


@pytest.mark.parametrize("first", ['{"token": "wrong"}', '{"token": 7}', "[]", "{", b"\x00\x01", "null"])
async def test_without_a_good_token_nothing_is_told(desk: Served, first: str | bytes) -> None:
    async with stream(desk, token=None) as socket:
        await socket.send(first)
        code, reason = await closed(socket)
        assert code == 4401
        assert "token" in reason or "sign-ins" in reason


async def test_a_wrong_header_is_closed_at_once(desk: Served) -> None:
    async with stream(desk, token="tlr_wrong") as socket:
        assert (await closed(socket))[0] == 4401


async def test_a_question_that_makes_no_sense_is_not_connected(desk: Served) -> None:
    for query in ("?after=-1", "?after=x", "?after=99999999999999999999999"):
        with pytest.raises(InvalidStatus):
            async with stream(desk, query):
                pass


async def test_what_a_client_says_afterwards_changes_nothing(desk: Served) -> None:
    async with stream(desk) as socket:
        await socket.send("buy everything")
        await socket.send(b"\x00")
        assert (await heard(socket, 1))[0]["seq"] == 1


async def test_a_reader_that_takes_nothing_is_dropped_and_holds_up_nobody(tmp_path: Path) -> None:
    async with served(tmp_path, patience_s=0.3) as desk:
        await drop_the_slow(desk)


async def test_a_listener_whose_token_is_revoked_is_told_and_hears_no_more(tmp_path: Path) -> None:
    async with served(tmp_path, patience_s=0.2) as desk:
        token = await desk.app.tokens.issue(Role.VIEWER)
        number = (await desk.app.store.tokens.list())[-1]["id"]
        async with stream(desk, token=token) as socket:
            await heard(socket, 1)
            await desk.app.store.tokens.revoke(number, desk.app.clock.now())
            assert await closed(socket) == (4401, "the token was revoked")


async def test_a_revoked_listener_is_told_even_where_something_happens_all_the_time(tmp_path: Path) -> None:
    async with served(tmp_path, patience_s=0.2) as desk:
        token = await desk.app.tokens.issue(Role.VIEWER)
        number = (await desk.app.store.tokens.list())[-1]["id"]

        async def busy() -> None:
            while True:
                await desk.app.book.record(e.Noticed("n", "info", "test", "again"))
                await asyncio.sleep(0.02)

        async with stream(desk, token=token) as socket:
            await heard(socket, 1)
            going_on = asyncio.create_task(busy())
            await desk.app.store.tokens.revoke(number, desk.app.clock.now())
            try:
                assert await closed(socket) == (4401, "the token was revoked")
            finally:
                going_on.cancel()


async def drop_the_slow(desk: Served) -> None:
    after = desk.app.book.journal.last_seq
    async with stream(desk, f"?after={after}", max_queue=1, compression=None) as slow, stream(desk) as quick:
        slow.transport.pause_reading()
        long = "x" * 100_000
        for number in range(120):
            await desk.app.book.record(e.Noticed(f"n{number}", "info", "test", long))
        now = desk.app.book.journal.last_seq
        assert (await heard(quick, now))[-1]["seq"] == now
        assert await desk.app.book.until(lambda: False, 1.0) is False, "longer than our patience"
        slow.transport.resume_reading()
        got = (await all_of(slow))[-1]["seq"]
        assert got < now
    async with stream(desk, f"?after={got}") as again:
        assert (await heard(again, now - got))[-1]["seq"] == now
