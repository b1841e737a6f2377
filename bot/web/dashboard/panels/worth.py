"""The equity panel: the curve of one account over a chosen time, and its drawdown."""

from nicegui import ui

from bot.web.dashboard.panels.card import Choice, card
from bot.web.dashboard.panels.charts import Chart, worth
from bot.web.dashboard.view.worth import PERIODS, WorthView


class WorthPanel:
    """Drawn anew every few seconds."""

    def __init__(self, view: WorthView) -> None:
        self.view = view
        with card("Equity", "equity", "risk") as header:
            with header:
                ui.element("span").classes("t-push")
                self._accounts = Choice("Account of the curve", lambda name: view.choose(account=name))
                Choice("Period", lambda name: view.choose(period=name)).offer(tuple(PERIODS), view.period)
            self._told = ui.label().classes("t-note num")
            self.chart = Chart("Equity and drawdown")

    async def refresh(self) -> None:
        drawn = await self.view.read()
        self._accounts.offer(self.view.accounts(), self.view.account)
        if drawn is not None:
            self._told.set_text(drawn.told)
            self.chart.show(worth(drawn.points))
