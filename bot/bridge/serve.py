"""From settings to a bridge that serves, and back to a terminal left as it was."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bot.bridge.keys import TOKEN_FILE, Tls, tls_of, token_of
from bot.bridge.requests import Requests
from bot.bridge.server import Bridge, listen
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
    given, lock = chosen.token.get_secret_value(), FileLock(folder / LOCK_FILE)
    async with AsyncExitStack() as stack:
        # What may refuse the start comes before anything is made in the folder.
        if folder.exists():  # first of all: one that runs there has the address, too
            prepare(folder)
            stack.enter_context(_alone(lock))
        token = token_of(given, folder) if given else ""
        tls = tls_of(chosen.certificate, chosen.key, folder, clock) if chosen.certificate else None
        package = load()
        listening = stack.enter_context(listen(chosen.host, chosen.port))
        prepare(folder)
        stack.enter_context(_alone(lock))
        token = token or token_of("", folder)
        redactor = Redactor(settings.secrets() | {token})
        logs = start_logs(
            clock, redactor, level=settings.logs.level, folder=folder / "logs" if settings.logs.file else None
        )
        stack.callback(logs.close)
        if tls is None and not is_loopback(chosen.host):
            tls = tls_of("", "", folder, clock)
        requests = Requests(folder / TABLE_FILE, clock)
        stack.callback(requests.close)
        terminal = Terminal(lambda: package, requests, chosen.terminal)
        stack.push_async_callback(terminal.close, PATIENCE_S)
        await terminal.open()
        server = await Bridge(token, terminal, requests, clock).start(listening, tls.context if tls else None)
        port = listening.getsockname()[1]
        for line in what_serves(chosen.host, port, tls, folder / TOKEN_FILE, not given):
            say(line)
        if unanswered := requests.unanswered():
            say(f"{len(unanswered)} requests were begun before and have no answer; they are never made again.")
        await stopping.wait()
        server.close(reason="The bridge is stopped.")
    say("Stopped. The terminal goes on.")


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


def _alone(lock: FileLock) -> AbstractContextManager[object]:
    """Nobody else runs in the folder, until this is left; the same lock may be taken twice."""
    try:
        return lock.acquire(blocking=False)
    except Timeout:
        folder = Path(lock.lock_file).parent
        raise ConfigError(
            f"Another bridge runs in {folder}.", "Stop it, or give this one another --data-dir.", code="PORT"
        ) from None
