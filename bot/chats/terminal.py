"""The terminal: a prompt on a running bot. Tab asks the bot what fits; what happens is told above the prompt."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.chats.shown import fetched, reply_of
from bot.client import Client
from bot.settings.models import Settings
from handlers.reply import Button, Reply, Tone
from trading.errors import TradingError

PROMPT = "tiller> "
LEAVE = ("exit", "quit")
STYLES = {Tone.INFO: "", Tone.GOOD: "green", Tone.BAD: "red", Tone.WARN: "yellow"}
_NUMBER = re.compile(r"[-+]?[$]?[0-9][0-9.,]*%?( [A-Z]{3,5})?|-|", re.ASCII)


def history_file(settings: Callable[[], Settings], environ: Mapping[str, str]) -> Path:
    """Where typed lines are kept: with this machine's own bot, or at home for another's. Only its owner may read it."""
    folder = Path.home() if environ.get("TILLER_URL") else settings().data_dir
    file = folder / (".tiller_history" if environ.get("TILLER_URL") else "terminal_history")
    with suppress(OSError):  # no history is no reason not to trade
        os.close(os.open(file, os.O_CREAT | os.O_APPEND, 0o600))
    return file


class Terminal:
    """One person at one terminal."""

    def __init__(self, client: Client, history: Path) -> None:
        self.client = client
        self._history = history
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._buttons: tuple[Button, ...] = ()
        self._phrase: str | None = None
        self._zone = ZoneInfo("UTC")
        self._connected = True

    async def run(self) -> int:
        """Read lines and answer them until Ctrl-D.

        Raises:
            ConfigError: no bot answers there, or the token is not known.
        """
        async with self.client:
            status = await self.client.get("status")
            self._zone = ZoneInfo(status["timezone"])
            session: PromptSession[str] = PromptSession(
                history=FileHistory(str(self._history)) if os.access(self._history, os.W_OK) else None,
                completer=_Suggestions(self.client),
                complete_while_typing=False,
                bottom_toolbar=self._toolbar,
            )
            self._print(f"Tiller {status['version']} at {self.client.url}, {status['state']}.", "bold")
            self._print("/help lists what can be asked, Tab completes, Ctrl-D leaves.")
            with patch_stdout(raw=True):
                telling = asyncio.create_task(self._tell(status["last_seq"]))
                try:
                    await self._answer_all(session)
                finally:
                    telling.cancel()
                    await asyncio.gather(telling, return_exceptions=True)
        return 0

    async def _answer_all(self, session: PromptSession[str]) -> None:
        while True:
            try:
                line = (await session.prompt_async(PROMPT)).strip()
                if line.lower().removeprefix("/") in LEAVE:
                    return
                if line:
                    await self._answer(await self._meant(line))
            except KeyboardInterrupt:
                continue
            except EOFError:
                return

    async def _meant(self, line: str) -> str:
        """The line, or that of the button with this number; a phrase that has to be typed is asked for."""
        if not line.isdecimal() or not 1 <= int(line) <= len(self._buttons):
            return line
        chosen = self._buttons[int(line) - 1].line
        if self._phrase and chosen.startswith("confirm "):
            # A session of its own: a phrase is neither completed nor remembered.
            typed = await PromptSession[str]().prompt_async(f"Type {self._phrase!r} to confirm: ")
            return f"{chosen} {typed.strip()}"
        return chosen

    async def _answer(self, line: str) -> None:
        try:
            reply = reply_of(await fetched(self.client, await self.client.run(line)))
        except TradingError as why:
            reply = Reply.refused(why)
        self._buttons, self._phrase = reply.buttons, reply.phrase
        if reply.text:
            self._print(reply.text, STYLES[reply.tone])
        if reply.table is not None:
            self._console.print(_table(reply))
        for number, button in enumerate(reply.buttons, 1):
            self._print(f"  {number}  {button.label}  ({button.line})", "cyan")

    async def _tell(self, after: int) -> None:
        """Print each alert as it comes, for ever; what came while the connection was lost comes late, not never."""
        try:
            async for event in self.client.events(after, self._connection):
                if (alert := event.get("alert")) is not None:
                    at = datetime.fromisoformat(event["at"]).astimezone(self._zone)
                    first, *rest = alert["text"].splitlines() or [""]
                    text = "\n".join([f"{at:%H:%M:%S}  {first}", *(f"          {line}" for line in rest)])
                    self._print(text, STYLES[Tone(alert["tone"])] or "dim")
        except TradingError as why:
            self._print(f"Alerts are not shown any more: {why}", "red")

    def _connection(self, connected: bool) -> None:
        if connected is not self._connected:
            self._connected = connected
            here = "The connection is back." if connected else "The connection is lost; trying again."
            self._print(here, "green" if connected else "yellow")

    def _toolbar(self) -> str | None:
        return None if self._connected else f"not connected to {self.client.url}"

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text(_harmless(text), style))


class _Suggestions(Completer):
    """What the bot says may be typed at the cursor."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_completions(self, document: Document, event: CompleteEvent) -> Any:
        return ()

    async def get_completions_async(self, document: Document, event: CompleteEvent) -> AsyncGenerator[Completion, None]:
        """Asks the bot; when it does not answer, nothing is offered."""
        try:
            found = await self._client.complete(document.text, document.cursor_position)
        except TradingError:
            return
        for each in found:
            start = each["start"] - document.cursor_position
            yield Completion(_harmless(each["text"]), start, _harmless(each["display"]), _harmless(each["help"]))


def _table(reply: Reply) -> Padding:
    """The table of a reply, numbers to the right."""
    assert reply.table is not None
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, title in enumerate(reply.table.columns):
        right = all(_NUMBER.fullmatch(row[number]) for row in reply.table.rows)
        table.add_column(Text(_harmless(title)), justify="right" if right else "left", overflow="fold")
    for row in reply.table.rows:
        table.add_row(*(Text(_harmless(cell)) for cell in row))
    return Padding(table, (0, 0, 0, 1))


def _harmless(text: str) -> str:
    """The words of venues and alerts pass through here: nothing in them may steer a terminal."""
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in text)
