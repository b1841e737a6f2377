"""Numbers are exact or refused; any text at all is a setting or one readable line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.loading import load
from bot.settings.models import Settings
from bot.settings.risk import RiskSettings
from trading.errors import ConfigError

from .test_settings_problems import problems


@pytest.fixture(autouse=True, scope="module")
def _empty_working_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("work"))
        yield


AMOUNTS = [name for name, value in Settings().risk.model_dump().items() if isinstance(value, str) and value.isdigit()]


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize(
    "value",
    ['"NaN"', '"Infinity"', '"-1"', "-1", '"1e5"', "1e5", "inf", "nan", '"1_000"', '"1,000"', '"١٢"', '"１２"', '""',
     '" 1"', '"+1"', "true", "[]", "2026-01-01", "1" + "0" * 400, '"1' + "0" * 400 + '"', "0x" + "f" * 5000],
)  # fmt: skip
def test_what_is_not_a_plain_number_is_no_limit(tmp_path: Path, name: str, value: str) -> None:
    (line,) = problems(tmp_path, f"[risk]\n{name} = {value}")

    assert line.startswith((f"desk.toml: [risk] {name}: is ", "desk.toml: a number is too long"))


@pytest.mark.parametrize("name", sorted({*AMOUNTS, "max_drawdown", "price_band"} - {"min_order_value"}))
def test_a_limit_of_zero_is_refused(tmp_path: Path, name: str) -> None:
    zero = '"0%"' if name in ("max_drawdown", "price_band") else '"0"'

    (line,) = problems(tmp_path, f"[risk]\n{name} = {zero}")

    assert "is zero" in line


@given(st.decimals(min_value="0.000001", max_value="999999999999", places=6, allow_nan=False))
def test_every_plain_amount_survives_exactly(amount: object) -> None:
    limits = RiskSettings.model_validate({"max_order_value": f"{amount:f}"})

    assert limits.max_order_value == amount
    again = RiskSettings.model_validate(limits.model_dump())
    assert again == limits


@given(
    st.sampled_from(
        [
            "RISK__COOLDOWN",
            "TIMEZONE",
            "DATA_DIR",
            "TELEGRAM__CHATS",
            "STRATEGIES__TREND__SIZE",
            "WEB__PORT",
            "DATABASE__URL",
        ]
    ),
    st.text(max_size=30),
)
def test_any_text_is_a_setting_or_one_readable_line(name: str, text: str) -> None:
    said = f"TILLER_{name}: "
    try:
        load(None, None, None, {f"TILLER_{name}": text})
    except ConfigError as refusal:
        said = str(refusal)

    assert said.startswith(f"TILLER_{name}: ")
    assert "\n" not in said
