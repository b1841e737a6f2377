"""What may be shown of the settings, and that no secret is ever in it."""

from pathlib import Path

from .test_settings import loaded

SECRETS = """
[database]
url = "postgres://ana:hunter%2F2@db/tiller"
[accounts.main]
venue = "binance"
api_key = "KEYKEYKEY"
api_secret = "SHHSHHSHH"
[telegram]
token = "123456:TOKENTOKEN"
[webhooks.pine]
secret = "swordfish"
account = "main"
"""


def test_shown_says_of_a_secret_only_whether_it_is_set(tmp_path: Path) -> None:
    shown = loaded(tmp_path, SECRETS).shown()

    assert shown["accounts.main.api_key"] == "set"
    assert shown["discord.token"] == "not set"
    assert shown["database.url"] == "postgres://ana:***@db/tiller"
    assert shown["web.port"] == "8420"
    assert shown["risk.max_drawdown"] == "20%"
    assert shown["risk.cooldown"] == "1h"
    assert shown["confirm.orders"] == "live"
    assert shown["accounts.main.funds.USDT"] == "10000"
    assert shown["accounts.main.products"] == '["spot"]'


def test_secrets_are_all_known_to_whoever_must_hide_them(tmp_path: Path) -> None:
    secrets = loaded(tmp_path, SECRETS).secrets()

    assert secrets == {
        "KEYKEYKEY", "SHHSHHSHH", "123456:TOKENTOKEN", "swordfish", "hunter%2F2", "hunter/2",
    }  # fmt: skip


def test_no_secret_is_in_what_settings_look_like(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SECRETS)

    looks = f"{settings!r} {settings} {settings.shown()} {settings.model_dump()} {settings.accounts['main']!r}"

    assert not [secret for secret in settings.secrets() if secret in looks]
