"""What is logged arrives, once, redacted, on the screen, in /logs and in the files."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logs import LONGEST_LINE, Logs, start_logs
from bot.redaction import MASK, Redactor
from tests.kit import HandClock
from trading.errors import ConfigError

SECRET = "swordfish/+1"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logs(stream: io.StringIO) -> Iterator[Logs]:
    started = start_logs(HandClock(), Redactor([SECRET]), stream=stream, lines=5)
    yield started
    started.close()


def objects(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_both_ways_to_log_look_the_same(logs: Logs, stream: io.StringIO) -> None:
    structlog.get_logger("bot.feed").warning("quote is stale", symbol="BTC/USDT")
    logging.getLogger("bot.feed").warning("quote of %s is stale", "BTC/USDT")

    at = "2026-01-05T12:00:00.000+00:00"  # the clock's
    assert objects(stream) == [
        {"event": "quote is stale", "symbol": "BTC/USDT", "logger": "bot.feed", "level": "warning", "at": at},
        {"event": "quote of BTC/USDT is stale", "logger": "bot.feed", "level": "warning", "at": at},
    ]
    assert logs.tail.last(2) == [
        "2026-01-05 12:00:00 WARNING bot.feed: quote is stale symbol=BTC/USDT",
        "2026-01-05 12:00:00 WARNING bot.feed: quote of BTC/USDT is stale",
    ]


def test_the_tail_keeps_the_last_lines_and_no_long_one(logs: Logs) -> None:
    for number in range(7):
        structlog.get_logger("x").info(f"line {number}")
    structlog.get_logger("x").info("long " * 1000)

    assert [line.rpartition(" ")[2] for line in logs.tail.last(3)[:2]] == ["5", "6"]
    assert len(logs.tail.last(100)) == 5
    assert len(logs.tail.last(1)[0]) == LONGEST_LINE
    assert logs.tail.last(0) == []


def test_a_traceback_is_one_line_in_the_tail_and_whole_on_the_screen(logs: Logs, stream: io.StringIO) -> None:
    try:
        raise ValueError(f"refused {SECRET}\nby the venue")
    except ValueError:
        structlog.get_logger("x").exception("failed")

    assert logs.tail.last(1) == ["2026-01-05 12:00:00 ERROR x: failed by the venue"]
    (told,) = objects(stream)
    assert "test_logs.py" in str(told["exception"])
    assert "ValueError: refused ***" in str(told["exception"])


def test_a_terminal_gets_colours_and_no_secret() -> None:
    terminal = Terminal()
    logs = start_logs(HandClock(), Redactor([SECRET]), stream=terminal)
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger("x").exception("failed", url=f"http://h/{SECRET}")
    finally:
        logs.close()

    told = terminal.getvalue()
    assert "\x1b[" in told
    assert "failed" in told
    assert MASK in told
    assert SECRET not in told


def test_libraries_that_tell_addresses_are_quiet(logs: Logs, stream: io.StringIO) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.get("https://api.telegram.org/bot123:AAE/getMe")  # httpx tells this at INFO
    logging.getLogger("telegram.ext.Updater").info("polling")
    logging.getLogger("uvicorn.access").info("POST /webhooks/pine/secret")
    logging.getLogger("telegram.ext.Updater").warning("conflict")

    assert [told["event"] for told in objects(stream)] == ["conflict"]


def test_arguments_that_do_not_fit_are_not_told(
    logs: Logs, stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("lib").warning("%d orders", SECRET)
    logging.getLogger("lib").warning("%s of %s", "one", "two", "three")
    logging.getLogger("lib").warning("%(a)s", {"a": SECRET})

    assert [told["event"] for told in objects(stream)] == [
        "%d orders (its arguments do not fit)",
        "%s of %s (its arguments do not fit)",
        MASK,
    ]
    assert capsys.readouterr().err == ""


def test_an_output_that_fails_tells_nothing_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    closed = io.StringIO()
    logs = start_logs(HandClock(), Redactor(), stream=closed)
    closed.close()
    logging.getLogger("lib").warning("said %s", SECRET)
    logs.close()

    assert SECRET not in capsys.readouterr().err
    assert len(logs.tail.last(9)) == 1  # the other outputs go on


def test_warnings_and_crashes_are_logged(logs: Logs, stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"old {SECRET}", stacklevel=1)
    why = RuntimeError(SECRET)
    sys.excepthook(RuntimeError, why, None)

    told = objects(stream)
    assert [(line["logger"], line["level"]) for line in told] == [("py.warnings", "warning"), ("tiller", "critical")]
    assert told[1]["exception"] == "RuntimeError: ***"
    assert SECRET not in stream.getvalue()


def test_files_are_kept_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "logs"
    logs = start_logs(HandClock(), Redactor([SECRET]), stream=io.StringIO(), folder=folder)
    structlog.get_logger("x").info(f"hello {SECRET}")
    logs.close()

    assert json.loads((folder / "tiller.log").read_text())["event"] == "hello ***"
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")

    with pytest.raises(ConfigError, match="Logs cannot be written to"):
        start_logs(HandClock(), Redactor(), stream=io.StringIO(), folder=tmp_path / "logs")
    assert not [h for h in logging.getLogger().handlers if type(h).__module__.startswith("bot.")]


def test_closing_takes_everything_back() -> None:
    root, quiet = logging.getLogger(), logging.getLogger("httpx")
    before = (root.level, list(root.handlers), quiet.level, sys.excepthook, logging.raiseExceptions)

    start_logs(HandClock(), Redactor(), stream=io.StringIO(), level="debug").close()

    assert (root.level, list(root.handlers), quiet.level, sys.excepthook, logging.raiseExceptions) == before


def test_levels() -> None:
    stream = io.StringIO()
    logs = start_logs(HandClock(), Redactor(), stream=stream, level="error")
    structlog.get_logger("x").warning("no")
    logging.getLogger("httpx").warning("no")
    logging.getLogger("x").error("yes")
    logs.close()

    assert [told["event"] for told in objects(stream)] == ["yes"]


PLACES: dict[str, Callable[[str], object]] = {
    "event": lambda s: structlog.get_logger("x").info(s),
    "field": lambda s: structlog.get_logger("x").info("e", field=s),
    "nested": lambda s: structlog.get_logger("x").info("e", field={"a": [s, (s,)]}),
    "key": lambda s: structlog.get_logger("x").info("e", field={s: 1}),
    "name": lambda s: structlog.get_logger("x").info("e", **{s: 1}),
    "object": lambda s: structlog.get_logger("x").info("e", field=ValueError(s)),
    "positional": lambda s: structlog.get_logger("x").info("said %s", s),
    "bound": lambda s: structlog.get_logger("x").bind(who=s).warning("e"),
    "stdlib": lambda s: logging.getLogger("x").info("said %s %r", s, s),
    "stdlib object": lambda s: logging.getLogger("x").error(ValueError(s)),
    "logger": lambda s: logging.getLogger("y").getChild(f"[{s}]").info("e"),
    "address": lambda s: logging.getLogger("x").info(httpx.URL("https://h/p", params={"q": s})),
}


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=40)
@given(secret=st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=8, max_size=24))
def test_no_secret_survives_in_any_field(place: str, secret: str) -> None:
    """Told as JSON, in colour and in the tail, from wherever in an event."""
    screens = [io.StringIO(), Terminal()]
    told = ""
    for screen in screens:
        logs = start_logs(HandClock(), Redactor([secret]), stream=screen)
        PLACES[place](secret)
        logs.close()
        told += screen.getvalue() + "\n".join(logs.tail.last(9))

    assert MASK in told
    for spelling in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], str(httpx.QueryParams({"q": secret}))[2:]):
        assert spelling not in told
