"""What the paper venue refuses: the filters of its instruments, prices, lists that are none, and want of funds."""

from collections.abc import Sequence
from decimal import Decimal

from trading.errors import VenueRefused
from trading.executors.paper.funds import Funds
from trading.executors.paper.ledger import Ledger
from trading.executors.paper.order import LIMITED, STOPPED, TARGETS, BookOrder, State
from trading.instruments import ZERO, Instrument, Settlement, Side, plain
from trading.intent import OrderType, TimeInForce


class Rules:
    """Every check raises `VenueRefused` with a code and the numbers."""

    def __init__(self, ledger: Ledger, funds: Funds) -> None:
        self._ledger = ledger
        self._funds = funds

    def check_new(self, orders: Sequence[BookOrder], *, pair: bool) -> None:
        """All rules for a new order or list; reduce-only orders are shrunk to fit, trailing stops get their mark."""
        for order in orders:
            self._check_filters(order)
        if len(orders) > 1:
            _check_list(orders, pair=pair)
        for order in orders:
            if order.state is State.PENDING:
                continue
            best = self._check_price(order)
            if pair and order.type is OrderType.LIMIT and order.accepts(best):
                text = f"The target would fill at once: the market is at {plain(best)}."
                raise VenueRefused(text, code="OCO_BAD_PRICES")
            moved = order.follow(best, self._ledger.instruments[order.symbol])
            if moved and order.stop_price is not None and order.stop_price <= 0:
                raise VenueRefused(
                    f"A trail of {order.trail} reaches below zero.", "Trail closer.", code="PRICE_FILTER"
                )
            if order.reduce_only:
                self.shrink(order, self._funds.reducible(order), "REDUCE_ONLY")
            self.check_funds(order)

    def check_amended(self, order: BookOrder, siblings: Sequence[BookOrder]) -> None:
        """All rules for an open order in its new form, beside the other leg of its pair."""
        if order.remaining <= 0:
            text = f"{plain(order.filled)} is filled already."
            raise VenueRefused(text, "Cancel it instead.", code="LOT_SIZE")
        self._check_filters(order)
        if siblings:
            _check_pair([order, *siblings])
        if order.state is not State.PENDING:
            self._check_price(order)
            self.check_funds(order)

    def check_funds(self, order: BookOrder) -> None:
        """What it requires is there; a spot BUY gets it as its budget."""
        asked = self._funds.required(order)
        if asked.needs > max(asked.free, ZERO):
            text = f"Insufficient funds: {plain(round(asked.needs, 8))} {asked.currency} is needed, "
            text += f"{plain(round(max(asked.free, ZERO), 8))} is free."
            raise VenueRefused(text, "Ask for less.", code="INSUFFICIENT_FUNDS")
        if self._ledger.instruments[order.symbol].settlement is Settlement.SPOT and order.side is Side.BUY:
            order.budget = asked.needs

    def shrink(self, order: BookOrder, most: Decimal, code: str) -> bool:
        """Cut what remains down to `most`, refused under `code` if that is too little; whether anything was cut."""
        if order.remaining <= most:
            return False
        instrument = self._ledger.instruments[order.symbol]
        rest = instrument.round_quantity(max(most, ZERO))
        if rest <= 0 or rest < instrument.min_quantity:
            text = f"Only {plain(most)} of {order.symbol} can be traded."
            raise VenueRefused(text, "Open orders may hold the rest.", code=code)
        order.quantity = order.filled + rest
        return True

    def _check_filters(self, order: BookOrder) -> None:
        """The order is complete, has a price to meet, and passes PRICE_FILTER, LOT_SIZE and NOTIONAL (filters.md)."""
        instrument = self._ledger.instruments.get(order.symbol)
        if instrument is None:
            raise VenueRefused(f"{order.symbol} is not traded here.", "See /instruments.", code="UNKNOWN_SYMBOL")
        levels = self._ledger.levels(order)
        if not levels:
            raise VenueRefused(f"There is no price of {order.symbol} now.", "Try again shortly.", code="NO_PRICE")
        _check_complete(order)
        _check_prices(order, instrument)
        _check_quantity(order.quantity, instrument)
        if not (order.reduce_only and instrument.settlement is Settlement.LINEAR):
            # as on Binance futures, what is left of a position can always be closed
            _check_value(instrument.notional(order.quantity, order.price or levels[0].price), instrument)

    def _check_price(self, order: BookOrder) -> Decimal:
        """It neither triggers at once nor, if post-only, takes; answers the best price it could trade at."""
        best = self._ledger.levels(order)[0].price
        market = f"The market is at {plain(best)}."
        if order.state is State.WAITING and not order.trail and order.triggered_by(best):
            raise VenueRefused("Order would trigger immediately.", market, code="WOULD_TRIGGER")
        if order.post_only and order.accepts(best):
            raise VenueRefused("Order would immediately match and take.", market, code="WOULD_TAKE")
        return best


