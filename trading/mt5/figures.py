"""What a terminal works out by itself: the account's money, the margin of a lot, when a market is open.

The checks before an order cannot wait for a terminal. So these are asked for a little at a time, once a second, and
what was answered last is at hand.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, TypeVar

from trading.instruments import Side
from trading.mt5.brokertime import BrokerTime
from trading.mt5.constants import Constants as mt5
from trading.mt5.hours import BARS, Hours
from trading.mt5.terminal import Failed, Terminal, exact, is_sound

AT_FIRST, AT_A_TIME = 100, 5  # symbols whose margin is asked for in one go: an order may be waiting behind it
QUIET = timedelta(seconds=60)  # after which a market may be closed
HOURS_AGAIN = timedelta(hours=1)
UNKNOWN_AGAIN = timedelta(minutes=1)  # a terminal fetches the history it is asked for, and answers before

T = TypeVar("T")
Margins = dict[tuple[str, Side], Decimal]


class Question(NamedTuple):
    """What is asked next. `prices`: of each symbol what a BUY and a SELL pay; `silent`: whose hours are wanted."""

    prices: Mapping[str, Mapping[Side, float]]
    silent: str


class Answer(NamedTuple):
    account: Any
    margins: Margins
    silent: str
    hours: Hours | None


class Figures:
    """As they were answered last, by the broker's names. Margins are of one lot, in the account's currency."""

    def __init__(self) -> None:
        self.margins: Margins = {}
        self.hours: dict[str, Hours] = {}
        self._turn = 0
        self._asked_at: dict[str, datetime] = {}

    def question(self, names: Iterable[str], ticks: Mapping[str, Any], time: BrokerTime, now: datetime) -> Question:
        """The margins of those whose turn it is, and the hours of one that has been silent."""
        priced = [name for name in names if name in ticks]
        start = self._turn % len(priced) if priced else 0
        self._turn = start + min(AT_A_TIME if self.margins else AT_FIRST, len(priced))
        turn = itertools.islice(itertools.cycle(priced), start, self._turn)
        prices = {name: {Side.BUY: float(ticks[name].ask), Side.SELL: float(ticks[name].bid)} for name in turn}
        silent = next((name for name in priced if self._is_due(name, now) and is_silent(ticks[name], time, now)), "")
        if silent:
            self._asked_at[silent] = now
        return Question(prices, silent)

    def _is_due(self, name: str, now: datetime) -> bool:
        asked = self._asked_at.get(name)
        return asked is None or now - asked >= (HOURS_AGAIN if name in self.hours else UNKNOWN_AGAIN)

    def take(self, answer: Answer) -> None:
        """What was answered."""
        self.margins |= answer.margins
        if answer.hours is not None:
            self.hours[answer.silent] = answer.hours


def is_silent(tick: Any, time: BrokerTime, now: datetime) -> bool:
    """Whether the last price is old; also where that cannot be known, before the broker's time was measured."""
    return not is_sound(tick) or not time.is_measured or now - time.utc(tick.time_msc) >= QUIET


def ask(terminal: Terminal, question: Question) -> Answer:
    """In the package's thread. What one symbol has no figure for is left out.

    Raises:
        Failed: the terminal cannot be asked at all.
    """
    margins: Margins = {}
    for name, sides in question.prices.items():
        for side, price in sides.items():
            margin = _known(partial(terminal.margin, name, side is Side.BUY, 1.0, price))
            margins |= {} if margin is None else {(name, side): exact(margin)}
    hours = None
    if question.silent:
        bars = _known(partial(terminal.rates, question.silent, mt5.TIMEFRAME_M5, BARS))
        hours = None if bars is None else Hours.of([int(row["time"]) for row in bars])
    return Answer(terminal.account(), margins, question.silent, hours)


def _known(call: Callable[[], T]) -> T | None:
    """What it answers, or None where it has no answer of just this."""
    try:
        return call()
    except Failed as why:
        if why.code <= mt5.RES_E_INTERNAL_FAIL:
            raise
        return None
