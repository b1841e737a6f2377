"""One thread that owns the MetaTrader5 package, and makes one call after the other."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from bot.bridge.requests import Requests, Stored
from trading.mt5.bridge import messages as m
from trading.mt5.bridge.calls import Call
from trading.mt5.constants import Constants

T = TypeVar("T")
log = structlog.get_logger("tiller.bridge")
NEVER_SENT = frozenset({Constants.RES_E_INTERNAL_FAIL_INIT, Constants.RES_E_INTERNAL_FAIL_CONNECT})
"""Errors of the package after which a request has surely not left: it may be sent again by the same key."""
UNKNOWN_OUTCOME = (
    "This request was begun, and the bridge stopped before it was answered: whether it was executed is unknown. "
    "It is never made again."
)


class Refused(Exception):
    """A call that is not made, or whose answer cannot be had: the reason, and a text."""

    def __init__(self, reason: m.Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Job:
    """A call for a client. `body` is given with a key: a trade request."""

    client: str
    call: Call
    arguments: dict[str, Any]
    until_ms: int
    key: str = ""
    body: str = ""


def now_ms() -> int:
    """The bridge's clock: it only goes forward, and starts anew with the machine."""
    return time.monotonic_ns() // 1_000_000


class Terminal:
    """The package, made by `load` in its own thread. `path` is the terminal to start, if the package cannot tell."""

    def __init__(self, load: Callable[[], Any], requests: Requests, path: str = "") -> None:
        self._load, self._requests, self._path = load, requests, path
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        # A daemon: a terminal that hangs must not keep the process.
        self._thread = threading.Thread(target=self._run, name="mt5", daemon=True)
        self._module: Any = None
        self._client = ""  # whose link to the terminal it is

    async def open(self) -> None:
        """Load the package.

        Raises:
            ConfigError: it is not on this machine.
        """
        self._thread.start()
        self._module = await self._soon(self._load)

    def perform(self, job: Job) -> "asyncio.Future[Stored]":
        """Begin a job as soon as those before it are done. It goes on whatever becomes of whoever waits for it.

        Raises (when awaited):
            Refused: it was not made, or nobody knows.
        """
        return self._soon(lambda: self._work(job))

    async def close(self, patience_s: float) -> None:
        """Wait for the call under way, but not longer than this; then close the link. The terminal goes on."""
        try:
            await asyncio.wait_for(self._soon(self._unlink), patience_s)
        except TimeoutError:
            log.warning("The terminal still has not answered: stopping all the same.")
        self._jobs.put(None)

    def _soon(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        future: Future[T] = Future()
        self._jobs.put((future, work))
        return asyncio.wrap_future(future)

    # --- in the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as why:  # noqa: BLE001 - it is raised where it is awaited
                future.set_exception(why)

    def _work(self, job: Job) -> Stored:
        if now_ms() > job.until_ms:
            raise Refused(m.Reason.TOO_LATE, f"{job.call.name} waited too long for the terminal: it was not made.")
        if job.client != self._client:  # another process would have a link of its own, not yet initialized
            self._unlink()
            self._client = job.client
        return self._persist(job) if job.key else self._make(job)

    def _persist(self, job: Job) -> Stored:
        try:
            begun = self._requests.begin(job.key, job.body)
        except sqlite3.Error as why:
            log.error("request not kept", key=job.key, why=str(why))
            raise Refused(m.Reason.NOT_KEPT, f"The request cannot be written down, so it is not made: {why}.") from None
        if not begun:
            raise Refused(m.Reason.OUTCOME_UNKNOWN, UNKNOWN_OUTCOME)
        answer = self._make(job)
        try:
            if answer.result is None and answer.code in NEVER_SENT:
                self._requests.forget(job.key)
            else:
                self._requests.finish(job.key, answer)
        except sqlite3.Error as why:  # whoever waits is answered; whoever asks later hears that nobody knows
            log.error("answer not kept", key=job.key, why=str(why))
        log.info("order_send", key=job.key, retcode=_retcode(answer), last_error=answer.code)
        return answer

    def _make(self, job: Job) -> Stored:
        arguments = job.arguments
        if job.call.name == "initialize" and self._path:
            arguments = {**arguments, "path": self._path}
        try:
            result = job.call.pack(job.call.make(self._module, arguments))
            code, text = self._module.last_error()
        except Exception as why:  # noqa: BLE001 - the border to a library that may raise anything, password in hand
            log.error("call failed", call=job.call.name, error=type(why).__name__)
            if job.key:
                raise Refused(m.Reason.OUTCOME_UNKNOWN, UNKNOWN_OUTCOME) from None
            return Stored(job.call.failed, Constants.RES_E_FAIL, f"The package failed: {type(why).__name__}")
        return Stored(result, int(code), str(text))

    def _unlink(self) -> None:
        if self._client and self._module is not None:
            self._module.shutdown()


def _retcode(answer: Stored) -> object:
    return answer.result[0] if isinstance(answer.result, list) else None
