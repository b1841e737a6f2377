"""The image and the compose file agree with the project; nothing here needs Docker."""

import re
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import yaml

from bot.settings.loading import load

ROOT = Path(__file__).parents[1]
DOMAIN = re.compile(r"\$\{TILLER_DOMAIN:\?[^}]+\}")
PIN = re.compile(r"^([a-zA-Z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
    return found


def test_the_image_has_what_the_tests_had_and_nothing_of_the_tests() -> None:
    image, tested = pins("docker/requirements.lock"), pins("requirements.lock")
    assert image.items() <= tested.items()
    assert not {"pytest", "mypy", "ruff", "playwright"} & image.keys()
    assert {"python-telegram-bot", "discord-py", "ccxt", "tortoise-orm"} <= image.keys()


def test_the_image_copies_every_package() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    copied = re.findall(r"^COPY (\w+) \w+$", (ROOT / "docker" / "Dockerfile").read_text(), re.MULTILINE)
    assert sorted(built) == sorted(copied)
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in built} <= set(allowed)


def test_the_settings_that_compose_gives_are_settings(tmp_path: Path) -> None:
    services = compose()["services"]
    environment = dict(services["desk"]["environment"])
    in_image = re.findall(r"(TILLER_\w+)=(\S+)", (ROOT / "docker" / "Dockerfile").read_text())
    secrets = {name: tmp_path / name for name in compose()["secrets"]}
    for name, file in secrets.items():
        file.write_text("postgres://tiller:pw@database/tiller" if name == "database_url" else "1:AAsecret")
        file.chmod(0o600)
    environment = {
        name: str(secrets[value.rpartition("/")[2]])
        if name.endswith("_FILE")
        else DOMAIN.sub("desk.example.com", value)
        for name, value in environment.items()
        if name != "TILLER_CONFIG"
    }
    settings = load(None, None, None, dict(in_image) | environment)
    assert settings.database.url == "postgres://tiller:pw@database/tiller"
    assert settings.telegram.token.get_secret_value() == "1:AAsecret"
    assert settings.web.host == "0.0.0.0"
    assert settings.web.url == "https://desk.example.com"
    assert settings.web.trusted_proxies == (services["proxy"]["networks"]["outside"]["ipv4_address"],)


def test_the_proxys_address_is_given_to_nobody_else() -> None:
    """The desk starts first, and would be given the first address that is free."""
    proxy = ip_address(compose()["services"]["proxy"]["networks"]["outside"]["ipv4_address"])
    (outside,) = compose()["networks"]["outside"]["ipam"]["config"]
    assert proxy in ip_network(outside["subnet"])
    assert proxy not in ip_network(outside["ip_range"])
    assert ip_network(outside["ip_range"]).broadcast_address in ip_network(outside["subnet"])


def test_nothing_in_compose_is_a_secret_or_may_do_more_than_it_must() -> None:
    services = compose()["services"]
    for name in ("desk", "proxy"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in services[name]["security_opt"]
    assert "ports" not in services["desk"]
    assert "ports" not in services["database"]
    assert services["database"]["networks"] == ["inside"]
    assert compose()["networks"]["inside"]["internal"]
    named = [key for service in services.values() for key in service.get("environment", {})]
    secret = [key for key in named if re.search("PASSWORD|TOKEN|SECRET|URL", key) and key != "TILLER_WEB__URL"]
    assert all(key.endswith("_FILE") for key in secret)
