"""Chromium, a desk with its console, and a person's hands on it. Skipped where there is no Chromium."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect, sync_playwright

MISSING = "Chromium is not installed: apt-get install chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
expect.set_options(timeout=10_000)  # milliseconds: a busy machine is slow, not wrong
ACCESSIBLE = (Path(__file__).parent / "accessible.js").read_text()
DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)


class Console:
    """The process that serves it. `restart` is a stop and a start on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.bot.web.dashboard_desk", str(self.folder), str(self.port)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
        )
        self.url, self.token, self.viewer = self._read().split()
        self.port = int(self.url.rpartition(":")[2])

    def _read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the console's process ended"
        return line

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def link(self, asked: str = "link") -> str:
        """A fresh sign-in link; with `ask`, a viewer's."""
        self._write(asked)
        return self._read().strip()

    def revoke(self) -> None:
        """End the viewer's token."""
        self._write("revoke")
        assert self._read().strip() == "True"

    def begin(self, line: str) -> None:
        """Let the desk begin with something that takes a while; see `dashboard_desk`."""
        self._write(line)

    def end(self) -> None:
        """Wait until it is done."""
        assert self._read().strip() == "done"

    def stop(self) -> None:
        self._write("stop")
        assert self.process.wait(15) == 0, "an orderly stop"
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def api(self, line: str, key: str = "") -> Any:
        """One line by the API, past the browser."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.post(
            f"{self.url}/api/v1/commands", json={"line": line, "key": key}, headers=headers, trust_env=False
        )
        return answer.json()


class Person:
    """Somebody in front of a page."""

    def __init__(self, context: BrowserContext, console: Console) -> None:
        self.console = console
        self.page: Page = context.new_page()
        self.page.set_default_timeout(8000)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("pageerror", lambda why: self.complaints.append(str(why)))
        self.page.on("console", self._complain)

    def _complain(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def sign_in(self) -> "Person":
        self.page.goto(self.console.link())
        self.ready()
        return self

    def ready(self) -> None:
        """Wait until the page is connected."""
        self.page.locator(".t-online:not(.off)").wait_for()
        self.prompt.wait_for()

    @property
    def prompt(self) -> Locator:
        return self.page.get_by_label("Command", exact=True)

    @property
    def last(self) -> Locator:
        """The last line with its answer."""
        return self.page.locator(".t-turn").last

    def say(self, line: str) -> str:
        """Type a line, press Enter, and read the answer."""
        turns = self.page.locator(".t-turn").count()
        self.prompt.fill(line)
        self.prompt.press("Enter")
        answer = self.page.locator(".t-turn").nth(turns).locator(".t-reply:not(.t-wait)")
        answer.wait_for()
        return answer.inner_text()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; without one the test is skipped, or fails if everything is required."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("TILLER_REQUIRE_ALL") == "1":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
