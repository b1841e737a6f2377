"""The page under load: thousands of orders in the journal, hundreds of events a second, and a person who works on."""

import pytest
from playwright.sync_api import Browser, expect

from tests.bot.web.browser import DESK, Console, Person

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ORDERS = 10_000
STORM_S = 4
LOADED_S = 2.0
ANSWERED_MS = 200

WATCH = """() => {
    window.late = [];
    let last = performance.now();
    window.watching = setInterval(() => {
        const now = performance.now();
        window.late.push(now - last - 10);
        last = now;
    }, 10);
}"""
"""Notes how much later than asked for the main thread comes to each of its turns, in milliseconds."""


@pytest.fixture(scope="module")
def busy(console: Console) -> Console:
    """A desk with many orders in its journal."""
    console.begin(f"orders {ORDERS}")
    console.end()
    return console


def test_the_page_is_there_within_two_seconds(browser: Browser, busy: Console) -> None:
    context = browser.new_context(viewport=DESK)
    bob = Person(context, busy).sign_in()
    bob.page.reload()
    for part in (".t-positions p", ".t-entries li >> nth=50", ".t-market canvas >> nth=0", ".t-equity canvas >> nth=0"):
        expect(bob.page.locator(part)).to_be_visible()
    spent = bob.page.evaluate("performance.now()") / 1000
    assert spent < LOADED_S, "from the request to everything drawn, in seconds"
    assert bob.complaints == []
    context.close()


def test_the_page_answers_while_events_rain(browser: Browser, busy: Console) -> None:
    context = browser.new_context(viewport=DESK)
    bob = Person(context, busy).sign_in()
    sent: list[str | bytes] = []
    bob.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(frame)))
    bob.page.reload()
    bob.ready()
    before = len(sent)
    bob.page.evaluate(WATCH)
    busy.begin(f"storm {STORM_S}")
    expect(bob.page.locator(".t-news").filter(has_text="more alerts are in the journal").first).to_be_attached()
    assert "Tiller" in bob.say("/version")
    bob.prompt.fill("/buy BTC/USDT 0.001")
    bob.page.get_by_role("region", name="Journal").get_by_label("Type of entry").select_option("OrderDenied")
    busy.end()
    expect(bob.page.locator(".t-entries li b").first).to_have_text("OrderDenied")
    late = sorted(bob.page.evaluate("clearInterval(window.watching), window.late"))
    assert late[int(len(late) * 0.99)] < ANSWERED_MS, "the main thread was busy for longer"
    assert late[-1] < 5 * ANSWERED_MS
    assert (len(sent) - before) / STORM_S < 20, "updates are put together, not sent one by one"
    assert bob.page.locator(".t-news, .t-turn").count() <= 150
    assert bob.page.locator(".t-entries li").count() <= 100
    assert bob.complaints == []
    context.close()
