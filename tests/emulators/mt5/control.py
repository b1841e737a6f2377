"""What another process may do: call the package (`/call`), and work the terminal and its broker (`/__control__`)."""

import json
from collections.abc import Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn

from tests.emulators.mt5.codes import Failure, Refusal
from tests.emulators.mt5.decimals import exact, text
from tests.emulators.mt5.module import FUNCTIONS, MetaTrader5
from tests.emulators.mt5.person import Person
from tests.emulators.mt5.symbols import renamed
from tests.emulators.mt5.terminal import Terminal
from tests.emulators.mt5.wire import decode, encode

Command = Callable[..., Any]


class Died(BaseException):
    """The calling process is to be killed."""


def _died() -> NoReturn:
    raise Died


def commands(terminal: Terminal) -> dict[str, Command]:
    """The commands by name; numbers may be text, so that they are exact."""
    return {
        **_account_commands(terminal),
        **_market_commands(terminal),
        "settle": terminal.settle,
        "catch_up": terminal.catch_up,
        "disconnect": terminal.disconnect,
        "reconnect": terminal.reconnect,
        "exit": terminal.exit,
        "start": terminal.start,
        "arm": lambda **detail: terminal.faults.arm(**detail) and None,
        "disarm": terminal.faults.disarm,
        "struck": lambda: terminal.faults.struck,
        "release": terminal.faults.release,
        "ledger": lambda since=0: terminal.executed.rows()[since:],
        "doubled": lambda: [[*key, count] for key, count in terminal.executed.doubled().items()],
    }


def _market_commands(terminal: Terminal) -> dict[str, Command]:
    def clock(advance: float = 0, offset_s: int | None = None) -> list[int]:
        if offset_s is not None:
            terminal.clock.offset_s = offset_s
        terminal.advance(advance)
        return [terminal.clock.now_ms, terminal.clock.server_ms]

    def setting(**changes: Any) -> None:
        for name, value in changes.items():
            if name not in ("algo", "api_disabled", "installed", "comment_limit"):
                raise ValueError(f"no setting is called {name}")
            setattr(terminal, name, value)

    def alias(name: str, of: str, **rules: Any) -> None:
        terminal.list_symbol(renamed(terminal.market.symbols[of], name, **rules))

    def symbol(name: str, **rules: Any) -> None:
        terminal.symbol(name, **rules)

    return {
        "alias": alias,
        "clock": clock,
        "past_weeks": terminal.past_weeks,
        "setting": setting,
        "show": terminal.show,
        "symbol": symbol,
    }


def _account_commands(terminal: Terminal) -> dict[str, Command]:
    person = Person(terminal)

    def account(login: int = 5001, balance: str = "10000", **settings: Any) -> int:
        return terminal.account(login, balance, **settings).login

    def account_setting(**changes: Any) -> None:
        for name, value in changes.items():
            old = getattr(terminal.current, name)
            setattr(terminal.current, name, exact(value) if isinstance(old, Decimal) else value)

    def by_hand(action: str, *arguments: Any, **named: Any) -> dict[str, Any]:
        if action.startswith("_"):
            raise ValueError(f"nobody can {action}")
        result = getattr(person, action)(*arguments, **named)
        return {"retcode": result.retcode, "order": result.order, "deal": result.deal}

    def positions() -> list[dict[str, Any]]:
        with terminal.lock:
            return [_readable(vars(one)) for one in terminal.current.positions.values()]

    return {
        "account": account,
        "account_setting": account_setting,
        "person": by_hand,
        "positions": positions,
        "balance": lambda: text(terminal.current.balance),
    }


def _readable(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: text(value) if isinstance(value, Decimal) else value for name, value in fields.items()}


class Server(ThreadingHTTPServer):
    """Serves one terminal on loopback, each call in a thread of its own, so that one may hang."""

    daemon_threads = True

    def __init__(self, terminal: Terminal, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Requests)
        self.terminal, self.commands = terminal, commands(terminal)
        self.links: dict[str, MetaTrader5] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def call(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One call of the package by one link."""
        link = self.links.setdefault(asked["link"], MetaTrader5(self.terminal, _died))
        if asked["function"] not in FUNCTIONS:
            return {"misused": f"there is no function {asked['function']}"}
        try:
            answer = getattr(link, asked["function"])(*decode(asked["arguments"]), **decode(asked["named"]))
        except Died:
            return {"die": True}
        except TypeError as why:
            return {"misused": str(why)}
        return {"answer": encode(answer), "error": link.last_error()}

    def control(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One command: status and answer."""
        try:
            return 200, {"result": self.commands[asked.pop("do")](**asked)}
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, Refusal, Failure) as why:
            return 400, {"error": f"{type(why).__name__}: {why}"}


class _Requests(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._answer(200, sorted(self.server.commands))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/call":
            self._answer(200, self.server.call(asked))
        else:
            self._answer(*self.server.control(asked))

    def log_message(self, format: str, *args: Any) -> None:
        """Not written down."""

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
