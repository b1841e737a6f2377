"""The compose file of the terminal agrees with the project; nothing here needs Docker or Wine."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from bot.settings.loading import load

DOCKER = Path(__file__).parents[2] / "docker"
FINGERPRINT = "ab" * 32


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / "mt5.compose.yaml").read_text())["services"]
    return found


def test_the_settings_that_it_gives_are_settings(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-long-random-line-of-text")
    token.chmod(0o600)
    given = {
        name: str(token) if name.endswith("_FILE") else re.sub(r"\$\{[^}]*\}", FINGERPRINT, value)
        for service in services().values()
        for name, value in service["environment"].items()
    }
    image = dict(re.findall(r"(TILLER_\w+)=(\S+)", (DOCKER / "mt5.Dockerfile").read_text()))
    settings = load(None, tmp_path, None, image | given)
    broker = settings.accounts["broker"]
    assert (broker.venue, broker.transport, broker.bridge_url) == ("mt5", "bridge", "wss://terminal:8421")
    assert broker.bridge_token.get_secret_value() == settings.bridge.token.get_secret_value() == token.read_text()
    assert (settings.bridge.host, settings.bridge.port, broker.bridge_fingerprint) == ("0.0.0.0", 8421, FINGERPRINT)


def test_the_terminal_is_published_to_nobody_and_may_do_no_more_than_it_must() -> None:
    terminal = services()["terminal"]
    assert "ports" not in terminal
    assert terminal["cap_drop"] == ["ALL"]
    assert terminal["security_opt"] == ["no-new-privileges:true"]


def test_the_image_has_every_package() -> None:
    project = tomllib.loads((DOCKER.parent / "pyproject.toml").read_text())
    copied = re.findall(r"^COPY (\w+) \w+$", (DOCKER / "mt5.Dockerfile").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert "MetaTrader5==" in (DOCKER / "requirements.lock").read_text().replace("metatrader5", "MetaTrader5")
