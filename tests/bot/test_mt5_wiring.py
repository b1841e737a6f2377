"""A terminal in the settings: the whole program beside the emulated one, which it imports as it would the package."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.bot.process import PATIENCE_S, environment, one_line
from tests.bridge.served import TOKEN, served
from tests.emulators.process import ROOT, emulated

PACKAGE = """
import os, sys
from tests.emulators.mt5.remote import remote
sys.modules[__name__] = remote(os.environ["EMULATED_MT5"])
"""
SETTINGS = """
[accounts.broker]
venue = "mt5"
login = 5001
password = "secret"
server = "Emulated-Demo"
"""


def tiller(word: str, folder: Path, settings: str, url: str = "") -> "subprocess.CompletedProcess[str]":
    """One command; with an address, on a machine that has the package."""
    (folder / "tiller.toml").write_text(settings)
    (folder / "tiller.toml").chmod(0o600)
    known = {"EMULATED_MT5": url, "COLUMNS": "200"}
    if url:
        (folder / "lib").mkdir(exist_ok=True)
        (folder / "lib" / "MetaTrader5.py").write_text(PACKAGE)
        known["PYTHONPATH"] = f"{folder / 'lib'}:{ROOT}"
    return subprocess.run(
        [sys.executable, "-m", "bot", word, "--config", f"{folder}/tiller.toml", "--data-dir", f"{folder}/data"],
        capture_output=True, text=True, cwd=folder, env=environment(folder, **known), timeout=PATIENCE_S,
    )  # fmt: skip


async def test_check_says_which_account_it_is(tmp_path: Path) -> None:
    async with emulated("tests.emulators.mt5", "--mode", "netting") as (_, addresses, control):
        await control("show", name="EURUSD", bid="1.08", ask="1.0801")
        found = tiller("check", tmp_path, SETTINGS, addresses["url"])
        wrong = tiller("check", tmp_path, SETTINGS.replace("secret", "wrong"), addresses["url"])
    said = " ".join(found.stdout.split())
    assert found.returncode == 0, found.stdout + found.stderr
    assert "demo account 5001 at Emulated-Demo" in said
    assert "netting, 10000.00 USD" in said
    assert "algo trading is on" in said
    assert "the broker's clock is probably UTC+3" in said
    assert "EURUSD" in said
    assert wrong.returncode == 1
    assert "cannot log in" in " ".join(wrong.stdout.split())
    assert "wrong" not in wrong.stdout


def test_without_the_package_it_is_one_clear_line(tmp_path: Path) -> None:
    found = tiller("check", tmp_path, SETTINGS)
    assert found.returncode == 1
    said = " ".join(found.stdout.split())
    assert "there is one for Windows only" in said
    assert 'transport = "bridge"' in said
    assert "Traceback" not in found.stdout + found.stderr


def test_a_bridge_without_its_token_is_one_clear_line(tmp_path: Path) -> None:
    bridged = SETTINGS + 'transport = "bridge"\nbridge_url = "ws://127.0.0.1:1"\n'
    found = tiller("check", tmp_path, bridged)
    assert found.returncode == 1
    assert "[accounts.broker] bridge_token is empty. `tiller bridge` says where" in " ".join(found.stdout.split())
    refused = tiller("run", tmp_path, bridged)
    assert refused.returncode == 2
    assert "[accounts.broker] bridge_token is empty." in one_line(refused.stderr)


async def test_a_bridge_that_does_not_let_us_in_is_no_terminal_to_install(tmp_path: Path) -> None:
    async with served(tmp_path, tls=True) as bridge:
        known = f'transport = "bridge"\nbridge_url = "{bridge.address().url}"\n'
        wrong = f'{SETTINGS}{known}bridge_fingerprint = "{bridge.fingerprint}"\nbridge_token = "another"\n'
        found = await asyncio.to_thread(tiller, "check", tmp_path, wrong)
        other = f'{SETTINGS}{known}bridge_fingerprint = "{"0" * 64}"\nbridge_token = "{TOKEN}"\n'
        pinned = await asyncio.to_thread(tiller, "check", tmp_path, other)
    for said, why in ((found, "the token is not this bridge's"), (pinned, "another certificate")):
        text = " ".join(said.stdout.split())
        assert why in text
        assert "Compare bridge_token and bridge_fingerprint" in text
        assert "Install" not in text


def test_one_process_has_one_terminal(tmp_path: Path) -> None:
    found = tiller("run", tmp_path, SETTINGS + SETTINGS.replace("broker", "other"), "http://127.0.0.1:1")
    assert found.returncode == 2
    assert "broker and other want it" in one_line(found.stderr)
