"""Every panel as a person uses it: Chromium, a real desk, every button pressed; what is pressed is a line."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.bot.web.browser import Person

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(autouse=True)
def _flat(ana: Person) -> Iterator[None]:
    """Each begins with nothing held and nothing working."""
    yield
    for line in ("/resume", "/close all", "/cancel all"):
        ana.console.api(line)


def form(ana: Person) -> Locator:
    return ana.page.locator(".t-ticket")


def fill(ana: Person, kind: str, **given: str) -> str:
    """Fill in the order form; answers the line it shows. Names are the beginnings of labels."""
    form(ana).get_by_label("Type").select_option(kind)
    for label, value in given.items():
        field = form(ana).get_by_label(re.compile(f"^{label.replace('_', ' ')}")).first
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        elif field.get_attribute("type") in ("checkbox", "radio"):
            field.check(force=True)
        else:
            field.fill(value)
    return form(ana).get_by_label("The line").inner_text()


def empty(ana: Person) -> None:
    """The form as it is at first, but for the type."""
    form(ana).get_by_label("Type").select_option("limit")  # which has nearly all fields
    form(ana).get_by_label("BUY").check(force=True)
    form(ana).get_by_label("What the size counts").select_option("units")
    form(ana).get_by_label("Time in force").select_option("")
    for box in form(ana).get_by_role("checkbox").all():
        box.uncheck()
    for box in form(ana).locator("input[inputmode=decimal]").all():
        box.fill("")
    form(ana).get_by_label("Type").select_option("stop")
    form(ana).get_by_label("Stop price").fill("")


def line_of(ana: Person) -> Locator:
    """The last line that was sent."""
    return ana.last.locator(".t-line")


# --- the order form ---------------------------------------------------------------------------

LINES = [
    ("Market", {"Size": "0.01", "Stop_loss": "58000", "Take": "66000"}, "/buy BTC/USDT 0.01 sl=58000 tp=66000"),
    ("Market", {"Size": "1", "What_the_size": "equity", "Time": "ioc"}, "/buy BTC/USDT 1% tif=ioc"),
    ("Market", {"Size": "1", "What_the_size": "risk", "Stop_loss": "50000"}, "/buy BTC/USDT risk=1% sl=50000"),
    ("Market", {"Size": "0.001", "Trail": "5%"}, "/buy BTC/USDT 0.001 trail=5%"),
    ("Limit", {"Size": "90", "What_the_size": "value", "Limit": "59000", "Post": ""},
     "/buy BTC/USDT $90 59000 post=yes"),
    ("Limit", {"Size": "0.01", "Limit": "59000", "Iceberg": "0.002", "Time": "gtc"},
     "/buy BTC/USDT 0.01 59000 tif=gtc iceberg=0.002"),
    ("Limit", {"SELL": "", "Size": "0.001", "Limit": "66000", "Reduce": "", "Time": "fok"},
     "/sell BTC/USDT 0.001 66000 tif=fok reduce=yes"),
    ("Stop", {"Size": "0.001", "Stop_price": "64500"}, "/buy BTC/USDT 0.001 stop=64500"),
    ("Stop limit", {"Size": "0.001", "Stop_price": "63900", "Limit": "64000"},
     "/buy BTC/USDT 0.001 64000 stop=63900"),
    ("Trailing stop", {"SELL": "", "Size": "0.001", "Trail": "1.5%"}, "/sell BTC/USDT 0.001 trail=1.5% reduce=yes"),
    ("OCO: target or stop", {"Size": "0.001", "Take": "70000", "Stop_loss": "50000"},
     "/oco BTC/USDT 0.001 sl=50000 tp=70000"),
]  # fmt: skip


def test_each_type_of_order_becomes_a_line_that_the_desk_can_read(ana: Person) -> None:
    """The desk tries each line out as it would run it."""
    ana.console.api("/buy BTC/USDT 0.002")
    for kind, given, line in LINES:
        empty(ana)
        assert fill(ana, kind, **given) == line
        tried = ana.console.api(f"/dryrun {line}")
        assert "PAPER demo: " in tried["text"], f"{line} cannot be read: {tried['text']}"


def test_a_preview_shows_the_line_and_what_it_would_do_and_sends_nothing(ana: Person) -> None:
    empty(ana)
    turns = ana.page.locator(".t-turn").count()
    expect(form(ana).get_by_role("button", name="Buy", exact=True)).to_be_disabled()
    line = fill(ana, "Limit", Size="0.002", Limit="59000")
    form(ana).get_by_role("button", name="Preview").click()
    preview = form(ana).get_by_role("status", name="Preview")
    expect(preview).to_contain_text(line)
    expect(preview).to_contain_text("Cost 118.00 USDT")
    expect(preview).to_contain_text("pass")
    expect(preview).not_to_contain_text("has changed")
    fill(ana, "Limit", Size="0.003")
    expect(preview).to_contain_text("The form has changed since.")
    expect(ana.page.locator(".t-orders")).to_contain_text("No open orders.")
    assert ana.page.locator(".t-turn").count() == turns


def test_an_order_is_placed_amended_and_cancelled_by_clicks(ana: Person) -> None:
    empty(ana)
    line = fill(ana, "Limit", Size="0.002", Limit="59000")
    form(ana).get_by_role("button", name="Buy", exact=True).click()
    expect(line_of(ana)).to_contain_text(line)
    row = ana.page.locator(".t-orders tbody tr")
    expect(row).to_contain_text("59,000")
    row.get_by_role("button", name="Amend").click()
    dialog = ana.page.locator(".t-orders dialog")
    expect(dialog.get_by_role("button", name="Amend")).to_be_disabled()
    dialog.get_by_label("Limit price").fill("59500")
    dialog.get_by_role("button", name="Amend").click()
    expect(row).to_contain_text("59,500")
    expect(line_of(ana)).to_contain_text("price=59500")
    row.get_by_role("button", name="Cancel").click()
    expect(ana.page.locator(".t-orders")).to_contain_text("No open orders.")


def test_a_position_gets_its_stop_from_the_form_and_is_closed_in_part_and_whole(ana: Person) -> None:
    empty(ana)
    ana.console.api("/buy BTC/USDT 0.01")
    row = ana.page.locator(".t-positions tbody tr")
    expect(row).to_contain_text("none")
    fill(ana, "Stop loss of a position", Stop_loss="50000")
    form(ana).get_by_role("button", name="Place").click()
    expect(row).to_contain_text("50,000 / -")
    row.get_by_role("button", name="Part").click()
    dialog = ana.page.locator(".t-positions dialog")
    dialog.get_by_role("button", name="25%").click()
    expect(dialog.locator("code")).to_have_text("/close BTC/USDT 25% account=demo")
    dialog.get_by_role("button", name="Part").click()
    expect(row).to_contain_text("0.0075")
    row.get_by_role("button", name="Close").click()
    expect(ana.page.locator(".t-positions")).to_contain_text("No open positions.")
    expect(ana.page.locator(".t-orders")).to_contain_text("No open orders.")


# --- what is shown ----------------------------------------------------------------------------


def test_profit_moves_with_the_price(ana: Person) -> None:
    ana.console.api("/buy BTC/USDT 0.01")
    profit = ana.page.locator(".t-positions td[data-label=Profit]")
    expect(profit).to_have_text(re.compile(r"[-+][\d.,]+USDT"))
    seen = profit.inner_text()
    expect(profit).not_to_have_text(seen)


def test_a_limit_is_a_bar_as_full_as_it_is_used(ana: Person) -> None:
    ana.console.api("/limit max_position_value 700")
    ana.console.api("/buy BTC/USDT 0.01")
    meter = ana.page.get_by_role("meter", name="Position value of PAPER demo")
    expect(meter).to_have_attribute("aria-valuetext", re.compile(r"6\d\d\.\d\d of 700 USDT"))
    used = int(meter.get_attribute("aria-valuenow") or 0)
    assert 80 < used < 100
    expect(ana.page.locator(".t-meter").filter(has=meter)).to_contain_text("near the limit")
    widths = meter.evaluate("bar => [bar.clientWidth, bar.firstElementChild.clientWidth]")
    assert widths[1] / widths[0] == pytest.approx(used / 100, abs=0.02)


def test_a_strategy_is_stopped_and_started_from_its_row(ana: Person) -> None:
    row = ana.page.locator(".t-strategies tbody tr")
    row.get_by_role("button", name="Stop").click()
    expect(row).to_contain_text("stopped")
    row.get_by_role("button", name="Start").click()
    expect(row).to_contain_text("running")


def test_the_market_is_drawn_and_can_be_chosen(ana: Person) -> None:
    market = ana.page.get_by_role("region", name="Market")
    expect(market.locator("canvas").first).to_be_visible()
    quote = ana.page.locator(".t-quote")
    expect(quote).to_have_text(re.compile(r"[\d,.]+ × [\d,.]+"))
    market.get_by_label("Symbol").select_option("ETH/USDT")
    expect(quote).to_have_text(re.compile(r"^[1-9],?\d{3}[.\d]* × "))
    expect(form(ana).get_by_label("Symbol")).to_have_value("ETH/USDT")
    market.get_by_label("Timeframe").select_option("15m")
    expect(market.get_by_label("Timeframe")).to_have_value("15m")
    seen = quote.inner_text()
    expect(quote).not_to_have_text(seen)
    ana.console.api("/buy ETH/USDT 0.01 2500")
    expect(market).to_contain_text(re.compile("Off the chart: BUY 0.01 ETH/USDT at 2,500"))
    ana.console.api("/cancel all")
    expect(market).not_to_contain_text("Off the chart")
    market.get_by_label("Symbol").select_option("BTC/USDT")


def test_the_curve_is_told_for_the_chosen_time(ana: Person) -> None:
    equity = ana.page.get_by_role("region", name="Equity")
    expect(equity.locator("canvas").first).to_be_visible()
    expect(equity).to_contain_text(re.compile(r"[-+\d.,]+ USDT \([-+][\d.]+%\), deepest fall [\d.]+%, since \d\d "))
    equity.get_by_label("Period").select_option("All")
    expect(equity.get_by_label("Period")).to_have_value("All")
    expect(equity).to_contain_text("deepest fall")


# --- the journal ------------------------------------------------------------------------------


def test_the_journal_is_filtered_by_text_type_and_order(ana: Person) -> None:
    made = ana.console.api("/buy BTC/USDT 0.003 58000")
    journal = ana.page.get_by_role("region", name="Journal")
    entries = journal.locator("li")
    expect(entries.first).to_contain_text("CommandRun")
    expect(entries.filter(has_text=made["order_id"][:6]).first).to_be_visible()
    journal.get_by_label("Type of entry").select_option("OrderInitialized")
    expect(entries.locator("b").filter(has_not_text="OrderInitialized")).to_have_count(0)
    expect(entries.first).to_contain_text("/buy BTC/USDT 0.003 58000")
    journal.get_by_label("Text in the journal").fill("0.003 58000")
    expect(entries).to_have_count(1)
    entries.get_by_role("button").click()
    expect(journal.get_by_label("Order id")).to_have_value(made["order_id"])
    expect(entries.filter(has_text="OrderAccepted")).to_have_count(1)
    expect(entries.last).to_contain_text("OrderInitialized")
    assert 2 <= entries.count() <= 4
    ana.console.api(f"/cancel {made['order_id']}")
    expect(entries.first).to_contain_text("OrderCanceled")
    journal.get_by_label("Order id").fill("zzzz")
    expect(journal).to_contain_text("There is no order 'zzzz'")
    journal.get_by_role("button", name="Clear").click()
    expect(entries.first).to_contain_text("CommandRun")


# --- the kill switch --------------------------------------------------------------------------


def test_a_kill_says_what_it_does_and_needs_a_second_press(ana: Person) -> None:
    state = ana.page.locator(".t-state")
    expect(state).to_have_text("ACTIVE")
    ana.page.get_by_role("button", name="KILL", exact=True).click()
    dialog = ana.page.get_by_role("dialog", name="Stop trading?")
    expect(dialog).to_contain_text("cancelled; positions stay, with their stops and targets.")
    expect(dialog).to_contain_text("Now: 0 open orders; no position.")
    dialog.get_by_role("button", name="Back").click()
    expect(state).to_have_text("ACTIVE")
    ana.page.get_by_role("button", name="KILL", exact=True).click()
    dialog.get_by_label("What to stop").select_option("trend")
    expect(dialog.locator("code")).to_have_text("/kill trend")
    dialog.get_by_label("What to stop").select_option("all")
    dialog.get_by_role("button", name="Kill", exact=True).click()
    expect(state).to_have_text("HALTED")
    resume(ana)


def test_to_flatten_a_word_must_be_typed(ana: Person) -> None:
    ana.console.api("/buy BTC/USDT 0.001")
    ana.page.get_by_role("button", name="KILL", exact=True).click()
    dialog = ana.page.get_by_role("dialog", name="Stop trading?")
    expect(dialog).to_contain_text("0.001 BTC/USDT")
    dialog.get_by_label("Close positions too").check()
    press = dialog.get_by_role("button", name="Kill and flatten")
    expect(press).to_be_disabled()
    dialog.get_by_label("Type FLATTEN").fill("flat")
    dialog.get_by_label("Type FLATTEN").press("Enter")
    expect(ana.page.locator(".t-state")).to_have_text("ACTIVE")
    dialog.get_by_label("Type FLATTEN").fill("flatten")
    press.click()
    expect(ana.page.locator(".t-state")).to_have_text("HALTED")
    expect(ana.page.locator(".t-line").filter(has_text="/kill flatten=yes")).to_be_visible()
    expect(ana.page.locator(".t-positions")).to_contain_text("No open positions.")
    resume(ana)


def resume(ana: Person) -> None:
    ana.page.locator(".t-bar").get_by_role("button", name="Resume").click()
    ana.page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(ana.page.locator(".t-state")).to_have_text("ACTIVE")


def test_health_is_told_and_asked_for(ana: Person) -> None:
    health = ana.page.get_by_role("button", name=re.compile("healthy|problem"))
    expect(health).to_have_text("✓ healthy")
    health.click()
    expect(line_of(ana)).to_contain_text("/health")
