"""Trade requests on their way: sent once, unless the broker has said that nothing was executed.

A requote, a busy server and a filling mode that the symbol does not take are such words: the same request then goes out
again, at the price of now, a moment later, or with another mode; each a few times. Every other failure is raised.
"""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trading.errors import OutcomeUnknown, VenueError, VenueRefused, VenueUnreachable
from trading.executors.mt5.codes import LOOKED_UP, NOT_SENT, Meaning, error_of, error_of_failure, meaning_of
from trading.executors.mt5.margin import margin_of_request, short
from trading.executors.mt5.requests import Request
from trading.executors.mt5.sessions import since
from trading.mt5.constants import Constants as mt5
from trading.mt5.link import Link
from trading.mt5.package_thread import Unanswered
from trading.mt5.terminal import Failed, Terminal, is_sound

SEND_S = 15.0
TRIES = 3  # at another price, and while the server is busy
BUSY_S = 0.5
_OPERATIONS = {
    mt5.TRADE_ACTION_DEAL: "deal",
    mt5.TRADE_ACTION_PENDING: "wait",
    mt5.TRADE_ACTION_SLTP: "levels",
    mt5.TRADE_ACTION_MODIFY: "change",
    mt5.TRADE_ACTION_REMOVE: "remove",
    mt5.TRADE_ACTION_CLOSE_BY: "close-by",
}
_MAKES_ORDERS = frozenset({mt5.TRADE_ACTION_DEAL, mt5.TRADE_ACTION_PENDING})


class NoPrice(Exception):
    """The price of now cannot be read: nothing was sent."""


class Sender:
    """Sends requests through a link. Which filling mode a symbol really takes is remembered."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._fillings: dict[str, int] = {}
        self._life, self._attempts = secrets.token_hex(6), itertools.count(1)

    def check_up(self) -> None:
        """Nothing, if requests can get through.

        Raises:
            VenueUnreachable: the terminal or its broker is away; VenueRefused: the terminal takes none from programs.
        """
        if self._link.problem:
            raise VenueUnreachable(self._link.problem, NOT_SENT)
        if self._link.info is not None and self._link.info.tradeapi_disabled:
            raise VenueRefused(
                "The terminal takes no orders from programs.",
                "In the terminal, Tools > Options > Expert Advisors: allow the Python API.",
                code="ALGO_DISABLED",
            )

    async def send(self, request: Request, order_id: str = "") -> Any:
        """One request with a price of its own, or none; the broker's answer, which is a success.

        `order_id` is ours, of the order it is about, where that is known.

        Raises:
            VenueRefused, VenueUnreachable, OutcomeUnknown.
        """
        return await self._tried(lambda terminal: terminal.send(request, self._key(request, order_id)), request)

    async def deal(self, request: Request, modes: Sequence[int]) -> Any:
        """A market order at the price of now, by the first of `modes` that the symbol takes; as `send`."""
        name = request["symbol"]
        first = self._fillings.get(name)
        modes = [*(mode for mode in modes if mode == first), *(mode for mode in modes if mode != first)]

        for mode in modes:

            def at_price(terminal: Terminal, mode: int = mode) -> Any:
                price = _price(terminal, name, request["type"] == mt5.ORDER_TYPE_BUY)
                return terminal.send({**request, "price": price, "type_filling": mode}, self._key(request))

            try:
                answer = await self._tried(at_price, request)
            except VenueRefused as why:
                if (
                    why.code != "NOT_SUPPORTED"
                    or str(mt5.TRADE_RETCODE_INVALID_FILL) not in why.text
                    or mode == modes[-1]
                ):
                    raise
                continue
            self._fillings[name] = mode
            return answer
        raise AssertionError("there is a filling mode")

    def _key(self, request: Request, order_id: str = "") -> str:
        """What a bridge knows one attempt at a request by: our order, what is done with it, and a number never used."""
        ticket = request.get("order") or request.get("position")
        about = request.get("comment") or order_id or f"ticket{ticket}"
        return f"{about}.{_OPERATIONS[request['action']]}.{self._life}.{next(self._attempts)}"

    async def _tried(self, work: Callable[[Terminal], Any], request: Request) -> Any:
        self.check_up()
        for attempt in range(1, TRIES + 1):
            try:
                result = await self._link.ask(work, SEND_S)
            except NoPrice:
                raise VenueUnreachable("The terminal shows no price of it now.", "Try again in a moment.") from None
            except (Failed, Unanswered) as why:
                raise error_of_failure(why, order=True) from None
            meaning = meaning_of(result.retcode)
            if meaning is Meaning.DONE:
                if request["action"] in _MAKES_ORDERS and not result.order:
                    text = f"The broker's answer names no order [{result.retcode}]."
                    raise OutcomeUnknown(text, LOOKED_UP, code="NO_ANSWER")
                return result
            if meaning not in (Meaning.MOVED, Meaning.BUSY) or attempt == TRIES:
                break
            if meaning is Meaning.BUSY:
                await asyncio.sleep(BUSY_S * attempt)
        raise self._told(error_of(result.retcode, result.comment), result.retcode, result)

    def _told(self, why: VenueError, retcode: int, result: Any) -> VenueError:
        """An error with what the desk knows beside it: when a market opens, and how many lots there is money for."""
        asked = result.request
        if retcode == mt5.TRADE_RETCODE_MARKET_CLOSED and asked.symbol in self._link.ticks:
            return VenueRefused(f"{why.text} {since(asked.symbol, self._link)}", why.remedy, code=why.code)
        if retcode == mt5.TRADE_RETCODE_NO_MONEY and (found := margin_of_request(asked, self._link)) is not None:
            text, remedy = short(found)
            return VenueRefused(f"{why.text} {text}", remedy, code=why.code)
        return why


def _price(terminal: Terminal, name: str, buys: bool) -> float:
    try:
        tick = terminal.tick(name)
    except Failed as why:
        raise NoPrice from why
    if not is_sound(tick):
        raise NoPrice
    return float(tick.ask if buys else tick.bid)


@contextmanager
def reading() -> Iterator[None]:
    """What reads and fails has changed nothing.

    Raises:
        VenueUnreachable: the terminal cannot be asked.
    """
    try:
        yield
    except (Failed, Unanswered) as why:
        raise error_of_failure(why, order=False) from None
