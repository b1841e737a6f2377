"""Does the order make sense: for its venue, for its prices, for what is held."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from trading.events import Finding
from trading.instruments import Settlement, Side
from trading.intent import Leg, OrderType, TimeInForce
from trading.order import Order
from trading.quotes import Quote
from trading.risk.checks.check import UP, Check, money, plain, units
from trading.risk.reasons import Reason
from trading.risk.view import View

MOST_NAMED = 3  # orders in a remedy
_NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT})


class Supported(Check, frozen=True):
    """The venue can do this type, this time in force, post-only and short selling where they are asked for."""

    reason = Reason.UNSUPPORTED
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        can, kind = view.facts.capabilities, order.type
        if kind not in can.order_types:
            return self.denies(f"{order.account} has no {kind} orders", instead=_one_of(can.order_types))
        if kind in _NEEDS_LIMIT and order.limit_price is None:
            return self.denies(f"a {kind} order needs a limit price", instead="Give it a limit price.")
        if kind in _NEEDS_STOP and order.stop_price is None:
            return self.denies(f"a {kind} order needs a stop price", instead="Give it with stop=PRICE.")
        if kind is OrderType.TRAILING_STOP and order.trail is None:
            return self.denies(f"a {kind} order needs a distance", instead="Give it with trail=DISTANCE.")
        if kind is not OrderType.MARKET and order.time_in_force not in can.time_in_force:
            return self.denies(
                f"{order.account} has no {order.time_in_force} orders", instead=_one_of(can.time_in_force)
            )
        if order.post_only and (kind is not OrderType.LIMIT or order.time_in_force is not TimeInForce.GTC):
            return self.denies(
                f"post-only is for LIMIT GTC orders, this is {kind} {order.time_in_force}",
                instead="Leave out post=yes.",
            )
        if order.post_only and not can.post_only:
            return self.denies(f"{order.account} has no post-only orders", instead="Leave out post=yes.")
        if order.iceberg is not None and (instead := _iceberg(order, can.iceberg)):
            return self.denies("this cannot be an iceberg order", instead=instead)
        if order.side is Side.SELL and not can.shorting and _goes_short(order, view):
            return self.denies(
                f"SELL {units(order.remaining, view.instrument)} with {units(view.held, view.instrument)} held, "
                f"and {order.account} has no short selling",
                instead=f"Sell at most {units(view.held, view.instrument)}.",
            )
        return self.passes(f"{kind} {order.time_in_force} is supported")


def _iceberg(order: Order, offered: bool) -> str:
    """What to do instead of an iceberg order that cannot be; empty if it can."""
    if not offered:
        return f"{order.account} has none: leave out iceberg."
    if order.type is not OrderType.LIMIT or order.time_in_force is not TimeInForce.GTC:
        return "Only a LIMIT GTC order can show a part of itself: give it a limit, or leave out iceberg."
    if not order.iceberg or order.iceberg >= order.quantity:
        return f"Show a part of it: more than 0 and less than {plain(order.quantity)}."
    return ""


def _one_of(names: frozenset[OrderType] | frozenset[TimeInForce]) -> str:
    return f"Use {', '.join(sorted(names))}."


def _goes_short(order: Order, view: View) -> bool:
    """On spot what is not there is a matter of funds."""
    return view.instrument.settlement is Settlement.LINEAR and order.remaining > view.held


class Reduces(Check, frozen=True):
    """A reduce-only order closes and does nothing else; any order that only closes is told so here."""

    reason = Reason.NOTHING_TO_REDUCE
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        instrument = view.instrument
        if view.reducing:
            return self.passes(
                f"closes {units(order.remaining, instrument)} of {units(view.held, instrument)} held: "
                "the limits on new positions do not apply"
            )
        if not order.reduce_only:
            return None
        text = f"reduce-only {order.side} {units(order.remaining, instrument)}, "
        if not view.held:
            text += "and nothing is open that it could close"
            return Finding(self.reason, False, text, "There is nothing to close; /positions shows what is open.")
        text += f"open and not being closed already {units(view.closable, instrument)}"
        if view.closable:
            return self.denies(text, most=units(view.closable, instrument))
        return Finding(self.reason, False, text, f"Nothing is left, {_closing(order, view)}; /orders {order.symbol}.")


def _closing(order: Order, view: View) -> str:
    """Which open orders are going to close what an order would close."""
    there = [each for each in view.standing.open.orders if not view.facts.capabilities.is_level(each)]
    names = [each.id for each in there if (each.symbol, each.side) == (order.symbol, order.side)]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    orders, close = ("orders", "close") if len(names) > 1 else ("order", "closes")
    return f"{orders} {', '.join(names[:MOST_NAMED])}{more} {close} it already: cancel what is in the way"


class Funded(Check, frozen=True):
    """The account has what the order takes, after what open orders have reserved: as the venue itself says, or else by
    our books, on spot. There fees come on top.
    """

    reason = Reason.INSUFFICIENT_FUNDS
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        funds = view.funds
        if funds is None:
            return None
        if funds.fits is not None:
            needs = f"{plain(funds.needs)} {funds.currency} of margin"
        elif order.side is Side.BUY:
            needs = money(funds.needs, funds.currency, UP)
        else:
            needs = f"{plain(funds.needs)} {funds.currency}"
        text = f"needs {needs}, free {plain(funds.free)} {funds.currency}"
        if funds.needs <= funds.free:
            return self.passes(text)
        return self.denies(text, less=f"at most {units(funds.fits, view.instrument)}" if funds.fits else "less")


class Entry(NamedTuple):
    """Where an entry will be: its stop must stay `behind`, its target `beyond`, as its `side` counts."""

    side: Side
    behind: Decimal
    beyond: Decimal


def entry_of(order: Order, quote: Quote | None) -> Entry | None:
    """Of an order with a bracket, as far as is known.

    A stop or target that is at its price the moment the entry is done would trigger at once, so an
    entry at the market is held against both sides of the quote.
    """
    side = order.side
    if order.type in _NEEDS_STOP:
        return Entry(side, order.stop_price, order.stop_price) if order.stop_price is not None else None
    limit = order.limit_price
    if quote is None:
        return Entry(side, limit, limit) if limit is not None else None
    behind, beyond = quote.taker(side.opposite)[0].price, quote.taker(side)[0].price
    if limit is None:
        return Entry(side, behind, beyond)
    nearer = min if side is Side.BUY else max
    return Entry(side, nearer(limit, behind), nearer(limit, beyond))


class StopSide(Check, frozen=True):
    """A stop waits for a worse price, a target for a better one; neither may be there already."""

    reason = Reason.STOP_WRONG_SIDE
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        wrong = self._own(order, view.quote) or self._bracket(order, view.quote) or self._trails(order, view.quote)
        if wrong is not None:
            return wrong
        told = [
            f"{name} {plain(price)}"
            for name, price in (
                ("stop", order.stop_price),
                ("stop-loss", order.stop_loss),
                ("take-profit", order.take_profit),
            )
            if price is not None
        ]
        return self.passes(f"{', '.join(told)} on the right side") if told else None

    def _own(self, order: Order, quote: Quote | None) -> Finding | None:
        if quote is None or order.stop_price is None:
            return None
        market = quote.taker(order.side)[0].price
        # A BUY stop waits above the market and a BUY target below it; a SELL the other way round.
        sign = -order.side.sign if order.type is OrderType.TAKE_PROFIT else order.side.sign
        return self.beside("stop price", order.stop_price, market, sign)

    def _bracket(self, order: Order, quote: Quote | None) -> Finding | None:
        if order.stop_loss is None and order.take_profit is None:
            return None
        entry = entry_of(order, quote)
        if entry is None:
            return None
        return self.protects(entry, order.stop_loss, order.take_profit)

    def _trails(self, order: Order, quote: Quote | None) -> Finding | None:
        """A stop that trails below the market by more than all of it would never be there."""
        trail, sells = (order.trail, Side.SELL) if order.trail is not None else (order.trail_loss, Side.BUY)
        market = quote.taker(order.side)[0].price if quote is not None else None
        price = order.limit_price or order.stop_price or market
        if trail is None or order.side is not sells or price is None or trail.distance(price) < price:
            return None
        text = f"the trailing distance {trail} reaches below zero from {plain(price)}"
        return self.denies(text, where="closer than", price=plain(price))

    def protects(self, entry: Entry, stop: Decimal | None, target: Decimal | None) -> Finding | None:
        """What is wrong with a stop and a target for this entry, if anything."""
        sign = entry.side.sign
        wrong = self.beside("stop-loss", stop, entry.behind, -sign) if stop is not None else None
        if wrong is None and target is not None:
            wrong = self.beside("take-profit", target, entry.beyond, sign)
        return wrong

    def beside(self, name: str, price: Decimal, market: Decimal, sign: int) -> Finding | None:
        """Denied unless `price` is above the market (`sign` 1) or below it (-1)."""
        if (price - market) * sign > 0:
            return None
        where, is_where = ("above", "not above") if sign > 0 else ("below", "not below")
        return self.denies(f"{name} {plain(price)} is {is_where} {plain(market)}", where=where, price=plain(market))


def list_sides(order: Order, legs: tuple[Order, ...], quote: Quote | None) -> Iterator[Finding]:
    """What is wrong with the sides and prices of orders that travel as one list.

    The legs of a bracket close what its entry opens. Those of an OCO pair, of which the order is one,
    close the same position and lie on both sides of the market.
    """
    if order.leg is Leg.ENTRY:
        pair, side, entry = legs, order.side.opposite, entry_of(order, quote)
    else:
        levels = quote.taker(order.side) if quote is not None else ()
        pair, side = (order, *legs), order.side
        entry = Entry(side.opposite, levels[0].price, levels[0].price) if levels else None
    check = StopSide()
    for leg in pair:
        if leg.side is not side:
            yield check.denies(f"the leg is a {leg.side}, not a {side}", where="on", price=f"the {side} side")
        price = leg.stop_price if leg.stop_price is not None else leg.limit_price
        if entry is None or price is None:
            continue
        stop, target = (price, None) if leg.leg is Leg.STOP_LOSS else (None, price)
        if wrong := check.protects(entry, stop, target):
            yield wrong
