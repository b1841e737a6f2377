"""The terminal: its connection to the trade server, what it has seen of it, and the hand that a test has on both."""

import threading
from dataclasses import dataclass
from typing import Any

from tests.emulators.mt5 import views
from tests.emulators.mt5.account import Account, Deal, Order
from tests.emulators.mt5.clock import Clock
from tests.emulators.mt5.codes import Failure
from tests.emulators.mt5.decimals import Number, exact
from tests.emulators.mt5.faults import Faults
from tests.emulators.mt5.ledger import Ledger
from tests.emulators.mt5.market import Market, Quote
from tests.emulators.mt5.records import TradeOrder, TradePosition
from tests.emulators.mt5.states import AccountInfo, TerminalInfo
from tests.emulators.mt5.symbols import Symbol, listing
from tests.emulators.mt5.triggers import TradeServer
from trading.mt5.constants import Constants as mt5

PATH = "C:\\Program Files\\MetaTrader 5"
BUILD = (500, 5326, "25 Sep 2026")
WHAT = ("positions", "orders", "history")


@dataclass(frozen=True)
class Seen:
    """What a terminal knew of its account at one moment. History only grows: how much of it there was is enough."""

    positions: tuple[TradePosition, ...]
    orders: tuple[TradeOrder, ...]
    history: int
    deals: int
    account: AccountInfo
    quotes: dict[str, Quote]


@dataclass
class Lag:
    """What the terminal has not been told yet."""

    what: frozenset[str]
    seen: Seen
    until_ms: float
    lookups: int


