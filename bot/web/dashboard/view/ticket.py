"""What the order form offers: accounts, and what each can trade."""

from bot.app import App
from bot.web.dashboard.view.cells import Shape

MOST = 2000  # symbols of an account


def ticket(app: App) -> Shape:
    """The accounts with their symbols; what is held and what strategies trade comes first."""
    return {"accounts": [{"name": name, "symbols": symbols(app, name)} for name in app.desk.accounts]}


def symbols(app: App, account: str) -> list[str]:
    """What an account can trade: what strategies trade and what is held, then the rest of its market."""
    desk = app.desk
    listed = desk.markets[account].instruments
    configs = [desk.runner.config(name) for name in desk.strategies]
    traded = [symbol for config in configs if config.account == account for symbol in config.symbols]
    held = [p.symbol for p in app.book.positions() if p.account == account]
    return [str(s) for s in dict.fromkeys((*traded, *held, *sorted(listed))) if s in listed][:MOST]
