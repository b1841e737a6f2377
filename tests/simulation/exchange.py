"""What is true at the simulated venue: orders, trades and money of one account.

Written apart from the paper venue's engine, so that the two cannot share a mistake. Chance decides how much
of an order trades at once; where Binance has a rule (lists, would-trigger, client ids), it is followed.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

from tests.simulation.deal import Deal, Trade
from tests.simulation.market import INSTRUMENTS, SeededMarket
from trading import reports
from trading.errors import VenueRefused
from trading.instruments import ZERO, Instrument, Money, Settlement, Side, Symbol
from trading.intent import Leg, OrderType, TimeInForce
from trading.order import Order
from trading.quotes import Quote

STOPPED = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP)
WITH_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT)


class Exchange:
    """One account's truth. `tell` is given every report, in order."""

    def __init__(
        self, market: SeededMarket, chance: Random, symbols: Sequence[Symbol], funds: dict[str, Decimal],
        fee_rate: Decimal, fee_in: str,
    ) -> None:  # fmt: skip
        self.market = market
        self.chance = chance
        self.instruments = {symbol: INSTRUMENTS[symbol] for symbol in symbols}
        self.money = dict(funds)
        self.fee_rate = fee_rate
        self.fee_in = fee_in  # received | quote | BNB
        self.deals: list[Deal] = []
        self.trades: list[Trade] = []
        self.held: dict[Symbol, Decimal] = {}
        self.cost: dict[Symbol, Decimal] = {}
        self.whole = False  # every order trades completely at once: fair weather
        self.tell: Callable[[reports.Report], None] = lambda report: None
        market.subscribe(self.on_quote)

    # --- what is asked of it -----------------------------------------------------------------

    def find(self, client: str) -> Deal | None:
        """The latest order with this client id."""
        return next((deal for deal in reversed(self.deals) if deal.client == client), None)

    def accept(self, orders: Sequence[Order]) -> None:
        """Take one order, an OCO pair, or an entry with its pair.

        Raises:
            VenueRefused: none of them was taken.
        """
        deals = [self._deal(order, number) for number, order in enumerate(orders)]
        for deal in deals:
            self._check(deal)
        bracket = len(orders) > 1 and orders[0].leg is Leg.ENTRY
        legs = deals[1:] if bracket else deals
        for leg in legs:
            leg.mates = [mate for mate in legs if mate is not leg]
            leg.entry, leg.waiting = (deals[0], True) if bracket else (None, False)
        self._check_funds(deals[:1] if bracket else legs)
        if not bracket:
            for leg in legs:
                self._check_price(leg)
        elif deals[0].type in STOPPED:
            self._check_price(deals[0])
        self.deals += deals
        for deal in deals:
            self.tell(reports.Accepted(deal.client, deal.id))
        for deal in deals:
            if deal.is_open and not deal.waiting:
                self._work(deal, self._now(deal.symbol), fresh=True)

    def cancel(self, client: str) -> None:
        """Cancel an order and the list it belongs to.

        Raises:
            VenueRefused: it is not open.
        """
        deal = self.find(client)
        if deal is None or not deal.is_open:
            raise VenueRefused("Unknown order sent.", code="UNKNOWN_ORDER")
        for each in (deal, *deal.mates, *([deal.entry] if deal.entry and deal.waiting else [])):
            if each.is_open:
                self._end(each, "canceled", "asked")

    def amend(self, client: str, quantity: Decimal, limit: Decimal | None, stop: Decimal | None) -> None:
        """Change an open order.

        Raises:
            VenueRefused: it is not open, or too much of it has traded.
        """
        deal = self.find(client)
        if deal is None or not deal.is_open:
            raise VenueRefused("Unknown order sent.", code="UNKNOWN_ORDER")
        if quantity <= deal.filled:
            raise VenueRefused("More than that has traded.", code="BAD_QUANTITY")
        deal.quantity, deal.limit, deal.stop = quantity, limit, stop
        self.tell(reports.Amended(client, quantity, limit, stop, deal.id))
        if not deal.waiting:
            self._work(deal, self._now(deal.symbol))

    def buy_by_hand(self, symbol: Symbol) -> bool:
        """Somebody buys for about 500 in the venue's own app, if there is the money."""
        instrument, side = self.instruments[symbol], Side.BUY
        price = self._now(symbol).taker(side)[0].price
        quantity = instrument.round_quantity(500 / price / instrument.multiplier)
        if not self._linear(instrument) and self.money[instrument.quote] < 600:
            return False
        number = len(self.deals) + 1
        deal = Deal(f"O{number}", "", symbol, side, OrderType.MARKET, TimeInForce.GTC, quantity)
        self.deals.append(deal)
        self._fill(deal, quantity, price, maker=False)
        return True

    def rest_by_hand(self, symbol: Symbol) -> None:
        """Somebody leaves an order in the venue's own app, far from the market."""
        low = self.instruments[symbol].round_price(self._now(symbol).mid / 2, Side.BUY)
        step = self.instruments[symbol].step
        number = len(self.deals) + 1
        deal = Deal(f"O{number}", "", symbol, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, 50 * step, low)
        self.deals.append(deal)

    def deposit(self, currency: str, amount: Decimal) -> None:
        self.money[currency] = self.money.get(currency, ZERO) + amount

    def on_quote(self, quote: Quote) -> None:
        """The market moved: what rests may trade."""
        for deal in [deal for deal in self.deals if deal.is_open and deal.symbol == quote.symbol]:
            if deal.is_open and not deal.waiting:
                self._work(deal, quote)

    def nudge(self, client: str) -> None:
        """Somebody trades against a part of a resting limit order, at its price."""
        deal = self.find(client)
        resting = deal is not None and deal.is_open and not deal.waiting and deal.type is OrderType.LIMIT
        if deal is not None and resting and deal.limit is not None:
            self._fill(deal, self._part(deal), deal.limit, maker=True)

    def balances(self) -> list[Money]:
        return [Money(amount, currency) for currency, amount in sorted(self.money.items())]

    def positions(self) -> dict[Symbol, Decimal]:
        return {symbol: quantity for symbol, quantity in self.held.items() if quantity}

    # --- its own rules -----------------------------------------------------------------------

    def _now(self, symbol: Symbol) -> Quote:
        quote = self.market.quote(symbol)
        assert quote is not None
        return quote

    def _deal(self, order: Order, number: int) -> Deal:
        return Deal(
            f"O{len(self.deals) + 1 + number}", order.id, order.symbol, order.side, order.type, order.time_in_force,
            order.quantity, order.limit_price, order.stop_price, order.trail, order.reduce_only,
        )  # fmt: skip

    def _check(self, deal: Deal) -> None:
        instrument = self.instruments.get(deal.symbol)
        if instrument is None:
            raise VenueRefused(f"Unknown symbol {deal.symbol}.", code="BAD_SYMBOL")
        known = self.find(deal.client)
        if known is not None and known.is_open:
            raise VenueRefused("Duplicate order sent.", code="DUPLICATE_ORDER")
        if deal.quantity % instrument.step or deal.quantity < instrument.min_quantity:
            raise VenueRefused("Filter failure: LOT_SIZE", code="LOT_SIZE")
        if any(price is not None and price % instrument.tick for price in (deal.limit, deal.stop)):
            raise VenueRefused("Filter failure: PRICE_FILTER", code="PRICE_FILTER")
        price = deal.limit or deal.stop or self._now(deal.symbol).mid
        if not deal.reduce_only and instrument.notional(deal.quantity, price) < instrument.min_notional:
            raise VenueRefused("Filter failure: NOTIONAL", code="NOTIONAL")
        if self._linear(instrument) and deal.reduce_only and not self._reducible(deal) and not deal.waiting:
            raise VenueRefused("ReduceOnly order is rejected.", code="REDUCE_ONLY")

    def _check_price(self, deal: Deal) -> None:
        if deal.type in STOPPED and deal.trail is None and self._sees(deal, self._now(deal.symbol)):
            raise VenueRefused("Order would trigger immediately.", code="WOULD_TRIGGER")

    def _check_funds(self, deals: Sequence[Deal]) -> None:
        for deal in deals[:1]:
            instrument = self.instruments[deal.symbol]
            if self._linear(instrument):
                continue
            currency = instrument.quote if deal.side is Side.BUY else instrument.base
            reserved = [self._reserve(x) for x in self.deals if x.is_open and not x.waiting and self._first(x)]
            free = self.money.get(currency, ZERO) - sum((m.amount for m in reserved if m.currency == currency), ZERO)
            if free < self._reserve(deal).amount:
                raise VenueRefused("Account has insufficient balance.", code="INSUFFICIENT_FUNDS")

    def _first(self, deal: Deal) -> bool:
        """Of a pair only one reserves."""
        return all(not mate.is_open or self.deals.index(mate) > self.deals.index(deal) for mate in deal.mates)

    def _reserve(self, deal: Deal) -> Money:
        instrument = self.instruments[deal.symbol]
        if deal.side is Side.SELL:
            return Money(deal.remaining, instrument.base)
        price = deal.limit or deal.stop or self._now(deal.symbol).ask
        return Money(instrument.notional(deal.remaining, price), instrument.quote)

    @staticmethod
    def _linear(instrument: Instrument) -> bool:
        return instrument.settlement is Settlement.LINEAR

    def _reducible(self, deal: Deal) -> Decimal:
        return max(-deal.side.sign * self.held.get(deal.symbol, ZERO), ZERO)

    def _sees(self, deal: Deal, quote: Quote) -> bool:
        """Whether the market shows the stop's price; a trailing stop is drawn along first."""
        shown = quote.taker(deal.side)[0].price
        if deal.trail is not None:
            better = max if deal.side is Side.SELL else min
            deal.best = better(deal.best or shown, shown)
            deal.stop = None
            return (deal.best - shown) * -deal.side.sign >= deal.trail.distance(deal.best)
        assert deal.stop is not None
        up = (deal.side is Side.BUY) != (deal.type is OrderType.TAKE_PROFIT)
        return shown >= deal.stop if up else shown <= deal.stop

    def _work(self, deal: Deal, quote: Quote, *, fresh: bool = False) -> None:
        if deal.type in STOPPED and not deal.triggered:
            if not self._sees(deal, quote):
                return
            deal.triggered = True
            self.tell(reports.Triggered(deal.client))
            self._drop_mates(deal)
        price = quote.taker(deal.side)[0].price
        if deal.type in WITH_LIMIT:
            assert deal.limit is not None
            if (price - deal.limit) * deal.side.sign > 0:
                if deal.tif is not TimeInForce.GTC:
                    self._end(deal, "expired", "no match")
                return
            price = price if fresh else deal.limit
        size = deal.remaining if deal.tif is TimeInForce.FOK else self._part(deal)
        self._fill(deal, size, price, maker=deal.type is OrderType.LIMIT and not fresh)
        if deal.is_open and deal.tif is not TimeInForce.GTC:
            self._end(deal, "expired", "the rest found no match")

    def _part(self, deal: Deal) -> Decimal:
        """How much trades at once: all of it, or less."""
        share = (
            Decimal(1) if self.whole else self.chance.choice([Decimal(1), Decimal(1), Decimal("0.5"), Decimal("0.3")])
        )
        return self.instruments[deal.symbol].round_quantity(deal.remaining * share) or deal.remaining

    def _fill(self, deal: Deal, quantity: Decimal, price: Decimal, *, maker: bool) -> None:
        instrument = self.instruments[deal.symbol]
        if self._linear(instrument):
            quantity = min(quantity, self._reducible(deal)) if deal.reduce_only else quantity
        else:
            have = self.money.get(instrument.base if deal.side is Side.SELL else instrument.quote, ZERO)
            have = have if deal.side is Side.SELL else have / price / (1 + self.fee_rate)
            quantity = quantity if quantity <= have else instrument.round_quantity(have)
        if quantity <= 0:
            self._end(deal, "expired", "nothing left to trade with")
            return
        self._drop_mates(deal)
        deal.filled += quantity
        fee = self._fee(deal.side, instrument, quantity, price)
        self._settle(deal, instrument, quantity, price)
        self.money[fee.currency] = self.money.get(fee.currency, ZERO) - fee.amount
        fill = reports.Filled(deal.client, f"T{len(self.trades) + 1}", quantity, price, fee, self.market.now(), maker)
        self.trades.append(Trade(deal.symbol, deal.side, fill))
        self.tell(fill)
        if deal.remaining <= 0:
            deal.status = "filled"
            for leg in [leg for leg in self.deals if leg.entry is deal]:
                leg.waiting = False

    def _fee(self, side: Side, instrument: Instrument, quantity: Decimal, price: Decimal) -> Money:
        value = instrument.notional(quantity, price) * self.fee_rate
        if self.fee_in == "BNB" and (bnb := value / self._now(Symbol("BNB/USDT")).mid) <= self.money.get("BNB", ZERO):
            return Money(bnb.quantize(Decimal("1e-8")), "BNB")
        if self.fee_in == "received" and side is Side.BUY and not self._linear(instrument):
            return Money(quantity * self.fee_rate, instrument.base)
        return Money(value, instrument.quote)

    def _settle(self, deal: Deal, instrument: Instrument, quantity: Decimal, price: Decimal) -> None:
        value = instrument.notional(quantity, price)
        change = deal.side.sign * quantity
        if not self._linear(instrument):
            self.money[instrument.base] = self.money.get(instrument.base, ZERO) + change
            self.money[instrument.quote] = self.money.get(instrument.quote, ZERO) - deal.side.sign * value
            return
        before, cost = self.held.get(deal.symbol, ZERO), self.cost.get(deal.symbol, ZERO)
        closed = min(quantity, abs(before)) if before * change < 0 else ZERO
        out = cost * closed / abs(before) if closed else ZERO
        gain = (instrument.notional(closed, price) - out) * (1 if before > 0 else -1)
        self.money[instrument.quote] += gain
        self.held[deal.symbol] = before + change
        self.cost[deal.symbol] = cost - out + instrument.notional(quantity - closed, price)

    def _drop_mates(self, deal: Deal) -> None:
        """Of an OCO pair the other leg goes as soon as one triggers or trades."""
        for mate in deal.mates:
            if mate.is_open:
                self._end(mate, "expired", "OCO")

    def _end(self, deal: Deal, status: str, reason: str) -> None:
        deal.status, deal.reason = status, reason
        kind = reports.Canceled if status == "canceled" else reports.Expired
        self.tell(kind(deal.client, reason, deal.filled))
        for leg in [leg for leg in self.deals if leg.entry is deal and leg.is_open]:
            self._end(leg, "canceled", "its entry ended")
