"""An emulated Telegram as a process of its own, for campaigns that kill the desk and not the chat.

`python -m tests.emulators.telegram --port 0` prints one line of JSON with its addresses and serves until it is told to
end (SIGINT, SIGTERM). Everything else is done at its control address.
"""

import argparse
import asyncio
import json
import signal

from tests.emulators.telegram.control import ControlServer
from tests.emulators.telegram.server import TOKEN, Telegram


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="any free one if 0")
    parser.add_argument("--now", type=float, default=None, help="a clock that stands at this time, in seconds")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--username", default="tiller_bot", help="the bot's")
    parser.add_argument("--limits", action="store_true", help="enforce the sending limits")
    parser.add_argument("--person", action="append", default=[], metavar="1111=Ana", help="who has started the bot")
    parser.add_argument("--keep", type=int, default=10_000, help="messages of a chat, and entries of the record")
    return parser.parse_args()


async def serve(chosen: argparse.Namespace) -> None:
    """Serve until told to end."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    telegram = Telegram(
        chosen.now, token=chosen.token, username=chosen.username, limits=chosen.limits, keep=chosen.keep
    )
    for told in chosen.person:
        number, _, name = told.partition("=")
        telegram.person(int(number), name)
    await telegram.open(chosen.port)
    control = ControlServer(telegram)
    await control.open()
    print(json.dumps({"base_url": telegram.url, "token": chosen.token, "control_url": control.url}), flush=True)
    await ended.wait()
    await control.close()
    await telegram.close()


asyncio.run(serve(options()))
