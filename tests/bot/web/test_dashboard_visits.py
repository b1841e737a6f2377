"""Who gets to the console, from where, on what, and what a broken connection does."""

import re
from typing import Literal
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.bot.web.browser import ACCESSIBLE, DESK, PHONE, Console, Person

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_nothing_is_asked_of_anybody_else(ana: Person) -> None:
    expect(ana.page.locator(".t-market canvas").first).to_be_visible()
    assert len(ana.asked) > 10
    elsewhere = [url for url in ana.asked if urlsplit(url).scheme != "data" and urlsplit(url).port != ana.console.port]
    assert elsewhere == []
    assert all(urlsplit(url).hostname == "127.0.0.1" for url in ana.asked if urlsplit(url).scheme != "data")


TABS = {
    "Console": (".t-prompt", ".t-market"),
    "Trade": (".t-ticket", ".t-prompt"),
    "Books": (".t-positions", ".t-market"),
    "Risk": (".t-meters", ".t-positions"),
    "Journal": (".t-entries", ".t-meters"),
}
"""For each tab of a phone something that is seen there, and something that is not."""


def test_a_phone_has_one_column_with_tabs_and_no_sideways_scroll(browser: Browser, console: Console) -> None:
    console.api("/buy BTC/USDT 0.003 sl=50000 tp=70000")
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    bob = Person(context, console).sign_in()
    for tab, (shown, hidden) in TABS.items():
        press = bob.page.locator(".t-tabs").get_by_role("button", name=tab)
        press.tap()
        expect(press).to_have_attribute("aria-current", "page")
        expect(bob.page.locator(shown)).to_be_visible()
        expect(bob.page.locator(hidden)).to_be_hidden()
        assert bob.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        for column in bob.page.locator(".t-books:visible, .t-column:visible, .t-entries:visible").all():
            assert column.evaluate("box => box.scrollWidth <= box.clientWidth"), f"{tab} scrolls sideways"
        for button in bob.page.locator(".t-books button:visible:not(.t-link), .t-books select:visible").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 40
            assert box["x"] + box["width"] <= PHONE["width"]
    assert bob.complaints == []
    context.close()
    console.api("/close all")


def test_on_a_laptop_nothing_is_covered_and_the_page_itself_never_scrolls(browser: Browser, console: Console) -> None:
    for line in ("/buy SOL/USDT 4.123 sl=101.25 tp=299.75", "/buy BTC/USDT 0.0136", "/buy BTC/USDT 0.00454 55000"):
        console.api(line)
    alerts = re.search(r"/webhooks/wide/\S+", console.api("/webhook wide new")["text"])
    assert alerts is not None
    assert httpx.post(f"{console.url}{alerts[0]}", content="close SOL/USDT 50%", trust_env=False).is_success
    context = browser.new_context(viewport={"width": 1280, "height": 600})
    bob = Person(context, console).sign_in()
    expect(bob.page.locator(".t-positions tbody tr")).to_have_count(2)
    expect(bob.page.locator(".t-orders tbody tr")).to_have_count(3)
    expect(bob.page.locator(".t-signals tbody tr").filter(has_text="close SOL/USDT")).to_contain_text("executed")
    for table in bob.page.locator(".t-grid .t-wide").all():
        assert table.evaluate("box => box.scrollWidth <= box.clientWidth"), "its buttons cover what stands beside them"
    for part in (".t-foot", ".t-balances", ".t-orders button >> nth=-1"):
        bob.page.locator(part).evaluate("part => part.scrollIntoView({block: 'start'})")
        assert bob.page.locator(".t-bar").evaluate("bar => bar.getBoundingClientRect().top") == 0
    context.close()
    for line in ("/webhook wide remove", "/close all", "/cancel all"):
        console.api(line)


def test_who_has_killed_from_a_phone_finds_both_ways_on_beside_each_other(browser: Browser, console: Console) -> None:
    console.api("/kill")
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    bob = Person(context, console).sign_in()
    boxes = [bob.page.locator(name).bounding_box() for name in (".t-state", ".t-resume", ".t-kill")]
    middles = [box["y"] + box["height"] / 2 for box in boxes if box is not None]
    assert max(middles) - min(middles) < 2, "one row"
    context.close()
    console.api("/resume")


def test_a_press_on_a_phone_is_answered_and_confirmed_where_one_looks(browser: Browser, console: Console) -> None:
    """Live orders are confirmed: the card comes up over the order form, with its two buttons."""
    card = console.api("/mode demo live 15m")
    console.api(f"/confirm {card['buttons'][0]['line'].split()[1]} {card['phrase']}")
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    bob = Person(context, console).sign_in()
    expect(bob.page.locator(".t-mode.live")).to_have_text("LIVE")
    bob.page.locator(".t-tabs").get_by_role("button", name="Trade").tap()
    bob.page.get_by_placeholder("0.01").fill("0.004")
    bob.page.locator(".t-ticket").get_by_role("button", name="Buy", exact=True).tap()
    sheet = bob.page.get_by_role("complementary", name="Answer")
    expect(sheet).to_contain_text("LIVE demo: BUY 0.004 BTC/USDT")
    expect(sheet.get_by_role("button", name="Reject")).to_be_visible()
    sheet.get_by_role("button", name="Confirm").tap()
    expect(sheet).to_contain_text("Filled 0.004")
    sheet.get_by_role("button", name="Close", exact=True).tap()
    expect(sheet).to_have_count(0)
    bob.page.locator(".t-tabs").get_by_role("button", name="Books").tap()
    expect(bob.page.locator(".t-positions tbody tr").filter(has_text="LIVE demo")).to_contain_text("0.004")
    context.close()
    for line in ("/kill flatten=yes", "/resume", "/mode demo paper"):
        console.api(line)


