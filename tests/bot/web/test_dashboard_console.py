"""The console as a person meets it: Chromium, a real desk, every word typed and every button of a reply pressed."""

import re

import pytest
from playwright.sync_api import expect

from tests.bot.web.browser import Person

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


# --- chat -----------------------------------------------------------------------------------------


def test_a_person_asks_buys_and_is_told_of_the_fill_once(ana: Person) -> None:
    assert "buy" in ana.say("/help")
    answer = ana.say("/buy BTC/USDT 0.01")
    assert "Filled 0.01" in answer
    expect(ana.last.locator(".t-reply")).to_have_class(re.compile("tone-good"))
    row = ana.page.locator(".t-positions tr").filter(has_text="BTC/USDT")
    expect(row).to_contain_text("0.01")
    row.get_by_role("button", name="Close").click()
    expect(ana.last.locator(".t-line")).to_contain_text("/close BTC/USDT account=demo")
    expect(ana.page.locator(".t-positions")).to_contain_text("No open positions.")
    assert ana.console.api("/buy ETH/USDT 0.03")["ok"]  # by somebody else: told, after whatever was to be told before
    expect(ana.page.locator(".t-news.tone-good").filter(has_text="Filled 0.03")).to_be_visible()
    expect(ana.page.locator(".t-news").filter(has_text="Filled 0.01")).to_have_count(0)
    ana.console.api("/close all")


def test_what_others_do_arrives_unasked(ana: Person) -> None:
    reply = ana.console.api("/buy ETH/USDT 0.02")
    assert reply["ok"]
    expect(ana.page.locator(".t-news").filter(has_text="Filled 0.02")).to_be_visible()
    denied = ana.console.api("/buy ETH/USDT $100000")
    assert not denied["ok"]
    expect(ana.page.locator(".t-news.tone-bad").filter(has_text="Denied")).to_be_visible()
    ana.console.api("/close all")


def test_a_refusal_is_told_with_its_remedy_and_its_tone(ana: Person) -> None:
    answer = ana.say("/buy BTC/USD 1")
    assert "BTC/USDT" in answer
    expect(ana.last.locator(".t-reply")).to_have_class(re.compile("tone-bad"))


def test_text_that_looks_like_html_is_shown_and_not_run(ana: Person) -> None:
    hostile = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>{{ 7*7 }}"
    answer = ana.say(f"/{hostile}")
    expect(ana.last.locator(".t-line")).to_contain_text(hostile)
    assert "<img" in answer
    ana.say(f"/lock BTC/USDT 90s {hostile}")
    ana.prompt.press_sequentially(f"/{hostile}")
    assert ana.page.title() == "Tiller"
    assert ana.page.locator(".t-main img").count() == 0
    assert ana.page.locator(".t-main script").count() == 0


def test_a_button_of_a_reply_sends_its_line(ana: Person) -> None:
    ana.say("/price BTC/USDT")
    ana.last.get_by_role("button", name="Chart").click()
    expect(ana.last.locator(".t-line")).to_contain_text("/chart BTC/USDT")
    expect(ana.last.locator("img")).to_be_visible()
    assert ana.last.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") == 1000


def test_news_that_want_an_answer_have_buttons(ana: Person) -> None:
    ana.console.begin("stranger")
    ana.console.end()
    news = ana.page.locator(".t-news").filter(has_text="telegram:999 asks to be let in")
    news.get_by_role("button", name="Let in as viewer").click()
    expect(ana.last.locator(".t-line")).to_contain_text("/users approve=telegram:999 role=viewer")
    expect(news.get_by_role("button")).to_have_count(0)
    expect(ana.last.locator(".t-reply:not(.t-wait)")).to_contain_text("telegram:999")


def test_going_live_asks_for_its_phrase_in_the_chat(ana: Person) -> None:
    ana.say("/mode demo live 15m")
    ana.last.get_by_label("Type the phrase").fill(ana.last.get_by_label("Type the phrase").get_attribute("placeholder"))
    ana.last.locator("form button").click()
    expect(ana.page.locator(".t-mode.live")).to_have_text("LIVE")
    ana.say("/mode demo paper")
    expect(ana.page.locator(".t-mode")).to_have_text("PAPER")


