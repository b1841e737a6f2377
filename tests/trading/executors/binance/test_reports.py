"""The user data stream's events as reports; shapes as user-data-stream.md and the futures' pages show them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.executors.binance.samples import ENTRY, LISTING, STOP_LEG, USDM, D, order
from trading.executors.binance.names import AT_MARKET, replaced_id
from trading.executors.binance.reports import ELSEWHERE, reports_of
from trading.instruments import Money
from trading.reports import Accepted, Amended, Canceled, Expired, Filled, Reconnected, Rejected, Triggered

AT = datetime(2017, 7, 7, 6, 14, 18, 657000, tzinfo=UTC)
MS = int(AT.timestamp() * 1000)


def execution(**fields: Any) -> dict[str, Any]:
    """An executionReport of a new limit order of ours."""
    event = {
        "e": "executionReport", "E": MS + 1, "s": "BTCUSDT", "c": ENTRY, "S": "BUY", "o": "LIMIT", "f": "GTC",
        "q": "1.00000000", "p": "50000.00000000", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "",
        "x": "NEW", "X": "NEW", "r": "NONE", "i": 4293153, "l": "0.00000000", "z": "0.00000000",
        "L": "0.00000000", "n": "0", "N": None, "T": MS, "t": -1, "I": 8641984, "w": True, "m": False,
        "M": False, "O": MS, "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000", "W": MS, "V": "NONE",
    }  # fmt: skip
    return {"subscriptionId": 0, "event": {**event, **fields}}


def trade(**fields: Any) -> dict[str, Any]:
    """A fill of 0.4 at 49999.5 with a fee in BNB."""
    done = {
        "x": "TRADE",
        "X": "PARTIALLY_FILLED",
        "t": 77,
        "l": "0.4",
        "L": "49999.5",
        "n": "0.01",
        "N": "BNB",
        "m": True,
    }
    return execution(**{**done, **fields})


FILL = Filled(ENTRY, "77", D("0.4"), D("49999.5"), Money(D("0.01"), "BNB"), AT, maker=True)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (execution(), [Accepted(ENTRY, "4293153")]),
        (execution(X="PENDING_NEW", w=False), [Accepted(ENTRY, "4293153")]),
        (execution(o="STOP_LOSS", P="48000", w=False), [Accepted(ENTRY, "4293153")]),
        (execution(o="STOP_LOSS_LIMIT", P="48000"), [Accepted(ENTRY, "4293153"), Triggered(ENTRY)]),
        (trade(), [FILL]),
        (trade(X="FILLED"), [FILL]),
        (trade(X="EXPIRED", eR="INSUFFICIENT_LIQUIDITY"), [FILL, Expired(ENTRY, "the book ran out", D(0))]),
        (trade(l="0.00000000", X="EXPIRED", t=-1), [Expired(ENTRY, "", D(0))]),
        (execution(x="CANCELED", X="CANCELED", C=ENTRY), [Canceled(ENTRY, "", D(0))]),
        (execution(x="CANCELED", X="CANCELED", C=ENTRY, z="0.3"), [Canceled(ENTRY, "", D("0.3"))]),
        (execution(x="CANCELED", X="CANCELED", c="web_1", C=ENTRY), [Canceled(ENTRY, ELSEWHERE, D(0))]),
        (
            execution(x="CANCELED", X="CANCELED", c=STOP_LEG, C=ENTRY),
            [Canceled(ENTRY, "", D(0))],
        ),  # with the rest of its list
        (execution(x="CANCELED", X="CANCELED", c=replaced_id(order()), C=ENTRY), []),  # it lives on, changed
        (
            execution(x="REPLACED", q="0.7", C=ENTRY),
            [Amended(ENTRY, D("0.7"), D("50000"), None, "4293153")],
        ),
        (
            execution(x="REPLACED", q="0.7", o="STOP_LOSS_LIMIT", P="48000", p="45600", J=AT_MARKET),
            [Amended(ENTRY, D("0.7"), None, D("48000"), "4293153")],
        ),
        (
            execution(x="REJECTED", X="REJECTED", r="WOULD_MATCH_IMMEDIATELY"),
            [Rejected(ENTRY, "WOULD_TAKE", "it would have traded at once")],
        ),
        (execution(x="REJECTED", X="REJECTED", r="A_NEW_WORD"), [Rejected(ENTRY, "REJECTED", "A_NEW_WORD")]),
        (
            execution(x="TRADE_PREVENTION", X="EXPIRED_IN_MATCH", v=3, A="1"),
            [Expired(ENTRY, "it would have traded with another order of the account", D(0))],
        ),
        (execution(x="TRADE_PREVENTION", X="PARTIALLY_FILLED", A="0.2", B="0.2"), []),
        (execution(x="A_NEW_WORD"), []),
    ],
)
def test_execution_reports(message: dict[str, Any], expected: list[Any]) -> None:
    assert reports_of(message, LISTING) == expected


@pytest.mark.parametrize(
    ("reason", "part"),
    [
        ("REJECTED", "refused it when its turn came"),
        ("EXCHANGE_CANCELED", "by Binance"),
        ("OCO_TRIGGER", "the other order of its pair"),
        ("OTO_PHASE_ONE_EXPIRED", "its entry expired"),
        ("UNFILLED_IOC_QUANTITY_EXPIRED", "at once"),
        ("UNFILLED_FOK_ORDER_EXPIRED", "completely at once"),
        ("EXECUTION_RULE_PRICE_RANGE_EXCEEDED", "prices that Binance allows"),
        ("A_NEW_WORD", "A_NEW_WORD"),
    ],
)
def test_an_expiry_says_why(reason: str, part: str) -> None:
    (report,) = reports_of(execution(x="EXPIRED", X="EXPIRED", eR=reason), LISTING)
    assert isinstance(report, Expired)
    assert part in report.reason


def test_a_fill_without_a_fee_costs_nothing_in_quote() -> None:
    (report,) = reports_of(trade(n="0", N=None), LISTING)
    assert isinstance(report, Filled)
    assert report.fee == Money(D(0), "USDT")


def test_a_fill_that_tells_no_price_is_asked_for() -> None:
    (report,) = reports_of(trade(L="0", Y="19999.8"), LISTING)
    assert isinstance(report, Filled)
    assert report.price == D("49999.5")  # 19999.8 / 0.4
    assert reports_of(trade(L="0"), LISTING) == [Reconnected("an unreadable executionReport")]


def test_what_is_not_ours_is_reported_without_an_id() -> None:
    assert reports_of(trade(c="web_1"), LISTING) == [
        Filled("", "77", D("0.4"), D("49999.5"), Money(D("0.01"), "BNB"), AT, maker=True)
    ]
    assert reports_of(execution(c="web_1", s="NEWUSDT"), LISTING) == [Accepted("", "4293153")]


@pytest.mark.parametrize(
    "event",
    [
        {"e": "outboundAccountPosition", "E": 1, "u": 1, "B": [{"a": "ETH", "f": "10", "l": "0"}]},
        {"e": "balanceUpdate", "E": 1, "a": "BTC", "d": "100.0", "T": 1},
        {"e": "externalLockUpdate", "E": 1, "a": "NEO", "d": "10", "T": 1},
        {"e": "eventStreamTerminated", "E": 1},
        {"e": "serverShutdown", "E": 1},
        {"e": "listStatus", "s": "BTCUSDT", "g": 2, "c": "OCO", "l": "EXEC_STARTED", "L": "EXECUTING", "O": []},
        {"e": "ACCOUNT_UPDATE", "T": 1, "a": {"m": "ORDER", "B": [], "P": []}},
        {"e": "TRADE_LITE", "s": "BTCUSDT", "c": ENTRY, "l": "1", "L": "1", "t": 1, "i": 1},
        {"e": "listenKeyExpired", "listenKey": "k"},
        {"e": "MARGIN_CALL"},
        {"e": "A_NEW_EVENT"},
        {"id": 1, "result": None},
    ],
)
def test_events_that_say_nothing_of_orders(event: dict[str, Any]) -> None:
    assert reports_of(event, LISTING) == []
    assert reports_of({"stream": "x", "data": event}, LISTING) == []


@given(
    st.sets(st.sampled_from(sorted(execution()["event"]))), st.sampled_from(["NEW", "TRADE", "CANCELED", "REPLACED"])
)
def test_an_event_with_anything_missing_is_no_crash(missing: set[str], kind: str) -> None:
    event = {key: value for key, value in trade(x=kind)["event"].items() if key not in missing - {"e"}}
    for report in reports_of(event, LISTING):
        if isinstance(report, Filled):
            assert report.quantity > 0
            assert report.price > 0
    assert reports_of({"e": "ORDER_TRADE_UPDATE", "o": event}, LISTING) is not None


# --- USDT-M ----------------------------------------------------------------------------------

FUTURES = {"BTCUSDT": USDM}


def update(**fields: Any) -> dict[str, Any]:
    """An ORDER_TRADE_UPDATE of a new limit order of ours."""
    changed = {
        "s": "BTCUSDT", "c": ENTRY, "S": "BUY", "o": "LIMIT", "f": "GTC", "q": "1", "p": "50000", "ap": "0",
        "sp": "0", "x": "NEW", "X": "NEW", "i": 8886774, "l": "0", "z": "0", "L": "0", "T": MS, "t": 0,
        "b": "0", "a": "0", "m": False, "R": False, "wt": "CONTRACT_PRICE", "ot": "LIMIT", "ps": "BOTH",
        "cp": False, "rp": "0", "pP": False, "V": "NONE", "pm": "NONE", "gtd": 0, "er": "0",
    }  # fmt: skip
    return {"e": "ORDER_TRADE_UPDATE", "E": MS + 1, "T": MS, "o": {**changed, **fields}}


FUTURES_TRADE = {"x": "TRADE", "t": 77, "l": "0.4", "L": "49999.5", "n": "7.99992", "N": "USDT"}
FUTURES_FILL = Filled(ENTRY, "77", D("0.4"), D("49999.5"), Money(D("7.99992"), "USDT"), AT)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (update(), [Accepted(ENTRY, "8886774")]),
        (update(**FUTURES_TRADE, X="PARTIALLY_FILLED"), [FUTURES_FILL]),
        (update(**FUTURES_TRADE, X="EXPIRED", er="9"), [FUTURES_FILL, Expired(ENTRY, "the book ran out", D(0))]),
        (update(x="CANCELED", X="CANCELED"), [Canceled(ENTRY, "", D(0))]),
        (update(x="EXPIRED", X="EXPIRED", er="2"), [Expired(ENTRY, "the rest could not be filled at once", D(0))]),
        (update(x="EXPIRED", X="EXPIRED", er="99"), [Expired(ENTRY, "99", D(0))]),
        (update(x="EXPIRED", X="EXPIRED", er="8", ot="STOP"), [Triggered(ENTRY)]),
        (update(x="AMENDMENT", q="0.7", p="50100"), [Amended(ENTRY, D("0.7"), D("50100"), None, "8886774")]),
        (
            update(**{**FUTURES_TRADE, "x": "CALCULATED"}, X="FILLED", c="autoclose-1"),
            [Filled("", "77", D("0.4"), D("49999.5"), Money(D("7.99992"), "USDT"), AT)],
        ),
        (update(x="A_NEW_WORD"), []),
    ],
)
def test_futures_orders(message: dict[str, Any], expected: list[Any]) -> None:
    assert reports_of(message, FUTURES) == expected


def test_a_futures_fill_without_a_fee() -> None:
    free = {key: value for key, value in FUTURES_TRADE.items() if key not in ("n", "N")}
    (report,) = reports_of(update(**free), FUTURES)
    assert isinstance(report, Filled)
    assert report.fee == Money(D(0), "USDT")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("NEW", [Accepted(ENTRY, "2148719")]),
        ("TRIGGERING", []),
        ("TRIGGERED", [Triggered(ENTRY)]),
        ("FINISHED", []),
        ("CANCELED", [Canceled(ENTRY, "Reduce Only reject")]),
        ("EXPIRED", [Expired(ENTRY, "Reduce Only reject")]),
        ("REJECTED", [Rejected(ENTRY, "REJECTED", "Reduce Only reject")]),
        ("A_NEW_WORD", []),
    ],
)
def test_conditional_orders(status: str, expected: list[Any]) -> None:
    changed = {"caid": ENTRY, "aid": 2148719, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT", "X": status}
    event = {"e": "ALGO_UPDATE", "T": MS, "E": MS, "o": {**changed, "ai": "", "rm": "Reduce Only reject"}}
    assert reports_of(event, FUTURES) == expected
