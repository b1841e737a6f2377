"""Rounds of kill -9: of the bridge, of its client, of both, at random moments around order_send.

The terminal is a third process that lives through all of them. After each round a fresh client asks for the answer to
every request that was ever begun, sends those again that nobody has heard of, and all of it is held against what
the terminal executed: nothing twice, and nobody told otherwise than it was.
"""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from bot.bridge.keys import tls_of
from tests.bridge.sender import REQUEST, told
from tests.emulators.mt5.desk import NOW
from tests.emulators.process import ROOT
from trading.clock import SystemClock
from trading.mt5.bridge.line import Address
from trading.mt5.bridge.module import BridgeModule

TOKEN = "the-token-of-the-crashing-bridge"
KINDS = ("bridge", "client", "both")
UNKNOWN, UNHEARD = "error-10002", "error-4"
READY_S, DAY_S = 30, 86_400


class Rounds:
    """The processes, and what came of it so far."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.unknown = folder, 0
        self._tls = tls_of("", "", folder, SystemClock())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._terminal = self._start(
            "-m", "tests.emulators.mt5", "--now", str(NOW), "--balance", "100000000", "--mode", "netting"
        )
        assert self._terminal.stdout is not None
        self._addresses = json.loads(self._terminal.stdout.readline())
        self._do("show", name="EURUSD", bid="1.08", ask="1.0801")
        self._final: dict[str, str] = {}
        self._bridge = self._start_bridge()

    def round(self, number: int, kind: str, chance: random.Random) -> tuple[int, int]:
        """Load, kill, start again, ask: how many were executed twice, and how many are missing or told wrong."""
        self._do("disarm")
        fault = chance.choice(("hang_before", "hang_after"))
        self._do("arm", name=fault, times=0, seconds=chance.uniform(0, 0.02))
        log = self.folder / f"round{number}.log"
        client = self._start_client(log, f"r{number}")
        wait_for(lambda: log.exists() and "told" in log.read_text())
        time.sleep(chance.uniform(0, 0.2))
        if kind in ("client", "both"):
            kill(client)
        if kind in ("bridge", "both"):
            kill(self._bridge)
            time.sleep(chance.uniform(0, 0.1))
            self._bridge = self._start_bridge()
        if kind == "bridge":  # the client lives on, finds out, and sends more
            before = log.read_text().count("told")
            wait_for(lambda: log.read_text().count("told") > before + 2)
            kill(client)
        self._do("disarm")
        return self._compare(log)

    def close(self) -> None:
        for process in (self._bridge, self._terminal):
            kill(process)

    @property
    def requests(self) -> int:
        return len(self._final)

    # --- the comparison ----------------------------------------------------------------------

    def _compare(self, log: Path) -> tuple[int, int]:
        lines = [line.split() for line in log.read_text().splitlines()]
        sent = [words[1] for words in lines if words[0] == "send" and len(words) == 2]
        first = {words[1]: words[2] for words in lines if words[0] == "told" and len(words) == 3}
        with contextlib.closing(self._client()) as mt5:
            recalled = {key: self._recall(mt5, key) for key in sent}
            again = {key: self._again(mt5, key) for key in sent}
            seen = Counter(deal.comment for deal in mt5.history_deals_get(NOW - DAY_S, NOW + 2 * DAY_S))
        executed = Counter(row["comment"] for row in self._do("ledger") if row["kind"] == "deal")
        doubled, lost = sum(count - 1 for count in executed.values()), 0
        for key in sent:
            answers = {first.get(key, ""), recalled[key], again[key]} - {"", UNHEARD, "error-10005", "error-10004"}
            self.unknown += again[key] == UNKNOWN
            # Whatever nobody knows can be found out at the terminal, through the bridge.
            assert seen[key] == executed[key], f"{key}: {seen[key]} seen, {executed[key]} executed"
            done = again[key].isdigit()
            wrong = len(answers) != 1 or (done and executed[key] != 1) or (not done and again[key] != UNKNOWN)
            if wrong:
                print(f"{key}: first {first.get(key)}, recalled {recalled[key]}, again {again[key]}, {executed[key]}x")
            lost += wrong
            self._final[key] = again[key]
        return doubled, lost

    def _recall(self, mt5: Any, key: str) -> str:
        return told(mt5.recall(key), mt5.last_error())

    def _again(self, mt5: Any, key: str) -> str:
        return told(mt5.order_send({**REQUEST, "comment": key}, key=key), mt5.last_error())

    # --- the processes -----------------------------------------------------------------------

    def _start(self, *command: str, **environ: str) -> subprocess.Popen[str]:
        environ = {"PATH": os.defpath, **environ}
        with (self.folder / "processes.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def _start_bridge(self) -> subprocess.Popen[str]:
        settings = {
            "TILLER_DATA_DIR": str(self.folder),
            "TILLER_BRIDGE__PORT": str(self._port),
            "TILLER_BRIDGE__TOKEN": TOKEN,
            "TILLER_BRIDGE__CERTIFICATE": str(self.folder / "bridge.crt"),
            "TILLER_BRIDGE__KEY": str(self.folder / "bridge.key"),
            "TILLER_LOGS__LEVEL": "warning",
        }
        bridge = self._start("-m", "tests.bridge.process", self._addresses["url"], **settings)
        assert bridge.stdout is not None
        assert "listening" in bridge.stdout.readline(), (self.folder / "processes.log").read_text()
        return bridge

    def _start_client(self, log: Path, name: str) -> subprocess.Popen[str]:
        return self._start("-m", "tests.bridge.sender", *self._where(), str(log), name)

    def _client(self) -> Any:
        """A fresh one that has the bridge: the one before may take a moment to be gone."""
        mt5: Any = BridgeModule(Address(*self._where()), timeout_s=15)
        wait_for(mt5.initialize)
        return mt5

    def _where(self) -> tuple[str, str, str]:
        return f"wss://127.0.0.1:{self._port}", TOKEN, self._tls.fingerprint

    def _do(self, command: str, **how: Any) -> Any:
        body = json.dumps({"do": command, **how}).encode()
        request = urllib.request.Request(self._addresses["control_url"], body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())["result"]


def wait_for(done: Any) -> None:
    """Look until it is so."""
    for _ in range(READY_S * 100):
        if done():
            return
        time.sleep(0.01)
    raise SystemExit("it did not happen in time")


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def crash(folder: Path, rounds: int, seed: int) -> int:
    """Play the rounds in a folder, and say how it ended. Answers the exit code."""
    chance, doubled, lost, number = random.Random(seed), 0, 0, 0
    place = Rounds(folder)
    try:
        for number in range(1, rounds + 1):
            kind = KINDS[number % len(KINDS)]
            doubled, lost = place.round(number, kind, chance)
            if doubled or lost:
                print(f"round {number}, kill of {kind}: replay with --seed {seed}")
                break
            if number % 10 == 0:
                print(f"{number} rounds, {place.requests} requests, {place.unknown} of unknown outcome", flush=True)
    finally:
        place.close()
    print(f"{place.requests} requests, {place.unknown} of unknown outcome")
    print(f"{number} rounds, {doubled} doubled, {lost} lost")
    return 1 if doubled or lost else 0
