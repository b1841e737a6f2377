"""`tiller check`: everything that a start would need, tried one by one, without starting anything."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx

from bot.app import VERSION
from bot.desk import LiveDesk
from bot.folder import prepare
from bot.logs import LogTail
from bot.settings.accounts import AccountSettings
from bot.settings.models import Settings
from bot.tokens import Tokens
from bot.webhooks.sources import Sources
from bot.wiring.chats import look_at_chats
from bot.wiring.desk import build_desk
from handlers.values import did_you_mean
from trading.clock import SystemClock
from trading.errors import ConfigError, JournalError, TradingError, VenueError
from trading.intent import AccountId
from trading.journal.store import JournalStore, open_journal
from trading.words import begun, counted

CONNECT_S = 30.0
ANSWER_S = 1.0
UNSTARTED = ("JOURNAL_ABSENT", "JOURNAL_OLDER")


class Finding(NamedTuple):
    """What was looked at, whether it is fine, and what it is, or what is wrong and what to do about it."""

    name: str
    passed: bool
    text: str


async def check(settings: Callable[[], Settings]) -> AsyncIterator[Finding]:
    """Look at everything; where the settings themselves are wrong there is nothing else to look at."""
    try:
        known = settings()
    except ConfigError as why:
        for line in str(why).splitlines():
            yield Finding("settings", False, line)
        return
    strategies = counted(len(known.strategies), "strategy", "strategies")
    yield Finding("settings", True, f"{counted(len(known.accounts), 'account')}, {strategies}")
    folder = _folder(known)
    yield folder
    if folder.passed:
        yield await _database(known)
    yield await _port(known)
    with tempfile.TemporaryDirectory() as aside:
        async with await open_journal(f"sqlite://{Path(aside).as_posix()}/check.db") as store:
            listed: set[str] = set()
            accounts = [
                each for name, one in known.accounts.items() for each in await _account(known, name, one, store, listed)
            ]
            for each in accounts:
                yield each
            if all(each.passed for each in accounts):
                for each in _followed(known, listed):
                    yield each
                yield _strategies(known, store)
    async for found in look_at_chats(known):
        yield Finding(*found)
    for found_source in _sources(known):
        yield found_source


def _sources(settings: Settings) -> Iterator[Finding]:
    sources = Sources(settings)
    if sources.problem:
        yield Finding("webhooks", False, f"{sources.problem} Put it right, or away.")
    for card in sources.cards():
        text = f"{card.role} on {card.account}, confirm {card.confirm}"
        remedy = f"Set [webhooks.{card.name}] secret." if not card.is_made else "Rotate or remove it."
        problem = f"{begun(card.problem)}. {remedy}" if card.problem else ""
        yield Finding(f"webhooks.{card.name}", not problem, problem or text)


def _folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    try:
        if folder.exists():
            prepare(folder)
            return Finding("data directory", True, str(folder))
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        prepare(above)
    except ConfigError as why:
        return Finding("data directory", False, str(why))
    return Finding("data directory", True, f"{folder}, made by the first start")


async def _database(settings: Settings) -> Finding:
    try:
        async with await open_journal(settings.database.url, writer=False) as store:
            return Finding("database", True, f"of this version, {counted(store.last_seq, 'event')}")
    except JournalError as why:
        if why.code not in UNSTARTED:
            return Finding("database", False, str(why))
        made = "not there yet" if why.code == "JOURNAL_ABSENT" else "from an older version"
        return Finding("database", True, f"{made}; the next start makes it ready")
    except ConfigError as why:
        return Finding("database", False, str(why))


async def _port(settings: Settings) -> Finding:
    host, port = settings.web.host, settings.web.port
    if port == 0:
        return Finding("port", True, "any that is free")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with closing(socket.socket(family, socket.SOCK_STREAM)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as why:
        if await _is_tiller(host, port):
            return Finding("port", True, f"{port}: a Tiller answers there")
        remedy = "Choose another with [web] port, or stop what uses it."
        return Finding("port", False, f"Port {port} on {host} cannot be used: {why.strerror}. {remedy}")
    return Finding("port", True, f"{port} on {host} is free")


async def _is_tiller(host: str, port: int) -> bool:
    address = "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_S) as http:
            return bool((await http.get(f"http://{address}:{port}/healthz")).json() == {"ok": True})
    except (httpx.HTTPError, ValueError):
        return False


async def _account(
    settings: Settings, name: str, account: AccountSettings, store: JournalStore, all_listed: set[str]
) -> list[Finding]:
    """Connect to one account and its market, on a journal that is thrown away; what was found there.

    The market's symbols are added to `all_listed`.
    """
    label = f"account {name}"
    alone = settings.model_copy(update={"accounts": {name: account}, "strategies": {}})
    try:
        desk = build_desk(alone, store, SystemClock(), VERSION, LogTail(0), _tokens(settings, store))
        async with asyncio.timeout(CONNECT_S):
            try:
                for market in desk.markets.values():
                    await market.start()
                found = [line for account in desk.executors for line in await _mode(desk, account)]
            finally:
                for executor in desk.executors.values():
                    await executor.stop()
                for market in desk.markets.values():
                    await market.stop()
    except TradingError as why:
        return [Finding(label, False, str(why))]
    except TimeoutError:
        return [Finding(label, False, f"{account.market} did not answer within {CONNECT_S:.0f} s. Is the network up?")]
    listed = desk.markets[name].instruments
    all_listed.update(listed)
    for strategy, config in settings.strategies.items():
        for symbol in config.symbols if config.account == name else ():
            if symbol not in listed:
                near = did_you_mean(symbol, listed, f"There is {', '.join(list(listed)[:5])}.")
                text = f"[strategies.{strategy}] {name} does not trade {symbol}. {near}"
                found.append(Finding("strategies", False, text))
    symbols = counted(len(listed), "symbol")
    return [Finding(label, True, f"{account.venue}, {symbols} on {account.market}"), *found]


async def _mode(desk: LiveDesk, account: AccountId) -> list[Finding]:
    """Connect an account in one mode; the other one is no worse for what is wrong here."""
    executor = desk.executors[account]
    try:
        await executor.start()
    except VenueError as why:
        return [Finding(str(account), False, str(why))]
    return [Finding(str(account), True, line) for line in executor.found()]


def _followed(settings: Settings, listed: set[str]) -> Iterator[Finding]:
    """What the settings want followed and no market of theirs has; an exchange refuses its start by itself."""
    for symbol in settings.market.symbols:
        if symbol not in listed:
            near = did_you_mean(symbol, sorted(listed), f"There is {', '.join(sorted(listed)[:5])}.")
            yield Finding("market", False, f"[market] symbols: no account's market has {symbol}. {near}")


def _strategies(settings: Settings, store: JournalStore) -> Finding:
    try:
        build_desk(settings, store, SystemClock(), VERSION, LogTail(0), _tokens(settings, store))
    except TradingError as why:
        return Finding("strategies", False, str(why))
    return Finding("strategies", True, ", ".join(settings.strategies) or "none")


def _tokens(settings: Settings, store: JournalStore) -> Tokens:
    return Tokens(store, settings.data_dir, SystemClock())
