"""What people ask of the desk, drawn from a seed: each can be performed again under its key, on any later desk."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from tests.simulation.desk import Desk
from tests.simulation.market import BTC, ETH, INSTRUMENTS, PERP, SeededMarket
from trading import events as e
from trading.ids import order_id
from trading.instruments import Settlement, Side, Symbol
from trading.intent import AccountId, Intent, Leg, OrderType, Origin, Size, TimeInForce, Trail
from trading.order import Order

PEOPLE = ("person:ana", "person:bob")


@dataclass(frozen=True)
class Act:
    """One request; `perform` with the same key is the same request."""

    text: str
    perform: Callable[[Desk], Awaitable[object]]


class People:
    """Draws requests. Prices come from the market as it is when they ask."""

    def __init__(self, market: SeededMarket, accounts: dict[AccountId, tuple[Symbol, ...]], chance: Random) -> None:
        self.market = market
        self.accounts = accounts
        self.chance = chance
        self.count = 0
        self.draws: list[tuple[int, Callable[[], Act]]] = [
            (16, self.market_order),
            (14, self.limit_order),
            (6, self.stop_order),
            (22, self.bracket),
            (6, self.oco),
            (12, self.close),
            (9, self.cancel),
            (2, self.cancel_all),
            (8, self.amend),
            (7, self.protect),
            (5, self.rush),
            (2, self.kill),
            (2, self.pause),
            (6, self.resume),
            (2, self.lock),
        ]

    def draw(self) -> Act:
        """The next thing somebody asks for."""
        weights = [weight for weight, _ in self.draws]
        return self.chance.choices([make for _, make in self.draws], weights)[0]()

    # --- pieces ------------------------------------------------------------------------------

    def _key(self) -> str:
        self.count += 1
        return f"chat:{self.count}"

    def _where(self) -> tuple[AccountId, Symbol]:
        account = self.chance.choice(list(self.accounts))
        return account, self.chance.choice(self.accounts[account])

    def _origin(self, text: str) -> Origin:
        return Origin(self.chance.choice(PEOPLE), "terminal", text)

    def _price(self, symbol: Symbol, percent: float) -> Decimal:
        """The mid price moved by so many percent, in ticks."""
        quote = self.market.quote(symbol)
        assert quote is not None
        tick = INSTRUMENTS[symbol].tick
        return (quote.mid * Decimal(1000 + round(percent * 10)) / 1000 / tick).to_integral_value() * tick

    def _size(self, symbol: Symbol, value: int) -> Size:
        """Units worth about `value`."""
        instrument = INSTRUMENTS[symbol]
        return Size(instrument.round_quantity(value / self._price(symbol, 0) / instrument.multiplier))

    def _submit(self, text: str, *intents: Intent) -> Act:
        return Act(f"{text} key={intents[0].key}", lambda desk: desk.oms.submit(*intents))

    def _intent(self, kind: OrderType, side: Side | None = None, **fields: object) -> Intent:
        account, symbol = self._where()
        chosen = side or self.chance.choice((Side.BUY, Side.BUY, Side.SELL))
        size = self._size(symbol, self.chance.randint(20, 1400))
        words = f"{chosen} {size} {symbol} {kind}"
        return Intent(self._key(), account, symbol, chosen, size, self._origin(words), kind, **fields)  # type: ignore[arg-type]

    # --- orders ------------------------------------------------------------------------------

    def market_order(self) -> Act:
        intent = self._intent(OrderType.MARKET)
        return self._submit(intent.origin.text, intent)

    def limit_order(self) -> Act:
        side = self.chance.choice((Side.BUY, Side.SELL))
        intent = self._intent(OrderType.LIMIT, side)
        behind = self.chance.uniform(-0.3, 1.5) * -side.sign
        tif = self.chance.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK))
        priced = replace(
            intent,
            limit_price=self._price(intent.symbol, behind),
            time_in_force=tif,
            post_only=tif is TimeInForce.GTC and self.chance.random() < 0.2,
        )
        return self._submit(f"{intent.origin.text} at {priced.limit_price} {tif}", priced)

    def stop_order(self) -> Act:
        kind = self.chance.choice(
            (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP)
        )
        intent = self._intent(kind)
        beyond = intent.side.sign * self.chance.uniform(0.2, 1.5)
        if kind is OrderType.TRAILING_STOP:
            return self._submit(intent.origin.text, replace(intent, trail=Trail(Decimal("0.8"), percent=True)))
        beyond = -beyond if kind is OrderType.TAKE_PROFIT else beyond
        limit = self._price(intent.symbol, beyond + intent.side.sign * 0.3)
        stopped = replace(
            intent,
            stop_price=self._price(intent.symbol, beyond),
            limit_price=limit if kind is OrderType.STOP_LIMIT else None,
        )
        return self._submit(f"{intent.origin.text} stop {stopped.stop_price}", stopped)

    def bracket(self) -> Act:
        kind = self.chance.choice((OrderType.MARKET, OrderType.LIMIT))
        intent = self._intent(kind)
        if INSTRUMENTS[intent.symbol].settlement is Settlement.SPOT:
            intent = replace(intent, side=Side.BUY)  # selling opens nothing there
        sign = intent.side.sign
        trailing = self.chance.random() < 0.15
        planned = replace(
            intent,
            limit_price=self._price(intent.symbol, -sign * 0.2) if kind is OrderType.LIMIT else None,
            stop_loss=None if trailing else self._price(intent.symbol, -sign * self.chance.uniform(0.5, 3)),
            take_profit=self._price(intent.symbol, sign * self.chance.uniform(0.3, 3))
            if self.chance.random() < 0.8
            else None,
            trail_loss=Trail(Decimal("1.2"), percent=True) if trailing else None,
        )
        return self._submit(f"{intent.origin.text} sl={planned.stop_loss} tp={planned.take_profit}", planned)

    def oco(self) -> Act:
        """Exit what is held of a symbol at a target or a stop."""
        account, symbol = self._where()
        key, up, down = self._key(), self._price(symbol, 1.0), self._price(symbol, -1.0)
        origin = self._origin(f"oco {symbol}")

        async def perform(desk: Desk) -> object:
            position = desk.book.position(account, symbol)
            if position is None or not position.quantity:
                return None
            side = Side.SELL if position.quantity > 0 else Side.BUY
            size = Size(INSTRUMENTS[symbol].round_quantity(abs(position.quantity)))
            target, stop = (up, down) if side is Side.SELL else (down, up)
            shared = {"account": account, "symbol": symbol, "side": side, "size": size, "origin": origin}
            legs = (
                (key, OrderType.STOP, {"stop_price": stop, "leg": Leg.STOP_LOSS}),
                (f"{key}:tp", OrderType.LIMIT, {"limit_price": target, "leg": Leg.TAKE_PROFIT}),
            )
            group = order_id(f"{key}:oco")
            return await desk.oms.submit(
                *(
                    Intent(key=k, type=kind, group=group, reduce_only=True, **shared, **prices)  # type: ignore[arg-type]
                    for k, kind, prices in legs
                )
            )

        return Act(f"{origin.text} key={key}", perform)

    def close(self) -> Act:
        """Close a position, or half of it, as the `close` command does."""
        account, symbol = self._where()
        key, half, origin = self._key(), self.chance.random() < 0.3, self._origin(f"close {symbol}")

        async def perform(desk: Desk) -> object:
            if (known := desk.book.order(order_id(key))) is not None:
                return known
            position = desk.book.position(account, symbol)
            instrument = INSTRUMENTS[symbol]
            held = abs(position.quantity) if position else Decimal(0)
            size = instrument.round_quantity(held / 2 if half else held)
            if position is None or size <= 0:
                return None
            legs = desk.protection.legs(account, symbol)
            if legs:
                await desk.protection.make_room(account, symbol, size, origin)
            side = Side.SELL if position.quantity > 0 else Side.BUY
            reduce = instrument.settlement is not Settlement.SPOT or bool(legs)
            return await desk.oms.submit(Intent(key, account, symbol, side, Size(size), origin, reduce_only=reduce))

        return Act(f"close {'half of ' if half else ''}{symbol} key={key}", perform)

    def rush(self) -> Act:
        """Two orders at once, each within the limits and together beyond them."""
        account, symbol = self._where()
        keys = (self._key(), self._key())
        sizes, origin = (self._size(symbol, 1900), self._size(symbol, 1800)), self._origin(f"rush {symbol}")

        async def perform(desk: Desk) -> object:
            both = [
                desk.spawn(desk.oms.submit(Intent(key, account, symbol, Side.BUY, size, origin)))
                for key, size in zip(keys, sizes, strict=True)
            ]
            return [await each for each in both]

        return Act(f"rush {symbol} keys={keys}", perform)

    # --- changes -----------------------------------------------------------------------------

    def _pick(self, desk: Desk, number: int) -> Order | None:
        working = desk.book.open_orders()
        return working[number % len(working)] if working else None

    def cancel(self) -> Act:
        number, origin = self.chance.randrange(1000), self._origin("cancel")

        async def perform(desk: Desk) -> object:
            order = self._pick(desk, number)
            return order and await desk.oms.cancel(order, origin)

        return Act(f"cancel {number}", perform)

    def cancel_all(self) -> Act:
        origin = self._origin("cancel all")

        async def perform(desk: Desk) -> object:
            return [await desk.oms.cancel(order, origin) for order in desk.book.open_orders()]

        return Act("cancel all", perform)

    def amend(self) -> Act:
        number, origin = self.chance.randrange(1000), self._origin("amend")
        share, percent = Decimal(self.chance.choice(("0.5", "0.7", "1.4"))), self.chance.uniform(-0.5, 0.5)
        resize = self.chance.random() < 0.6

        async def perform(desk: Desk) -> object:
            order = self._pick(desk, number)
            if order is None or order.type is OrderType.MARKET:
                return None
            moved = self._price(order.symbol, percent)
            if resize:
                return await desk.oms.amend(order, origin, quantity=order.quantity * share)
            if order.limit_price is not None:
                return await desk.oms.amend(order, origin, limit_price=moved)
            if order.stop_price is not None:
                return await desk.oms.amend(order, origin, stop_price=moved)
            return None

        return Act(f"amend {number} {'quantity' if resize else 'price'}", perform)

    def protect(self) -> Act:
        """`sl`, `tp` or `trail` on a position."""
        account, symbol = self._where()
        key, origin = self._key(), self._origin(f"protect {symbol}")
        what = self.chance.choice(("stop", "target", "trail"))
        distance = self.chance.uniform(0.5, 2)

        async def perform(desk: Desk) -> object:
            position = desk.book.position(account, symbol)
            sign = 1 if position is not None and position.quantity > 0 else -1
            return await desk.protection.change(
                key,
                account,
                symbol,
                origin,
                stop=self._price(symbol, -sign * distance) if what == "stop" else None,
                target=self._price(symbol, sign * distance) if what == "target" else None,
                trail=Trail(Decimal("1.5"), percent=True) if what == "trail" else None,
            )

        return Act(f"{what} of {symbol} key={key}", perform)

    # --- control -----------------------------------------------------------------------------

    def _scope(self) -> str:
        return self.chance.choice(("all", "all", "spot", "perp", BTC, ETH, PERP))

    def kill(self) -> Act:
        key, scope, flatten, origin = self._key(), self._scope(), self.chance.random() < 0.7, self._origin("kill")
        return Act(
            f"kill {scope} flatten={flatten} key={key}",
            lambda desk: desk.killer.kill(key, scope, origin, flatten=flatten),
        )

    def pause(self) -> Act:
        scope, origin = self._scope(), self._origin("pause")
        return Act(f"pause {scope}", lambda desk: desk.killer.pause(scope, origin))

    def resume(self) -> Act:
        scope, origin = self.chance.choice(("all", self._scope())), self._origin("resume")
        return Act(f"resume {scope}", lambda desk: desk.killer.resume(scope, origin))

    def lock(self) -> Act:
        _, symbol = self._where()
        seconds, actor = self.chance.randint(5, 40), self.chance.choice(PEOPLE)

        async def perform(desk: Desk) -> object:
            until = desk.around.clock.now() + timedelta(seconds=seconds)
            return await desk.book.record(e.SymbolLocked(symbol, until, "news", actor))

        return Act(f"lock {symbol} {seconds} s", perform)
