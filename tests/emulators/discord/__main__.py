"""An emulated Discord as a process of its own, for campaigns that kill the desk and not the chat.

`python -m tests.emulators.discord --port 0 --channel 2:trading --person 2222:ana` prints one line of JSON with its
addresses and serves until it is told to end (SIGINT, SIGTERM). All else is done by `POST` to its control address.
"""

import argparse
import asyncio
import json
import signal

from aiohttp import web

from tests.emulators.discord import control
from tests.emulators.discord.server import Discord


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.discord", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="any free one if 0")
    parser.add_argument("--control-port", type=int, default=0, help="likewise")
    parser.add_argument("--now-ms", type=int, default=None, help="a clock that stands at this time")
    parser.add_argument("--token", default="emulated-token")
    parser.add_argument("--channel", action="append", default=[], metavar="2:trading", help="of the guild 1")
    parser.add_argument("--person", action="append", default=[], metavar="2222:ana", help="a member of the guild 1")
    parser.add_argument("--unlimited", action="store_true", help="without rate limits")
    return parser.parse_args()


async def serve(chosen: argparse.Namespace) -> None:
    """Serve until told to end."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    discord = Discord(now_ms=chosen.now_ms, token=chosen.token)
    if chosen.unlimited:
        discord.limits.off()
    for pair in chosen.channel:
        number, _, name = pair.partition(":")
        discord.channel(int(number), name or "trading")
    for pair in chosen.person:
        number, _, name = pair.partition(":")
        discord.person(int(number), name or f"person{number}")
    await discord.open(chosen.port)
    handler = control.serve(control.commands(discord))
    runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", chosen.control_port).start()
    addresses = {
        "api_url": discord.api_url,
        "gateway_url": discord.gateway_url,
        "token": discord.token,
        "control_url": f"http://127.0.0.1:{runner.addresses[0][1]}",
    }
    print(json.dumps(addresses), flush=True)
    await ended.wait()
    await discord.close()
    await runner.cleanup()


asyncio.run(serve(options()))
