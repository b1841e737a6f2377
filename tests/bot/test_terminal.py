"""The terminal as a person uses it: real keys on a pseudo-terminal, beside a running bot."""

import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.bot.process import PATIENCE_S, Bot, environment, tiller
from tests.bot.test_cli import free_port

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind.", allow_module_level=True)

import pty

TAB, ENTER, UP, LEAVE, CANCEL = "\t", "\r", "\x1b[A", "\x04", "\x03"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\r\x08]")


class Person:
    """Somebody in front of `tiller chat`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._screen, follower = pty.openpty()
        environ = environment(folder.parent, COLUMNS="120", LINES="40", **settings)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat", "--data-dir", str(folder)],
            stdin=follower, stdout=follower, stderr=follower, cwd=folder.parent, env=environ, start_new_session=True,
        )  # fmt: skip
        os.close(follower)
        self.raw = self._shown = ""
        self.sees("tiller>")

    def types(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def sees(self, pattern: str) -> str:
        """Wait until the screen has shown something new; answers all that came up to it."""
        while not (found := re.search(pattern, self._shown, re.DOTALL)):
            ready, _, _ = select.select([self._screen], [], [], PATIENCE_S)
            assert ready, f"{pattern!r} did not come: {self._shown}"
            came = os.read(self._screen, 65536).decode(errors="replace")
            self.raw += came
            self._shown = CONTROL.sub("", self._shown + came)
        seen, self._shown = self._shown[: found.end()], self._shown[found.end() :]
        return seen

    def asks(self, line: str, answer: str) -> str:
        self.types(line + ENTER)
        return self.sees(f"{answer}.*tiller>")

    def leaves(self) -> int:
        self.types(LEAVE)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._screen)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with Bot(tmp_path_factory.mktemp("desk") / "data") as running:
        yield running


@pytest.fixture
def person(bot: Bot) -> Iterator[Person]:
    somebody = Person(bot.folder)
    yield somebody
    somebody.close()


def test_tab_completes_what_the_bot_offers(person: Person) -> None:
    person.types("/pos" + TAB)
    person.sees("itions")
    person.types(ENTER)
    person.sees("Nothing is open|open positions|tiller>")
    person.types("/price bt" + TAB)
    person.sees("BTC/USDT")
    assert person.process.poll() is None


def test_a_fill_is_told_unasked(person: Person, bot: Bot) -> None:
    done = tiller(bot.folder, "chat", "-c", "/buy ETH/USDT $60")
    assert done.returncode == 0
    told = person.sees(r"Filled [^\n]*ETH[^\n]*|BUY [^\n]*ETH/USDT[^\n]*\n[^\n]*Filled[^\n]*")
    assert re.search(r"\d\d:\d\d:\d\d  ", told)


def test_answers_tables_and_buttons(person: Person) -> None:
    person.asks("/buy BTC/USDT $50", "Filled")
    shown = person.asks("/positions", "1  Close")
    assert "Account" in shown
    person.asks("1", "Filled|closed")
    assert "did you mean" in person.asks("/buyy", "Did you mean").lower()
    assert person.leaves() == 0


def test_a_phrase_is_asked_for(person: Person) -> None:
    person.asks("/mode demo live 1h", "1  Confirm")
    person.types("1" + ENTER)
    asked = person.sees("Type '(.+?)' to confirm:")
    phrase = re.findall("Type '(.+?)' to confirm", asked)[-1]
    person.asks("something else", "not the phrase")
    person.asks("/mode demo live 1h", "1  Confirm")
    person.types("1" + ENTER)
    person.sees("to confirm:")
    person.asks(phrase, "LIVE")
    person.asks("/mode demo paper", "PAPER|paper")


def test_lines_are_remembered_for_the_next_time(bot: Bot) -> None:
    first = Person(bot.folder)
    first.asks("/version", "Tiller")
    first.types("/half a line" + CANCEL)
    first.sees("tiller>")
    assert first.leaves() == 0
    first.close()
    second = Person(bot.folder)
    second.types(UP)
    second.sees("/version")
    second.close()
    assert (bot.folder / "terminal_history").stat().st_mode & 0o777 == 0o600


def test_what_happens_while_the_connection_is_lost_is_told_afterwards(tmp_path: Path) -> None:
    port = free_port()
    with Bot(tmp_path / "data", port) as first:
        person = Person(tmp_path / "data")
        tiller(tmp_path / "data", "chat", "-c", "/lock SOL/USDT")
        person.sees("SOL/USDT locked")
        first.process.kill()
        person.sees("connection is lost")
        person.asks("/status", "No Tiller answers")
    with Bot(tmp_path / "data", port) as second:
        person.sees("started in")
        person.sees("connection is back|tiller>")
        person.asks("/status", "ACTIVE")
        assert second.stop() == 0
    person.sees("Tiller stopped")
    assert person.leaves() == 0
    person.close()
    told = [person.raw.count(words) for words in ("SOL/USDT locked", "started in", "Tiller stopped")]
    assert told == [1, 1, 1]


class Hostile(BaseHTTPRequestHandler):
    """Something that answers as a bot whose every word would take over the terminal."""

    words = "\x1b]0;owned\x07\x1b[2Jseen"
    answers: Mapping[str, object] = {
        "/api/v1/status": {"version": words, "state": words, "timezone": "UTC", "last_seq": 0},
        "/api/v1/complete": [{"text": words, "display": words, "help": words, "start": 0}],
        "/api/v1/commands": {
            "ok": True, "text": words, "tone": "good", "table": {"columns": [words], "rows": [[words]]},
            "buttons": [{"label": words, "line": words}], "image": None, "order_id": None, "phrase": None,
            "error": None,
        },
    }  # fmt: skip

    def do_GET(self) -> None:
        body = json.dumps(self.answers.get(self.path, {})).encode()
        self.send_response(200 if self.path in self.answers else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None: ...


def test_nothing_that_is_answered_steers_the_terminal(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server, ThreadPoolExecutor(1) as aside:
        aside.submit(server.serve_forever, 0.01)
        url = f"http://127.0.0.1:{server.server_port}"
        person = Person(tmp_path / "none", TILLER_URL=url, TILLER_TOKEN="tlr_x")
        person.types("x" + TAB)
        person.sees("seen")
        person.types(CANCEL)
        person.asks("status", "1  .*seen")
        assert person.leaves() == 0
        person.close()
        server.shutdown()
    assert "owned" in person.raw
    assert "\x1b]0;" not in person.raw
    assert "\x07" not in person.raw
    assert (tmp_path / ".tiller_history").exists()
