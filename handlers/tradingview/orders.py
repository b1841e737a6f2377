"""From the fields of one order of an alert to what it wants.

Two meanings of a strategy's alert are told apart by its fields. With a side (`action`) it is that *order*; where its
strategy is before and after (`prev_position`, `position`) must agree with the side, and makes it a close if it only
reduces. Without one, or as `target`, `position` is the *target*: whatever the account has is brought there.
"""

from typing import Any

from handlers.tradingview.fields import SIZES, Fields, contradiction, exact, placed
from handlers.tradingview.given import Unreadable
from handlers.tradingview.sizes import PRICES, PROTECTION, entry, prices, size_of
from handlers.tradingview.subject import Stand, action_of, check_account, stand_of, symbol_of_order
from handlers.tradingview.symbols import Source
from handlers.tradingview.wish import ALL, Wish
from handlers.tradingview.words import WORDS, Action
from trading.instruments import ZERO, Side
from trading.intent import Size, TimeInForce, Trail, Unit

_TIFS = {str(tif.value).lower(): tif for tif in TimeInForce}
_SIDES = {Action.BUY: Side.BUY, Action.SELL: Side.SELL}
_NEVER = ("post", "iceberg", "tif")


def wishes(fields: Fields, source: Source, notes: list[str]) -> list[Wish]:
    """What one order of an alert wants, mostly one thing; `notes` gets what was taken in one of several senses.

    Raises:
        Unreadable: it does not say enough, contradicts itself, or says what is not read.
    """
    action, side = action_of(fields)
    check_account(fields, source)
    common: dict[str, Any] = {"symbol": symbol_of_order(fields, source, action), "account": source.account}
    common["place"] = fields.place("action") or fields.place("position") or fields.place("position_signed")
    if action is Action.CANCEL:
        _only(fields, "A cancel", PRICES, SIZES, _NEVER)
        return [Wish(action=action, **common)]
    first = [Wish(action=Action.CANCEL, **common)] if fields.flag("cancel_orders") else []
    now = stand_of(fields, "position", "position_units", "position_signed")
    if fields.flag("close_position"):
        if action not in (Action.BUY, Action.SELL, Action.CLOSE):
            raise contradiction("Only a buy or a sell closes a position.", fields.place("close_position"))
        side = side or _SIDES.get(action)
        action = Action.CLOSE
    if action is None or action is Action.TARGET:
        return [*first, _target(fields, common, now, action is not None, notes)]
    if action is Action.CLOSE:
        return [*first, _close(fields, common, side, now, notes)]
    if action in _SIDES:
        return [*first, _order(fields, common, _SIDES[action], now, source, notes)]
    return [*first, _protection(fields, common, action)]


def _only(fields: Fields, what: str, *unused: tuple[str, ...]) -> None:
    """Refuse fields that this kind of wish would leave unread."""
    for word in (word for words in unused for word in words if word in fields):
        given = fields.one(word)
        harmless = given is not None and str(given.value).strip().lower() in ("market", "false", "no", "gtc")
        if not harmless:
            text = f"{what} takes no {WORDS[word].names[0]}."
            raise Unreadable(text, "Leave it out.", code="UNUSED_FIELD", place=fields.place(word))


# --- the kinds of wishes ---------------------------------------------------------------------


def _order(
    fields: Fields, common: dict[str, Any], side: Side, now: Stand | None, source: Source, notes: list[str]
) -> Wish:
    """A buy or a sell; a close where its strategy only leaves a position by it."""
    reduces = _reduces(fields, side, now)
    limit, stop = entry(fields)
    size = size_of(fields, common["symbol"], closing=reduces)
    if reduces and limit is None and stop is None:
        _note_unused(fields, notes)
        if now and not now.side:
            notes.append("Its strategy is flat then: all of the position is closed, whatever the size.")
        return Wish(action=Action.CLOSE, side=side, size=size if now and now.side else None, **common)
    # What leaves a position has nothing to protect: its sl and tp are not even looked at.
    _, _, sl, tp = (None,) * 4 if reduces else prices(fields, side, notes)
    if size is None and source.size:
        size = placed("size of the source", Size.parse, source.size)
    if size is None or size.unit is Unit.POSITION:
        remedy = 'Write a size of 0.01, $100, 5% or risk=1%; in JSON "size": "0.01".'
        raise Unreadable("It does not say how much.", remedy, code="NO_SIZE", place=common["place"])
    if fields.flag("reverse"):
        return _reverse(fields, common, side, size)
    trail = fields.read("trail", Trail.parse)
    if size.unit is Unit.RISK and sl is None:
        raise Unreadable("A size by risk needs sl.", "Send the stop loss.", code="NO_PRICE", place=common["place"])
    return Wish(
        action=Action.BUY if side is Side.BUY else Action.SELL,
        size=size,
        limit=limit,
        stop=stop,
        sl=sl,
        tp=tp,
        trail=None if reduces else trail,
        tif=fields.chosen("tif", _TIFS),
        post=fields.flag("post"),
        iceberg=fields.number("iceberg"),
        reduce=reduces or fields.flag("reduce"),
        **common,
    )


