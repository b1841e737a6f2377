"""From an intent to the order it would become: sized, rounded, nothing recorded."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trading import events as e
from trading.book import Book
from trading.errors import IntentError
from trading.ids import order_id
from trading.instruments import ZERO, Instrument, Settlement, Side, plain
from trading.intent import AccountId, Intent, Leg, OrderType, Origin, Size, Unit
from trading.order import Order, OrderStatus
from trading.ports import Executor
from trading.risk.sizing import quantity
from trading.valuation import Valuation

WITH_ENTRY = "0"
"""The number of the pair that is sent together with its entry; those placed over fills count from 1."""


class Drafting:
    """Makes orders out of intents, with the venue's filters and the market's prices."""

    def __init__(self, book: Book, valuation: Valuation, executors: Mapping[AccountId, Executor]) -> None:
        self.book = book
        self.valuation = valuation
        self.executors = executors

    def draft(self, intent: Intent) -> Order:
        """The order an intent would become, sized and rounded; nothing is recorded.

        Raises:
            IntentError: unknown account or instrument, no price to size with, too small.
        """
        instrument = self.instrument(intent.account, intent.symbol)
        _check_opens(intent, instrument)
        limit = intent.limit_price
        limit = None if limit is None else instrument.round_price(limit, intent.side)
        stops = [
            None if price is None else instrument.round_price(price, intent.side.opposite)
            for price in (intent.stop_price, intent.stop_loss)
        ]
        target = intent.take_profit
        now = self.book.clock.now()
        return Order(
            id=self.book.order_id(intent.key),
            key=intent.key,
            account=intent.account.name,
            mode=intent.account.mode,
            symbol=intent.symbol,
            side=intent.side,
            type=intent.type,
            time_in_force=intent.time_in_force,
            quantity=self._quantity(intent, instrument),
            status=OrderStatus.INITIALIZED,
            actor=intent.origin.actor,
            source=intent.origin.source,
            text=intent.origin.text,
            created_at=now,
            updated_at=now,
            limit_price=limit,
            stop_price=stops[0],
            trail=intent.trail,
            stop_loss=stops[1],
            take_profit=None if target is None else instrument.round_price(target, intent.side.opposite),
            trail_loss=intent.trail_loss,
            reduce_only=intent.reduce_only,
            post_only=intent.post_only,
            iceberg=None if intent.iceberg is None else instrument.round_quantity(intent.iceberg),
            leg=intent.leg,
            parent_id=intent.parent_id,
            group=intent.group,
        )

    def _quantity(self, intent: Intent, instrument: Instrument) -> Decimal:
        if intent.size.unit is Unit.UNITS:
            return instrument.round_quantity(intent.size.amount) or intent.size.amount
        shown = self.valuation.quote(intent.account, intent.symbol)
        price = intent.limit_price or intent.stop_price
        if price is None and shown is not None:
            price = shown.taker(intent.side)[0].price
        if price is None:
            raise IntentError(
                f"There is no price for {intent.symbol} to size the order with.", "Give the size in units."
            )
        position = self.book.position(intent.account, intent.symbol)
        return quantity(
            intent.size,
            side=intent.side,
            price=price,
            stop=intent.stop_loss,
            instrument=instrument,
            equity=self.valuation.equity(intent.account).total,
            position_quantity=position.quantity if position else ZERO,
            rate=self.valuation.rate(intent.account, instrument.quote),
        )

    def as_sent(self, orders: list[Order]) -> list[list[Order]]:
        """Which orders go to the venue together: an OCO pair or a bracket, where the venue holds lists."""
        capable = self.executors[orders[0].account_id].capabilities
        if len(orders) > 1:
            return [orders] if capable.lists else [[order] for order in orders]
        entry = orders[0]
        whole = (entry.stop_loss or entry.trail_loss) and entry.take_profit
        if capable.lists and entry.type is OrderType.LIMIT and whole:
            share = 1 - capable.taker_fee if capable.fee_in_received else Decimal(1)
            size = self.instrument(entry.account_id, entry.symbol).round_quantity(entry.quantity * share)
            legs = [self.draft(leg) for leg in protective_intents(entry, size, WITH_ENTRY)]
            return [[entry, *legs]]
        return [orders]

    def amended(
        self, order: Order, quantity: Decimal | None, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> Order:
        if not order.is_open:
            raise IntentError(f"Order {order.id} is not open: it is {order.status}.", code="NOT_OPEN")
        if order.is_amending:
            # Two at once would take effect in whichever order they arrive.
            text = f"The last change of {order.id} has not been answered yet."
            raise IntentError(text, "Try again in a moment.", code="STILL_CHANGING")
        if limit_price is not None and order.limit_price is None:
            raise IntentError(f"A {order.type} order has no limit price.", "Give stop=P or quantity=Q.")
        if stop_price is not None and order.stop_price is None:
            raise IntentError(f"A {order.type} order has no stop price.", "Give price=P or quantity=Q.")
        instrument = self.instrument(order.account_id, order.symbol)
        changed = msgspec.structs.replace(
            order,
            quantity=order.quantity if quantity is None else instrument.round_quantity(quantity),
            limit_price=order.limit_price if limit_price is None else instrument.round_price(limit_price, order.side),
            stop_price=(
                order.stop_price if stop_price is None else instrument.round_price(stop_price, order.side.opposite)
            ),
        )
        if changed.quantity > order.quantity:
            # Until the venue answers, its fills could not be told from those of the smaller order.
            raise IntentError(
                f"An order of {plain(order.quantity)} cannot be made larger.",
                "Send another one for the difference.",
                code="BAD_QUANTITY",
            )
        if changed.quantity <= order.filled_quantity:
            raise IntentError(
                f"{order.filled_quantity} is filled already.", "Cancel the rest instead.", code="BAD_QUANTITY"
            )
        return changed

    def instrument(self, account: AccountId, symbol: str) -> Instrument:
        """The venue's filters of an instrument.

        Raises:
            IntentError: the account does not exist, or its venue does not list the symbol.
        """
        executor = self.executors.get(account)
        if executor is None:
            raise IntentError(f"There is no account {account}.", "/accounts lists them.", code="NO_ACCOUNT")
        for listed in executor.instruments.values():
            if listed.symbol == symbol:
                return listed
        raise IntentError(f"{account.name} does not trade {symbol}.", "/instruments lists what it does.")


def _check_opens(intent: Intent, instrument: Instrument) -> None:
    """A bracket around an order that only closes would open something with its legs."""
    if intent.stop_loss is None and intent.take_profit is None and intent.trail_loss is None:
        return
    if intent.reduce_only or (instrument.settlement is Settlement.SPOT and intent.side is Side.SELL):
        raise IntentError(
            "A stop or target protects what an order opens, and this one only closes.",
            "Leave out sl, tp and trail.",
            code="NOTHING_TO_PROTECT",
        )


def initialized(order: Order) -> e.OrderInitialized:
    """The first fact of an order."""
    skip = ("order_id", "order_type")
    same = {name: getattr(order, name) for name in e.OrderInitialized.__struct_fields__ if name not in skip}
    return e.OrderInitialized(order_id=order.id, order_type=order.type, **same)


def protective_intents(entry: Order, size: Decimal, number: str) -> list[Intent]:
    """The stop and the target that an entry asks for, over `size` units, as one OCO pair."""
    wishes: list[tuple[Leg, OrderType, dict[str, object]]] = []
    if entry.trail_loss is not None:
        wishes.append((Leg.STOP_LOSS, OrderType.TRAILING_STOP, {"trail": entry.trail_loss}))
    elif entry.stop_loss is not None:
        wishes.append((Leg.STOP_LOSS, OrderType.STOP, {"stop_price": entry.stop_loss}))
    if entry.take_profit is not None:
        wishes.append((Leg.TAKE_PROFIT, OrderType.LIMIT, {"limit_price": entry.take_profit}))
    group = order_id(f"{entry.key}:oco:{number}") if len(wishes) > 1 else ""
    return [
        Intent(
            key=f"{entry.key}:{leg}:{number}",
            account=entry.account_id,
            symbol=entry.symbol,
            side=entry.side.opposite,
            size=Size(size),
            origin=Origin(entry.actor, "protection", f"{leg} of {entry.id}"),
            type=kind,
            reduce_only=True,
            leg=leg,
            parent_id=entry.id,
            group=group,
            **prices,  # type: ignore[arg-type]
        )
        for leg, kind, prices in wishes
    ]
