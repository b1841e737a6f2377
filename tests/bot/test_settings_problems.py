"""What is wrong is said in one line a problem: where, what, and what would be right; never with a value."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.settings.loading import load
from bot.settings.models import Settings
from trading.errors import ConfigError

from .test_settings import written


@pytest.fixture(autouse=True)
def _empty_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The lines that loading ends with."""
    file = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(file, None, None, environ or {})
    return str(caught.value).replace(str(file), "desk.toml").splitlines()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[risk]\nmax_order_valu = '1'", "desk.toml: [risk] max_order_valu: unknown; did you mean max_order_value?"),
        ("timezon = 'UTC'", "desk.toml: timezon: unknown; did you mean timezone?"),
        ("[strategy.x]\n", "desk.toml: strategy: unknown; did you mean strategies?"),
        ("[web]\ntoken = ''", "desk.toml: [web] token: unknown here; did you mean [telegram] token?"),
        ("[web]\nzzzz = 1", "desk.toml: [web] zzzz: unknown; known are host, port, url, trusted_proxies"),
        ("[accounts.a]\napikey = ''", "desk.toml: [accounts.a] apikey: unknown; did you mean api_key?"),
        (
            "[telegram]\nchats = [{ id = 1, topics = 2 }]",
            "desk.toml: [telegram] chats[0].topics: unknown; did you mean topic?",
        ),
        (
            "[accounts.a.risk]\nmax_daily_los = '1'",
            "desk.toml: [accounts.a.risk] max_daily_los: unknown; did you mean max_daily_loss?",
        ),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path, text: str, line: str) -> None:
    assert problems(tmp_path, text) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("timezone = 'Erth/Moon'", 'timezone: is not a time zone of the IANA list; for example timezone = "UTC"'),
        ("timezone = '../../etc'", 'timezone: is not a time zone of the IANA list; for example timezone = "UTC"'),
        (
            "[telegram]\nchats = [{ id = 1, alerts = 'fill' }]",
            "[telegram] chats[0].alerts[0]: is not a kind of alerts: all, fills, orders, errors, risk, control, "
            'system, prices, alerts; for example alerts = "all"',
        ),
        (
            "[discord]\nchannels = [{ id = 1, quiet = '10pm-7am' }]",
            "[discord] channels[0].quiet: is not a span of hours such as 22:00-07:00",
        ),
        ("[web]\nport = 70000", "[web] port: is not a whole number from 0 to 65535; for example port = 8420"),
        ("[web]\nport = true", "[web] port: is not a whole number from 0 to 65535; for example port = 8420"),
        (
            "[risk]\nmax_order_value = 12.5",
            "[risk] max_order_value: is a float, which is not exact: write it in quotes; "
            'for example max_order_value = "1000"',
        ),
        (
            "[risk]\nmax_order_value = nan",
            "[risk] max_order_value: is a float, which is not exact: write it in quotes; "
            'for example max_order_value = "1000"',
        ),
        (
            "[accounts.a.risk]\nmax_order_value = '-1'",
            "[accounts.a.risk] max_order_value: is not a plain number: digits and one point; "
            'for example max_order_value = "1000"',
        ),
        (
            "[risk]\nmax_drawdown = '20'",
            '[risk] max_drawdown: is not a percentage: it ends with %; for example max_drawdown = "20%"',
        ),
        (
            "[risk]\ncooldown = 'an hour'",
            '[risk] cooldown: is not a duration such as 90s, 15m, 8h or 2d; for example cooldown = "1h"',
        ),
        ("[accounts.a]\nvenue = 'binanc'", "[accounts.a] venue: is not 'paper', 'binance' or 'mt5'"),
        ("[people.bo]\ntelegram = 1", '[people.bo] role: is missing; for example role = "admin"'),
        ("[people]\nbo = 3", "[people.bo]: is not a table of keys and values"),
        (
            "data_dir = '~nobody-at-all/x'",
            'data_dir: starts with ~, but whose home that is cannot be told; for example data_dir = "data"',
        ),
        ("web = 3", "[web]: is not a table of keys and values"),
        (
            "[people.Bo]\nrole = 'admin'",
            "[people.Bo]: is not a name: at most 32 lower-case letters and digits, with single - or _ between them",
        ),
        ("[accounts.all]\n", "[accounts.all]: is a reserved word: choose another name"),
        ("[telegram]\nchats = [{ id = 'x' }]", "[telegram] chats[0].id: is not a whole number; for example id = -1001"),
        (
            "[database]\nurl = 'mysql://h/x'",
            "[database] url: is not an address that starts with sqlite:// or postgres:// or postgresql://; "
            'for example url = "sqlite://data/tiller.db"',
        ),
        (
            "[confirm]\norders = 'sometimes'",
            '[confirm] orders: is none of never, live, always, above:VALUE; for example orders = "live"',
        ),
        (
            "[web]\ntrusted_proxies = ['local']",
            "[web] trusted_proxies[0]: is not an address or network such as 10.0.0.1 or 10.0.0.0/8",
        ),
    ],
)
def test_a_wrong_value_says_where_what_and_what_is_right(tmp_path: Path, text: str, line: str) -> None:
    assert problems(tmp_path, text) == [f"desk.toml: {line}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[webhooks.pine]\naccount = 'mian'",
            "desk.toml: [webhooks.pine] account: is none of the accounts: demo",
        ),
        (
            "[strategies.s]\nclass = 'x'\naccount = 'main'\nsymbols = ['A/B']\ntimeframe = '1m'",
            "desk.toml: [strategies.s] account: is none of the accounts: demo",
        ),
        ("[accounts]", "desk.toml: [accounts]: has no account: a desk needs one"),
        (
            "rates = { usdt = '1' }",
            "desk.toml: rates.USDT: is the currency that totals are counted in: its rate is always 1",
        ),
        (
            "[people.ana]\nrole='admin'\ndiscord=7\n[people.bo]\nrole='viewer'\ndiscord=7",
            "desk.toml: [people.bo] discord: is the id of ana too: one person, one id",
        ),
        (
            "[accounts.b]\nvenue='mt5'\ntransport='bridge'",
            "desk.toml: [accounts.b] bridge_url: is empty, but transport is bridge",
        ),
        (
            "[market]\nsymbols=['BTC/USDT']\n[accounts.b]\nmarket='replay'",
            "desk.toml: [accounts.b] market: is replay, but [market] file names no candles",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(tmp_path: Path, text: str, line: str) -> None:
    assert problems(tmp_path, text) == [line]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TILLER_WEB_PORT", "unknown; did you mean TILLER_WEB__PORT?"),
        ("TILLER_RISK__MAX_ORDER_VALU", "unknown; did you mean TILLER_RISK__MAX_ORDER_VALUE?"),
        ("TILLER_ACCOUNTS__DEMO__APIKEY", "unknown; did you mean TILLER_ACCOUNTS__DEMO__API_KEY?"),
        ("TILLER_QQQQ", "unknown; names are as TILLER_WEB__PORT for [web] port"),
        ("TILLER_WEB", "unknown; names are as TILLER_WEB__PORT for [web] port"),
        ("TILLER_", "unknown; names are as TILLER_WEB__PORT for [web] port"),
        ("TILLER_WEB__PORT", "is not a whole number from 0 to 65535; for example TILLER_WEB__PORT=8420"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, said: str) -> None:
    assert problems(tmp_path, "", {name: "x"}) == [f"{name}: {said}"]


def test_variables_of_clients_and_tests_are_not_settings() -> None:
    environ = {"TILLER_URL": "http://x", "TILLER_TOKEN": "t", "TILLER_REQUIRE_ALL": "1", "PATH": "/bin"}

    assert load(None, None, None, environ) == Settings()


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    environ = {
        "TILLER_DISCORD__TOKEN_FILE": str(tmp_path / "bytes"),
        "TILLER_TELEGRAM__TOKEN_FILE": str(tmp_path / "gone"),
    }

    assert problems(tmp_path, "", environ) == [
        f"TILLER_DISCORD__TOKEN_FILE: {tmp_path}/bytes is not UTF-8 text.",
        f"TILLER_TELEGRAM__TOKEN_FILE: {tmp_path}/gone cannot be read: No such file or directory.",
    ]


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("a = 1\nb = tr\n", "desk.toml: line 2, column 5: Invalid value."),
        ("[a]\n[a]", "desk.toml: line 2, column 3: Cannot declare"),
        ("a = " + "9" * 5000, "desk.toml: a number is too long."),
        ("a = " + "[" * 5000, "desk.toml: nested too deep."),
    ],
)
def test_what_is_not_toml_names_file_and_line(tmp_path: Path, text: str, begins: str) -> None:
    (line,) = problems(tmp_path, text)

    assert line.startswith(begins)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, None, None, {})


