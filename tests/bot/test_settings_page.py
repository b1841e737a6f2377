"""The example and the page say what the code says."""

import re
import tomllib
from pathlib import Path

import pytest

from bot.settings import shape
from bot.settings.loading import load
from bot.settings.models import Settings
from bot.settings_page import example_toml, settings_page

from .test_settings import written

EXAMPLE = Path(__file__).parents[2] / "tiller.example.toml"


@pytest.fixture
def all_on() -> str:
    """The example with every setting that is off turned on."""
    return re.sub(r"(?m)^#(?=[^ ])", "", example_toml())


def keys(settings: Settings) -> set[tuple[str, ...]]:
    """Every key there is, with NAME for the words of one's own."""
    tables = {section: {"NAME": {}} for section in ("accounts", "people", "webhooks", "strategies")}
    return set(shape.paths(Settings, tables))


def test_the_example_in_the_repository_is_the_generated_one() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example_toml(), "run `tiller docs`"


def test_the_example_as_it_is_changes_nothing(tmp_path: Path) -> None:
    assert load(written(tmp_path, example_toml()), None, None, {}) == Settings()


def test_the_example_with_everything_on_is_right(tmp_path: Path, all_on: str) -> None:
    settings = load(written(tmp_path, all_on), None, None, {})

    assert list(settings.accounts) == ["demo", "main", "broker"]
    assert settings.accounts["main"].risk.max_order_value == 500
    assert settings.people["ana"].telegram == 1111


def test_the_example_has_every_key_with_its_meaning(all_on: str) -> None:
    parsed = tomllib.loads(all_on)
    limits = {("accounts", "NAME", "risk", key) for key in parsed["risk"]}  # of one account: any key of [risk]
    there = set()
    for section, value in parsed.items():
        named = section in ("accounts", "people", "webhooks", "strategies")
        for table in value.values() if named else [value]:
            names = table if isinstance(table, dict) else ()
            there |= {(section, "NAME", key) if named else (section, key) for key in names}
        there.add((section,))

    assert keys(Settings()) - limits <= there

    for line in all_on.splitlines():
        if re.match(r"[a-z_]+ = ", line) and not line.startswith('max_order_value = "500"'):
            before = all_on.splitlines()[all_on.splitlines().index(line) - 1]
            assert " # " in line or before.startswith("# "), line


def test_the_page_has_every_key_default_and_meaning() -> None:
    page = settings_page()

    assert "| `port` | port | `8420` | Port to listen on; 0 takes a free one. |" in page
    assert '| `venue` | paper, binance, mt5 | `"paper"` | Where its live orders go. |' in page
    assert "| `role` | viewer, trader, admin | required |" in page
    assert "| `telegram` | numeric id | none |" in page
    for path in keys(Settings()):
        if path[:3] != ("accounts", "NAME", "risk"):
            assert f"| `{path[-1]}` |" in page, path
    for section in ("[web]", "[accounts.NAME]", "[accounts.NAME.risk]", "[people.NAME]", "[risk]"):
        assert f"# {section}\n" in page
    assert "None |" not in page  # a key without a meaning


def test_every_key_can_come_from_the_environment(tmp_path: Path, all_on: str) -> None:
    """The example, flattened into variables, is the same settings as the example."""
    environ = {}

    def flatten(path: str, value: object) -> None:
        if isinstance(value, dict) and not path.endswith(("__SYMBOLS", "__FUNDS", "_RATES")):
            for key, inner in value.items():
                flatten(f"{path}__{key.upper()}" if path else f"TILLER_{key.upper()}", inner)
        elif isinstance(value, dict):
            environ[path] = "{" + ", ".join(f'"{k}" = "{v}"' for k, v in value.items()) + "}"
        elif isinstance(value, list):
            tables = [x for x in value if isinstance(x, dict)]
            assert not tables
            environ[path] = ",".join(map(str, value))
        else:
            environ[path] = str(value).lower() if isinstance(value, bool) else str(value)

    flatten("", tomllib.loads(all_on))
    by_file = load(written(tmp_path, all_on), None, None, {})

    assert load(written(tmp_path, ""), None, None, environ) == by_file
