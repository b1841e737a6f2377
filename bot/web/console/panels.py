"""The panels of the books: what is held, open, running and worth. Each is sent again only when it changed."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui
from nicegui.element import Element

from bot.app import App
from bot.web.console import view
from bot.web.console.charts import Chart, curve
from bot.web.console.visitor import Visitor
from trading.intent import AccountId

Shape = dict[str, Any]
SAMPLES = 500
SEEN = 720  # an hour of points
CURVE_EVERY = 5  # refreshes, that is seconds


class Bar(Element, component="bar.js"):
    """The top bar, with the kill switch."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__()
        self.visitor = visitor
        self.props["who"] = visitor.actor.name
        self.props["trades"] = visitor.trades
        self.props["desk"] = view.desk(visitor.app)

    def refresh(self) -> None:
        desk = view.desk(self.visitor.app)
        if desk != self.props["desk"]:
            self.props["desk"] = desk
            self.update()


class Grid(Element, component="grid.js"):
    """A table whose rows `read` makes; each press of it is a command line."""

    def __init__(self, columns: Sequence[str], empty: str, read: Callable[[], list[Shape]]) -> None:
        super().__init__()
        self._read = read
        self.props["columns"] = list(columns)
        self.props["empty"] = empty
        self.props["rows"] = read()

    def refresh(self) -> None:
        rows = self._read()
        if rows != self.props["rows"]:
            self.props["rows"] = rows
            self.update()


class EquityPanel(Element):
    """The equity of the first account: recorded samples, then what it was worth since the page was opened."""

    def __init__(self, app: App) -> None:
        super().__init__("section")
        self.app = app
        self._turn = 0
        self._seen: deque[tuple[str, float]] = deque(maxlen=SEEN)
        self.classes("t-card t-equity")
        with self:
            title("Equity")
            self.chart = Chart("Equity")

    async def refresh(self) -> None:
        """Draw it anew every few calls."""
        self._turn += 1
        if self._turn % CURVE_EVERY != 1 or not self.app.desk.accounts:
            return
        name = self.app.desk.accounts[0]
        account = AccountId(name, self.app.book.mode(name))
        rows = await self.app.store.queries.equity(account=account.name, mode=account.mode, limit=SAMPLES)
        points = [(row["at"].isoformat(), float(row["equity"])) for row in rows]
        worth = self.app.desk.valuation.equity(account)
        if not worth.unpriced:
            self._seen.append((self.app.clock.now().isoformat(), float(worth.total)))
        self.chart.show(curve(sorted({*points, *self._seen})))


def title(text: str) -> None:
    with ui.element("header"):
        ui.label(text).classes("t-title")


def grids(visitor: Visitor) -> list[Grid]:
    """The tables, each in its card."""
    app = visitor.app
    tables: list[tuple[str, str, Sequence[str], str, Callable[[], list[Shape]]]] = [
        ("Positions", "t-positions", view.POSITIONS, "No open positions.",
         lambda: view.positions(app, visitor.trades)),
        ("Open orders", "t-orders", view.ORDERS, "No open orders.", lambda: view.orders(app, visitor.trades)),
        ("Strategies", "t-strategies", view.STRATEGIES, "No strategies are configured.",
         lambda: view.strategies(app, visitor.trades)),
        ("Balances", "t-balances", view.BALANCES, "Nothing is held.", lambda: view.balances(app)),
    ]  # fmt: skip
    made = []
    for name, classes, columns, empty, read in tables:
        with ui.element("section").classes(f"t-card {classes}"):
            title(name)
            made.append(Grid(columns, empty, read))
    return made