def test_a_line_whose_answer_was_lost_is_asked_for_again_and_not_done_again(ana: Person) -> None:
    """As after a connection that broke in between: the desk has the line, the page has no answer."""
    done = ana.console.api("/buy BTC/USDT 0.006", key="web:abc")
    entry = {"kind": "line", "line": "/buy BTC/USDT 0.006", "key": "abc", "at": "", "reply": None}
    ana.page.evaluate(
        """entry => {
            const kept = JSON.parse(sessionStorage.getItem("tiller.chat"));
            addEventListener("pagehide", () => sessionStorage.setItem("tiller.chat", JSON.stringify(kept)));
            kept.entries.push(entry);
        }""",
        entry,
    )
    ana.page.reload()
    ana.ready()
    lost = ana.page.locator(".t-turn").filter(has_text="/buy BTC/USDT 0.006")
    lost.get_by_role("button", name="Ask for the answer").click()
    expect(lost).to_contain_text(f"Order {done['order_id']}")
    expect(ana.page.locator(".t-positions tr").filter(has_text="BTC/USDT")).to_contain_text("0.006")
    ana.console.api("/close all")


# --- the prompt -----------------------------------------------------------------------------------


def test_tab_completes_goes_on_and_arrows_choose(ana: Person) -> None:
    ana.prompt.press_sequentially("/pri")
    ana.prompt.press("Tab")
    expect(ana.prompt).to_have_value("/price ")
    ana.prompt.press_sequentially("ET")
    ana.prompt.press("Tab")
    expect(ana.prompt).to_have_value("/price ETH/USDT ")
    ana.prompt.fill("/st")
    offers = ana.page.locator(".t-offers li")
    expect(offers.first).to_contain_text("/st")
    names = [name.split()[0] for name in offers.all_inner_texts()]
    assert len(names) > 2
    ana.prompt.press("Tab")
    expect(ana.prompt).to_have_value(names[0])
    ana.prompt.press("Tab")
    expect(ana.prompt).to_have_value(names[1])
    ana.prompt.press("ArrowUp")
    expect(ana.prompt).to_have_value(names[0])
    ana.prompt.press("Shift+Tab")
    expect(ana.prompt).to_have_value(names[-1])
    sent = ana.page.locator(".t-turn").count()
    ana.prompt.press("Enter")
    expect(ana.prompt).to_have_value(f"{names[-1]} ")
    assert ana.page.locator(".t-turn").count() == sent, "Enter took the completion and sent nothing"
    ana.prompt.fill("/st")
    offers.filter(has_text=re.compile("^/status")).click()
    expect(ana.prompt).to_have_value("/status ")


def test_tab_in_the_middle_of_a_line_keeps_its_end(ana: Person) -> None:
    ana.prompt.fill("/buy BT 0.01")
    ana.prompt.evaluate("input => input.setSelectionRange(7, 7)")
    ana.prompt.press("Tab")
    expect(ana.prompt).to_have_value("/buy BTC/USDT 0.01")


def test_escape_closes_the_list_and_lets_tab_leave_the_field(ana: Person) -> None:
    ana.prompt.press_sequentially("/st")
    offers = ana.page.locator(".t-offers li")
    expect(offers.first).to_contain_text("/st")
    ana.prompt.press("Escape")
    expect(offers).to_have_count(0)
    ana.prompt.press("Tab")
    expect(ana.prompt).not_to_be_focused()


def test_the_arrows_bring_back_what_was_typed_also_after_a_reload(ana: Person) -> None:
    ana.say("/version")
    ana.say("/risk")
    ana.prompt.fill("/half")
    ana.prompt.press("ArrowUp")
    expect(ana.prompt).to_have_value("/risk")
    ana.prompt.press("ArrowUp")
    expect(ana.prompt).to_have_value("/version")
    ana.prompt.press("ArrowDown")
    ana.prompt.press("ArrowDown")
    expect(ana.prompt).to_have_value("/half")
    ana.page.reload()
    ana.ready()
    ana.prompt.press("ArrowUp")
    expect(ana.prompt).to_have_value("/risk")


def test_a_slash_or_ctrl_k_goes_to_the_line_from_anywhere(ana: Person) -> None:
    ana.page.get_by_role("button", name="Colours").focus()
    ana.page.keyboard.press("Control+k")
    expect(ana.prompt).to_be_focused()
    ana.page.get_by_label("Timeframe").focus()
    ana.page.keyboard.press("/")
    expect(ana.prompt).not_to_be_focused()
    ana.page.get_by_role("button", name="Colours").focus()
    ana.page.keyboard.press("/")
    ana.page.keyboard.type("version")
    expect(ana.prompt).to_have_value("/version")