class Terminal:
    """One terminal. `now`: the UTC time in seconds at which the clock stands, None for the machine's.

    Everything may be called from any thread. Settings are attributes: `algo` (the Algo Trading button), `api_disabled`
    (the option that forbids the Python API), `installed`, `comment_limit` (characters of a comment that the package
    lets pass: 29 is the strictest reported; 0 lets any pass, the server keeps 31).
    """

    def __init__(self, now: float | None = None, offset_s: int = 10_800, symbols: list[Symbol] | None = None) -> None:
        self.lock = threading.RLock()
        self.clock = Clock(now, offset_s)
        self.market = Market(self.clock, listing() if symbols is None else symbols)
        self.server = TradeServer(self.clock, self.market)
        self.faults = Faults()
        self.algo, self.api_disabled, self.installed, self.running = True, False, True, True
        self.epoch = 0  # how often it was started: a link to an earlier run is dead
        self.comment_limit = 29
        self.selected = {name for name, symbol in self.market.symbols.items() if symbol.shown}
        self.logged_in: Account | None = None
        self.request_id = 0
        self._cut: Seen | None = None
        self._lags: list[Lag] = []

    # What a test does

    def account(self, login: int = 5001, balance: Number = 10_000, **settings: Any) -> Account:
        """Open an account at the broker with a deposit; the terminal logs in to the first."""
        with self.lock:
            named = {"password": "secret", "server": "Emulated-Demo", **settings}
            account = self.server.accounts[login] = Account(login, **named)
            self.server.deposit(account, exact(balance))
            self.logged_in = self.logged_in or account
            return account

    def symbol(self, name: str, **rules: Any) -> Symbol:
        """A symbol, with these rules changed."""
        with self.lock:
            self.market.symbols[name].change(**rules)
            return self.market.symbols[name]

    def list_symbol(self, symbol: Symbol) -> None:
        """One more symbol to trade."""
        with self.lock:
            self.market.symbols[symbol.name] = symbol
            if symbol.shown:
                self.selected.add(symbol.name)

    def show(self, name: str, bid: Number, ask: Number, **more: Any) -> None:
        """A new price (`last=`, `depth=`: see Market.show), with everything that it sets off."""
        with self.lock:
            self.server.time_passed()
            self.market.show(name, bid, ask, **more)
            self.server.price_moved(name)

    def past_weeks(self, name: str, weeks: int = 5, price: Number = 1) -> None:
        """A symbol has been traded for so many weeks, in its sessions."""
        with self.lock:
            self.market.load_weeks(name, weeks, price)

    def advance(self, seconds: float) -> None:
        """Let time pass, with everything that comes due."""
        with self.lock:
            self.clock.advance(seconds)
            self.server.time_passed()

    def settle(self) -> None:
        """The server sees to everything that it has put off."""
        with self.lock:
            self.server.settle()

    def disconnect(self) -> None:
        """The connection to the broker is lost: the terminal shows what it last knew, the market goes on."""
        with self.lock:
            self._cut = self._cut or self._look()

    def reconnect(self) -> None:
        """The connection is back."""
        with self.lock:
            self._cut = None

    def catch_up(self) -> None:
        """End every lag."""
        with self.lock:
            self._lags.clear()

    def exit(self) -> None:
        """The terminal is closed, or crashes: links to it are dead until somebody initializes anew."""
        with self.lock:
            self.running = False

    def start(self) -> None:
        """The terminal is started."""
        with self.lock:
            if not self.running:
                self.running, self.epoch = True, self.epoch + 1

    @property
    def deals(self) -> list[Deal]:
        """Every deal of the account."""
        return self.current.deals

    @property
    def executed(self) -> Ledger:
        """What the server really did."""
        return self.server.ledger

    @property
    def connected(self) -> bool:
        return self._cut is None

    @property
    def current(self) -> Account:
        """The account that it is logged in to. Raises Failure -6 if there is none."""
        if self.logged_in is None:
            raise Failure(mt5.RES_E_AUTH_FAILED)
        return self.logged_in

    # What the package reads

    def log_in(self, login: int, password: str, server: str) -> None:
        """Change to another account; what is empty is as it was saved. Raises Failure -6."""
        account = self.server.accounts.get(login) if login else self.logged_in
        if account is None or password not in ("", account.password) or server not in ("", account.server):
            raise Failure(mt5.RES_E_AUTH_FAILED)
        if not self.connected:
            raise Failure(mt5.RES_E_AUTH_FAILED)
        self.logged_in = account

    def positions(self) -> tuple[TradePosition, ...]:
        seen = self._stale("positions")
        return seen.positions if seen else self._positions()

    def orders(self) -> tuple[TradeOrder, ...]:
        seen = self._stale("orders")
        return seen.orders if seen else self._orders()

    def history(self) -> list[Order]:
        seen = self._stale("history")
        return self.current.history[: seen.history] if seen else self.current.history

    def past_deals(self) -> list[Deal]:
        seen = self._stale("history")
        return self.current.deals[: seen.deals] if seen else self.current.deals

    def account_info(self) -> AccountInfo:
        return self._cut.account if self._cut else views.account_info(self.market, self.current)

    def quote(self, name: str) -> Quote | None:
        return (self._cut.quotes if self._cut else self.market.quotes).get(name)

    def terminal_info(self) -> TerminalInfo:
        return TerminalInfo(
            connected=self.connected,
            trade_allowed=self.algo,
            tradeapi_disabled=self.api_disabled,
            build=BUILD[1],
            maxbars=100_000,
            ping_last=25_000,
            company="MetaQuotes Ltd.",
            name="MetaTrader 5",
            language="English",
            path=PATH,
            data_path=PATH,
            commondata_path="C:\\Users\\trader\\AppData\\Roaming\\MetaQuotes\\Terminal\\Common",
        )

    def lag(self, detail: dict[str, Any]) -> None:
        """From now on the terminal is behind: see faults.py."""
        seconds, lookups = detail.get("seconds"), int(detail.get("lookups", 0))
        until = self.clock.now_ms + 1000 * float(seconds or 0)
        if seconds is None and not lookups:
            until = float("inf")  # until catch_up
        self._lags.append(Lag(frozenset(detail.get("what", WHAT[2:])), self._look(), until, lookups))

    def _stale(self, what: str) -> Seen | None:
        """What it knew before, if that is all that it knows."""
        if self._cut is not None:
            return self._cut
        for lag in list(self._lags):
            if what not in lag.what:
                continue
            if lag.lookups > 0:
                lag.lookups -= 1
                return lag.seen
            if self.clock.now_ms < lag.until_ms:
                return lag.seen
            self._lags.remove(lag)
        return None

    def _positions(self) -> tuple[TradePosition, ...]:
        return tuple(views.position(self.market, self.current, one) for one in self.current.positions.values())

    def _orders(self) -> tuple[TradeOrder, ...]:
        return tuple(views.order(self.market, one) for one in self.current.orders.values())

    def _look(self) -> Seen:
        account = self.current
        counts = len(account.history), len(account.deals)
        info = views.account_info(self.market, account)
        return Seen(self._positions(), self._orders(), *counts, info, dict(self.market.quotes))
