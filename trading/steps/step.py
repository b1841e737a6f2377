"""What a step reads and makes: the entities, in their versions."""

from collections.abc import Callable, Iterator
from typing import Any

from trading import audience as a
from trading import control as c
from trading import events as e
from trading import incoming as i
from trading.errors import JournalError
from trading.instruments import Instrument
from trading.intent import AccountId
from trading.order import Order
from trading.portfolio import Account, Balance, Fill, Position, Tape, balance_key

Entity = (
    Order | Position | Tape | Balance | Account | Fill | c.Latch | c.Kill | c.AccountMode | c.LimitOverride | c.Lock
    | c.Confirmation | c.Answer | c.StrategySwitch | c.Signal | c.Schedule | c.Drift | c.EquityPoint | c.Listing
    | c.Founding | c.Payment | a.Guest | a.MovedChat | a.AlertLevel | a.Mute | a.Digest | a.Critical | a.Watch
    | i.Incoming | i.Fingerprint
)  # fmt: skip
Get = Callable[[type[Any], str], Any]
"""Reads the present version of an entity by kind and key; None when there is none."""
Step = Callable[[Any, e.Recorded, Get], Iterator[Entity]]


class Steps(dict[type[e.Event], Step]):
    """The step that folds each kind of event."""

    def on(self, *kinds: type[e.Event]) -> Callable[[Step], Step]:
        """This step folds these events."""

        def register(step: Step) -> Step:
            self.update(dict.fromkeys(kinds, step))
            return step

        return register


def instrument_of(get: Get, account: AccountId, symbol: str) -> Instrument:
    """The filters under which the account traded `symbol`."""
    listing = get(c.Listing, f"{account.name}:{account.mode}:{symbol}")
    if listing is None:
        raise JournalError(f"The journal has no listing of {symbol} for {account}.", code="UNKNOWN_INSTRUMENT")
    return listing.instrument  # type: ignore[no-any-return]


def balance_of(get: Get, account: AccountId, currency: str) -> Balance:
    return get(Balance, balance_key(account, currency)) or Balance(account.name, account.mode, currency)
