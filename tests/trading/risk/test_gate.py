"""The gate as a whole: verdicts, what they list, limits from chat, what is used, days and restarts."""

from datetime import UTC, datetime

import pytest

from tests.kit import BTC, MemoryJournal
from tests.trading.risk.desk import DEMO, EURUSD, PERP, D, Desk, approved, denied, done, like, off
from trading import events as e
from trading.book import Book
from trading.errors import ConfigError
from trading.instruments import Money, Side, Symbol
from trading.intent import AccountId, Leg, Mode, OrderType
from trading.risk.gate import RiskGate
from trading.risk.limits import Limits
from trading.valuation import Valuation


def test_approval_carries_the_order_its_legs_and_every_finding() -> None:
    desk = Desk(Limits(max_total_exposure=D(20000)))
    order = desk.order()
    leg = desk.order(Side.SELL, stop_price="59000", type=OrderType.STOP, leg=Leg.STOP_LOSS, parent_id=order.id)
    verdict = approved(desk.judge(order, leg))
    assert (verdict.order, verdict.legs) == (order, (leg,))
    told = {finding.code: finding.text for finding in verdict.findings}
    assert told["MAX_ORDER_VALUE"] == "order value 600.00 USDT, limit 1000 USDT"
    assert told["MAX_TOTAL_EXPOSURE"] == "exposure would be 600.00 USDT, limit 20000 USDT"
    assert told["INSUFFICIENT_FUNDS"] == "needs 600.00 USDT, free 100000 USDT"
    assert told["STALE_PRICE"] == "price 0.0s old, limit 15s"


def test_a_denial_lists_everything_that_failed_and_passed() -> None:
    desk = Desk(Limits())
    desk.record(e.SymbolLocked(Symbol("BTC/USDT"), None, "", "person:ana"))
    verdict = denied(desk.judge(desk.order(quantity="2")), "SYMBOL_LOCKED")
    failed = [finding.code for finding in verdict.findings if not finding.passed]
    assert failed == [
        "SYMBOL_LOCKED", "MAX_ORDER_VALUE", "MAX_POSITION_VALUE", "MAX_TOTAL_EXPOSURE", "INSUFFICIENT_FUNDS",
    ]  # fmt: skip
    assert "MIN_ORDER_VALUE" in {finding.code for finding in verdict.findings if finding.passed}


def test_judging_changes_nothing() -> None:
    desk = Desk(Limits(max_orders_per_minute=1))
    order = desk.order()
    before = desk.journal.last_seq
    assert desk.judge(order) == desk.judge(order) == approved(desk.judge(order))
    assert desk.journal.last_seq == before


def test_an_account_never_opened_and_a_symbol_never_listed() -> None:
    desk = Desk()
    verdict = denied(desk.judge(like(desk.order(), account="main")), "NOT_READY")
    assert verdict.reason == "BTC/USDT is not listed for PAPER main"
    desk.record(e.InstrumentListed("main", Mode.PAPER, BTC))
    assert denied(desk.judge(like(desk.order(), account="main")), "NOT_READY").reason.startswith("PAPER main has not")
    denied(desk.judge(desk.order(symbol="XRP/USDT")), "NOT_READY")


def test_a_symbol_not_traded_before_is_judged_by_what_the_venue_lists() -> None:
    desk = Desk(currency="USD", balances=(Money(D(1000000), "USD"),))
    book = Book(MemoryJournal(), desk.clock)
    done(book.write(e.AccountOpened("demo", Mode.PAPER, "paper", "USD", (Money(D(1000000), "USD"),))))
    valuation = Valuation(book, desk.valuation.markets, "USD")
    listed = {"EURUSD": EURUSD}
    gate = RiskGate(
        book, valuation, off(max_position_value=D(110000)), {}, "UTC", desk.gate.capabilities,
        listed=lambda account, symbol: listed.get(symbol),
    )  # fmt: skip
    approved(gate.judge(desk.order(quantity="1", symbol="EURUSD")))
    denied(gate.judge(desk.order(quantity="1.01", symbol="EURUSD")), "MAX_POSITION_VALUE")
    denied(gate.judge(desk.order()), "NOT_READY")


