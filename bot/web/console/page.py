"""The console's one page: chat on one side, the market and the books on the other; on a phone, one tab at a time."""

from pathlib import Path

from fastapi import Request
from nicegui import ui

from bot.web.console.chat import Chat, Prompt
from bot.web.console.market import MarketPanel
from bot.web.console.panels import Bar, EquityPanel, grids
from bot.web.console.visitor import Visitor

REFRESH_S = 1.0
STYLE = (Path(__file__).parent / "console.css").read_text()
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='#1b2530'/>"
    "<path d='M7 22 L13 14 L18 18 L25 8' fill='none' stroke='#5aa2ff' stroke-width='3.2' stroke-linecap='round' "
    "stroke-linejoin='round'/></svg>"
)
HEAD = (
    "<script>document.documentElement.dataset.theme = localStorage.getItem('tiller.theme') || 'system'</script>"
    f"<style>{STYLE}</style>"
)
TABS = {"chat": "Chat", "market": "Market", "books": "Books"}


@ui.page("/")
def console(request: Request) -> None:
    """Built for each browser that opens it; `Gate` has put the visitor into the request."""
    visitor: Visitor = request.state.visitor
    ui.add_head_html(HEAD)
    bar = Bar(visitor)
    with ui.element("main").classes("t-main").props("id=main data-tab=chat"):
        with ui.element("section").classes("t-card t-side"):
            Chat(visitor)
            Prompt(visitor)
        with ui.element("div").classes("t-books"):
            market = MarketPanel(visitor.app)
            tables = grids(visitor)
            equity = EquityPanel(visitor.app)
    _tabs()

    async def refresh() -> None:
        if not await visitor.may_stay():
            timer.cancel()
            ui.navigate.to("/login")
            return
        bar.refresh()
        for table in tables:
            table.refresh()
        if not visitor.app.not_accepting:
            await market.refresh()
            await equity.refresh()

    timer = ui.timer(REFRESH_S, refresh)
    ui.on("seen", lambda event: timer.activate() if event.args else timer.deactivate())
    ui.add_body_html(
        "<script>document.addEventListener('visibilitychange', () => emitEvent('seen', !document.hidden))</script>"
    )


def _tabs() -> None:
    """Where to look on a phone; the style sheet shows what belongs to the tab."""
    with ui.element("nav").classes("t-tabs"):
        for name, label in TABS.items():
            show = f"() => {{ document.getElementById('main').dataset.tab = '{name}'; }}"
            ui.element("button").props(f'type=button data-for={name} innerText="{label}"').on("click", js_handler=show)
