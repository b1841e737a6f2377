"""The link to one terminal: started once for all who use it, watched, and never begun anew while the terminal lives.

To initialize a living terminal that has lost its broker breaks the link for good (-6, then -10004 without end): what
helps is to wait. Only a terminal that does not answer at all is initialized again, after a pause.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from trading.clock import Clock
from trading.errors import VenueRefused, VenueUnreachable
from trading.mt5.brokertime import BrokerTime
from trading.mt5.constants import Constants as mt5
from trading.mt5.figures import Answer, Figures, ask
from trading.mt5.listing import SymbolRules, named, rules_of, unlisted
from trading.mt5.package_thread import Line, Thread, Unanswered
from trading.mt5.terminal import Failed, Terminal, is_sound

T = TypeVar("T")
ANSWER_S = 10.0  # how long a call that reads may take
CONNECT_S = 45.0  # a terminal that has to be started takes its time
TRIES, PAUSE_S = 3, 2.0  # of the first connection
WATCH_S = 1.0
AGAIN_S = 5.0  # between two attempts to initialize a terminal that is gone
RULES_S = 600.0  # between two looks at what is listed
DOWN = "The terminal does not answer."


class Login(NamedTuple):
    """Which account the terminal must be logged in to. `number` 0: whichever it is."""

    number: int = 0
    password: str = ""
    server: str = ""
    may_be_real: bool = False


class Link:
    """One terminal. `make` makes the package; `wanted` are symbols to trade beside those of its Market Watch."""

    def __init__(
        self,
        make: Callable[[], Any],
        login: Login,
        clock: Clock,
        wanted: tuple[str, ...] = (),
        line: Line | None = None,
    ) -> None:
        self.clock, self.time = clock, BrokerTime()
        self.account: Any = None  # a second ago
        self.info: Any = None  # of the terminal, a second ago
        self.rules: dict[str, SymbolRules] = {}  # by our name
        self.by_name: dict[str, SymbolRules] = {}  # by the broker's
        self.ticks: dict[str, Any] = {}  # the last, by the broker's name
        self.missing: dict[str, list[str]] = {}  # what was wanted and is not listed, with what is like it
        self.figures = Figures()
        self.problem = "The terminal is not connected yet."
        self._make, self._login, self._wanted = make, login, wanted
        self._line: Line = line or Thread("mt5")
        self._terminal: Terminal | None = None
        self._users = 0
        self._opening = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    @property
    def is_hedging(self) -> bool:
        return bool(self.account.margin_mode == mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING)

    async def open(self) -> None:
        """Connect, unless somebody has. Each who opened closes.

        Raises:
            VenueUnreachable: the terminal does not answer; VenueRefused: the login is wrong, or not the account wanted.
        """
        async with self._opening:
            if not self._users:
                await self._connect()
                self._watch = asyncio.create_task(self._keep(), name="mt5 link")
            self._users += 1

    async def close(self) -> None:
        """Let go; the last one closes the link, the terminal goes on."""
        async with self._opening:
            self._users -= 1
            if self._users:
                return
            if self._watch is not None:
                self._watch.cancel()
                await asyncio.wait([self._watch])
            if self._terminal is not None:
                with suppress(Unanswered, Failed):  # it does not answer: there is nothing left to close
                    await self._line.run(self._terminal.close, ANSWER_S)
            self._line.close()
            self._terminal = None

    async def ask(self, work: Callable[[Terminal], T], timeout_s: float = ANSWER_S) -> T:
        """What `work` reads, in the package's thread.

        Raises:
            Failed: the package said so; Unanswered: nothing came in time; VenueUnreachable: it is not connected.
        """
        terminal = self._terminal
        if terminal is None:
            raise VenueUnreachable(DOWN, "It is tried again by itself.")
        return await self._line.run(lambda: work(terminal), timeout_s)

    def hear(self, name: str, tick: Any) -> bool:
        """Take a tick; whether it is news. A fresh one tells the broker's time."""
        before = self.ticks.get(name)
        if not is_sound(tick) or (before is not None and before.time_msc > tick.time_msc):
            return False
        if before is None or before.time_msc != tick.time_msc:
            self.time.hear(tick.time_msc, self.clock.now(), is_fresh=before is not None)
        self.ticks[name] = tick
        return before is None or before != tick

    # --- connecting --------------------------------------------------------------------------

    async def _connect(self) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                await self._initialize()
                return
            except (Failed, Unanswered) as why:
                error = _unreachable(why)
                self.problem = str(error)
                if isinstance(error, VenueRefused) or attempt == TRIES:
                    raise error from None
            await asyncio.sleep(PAUSE_S)

    async def _initialize(self) -> None:
        terminal = self._terminal or Terminal(await self._line.run(self._make, ANSWER_S))

        def work() -> tuple[Any, Any, Any]:
            terminal.connect(*self._login[:3], timeout_ms=int(CONNECT_S * 1000))
            return terminal.account(), terminal.info(), terminal.symbols()

        account, info, symbols = await self._line.run(work, CONNECT_S + ANSWER_S)
        self._check(account)
        self.account, self.info, self._terminal = account, info, terminal
        await self._list(symbols)
        await self._look()

    def _check(self, account: Any) -> None:
        """See that it is the account that was meant.

        Raises:
            VenueRefused: it is another one, or one with real money where none was allowed.
        """
        wanted = self._login.number
        if wanted and account.login != wanted:
            text = f"The terminal is logged in to account {account.login}, and not to {wanted}."
            raise VenueRefused(text, "Correct login and server in the settings.", code="WRONG_ACCOUNT")
        if account.trade_mode == mt5.ACCOUNT_TRADE_MODE_REAL and not self._login.may_be_real:
            text = f"Account {account.login} is a REAL one, and the settings say demo."
            raise VenueRefused(text, 'Set environment = "live" if real money is meant.', code="REAL_ACCOUNT")

    async def _list(self, symbols: tuple[Any, ...]) -> None:
        found = named(symbols, self._wanted)
        hidden = [info.name for info in found.values() if not info.visible]

        def select(terminal: Terminal) -> dict[str, Any]:
            for name in hidden:
                terminal.select(name)
            ticks = {}
            for info in found.values():
                try:
                    ticks[info.name] = terminal.tick(info.name)
                except Failed:
                    continue  # no price yet
            return ticks

        ticks = await self.ask(select)
        rules = [rules_of(info, symbol, self.account.currency) for symbol, info in found.items()]
        self.rules = {each.symbol: each for each in rules}
        self.by_name = {each.name: each for each in rules}
        self.missing = unlisted(symbols, self._wanted)
        for name, tick in sorted(ticks.items(), key=lambda one: -one[1].time_msc):
            self.hear(name, tick)

    async def _look(self) -> None:
        """See the state of the terminal and of its account, and some more of what it works out."""
        question = self.figures.question(self.by_name, self.ticks, self.time, self.clock.now())

        def work(terminal: Terminal) -> tuple[Any, Answer]:
            return terminal.info(), ask(terminal, question)

        self.info, answer = await self.ask(work)
        if answer.account.login != self.account.login:
            self.problem = f"The terminal is logged in to account {answer.account.login} now: nothing is sent to it."
            return
        self.account = answer.account
        self.figures.take(answer)
        self.problem = _state(self.info)

    async def _keep(self) -> None:
        """Watch the terminal, for ever."""
        loop = asyncio.get_running_loop()
        listed_at = loop.time()
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await self._look()
                if loop.time() - listed_at > RULES_S and not self.problem:
                    listed_at = loop.time()
                    await self._list(await self.ask(Terminal.symbols))
            except Unanswered as why:
                self.problem = str(_unreachable(why))  # it lives, and something holds it up: wait
            except Failed as why:
                self.problem = str(_unreachable(why))
                await self._again()

    async def _again(self) -> None:
        await asyncio.sleep(AGAIN_S)
        try:
            await self.ask(Terminal.info)
        except Unanswered:
            return
        except Failed:
            try:
                await self._initialize()
            except (Failed, Unanswered) as why:
                self.problem = str(_unreachable(why))
            except VenueRefused as why:
                self.problem = str(why)


