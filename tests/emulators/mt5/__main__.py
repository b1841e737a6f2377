"""An emulated terminal and its broker as a process of its own, for campaigns that kill the desk or the bridge only.

`python -m tests.emulators.mt5 --port 0` prints one line of JSON with its addresses and serves until it is told to end
(SIGINT, SIGTERM). Programs have the package by `remote(url)`; everything else is done by `POST /__control__`.
"""

import argparse
import json
import signal
import threading
from types import FrameType

from tests.emulators.mt5.control import Server
from tests.emulators.mt5.terminal import Terminal
from trading.mt5.constants import Constants as mt5

MODES = {"hedging": mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING, "netting": mt5.ACCOUNT_MARGIN_MODE_RETAIL_NETTING}


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.mt5", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="any free one if 0")
    parser.add_argument("--now", type=float, default=None, help="a clock that stands at this UTC time, in seconds")
    parser.add_argument("--offset", type=int, default=10_800, help="seconds of the broker's time before UTC")
    parser.add_argument("--login", type=int, default=5001)
    parser.add_argument("--password", default="secret")
    parser.add_argument("--server", default="Emulated-Demo")
    parser.add_argument("--balance", default="10000")
    parser.add_argument("--mode", choices=MODES, default="hedging")
    return parser.parse_args()


def serve(chosen: argparse.Namespace) -> None:
    """Serve until told to end."""
    terminal = Terminal(chosen.now, chosen.offset)
    who = {"password": chosen.password, "server": chosen.server, "margin_mode": MODES[chosen.mode]}
    terminal.account(chosen.login, chosen.balance, **who)
    server = Server(terminal, chosen.port)

    def end(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()  # it would wait for this very thread

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    print(json.dumps({"url": server.url, "control_url": f"{server.url}/__control__"}), flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()


serve(options())
