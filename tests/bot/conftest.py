"""The command line within the test's own process."""

import os
from pathlib import Path

import pytest

from bot.__main__ import run
from tests.bot.process import Outcome, Tiller


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tiller:
    """What `python -m bot` does, without the wait for a process; no settings but those given."""
    for name in [name for name in os.environ if name.startswith("TILLER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def call(*words: object, **environ: str) -> Outcome:
        with monkeypatch.context() as patched:
            for name, value in environ.items():
                patched.setenv(name, value)
            capsys.readouterr()
            code = run([str(word) for word in words])
        return code, *capsys.readouterr()

    return call
