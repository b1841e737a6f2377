"""`tiller run`: from settings to a desk that accepts commands, and back to a journal at rest."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import structlog

from bot.alerts.escalation import Escalation
from bot.alerts.notifier import Notifier
from bot.app import VERSION, App
from bot.chats.base import House
from bot.chats.connected import Chats
from bot.client import ADDRESS
from bot.folder import prepare
from bot.logs import start_logs
from bot.redaction import Redactor
from bot.settings.models import Settings
from bot.signals import Say, Signals
from bot.supervise import Supervisor
from bot.tokens import LINK_LIFE, login_path, write_private
from bot.web.dashboard.mount import add_dashboard
from bot.web.server import WebServer, build_server
from bot.web.updates import add_updates
from bot.webhooks.sources import Sources
from bot.wiring.chats import build_chats
from handlers.alerts import Alert, Severity
from trading import events as e
from trading.clock import Clock, SystemClock
from trading.control import AccountMode
from trading.intent import Mode
from trading.journal.store import open_journal
from trading.words import span

LAST_WORDS_S = 2.0  # for the alerts of an orderly stop
LOGGED = 100  # alerts that the log may show again after a crash
log = structlog.get_logger("tiller")

Started = Callable[[], Awaitable[None]]
"""Shows the way in and begins to tell, once the desk has started."""


async def serve(settings: Settings, say: Say, clock: Clock | None = None) -> None:
    """Run the desk until a signal asks it to stop. Its time is the machine's, unless it is handed another clock.

    Raises:
        ConfigError: the data directory cannot be used, the port is taken, or something is not part of this version.
        TradingError: the journal is broken or in use, or a market or venue refuses to start.
    """
    stopping = Signals(say)
    clock, redactor = clock or SystemClock(), Redactor(settings.secrets())
    prepare(settings.data_dir)
    async with AsyncExitStack() as stack:
        folder = settings.data_dir / "logs" if settings.logs.file else None
        logs = start_logs(clock, redactor, level=settings.logs.level, folder=folder)
        stack.callback(logs.close)
        store = await stack.enter_async_context(await open_journal(settings.database.url))
        app = App(settings, store, clock, logs.tail)
        app.desk.sources.hear(redactor.add)
        if known := await app.tokens.kept():
            redactor.add(known)
        tasks = Supervisor(app.mishap)
        notifier = Notifier(store, app.book, tasks, app.metrics.notifier_lag, settings.zone)
        house = House(app, app.desk.people, notifier, app.book, app.mishap)
        connects = build_chats(settings)
        chats = Chats(connects, house, tasks)
        app.desk.task_health = lambda: {**app.supervisor.health(), **tasks.health(), **chats.problems()}
        web = WebServer(settings.web.host, settings.web.port)
        stack.push_async_callback(web.stop)
        stack.push_async_callback(chats.stop)
        stack.push_async_callback(notifier.stop)
        server = build_server(app)
        add_updates(server, chats)
        add_dashboard(server, app)  # the last: what nothing else answers, its pages do
        await web.start(server)
        address = settings.data_dir / ADDRESS
        write_private(address, web.url + "\n")
        stack.callback(address.unlink, missing_ok=True)
        for line in what_runs(settings, await _modes(app), app.desk.sources):
            say(line)
        await notifier.expect(*app.desk.destinations())
        await notifier.attach("log", _to_log, repeat=LOGGED)

        async def started() -> None:
            token, fresh = await app.tokens.local()
            redactor.add(token)
            path = login_path(app.tokens.link())
            links = [f"{base}{path}" for base in dict.fromkeys((settings.web.url, web.url)) if base]
            for line in way_in(links, settings.data_dir / "token", token if fresh else "", list(connects)):
                say(line)
            notifier.start()
            chats.start()
            if connects:
                tasks.start("unseen alerts", Escalation(store, app.book, settings.alerts.repeat_s).run)

        await _run(app, notifier, stopping, say, started)


async def _run(app: App, notifier: Notifier, stopping: Signals, say: Say, started: Started) -> None:
    """Start, wait for a signal, stop; a signal while starting is heard too. A start that fails tells no secret."""
    card: list[str] = []
    app.book.subscribe(lambda entry: card.append(entry.event.text) if isinstance(entry.event, e.DeskStarted) else None)
    starting = asyncio.create_task(app.start(), name="start")
    asked = asyncio.create_task(stopping.wait(), name="signals")
    await asyncio.wait((starting, asked), return_when=asyncio.FIRST_COMPLETED)
    if not asked.done():
        await starting
        await started()
        say("\n".join(["", *card]))
    why = await asked
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await app.stop(f"asked to by {why}")
    await notifier.drain(LAST_WORDS_S)
    say(f"Stopped: {why}. Everything is in the journal.")


async def _to_log(alert: Alert, silent: bool) -> None:
    say = log.warning if alert.severity >= Severity.WARNING else log.info
    say("; ".join(alert.text.splitlines()), kind=alert.kind, seq=alert.seq)


async def _modes(app: App) -> Mapping[str, Mode]:
    """The mode of each account that was ever switched; the book is not open yet when people want to see it."""
    modes: dict[str, Mode] = {}
    for row in await app.store.queries.latest("ModeChanged", limit=1000):
        event = msgspec.convert(row["payload"], e.ModeChanged)
        mode = AccountMode(event.account, event.mode, event.actor, event.until).at(app.clock.now())
        modes.setdefault(event.account, mode)
    return modes


def what_runs(settings: Settings, modes: Mapping[str, Mode], sources: Sources) -> Iterator[str]:
    """The first screen: accounts, strategies, database, and who may send alerts."""
    yield f"Tiller {VERSION}"
    yield ""
    for name, account in settings.accounts.items():
        mode = modes.get(name, Mode.PAPER).upper()
        yield f"  account   {name}: {mode}, venue {account.venue}, {account.market} prices"
    for name, strategy in settings.strategies.items():
        traded = f"{', '.join(strategy.symbols)} {strategy.timeframe}"
        waits = "" if strategy.autostart else f", waits for /start_strategy {name}"
        yield f"  strategy  {name}: {strategy.class_} on {traded}, account {strategy.account}{waits}"
    yield f"  database  {settings.shown()['database.url']}"
    if sources.problem:
        yield f"Warning: {sources.problem}"
    for card in sources.cards():
        if card.problem:
            yield f"Warning: [webhooks.{card.name}] {card.problem}"
    for card in sources.cards():
        yield f"  webhook   {card.name}: account {card.account}, confirm {card.confirm}"


def way_in(links: Sequence[str], token_file: Path, new_token: str, chats: Sequence[str]) -> Iterator[str]:
    """How to sign in, and from where else the desk can be reached."""
    yield ""
    yield f"Console, signed in by this link (once, within {span(LINK_LIFE)}; a new one: tiller link):"
    yield f"  {links[0]}"
    for local in links[1:]:
        yield "or, on this machine, by:"
        yield f"  {local}"
    if new_token:
        yield ""
        yield f"Admin token, shown this once and kept in {token_file}:"
        yield f"  {new_token}"
    yield ""
    yield "In another terminal: tiller chat       One command: tiller chat -c status"
    if chats:
        yield f"From your phone: {' and '.join(map(str.capitalize, chats))}. Type /whoami to the bot there."
    else:
        yield "From your phone: ask @BotFather on Telegram for a token, start with TILLER_TELEGRAM__TOKEN=... (or"
        yield "[telegram] token in tiller.toml) and type /whoami to the bot; Discord: see the README."
