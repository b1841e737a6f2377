"""What every command takes: the settings file and the data directory, before or after its name."""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.settings.loading import load
from bot.settings.models import Settings

ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings; else ./tiller.toml.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", metavar="DIR", help="Data directory; else as set.")]


@dataclass(frozen=True)
class Place:
    """The settings file and the data directory that the command line names."""

    config: Path | None = None
    data_dir: Path | None = None

    def nearer(self, config: Path | None, data_dir: Path | None) -> "Place":
        """This place, but for what is named here."""
        return Place(config or self.config, data_dir or self.data_dir)

    def settings(self, port: int | None = None) -> Settings:
        """The settings there.

        Raises:
            ConfigError: they are wrong.
        """
        return load(self.config, self.data_dir, port, os.environ)


def command(group: typer.Typer, name: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a command. Every one takes --config and --data-dir, and is handed the Place they name."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def run(context: typer.Context, config: Path | None, data_dir: Path | None, **given: Any) -> Any:
            return function(context.obj.nearer(config, data_dir), **given)

        own = list(inspect.signature(function).parameters.values())[1:]
        keyword = inspect.Parameter.KEYWORD_ONLY
        everywhere = [
            inspect.Parameter("context", keyword, annotation=typer.Context),
            inspect.Parameter("config", keyword, default=None, annotation=ConfigFile),
            inspect.Parameter("data_dir", keyword, default=None, annotation=DataDir),
        ]
        parameters = [*(each.replace(kind=keyword) for each in own), *everywhere]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return group.command(name or None)(run)

    return declare
