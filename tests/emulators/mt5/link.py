"""One process's link to the terminal: initialize, log in, and every call's way there and back."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from tests.emulators.mt5.codes import ERRORS, Failure, invalid
from tests.emulators.mt5.faults import Fault
from tests.emulators.mt5.states import AccountInfo, TerminalInfo
from tests.emulators.mt5.terminal import BUILD, PATH, Terminal
from trading.mt5.constants import Constants

T = TypeVar("T")
SUCCESS = (Constants.RES_S_OK, ERRORS[Constants.RES_S_OK])
LOGIN = ("login", "password", "server")


def kill_process() -> NoReturn:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit


class Link(Constants):
    """The part of the package that connects. Calls are made one after the other, whatever thread they come from."""

    def __init__(self, terminal: Terminal, die: Callable[[], NoReturn] = kill_process) -> None:
        self._terminal, self._die = terminal, die
        self._turn = threading.RLock()
        self._error = SUCCESS
        self._epoch: int | None = None  # the run of the terminal that it is linked to
        self._corrupt = False

    def initialize(self, *path: Any, **options: Any) -> bool:
        """Connect to the terminal, start it if it does not run, and log in if a login is given."""

        def work() -> bool:
            terminal, login = self._terminal, _login(options, {"path", "timeout", "portable"})
            named = options.get("path", path[0] if path else "")
            if not isinstance(named, str):
                raise invalid("path")
            if not terminal.installed or named not in ("", PATH, f"{PATH}\\terminal64.exe"):
                raise Failure(Constants.RES_E_INTERNAL_FAIL_INIT)
            linked = self._epoch == terminal.epoch and terminal.running
            if linked and self._corrupt:
                raise Failure(Constants.RES_E_INTERNAL_FAIL_CONNECT)
            if linked and not terminal.connected:
                self._corrupt = True  # as reported: to initialize a living terminal that is cut off breaks the link
                raise Failure(Constants.RES_E_AUTH_FAILED)
            terminal.start()
            if any(login):
                terminal.log_in(*login)
            self._epoch, self._corrupt = terminal.epoch, False
            return True

        return bool(self._call("initialize", work, linked=False))

    def login(self, *login: Any, **options: Any) -> bool:
        """Change to another account."""

        def work() -> bool:
            asked = {"login": login[0], **options} if login else options
            if "login" not in asked:
                raise invalid("login")
            self._terminal.log_in(*_login(asked, {"timeout"}))
            return True

        return bool(self._call("login", work))

    def shutdown(self) -> None:
        """Close the link; the terminal goes on."""
        with self._turn:
            self._epoch, self._error = None, SUCCESS

    def version(self) -> tuple[int, int, str] | None:
        """The terminal's version, build and release date."""
        return self._call("version", lambda: BUILD)

    def last_error(self) -> tuple[int, str]:
        """How the last call ended."""
        return self._error

    def terminal_info(self) -> TerminalInfo | None:
        """The terminal's state and settings."""
        return self._call("terminal_info", self._terminal.terminal_info)

    def account_info(self) -> AccountInfo | None:
        """The current account."""
        return self._call("account_info", self._terminal.account_info)

    def _call(self, name: str, work: Callable[[], T], asked: str = "", linked: bool = True) -> T | None:
        """Make a call, unless a fault strikes it: its answer, or None with last_error set."""
        with self._turn:
            try:
                if linked:
                    self._check_link()
                fault = self._terminal.faults.call(name, asked)
                answer = self._struck(fault, work) if fault else self._reach(work)
            except Failure as why:
                self._error = (why.code, why.text)
                return None
            self._error = SUCCESS
            return answer

    def _check_link(self) -> None:
        terminal = self._terminal
        if self._corrupt or not terminal.running or self._epoch != terminal.epoch:
            raise Failure(Constants.RES_E_INTERNAL_FAIL_CONNECT)

    def _reach(self, work: Callable[[], T]) -> T:
        """The call is with the terminal."""
        with self._terminal.lock:
            self._terminal.server.time_passed()
            return work()

    def _struck(self, fault: Fault, work: Callable[[], T]) -> T | None:
        """The call with a fault. A hang holds this link, and neither the terminal nor the broker."""
        if fault.name == "dies_before":
            self._die()
        if fault.name == "hang_before":
            self._terminal.faults.hang(fault)
        answer = self._reach(work) if fault.executed else None
        if fault.name == "hang_after":
            self._terminal.faults.hang(fault)
        if fault.name == "dies_after":
            self._die()
        code = Constants.RES_E_INTERNAL_FAIL_RECEIVE if fault.name == "lost" else fault.detail.get("error")
        if fault.name.startswith("error_"):
            code = fault.number
        if code is not None:
            raise Failure(code)
        return None if fault.name == "none" else answer


def _login(options: dict[str, Any], extra: set[str]) -> tuple[int, str, str]:
    """Login, password and server, each strictly by its type. Raises Failure -2."""
    if set(options) - extra - set(LOGIN):
        raise Failure(Constants.RES_E_INVALID_PARAMS, "Invalid arguments")
    login, password, server = (options.get(name, 0 if name == "login" else "") for name in LOGIN)
    if isinstance(login, bool) or not isinstance(login, int):
        raise invalid("login")
    for name, value in (("password", password), ("server", server)):
        if not isinstance(value, str):
            raise invalid(name)
    if isinstance(options.get("timeout", 0), bool) or not isinstance(options.get("timeout", 0), int):
        raise invalid("timeout")
    return login, password, server
