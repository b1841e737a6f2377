"""What the operator writes is what the desk gets: layers, defaults, replacement, what may be shown."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings.loading import load
from bot.settings.models import Settings
from trading.errors import ConfigError
from trading.intent import Size, Unit


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    """A settings file of its own."""
    file = folder / "desk.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def loaded(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    return load(written(folder, text), None, None, environ or {})


@pytest.fixture(autouse=True)
def _empty_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


# --- without anything ------------------------------------------------------------------------


def test_nothing_written_is_a_paper_desk_on_loopback_with_one_strategy() -> None:
    settings = load(None, None, None, {})

    assert settings.web.host == "127.0.0.1"
    assert settings.web.port == 8420
    assert list(settings.accounts) == ["demo"]
    demo = settings.accounts["demo"]
    assert (demo.venue, demo.market, demo.funds) == ("paper", "simulated", {"USDT": Decimal(10000)})
    assert list(settings.strategies) == ["trend"]
    trend = settings.strategies["trend"]
    assert (trend.class_, trend.account, trend.symbols, trend.timeframe) == ("sma_cross", "demo", ("BTC/USDT",), "1m")
    assert trend.params == {"fast": "20", "slow": "50"}
    assert trend.size == Size(Decimal(5), Unit.EQUITY)
    assert trend.autostart
    assert settings.database.url == "sqlite://data/tiller.db"
    assert settings.telegram.token.get_secret_value() == ""


def test_limits_have_the_documented_defaults() -> None:
    risk = Settings().risk

    assert (risk.max_order_value, risk.max_position_value, risk.max_total_exposure) == (1000, 5000, 20000)
    assert (risk.max_daily_loss, risk.max_open_orders_per_symbol, risk.min_order_value) == (500, 5, 10)
    assert (risk.max_open_positions, risk.max_drawdown, risk.price_band) == (10, 20, 5)  # percent as numbers
    assert (risk.stale_price_s, risk.max_orders_per_minute, risk.duplicate_window_s) == (15, 60, 2)
    assert (risk.allow, risk.deny, risk.loss_streak, risk.cooldown) == ((), (), 0, timedelta(hours=1))
    assert risk.max_leverage == 1
    assert all(not isinstance(value, float) for _, value in risk)


def test_the_file_in_the_working_directory_is_taken_if_it_is_there() -> None:
    Path("tiller.toml").write_text('timezone = "Europe/Vienna"')

    settings = load(None, None, None, {})

    assert settings.timezone == "Europe/Vienna"
    assert settings.zone.key == "Europe/Vienna"


def test_a_variable_may_name_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "[web]\nport = 9001")

    assert load(None, None, None, {"TILLER_CONFIG": str(file)}).web.port == 9001


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_a_named_file_must_be_there(tmp_path: Path, how: str) -> None:
    gone = tmp_path / "gone.toml"
    environ = {"TILLER_CONFIG": str(gone)} if how == "variable" else {}

    with pytest.raises(ConfigError, match=r"gone\.toml cannot be read: No such file"):
        load(gone if how == "argument" else None, None, None, environ)


# --- the layers ------------------------------------------------------------------------------


def test_each_layer_wins_over_the_one_before(tmp_path: Path) -> None:
    file = written(tmp_path, "[web]\nport = 9001")
    secret = tmp_path / "port"
    secret.write_text("9003\n")
    variable = {"TILLER_WEB__PORT": "9002"}
    both = variable | {"TILLER_WEB__PORT_FILE": str(secret)}

    assert load(None, None, None, {}).web.port == 8420
    assert load(file, None, None, {}).web.port == 9001
    assert load(file, None, None, variable).web.port == 9002
    assert load(file, None, None, both).web.port == 9003
    assert load(file, None, 9004, both).web.port == 9004


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert loaded(tmp_path, "[web]\nport = 9001", {"TILLER_WEB__PORT": "", "TILLER_NONSENSE": ""}).web.port == 9001


def test_a_secret_file_loses_its_last_newline_only(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(" 123:abc \r\n")

    settings = load(None, None, None, {"TILLER_TELEGRAM__TOKEN_FILE": str(secret)})

    assert settings.telegram.token.get_secret_value() == " 123:abc "


def test_market_file_is_a_key_and_not_a_secret_file(tmp_path: Path) -> None:
    assert load(None, None, None, {"TILLER_MARKET__FILE": "candles.csv"}).market.file == "candles.csv"


def test_variables_reach_named_tables_as_the_file_spells_them(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        '[accounts.my-broker]\nvenue = "binance"',
        {"TILLER_ACCOUNTS__MY_BROKER__API_KEY": "k", "TILLER_ACCOUNTS__MY_BROKER__RISK__MAX_ORDER_VALUE": "7.5"},
    )

    assert settings.accounts["my-broker"].api_key.get_secret_value() == "k"
    assert settings.accounts["my-broker"].risk.max_order_value == Decimal("7.5")


def test_variables_hold_lists_and_tables(tmp_path: Path) -> None:
    settings = load(
        None,
        None,
        None,
        {
            "TILLER_WEB__TRUSTED_PROXIES": "10.0.0.1, 192.168.0.0/16",
            "TILLER_TELEGRAM__CHATS": '[{ id = -1001, alerts = "fills,errors" }]',
            "TILLER_RISK__DENY": '["DOGE/USDT"]',
            "TILLER_STRATEGIES__TREND__PARAMS__FAST": "10",
            "TILLER_ACCOUNTS__DEMO__FUNDS": '{ USDT = "500", BTC = 1 }',
        },
    )

    assert settings.web.trusted_proxies == ("10.0.0.1", "192.168.0.0/16")
    assert [(c.id, c.topic, c.alerts) for c in settings.telegram.chats] == [(-1001, 0, ("fills", "errors"))]
    assert settings.risk.deny == ("DOGE/USDT",)
    assert settings.strategies["trend"].params == {"fast": "10", "slow": "50"}
    assert settings.accounts["demo"].funds == {"USDT": Decimal(500), "BTC": Decimal(1)}


# --- the embedded account and strategy -------------------------------------------------------


def test_who_defines_an_account_gets_neither_the_embedded_account_nor_its_strategy(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[accounts.main]\nvenue = "binance"')

    assert list(settings.accounts) == ["main"]
    assert settings.accounts["main"].market == "binance"  # a venue with prices of its own
    assert settings.accounts["main"].environment == "demo"  # never live by default
    assert settings.strategies == {}


def test_an_account_defined_by_variables_alone_replaces_the_embedded_one_too() -> None:
    settings = load(None, None, None, {"TILLER_ACCOUNTS__MAIN__VENUE": "binance"})

    assert (list(settings.accounts), settings.strategies) == (["main"], {})


def test_a_live_account_called_demo_does_not_inherit_a_strategy(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[accounts.demo]\nvenue = "binance"\nenvironment = "live"')

    assert settings.strategies == {}


def test_strategies_of_the_file_replace_the_embedded_one_and_keep_its_account(tmp_path: Path) -> None:
    mine = '[strategies.mine]\nclass = "rsi_reversion"\naccount = "demo"\nsymbols = ["ETH/USDT"]\ntimeframe = "15m"'

    settings = loaded(tmp_path, mine)

    assert list(settings.strategies) == ["mine"]
    assert settings.strategies["mine"].params == {}
    assert list(settings.accounts) == ["demo"]


def test_an_empty_table_of_strategies_is_no_strategy(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[strategies]")

    assert (settings.strategies, list(settings.accounts)) == ({}, ["demo"])


# --- single values ---------------------------------------------------------------------------


def test_the_database_follows_the_data_folder_unless_it_was_placed(tmp_path: Path) -> None:
    assert load(None, tmp_path / "d", None, {}).database.url == f"sqlite://{tmp_path}/d/tiller.db"
    assert load(None, None, None, {"TILLER_DATA_DIR": "other"}).database.url == "sqlite://other/tiller.db"
    assert loaded(tmp_path, '[database]\nurl = "postgres://u@h/n"', {"TILLER_DATA_DIR": "x"}).database.url == (
        "postgres://u@h/n"
    )
    assert load(None, Path("my data:[1]"), None, {}).database.url == "sqlite://my data:[1]/tiller.db"
    assert Settings(data_dir=tmp_path).database.url == f"sqlite://{tmp_path}/tiller.db"


def test_limits_of_an_account_are_those_that_were_written(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path, '[accounts.main]\nvenue = "paper"\n[accounts.main.risk]\nmax_drawdown = "7.5%"\nallow = ["*/USDT"]'
    )

    assert settings.accounts["main"].risk.stated() == {"max_drawdown": Decimal("7.5"), "allow": ("*/USDT",)}
    assert settings.risk.max_drawdown == 20


def test_every_limit_of_the_desk_can_be_tightened_for_an_account() -> None:
    desk = type(Settings().risk)
    account = type(Settings().accounts["demo"].risk)

    assert list(account.model_fields) == list(desk.model_fields)


def test_fees_are_written_as_percentages_and_handed_on_as_fractions(tmp_path: Path) -> None:
    demo = loaded(tmp_path, '[accounts.demo]\nmaker_fee = "0%"\ntaker_fee = "0.075%"').accounts["demo"]

    assert (demo.maker_fee, demo.taker_fee) == (0, Decimal("0.00075"))
    assert Settings().accounts["demo"].taker_fee == Decimal("0.001")
    assert Settings().shown()["accounts.demo.taker_fee"] == "0.1%"


def test_rules_sources_and_people(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        """
        [webhooks.pine]
        secret = "swordfish"
        account = "demo"
        confirm = "above:1000"
        allow_ips = "tradingview"
        symbols = { "BINANCE:BTCUSDT" = "BTC/USDT" }
        [people.ana]
        role = "admin"
        telegram = 1111
        [confirm]
        orders = "always"
        approve_above = "2500"
        """,
    )

    pine = settings.webhooks["pine"]
    assert (pine.confirm.when, pine.confirm.above, pine.role, pine.max_age_s) == ("above", 1000, "trader", 60)
    assert pine.allow_ips == ("52.89.214.238", "34.212.75.30", "54.218.53.128", "52.32.178.7")  # as published
    assert pine.symbols == {"BINANCE:BTCUSDT": "BTC/USDT"}
    assert (settings.people["ana"].telegram, settings.people["ana"].discord) == (1111, None)
    assert (settings.confirm.orders.when, settings.confirm.approve_above) == ("always", Decimal(2500))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().web.port = 1  # type: ignore[misc]
