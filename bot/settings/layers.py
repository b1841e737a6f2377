"""The layers settings are written in: the file, the environment over it, secret files over that."""

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.settings import addresses, shape
from bot.settings.models import Settings
from bot.settings.problems import PREFIX, unfounded_name, unknown_variable
from bot.settings.section import Section
from trading.errors import ConfigError

NOT_SETTINGS = ("TILLER_URL", "TILLER_TOKEN", "TILLER_REQUIRE_ALL", "TILLER_CONFIG")
"""Environment names of ours that are not settings: for clients, tests and the place of the file."""

FOUNDED = {"accounts": ("venue", "market", "funds"), "webhooks": ("account",)}
"""What of a new account or source must be named where it is made by variables alone: one of these."""

_LARGEST_FILE = 1_000_000  # bytes; a settings or secret file is never as large


class Layers:
    """What was written, raw, with where each value came from and what was wrong already."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.problems: list[str] = []
        self._file = "settings"
        self._origins: dict[tuple[str, ...], str] = {}

    def origin(self, path: shape.Path) -> str:
        """The variable or flag that set what is at `path`; empty text if the file did, or nothing."""
        ends = (tuple(str(part) for part in path[:end]) for end in range(len(path), 0, -1))
        return next((self._origins[end] for end in ends if end in self._origins), "")

    def where(self, path: shape.Path) -> str:
        """How a line about `path` begins: `tiller.toml: [web] port`, or `TILLER_WEB__PORT`."""
        return self.origin(path) or f"{self._file}: {shape.words(Settings, path)}"

    def put(self, path: tuple[str, ...], value: object, origin: str) -> None:
        """Write one value over what the layers before had."""
        table = self.data
        for key in path[:-1]:
            table = table.setdefault(key, {})
            if not isinstance(table, dict):
                return  # the file has a value where a table belongs: the check of the whole will say so
        table[path[-1]] = value
        self._origins[path] = origin

    # --- the file ---------------------------------------------------------------------------

    def read_file(self, path: Path) -> None:
        """Take a TOML file as the first layer.

        Raises:
            ConfigError: it cannot be read, or is not TOML.
        """
        self._file = str(path)
        text, mode = _read(path)
        try:
            self.data = tomllib.loads(text)
        except RecursionError:
            raise ConfigError(f"{path}: nested too deep.") from None
        except ValueError as why:
            raise ConfigError(f"{path}: {_syntax(str(why))}.", 'Text needs quotes: key = "value".') from None
        if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
            for key in _secret_paths(self.data):
                self.problems.append(
                    f"{path}: {shape.words(Settings, key)}: is a secret, but others can read this file; "
                    f"run: chmod 600 {path}"
                )

    # --- the environment --------------------------------------------------------------------

    def read_environment(self, environ: Mapping[str, str]) -> None:
        """Lay `TILLER_SECTION__KEY` over the file, and `TILLER_SECTION__KEY_FILE` over both. Empty is not set."""
        files: list[tuple[tuple[str, ...], str, str]] = []
        before = {section: set(self._named(section)) for section in FOUNDED}
        for name, value in sorted(environ.items()):
            if not name.startswith(PREFIX) or name in NOT_SETTINGS or not value:
                continue
            if path := self._path(name):
                self.put(path, value, name)
            elif name.endswith("_FILE") and (path := self._path(name.removesuffix("_FILE"))):
                files.append((path, name, value))
            else:
                self.problems.append(f"{name}: {unknown_variable(name, self.data, NOT_SETTINGS)}")
        for path, name, value in files:
            try:
                text, _ = _read(Path(value))
            except ConfigError as why:
                self.problems.append(f"{name}: {why}")
                continue
            self.put(path, text.rstrip("\r\n"), name)
        for section, names in before.items():
            self._drop_unfounded(section, names)

    def _named(self, section: str) -> Mapping[str, Any]:
        table = self.data.get(section)
        return table if isinstance(table, dict) else {}

    def _drop_unfounded(self, section: str, before: set[str]) -> None:
        """Refuse what only variables name, and none of them as something new: a misspelt name, not another account."""
        table, needed = self._named(section), FOUNDED[section]
        new = {name for name in table if name not in before}
        unfounded = {name for name in new if table[name].keys().isdisjoint(needed)}
        known = sorted(table.keys() - unfounded) or sorted(getattr(Settings(), section))
        for name in sorted(unfounded):
            variable = next(origin for path, origin in self._origins.items() if path[:2] == (section, name))
            self.problems.append(f"{variable}: {unfounded_name(section, name, needed[0], known)}")
            del self.data[section][name]
        if unfounded and not table:
            del self.data[section]  # its defaults have nothing wrong

    def _path(self, name: str) -> tuple[str, ...]:
        """The path a variable names, or none. Names of people's own are as the file has them, else lower case."""
        path: list[str] = []
        kind: Any = Settings
        there: Any = self.data
        for part in name.removeprefix(PREFIX).split("__"):
            key = part.lower()
            if not shape.is_section(kind) and isinstance(there, dict):
                key = next((k for k in there if k.lower().replace("-", "_") == key), key)
            kind = shape.below(kind, key) if key else None
            if kind is None:
                return ()
            path.append(key)
            there = there.get(key) if isinstance(there, dict) else None
        return () if shape.is_section(kind) or shape.named(kind) else tuple(path)

    # --- the defaults -----------------------------------------------------------------------

    def add_examples(self, environ: Mapping[str, str]) -> None:
        """Put the embedded account and strategy there, unless somebody defines their own.

        They are replaced, never mixed: who defines an account gets neither the embedded account nor
        the embedded strategy. A variable may still change the embedded ones.
        """
        embedded = Settings()
        own = {section: section in self.data for section in ("accounts", "strategies")}
        for name in environ:
            section, _, rest = name.removeprefix(PREFIX).lower().partition("__")
            if name.startswith(PREFIX) and section in own and environ[name]:
                own[section] |= rest.partition("__")[0] not in getattr(embedded, section)
        if not own["accounts"]:
            self.data["accounts"] = _as_written(embedded.accounts)
        if own["accounts"] or own["strategies"]:
            self.data.setdefault("strategies", {})
        else:
            self.data["strategies"] = _as_written(embedded.strategies)


