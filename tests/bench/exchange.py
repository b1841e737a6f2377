"""`python -m tests.bench.exchange`: an emulated Binance behind a wire that notes when an order arrives.

Prints one line of JSON: `url` (through the wire) and `stamps`, a port that answers when the orders sent since last
asked had their first byte here, in nanoseconds of the machine's monotonic clock.
"""

import asyncio
import contextlib
import json
import time

from tests.emulators.binance.limits import Limit
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance

KEY = ApiKey("k" * 64, secret="s" * 64)


POST = b"POST /api/v3/order"
FRAME, LONG = 0x81, 250  # a text frame of a WebSocket; pings and subscriptions are shorter than an order


class Wire:
    """Relays connections to the exchange."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.noted: list[int] = []

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._copy(theirs, writer))
        try:
            with contextlib.suppress(ConnectionError):  # who was killed says no goodbye
                while data := await reader.read(65536):
                    at = time.perf_counter_ns()
                    if data.startswith(POST) or (data[0] == FRAME and len(data) > LONG):
                        self.noted.append(at)
                    ours.write(data)
        finally:
            ours.close()
            back.cancel()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every line with what was noted."""
        while await reader.readline():
            noted, self.noted = self.noted, []
            writer.write(json.dumps(noted).encode() + b"\n")
            await writer.drain()
        writer.close()


async def serve() -> None:
    async with Binance() as venue:
        spot = Spot(venue)
        spot.limits.limits = [Limit("REQUEST_WEIGHT", "MINUTE", 1, 1_000_000), Limit("ORDERS", "SECOND", 10, 1_000_000)]
        spot.open_account("main", KEY, USDT=10_000_000, BTC=100)
        spot.show("BTCUSDT", [["60000", "100000"]], [["60001", "100000"]])
        wire = Wire(int(venue.url.rpartition(":")[2]))
        relay = await asyncio.start_server(wire.relay, "127.0.0.1", 0)
        teller = await asyncio.start_server(wire.tell, "127.0.0.1", 0)
        port, stamps = (server.sockets[0].getsockname()[1] for server in (relay, teller))
        print(json.dumps({"url": f"http://127.0.0.1:{port}", "stamps": stamps}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
