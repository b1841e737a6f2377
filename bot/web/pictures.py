"""`python -m bot.web.pictures [FOLDER]`: the dashboard as the README shows it, from a desk that is started for it.

Needs Chromium and the development requirements; nothing outside this machine.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from bot.app import App
from bot.logs import LogTail
from bot.settings.loading import load
from bot.web.dashboard.mount import add_dashboard
from bot.web.server import WebServer, build_server
from trading.clock import SystemClock
from trading.errors import ConfigError
from trading.instruments import Symbol, trap_floats
from trading.journal.store import open_journal

FOLDER = Path("docs/pictures")
MARKET = {"TILLER_MARKET__SPEED": "30", "TILLER_MARKET__INTERVAL_S": "0.5", "TILLER_MARKET__SEED": "7"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
DESK, PHONE = ViewportSize(width=1440, height=1160), ViewportSize(width=390, height=844)
Colours = Literal["dark", "light"]
FIRST = ("/buy ETH/USDT $400", "/buy SOL/USDT $5000")
THEN = ("/buy BTC/USDT 0.012 sl=58000 tp=66000", "/buy BTC/USDT $250 {below}", "/positions")
BELOW = Decimal("0.996")  # of the price
SAID_S = 1.0  # between two lines
WATCHED_S = 60.0  # so that there is something to show


async def take(folder: Path) -> Sequence[Path]:
    """Write the pictures into `folder`; answers their paths.

    Raises:
        ConfigError: there is no Chromium.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise ConfigError("Chromium is not installed.", "apt-get install chromium")
    trap_floats()
    with tempfile.TemporaryDirectory() as scratch:
        settings = load(None, Path(scratch), 0, MARKET)
        async with await open_journal(settings.database.url) as store, async_playwright() as playwright:
            app = App(settings, store, SystemClock(), LogTail())
            web = WebServer("127.0.0.1", 0)
            server = build_server(app)
            add_dashboard(server, app)
            await web.start(server)
            await app.start()
            browser = await playwright.chromium.launch(executable_path=found, args=list(FLAGS))
            taken = await _tour(browser, app, web.url, folder)
            await browser.close()
            await app.stop("the pictures are taken")
            await web.stop()
    return taken


async def _tour(browser: Browser, app: App, url: str, folder: Path) -> Sequence[Path]:
    page = await _open(browser, app, url, DESK, "dark")
    for line in FIRST:
        await _say(page, line)
    await asyncio.sleep(WATCHED_S)
    below = _below(app)
    for line in THEN:
        await _say(page, line.format(below=below))
        await asyncio.sleep(SAID_S)
    ticket = page.locator(".t-ticket")
    await ticket.get_by_label("Type").select_option("limit")
    await ticket.get_by_placeholder("0.01").fill("0.01")
    await ticket.get_by_label("Limit price").fill(str(below))
    await page.get_by_label("Command", exact=True).press_sequentially("/cl", delay=30)
    await page.locator(".t-offers li").first.wait_for()
    taken = [await _shoot(page, folder / "console-dark.png")]
    await page.emulate_media(color_scheme="light")
    taken.append(await _shoot(page, folder / "console-light.png"))
    phone = await _open(browser, app, url, PHONE, "dark")
    await phone.get_by_role("button", name="Trade", exact=True).tap()
    await phone.locator(".t-market canvas").first.wait_for()
    await asyncio.sleep(SAID_S)
    taken.append(await _shoot(phone, folder / "phone.png"))
    await phone.get_by_role("button", name="Books", exact=True).tap()
    await phone.locator(".t-positions tbody tr").first.wait_for()
    taken.append(await _shoot(phone, folder / "phone-books.png"))
    return taken


def _below(app: App) -> Decimal:
    """A price somewhat below the market's, so that an order at it waits."""
    shown = app.desk.markets["demo"].quote(Symbol("BTC/USDT"))
    assert shown is not None, "a desk that has started shows prices"
    return (shown.bid * BELOW).quantize(Decimal(1))


async def _open(browser: Browser, app: App, url: str, size: ViewportSize, colours: Colours) -> Page:
    small = size is PHONE
    context = await browser.new_context(
        viewport=size, color_scheme=colours, is_mobile=small, has_touch=small, device_scale_factor=2 if small else 1
    )
    page = await context.new_page()
    await page.goto(f"{url}/login?link={app.tokens.link()}")
    await page.locator(".t-online:not(.off)").wait_for(state="attached")
    return page


async def _say(page: Page, line: str) -> None:
    turns = await page.locator(".t-turn").count()
    await page.get_by_label("Command", exact=True).fill(line)
    await page.get_by_label("Command", exact=True).press("Enter")
    await page.locator(".t-turn").nth(turns).locator(".t-reply:not(.t-wait)").wait_for()


async def _shoot(page: Page, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await page.screenshot(path=path)
    return path


if __name__ == "__main__":
    for written in asyncio.run(take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)):
        sys.stdout.write(f"{written}\n")
