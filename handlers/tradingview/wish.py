"""One thing an alert wants, and the command lines that do it."""

from decimal import Context, Decimal, FloatOperation, InvalidOperation, localcontext
from typing import NamedTuple

import msgspec

from handlers.literals import show
from handlers.parse import quote
from handlers.tradingview.words import Action
from trading.instruments import ZERO, Side, plain
from trading.intent import Size, TimeInForce, Trail, Unit

ALL = "all"
"""Every symbol of the account, where a close or a cancel says so."""

EXACT = Context(prec=150, traps=[FloatOperation, InvalidOperation])
"""Wide enough that sums of two numbers as they are read, and their percents, are exact."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What one order of an alert asks for; `symbol` is canonical, or `all`.

    A TARGET has `target`, the position to be at, in units, below zero for short. A CLOSE with a `side` closes only
    what an order of that side closes. `account` is the source's own.
    """

    action: Action
    symbol: str
    account: str = ""
    size: Size | None = None
    side: Side | None = None
    target: Decimal | None = None
    limit: Decimal | None = None
    stop: Decimal | None = None
    sl: Decimal | None = None
    tp: Decimal | None = None
    trail: Trail | None = None
    tif: TimeInForce | None = None
    post: bool = False
    iceberg: Decimal | None = None
    reduce: bool = False
    place: str = ""

    def __str__(self) -> str:
        """The wish as one line: of the desk where it is a command by itself, else `target BTC/USDT -0.5`."""
        if self.target is not None:
            sign = "-" if self.target < 0 else ""
            return " ".join(["target", quote(self.symbol), sign + plain(self.target.copy_abs()), *self._options()])
        side = f" ({self.side.lower()}s only)" if self.side else ""
        return f"{self._line()}{side}"

    def _line(self) -> str:
        words: list[object] = [f"/{self.action}", quote(self.symbol)]
        if self.action in (Action.SL, Action.TP, Action.TRAIL):
            words += [show(getattr(self, self.action))]
        else:
            words += [show(self.size)] if self.size else []
            words += [plain(self.limit)] if self.limit is not None else []
            words += self._options()
        # What is not said of an order falls to the source's account by itself; of a cancel, to all of them.
        if self.action is Action.CANCEL and self.account:
            words.append(f"account={quote(self.account, option=True)}")
        return " ".join(map(str, words))

    def _options(self) -> list[str]:
        given = {name: getattr(self, name) for name in ("stop", "sl", "tp", "trail", "tif", "iceberg")}
        flags = {name: True for name in ("post", "reduce") if getattr(self, name)}
        return [f"{name}={show(value)}" for name, value in (given | flags).items() if value is not None]


class Steps(NamedTuple):
    """Command lines, to be run in this order through the door; without any, `note` says why nothing is to be done."""

    lines: tuple[str, ...]
    note: str = ""


def orders_for(wish: Wish, position: Decimal, smallest: Decimal = ZERO) -> Steps:
    """The lines that do a wish, the account being at `position`: signed units, 0 without one.

    A target is reached by one order of |target - position|, also from one side to the other; the way towards flat
    is a close, which can only reduce. A difference below `smallest` units is not traded. A close of more units than
    there are (a fee took some of what was bought) is one of all. Only targets and closes depend on the position: read
    it when nothing else that trades the symbol is under way.
    """
    if wish.target is not None:
        with localcontext(EXACT):
            return _towards(wish, wish.target, position, smallest)
    if wish.action is Action.CLOSE and wish.side:
        held = "long" if wish.side is Side.SELL else "short"
        if position * wish.side.sign >= 0:
            return Steps((), f"There is no {held} position in {wish.symbol} to close.")
    is_whole = wish.size and wish.size.unit is Unit.UNITS and ZERO < abs(position) <= wish.size.amount
    if wish.action is Action.CLOSE and is_whole:
        wish = msgspec.structs.replace(wish, size=None)
    return Steps((wish._line(),))


def _towards(wish: Wish, target: Decimal, position: Decimal, smallest: Decimal) -> Steps:
    away = target - position
    if not away or abs(away) < smallest:
        return Steps((), f"{wish.symbol} is at {plain(position)} already, as wanted.")
    if target * position >= 0 and abs(target) < abs(position):
        part = f" {plain(abs(away))}" if target else ""
        return Steps((f"/close {quote(wish.symbol)}{part}",))
    action = Action.BUY if away > 0 else Action.SELL
    order = msgspec.structs.replace(wish, action=action, size=Size(abs(away)), target=None)
    return Steps((order._line(),))