def test_accounts_and_modes_do_not_share_limits() -> None:
    desk = Desk(off(max_open_orders_per_symbol=1, max_total_exposure=D(700), max_orders_per_minute=1))
    live = AccountId("demo", Mode.LIVE)
    desk.record(e.AccountOpened("demo", Mode.LIVE, "binance", "USDT", (Money(D(1000), "USDT"),)))
    desk.record(e.InstrumentListed("demo", Mode.LIVE, BTC))
    desk.place(desk.order(limit_price="60000"))
    denied(desk.judge(desk.order()), "ORDER_RATE")
    approved(desk.judge(like(desk.order(), mode=live.mode)))


# --- limits from chat ------------------------------------------------------------------------


def set_limit(desk: Desk, name: str, value: str, account: str = "") -> None:
    desk.record(e.LimitChanged(account, name, value, "person:ana"))


def test_a_limit_from_chat_holds_at_once() -> None:
    desk = Desk(off(max_order_value=D(1000)), own={"max_order_value": D(900)})
    approved(desk.judge(desk.order()))
    set_limit(desk, "max_order_value", "500")
    denied(desk.judge(desk.order()), "MAX_ORDER_VALUE")
    set_limit(desk, "max_order_value", "off")
    approved(desk.judge(desk.order(quantity="0.015")))
    denied(desk.judge(desk.order(quantity="0.01501")), "MAX_ORDER_VALUE")  # the account's own 900
    set_limit(desk, "max_order_value", "2000", "demo")
    assert desk.gate.effective(DEMO).max_order_value == 900
    assert desk.gate.effective("").max_order_value == 0
    set_limit(desk, "max_order_value", "100", "demo")
    set_limit(desk, "max_order_value", "1", "other")
    assert desk.gate.effective(DEMO).max_order_value == 100


def test_the_remedy_names_the_limit_that_holds() -> None:
    desk = Desk(off(max_order_value=D(1000)), own={"max_order_value": D(500)})
    order = desk.order(quantity="0.05")  # 3,000 USDT

    def remedy() -> str:
        verdict = denied(desk.judge(order), "MAX_ORDER_VALUE")
        assert [finding.remedy for finding in verdict.findings if not finding.passed] == [verdict.remedy]
        return verdict.remedy

    assert remedy() == "Use at most 500 USDT, or raise it with the setting accounts.demo.risk.max_order_value."
    set_limit(desk, "max_order_value", "100", "demo")
    assert remedy() == "Use at most 100 USDT, or raise it with /limit max_order_value account=demo."
    set_limit(desk, "max_order_value", "50")
    assert remedy() == "Use at most 50 USDT, or raise it with /limit max_order_value."


def test_the_remedy_names_the_list_that_holds() -> None:
    own = denied(Desk(own={"deny": ("BTC/*",)}).judge(Desk().order()), "SYMBOL_DENIED")
    assert own.remedy.endswith("the setting accounts.demo.risk.deny.")
    both = denied(Desk(off(deny=("BTC/*",)), own={"deny": ("ETH/*",)}).judge(Desk().order()), "SYMBOL_DENIED")
    assert both.remedy.endswith("/limit deny.")


def test_a_limit_of_another_version_is_left_alone() -> None:
    desk = Desk()
    set_limit(desk, "max_moon_phase", "3")
    approved(desk.judge(desk.order()))


# --- restarts and days -----------------------------------------------------------------------


def reopened(desk: Desk, timezone: str = "UTC") -> RiskGate:
    """A gate on the same journal, as after a restart."""
    book = Book(desk.journal, desk.clock)
    done(book.open())
    valuation = Valuation(book, desk.valuation.markets, "USDT")
    return RiskGate(book, valuation, desk.gate.limits, {}, timezone, desk.gate.capabilities)


def test_a_restart_forgets_neither_pace_nor_latches_nor_limits() -> None:
    desk = Desk(off(max_orders_per_minute=3, duplicate_window_s=60))
    for price in ("50000", "50001"):
        desk.place(desk.order(limit_price=price))
    gate = reopened(desk)
    denied(gate.judge(desk.order(limit_price="50000")), "DUPLICATE")
    approved(gate.judge(desk.order(limit_price="50002")))
    desk.place(desk.order(limit_price="50002"))
    denied(reopened(desk).judge(desk.order(limit_price="50003")), "ORDER_RATE")
    set_limit(desk, "max_orders_per_minute", "9")
    approved(reopened(desk).judge(desk.order(limit_price="50003")))
    desk.record(e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"))
    denied(reopened(desk).judge(desk.order(limit_price="50003")), "KILLED")


@pytest.mark.parametrize(("timezone", "pnl"), [("UTC", "-300"), ("Europe/Vienna", "0"), ("America/New_York", "-300")])
def test_the_day_begins_in_the_desks_time_zone(timezone: str, pnl: str) -> None:
    desk = Desk(off(max_daily_loss=D(500)), timezone=timezone)
    desk.sample("100300", "2026-01-05")  # taken today, with 300 more than there is now
    desk.clock.at = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)  # already tomorrow in Vienna
    if pnl == "0":
        desk.sample("100000", "2026-01-05")
    assert desk.gate.day_pnl(DEMO) == D(pnl)


