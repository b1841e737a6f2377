"""The MetaTrader5 package, made by a bridge beside the terminal: whoever is handed it cannot tell it from the module.

It is called from one thread, as the package is. When something is wrong it answers None (or False) as the package does,
and last_error says what:

- -10003: the bridge does not let us in (token, certificate): nothing was sent
- -10004: there is no line to the bridge, or another bot has it, or it did not begin in time: nothing was sent
- -10002: sent, and the answer is lost for good: the outcome is unknown
- -10005: sent, and there was no answer in time: the outcome is unknown
- -2, and everything else: as of the package
"""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from trading.mt5.bridge import messages as m
from trading.mt5.bridge.calls import CALLS, Call, WrongArgument
from trading.mt5.bridge.line import Address, Line, LineCut, NoLine
from trading.mt5.constants import Constants

TIMEOUT_S = 30.0
CONNECT_S = 5.0
BACK_OFF_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LastError = tuple[int, str]
SUCCESS: LastError = (Constants.RES_S_OK, "Success")
_CODES = {
    m.Reason.WRONG_ARGUMENT: Constants.RES_E_INVALID_PARAMS,
    m.Reason.KEY_REUSED: Constants.RES_E_INVALID_PARAMS,
    m.Reason.TOO_LARGE: Constants.RES_E_NO_MEMORY,
    m.Reason.UNKNOWN_CALL: Constants.RES_E_UNSUPPORTED,
    m.Reason.UNREADABLE: Constants.RES_E_INTERNAL_FAIL_CONNECT,
    m.Reason.TOO_LATE: Constants.RES_E_INTERNAL_FAIL_CONNECT,
    m.Reason.NOT_KEPT: Constants.RES_E_INTERNAL_FAIL_CONNECT,
    m.Reason.KEY_UNKNOWN: Constants.RES_E_NOT_FOUND,
    m.Reason.OUTCOME_UNKNOWN: Constants.RES_E_INTERNAL_FAIL_RECEIVE,
}


