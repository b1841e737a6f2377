"""Sources of alerts: from the settings, and made by commands in a file that two processes may write."""

import json
from pathlib import Path

import pytest

from bot.settings.loading import load
from bot.webhooks.sources import FILE, Sources
from handlers.actor import Role
from trading.errors import ConfigError, IntentError

GIVEN = '[webhooks.pine]\nsecret = "swordfish-0123456789"\naccount = "demo"\nconfirm = "above:100"\n'


def sources(folder: Path, toml: str = GIVEN) -> Sources:
    config = folder / "tiller.toml"
    config.write_text(toml)
    config.chmod(0o600)
    (folder / "data").mkdir(exist_ok=True)
    return Sources(load(config, folder / "data", 0, {}))


def secret_of(address: str) -> str:
    return address.rpartition("/")[2]


def test_a_source_of_the_settings_is_an_actor_with_its_own_rules(tmp_path: Path) -> None:
    found = sources(tmp_path).find("pine")
    assert found is not None
    actor = found.actor
    assert (actor.id, actor.role, actor.account, actor.automatic) == ("webhook:pine", Role.TRADER, "demo", True)
    assert actor.policy is not None
    assert (actor.policy.orders, str(actor.policy.above)) == ("above", "100")


def test_a_made_source_is_known_to_every_process_at_once(tmp_path: Path) -> None:
    bot, shell = sources(tmp_path), sources(tmp_path)
    address = shell.make("relay", "demo", "trader")
    assert address.startswith("https://YOUR-HOST/webhooks/relay/")
    found = bot.find("relay")
    assert found is not None
    assert found.secret == secret_of(address)
    new = bot.rotate("relay")
    assert new != address
    assert shell.find("relay").secret == secret_of(new)  # type: ignore[union-attr]
    shell.remove("relay")
    assert bot.find("relay") is None
    assert [card.name for card in bot.cards()] == ["pine"]


def test_the_file_is_its_owners_and_whole(tmp_path: Path) -> None:
    made = sources(tmp_path)
    made.make("relay", "demo", "viewer", confirm="always", allow_ips="tradingview")
    file = tmp_path / "data" / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["relay"]["allow_ips"] == "tradingview"
    found = made.find("relay")
    assert found is not None
    assert found.admits("52.32.178.7")
    assert not found.admits("52.32.178.8")
    assert not found.admits("?")
    assert "52.32.178.7" in made.cards()[1].conditions


def test_a_file_that_cannot_be_read_is_nobodys_word_until_it_can(tmp_path: Path) -> None:
    made = sources(tmp_path)
    made.make("relay", "demo", "trader")
    file = tmp_path / "data" / FILE
    good = file.read_text()
    for bad in ("{", "[]", '{"relay": 1}', '{"relay": {"secret": "x"}}', '{"Re lay": {"account": "demo"}}'):
        file.write_text(bad)
        assert made.find("relay") is None
        assert "cannot be read" in made.problem
        assert made.find("pine") is not None
        with pytest.raises(ConfigError) as why:
            made.rotate("relay")
        assert "swordfish" not in str(why.value)
        assert file.read_text() == bad  # it is not made worse
    file.write_text(good)
    assert made.find("relay") is not None
    assert made.problem == ""


@pytest.mark.parametrize(
    ("name", "account", "more", "code"),
    [
        ("pine", "demo", {}, "NAME_TAKEN"),
        ("Pine", "demo", {}, "BAD_NAME"),
        ("a b", "demo", {}, "BAD_NAME"),
        ("all", "demo", {}, "BAD_NAME"),
        ("../x", "demo", {}, "BAD_NAME"),
        ("relay", "nope", {}, "UNKNOWN_ACCOUNT"),
        ("relay", "demo", {"confirm": "maybe"}, "BAD_SETTING"),
        ("relay", "demo", {"allow_ips": "everywhere"}, "BAD_SETTING"),
    ],
)
def test_what_cannot_be_made_is_refused_and_changes_nothing(
    tmp_path: Path, name: str, account: str, more: dict[str, str], code: str
) -> None:
    made = sources(tmp_path)
    with pytest.raises(IntentError) as why:
        made.make(name, account, "trader", **more)
    assert why.value.code == code
    assert len(str(why.value).splitlines()) == 1
    assert not (tmp_path / "data" / FILE).exists()


def test_what_stands_in_the_settings_is_changed_there(tmp_path: Path) -> None:
    made = sources(tmp_path)
    for change in (made.rotate, made.remove):
        with pytest.raises(IntentError) as why:
            change("pine")
        assert why.value.code == "IN_SETTINGS"
        with pytest.raises(IntentError) as why:
            change("nobody")
        assert why.value.code == "NO_SOURCE"


def test_secrets_are_told_to_who_keeps_them_out_of_logs_and_to_nobody_else(tmp_path: Path) -> None:
    made, heard = sources(tmp_path), []
    made.hear(heard.append)
    fresh = secret_of(made.make("relay", "demo", "trader"))
    assert {"swordfish-0123456789", fresh} <= set(heard)
    assert fresh not in repr(made.cards()) + made.address("relay")


def test_the_address_names_the_host_that_is_known(tmp_path: Path) -> None:
    toml = f'{GIVEN}\n[telegram]\nwebhook_url = "https://desk.example.com/telegram"\n'
    assert sources(tmp_path, toml).address("pine") == "https://desk.example.com/webhooks/pine/***"