def _state(info: Any) -> str:
    """What is wrong with a terminal that answers."""
    if not info.connected:
        return "The terminal has lost its broker: it is waited for, nothing is sent until then."
    return ""


def _unreachable(why: Failed | Unanswered) -> VenueUnreachable | VenueRefused:
    """The error of a terminal that cannot be used."""
    if isinstance(why, Unanswered):
        return VenueUnreachable(DOWN, "Look at the terminal: is a window open that waits for an answer?")
    if why.code == mt5.RES_E_AUTH_FAILED:
        return VenueRefused(
            "The terminal cannot log in with this login, password and server.",
            "Compare them with the broker's letter; the server is the one shown in the terminal's login window.",
            code="LOGIN_FAILED",
        )
    if why.code == mt5.RES_E_INTERNAL_FAIL_INIT and why.text.startswith("The bridge "):
        remedy = "Compare bridge_token and bridge_fingerprint with what `tiller bridge` has and prints."
        return VenueUnreachable(f"The terminal cannot be reached. {why.text}", remedy)
    remedy = {
        mt5.RES_E_INTERNAL_FAIL_INIT: "Install MetaTrader 5 on this machine, start it once and log in.",
        mt5.RES_E_INVALID_VERSION: "Bring the terminal and the MetaTrader5 package to the same, latest version.",
    }.get(why.code, "Is MetaTrader 5 running, and did it finish starting?")
    return VenueUnreachable(f"The terminal cannot be reached ({why.code}: {why.text}).", remedy)
