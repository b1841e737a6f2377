"""From settings to a bridge that serves, and back to a terminal left as it was."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bot.bridge.keys import TOKEN_FILE, Tls, tls_of, token_of
from bot.bridge.requests import Requests
from bot.bridge.server import Bridge, taken
from bot.bridge.terminal import Terminal
from bot.folder import prepare
from bot.logs import start_logs
from bot.redaction import Redactor
from bot.settings.models import Settings
from bot.signals import Say, Signals
from trading.clock import SystemClock
from trading.errors import ConfigError
from trading.mt5.bridge.line import is_loopback
from trading.mt5.native import native

PATIENCE_S = 5.0  # for the call under way when the bridge stops
TABLE_FILE, LOCK_FILE = "bridge.db", "bridge.lock"


async def serve(settings: Settings, say: Say, load: Callable[[], Any] = native) -> None:
    """Serve the package that `load` answers until a signal asks to stop.

    Raises:
        ConfigError: the package is not on this machine, the address is taken, or something cannot be used.
    """
    stopping = Signals(say)
    chosen, folder, clock = settings.bridge, settings.data_dir, SystemClock()
    await _check(settings, load)
    prepare(folder)
    async with AsyncExitStack() as stack:
        stack.enter_context(_alone(folder))
        token = token_of(chosen.token.get_secret_value(), folder)
        redactor = Redactor(settings.secrets() | {token})
        logs = start_logs(
            clock, redactor, level=settings.logs.level, folder=folder / "logs" if settings.logs.file else None
        )
        stack.callback(logs.close)
        open_to_all = not is_loopback(chosen.host)
        tls = tls_of(chosen.certificate, chosen.key, folder, clock) if open_to_all or chosen.certificate else None
        requests = Requests(folder / TABLE_FILE, clock)
        stack.callback(requests.close)
        terminal = Terminal(load, requests, chosen.terminal)
        stack.push_async_callback(terminal.close, PATIENCE_S)
        await terminal.open()
        server = await Bridge(token, terminal, requests, clock).start(
            chosen.host, chosen.port, tls.context if tls else None
        )
        port = next(iter(server.sockets)).getsockname()[1]
        for line in what_serves(chosen.host, port, tls, folder / TOKEN_FILE, not chosen.token.get_secret_value()):
            say(line)
        if unanswered := requests.unanswered():
            say(f"{len(unanswered)} requests were begun before and have no answer; they are never made again.")
        await stopping.wait()
        server.close(reason="The bridge is stopped.")
    say("Stopped. The terminal goes on.")


async def _check(settings: Settings, load: Callable[[], Any]) -> None:
    """See that nothing refuses the start, before anything is made in the folder.

    Raises:
        ConfigError: as of `serve`.
    """
    chosen, folder = settings.bridge, settings.data_dir
    if (folder / LOCK_FILE).exists():
        return  # one has run here before, so the files are there; that it still does is what must be said first
    if given := chosen.token.get_secret_value():
        token_of(given, folder)
    if chosen.certificate:
        tls_of(chosen.certificate, chosen.key, folder, SystemClock())
    load()
    try:
        trial = await asyncio.get_running_loop().create_server(asyncio.Protocol, chosen.host, chosen.port)
    except OSError as why:
        raise taken(chosen.host, chosen.port, why) from None
    trial.close()
    await trial.wait_closed()


def what_serves(host: str, port: int, tls: Tls | None, token_file: Path, kept: bool) -> Iterator[str]:
    """The first screen: what the bot must be told. The token is not printed: its file is named."""
    yield f"Tiller {version('tiller')}, bridge to MetaTrader 5, listening on {host}:{port}"
    yield ""
    yield "On the bot's side:"
    yield '  transport          = "bridge"'
    yield f'  bridge_url         = "{"wss" if tls else "ws"}://{_shown(host)}:{port}"'
    if tls:
        yield f'  bridge_fingerprint = "{tls.fingerprint}"'
    yield f"  bridge_token       : {token_file if kept else 'as set here'}"
    if not tls:
        yield "Without TLS, for this machine and tunnels to it only."


def _shown(host: str) -> str:
    return "THIS-MACHINE" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host


def _alone(folder: Path) -> FileLock:
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise ConfigError(
            f"Another bridge runs in {folder}.", "Stop it, or give this one another --data-dir.", code="PORT"
        ) from None
    return lock
