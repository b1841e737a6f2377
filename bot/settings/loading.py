"""From file, environment and flags to checked settings, or to one line a problem."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from bot.settings import problems
from bot.settings.layers import Layers
from bot.settings.models import Settings
from trading.errors import ConfigError

USUAL_FILE = Path("tiller.toml")


def load(config: Path | None, data_dir: Path | None, port: int | None, environ: Mapping[str, str]) -> Settings:
    """The settings: defaults < file < environment < secret files < the flags given here.

    Without `config`, `TILLER_CONFIG` names the file, or `tiller.toml` in the working directory is taken if
    it is there.

    Raises:
        ConfigError: a named file is missing, a key is unknown, a value is wrong, a secret can be read by
            others; one line a problem, at most ten.
    """
    layers = Layers()
    file = config or (Path(named) if (named := environ.get("TILLER_CONFIG")) else None)
    if file is not None or USUAL_FILE.exists():
        layers.read_file(file or USUAL_FILE)
    layers.add_examples(environ)
    layers.read_environment(environ)
    if data_dir is not None:
        layers.put(("data_dir",), str(data_dir), "--data-dir")
    if port is not None:
        layers.put(("web", "port"), port, "--port")
    return _checked(layers)


def _checked(layers: Layers) -> Settings:
    lines = list(layers.problems)
    try:
        settings = Settings.model_validate(layers.data)
    except ValidationError as why:
        for error in why.errors(include_url=False, include_input=False):
            path = tuple(part for part in error["loc"] if part != "[key]")
            wrong = problems.what_is_wrong(error, path, layers.origin(path), layers.data)
            lines.append(f"{layers.where(path)}: {wrong}")
    else:
        lines += [f"{layers.where(path)}: {text}" for path, text in settings.contradictions()]
        if not lines:
            return settings
    raise ConfigError(problems.listing(list(dict.fromkeys(lines))))