class Failed(Exception):
    """A call came to nothing: the last_error that tells."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.error = (code, text)


class BridgeModule(Constants):
    """The package. Each object is a client of its own: a bridge serves one at a time.

    Args:
        address: where the bridge is, and its token.
        timeout_s: how long a call may take in all, a reconnection included.
        name: tells this client from others; chance unless given.
        monotonic, wait: the clock of the deadlines, and how to wait between two attempts.
    """

    def __init__(
        self,
        address: Address,
        timeout_s: float = TIMEOUT_S,
        name: str = "",
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._address, self._timeout_s, self._name = address, timeout_s, name or secrets.token_hex(8)
        self._monotonic, self._wait = monotonic, wait
        self._turn = threading.RLock()
        self._line: Line | None = None
        self._error = SUCCESS
        self._number = 0
        self._attempts, self._next_attempt, self._why = 0, 0.0, ""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in CALLS:
            raise AttributeError(f"module 'MetaTrader5' has no attribute {name!r}")
        return lambda *unnamed, **named: self._call(CALLS[name], unnamed, named)

    def last_error(self) -> LastError:
        """How the last call ended; it came with its answer."""
        return self._error

    def order_send(self, request: Any, key: str = "") -> Any:
        """Send a trade request. `key` names it for ever: the same key again is the same answer, never a second order.

        Without one it is named for this call, which is enough for a line that is cut in the middle of it.
        """
        name = key or f"{self._name}-{secrets.token_hex(8)}"
        return self._call(CALLS["order_send"], (request,), {}, name)

    def recall(self, key: str) -> Any:
        """The answer to an order_send with this key, made by whatever process, or None: -4 if there was no such
        request, -10002 if it was begun and nobody knows how it ended.
        """
        return self._guarded(CALLS["order_send"], lambda call, until: self._persist(call, None, key, until))

    def shutdown(self) -> None:
        """Close the link to the terminal, which goes on, and let the bridge go."""
        self._call(CALLS["shutdown"], (), {})
        self.close()

    def close(self) -> None:
        """Let the bridge go, so that another may have it."""
        with self._turn:
            if self._line:
                self._line.close()
            self._line = None

    # --- one call ----------------------------------------------------------------------------

    def _call(self, call: Call, unnamed: tuple[Any, ...], named: dict[str, Any], key: str = "") -> Any:
        try:
            arguments = call.bind(unnamed, named)
        except WrongArgument as why:
            self._error = (Constants.RES_E_INVALID_PARAMS, str(why))
            return call.failed
        if key:
            return self._guarded(call, lambda call, until: self._persist(call, arguments, key, until))
        return self._guarded(call, lambda call, until: self._read(call, arguments, until))

    def _guarded(self, call: Call, work: Callable[[Call, float], m.Answer]) -> Any:
        with self._turn:
            try:
                answer = work(call, self._monotonic() + self._timeout_s)
                result = call.unpack(answer.result)
            except Failed as why:
                self._error = why.error
                return call.failed
            except ValueError as why:
                self._error = (Constants.RES_E_INTERNAL_FAIL_RECEIVE, f"The bridge's answer makes no sense: {why}.")
                return call.failed
            self._error = (answer.code, answer.text)
            return result

    def _read(self, call: Call, arguments: dict[str, Any], until: float) -> m.Answer:
        """A call that changes nothing is made again when the line was cut, as long as there is time."""
        cut = ""
        while True:
            line = self._connected(until, cut)
            ask = m.Ask(self._next(), call.name, arguments, line.until_ms(until))
            try:
                return self._answered(line.ask(ask, until))
            except LineCut as why:
                cut = self._drop(why)

    def _persist(self, call: Call, arguments: dict[str, Any] | None, key: str, until: float) -> m.Answer:
        """A trade request is sent once. After a cut line its answer is asked for; only if the same bridge, with the
        same table, has never heard of it, is it sent (without `arguments`: not even then).
        """
        cut, table = "", ""
        while True:
            line = self._connected(until, cut)
            if table and line.table != table:
                raise Failed(
                    Constants.RES_E_INTERNAL_FAIL_RECEIVE,
                    "The bridge has another table of requests than before: what became of this one is unknown.",
                )
            try:
                if cut or arguments is None:
                    reply = line.ask(m.Recall(self._next(), key, line.until_ms(until)), until)
                    unheard = isinstance(reply, m.Refusal) and reply.reason is m.Reason.KEY_UNKNOWN
                    if not unheard or arguments is None:
                        return self._answered(reply)
                ask = m.Ask(self._next(), call.name, arguments, line.until_ms(until), key)
                table, cut = line.table, "The line was cut."
                return self._answered(line.ask(ask, until))
            except LineCut as why:
                cut = self._drop(why)

    # --- the line ----------------------------------------------------------------------------

    def _connected(self, until: float, cut: str) -> Line:
        """The line. After a cut it is waited for; before anything was sent, only tried when it is time to."""
        while self._line is None:
            now = self._monotonic()
            if now >= until or (cut and self._next_attempt >= until):
                raise Failed(Constants.RES_E_INTERNAL_FAIL_TIMEOUT, f"No answer in time: {cut or self._why}")
            if now < self._next_attempt:
                if not cut:
                    raise Failed(Constants.RES_E_INTERNAL_FAIL_CONNECT, self._why)
                self._wait(self._next_attempt - now)
                continue
            try:
                self._line = Line(self._address, self._name, min(CONNECT_S, until - now), self._monotonic)
            except NoLine as why:
                self._why = str(why)
                self._back_off()
                if not cut:
                    code = Constants.RES_E_INTERNAL_FAIL_INIT if why.final else Constants.RES_E_INTERNAL_FAIL_CONNECT
                    raise Failed(code, str(why)) from None
        return self._line

    def _drop(self, why: LineCut) -> str:
        """Give the line up; answers why in words."""
        if self._line:
            self._line.cut()
        self._line, self._why = None, str(why)
        self._back_off()
        return self._why

    def _back_off(self) -> None:
        """The first new attempt is made at once, each further one later, until there is an answer."""
        self._next_attempt = self._monotonic() + BACK_OFF_S[min(self._attempts, len(BACK_OFF_S) - 1)]
        self._attempts += 1

    def _answered(self, reply: m.Answer | m.Refusal) -> m.Answer:
        self._attempts = 0
        if isinstance(reply, m.Refusal):
            raise Failed(_CODES[reply.reason], reply.text)
        return reply

    def _next(self) -> int:
        self._number += 1
        return self._number
