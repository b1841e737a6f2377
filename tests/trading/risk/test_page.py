"""The page of the rules says all of them."""

from trading.risk.limits import LIMITS
from trading.risk.page import risk_page
from trading.risk.reasons import Reason


def test_every_limit_and_every_reason_is_on_the_page() -> None:
    lines = risk_page().splitlines()
    for name, spec in LIMITS.items():
        (row,) = [line for line in lines if line.startswith(f"| `{name}` |")]
        assert spec.meaning in row
        assert str(spec.tighter) in row
    for reason in Reason:
        (row,) = [line for line in lines if line.startswith(f"| `{reason}` |")]
        assert reason.meaning in row


def test_the_tables_are_whole() -> None:
    page = risk_page()
    assert "{" not in page
    assert page.endswith("\n")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5, 6}


def test_what_can_stop_a_close_is_told() -> None:
    rows = {line.split("`")[1]: line.split("|")[2].strip() for line in risk_page().splitlines() if line[:3] == "| `"}
    closing = {code for code, too in rows.items() if too == "yes"}
    assert closing == {
        "NOT_READY", "UNSUPPORTED", "STOP_WRONG_SIDE", "NOTHING_TO_REDUCE", "LOT_SIZE", "MIN_QUANTITY", "MAX_QUANTITY",
        "TICK_SIZE", "MIN_NOTIONAL", "MAX_NOTIONAL", "INSUFFICIENT_FUNDS",
    }  # fmt: skip
