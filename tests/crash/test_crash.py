"""Two rounds of a campaign: the whole process is killed, and its books are the exchange's all the same."""

from pathlib import Path

import pytest

from tests.crash.rounds import crash


@pytest.mark.parametrize("venue", ["binance", "mt5", "webhooks"])
def test_a_desk_that_is_killed_neither_doubles_nor_loses_an_order(
    venue: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crash(venue, tmp_path, rounds=2, seed=3) == 0
    assert capsys.readouterr().out.endswith("2 rounds, 0 doubled, 0 lost\n")
