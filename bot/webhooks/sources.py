"""Who may send alerts: `[webhooks.NAME]` of the settings, and the sources made by commands.

Those made are kept in `data_dir/webhooks.json`, with the keys of the settings, readable by its owner only. The file
is written whole and at once, and read again whenever it has changed: the shell and the bot may both write it.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from filelock import FileLock, Timeout
from pydantic import ValidationError

from bot.settings import parsers
from bot.settings.models import Settings
from bot.settings.sections import WebhookSettings
from bot.tokens import write_private
from handlers.actor import Actor, ConfirmPolicy, Role
from handlers.sources import SourceCard
from trading.errors import ConfigError, IntentError

FILE = "webhooks.json"
UNKNOWN_HOST = "https://YOUR-HOST"
PATIENCE_S = 5  # for another process that writes the file
MASK = "***"
SKEW_S = 30  # seconds that a sender's clock may be ahead of ours

Hear = Callable[[str], None]
"""Hears each secret, to keep it out of the logs."""


class Source(msgspec.Struct, frozen=True):
    """Somebody whose alerts are believed: whoever has the `secret`. An empty one is nobody's."""

    name: str
    secret: str
    account: str
    role: Role
    policy: ConfirmPolicy
    max_age_s: int
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    certificate: str = ""
    symbols: Mapping[str, str] = {}
    size: str = ""

    @property
    def actor(self) -> Actor:
        """The source as whoever sends its command lines."""
        return Actor(f"webhook:{self.name}", self.name, self.role, self.account, self.policy)

    def admits(self, address: str) -> bool:
        """Whether alerts may come from this address."""
        if not self.networks:
            return True
        try:
            return any(ip_address(address) in network for network in self.networks)
        except ValueError:
            return False