def test_a_viewers_link_from_chat_opens_a_dashboard_where_nothing_can_be_changed(
    browser: Browser, console: Console
) -> None:
    context = browser.new_context(viewport=DESK)
    vic = Person(context, console)
    vic.page.goto(console.link("ask"))
    vic.ready()
    expect(vic.page.get_by_role("link", name="Sign out")).to_have_attribute("title", re.compile("vic"))
    expect(vic.page.get_by_role("button", name="KILL")).to_have_count(0)
    expect(vic.page.locator(".t-ticket")).to_have_count(0)
    assert "needs trader; you are viewer" in vic.say("/buy BTC/USDT 0.001")
    assert "You are person:vic" in vic.say("/whoami")
    own = vic.say("/link")
    assert "person:vic, viewer, and works once" in own
    vic.page.reload()
    vic.ready()
    kept = vic.page.locator(".t-turn").last
    expect(kept).to_contain_text("The link was shown once; another: /link")
    assert "login?link=" not in vic.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert vic.complaints == []
    context.close()


def test_without_a_session_there_is_no_page_and_no_socket(browser: Browser, console: Console) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(console.url)
    expect(page).to_have_url(f"{console.url}/login")
    link = console.link()
    page.goto(link)
    expect(page).to_have_url(f"{console.url}/")
    policy = page.goto(console.url).headers["content-security-policy"]  # type: ignore[union-attr]
    assert "default-src 'none'" in policy
    assert "http" not in policy.replace("http-equiv", "")
    context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("used already")
    page.get_by_label("Token").fill(console.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".t-prompt")).to_be_visible()
    cookie = context.cookies()[0]
    context.close()
    with httpx.Client(base_url=console.url, trust_env=False) as client:
        handshake = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
        assert client.get(handshake).status_code == 401
        client.cookies.set("tiller", str(cookie.get("value")))
        assert client.get(handshake).status_code == 200
        foreign = client.get(handshake, headers={"Origin": "http://127.0.0.1:9"})
        assert foreign.status_code == 403, "another port of this machine is another origin"
        assert client.get(handshake, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
        assert client.get("/favicon.ico").status_code == 404
        assert client.get("/api/v1/nothing").json()["error"] == "NOT_FOUND"
        refused = client.put("/api/v1/orders")
        assert refused.json()["error"] == "METHOD_NOT_ALLOWED", "the page hears of it first"
        assert refused.headers["allow"] == "GET, POST"


def test_who_may_only_look_has_nothing_to_press(browser: Browser, console: Console) -> None:
    console.api("/buy BTC/USDT 0.004")
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.goto(f"{console.url}/login")
    page.get_by_label("Token").fill(console.viewer)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".t-positions")).to_contain_text("BTC/USDT")
    expect(page.get_by_role("button", name="KILL", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Close")).to_have_count(0)
    expect(page.locator(".t-ticket")).to_have_count(0)
    expect(page.locator(".t-acts")).to_have_count(0)
    expect(page.locator(".t-sources")).to_have_count(0)
    console.revoke()
    expect(page).to_have_url(f"{console.url}/login", timeout=10_000)
    context.close()
    console.api("/close all")


def test_after_a_restart_of_the_desk_the_page_comes_back_and_has_missed_nothing(ana: Person) -> None:
    ana.say("/price ETH/USDT")
    assert ana.console.api("/buy BTC/USDT 0.005")["ok"]
    shown = ana.page.locator(".t-news").filter(has_text="Filled 0.005")
    expect(shown).to_have_count(1)
    expect(ana.page.locator(".t-positions").get_by_role("button", name="Close")).to_be_visible()
    ana.console.stop()
    expect(ana.page.locator(".t-online.off")).to_be_visible()
    ana.prompt.fill("/sell BTC/USDT 0.005")
    ana.prompt.press("Enter")
    expect(ana.page.get_by_role("alert")).to_contain_text("nothing was sent")
    ana.prompt.press_sequentially(" ")
    expect(ana.page.get_by_role("alert")).to_have_count(0)
    ana.page.locator(".t-positions").get_by_role("button", name="Close").first.click()
    expect(ana.page.get_by_role("alert")).to_contain_text("nothing was sent")
    ana.console.start()
    ana.console.api("/close BTC/USDT")
    ana.ready()
    expect(ana.page.locator(".t-turn").filter(has_text="/price ETH/USDT")).to_have_count(1)
    expect(shown.filter(has_text="BUY")).to_have_count(1)
    expect(shown.filter(has_text="SELL")).to_have_count(1)
    ana.complaints.clear()  # a browser says that a connection was refused


# --- for everybody ----------------------------------------------------------------------------


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everything_has_a_name_and_can_be_told_from_its_ground(ana: Person, colours: Literal["light", "dark"]) -> None:
    ana.console.api("/buy BTC/USDT 0.003 sl=50000 tp=70000")
    ana.page.emulate_media(color_scheme=colours)
    expect(ana.page.locator(".t-positions tbody tr")).to_have_count(1)
    assert ana.page.evaluate(ACCESSIBLE) == {"unnamed": [], "faint": []}
    ana.page.emulate_media(color_scheme="dark")
    ana.console.api("/close all")


def test_the_colours_follow_the_system_and_can_be_chosen(ana: Person) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    dark = ana.page.evaluate(background)
    ana.page.emulate_media(color_scheme="light")
    light = ana.page.evaluate(background)
    assert light != dark
    ana.page.get_by_role("button", name="Colours").click()
    assert ana.page.evaluate(background) == dark
    ana.page.reload()
    ana.ready()
    assert ana.page.evaluate(background) == dark, "the choice is kept"
    ana.page.emulate_media(color_scheme="dark")
