"""Every return code and every error of the package: what it means for the request that met it."""

import pytest

from tests.emulators.mt5.codes import COMMENTS, ERRORS
from trading.errors import OutcomeUnknown, VenueError, VenueRefused, VenueUnreachable
from trading.executors.mt5 import codes
from trading.executors.mt5.codes import Meaning, error_of, error_of_failure, meaning_of
from trading.mt5.package_thread import Unanswered
from trading.mt5.terminal import Failed

REFUSED, UNREACHABLE, UNKNOWN = VenueRefused, VenueUnreachable, OutcomeUnknown
RETCODES: dict[int, tuple[Meaning, type[VenueError] | None, str]] = {
    10004: (Meaning.MOVED, REFUSED, "REQUOTE"),
    10006: (Meaning.REFUSED, REFUSED, "REJECTED"),
    10007: (Meaning.REFUSED, REFUSED, "REJECTED"),
    10008: (Meaning.DONE, None, ""),
    10009: (Meaning.DONE, None, ""),
    10010: (Meaning.DONE, None, ""),
    10011: (Meaning.UNKNOWN, UNKNOWN, "UNKNOWN_ERROR"),
    10012: (Meaning.UNKNOWN, UNKNOWN, "TIMEOUT"),
    10013: (Meaning.REFUSED, REFUSED, "BAD_REQUEST"),
    10014: (Meaning.REFUSED, REFUSED, "LOT_SIZE"),
    10015: (Meaning.REFUSED, REFUSED, "PRICE_FILTER"),
    10016: (Meaning.REFUSED, REFUSED, "STOPS_LEVEL"),
    10017: (Meaning.REFUSED, REFUSED, "TRADE_DISABLED"),
    10018: (Meaning.REFUSED, REFUSED, "MARKET_CLOSED"),
    10019: (Meaning.REFUSED, REFUSED, "INSUFFICIENT_FUNDS"),
    10020: (Meaning.MOVED, REFUSED, "REQUOTE"),
    10021: (Meaning.MOVED, REFUSED, "NO_PRICE"),
    10022: (Meaning.REFUSED, REFUSED, "BAD_REQUEST"),
    10023: (Meaning.REFUSED, REFUSED, "UNKNOWN_ORDER"),
    10024: (Meaning.BUSY, UNREACHABLE, "VENUE_UNREACHABLE"),
    10025: (Meaning.DONE, None, ""),
    10026: (Meaning.REFUSED, REFUSED, "ALGO_DISABLED"),
    10027: (Meaning.REFUSED, REFUSED, "ALGO_DISABLED"),
    10028: (Meaning.UNKNOWN, UNKNOWN, "LOCKED"),
    10029: (Meaning.REFUSED, REFUSED, "FROZEN"),
    10030: (Meaning.OTHER_FILLING, REFUSED, "NOT_SUPPORTED"),
    10031: (Meaning.UNKNOWN, UNKNOWN, "NO_CONNECTION"),
    10032: (Meaning.REFUSED, REFUSED, "TRADE_DISABLED"),
    10033: (Meaning.REFUSED, REFUSED, "MAX_NUM_ORDERS"),
    10034: (Meaning.REFUSED, REFUSED, "MAX_POSITION"),
    10035: (Meaning.REFUSED, REFUSED, "UNKNOWN_ORDER"),
    10036: (Meaning.REFUSED, REFUSED, "REDUCE_ONLY"),
    10038: (Meaning.REFUSED, REFUSED, "REDUCE_ONLY"),
    10039: (Meaning.REFUSED, REFUSED, "REDUCE_ONLY"),
    10040: (Meaning.REFUSED, REFUSED, "MAX_POSITION"),
    10041: (Meaning.REFUSED, REFUSED, "REJECTED"),
    10042: (Meaning.REFUSED, REFUSED, "NOT_SUPPORTED"),
    10043: (Meaning.REFUSED, REFUSED, "NOT_SUPPORTED"),
    10044: (Meaning.REFUSED, REFUSED, "NOT_SUPPORTED"),
    10045: (Meaning.REFUSED, REFUSED, "FIFO"),
    10046: (Meaning.REFUSED, REFUSED, "NOT_SUPPORTED"),
    10999: (Meaning.UNKNOWN, UNKNOWN, "MT5_10999"),
}
FAILURES: dict[int, tuple[type[VenueError], type[VenueError]]] = {  # of an order; of a question
    1: (UNKNOWN, UNREACHABLE),
    -1: (UNKNOWN, UNREACHABLE),
    -2: (REFUSED, REFUSED),
    -3: (UNKNOWN, UNREACHABLE),
    -4: (UNKNOWN, UNREACHABLE),
    -5: (UNKNOWN, UNREACHABLE),
    -6: (UNKNOWN, UNREACHABLE),
    -7: (UNKNOWN, UNREACHABLE),
    -8: (UNKNOWN, UNREACHABLE),
    -10000: (UNKNOWN, UNREACHABLE),
    -10001: (UNKNOWN, UNREACHABLE),
    -10002: (UNKNOWN, UNREACHABLE),
    -10003: (UNREACHABLE, UNREACHABLE),
    -10004: (UNREACHABLE, UNREACHABLE),
    -10005: (UNKNOWN, UNREACHABLE),
}


def test_no_code_is_forgotten() -> None:
    assert set(COMMENTS) <= set(RETCODES)
    assert set(ERRORS) == set(FAILURES)
    assert {*codes.REFUSED, *codes.MOVED, *codes.BUSY, *codes.UNKNOWN, *codes.DONE} == set(RETCODES) - {10999}


@pytest.mark.parametrize("retcode", RETCODES)
def test_every_return_code(retcode: int) -> None:
    meaning, kind, code = RETCODES[retcode]
    assert meaning_of(retcode) is meaning
    if kind is None:
        return
    why = error_of(retcode, COMMENTS.get(retcode, "???"))
    assert (type(why), why.code) == (kind, code)
    assert str(retcode) in why.text, "the broker's own number can be searched for"
    assert "\n" not in str(why)
    assert why.remedy or code == "UNKNOWN_ORDER"


@pytest.mark.parametrize("code", FAILURES)
def test_every_error_of_the_package(code: int) -> None:
    order, question = FAILURES[code]
    assert type(error_of_failure(Failed(code, ERRORS[code]), order=True)) is order
    assert type(error_of_failure(Failed(code, ERRORS[code]), order=False)) is question


def test_a_call_that_was_never_begun_can_be_made_again() -> None:
    assert isinstance(error_of_failure(Unanswered(begun=False), order=True), VenueUnreachable)
    assert isinstance(error_of_failure(Unanswered(begun=True), order=True), OutcomeUnknown)


def test_what_to_press_is_said() -> None:
    assert "Algo Trading" in str(error_of(10027))
    assert "[10019: not enough money now please wait]" in str(error_of(10019, "not enough\n money now  please wait"))
