"""`tiller bridge` as a process: what it says, what it needs, and how it ends."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import run
from bot.bridge.serve import serve
from bot.settings.models import Settings
from tests.bot.process import environment, one_line
from tests.emulators.process import ROOT
from trading.errors import ConfigError
from trading.mt5.bridge.line import Address
from trading.mt5.bridge.module import BridgeModule
from trading.mt5.native import native

Refused = Callable[..., tuple[int, str]]


def started(folder: Path, **settings: str) -> tuple["subprocess.Popen[str]", list[str]]:
    """A bridge with an emulated terminal in it, and its first screen."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bridge.process"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(folder, TILLER_DATA_DIR=str(folder), TILLER_BRIDGE__PORT="0", **settings),
    )  # fmt: skip
    assert process.stdout is not None
    screen: list[str] = []
    for line in process.stdout:
        screen.append(line.rstrip())
        if "bridge_token" in line:
            break
    return process, screen


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Start `tiller bridge` in vain: its exit code, and the one line that it says."""

    def start(**settings: str) -> tuple[int, str]:
        for name, value in {"TILLER_BRIDGE__PORT": "0", **settings}.items():
            monkeypatch.setenv(name, value)
        code = run(["bridge", "--data-dir", str(tmp_path / "data")])
        return code, one_line(capsys.readouterr().err)

    return start


@pytest.mark.skipif(sys.platform == "win32", reason="the package is there")
def test_without_the_package_it_says_where_there_is_one(refused: Refused) -> None:
    code, said = refused()
    assert code == 2
    assert "MetaTrader5 package is not on this machine" in said


async def test_what_refuses_the_start_is_seen_before_anything_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with closing(socket.create_server(("127.0.0.1", 0))) as used:
        port = used.getsockname()[1]
        for bridge, load, said in (
            ({"port": port}, object, f"cannot listen on 127.0.0.1:{port}"),
            ({"port": 0, "token": "short"}, object, "24 letters and digits"),
            ({"port": 0, "certificate": "a.pem", "key": "a.key"}, object, "a.pem cannot be used"),
            ({"port": 0}, native, "MetaTrader5 package is not on this machine"),
        ):
            if load is native and sys.platform == "win32":
                continue
            with pytest.raises(ConfigError, match=said):
                await serve(Settings(data_dir=folder, bridge=bridge), print, load)  # type: ignore[arg-type]
            assert not folder.exists()


def test_beyond_this_machine_it_is_encrypted_without_being_told(tmp_path: Path) -> None:
    process, screen = started(tmp_path, TILLER_BRIDGE__HOST="0.0.0.0")
    try:
        said = "\n".join(screen)
        fingerprint = re.search(r'bridge_fingerprint = "([0-9a-f]{64})"', said)
        port = re.search(r"listening on 0\.0\.0\.0:(\d+)", said)
        assert fingerprint, said
        assert port, said
        token = (tmp_path / "bridge.token").read_text().strip()
        assert token not in said
        mt5: Any = BridgeModule(Address(f"wss://127.0.0.1:{port[1]}", token, fingerprint[1]))
        assert mt5.initialize(login=5001, password="secret", server="Emulated-Demo"), mt5.last_error()
        assert mt5.account_info().login == 5001
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    assert out.endswith("Stopped. The terminal goes on.\n")
    assert "secret" not in errors
    assert token not in errors
    assert all(json.loads(line)["level"] == "info" for line in errors.splitlines())
    mt5.close()


def test_a_second_one_in_the_same_folder_is_refused_and_not_for_its_address(tmp_path: Path, refused: Refused) -> None:
    process, screen = started(tmp_path / "data")
    try:
        [port] = re.findall(r'bridge_url         = "ws://127\.0\.0\.1:(\d+)"', "\n".join(screen))
        code, said = refused(TILLER_BRIDGE__PORT=port)
        assert code == 1
        assert "Another bridge runs in" in said
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"TILLER_BRIDGE__TOKEN": "short"}, "24 letters and digits or more"),
        ({"TILLER_BRIDGE__CERTIFICATE": "a.pem"}, "key belong together"),
        ({"TILLER_BRIDGE__CERTIFICATE": "a.pem", "TILLER_BRIDGE__KEY": "a.key"}, "a.pem cannot be used"),
        ({"TILLER_BRIDGE__PORT": "65536"}, "BRIDGE__PORT"),
    ],
)
def test_wrong_settings_are_one_line_and_exit_code_2(refused: Refused, settings: dict[str, str], said: str) -> None:
    code, line = refused(**settings)
    assert code == 2
    assert said in line
    assert "short" not in line
