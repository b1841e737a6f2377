"""The rounds of a campaign, whatever the venue."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.crash.binance import Binance
from tests.crash.mt5 import Mt5
from tests.crash.paper import Paper
from tests.crash.webhooks import Webhooks


class Venue(Protocol):
    """Where the bot trades, on a data directory that lasts."""

    @property
    def orders(self) -> int:
        """How many orders people were told of."""
        ...

    async def round(self, number: int, chance: random.Random) -> tuple[int, int]:
        """One round: how many are there twice, and how many are missing."""
        ...

    def close(self) -> None: ...


VENUES: dict[str, Callable[[Path], Venue]] = {
    "paper": Paper,
    "binance": Binance,
    "mt5": Mt5,
    "mt5-hedging": partial(Mt5, mode="hedging"),
    "webhooks": Webhooks,
}


def crash(venue: str, folder: Path, rounds: int, seed: int) -> int:
    """Play the rounds in a folder, and say how it ended. Answers the exit code."""
    chance, doubled, lost, number = random.Random(seed), 0, 0, 0
    place = VENUES[venue](folder)
    try:
        for number in range(1, rounds + 1):
            doubled, lost = asyncio.run(place.round(number, chance))
            if doubled or lost:
                print(f"round {number}: {doubled} doubled, {lost} lost; replay with --venue {venue} --seed {seed}")
                break
            if number % 10 == 0:
                print(f"{number} rounds, {place.orders} orders", flush=True)
    finally:
        place.close()
    verify = [sys.executable, "-m", "bot", "journal", "verify", "--data-dir", str(folder)]
    verified = subprocess.run(verify, capture_output=True, text=True)
    print((verified.stdout or verified.stderr).strip())
    print(f"{number} rounds, {doubled} doubled, {lost} lost")
    return 1 if doubled or lost or verified.returncode else 0
