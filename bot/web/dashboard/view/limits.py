"""The risk limits of each account as bars: how much of each is used."""

from decimal import Decimal

from bot.app import App
from bot.web.dashboard.view.cells import Shape
from handlers.accounts import in_use
from handlers.figures import money, number
from trading.intent import AccountId
from trading.risk.gate import Usage
from trading.risk.limits import LIMITS, Kind, shown

NEAR, FULL = Decimal("0.75"), Decimal(1)
PLACES = Decimal("0.01")


def limits(app: App) -> list[Shape]:
    """One bar for each limit that is on, the fullest first in each account."""
    if app.not_accepting:
        return []
    found = []
    for account in in_use(app.book, app.desk.accounts):
        usage = sorted(app.desk.gate.usage(account), key=lambda use: -_share(use))
        found += [_bar(account, use, app.desk.valuation.currency) for use in usage]
    return found


def _share(use: Usage) -> Decimal:
    return use.used / use.limit


def _bar(account: AccountId, use: Usage, currency: str) -> Shape:
    share = _share(use)
    tone, word = ("bad", "used up") if share >= FULL else ("warn", "near the limit") if share >= NEAR else ("", "")
    name = use.name.removeprefix("max_").replace("_", " ").capitalize()
    return {
        "key": f"{account} {use.name}",
        "account": str(account),
        "name": name,
        "meaning": LIMITS[use.name].meaning,
        "told": f"{_figure(use)} of {shown(use.name, use.limit, currency)}",
        "percent": int(min(share, FULL) * 100),
        "tone": tone,
        "word": word,
    }


def _figure(use: Usage) -> str:
    kind = LIMITS[use.name].kind
    if kind is Kind.MONEY:
        return money(use.used)
    return number(use.used.quantize(PLACES) if kind in (Kind.PERCENT, Kind.RATIO) else use.used)
