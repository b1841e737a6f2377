"""Binance's public REST endpoints of one product: one question, one answer, within the limits of the address.

Sources: binance-spot-api-docs rest-api.md ("HTTP return codes", "LIMITS", "Market Data endpoints") and the market data
endpoints of the USDS-M futures.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeVar

import aiohttp
import msgspec

from trading.binance.budget import UNTOLD_WAIT_S
from trading.errors import ConfigError, VenueUnreachable
from trading.instruments import Symbol
from trading.market import binance_wire as wire
from trading.market.feed import REMEDY

T = TypeVar("T")

MOST_ASKED_BY_NAME = 50  # symbols in one request of exchangeInfo
INVALID_SYMBOL = "-1121"


class Room(Protocol):
    """What one request was admitted with; its answer is told to it."""

    def heard(self, headers: Mapping[str, str], /) -> None:
        """The headers of the answer, which count what was used."""
        ...

    def turned_away(self, status: int, code: int | None, retry_after_s: float | None, /) -> None:
        """The venue said 429 or 418, and when to come again."""
        ...


Admission = Callable[[int], AbstractAsyncContextManager[Room]]
"""Asked for room for a request of so much weight; it may wait, or raise VenueUnreachable: nothing is sent then."""


class Patience:
    """The admission of who has the address to himself: after a 429 or 418 nothing is sent until its time is up."""

    def __init__(self) -> None:
        self._quiet_until_s = -math.inf  # on the loop's time

    @asynccontextmanager
    async def room(self, weight: int) -> AsyncIterator[Room]:
        if (left_s := self._quiet_until_s - asyncio.get_running_loop().time()) > 0:
            raise VenueUnreachable(f"binance asks us to slow down for another {math.ceil(left_s)} s.", REMEDY)
        yield self

    def heard(self, headers: Mapping[str, str], /) -> None: ...

    def turned_away(self, status: int, code: int | None, retry_after_s: float | None, /) -> None:
        wait_s = UNTOLD_WAIT_S[status] if retry_after_s is None else retry_after_s
        self._quiet_until_s = asyncio.get_running_loop().time() + wait_s


class Refusal(msgspec.Struct):
    """How Binance says no."""

    code: int | None = None
    msg: str = ""


class PublicRest:
    """One product at `address` (with its path), over `http`; each request has its weight admitted by `admission`.

    What its methods ask for they get, or raise VenueUnreachable, whose code is the venue's where it gave one.
    """

    def __init__(
        self, http: aiohttp.ClientSession, endpoints: wire.Endpoints, address: str, admission: Admission | None = None
    ) -> None:
        self._http, self._endpoints, self._address = http, endpoints, address
        self._admission = admission or Patience().room

    async def listed(self, symbols: Sequence[str]) -> dict[Symbol, wire.Listed]:
        """The listings of `symbols`, which must be all there.

        Raises:
            ConfigError: Binance does not list one, or it has no price or quantity step.
            VenueUnreachable: no answer.
        """
        weight, asked = self._endpoints.list_weight, {}
        if self._endpoints is wire.SPOT and len(symbols) <= MOST_ASKED_BY_NAME:  # all of them are more than 10 MB
            asked["symbols"] = msgspec.json.encode([symbol.replace("/", "") for symbol in symbols]).decode()
        try:
            info = await self._get("/exchangeInfo", weight, wire.ExchangeInfo, **asked)
        except VenueUnreachable as why:
            if why.code != INVALID_SYMBOL:
                raise
            info = await self._get("/exchangeInfo", weight, wire.ExchangeInfo)  # one of them is unknown: which?
        found = wire.listed(info, self._endpoints, symbols)
        for symbol in symbols:
            if symbol not in found:
                raise ConfigError(f"binance does not list {symbol!r}.", "Write it like BTC/USDT or BTC/USDT:USDT.")
        return found

    async def book(self, venue_symbol: str) -> wire.SpotBook:
        """The best levels of a book."""
        weight = self._endpoints.depth_weight
        return await self._get("/depth", weight, wire.SpotBook, symbol=venue_symbol, limit=wire.DEPTH)

    async def klines(
        self, venue_symbol: str, timeframe: str, since_ms: int, length_ms: int, count: int
    ) -> list[wire.Kline]:
        """The `count` bars from `since_ms` on, of which there may be fewer; the last may be forming still."""
        found: list[wire.Kline] = []
        until_ms = since_ms + count * length_ms
        while since_ms < until_ms:
            limit = min((until_ms - since_ms) // length_ms, wire.KLINES)
            weight = self._endpoints.kline_weight(limit)
            span = {"startTime": since_ms, "limit": limit}
            page = await self._get("/klines", weight, list[wire.Kline], symbol=venue_symbol, interval=timeframe, **span)
            found += [kline for kline in page if since_ms <= kline.start < until_ms]
            if len(page) < limit:
                break
            since_ms = page[-1].start + length_ms
        return found

    async def server_ms(self) -> int:
        """The venue's time, in ms since 1970."""
        return (await self._get("/time", 1, wire.ServerTime)).server_time

    async def _get(self, endpoint: str, weight: int, kind: type[T], **params: str | int) -> T:
        async with self._admission(weight) as room:
            try:
                async with self._http.get(self._address + endpoint, params=params, allow_redirects=False) as answer:
                    room.heard(answer.headers)
                    body = await answer.read()
            except TimeoutError:
                raise VenueUnreachable("binance did not answer in time.", REMEDY) from None
            except aiohttp.ClientConnectorError:
                raise VenueUnreachable("binance cannot be reached.", REMEDY) from None
            except (aiohttp.ClientError, OSError) as why:  # its words may hold the address, and that a password
                text = f"binance answers with an error ({type(why).__name__})."
                raise VenueUnreachable(text, REMEDY) from None
            if answer.status != 200:
                raise _refused(answer, body, room)
        return _read(body, kind)


def _read(body: bytes, kind: type[T]) -> T:
    if body.strip()[:1] not in (b"{", b"["):
        raise VenueUnreachable("binance answers with something else than JSON.", REMEDY)
    try:
        return msgspec.json.decode(body, type=kind)
    except wire.GARBLED as why:
        raise VenueUnreachable(f"binance answers in another shape ({type(why).__name__}).", REMEDY) from None


def _refused(answer: aiohttp.ClientResponse, body: bytes, room: Room) -> VenueUnreachable:
    try:
        said = msgspec.json.decode(body, type=Refusal)
    except wire.GARBLED:
        said = Refusal()
    if answer.status in UNTOLD_WAIT_S:
        after = answer.headers.get("Retry-After", "")
        room.turned_away(answer.status, said.code, float(after) if after.isdigit() else None)
        return VenueUnreachable("binance asks us to slow down.", REMEDY)
    if said.code is None:
        return VenueUnreachable(f"binance answers with an error (HTTP {answer.status}).", REMEDY)
    words = " ".join(said.msg.split())[:100]
    return VenueUnreachable(f"binance answers with an error ({said.code} {words})", REMEDY, code=str(said.code))
