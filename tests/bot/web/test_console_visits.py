"""Who gets to the console, from where, on what, and what a broken connection does."""

from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.bot.web.browser import DESK, PHONE, Console, Person

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_nothing_is_asked_of_anybody_else(ana: Person) -> None:
    expect(ana.page.locator(".t-market canvas").first).to_be_visible()
    assert len(ana.asked) > 10
    elsewhere = [url for url in ana.asked if urlsplit(url).scheme != "data" and urlsplit(url).port != ana.console.port]
    assert elsewhere == []
    assert all(urlsplit(url).hostname == "127.0.0.1" for url in ana.asked if urlsplit(url).scheme != "data")


def test_a_phone_has_one_column_with_tabs_and_no_sideways_scroll(browser: Browser, console: Console) -> None:
    console.api("/buy BTC/USDT 0.003 sl=50000 tp=70000")
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    bob = Person(context, console).sign_in()
    for tab, shown, hidden in (
        ("Chat", ".t-prompt", ".t-market"),
        ("Market", ".t-market", ".t-prompt"),
        ("Books", ".t-positions", ".t-market"),
    ):
        bob.page.locator(".t-tabs").get_by_role("button", name=tab).tap()
        expect(bob.page.locator(shown)).to_be_visible()
        expect(bob.page.locator(hidden)).to_be_hidden()
        assert bob.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    for button in bob.page.locator(".t-acts button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 40
        assert box["x"] + box["width"] <= PHONE["width"]
    context.close()
    console.api("/close all")


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


def test_who_may_only_look_has_nothing_to_press(browser: Browser, console: Console) -> None:
    console.api("/buy BTC/USDT 0.004")
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.goto(f"{console.url}/login")
    page.get_by_label("Token").fill(console.viewer)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".t-positions")).to_contain_text("BTC/USDT")
    expect(page.get_by_role("button", name="KILL")).to_have_count(0)
    expect(page.get_by_role("button", name="Close")).to_have_count(0)
    console.revoke()
    expect(page).to_have_url(f"{console.url}/login", timeout=10_000)
    context.close()
    console.api("/close all")


def test_after_a_restart_of_the_desk_the_page_comes_back_and_has_missed_nothing(ana: Person) -> None:
    ana.say("/buy BTC/USDT 0.005")
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
    expect(ana.page.locator(".t-turn").filter(has_text="Filled 0.005")).to_have_count(1)
    expect(shown.filter(has_text="BUY")).to_have_count(1)
    expect(shown.filter(has_text="SELL")).to_have_count(1)
    ana.complaints.clear()  # a browser says that a connection was refused
