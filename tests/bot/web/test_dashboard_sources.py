"""The sources of alerts on their page: made, set up, used and ended by clicks; and messages tried, nothing sent."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.bot.web.browser import ACCESSIBLE, PHONE, Console, Person

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(autouse=True)
def _flat(ana: Person) -> Iterator[None]:
    """Each begins without a source, and with nothing held."""
    yield
    for line in ("/webhook pine remove", "/close all", "/cancel all"):
        ana.console.api(line)
    expect(sources(ana)).to_contain_text("None yet.")


def sources(person: Person) -> Locator:
    return person.page.locator(".t-sources")


def source(person: Person, name: str = "pine") -> Locator:
    return person.page.get_by_role("region", name=f"Source {name}", exact=True)


def make(person: Person) -> str:
    """Make a source by clicks; answers the path of its address."""
    sources(person).get_by_role("button", name="New source").click()
    form = person.page.get_by_role("form", name="New source")
    expect(form.get_by_role("button", name="Make it")).to_be_disabled()
    form.get_by_label("Name").fill("Pine")
    expect(form.get_by_label("The line")).to_have_text("/webhook pine new account=demo role=trader")
    form.get_by_role("button", name="Make it").click()
    return path(person)


def path(person: Person) -> str:
    """The path of the address that is shown, with its secret."""
    address = source(person).get_by_label("Address", exact=True)
    expect(address).to_have_text(re.compile(r"^https://YOUR-HOST/webhooks/pine/[\w-]{20,}$"))
    return address.inner_text().removeprefix("https://YOUR-HOST")


def send(console: Console, to: str, body: str) -> httpx.Response:
    return httpx.post(f"{console.url}{to}", content=body, trust_env=False)


def attempt(person: Person, body: str) -> Locator:
    """Try a message with a source; answers what is shown."""
    opener = source(person).get_by_role("button", name="Try a message")
    if opener.get_attribute("aria-expanded") != "true":
        opener.click()
    field = source(person).get_by_label("Message, as TradingView")
    field.fill(body)
    source(person).get_by_role("button", name="Show how it is read").click()
    shown = source(person).get_by_role("status", name="How it is read")
    expect(shown).to_be_visible()
    expect(shown).not_to_contain_text("has changed since")
    return shown


# --- set up -------------------------------------------------------------------------------------


def test_a_source_is_made_used_renewed_and_removed_by_clicks(ana: Person) -> None:
    ana.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first = make(ana)
    expect(source(ana)).to_contain_text("It is shown this once. Whoever has it may trade: treat it like a password.")
    source(ana).get_by_role("button", name="Copy the address").click()
    assert ana.page.evaluate("navigator.clipboard.readText()") == f"https://YOUR-HOST{first}"
    assert send(ana.console, first, "buy ETH/USDT 0.02").json()["accepted"] is True
    signal = ana.page.locator(".t-signals tbody tr").filter(has_text="buy ETH/USDT 0.02")
    expect(signal).to_contain_text(
        re.compile("pine.*executed: PAPER demo: BUY 0.02 ETH/USDT MARKET. Filled", re.DOTALL)
    )

    source(ana).get_by_role("button", name="New address").click()
    dialog = ana.page.get_by_role("dialog", name="A new address for pine?")
    expect(dialog.locator("code")).to_have_text("/webhook pine rotate")
    dialog.get_by_role("button", name="Back").click()
    assert path(ana) == first
    source(ana).get_by_role("button", name="New address").click()
    dialog.get_by_role("button", name="New address").click()
    expect(source(ana).get_by_label("Address", exact=True)).not_to_have_text(f"https://YOUR-HOST{first}")
    second = path(ana)
    assert send(ana.console, first, "buy ETH/USDT 0.03").status_code == 401
    assert send(ana.console, second, "buy ETH/USDT 0.04").status_code == 200

    source(ana).get_by_role("button", name="Remove").click()
    ana.page.get_by_role("dialog", name="Remove pine?").get_by_role("button", name="Remove").click()
    expect(source(ana)).to_have_count(0)
    assert send(ana.console, second, "buy ETH/USDT 0.05").status_code == 401


def test_a_secret_is_shown_once_and_kept_nowhere_in_the_browser(ana: Person) -> None:
    secret = make(ana).rpartition("/")[2]
    typed = re.search(r"/webhooks/other/(\S+)", ana.say("/webhook other new"))
    assert typed is not None
    ana.page.reload()
    ana.ready()
    expect(ana.page.locator(".t-turn").filter(has_text="Its address was shown once")).to_have_count(1)
    source(ana).get_by_role("button", name="Set up").click()
    expect(source(ana).get_by_label("Address", exact=True)).to_have_text("https://YOUR-HOST/webhooks/pine/***")
    expect(source(ana).get_by_role("button", name="Copy the address")).to_have_count(0)
    kept = ana.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}]) + document.body.textContent")
    assert "/webhook other" in kept
    assert secret not in kept
    assert typed[1] not in kept
    ana.console.api("/webhook other remove")


def test_the_messages_to_paste_are_those_of_the_shell(ana: Person) -> None:
    """`tiller webhook new` and the chats print these two."""
    make(ana)
    printed = ana.console.api("/webhook other new")["text"]
    ana.console.api("/webhook other remove")
    for kind, action in (("Strategy", "target"), ("Indicator buy", "buy")):
        source(ana).get_by_label("What the alert is made for").select_option(kind)
        message = source(ana).get_by_label("The message", exact=True).inner_text()
        assert json.loads(message)["action"] == action
        assert message in printed


def test_what_is_wrong_with_a_name_is_told_where_one_types(ana: Person) -> None:
    sources(ana).get_by_role("button", name="New source").click()
    form = ana.page.get_by_role("form", name="New source")
    form.get_by_label("Name").fill("a!")
    form.get_by_role("button", name="Make it").click()
    expect(sources(ana).get_by_role("alert")).to_contain_text("Write one like pine.")
    form.get_by_label("Name").fill("pine")
    form.get_by_role("button", name="Make it").click()
    expect(source(ana)).to_be_visible()
    expect(sources(ana).get_by_role("alert")).to_have_count(0)


# --- messages to try ----------------------------------------------------------------------------


def tried_by_api(console: Console, body: str) -> Any:
    headers = {"Authorization": f"Bearer {console.token}"}
    answer = httpx.post(f"{console.url}/api/v1/webhooks/pine/test", content=body, headers=headers, trust_env=False)
    return answer.json()


def test_a_message_is_read_in_the_words_of_the_shell_and_nothing_is_sent(ana: Person) -> None:
    make(ana)
    body = '{"ticker": "BINANCE:ETHUSDT", "side": "buy", "contracts": "0.01234567"}'
    shown = attempt(ana, body)
    order = "BUY 0.0123 ETH/USDT MARKET"
    for said in ("pine: trader on PAPER demo", "Read as JSON, 1 order", "/buy ETH/USDT 0.01234567", order):
        expect(shown).to_contain_text(said)
    expect(shown).to_contain_text(f"Would send: paper: {order} GTC")
    checks = re.findall(r"^pass  ([A-Z_]+): ", tried_by_api(ana.console, body)["text"], re.MULTILINE)
    assert len(checks) > 15
    assert shown.locator("details p").evaluate_all("rows => rows.map(row => row.firstChild.textContent)") == checks
    expect(shown.get_by_text("limit 1000 USDT")).to_be_visible()
    expect(ana.page.locator(".t-positions")).to_contain_text("No open positions.")
    denied = attempt(ana, "sell ETH/USDT 5\nbuy BTC/USDT 0.001")
    expect(denied.locator(".tone-bad").first).to_contain_text(re.compile(r"^DENY MAX_ORDER_VALUE.*limit 1000 USDT"))
    expect(denied).to_contain_text("It would be denied: order value")
    expect(denied).to_contain_text("Would send: paper: BUY 0.001 BTC/USDT")
    assert ana.console.api("/positions")["table"] is None
    source(ana).get_by_label("Message, as TradingView").fill("buy")
    expect(denied).to_contain_text("The message has changed since.")


PLACES = [
    ('{"action": "buy",\n "symbol": BTC}', "line 2, column 12", ("2", "B")),
    ('{"tiller": 1, "action": "buy", "symbol": "BTCUSDT",\n\n "sie": "1"}', "Did you mean size?", ("3", "sie")),
    ('[{"action": "buy", "symbol": "ETHUSDT", "size": "1"},\n{"action": "buy", "symbol": "{{ticker}}", "size": "1"}]',
     "[1].symbol: {{ticker}} was not filled in", ("2", "{{ticker}}")),
    ('[{"action": "buy", "symbol": "ETHUSDT", "size": "1"}, {"action": "buy", "symbol": "NOSUCH", "size": "1"}]',
     "[1].symbol", None),  # two are called so: better no place than a wrong one
    ('\n\n{"action": "target", "symbol": "BTCUSDT",\n"position": "up"}', "position", ("2", "position")),
    ("buy ETH/USDT 1\nbuy {{ticker}} 1", "line 2: {{ticker}} was not filled in", ("2", "buy {{ticker}} 1")),
    ("SYMBOL=ETHUSDT\nSIGNAL=BUY\nVOLUME=lots", "line 3, VOLUME", ("3", "VOLUME")),
    ("L1,buy,NOSUCH,vol_lots=0.1", "part 3", ("1", "NOSUCH")),
]  # fmt: skip


def test_a_refused_message_shows_the_place_in_its_text(ana: Person) -> None:
    make(ana)
    for body, told, place in PLACES:
        shown = attempt(ana, body)
        expect(shown).to_contain_text(told)
        marked = shown.locator(".t-place")
        if place is None:
            expect(marked).to_have_count(0)
            continue
        expect(marked.locator("mark")).to_have_text(place[1])
        expect(marked.locator("span")).to_have_text(place[0])


def test_a_message_is_text_and_never_markup_and_may_not_be_too_long(ana: Person) -> None:
    make(ana)
    hostile = '{"action": "<img src=x onerror=alert(1)>",\n "symbol": "BTC/USDT", "size": "1"}'
    expect(attempt(ana, hostile)).to_contain_text("is not an action")
    assert sources(ana).locator("img").count() == 0
    expect(attempt(ana, "x" * 70_000)).to_contain_text("over 64 KiB")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_it_can_be_read_and_pressed_on_a_phone(ana: Person, browser: Browser, colours: Any) -> None:
    make(ana)
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True, color_scheme=colours)
    bob = Person(context, ana.console).sign_in()
    bob.page.locator(".t-tabs").get_by_role("button", name="Journal").tap()
    attempt(bob, '{"tiller": 1, "action": "buy", "symbol": "BTCUSDT", "sie": "1"}')
    expect(source(bob).locator("mark")).to_have_text("sie")
    assert bob.page.evaluate(ACCESSIBLE) == {"unnamed": [], "faint": []}
    shown = attempt(bob, "sell ETH/USDT 5")
    expect(shown.locator(".tone-bad").first).to_contain_text("MAX_ORDER_VALUE")
    shown.locator("summary").tap()
    expect(shown.get_by_text("PRICE_BAND")).to_be_visible()
    assert bob.page.evaluate(ACCESSIBLE) == {"unnamed": [], "faint": []}
    source(bob).get_by_role("button", name="Set up").tap()
    expect(source(bob).get_by_label("The message", exact=True)).to_be_visible()
    assert bob.page.evaluate(ACCESSIBLE) == {"unnamed": [], "faint": []}
    assert bob.page.locator(".t-books").evaluate("box => box.scrollWidth <= box.clientWidth"), "it scrolls sideways"
    for button in sources(bob).get_by_role("button").all():
        box = button.bounding_box() if button.is_visible() else None
        assert box is None or (box["height"] >= 40 and box["x"] + box["width"] <= PHONE["width"])
    assert bob.complaints == []
    context.close()