def test_at_most_ten_lines(tmp_path: Path) -> None:
    lines = problems(tmp_path, "".join(f"key_{n} = {n}\n" for n in range(30)))

    assert len(lines) == 10
    assert lines[-1] == "... and 21 more"


# --- secrets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[accounts.a]\napi_key = 'swordfish'", "[accounts.a] api_key"),
        ("[accounts.a]\napi_secret = 'swordfish'", "[accounts.a] api_secret"),
        ("[accounts.a]\nvenue = 'mt5'\npassword = 'swordfish'", "[accounts.a] password"),
        ("[accounts.a]\nvenue = 'mt5'\nbridge_token = 'swordfish'", "[accounts.a] bridge_token"),
        ("[telegram]\ntoken = 'swordfish'", "[telegram] token"),
        ("[webhooks.w]\naccount = 'demo'\nsecret = 'swordfish'", "[webhooks.w] secret"),
        ("[database]\nurl = 'postgres://ana:swordfish@h/n'", "[database] url"),
    ],
)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, text: str, where: str, mode: int) -> None:
    file = written(tmp_path, text, mode)

    with pytest.raises(ConfigError) as caught:
        load(file, None, None, {})

    assert str(caught.value) == (f"{file}: {where}: is a secret, but others can read this file; run: chmod 600 {file}")
    file.chmod(0o600)
    assert "swordfish" in load(file, None, None, {}).secrets()


