"""Strategies: closed bars in, wishes out; they know no orders, no accounts and no clock."""

from collections.abc import Mapping
from types import MappingProxyType

from trading.strategies.donchian import Donchian
from trading.strategies.rsi_reversion import RsiReversion
from trading.strategies.sma_cross import SmaCross
from trading.strategies.strategy import Strategy, unknown

STRATEGIES: Mapping[str, type[Strategy]] = MappingProxyType(
    {"sma_cross": SmaCross, "rsi_reversion": RsiReversion, "donchian": Donchian}
)
"""By the name that settings and `/backtest` use."""


def strategy_class(name: str) -> type[Strategy]:
    """The strategy that is called `name`.

    Raises:
        ConfigError: there is none; the nearest one is named.
    """
    if name not in STRATEGIES:
        raise unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]


__all__ = ["STRATEGIES", "strategy_class"]
