"""Rounds at an emulated MetaTrader 5 terminal behind `tiller bridge`: the bot, the bridge or both are killed.

The terminal is a process that lives through all of them, its prices move, and its ledger is what the journal is held
against. The account is netting or hedging, in dollars, on a desk that counts USDT.

After a kill the bot is up again at once, is asked everything once more, and must find out all that can be known by
then. An order that never arrived is only believed to be lost after half a minute: so the bot is killed once more, that
time goes by for it and for the broker while it is down, and then nothing may be open.
"""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import httpx

from tests.bridge.crash import TOKEN
from tests.crash.bot import Answers, Bot, again, ask, keyed, load, ready, say, told
from tests.crash.broker import MIDDLES, Broker
from tests.crash.mt5_books import Found, compare

KILLED = ("bridge", "bot", "both")
LINES = (
    "/buy {} 0.01",
    "/buy {} 0.03 sl={low} tp={high}",
    "/sell {} 0.02",
    "/sell {} 0.03 sl={high} tp={low}",
    "/buy {} 0.01 {below}",
    "/buy {} 0.02 {below} sl={low} tp={high}",
    "/sell {} 0.01 {above}",
    "/buy {} 0.01 stop={above}",
    "/sell {} 0.02 stop={below} sl={high}",
    "/buy {} 0.01 trail=0.0010",
    "/oco {} 0.01 tp={high} sl={low}",
    "/sl {} {low}",
    "/tp {} {high}",
    "/trail {} 0.0012",
    "/close {} 50%",
    "/close {}",
    "/cancel {}",
)
NEAR, FAR = 60, 110  # points from the middle
PAUSE_S = 0.1
ANSWERS, MOMENT_S = 20, 0.3  # at most, until the kill, which comes a moment after the last of them
DOWN_S = 0.8  # at most, of the bridge
AFTERWARDS_S = 1.0  # of the load, once the bridge is back
SOON_S, SETTLED_S, LOOK_S = 2.0, 60.0, 0.3
AWAY_S = 60  # the time that goes by: certainty takes 30 s, and three looks


class Mt5:
    """An account that trades live at the emulated broker."""

    def __init__(self, folder: Path, mode: str = "netting") -> None:
        self.folder = folder
        self._told: set[str] = set()
        (folder / "bridge").mkdir(exist_ok=True)
        self._broker = Broker(folder, mode)
        account = {
            "VENUE": "mt5",
            "TRANSPORT": "bridge",
            "LOGIN": "5001",
            "PASSWORD": "secret",
            "SERVER": "Emulated-Demo",
            "BRIDGE_URL": f"ws://127.0.0.1:{self._broker.port}",
            "BRIDGE_TOKEN": TOKEN,
        }
        limits = ("MAX_ORDER_VALUE", "MAX_POSITION_VALUE", "MAX_TOTAL_EXPOSURE", "MAX_LEVERAGE")
        self._settings = {
            **{f"TILLER_ACCOUNTS__MAIN__{name}": value for name, value in account.items()},
            **{f"TILLER_RISK__{name}": "1000000" for name in limits},
            "TILLER_CONFIRM__ORDERS": "never",
            "TILLER_RATES": '{ USD = "1" }',
        }
        self._later_s = 0
        self._bot: Bot | None = None

    @property
    def orders(self) -> int:
        return len(self._told)

    def close(self) -> None:
        if self._bot is not None:
            self._bot.kill()
        self._broker.close()

    async def round(self, number: int, chance: random.Random) -> tuple[int, int]:
        """Load, kill, start again, send again; then time goes by, until all is known. Answers what differs then."""
        answered: Answers = {}
        lines = keyed(number, (_line(chance) for _ in range(400)))
        victim = KILLED[number % len(KILLED)]
        async with self._broker.moving():
            self._bot = bot = self._bot or await self._started()
            await self._killed(bot, victim, lines, answered, chance)
            found = await self._found_out(lines, answered, everything=victim == "bridge")
            if found and not found.doubled and victim != "bridge":
                self._bot.kill()
                self._broker.do("clock", advance=AWAY_S)
                self._later_s += AWAY_S
                self._bot = await self._started()
                found = await self._found_out({}, {}, everything=True)
        if found:
            print(f"killed: {victim}\n{found}")
        return len(found.doubled), len(found.lost)

    async def _started(self) -> Bot:
        program = "tests.crash.later", str(self._later_s)
        return await asyncio.to_thread(Bot, self.folder, self._settings, program)

    async def _killed(
        self, bot: Bot, victim: str, lines: dict[str, str], answered: Answers, chance: random.Random
    ) -> None:
        """A load until the kill; what was killed is up again at the end."""
        broker, most, down_s = self._broker, chance.randint(0, ANSWERS), chance.uniform(0.0, DOWN_S)
        async with bot.client() as client:
            await ready(client)
            await _go_live(client)
            broker.dawdle(chance)
            sending = asyncio.create_task(load(client, lines, answered, PAUSE_S))
            while len(answered) < most and not sending.done():  # noqa: ASYNC110 - a dictionary has no event
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.uniform(0.0, MOMENT_S))
            victims = [broker.kill_bridge] * (victim != "bot") + [bot.kill] * (victim != "bridge")
            for kill in chance.sample(victims, len(victims)):
                kill()
            await asyncio.gather(self._bridge_again(victim, down_s), self._bot_again(victim))
            if victim == "bridge":
                await asyncio.sleep(AFTERWARDS_S)
                sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        broker.hurry()

    async def _bridge_again(self, victim: str, down_s: float) -> None:
        if victim != "bot":
            await asyncio.sleep(down_s)
            await asyncio.to_thread(self._broker.start_bridge)

    async def _bot_again(self, victim: str) -> None:
        if victim != "bridge":
            self._bot = await self._started()

    async def _found_out(self, lines: dict[str, str], answered: Answers, *, everything: bool) -> Found:
        """What differs once the bot has answered everything again: waits for what can be known by then, or for all."""
        assert self._bot is not None
        async with self._bot.client() as client:
            await ready(client)
            await again(client, lines, answered, most=4)
            self._told |= told(answered)
            clock = asyncio.get_running_loop().time
            until = clock() + (SETTLED_S if everything else SOON_S)
            while True:
                synced = await ask(client, "POST", "/api/v1/orders/sync")
                found = compare(self.folder, self._broker, self._told)
                if "see /reconcile" in synced.text:
                    found.lost.append(f"the desk sees a difference: {synced.text}")
                if not found or (found.is_certain and not everything) or clock() > until:
                    return found
                await asyncio.sleep(LOOK_S)


def _line(chance: random.Random) -> str:
    """One line, for a symbol at its prices."""
    name, middle = chance.choice(sorted(MIDDLES.items()))
    points = {"low": -FAR, "below": -NEAR, "above": NEAR, "high": FAR}
    prices = {word: f"{(middle + away) / 100_000:.5f}" for word, away in points.items()}
    return chance.choice(LINES).format(name, **prices)


async def _go_live(client: httpx.AsyncClient) -> None:
    asked = await say(client, "/mode main live")
    for button in asked["buttons"]:
        if button["line"].lstrip("/").startswith("confirm "):
            done = await say(client, f"{button['line']} {asked['phrase']}")
            assert done["ok"], done
