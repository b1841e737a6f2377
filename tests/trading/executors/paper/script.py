"""Any script of quotes and requests, and the player who turns it into calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.kit import START
from tests.trading.executors.contract import INSTRUMENT, SYMBOL, make_order, quote_of
from tests.trading.executors.paper.venue import BNB, BUY, FEES, FUNDS, LIMIT, LINEAR, STOP
from trading.errors import VenueRefused
from trading.executors.paper.funds import Lending
from trading.executors.paper.ledger import Outcome
from trading.executors.paper.venue import PaperVenue
from trading.instruments import Instrument, Money, Side
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order
from trading.ports import Approved
from trading.quotes import Level, Quote

D = Decimal

tick = st.integers(-300, 300)
sizes = st.integers(1, 40)
quotes = st.tuples(
    st.just("quote"),
    st.integers(9000, 11000),
    st.integers(1, 5),
    st.lists(sizes, max_size=3),
    st.lists(sizes, max_size=3),
)
places = st.tuples(
    st.just("place"),
    st.sampled_from(["single", "single", "oco", "bracket"]),
    st.sampled_from(Side),
    st.sampled_from(OrderType),
    sizes,
    tick,
    st.integers(1, 300),
    st.sampled_from(TimeInForce),
    st.booleans(),
    st.booleans(),
)
others = st.tuples(st.sampled_from(["cancel", "amend"]), st.integers(0, 9), sizes, tick)
scripts = st.lists(
    st.one_of(quotes, quotes, places, places, others, st.tuples(st.just("again"))), min_size=1, max_size=30
)
worlds = st.tuples(st.sampled_from([INSTRUMENT, LINEAR]), st.sampled_from(["quote", "received", "BNB"]))


def found(
    world: tuple[Instrument, str],
    state: dict[str, str] | None = None,
    lending: Lending = Lending(D(3)),  # noqa: B008
) -> PaperVenue:
    """A venue with `FUNDS` and `FEES`, or as `state` left it."""
    instrument, fee_currency = world
    funds = [Money(amount, currency) for currency, amount in FUNDS.items()]
    venue = PaperVenue({SYMBOL: instrument}, funds, FEES, fee_currency=fee_currency, lending=lending, state=state)
    venue.on_quote(BNB)
    return venue


@dataclass
class Player:
    """Turns a script into requests; what it asks depends on the script alone, not on the venue."""

    world: tuple[Instrument, str]
    mid: int = 10000
    second: int = 0
    asked: list[Order] = field(default_factory=list)
    quote: Quote = field(default_factory=lambda: quote_of("99.99x2", "100.01x2"))

    def request(self, step: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """The method to call for this step, and its arguments."""
        self.second += 1
        at = START + timedelta(seconds=self.second)
        match step:
            case ("quote", mid, half, bids, asks):
                self.mid = mid
                self.quote = Quote(
                    SYMBOL, _ladder(mid - half, -1, bids), _ladder(mid + half, 1, asks), D(mid) / 100, at
                )
                return "on_quote", (self.quote,)
            case ("again",):
                return "on_quote", (self.quote,)
            case ("place", *terms):
                return "place", (self._approved(*terms), at)
            case (name, index, size, offset):
                order = self.asked[index % len(self.asked)] if self.asked else make_order("none", BUY, "1")
                price = _price(self.mid + offset)
                return name, (order.id, at) if name == "cancel" else (order.id, D(size) / 10, price, price, at)
        raise AssertionError(step)

    def _approved(self, *terms: Any) -> Approved:
        kind, side, type, size, offset, gap, tif, post, reduce = terms
        number = len(self.asked)
        quantity = str(D(size) / 10)
        price, stop = _price(self.mid + offset), _price(self.mid + offset + side.sign * gap)
        flags: dict[str, Any] = {"post_only": post and type is LIMIT, "reduce_only": reduce}
        flags |= {"time_in_force": tif, "limit_price": price, "stop_price": stop, "trail": Trail(D(gap) / 100)}
        made = [make_order(f"id{number}", side, quantity, type, **flags)]
        if kind != "single":
            leg = side if kind == "oco" else side.opposite
            tie: dict[str, Any] = {"group": f"g{number}", "trail": Trail(D(gap) / 100), "reduce_only": reduce}
            target, stop = _price(self.mid - leg.sign * gap), _price(self.mid + leg.sign * gap)
            kinds = [STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP]
            pair = [
                make_order(f"id{number}t", leg, quantity, LIMIT, limit_price=target, **tie),
                make_order(f"id{number}s", leg, quantity, kinds[offset % 3], stop_price=stop, limit_price=price, **tie),
            ]
            made = pair if kind == "oco" else [*made, *pair]
        self.asked += made
        return Approved(made[0], (), tuple(made[1:]))


def _price(ticks: int) -> Decimal:
    return D(ticks) / 100


def _ladder(best: int, direction: int, amounts: Sequence[int]) -> tuple[Level, ...]:
    return tuple(Level(_price(best + direction * 7 * i), D(amount) / 10) for i, amount in enumerate(amounts))


def call(venue: PaperVenue, name: str, arguments: tuple[Any, ...]) -> Outcome | str:
    """What a call answers, or under which code and words it is refused."""
    try:
        answer: Outcome = getattr(venue, name)(*arguments)
    except VenueRefused as why:
        return f"{why.code} {why}"
    return answer
