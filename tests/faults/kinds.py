"""The faults of the campaign: what each of them arms at the exchange while an action is under way."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tests.emulators.binance import codes
from tests.emulators.binance.venue import Binance


class Struck(NamedTuple):
    """Where a fault is to strike: the exchange, the operations of the action, chance."""

    venue: Binance
    operations: str
    chance: Random


Arm = Callable[[Struck], None]


class Kind(NamedTuple):
    """A fault. `early`: armed before the action is prepared, so that what it acts on is struck as well."""

    arm: Arm
    early: Arm = lambda struck: None


LOOK_UPS = "GET *"
REFUSALS = {
    "duplicate": codes.DUPLICATE_ORDER,
    "closed": codes.MARKET_IS_CLOSED,
    "balance": codes.INSUFFICIENT_BALANCE,
    "would_trigger": codes.WOULD_TRIGGER,
    "would_match": codes.WOULD_MATCH,
    "bad_prices": codes.BAD_PRICES,
    "disabled": codes.ACTION_DISABLED,
    "may_not": codes.MAY_NOT_TRADE,
    "symbol": codes.SYMBOL_NOT_PERMITTED,
    "restricted": codes.SYMBOL_RESTRICTED,
    "too_little": codes.TOO_LITTLE,
    "iceberg": codes.ICEBERG_EXCEEDS,
    "not_supported": codes.NOT_SUPPORTED.format("Market"),
    "liquidity": codes.NO_LIQUIDITY.format("1"),
    "unlisted_text": "A text that nobody has seen before.",
}
"""The texts of -2010 (errors.md), and one that is not there."""


def _request(name: str, **detail: Any) -> Kind:
    """It strikes the action once or twice; sometimes the look-ups that follow as well."""

    def arm(struck: Struck) -> None:
        faults, chance = struck.venue.faults, struck.chance
        faults.arm(name, on=struck.operations, times=chance.choice((1, 1, 2)), **detail)
        if chance.random() < 0.3:
            faults.arm(name, on=LOOK_UPS, times=chance.randint(1, 4), **detail)

    return Kind(arm)


def _refusal(text: str) -> Kind:
    def arm(struck: Struck) -> None:
        struck.venue.faults.arm("code_-2010", on=struck.operations, text=text)

    return Kind(arm)


def _ban(struck: Struck) -> None:
    struck.venue.faults.arm("418", on=struck.operations, seconds=struck.chance.randint(5, 120))


def _late(name: str) -> Kind:
    """The answer is an error; the request reaches the engine up to ten seconds after it."""

    def arm(struck: Struck) -> None:
        after = struck.chance.uniform(0.2, 10)
        struck.venue.faults.arm(name, on=struck.operations, executed=True, after=after)

    return Kind(arm)


def _lag(*, lists: bool) -> Kind:
    """What is there cannot be found for a while, and no answer tells of it. Certainty takes 15 s, a lag is shorter."""

    def early(struck: Struck) -> None:
        chance = struck.chance
        lookups, seconds = chance.randint(0, 3), chance.uniform(1, 14)
        struck.venue.faults.arm("lookup_lag", times=0, lookups=0 if lists else lookups, seconds=seconds, lists=lists)

    def arm(struck: Struck) -> None:
        struck.venue.faults.arm(struck.chance.choice(("drop_after", "drop_before")), on=struck.operations)

    return Kind(arm, early)


def _events(name: str, least_s: float = 0, most_s: float = 0, **detail: Any) -> Kind:
    """It strikes some events, or all until it is over."""

    def arm(struck: Struck) -> None:
        chance = struck.chance
        more: dict[str, Any] = {"seconds": chance.uniform(least_s, most_s)} if most_s else {}
        struck.venue.faults.arm(name, times=chance.choice((0, 1, 2, 3)), **detail, **more)

    return Kind(arm)


def _two(struck: Struck) -> None:
    """Two of the others at once: a request goes wrong, and so do the events that would tell of it."""
    requests = [kind for name, kind in KINDS.items() if not name.startswith(("events", "stream", "lag", "two"))]
    events = [kind for name, kind in KINDS.items() if name.startswith(("events", "stream"))]
    for kinds in (requests, events):
        struck.chance.choice(kinds).arm(struck)


KINDS: dict[str, Kind] = {
    "drop_before": _request("drop_before"),
    "drop_after": _request("drop_after"),
    "hang_before": _request("hang_before", seconds=20),
    "hang_after": _request("hang_after", seconds=20),
    "slow": _request("slow", seconds=9),
    "403": _request("status_403"),
    "502": _request("status_502"),
    "502_executed": _request("status_502", executed=True),
    "503": _request("status_503"),
    "503_executed": _request("status_503", executed=True),
    "504": _request("status_504"),
    "504_executed": _request("status_504", executed=True),
    "524": _request("status_524"),
    "524_executed": _request("status_524", executed=True),
    "html_200": _request("html_200"),
    "html_200_executed": _request("html_200", executed=True),
    "empty": _request("empty"),
    "empty_executed": _request("empty", executed=True),
    "truncated": _request("truncated", executed=False),
    "truncated_executed": _request("truncated"),
    "redirect": _request("redirect_307"),
    **{f"-{code}": _request(f"code_-{code}") for code in (1000, 1001, 1006, 1007, 1008)},
    **{f"-{code}_executed": _request(f"code_-{code}", executed=True) for code in (1000, 1001, 1006, 1007, 1008)},
    "-1007_late": _late("code_-1007"),
    "504_late": _late("status_504"),
    "-1021": _request("-1021"),
    **{f"-2010_{name}": _refusal(text) for name, text in REFUSALS.items()},
    "429": _request("429", seconds=5),
    "418": Kind(_ban),
    "lag": _lag(lists=False),
    "lag_lists": _lag(lists=True),
    "events_late": _events("late", 0.1, 20),
    "events_slow": _events("slow", 0.1, 3),
    "events_doubled": _events("doubled"),
    "events_reordered": _events("reordered", 0.05, 5),
    "events_missing": _events("missing"),
    "stream_cut": _events("stream_cut"),
    "stream_cut_sent": _events("stream_cut", sent=True),
    "two_at_once": Kind(_two),
    "two_at_once_lagging": Kind(_two, _lag(lists=True).early),
}
