"""Roles, and the rules of confirmation."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.actor import ConfirmPolicy, Consent, Role
from trading.errors import ConfigError
from trading.intent import Mode

LIVE, PAPER = Mode.LIVE, Mode.PAPER


def test_roles_are_ordered_and_named() -> None:
    assert Role.STRANGER < Role.VIEWER < Role.TRADER < Role.ADMIN
    assert [str(role) for role in Role] == ["stranger", "viewer", "trader", "admin"]
    assert Role.of("trader") is Role.TRADER
    for name in ("stranger", "TRADER", "root", ""):
        with pytest.raises(ConfigError):
            Role.of(name)


@pytest.mark.parametrize(
    ("orders", "mode", "value", "asks"),
    [
        ("never", LIVE, "1000000", False),
        ("live", PAPER, "1000000", False),
        ("live", LIVE, "0.01", True),
        ("always", PAPER, "0.01", True),
        ("above:1000", LIVE, "1000", False),
        ("above:1000", PAPER, "1000.01", True),
        ("above:1000", PAPER, None, True),
        ("never", LIVE, None, False),
    ],
)
def test_what_must_be_confirmed(orders: str, mode: Mode, value: str | None, asks: bool) -> None:
    policy = ConfirmPolicy.parse(orders)
    need = policy.need(mode, None if value is None else Decimal(value))
    assert need is (Consent.CONFIRMED if asks else Consent.NONE)


def test_from_a_value_on_a_second_person_counts() -> None:
    policy = ConfirmPolicy.parse("never", "5000")
    assert policy.need(PAPER, Decimal("4999.99")) is Consent.NONE
    assert policy.need(PAPER, Decimal(5000)) is Consent.APPROVED
    assert policy.need(PAPER, None) is Consent.APPROVED


@given(st.decimals("0", "10000", places=2), st.decimals("0", "10000", places=2), st.sampled_from(Mode))
def test_a_larger_order_never_needs_less_consent(a: Decimal, b: Decimal, mode: Mode) -> None:
    for orders in ("never", "live", "above:100", "always"):
        policy = ConfirmPolicy.parse(orders, "5000")
        assert policy.need(mode, min(a, b)) <= policy.need(mode, max(a, b)) <= policy.need(mode, None) or not a


@pytest.mark.parametrize(
    ("orders", "approve"),
    [("sometimes", ""), ("above", ""), ("above:", ""), ("above:x", ""), ("live:5", ""), ("", ""), ("live", "-1"),
     ("live", "nan"), ("above:1e3", ""), ("above:-1", "")],
)  # fmt: skip
def test_a_rule_that_cannot_be_read_is_refused(orders: str, approve: str) -> None:
    with pytest.raises(ConfigError, match="confirm"):
        ConfirmPolicy.parse(orders, approve)