def _secret_keys(section: type[Section]) -> Iterator[str]:
    for key, field in shape.fields(section).items():
        kind = shape.named(field.annotation) or field.annotation
        if kind is SecretStr:
            yield key
        elif shape.is_section(kind):
            yield from _secret_keys(kind)


_SECRET_KEYS = frozenset(_secret_keys(Settings))


def _as_written(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: section.model_dump(by_alias=True, exclude_unset=True) for name, section in named.items()}


def _read(path: Path) -> tuple[str, int]:
    """The text of a file and its mode, both of the same open file."""
    try:
        with path.open("rb") as file:
            content, mode = file.read(_LARGEST_FILE + 1), os.fstat(file.fileno()).st_mode
    except (OSError, ValueError) as why:  # ValueError: a NUL in the path
        reason = why.strerror if isinstance(why, OSError) else "not a path"
        raise ConfigError(f"{path} cannot be read: {reason}.") from None
    if len(content) > _LARGEST_FILE:
        raise ConfigError(f"{path} is larger than a megabyte: is it the right file?")
    try:
        return content.decode("utf-8-sig"), mode
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text.") from None


def _syntax(message: str) -> str:
    """Place first: `line 3, column 5: Invalid value`."""
    match = re.fullmatch(r"(.*) \(at (.*)\)", message, re.DOTALL)
    return f"{match[2]}: {match[1]}" if match else "a number is too long"


def _secret_paths(value: Any, path: shape.Path = ()) -> Iterator[shape.Path]:
    """Where a file holds secrets: under the keys that are secrets, and as passwords within addresses."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _SECRET_KEYS and isinstance(inner, str) and inner:
                yield (*path, key)
            else:
                yield from _secret_paths(inner, (*path, key))
    elif isinstance(value, str) and addresses.password_in(value):
        yield path
