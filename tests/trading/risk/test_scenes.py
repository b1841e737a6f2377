"""Every reason both ways at its boundary, with its numbers and what to do."""

import pytest

from tests.trading.risk import scenarios_money
from tests.trading.risk.desk import approved, denied
from tests.trading.risk.scenarios import SCENES
from trading.risk.reasons import Reason


def test_every_reason_has_a_scene() -> None:
    assert scenarios_money.price_band in SCENES.values()
    assert set(SCENES) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_passes_up_to_the_boundary_and_is_denied_beyond(reason: Reason) -> None:
    scene = SCENES[reason]()
    approved(scene.passes)
    verdict = denied(scene.fails, reason)
    assert scene.text in verdict.reason
    assert scene.remedy in verdict.remedy
