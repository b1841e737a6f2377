"""A few rounds of the campaign: bridge, client and both are killed, and nothing is executed twice."""

from pathlib import Path

import pytest

from tests.bridge.crash import crash


def test_kills_neither_double_nor_lose_a_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crash(tmp_path, rounds=3, seed=5) == 0
    assert capsys.readouterr().out.endswith("3 rounds, 0 doubled, 0 lost\n")
