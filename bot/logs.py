"""Logs: one chain for structlog and the standard library, to standard error, to `/logs` and, if wanted, to files.

Every line is redacted before anybody sees it; the time on it comes from the Clock.
"""

import logging
import sys
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

from bot.redaction import Redactor
from trading.clock import Clock
from trading.errors import ConfigError

FILE_BYTES = 10_000_000
FILES_KEPT = 5
LONGEST_LINE = 1000  # characters of a line that /logs keeps

QUIET = (
    "aiohttp.access", "apscheduler", "asyncio", "ccxt", "discord", "hpack", "httpcore", "httpx", "nicegui",
    "telegram", "tortoise", "urllib3", "uvicorn", "websockets",
)  # fmt: skip
"""Libraries heard from WARNING on: below it they tell addresses with tokens, and every request."""


class LogTail(logging.Handler):
    """The last lines, in memory, for `/logs N`."""

    def __init__(self, lines: int = 1000) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=lines)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except (TypeError, ValueError, KeyError):
            self.handleError(record)
            return
        self._lines.append(line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 3] + "...")

    def last(self, count: int) -> list[str]:
        """At most `count` lines, oldest first."""
        return list(self._lines)[-count:] if count > 0 else []


class Logs:
    """Logging as it was set up, and the way back."""

    def __init__(self, tail: LogTail) -> None:
        self.tail = tail
        self._undo: list[Callable[[], object]] = []

    def undo(self, step: Callable[[], object]) -> None:
        """Do `step` on closing; the last is done first."""
        self._undo.append(step)

    def close(self) -> None:
        """Write no more; the process logs as it did before."""
        while self._undo:
            self._undo.pop()()


def start_logs(
    clock: Clock,
    redactor: Redactor,
    *,
    level: str = "info",
    stream: TextIO | None = None,
    folder: Path | None = None,
    lines: int = 1000,
) -> Logs:
    """Send every log line of the process to `stream` (standard error), to a tail of `lines`, and to files in `folder`.

    A terminal gets coloured text, anything else one JSON object a line. Warnings and what crashes the
    process are logged too.

    Raises:
        ConfigError: the folder cannot be written.
    """
    stream = stream or sys.stderr
    logs = Logs(LogTail(lines))
    outputs: list[tuple[logging.Handler, Processor]] = [
        (logging.StreamHandler(stream), _console() if stream.isatty() else _json()),
        (logs.tail, _plain),
    ]
    if folder is not None:
        outputs.append((_file(folder), _json()))
    chain = _chain(clock, redactor)
    for handler, render in outputs:
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
                foreign_pre_chain=chain,
                use_get_message=False,
                pass_foreign_args=True,
            )
        )
        logging.getLogger().addHandler(handler)
        logs.undo(handler.close)
        logs.undo(partial(logging.getLogger().removeHandler, handler))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *chain,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logs.undo(structlog.reset_defaults)
    _set_levels(logs, level.upper())
    _listen(logs)
    return logs


def _set_levels(logs: Logs, level: str) -> None:
    wanted = logging.getLevelNamesMapping()[level]
    for name, least in (("", wanted), *((name, max(wanted, logging.WARNING)) for name in QUIET)):
        logger = logging.getLogger(name)
        logs.undo(partial(logger.setLevel, logger.level))
        logger.setLevel(least)


def _listen(logs: Logs) -> None:
    """Hear what would go to standard error past the logs, and so past the redaction."""
    # An output that fails would print the record itself.
    logs.undo(partial(setattr, logging, "raiseExceptions", logging.raiseExceptions))
    logging.raiseExceptions = False
    logs.undo(partial(logging.captureWarnings, False))
    logging.captureWarnings(True)
    logger = logging.getLogger("tiller")

    def crashed(kind: type[BaseException], why: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, why, trace)
        else:
            logger.critical("crashed", exc_info=(kind, why, trace))

    logs.undo(partial(setattr, sys, "excepthook", sys.excepthook))
    sys.excepthook = crashed


def _chain(clock: Clock, redactor: Redactor) -> list[Processor]:
    """What happens to every event; redaction last, when tracebacks are text."""

    def stamp(logger: object, method: str, event: EventDict) -> EventDict:
        event["at"] = clock.now().isoformat(timespec="milliseconds")
        return event

    return [
        structlog.contextvars.merge_contextvars,
        _fill_in,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        stamp,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redactor,
    ]


def _fill_in(logger: object, method: str, event: EventDict) -> EventDict:
    """Put the arguments into the text; where they do not fit, the text alone is worth more than a failure."""
    arguments = event.pop("positional_args", ())
    if arguments:
        only = arguments[0] if isinstance(arguments, tuple) and len(arguments) == 1 else None
        try:
            event["event"] = str(event["event"]) % (only if isinstance(only, Mapping) and only else arguments)
        except (TypeError, ValueError, KeyError):
            event["event"] = f"{event['event']} (its arguments do not fit)"
    return event


def _json() -> Processor:
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _console() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=True, timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
    )


def _plain(logger: object, method: str, event: EventDict) -> str:
    """One line: time, level, who, what, the rest as key=value; of an exception its last line."""
    fields = dict(event)
    at, level, name, text = (str(fields.pop(key, "")) for key in ("at", "level", "logger", "event"))
    trace = str(fields.pop("exception", "")).strip()
    said = [f"{at[:19].replace('T', ' ')} {level.upper()} {name}: {text}", *(f"{k}={v}" for k, v in fields.items())]
    if trace:
        said.append(trace.splitlines()[-1])
    return " ".join(" ".join(said).split())


def _file(folder: Path) -> logging.Handler:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return RotatingFileHandler(folder / "tiller.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError as why:
        raise ConfigError(
            f"Logs cannot be written to {folder}: {why.strerror}.", "Change data_dir or [logs] file."
        ) from None