class Sources:
    """Implements `handlers.sources.Sources`. A file that cannot be read is nobody's word: its sources are unknown."""

    def __init__(self, settings: Settings, hear: Hear | None = None) -> None:
        self._settings = settings
        self._file = settings.data_dir / FILE
        self._hear: list[Hear] = [hear] if hear else []
        self._given = {name: self._source(name, each) for name, each in settings.webhooks.items()}
        self._made: dict[str, Source] = {}
        self._seen: tuple[int, int, int] | None = None
        self._refused: dict[str, tuple[int, str]] = {}
        self.nobody = Source("-", secrets.token_urlsafe(24), "-", Role.STRANGER, ConfirmPolicy(), 60)
        """In whose place an unknown source is held against what was sent, so that it takes as long."""
        self.problem = ""
        self._refresh()

    def hear(self, hear: Hear) -> None:
        """Tell `hear` every secret, those of now and those to come."""
        self._hear.append(hear)
        for source in (*self._given.values(), *self._made.values()):
            hear(source.secret)

    def find(self, name: str) -> Source | None:
        """The source of this name, as it is now."""
        self._refresh()
        return self._given.get(name) or self._made.get(name)

    def refused(self, name: str, why: str) -> None:
        """Something that came in its name was turned away."""
        self._refused[name] = (self._refused.get(name, (0, ""))[0] + 1, why)

    # --- what commands ask -------------------------------------------------------------------

    def cards(self) -> list[SourceCard]:
        self._refresh()
        return [self._card(source) for source in (*self._given.values(), *self._made.values())]

    def _card(self, source: Source) -> SourceCard:
        named = [str(each) if each.num_addresses > 1 else str(each.network_address) for each in source.networks]
        conditions = [f"from {', '.join(named)}"] if named else []
        conditions += [f"client certificate {source.certificate}"] if source.certificate else []
        problem = "" if source.secret else "it has no secret: every alert is refused"
        if source.account not in self._settings.accounts:
            problem = f"its account {source.account} is not in the settings"
        return SourceCard(
            source.name, source.account, str(source.role), _rule(source.policy), source.max_age_s,
            "; ".join(conditions), source.name not in self._given, problem,
        )  # fmt: skip

    def refusals(self, name: str) -> str:
        count, why = self._refused.get(name, (0, ""))
        return f"{count} turned away since the start, the last one: {why}" if count else ""

    def address(self, name: str) -> str:
        return self._address(name, MASK)

    def _address(self, name: str, secret: str) -> str:
        brought = urlsplit(self._settings.telegram.webhook_url)  # an address of ours, too
        outside = self._settings.web.url or (f"https://{brought.netloc}" if brought.netloc else UNKNOWN_HOST)
        return f"{outside}/webhooks/{name}/{secret if secret == MASK else quote(secret, safe='')}"

    def make(self, name: str, account: str, role: str, **more: Any) -> str:
        """As `handlers.sources.Sources`; `more` are further keys of `[webhooks.NAME]`."""
        try:
            parsers.name(name)
        except ValueError as why:
            raise IntentError(f"{name[:24]!r} {why}.", "Write one like pine.", code="BAD_NAME") from None
        if account not in self._settings.accounts:
            known = ", ".join(self._settings.accounts)
            raise IntentError(f"There is no account {account[:24]!r}.", f"There is {known}.", code="UNKNOWN_ACCOUNT")
        entry = {"secret": _new_secret(), "account": account, "role": role, **more}
        try:
            WebhookSettings.model_validate(entry)
        except ValidationError as why:
            found = why.errors(include_input=False)[0]
            text = f"{'.'.join(map(str, found['loc']))} {found['msg'].removeprefix('Value error, ')}."
            raise IntentError(text, "See docs/settings.md, [webhooks.NAME].", code="BAD_SETTING") from None
        with self._changing() as kept:
            if name in self._given or name in kept:
                rotate = f"/webhook {name} rotate (tiller webhook rotate {name})"
                remedy = f"Give it a new secret: {rotate}. Or take another name."
                raise IntentError(f"There is a source {name} already.", remedy, code="NAME_TAKEN")
            kept[name] = entry
        return self._address(name, entry["secret"])

    def rotate(self, name: str) -> str:
        with self._changing() as kept:
            secret = self._own(name, kept)["secret"] = _new_secret()
        return self._address(name, secret)

    def remove(self, name: str) -> None:
        with self._changing() as kept:
            self._own(name, kept)
            del kept[name]

    def _own(self, name: str, kept: dict[str, dict[str, Any]]) -> dict[str, Any]:
        if name in self._given:
            text = f"{name} stands in the settings."
            raise IntentError(text, f"Change [webhooks.{name}] there, and start again.", code="IN_SETTINGS")
        if name not in kept:
            raise IntentError(
                f"There is no source {name[:24]!r}.", "/webhook lists them (tiller webhook list).", code="NO_SOURCE"
            )
        return kept[name]

    # --- the file ----------------------------------------------------------------------------

    @contextmanager
    def _changing(self) -> Iterator[dict[str, dict[str, Any]]]:
        """What is kept, to be changed; it is written at the end, and nothing is if that raises."""
        try:
            with FileLock(f"{self._file}.lock", timeout=PATIENCE_S):
                kept = self._read()
                _checked(kept)
                yield kept
                _checked(kept)
                write_private(self._file, json.dumps(kept, indent=2) + "\n")
        except Timeout:
            raise ConfigError(f"Somebody else holds {self._file}.", "Try again.") from None
        except OSError as why:
            raise ConfigError(f"{self._file} cannot be used: {why.strerror}.", "Check who owns it.") from None
        except ValueError:  # its text would name the secret
            raise ConfigError(f"{self._file} cannot be read as sources.", "Put it right, or away.") from None
        self._refresh()

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self._file.exists():
            return {}
        found = json.loads(self._file.read_bytes())
        if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
            raise ValueError("not a table of sources")
        return found

    def _refresh(self) -> None:
        """Read the file again if it is not the one that was read last."""
        try:
            now = os.stat(self._file)
            seen = (now.st_ino, now.st_mtime_ns, now.st_size)
            if seen == self._seen:
                return
            entries = _checked(self._read())
            self._made = {name: self._source(name, each) for name, each in entries.items() if name not in self._given}
            self._seen, self.problem = seen, ""
        except (FileNotFoundError, NotADirectoryError):
            self._made, self._seen, self.problem = {}, None, ""
        except (OSError, ValueError):
            self._made, self._seen = {}, None
            self.problem = f"{self._file} cannot be read: none of its sources is known."

    def _source(self, name: str, given: WebhookSettings) -> Source:
        confirm = self._settings.confirm
        secret = given.secret.get_secret_value()
        for hear in self._hear:
            hear(secret)
        return Source(
            name=name,
            secret=secret,
            account=given.account,
            role=Role.of(given.role),
            policy=ConfirmPolicy.parse(str(given.confirm), str(confirm.approve_above or ""), int(confirm.expires_s)),
            max_age_s=given.max_age_s,
            networks=tuple(ip_network(each, strict=False) for each in given.allow_ips),
            certificate=given.client_certificate.strip(),
            symbols=given.symbols,
            size=given.size.strip(),
        )


def _checked(kept: Mapping[str, dict[str, Any]]) -> dict[str, WebhookSettings]:
    """What is kept, as the settings of sources.

    Raises:
        ValueError: a name or a key is wrong.
    """
    return {parsers.name(name): WebhookSettings.model_validate(entry) for name, entry in kept.items()}


def _new_secret() -> str:
    """192 bits, in no letter that means anything to a chat's markup or in an address."""
    return secrets.token_hex(24)


def _rule(policy: ConfirmPolicy) -> str:
    return f"{policy.orders}:{policy.above}" if policy.above != Decimal(0) else str(policy.orders)
