"""The market panel: candles of one symbol with the bar that is forming, our fills and our working orders."""

from nicegui import ui

from bot.web.dashboard.panels.card import Choice, card
from bot.web.dashboard.panels.charts import Chart, candles, within_reach
from bot.web.dashboard.view.market import FINER, MarketView, Picture


class MarketPanel:
    """A chart of a chosen symbol and timeframe; `refresh`, once a second, moves it."""

    def __init__(self, view: MarketView) -> None:
        self.view = view
        with card("Market", "market", "trade") as header:
            with header:
                self._accounts = Choice("Account", lambda name: view.choose(account=name))
                self._symbols = Choice("Symbol", lambda name: view.choose(symbol=name), says="tiller:symbol")
                Choice("Timeframe", lambda name: view.choose(timeframe=name)).offer(tuple(FINER), view.timeframe)
                ui.element("span").classes("t-push")
                self._quote = ui.label().classes("t-quote num")
            self.chart = Chart("Candles")
            self._far = ui.label().classes("t-note")

    async def refresh(self) -> None:
        found = await self.view.read()
        self._accounts.offer(self.view.accounts(), self.view.account)
        self._symbols.offer(self.view.symbols(), self.view.symbol)
        self._quote.set_text(self.view.quote)
        if isinstance(found, Picture):
            self.chart.show(candles(found))
            _, far = within_reach(found)
            self._far.set_text(f"Off the chart: {', '.join(line['text'] for line in far)}" if far else "")
        elif found is not None:
            self.chart.tick(found)
