"""Doing what one alert wants: each of its orders as a command line of its source, through the one door, once.

The keys are the alert's: `wh:ALERT:0`, `wh:ALERT:1`. What was begun before a crash is found under them, and not begun
again; a target is only held against a position that nothing is about to change.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.desk import LiveDesk
from bot.webhooks.sources import Source
from handlers.actor import Actor
from handlers.cards import headline, outcome
from handlers.confirm import token_of
from handlers.context import Context
from handlers.parse import bind, find
from handlers.reply import Reply, from_answer
from handlers.spelling import symbol_of
from handlers.tradingview import reading, symbols
from handlers.tradingview.given import Unreadable
from handlers.tradingview.wish import ALL, Steps, Wish, orders_for
from handlers.tradingview.words import Action
from trading.control import Answer, Confirmation
from trading.events import Outcome
from trading.incoming import Incoming
from trading.instruments import ZERO, Symbol
from trading.intent import AccountId, OrderType
from trading.order import Order, OrderStatus
from trading.words import passed

QUIET_S = 10.0  # how long a target waits for what may still change its position
LONGEST_LINE = 300  # characters of a reply that are told

Run = Callable[[str, Actor, str, str], Awaitable[Reply]]
"""The one door: line, actor, surface, key."""

Look = Callable[[str, Actor, str], Context]
"""A context for looking only."""


class NotNow(Exception):
    """The desk cannot take it at present; nothing was done."""


class Done(NamedTuple):
    """What became of one order of an alert, or of the whole of it."""

    outcome: Outcome
    text: str
    order_ids: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()


class Fulfilment:
    """Does alerts at one desk."""

    def __init__(self, desk: LiveDesk, run: Run, look: Look) -> None:
        self.desk = desk
        self.book = desk.book
        self._run = run
        self._look = look

    def read(self, source: Source, text: str | bytes) -> reading.Reading:
        """What a body wants, with the symbols of the source's account.

        Raises:
            NotNow: the account is not connected yet, so that its symbols are not known.
            Unreadable: it cannot be read, or not safely.
        """
        if source.account in self.desk.accounts and not self.desk.instruments(source.account):
            raise NotNow(f"{source.account} is not connected yet.")
        ctx = self._look("", source.actor, "webhook")

        def resolve(symbol: str) -> Symbol:
            return symbol_of(symbol, ctx, (source.account,))

        body = text if isinstance(text, bytes) else text.encode()
        return reading.read(body, symbols.Source(source.account, resolve, source.symbols, source.size))

    async def do(self, alert: Incoming, found: reading.Reading | None = None) -> Done:
        """Do an alert, or what of it was not done before the process ended; `found` is how it was read, if it was.

        Raises:
            NotNow: the desk takes nothing at present.
        """
        source = self.desk.sources.find(alert.source)
        if source is None:
            return Done(Outcome.DENIED, f"There is no source {alert.source} any more; nothing was done.")
        if alert.account != source.account:
            text = f"It came for {alert.account}, and {alert.source} trades {source.account} now; nothing was done."
            return Done(Outcome.DENIED, text)
        try:
            found = found or self.read(source, alert.text)
        except Unreadable as why:
            return Done(Outcome.UNREADABLE, str(why))
        late = too_old(alert.since, self.book.clock.now(), limit(source, found))
        done = []
        for number, wish in enumerate(found.orders):
            done.append(await self._one(source, wish, f"wh:{alert.id}:{number}", late))
        return whole(done)

    async def _one(self, source: Source, wish: Wish, key: str, late: str) -> Done:
        request = f"{source.actor.id}|{key}"
        if known := self.book.get(Answer, request):
            return self._told(str(wish), from_answer(known.answer), request)
        if order := self.book.order(self.book.order_id(request)):
            return _of_order(order)
        if late:
            return Done(Outcome.EXPIRED, f"{wish}: {late}")
        if wish.action is Action.TARGET or (wish.action is Action.CLOSE and wish.size is None):
            await self._supersede(source, wish, key)
        steps = await self._steps(source, wish)
        if isinstance(steps, Done):
            return steps
        if not steps.lines:
            return Done(Outcome.EXECUTED, f"Nothing to do: {steps.note}")
        (line,) = steps.lines
        reply = await self._run(line, source.actor, "webhook", key)
        if reply.error == "NOT_READY":
            raise NotNow(reply.text)
        return self._told(line, reply, request)

    async def _supersede(self, source: Source, wish: Wish, key: str) -> None:
        """Reject what waits of this source where the wish says where its position ends.

        It was counted from where the account stood before: agreed to afterwards as well, it would be too much.
        """
        for asked in list(self.book.all(Confirmation)):
            if asked.outcome or asked.actor != source.actor.id:
                continue
            symbol = bind(*find(asked.line, source.role)).get("symbol")
            if wish.symbol in (ALL, symbol):
                await self._run(f"/reject {asked.token}", source.actor, "webhook", f"{key}:{asked.token}")

    async def _steps(self, source: Source, wish: Wish) -> Steps | Done:
        """The lines of a wish as the account stands; it waits until nothing there is under way."""
        account, symbol = AccountId(source.account, self.book.mode(source.account)), Symbol(wish.symbol)
        if wish.symbol == ALL or wish.action not in (Action.TARGET, Action.CLOSE):
            return self.lines(source, wish)
        is_quiet = await self.book.until(lambda: not self._moving(account, symbol), QUIET_S)
        if not is_quiet and wish.action is Action.TARGET:  # nobody is kept from getting out
            text = f"another order in {symbol} is under way, so where the position will be is not known"
            return Done(Outcome.DENIED, f"{wish}: {text}; nothing was done.")
        return self.lines(source, wish)

    def lines(self, source: Source, wish: Wish) -> Steps:
        """The lines of a wish as the account stands now."""
        account = AccountId(source.account, self.book.mode(source.account))
        symbol = Symbol(wish.symbol)
        instrument = self.desk.instruments(source.account).get(symbol)
        position = self.book.position(account, symbol)
        held = position.quantity if position else ZERO
        return orders_for(wish, held, max(instrument.step, instrument.min_quantity) if instrument else ZERO)

    def _moving(self, account: AccountId, symbol: Symbol) -> bool:
        """Whether an order may change the position at any moment: at the market, or not heard of yet."""
        return any(
            order.type is OrderType.MARKET or order.status is OrderStatus.SUBMITTED or order.in_doubt
            for order in self.book.open_orders(account, symbol)
        )

    def _told(self, line: str, reply: Reply, request: str) -> Done:
        """What a reply of the door means; an order that was made counts more than what went wrong after it."""
        if order := self.book.order(reply.order_id or self.book.order_id(request)):
            return _of_order(order)
        token = token_of(reply)
        if token and reply.ok:
            asked = self.book.get(Confirmation, token)
            if asked is None or asked.outcome:
                ended = asked.outcome if asked else "voided"
                return Done(Outcome.REJECTED, f"{line}: {ended}, nothing was sent.")
            return Done(Outcome.WAITING, asked.summary, tokens=(token,))
        text = " ".join(reply.text.split())[:LONGEST_LINE]
        return Done(Outcome.EXECUTED if reply.ok else Outcome.DENIED, f"{line}: {text}")


def _of_order(order: Order) -> Done:
    refused = order.status in (OrderStatus.DENIED, OrderStatus.REJECTED)
    text = f"{headline(order)}. {outcome(order)}"
    return Done(Outcome.DENIED if refused else Outcome.EXECUTED, text, (order.id,))


def whole(parts: list[Done]) -> Done:
    """The outcome of an alert from those of its orders: what somebody has to look at counts most."""
    for kind in (Outcome.WAITING, Outcome.DENIED, Outcome.EXPIRED, Outcome.REJECTED, Outcome.EXECUTED):
        if any(part.outcome is kind for part in parts):
            break
    return Done(
        kind,
        "\n".join(part.text for part in parts),
        tuple(order for part in parts for order in part.order_ids),
        tuple(token for part in parts for token in part.tokens),
    )


def limit(source: Source, found: reading.Reading) -> int:
    """Seconds from which an alert is too old: the source's, or its own if that is less."""
    return min(source.max_age_s, found.max_age_s or source.max_age_s)


def too_old(since: datetime, now: datetime, limit_s: int) -> str:
    """Why an alert is too old to be done; empty if it is not."""
    age = now - since
    if age <= timedelta(seconds=limit_s):
        return ""
    return f"too old by now: sent {passed(age)} ago, at most {limit_s} s are allowed. Nothing was done."
