"""`python -m tests.bridge.process [TERMINAL]`: `tiller bridge` beside an emulated terminal, set by environment.

It is the real one but for the package, which is the emulator's: linked to the terminal's process at that address, or
with a terminal of its own in this process.
"""

import asyncio
import os
import sys
from typing import Any

from bot.bridge.serve import serve
from bot.settings.loading import load
from tests.emulators.mt5.desk import desk
from tests.emulators.mt5.remote import remote
from trading.instruments import trap_floats
from trading.mt5.constants import Constants


def say(line: str) -> None:
    print(line, flush=True)


def package() -> Any:
    """The package's stand-in."""
    if len(sys.argv) > 1:
        return remote(sys.argv[1])
    return desk(Constants.ACCOUNT_MARGIN_MODE_RETAIL_NETTING, balance="100000000").mt5


if __name__ == "__main__":
    trap_floats()
    asyncio.run(serve(load(None, None, None, os.environ), say, package))
