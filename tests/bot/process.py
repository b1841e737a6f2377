"""The real process: `python -m bot` with a data directory of its own and no settings but those given."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

Outcome = tuple[int, str, str]
"""Exit code, standard output, standard error."""
Tiller = Callable[..., Outcome]
"""Runs one command line."""

PATIENCE_S = 30
QUICK = {"TILLER_MARKET__INTERVAL_S": "0.1", "TILLER_RISK__DUPLICATE_WINDOW_S": "0"}


def one_line(text: str) -> str:
    """What standard error says when something is wrong: one line, no traceback."""
    assert text.startswith("tiller: ")
    assert text.count("\n") == 1
    assert text.endswith("\n")
    return text.strip()


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Nothing of the machine's own settings, and no terminal's peculiarities."""
    return {"PATH": os.defpath, "HOME": str(folder), "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm", **settings}


def tiller(folder: Path, *words: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *words, "--data-dir", str(folder)],
        input=typed, capture_output=True, text=True, cwd=folder.parent, env=environment(folder.parent, **settings),
        timeout=PATIENCE_S,
    )  # fmt: skip


class Bot:
    """A running bot; `screen` is what it said until it accepted commands."""

    def __init__(self, folder: Path, port: int = 0, **settings: str) -> None:
        self.folder = folder
        self._errors = folder.with_name(f"{folder.name}.err").open("a+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run", "--data-dir", str(folder), "--port", str(port)],
            stdout=subprocess.PIPE, stderr=self._errors, text=True, cwd=folder.parent,
            env=environment(folder.parent, **(QUICK | settings)),
        )  # fmt: skip
        alarm = threading.Timer(PATIENCE_S, self.process.kill)  # so that no read waits for ever
        alarm.start()
        try:
            self.screen = self._read()
        except BaseException:
            self.close()
            raise
        finally:
            alarm.cancel()
        self.url = self._find(r"(http://127\.0\.0\.1:\d+)/login")
        self.token = (folder / "token").read_text().strip()

    def _read(self) -> str:
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if " checked, " in line:
                return "".join(lines)
        raise AssertionError(f"the bot did not start: {''.join(lines)}{self.errors()}")

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self.screen)
        assert found, self.screen
        return found[1]

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; answers its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()

    def __enter__(self) -> "Bot":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: object, trace: TracebackType | None) -> None:
        self.close()
