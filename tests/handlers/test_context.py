"""What a request knows."""

import pytest

from tests.handlers.desk import ANA, PINE, HandDesk
from trading.errors import IntentError
from trading.events import ModeChanged
from trading.intent import AccountId, Mode

LIVE, PAPER = Mode.LIVE, Mode.PAPER


async def test_the_account_meant_and_its_mode() -> None:
    desk = HandDesk()
    assert desk.context(ANA).account() == AccountId("demo", PAPER)
    assert desk.context(ANA).account("broker") == AccountId("broker", PAPER)
    await desk.book.record(ModeChanged("broker", LIVE, "person:eva"))
    assert desk.context(ANA).account("broker") == AccountId("broker", LIVE)
    assert HandDesk(accounts=("broker", "demo")).context(PINE).account() == AccountId("demo", PAPER)
    with pytest.raises(IntentError, match="no account"):
        HandDesk(accounts=()).context(ANA).account()
