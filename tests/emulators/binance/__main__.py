"""An emulated Binance as a process of its own, for campaigns that kill the desk and not the exchange.

`python -m tests.emulators.binance --port 0` prints one line of JSON with its addresses and serves until it is told to
end (SIGINT, SIGTERM). Everything else is done by `POST /__control__`.
"""

import argparse
import asyncio
import json
import signal
from typing import Any

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.binance", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="any free one if 0")
    parser.add_argument("--now-ms", type=int, default=None, help="a clock that stands at this time")
    parser.add_argument("--account", default="main")
    parser.add_argument("--key", default="", help="an API key of the account, with every permission but withdrawal")
    parser.add_argument("--secret", default="", help="its HMAC secret")
    parser.add_argument("--balance", action="append", default=[], metavar="USDT=10000", help="of the spot account")
    parser.add_argument("--wallet", default="0", help="USDT in the futures wallet")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


async def serve(chosen: argparse.Namespace) -> None:
    """Serve until told to end."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    venue = Binance(now_ms=chosen.now_ms)
    await venue.open(chosen.port)
    spot, futures = Spot(venue, seed=chosen.seed), Futures(venue)
    balances: dict[str, Any] = dict(pair.split("=") for pair in chosen.balance)
    key = ApiKey(chosen.key, chosen.account, secret=chosen.secret) if chosen.key else None
    spot.open_account(chosen.account, key, **balances)
    if float(chosen.wallet):
        futures.transfer(chosen.account, chosen.wallet)
    addresses = {
        "rest_url": venue.rest_url,
        "ws_api_url": venue.ws_api_url,
        "stream_url": venue.stream_url,
        "control_url": f"{venue.url}/__control__",
        "futures_rest_url": futures.rest_url,
        "futures_ws_api_url": futures.ws_api_url,
        "futures_stream_url": futures.stream_url,
    }
    print(json.dumps(addresses), flush=True)
    await ended.wait()
    await venue.close()


asyncio.run(serve(options()))