def test_a_file_without_secrets_may_be_read_by_all(tmp_path: Path) -> None:
    file = written(tmp_path, "[telegram]\ntoken = ''\n[web]\nport = 1", 0o644)

    assert load(file, None, None, {}).web.port == 1


@pytest.mark.parametrize("key", ["web.port", "timezone", "telegram.token", "database.url", "accounts.a.venue",
                                 "risk.max_drawdown", "people.p.role", "strategies.s.class", "webhooks.w.allow_ips",
                                 "telegram.chats", "accounts.a.funds", "confirm.orders"])  # fmt: skip
def test_a_refusal_never_repeats_a_value(tmp_path: Path, key: str) -> None:
    *table, last = key.split(".")
    head = f"[{'.'.join(table)}]\n" if table else ""

    lines = problems(tmp_path, f'{head}{last} = "swordfish\\n://u:swordfish@"\nunknown = 1')

    assert lines
    assert not [line for line in lines if "swordfish" in line]


@pytest.mark.parametrize(
    ("named", "environ", "told"),
    [
        ("[accounts.broker]\n", "ACCOUNTS__BROKR__BRIDGE_TOKEN",
         "nothing else names [accounts.brokr]; did you mean broker? "
         "A new one needs TILLER_ACCOUNTS__BROKR__VENUE, too"),
        ("[accounts.main]\n[accounts.second]\n", "ACCOUNTS__X__API_KEY",
         "nothing else names [accounts.x], known are main, second. "
         "A new one needs TILLER_ACCOUNTS__X__VENUE, too"),
        ("", "ACCOUNTS__DEM__PASSWORD",
         "nothing else names [accounts.dem]; did you mean demo? A new one needs TILLER_ACCOUNTS__DEM__VENUE, too"),
        ("[accounts.main]\n", "ACCOUNTS__MIAN__RISK__MAX_DAILY_LOSS",
         "nothing else names [accounts.mian]; did you mean main? A new one needs TILLER_ACCOUNTS__MIAN__VENUE, too"),
        ('[accounts.main]\n[webhooks.pine]\naccount = "main"\n', "WEBHOOKS__PINR__SECRET",
         "nothing else names [webhooks.pinr]; did you mean pine? A new one needs TILLER_WEBHOOKS__PINR__ACCOUNT, too"),
        ("", "WEBHOOKS__PINE__SECRET",
         "nothing else names [webhooks.pine]. A new one needs TILLER_WEBHOOKS__PINE__ACCOUNT, too"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("from_file", [False, True])
def test_a_misspelt_name_in_a_variable_is_no_other_account(
    tmp_path: Path, named: str, environ: str, told: str, from_file: bool
) -> None:
    (tmp_path / "secret").write_text("12345\n")
    (tmp_path / "tiller.toml").write_text(named)
    (tmp_path / "tiller.toml").chmod(0o600)
    variable, value = f"TILLER_{environ}", "12345"
    if from_file:
        variable, value = f"{variable}_FILE", str(tmp_path / "secret")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "tiller.toml" if named else None, None, None, {variable: value})
    assert str(refused.value) == f"{variable}: {told}"


@pytest.mark.parametrize("key", ["VENUE", "MARKET", "FUNDS"])
def test_an_account_may_be_made_by_variables_alone(key: str) -> None:
    value = {"VENUE": "binance", "MARKET": "simulated", "FUNDS": '{ EUR = "500" }'}[key]
    environ = {f"TILLER_ACCOUNTS__OWN__{key}": value, "TILLER_ACCOUNTS__OWN__API_KEY": "k"}
    settings = load(None, None, None, environ)
    assert list(settings.accounts) == ["own"]
    assert settings.accounts["own"].api_key.get_secret_value() == "k"


@pytest.mark.parametrize("port", [99999, -1])
def test_a_wrong_port_of_the_command_line_is_shown_right_as_one(port: int) -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, None, port, {})
    assert str(refused.value) == "--port: is not a whole number from 0 to 65535; for example --port 8420"