def test_a_new_day_starts_from_the_last_equity_of_the_day_before() -> None:
    desk = Desk(off(max_daily_loss=D(500)))
    desk.sample("101000", "2026-01-03")
    desk.sample("100400", "2026-01-04")
    assert desk.gate.day_pnl(DEMO) == -400
    assert desk.gate.room_today(DEMO) == 100
    desk.sample("100000")
    assert desk.gate.day_pnl(DEMO) == -400  # the sample of the new day says the same


def test_a_desk_that_slept_for_days_starts_the_day_when_it_wakes() -> None:
    desk = Desk(off(max_daily_loss=D(500)))
    desk.sample("200000", "2026-01-01")
    assert desk.gate.day_pnl(DEMO) == 0
    approved(desk.judge(desk.order()))


def test_a_deposit_is_no_profit() -> None:
    desk = Desk(off(max_daily_loss=D(500)))
    desk.sample("100000")
    desk.record(e.BalanceAdjusted("demo", Mode.PAPER, Money(D(5000), "USDT"), "deposit", "person:ana", D(5000)))
    assert desk.gate.day_pnl(DEMO) == 0


def test_room_today() -> None:
    desk = Desk(off(max_daily_loss=D(500)))
    desk.sample("100200")
    assert desk.gate.room_today(DEMO) == 300
    desk.sample("100900", "2026-01-04")
    desk.sample("100000")
    assert desk.gate.room_today(DEMO) == 0
    assert Desk().gate.room_today(DEMO) is None


def test_an_open_loss_counts_today() -> None:
    desk = Desk(off(max_daily_loss=D(500)))
    desk.sample("100000")
    desk.hold("1", PERP.symbol)
    desk.market.show(PERP.symbol, "59500.1", "59501")
    assert desk.gate.day_pnl(DEMO) == D("-499.9")
    approved(desk.judge(desk.order()))
    desk.market.show(PERP.symbol, "59500", "59501")
    denied(desk.judge(desk.order()), "DAILY_LOSS")


def test_what_the_equity_leaves_out_is_said() -> None:
    desk = Desk(off(max_daily_loss=D(500)), balances=(Money(D(100000), "USDT"), Money(D(1), "XYZ")))
    desk.sample("100500", "2026-01-04")
    desk.sample("100000")
    verdict = denied(desk.judge(desk.order()), "DAILY_LOSS")
    assert verdict.reason.endswith("(without XYZ: no price)")
    assert "see the prices of XYZ" in verdict.remedy


# --- usage -----------------------------------------------------------------------------------


def test_usage_tells_how_far_each_limit_is_used() -> None:
    desk = Desk(Limits(max_total_exposure=D(20000), max_open_orders_per_symbol=5))
    desk.sample("100250", "2026-01-04")
    desk.sample("100000")
    desk.hold("1", "ETH/USDT", "3000")
    desk.place(desk.order(limit_price="50000"))
    used = {use.name: (use.used, use.limit) for use in desk.gate.usage(DEMO)}
    drawdown = (D(100250) - D("99999.5")) * 100 / D(100250)
    assert used["max_daily_loss"] == (D("250.5"), D(500))  # and half of the spread of what was bought
    assert used["max_total_exposure"] == (D(3499), D(20000))
    assert used["max_position_value"] == (D(2999), D(5000))
    assert used["max_open_positions"] == (D(2), D(10))
    assert used["max_open_orders_per_symbol"] == (D(1), D(5))
    assert used["max_orders_per_minute"] == (D(2), D(60))
    assert used["max_drawdown"] == (drawdown, D(20))
    assert "loss_streak" not in used  # off


def test_a_time_zone_must_exist() -> None:
    for zone in ("Mars/Olympus", "", "../../etc/passwd", "\x00"):
        with pytest.raises(ConfigError, match="There is no time zone"):
            Desk(timezone=zone)
