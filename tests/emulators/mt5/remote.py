"""The package for a program in another process than the terminal, as it really is: the link is a loopback connection.

`remote("http://127.0.0.1:PORT")` is a factory that needs no terminal here. When the terminal's process is gone, calls
fail with -10004; when it ends in the middle of one, with -10002. dies_before and dies_after kill this process.
"""

import http.client
import itertools
import json
import os
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlsplit

from tests.emulators.mt5.codes import ERRORS
from tests.emulators.mt5.link import SUCCESS, kill_process
from tests.emulators.mt5.module import FUNCTIONS
from tests.emulators.mt5.wire import decode, encode
from trading.mt5.constants import Constants

YES_OR_NO = frozenset({"initialize", "login", "symbol_select", "market_book_add", "market_book_release"})
_numbers = itertools.count()


class RemoteMetaTrader5(Constants):
    """The package. Each object is a link of its own, as each process is."""

    def __init__(self, url: str, die: Callable[[], NoReturn] = kill_process) -> None:
        self._address, self._die = urlsplit(url).netloc, die
        self._link = f"{os.getpid()}-{next(_numbers)}"
        self._error = SUCCESS

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in FUNCTIONS:
            raise AttributeError(f"module 'MetaTrader5' has no attribute '{name}'")
        return lambda *arguments, **named: self._call(name, arguments, named)

    def last_error(self) -> tuple[int, str]:
        """How the last call ended."""
        return self._error

    def _call(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        asked = {"link": self._link, "function": name, "arguments": encode(arguments), "named": encode(named)}
        connection = http.client.HTTPConnection(self._address)
        code = Constants.RES_E_INTERNAL_FAIL_CONNECT
        try:
            connection.connect()
            code = Constants.RES_E_INTERNAL_FAIL_RECEIVE
            connection.request("POST", "/call", json.dumps(asked), {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            self._error = (code, ERRORS[code])
            return False if name in YES_OR_NO else None
        finally:
            connection.close()
        if answer.get("die"):
            self._die()
        if "misused" in answer:
            raise TypeError(answer["misused"])
        self._error = (answer["error"][0], answer["error"][1])
        return decode(answer["answer"])


def remote(url: str) -> RemoteMetaTrader5:
    """The package, linked to the terminal that `python -m tests.emulators.mt5` serves at this address."""
    return RemoteMetaTrader5(url)
