"""A Binance account behind the executor port: its sides (spot, USDT-M futures) as one.

What is sent is sent once. What became of it comes from three places that may each say it, late or twice: the answer,
the account's stream, and look-ups; the desk tells them apart by the ids of orders and trades.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from trading.clock import Clock
from trading.errors import VenueError, VenueUnreachable
from trading.executors.binance.account import Side
from trading.executors.binance.requests import text
from trading.executors.binance.rows import reading
from trading.executors.binance.rules import SymbolRules
from trading.instruments import Instrument, Money, Symbol, plain
from trading.order import Order
from trading.ports import Approved, Capabilities
from trading.reports import Filled, Report, VenueOrder

REFRESH_S = 600.0  # between two looks at what is listed: symbols are halted and filters change
AGAIN_S = 30.0  # after a look that failed


class BinanceExecutor:
    """One account at Binance. `may_withdraw` accepts a key that can take money out."""

    venue = "binance"

    def __init__(self, sides: Sequence[Side], clock: Clock, *, may_withdraw: bool = False) -> None:
        self._sides = tuple(sides)
        self._clock = clock
        self._may_withdraw = may_withdraw
        self._told: asyncio.Queue[Report | None] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._of: dict[Symbol, Side] = {}
        self._shown_by: dict[tuple[Symbol, str], Side] = {}  # of open orders, also of symbols that are not traded
        self.instruments: Mapping[Symbol, Instrument] = {}
        self.capabilities = _together([side.capabilities for side in self._sides])

    @property
    def problem(self) -> str:
        """Why nothing gets through, or is heard late, in one line; empty when all is well."""
        problems = (side.session.budget.problem or side.stream.problem for side in self._sides)
        return next((problem for problem in problems if problem), "")

    async def start(self) -> None:
        try:
            for side in self._sides:
                await side.session.start()
                with reading():
                    await side.refresh()
                    await side.check_rights(may_withdraw=self._may_withdraw)
                    await side.check()
            self._take_rules()
            self.capabilities = _together([side.capabilities for side in self._sides])
            for side in self._sides:
                await side.stream.start()
                self._tasks.append(asyncio.create_task(self._listen(side)))
        except (VenueError, asyncio.CancelledError):
            await self._close()
            raise
        self._tasks.append(asyncio.create_task(self._keep_rules()))

    async def stop(self) -> None:
        await self._close()
        self._told.put_nowait(None)

    async def _close(self) -> None:
        for side in self._sides:
            await side.stream.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for side in self._sides:
            await side.session.stop()

    async def _listen(self, side: Side) -> None:
        async for report in side.events():
            self._told.put_nowait(report)

    def _take_rules(self) -> None:
        self._of = {symbol: side for side in self._sides for symbol in side.rules}
        self.instruments = {symbol: side.rules[symbol].instrument for symbol, side in self._of.items()}

    async def _keep_rules(self) -> None:
        pause_s = REFRESH_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = REFRESH_S
            for side in self._sides:
                try:
                    with reading():
                        await side.refresh()
                except VenueError:
                    pause_s = AGAIN_S
            self._take_rules()

    # --- orders ------------------------------------------------------------------------------

    def found(self) -> Sequence[str]:
        """The key, the clock, the fees, and the filters of each symbol."""
        lines = []
        for side in self._sides:
            ahead, fees = side.session.time.offset_ms, side.capabilities
            lines.append(
                f"{side.session.product}: {side.session.key.kind} key works, "
                f"its clock is {ahead:+d} ms from ours, fees {_percent(fees.maker_fee)} maker "
                f"and {_percent(fees.taker_fee)} taker"
            )
            lines += [_filters(rules) for rules in side.rules.values()]
        return lines

    def describe(self, approved: Approved) -> str:
        try:
            return text(self._side(approved.order.symbol).placing(approved))
        except VenueError as why:  # so will `place`, which is where it counts
            return f"nothing: {why}"

    def vet(self, order: Order, reference: Decimal | None) -> None:
        self._side(order.symbol).vet(order, reference)

    async def place(self, approved: Approved) -> None:
        self._tell(await self._side(approved.order.symbol).place(approved))

    async def cancel(self, order: Order) -> None:
        self._tell(await self._side(order.symbol).cancel(order))

    async def amend(
        self, order: Order, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> None:
        wished = replace(order, quantity=quantity, limit_price=limit_price, stop_price=stop_price)
        self._tell(await self._side(order.symbol).amend(wished))

    async def withdraw(self, order: VenueOrder) -> None:
        side = self._shown_by.get((order.symbol, order.venue_order_id)) or self._side(order.symbol)
        side.opened.expire()
        await side.withdraw(order)

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        await self._side(symbol).set_leverage(symbol, leverage)

    async def reports(self) -> AsyncIterator[Report]:
        told = self._told
        while (report := await told.get()) is not None:
            yield report

    # --- looking -----------------------------------------------------------------------------

    async def lookup(self, order: Order) -> VenueOrder | None:
        with reading():
            return await self._side(order.symbol).lookup(order)

    async def open_orders(self) -> Sequence[VenueOrder]:
        with reading():
            each = [(side, await side.open_orders()) for side in self._sides]
        self._shown_by = {(shown.symbol, shown.venue_order_id): side for side, found in each for shown in found}
        return [shown for side, found in each for shown in found]

    async def fills(self, since: datetime) -> Sequence[Filled]:
        with reading():
            found = [fill for side in self._sides for fill in await side.fills(since)]
        return sorted(found, key=lambda fill: fill.at)

    async def balances(self) -> Sequence[Money]:
        totals: dict[str, Decimal] = {}
        with reading():
            held = [money for side in self._sides for money in await side.balances()]
        for money in held:
            totals[money.currency] = totals.get(money.currency, Decimal(0)) + money.amount
        return [Money(amount, currency) for currency, amount in totals.items()]

    async def positions(self) -> Mapping[Symbol, Decimal]:
        with reading():
            return {symbol: held for side in self._sides for symbol, held in (await side.positions()).items()}

    # --- within ------------------------------------------------------------------------------

    def _side(self, symbol: Symbol) -> Side:
        if (side := self._of.get(symbol)) is not None:
            return side
        if not self._of:
            raise VenueUnreachable("The account is not connected to Binance.", "It is tried again by itself.")
        linear = ":" in symbol
        return next((each for each in self._sides if each.capabilities.shorting is linear), self._sides[0])

    def _tell(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._told.put_nowait(report)


def _percent(fraction: Decimal) -> str:
    return f"{plain(fraction * 100)}%"


def _filters(rules: SymbolRules) -> str:
    listed = rules.instrument
    said = (
        f"{rules.symbol}: tick {plain(listed.tick)}, step {plain(listed.step)}, at least {plain(listed.min_quantity)}"
    )
    said += f" worth {plain(listed.min_notional)} {listed.quote}" if listed.min_notional else ""
    return said if rules.status == "TRADING" else f"{said} - {rules.status}"


def _together(each: Sequence[Capabilities]) -> Capabilities:
    """What an account with these sides can do: what all can, and what a symbol of one of them can."""
    both = each[0]
    for other in each[1:]:
        both = replace(
            both,
            order_types=both.order_types & other.order_types,
            time_in_force=both.time_in_force & other.time_in_force,
            amend_types=both.amend_types & other.amend_types,
            amend_in_lists=both.amend_in_lists and other.amend_in_lists,
            post_only=both.post_only and other.post_only,
            reduce_only=both.reduce_only and other.reduce_only,
            iceberg=both.iceberg and other.iceberg,
            lists=both.lists and other.lists,
            shorting=both.shorting or other.shorting,
            leverage=both.leverage or other.leverage,
            maker_fee=max(both.maker_fee, other.maker_fee),
            taker_fee=max(both.taker_fee, other.taker_fee),
            fee_in_received=both.fee_in_received or other.fee_in_received,
        )
    return both
