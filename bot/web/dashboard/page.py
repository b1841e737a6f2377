"""The one page: the console on one side, the market and the books beside it; on a phone, one tab at a time."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fastapi import Request
from nicegui import ui
from nicegui.element import Element

from bot.web.dashboard.panels.bar import Bar
from bot.web.dashboard.panels.card import Panel, card
from bot.web.dashboard.panels.chat import Chat, Prompt
from bot.web.dashboard.panels.grid import Grid, Signals
from bot.web.dashboard.panels.journal import Journal
from bot.web.dashboard.panels.market import MarketPanel
from bot.web.dashboard.panels.meters import Meters
from bot.web.dashboard.panels.sources import Sources
from bot.web.dashboard.panels.ticket import Ticket
from bot.web.dashboard.panels.worth import WorthPanel
from bot.web.dashboard.view import books, records, top
from bot.web.dashboard.view.limits import limits
from bot.web.dashboard.view.market import MarketView
from bot.web.dashboard.view.sources import pasted, sources
from bot.web.dashboard.view.ticket import ticket
from bot.web.dashboard.view.worth import WorthView
from bot.web.dashboard.visitor import Visitor
from trading.errors import TradingError

TICK_S = 0.3  # how soon the books follow the journal
TICKS = 3  # of which everything follows the prices
STYLES = ("page", "panels", "console", "sources", "phone")  # in this order: what a phone changes comes last
STYLE = "\n".join((Path(__file__).parent / "css" / f"{name}.css").read_text() for name in STYLES)
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='#1b2530'/>"
    "<path d='M7 22 L13 14 L18 18 L25 8' fill='none' stroke='#5aa2ff' stroke-width='3.2' stroke-linecap='round' "
    "stroke-linejoin='round'/></svg>"
)
HEAD = (
    "<script>document.documentElement.lang = 'en';"
    "document.documentElement.dataset.theme = localStorage.getItem('tiller.theme') || 'system'</script>"
    f"<style>{STYLE}</style>"
)
SEEN = "<script>document.addEventListener('visibilitychange', () => emitEvent('seen', !document.hidden))</script>"
TABS = {"chat": "Console", "trade": "Trade", "books": "Books", "risk": "Risk", "log": "Journal"}


class Tabs(Element, component="js/tabs.js"):
    """Where to look on a phone."""

    def __init__(self) -> None:
        super().__init__()
        self.props["tabs"] = TABS


@ui.page("/")
def dashboard(request: Request) -> None:
    """Built for each browser that opens it; `Gate` has put the visitor into the request."""
    visitor: Visitor = request.state.visitor
    ui.add_head_html(HEAD)
    app = visitor.app
    bar = Bar(
        visitor.actor.name,
        visitor.trades,
        lambda: {"desk": top.desk(app), "health": top.health(app), "stakes": top.kill(app)},
    )
    with ui.element("div").classes("t-main").props("id=main data-tab=chat"):
        with card("Console", "side", "chat"):
            Chat(visitor)
            Prompt(visitor)
        with ui.element("div").classes("t-books"):
            with ui.element("div").classes("t-column"):
                quick, slow = _middle(visitor)
            with ui.element("div").classes("t-column"):
                more_quick, more_slow = _side(visitor)
    Tabs()
    _follow(visitor, [bar, *quick, *more_quick], [*slow, *more_slow])


Panels = tuple[Sequence[Panel], Sequence[Panel]]
"""Those that follow the journal at once, and those for which a second is soon enough."""


def _middle(visitor: Visitor) -> Panels:
    app = visitor.app
    market = MarketPanel(MarketView(app))
    with card("Positions", "positions", "books"):
        positions = Grid(books.POSITIONS, "No open positions.", lambda: books.positions(app, visitor.trades))
    with card("Open orders", "orders", "books"):
        orders = Grid(books.ORDERS, "No open orders.", lambda: books.orders(app, visitor.trades))
    with card("Signals and alerts", "signals", "log"):
        signals = Signals(
            records.SIGNALS,
            "No signals yet.",
            lambda: records.signals(app, visitor.trades),
            lambda: app.book.journal.last_seq,
        )
        known = [Sources(lambda: sources(app), pasted(), visitor.run, visitor.try_alert)] if visitor.rules else []
    with card("Journal", "log", "log"):
        journal = Journal(records.JournalView(app), records.TYPES)
    return [positions, orders], [market, signals, *known, journal]


def _side(visitor: Visitor) -> Panels:
    app = visitor.app
    form: Sequence[Panel] = ()
    if visitor.trades:
        with card("Order", "form", "trade"):
            form = [Ticket(lambda: ticket(app), visitor.run)]
    equity = WorthPanel(WorthView(app))
    with card("Risk limits", "risk", "risk"):
        meters = Meters(lambda: limits(app))
    with card("Strategies", "strategies", "books"):
        strategies = Grid(
            books.STRATEGIES, "No strategies are configured.", lambda: books.strategies(app, visitor.trades)
        )
    with card("Balances", "balances", "books"):
        balances = Grid(books.BALANCES, "Nothing is held.", lambda: books.balances(app))
    return [strategies, balances], [*form, equity, meters]


def _follow(visitor: Visitor, quick: Sequence[Panel], slow: Sequence[Panel]) -> None:
    """Refresh the panels while somebody looks: everything about once a second, the books as the journal grows."""
    book, role = visitor.app.book, visitor.actor.role
    turn, seen = 0, -1

    async def refresh() -> None:
        nonlocal turn, seen
        last, turn = book.journal.last_seq, turn + 1
        whole = turn % TICKS == 1
        if not whole and last == seen:
            return
        if not await visitor.may_stay():
            timer.cancel()
            ui.navigate.to("/login")
            return
        if visitor.actor.role != role:  # what may be pressed is another now
            timer.cancel()
            ui.navigate.reload()
            return
        seen = last
        for panel in quick:
            await panel.refresh()
        for panel in slow if whole and not visitor.app.not_accepting else ():
            with suppress(TradingError):  # the journal cannot be read now: the next second asks again
                await panel.refresh()

    timer = ui.timer(TICK_S, refresh)
    ui.on("seen", lambda event: timer.activate() if event.args else timer.deactivate())
    ui.add_body_html(SEEN)