def _reduces(fields: Fields, side: Side, now: Stand | None) -> bool:
    """Whether a strategy only leaves a position by an order of this side; where it then is must fit the side."""
    before = stand_of(fields, "prev", "prev_units")
    place = fields.place("position") or fields.place("position_signed")
    if now is None:
        return False
    moved = None if before is None else now.side - before.side
    if before is not None and before.signed is not None and now.signed is not None and not moved:
        moved = (now.signed > before.signed) - (now.signed < before.signed)
        if not moved:
            raise contradiction(f"A {side.lower()} leaves no position as it was.", place)
    against = now.side == -side.sign and (before is None or before.side != now.side)
    if against or (moved is not None and moved * side.sign < 0):
        raise contradiction(f"A {side.lower()} does not lead there.", place)
    return not now.side or now.side == -side.sign


def _reverse(fields: Fields, common: dict[str, Any], side: Side, size: Size) -> Wish:
    """`reverse`: the size is the position to reach, from whichever side."""
    if size.unit is not Unit.UNITS:
        raise Unreadable("A reversal needs units.", "Write a size such as 0.01.", code="NO_SIZE", place=common["place"])
    _only(fields, "A reversal", PRICES, _NEVER, ("reduce",))
    _, _, sl, tp = prices(fields, side, [])
    target = size.amount if side is Side.BUY else size.amount.copy_negate()
    return Wish(action=Action.TARGET, target=target, sl=sl, tp=tp, trail=fields.read("trail", Trail.parse), **common)


def _target(fields: Fields, common: dict[str, Any], now: Stand | None, explicit: bool, notes: list[str]) -> Wish:
    _only(fields, "A target", PRICES, _NEVER, ("reduce", "reverse"))
    if now is None:
        place = common["place"]
        raise Unreadable("A target needs a position.", "Write long, short or flat.", code="NO_TARGET", place=place)
    if not now.side:
        for word in SIZES if explicit else ():
            if fields.read(word, exact):
                raise contradiction("Flat has no size.", fields.place(word))
        return Wish(action=Action.TARGET, target=ZERO, **common)
    units = now.units
    if units is None or explicit:
        size = size_of(fields, common["symbol"])
        if (size is None and units is None) or (size is not None and size.unit is not Unit.UNITS):
            remedy = "Write market_position_size, or a size such as 0.01."
            raise Unreadable("A target is a number of units.", remedy, code="NO_SIZE", place=common["place"])
        if size is not None and units is not None and size.amount != units:
            raise contradiction("It gives the position two sizes.", common["place"])
        units = units if size is None else size.amount
    assert units is not None
    side = Side.BUY if now.side > 0 else Side.SELL
    _, _, sl, tp = prices(fields, side, notes)
    target = units if now.side > 0 else units.copy_negate()
    return Wish(action=Action.TARGET, target=target, sl=sl, tp=tp, trail=fields.read("trail", Trail.parse), **common)


def _close(fields: Fields, common: dict[str, Any], side: Side | None, now: Stand | None, notes: list[str]) -> Wish:
    _only(fields, "A close", PRICES, _NEVER, ("reverse",))
    _note_unused(fields, notes)
    place = fields.place("position") or fields.place("position_signed")
    if side is not None and common["symbol"] == ALL:
        text = "A close of all has no side."
        raise Unreadable(text, "Name a symbol, or write close.", code="AMBIGUOUS", place=common["place"])
    if side is None and now is not None and now.side:
        text = "This may be the position to close, or the one that is left."
        raise Unreadable(text, "Write close_long or close_short.", code="AMBIGUOUS", place=place)
    if side is not None and now is not None and not _reduces(fields, side, now):
        raise contradiction("After a close there is no such position.", place)
    return Wish(action=Action.CLOSE, side=side, size=size_of(fields, common["symbol"], closing=True), **common)


def _note_unused(fields: Fields, notes: list[str]) -> None:
    """Nobody is kept from getting out by what protects only an entry."""
    if any(word in fields for word in PROTECTION):
        notes.append("It only leaves a position: sl, tp and trail are not used.")


def _protection(fields: Fields, common: dict[str, Any], action: Action) -> Wish:
    """A stop loss, take profit or trailing stop for what is held, or the two as one OCO pair."""
    needed = {Action.OCO: ("sl", "tp")}.get(action, (str(action),))
    unused = tuple(word for word in PROTECTION if word not in needed)
    _only(fields, f"{action}", PRICES, unused, () if action is Action.OCO else SIZES, _NEVER, ("reduce", "reverse"))
    given: dict[str, Any] = {word: fields.number(word) for word in needed if word != "trail"}
    if "trail" in needed:
        given["trail"] = fields.read("trail", Trail.parse)
    for word, value in given.items():
        if value is None:
            text = f"{action} needs {word}."
            raise Unreadable(text, f"Send {word} with a price.", code="NO_PRICE", place=common["place"])
    if action is Action.OCO:
        given["size"] = size_of(fields, common["symbol"])
        if given["size"] is None:
            raise Unreadable("oco needs a size.", 'Write "size": "0.01".', code="NO_SIZE", place=common["place"])
    return Wish(action=action, **given, **common)