def _check_complete(order: BookOrder) -> None:
    if (
        (order.type in LIMITED and order.limit_price is None)
        or (order.type in STOPPED and order.stop_price is None)
        or (order.type is OrderType.TRAILING_STOP and order.trail is None)
    ):
        raise VenueRefused(f"A {order.type} order lacks a price.", code="BAD_ORDER")
    if order.post_only and (order.type is not OrderType.LIMIT or order.time_in_force is not TimeInForce.GTC):
        raise VenueRefused("Only a GTC LIMIT order can be post-only.", code="BAD_ORDER")


def _check_prices(order: BookOrder, instrument: Instrument) -> None:
    for price in (order.limit_price, None if order.trail else order.stop_price):
        if price is not None and (price <= 0 or price % instrument.tick):
            text = f"The price {plain(price)} is not a multiple of {plain(instrument.tick)}."
            near = instrument.round_price(price, order.side)
            raise VenueRefused(text, f"{plain(near)} is.", code="PRICE_FILTER")


def _check_quantity(size: Decimal, instrument: Instrument) -> None:
    least, most, step = instrument.min_quantity, instrument.max_quantity, instrument.step
    if size <= 0 or size % step or size < least or (most and size > most):
        remedy = f"The minimum is {plain(max(least, step))}, in steps of {plain(step)}"
        remedy += f", up to {plain(most)}." if most else "."
        raise VenueRefused(f"The quantity {plain(size)} is not allowed.", remedy, code="LOT_SIZE")


def _check_value(value: Decimal, instrument: Instrument) -> None:
    least, most = instrument.min_notional, instrument.max_notional
    if value < least or (most and value > most):
        remedy = f"The minimum is {plain(least)}"
        remedy += f", the maximum {plain(most)}." if most else "."
        raise VenueRefused(f"The value {plain(value)} {instrument.quote} is not allowed.", remedy, code="NOTIONAL")


def _check_list(orders: Sequence[BookOrder], *, pair: bool) -> None:
    """An OCO pair is a target and a stop of one side; a bracket's legs are one or both of them on the other."""
    first, legs = orders[0], orders if pair else orders[1:]
    side = first.side if pair else first.side.opposite
    strange = any(leg.symbol != first.symbol or leg.side is not side or leg.type is OrderType.MARKET for leg in legs)
    if strange or len(legs) > 2:
        raise VenueRefused("This is neither an OCO pair nor a bracket.", code="BAD_LIST")
    if len(legs) == 2:
        _check_pair(legs)


def _check_pair(legs: Sequence[BookOrder]) -> None:
    """One leg is the target, the other the stop, and they are on their sides of each other."""
    target, stop = sorted(legs, key=lambda leg: leg.type not in TARGETS)
    if target.type not in TARGETS or stop.type in TARGETS or target.price is None:
        raise VenueRefused("A pair is one target and one stop.", code="BAD_LIST")
    if stop.stop_price is not None and stop.side.sign * (stop.stop_price - target.price) <= 0:
        text = f"The stop {plain(stop.stop_price)} is on the wrong side of the target {plain(target.price)}."
        raise VenueRefused(text, code="OCO_BAD_PRICES")
