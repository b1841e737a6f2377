"""What an order of an alert is about: the action, the account, the symbol, and where its strategy stands."""

from decimal import Decimal
from typing import NamedTuple

from handlers.tradingview.fields import Fields, contradiction, exact
from handlers.tradingview.given import Given, Unreadable
from handlers.tradingview.symbols import Source, symbol_for
from handlers.tradingview.wish import ALL
from handlers.tradingview.words import ACTIONS, POSITIONS, PRODUCTS, Action, plain_name, plain_word
from trading.instruments import ZERO, Side


class Stand(NamedTuple):
    """Where a strategy is, as an alert tells it: 1 long, -1 short, 0 flat; and how many units, if it says."""

    side: int
    units: Decimal | None

    @property
    def signed(self) -> Decimal | None:
        if self.units is None:
            return None if self.side else ZERO
        return self.units if self.side >= 0 else self.units.copy_negate()


def action_of(fields: Fields) -> tuple[Action | None, Side | None]:
    """What is to be done, and on which side a close trades; None where only a position is told."""
    said: dict[tuple[Action, Side | None], Given] = {}
    for given in fields.all("action"):
        word = plain_word(given.value)
        if word not in ACTIONS:
            shown = repr(given.value[:24]) if isinstance(given.value, str) and given.value.isprintable() else "This"
            remedy = f"Actions are {', '.join(Action)}."
            raise Unreadable(f"{shown} is not an action.", remedy, code="BAD_ACTION", place=given.place)
        said.setdefault(ACTIONS[word], given)
    if len(said) == 2 and (closed := _side_of_close(list(said.values()))):
        return Action.CLOSE, closed
    if len(said) > 1:
        first, second = list(said.values())[:2]
        raise contradiction(f"It says {second.value!r}, and {first.place} says {first.value!r}.", second.place)
    if said:
        return next(iter(said))
    if "position" in fields or "position_signed" in fields:
        return None, None
    raise Unreadable("It does not say what to do.", 'Write "action": buy, sell, close or target.', code="NO_ACTION")


def _side_of_close(said: list[Given]) -> Side | None:
    """`"action": "close"` with `"side": "long"` names the position: which side closes it. None of other pairs."""
    names = {plain_name(given.name.rpartition(".")[2]): plain_word(given.value) for given in said}
    side = names.pop("side", "")
    closes = set(names.values()) <= {"close", "exit"}
    return {"long": Side.SELL, "short": Side.BUY}.get(side) if closes else None


def check_account(fields: Fields, source: Source) -> None:
    wanted = fields.text("account")
    if wanted is not None and wanted.lower() != source.account.lower():
        text = f"This source trades {source.account}, and no other account."
        remedy = "Leave the account out, or make a source for that one."
        raise Unreadable(text, remedy, code="BAD_ACCOUNT", place=fields.place("account"))


def symbol_of_order(fields: Fields, source: Source, action: Action | None) -> str:
    exchange = fields.text("exchange") or ""
    found: dict[str, str] = {}
    for given in fields.all("symbol"):
        text = fields.text_of("symbol", given)
        if text.lower() == ALL and action in (Action.CLOSE, Action.CANCEL):
            found.setdefault(ALL, given.place)
        else:
            found.setdefault(symbol_for(text, exchange, source, given.place), given.place)
    if not found:
        remedy = 'Write "symbol": "{{exchange}}:{{ticker}}".'
        raise Unreadable("It does not say which symbol.", remedy, code="NO_SYMBOL")
    if len(found) > 1:
        first, second = list(found)[:2]
        raise contradiction(f"It means {second}, and {found[first]} means {first}.", found[second])
    symbol = next(iter(found))
    future = fields.chosen("product", PRODUCTS)
    if future is not None and "/" in symbol and future != (":" in symbol):
        text = f"{symbol} is {'no' if future else 'a'} future."
        raise Unreadable(text, "Write the symbol that is meant.", code="CONTRADICTION", place=fields.place("product"))
    leverage = fields.number("leverage")
    if leverage is not None and leverage != 1:
        remedy, place = "Set it at the venue, and leave it out here.", fields.place("leverage")
        raise Unreadable("Alerts do not set the leverage.", remedy, code="UNKNOWN_FIELD", place=place)
    return symbol


def stand_of(fields: Fields, word: str, units: str, signed: str = "") -> Stand | None:
    """Where the strategy is, or was, from the words and the numbers for it."""
    side = fields.chosen(word, POSITIONS)
    size = fields.read(units, lambda text: exact(text, least="zero"))
    number = fields.read(signed, exact) if signed else None
    place = fields.place(word) or fields.place(signed)
    if number is not None:
        sign = (number > 0) - (number < 0)
        # Some senders give the size of a short position without its sign.
        if side is not None and side != sign and (side, sign) != (-1, 1):
            raise contradiction(f"{fields.place(signed)} says otherwise.", place)
        if size is not None and size != number.copy_abs():
            raise contradiction("The two sizes of the position differ.", fields.place(signed))
        side, size = sign if side is None else side, number.copy_abs()
    if side is None:
        return None
    if size is not None and bool(size) != bool(side):
        raise contradiction(f"{fields.place(units) or fields.place(signed)} says otherwise.", place)
    return Stand(side, size)
