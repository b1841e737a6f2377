"""What a broker lists, as our instruments: its symbols by our names for them, with their rules. Pure."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from trading.instruments import Instrument, Settlement, Symbol
from trading.mt5.constants import Constants as mt5
from trading.mt5.terminal import exact

BY_TICK_VALUE = frozenset(
    {mt5.SYMBOL_CALC_MODE_FUTURES, mt5.SYMBOL_CALC_MODE_EXCH_FUTURES, mt5.SYMBOL_CALC_MODE_EXCH_OPTIONS}
)
"""Calculation modes in which profit is counted in ticks and not in units of a contract (ENUM_SYMBOL_CALC_MODE)."""
_SUFFIX = r"([._\-#+!^][A-Za-z0-9._\-#+!]{0,8}|[a-z]{1,5})"
"""What brokers put behind a name: EURUSD.m, EURUSD-ECN, EURUSDpro, EURUSD#."""


class SymbolRules(NamedTuple):
    """One symbol. Levels are in price units, volumes in lots."""

    instrument: Instrument
    name: str  # the broker's
    digits: int
    point: Decimal
    stops_level: Decimal  # how far stops and waiting orders must be from the market
    freeze_level: Decimal  # how near the market nothing may be changed any more
    filling_mode: int  # bits: 1 FOK, 2 IOC, 4 BOC
    execution: int
    trade_mode: int
    order_mode: int  # bits
    expiration_mode: int = 15  # bits: 1 without an end, 2 for the day, 4 and 8 until a time or a day

    @property
    def symbol(self) -> Symbol:
        return self.instrument.symbol

    @property
    def is_on_exchange(self) -> bool:
        """Whether orders go to an exchange: limits are not held against the market, and may be IOC or FOK."""
        return self.execution == mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE

    @property
    def least_away(self) -> Decimal:
        """How far from the market a waiting price must be."""
        return max(self.stops_level, self.instrument.tick)


def rules_of(info: Any, symbol: Symbol, currency: str) -> SymbolRules:
    """The rules in a `symbol_info`; `currency` is the account's."""
    point = exact(info.point)
    tick = exact(info.trade_tick_size) or point
    contract = exact(info.trade_contract_size)
    if info.trade_calc_mode in BY_TICK_VALUE and info.currency_profit == currency and info.trade_tick_value:
        contract = exact(info.trade_tick_value) / tick
    pair = info.currency_base + info.currency_profit
    instrument = Instrument(
        symbol=symbol,
        # A contract on an index has its currency as its base too: what it is a contract on is its own thing.
        base=info.currency_base if info.name.startswith(pair) else str(symbol),
        quote=info.currency_profit,
        tick=tick,
        step=exact(info.volume_step),
        min_quantity=exact(info.volume_min),
        max_quantity=exact(info.volume_max),
        settlement=Settlement.LINEAR,
        multiplier=contract or Decimal(1),
    )
    return SymbolRules(
        instrument,
        info.name,
        info.digits,
        point,
        info.trade_stops_level * point,
        info.trade_freeze_level * point,
        info.filling_mode,
        info.trade_exemode,
        info.trade_mode,
        info.order_mode,
        info.expiration_mode,
    )


def named(infos: Iterable[Any], wanted: Iterable[str]) -> dict[Symbol, Any]:
    """Which of the broker's symbols are traded, by our names: those in its Market Watch, and those wanted.

    `EURUSD` is the broker's `EURUSD.m` where it has no plain one.
    """
    everything = {info.name: info for info in infos}
    found: dict[Symbol, Any] = {}
    taken: set[str] = set()
    for name in wanted:
        if (theirs := spelt(name, everything)) and theirs not in taken:
            found[Symbol(name)] = everything[theirs]
            taken.add(theirs)
    for name, info in everything.items():
        if name in taken or not info.visible:
            continue
        pair = info.currency_base + info.currency_profit
        bare = pair if re.fullmatch(re.escape(pair) + _SUFFIX, name) else name
        known = bare in everything or Symbol(bare) in found
        found[Symbol(name if known else bare)] = info
        taken.add(name)
    return found


def spelt(name: str, everything: Mapping[str, Any]) -> str:
    """The broker's name for a symbol, or an empty text."""
    plain = name.replace("/", "")
    for exactly in (name, plain):
        if exactly in everything:
            return exactly
    like = [each for each in everything if re.fullmatch(re.escape(plain) + _SUFFIX, each)]
    shown = [each for each in like if everything[each].visible]
    return min(shown or like, key=len, default="")


def unlisted(infos: Iterable[Any], wanted: Iterable[str]) -> dict[str, list[str]]:
    """What is wanted and not listed, with what comes nearest."""
    everything = {info.name: info for info in infos}
    missing = [name for name in wanted if not spelt(name, everything)]
    return {name: get_close_matches(name.replace("/", ""), everything, 3) for name in missing}
