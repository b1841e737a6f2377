"""May this account trade this symbol at all: readiness, latches, locks, lists, doubts."""

from fnmatch import fnmatchcase
from functools import lru_cache

from trading.events import Finding, TradingState
from trading.instruments import Symbol
from trading.order import Order
from trading.risk.checks.check import Check
from trading.risk.reasons import Reason
from trading.risk.view import View
from trading.words import minute, scope_label


class Ready(Check, frozen=True):
    """The account was held against its venue. Before that even closing would act on unproven books."""

    reason = Reason.NOT_READY
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        if view.facts.not_ready:
            return self.denies(view.facts.not_ready, account=order.account)
        return None


class NotKilled(Check, frozen=True):
    """No scope of the order is HALTED."""

    reason = Reason.KILLED

    def __call__(self, order: Order, view: View) -> Finding | None:
        latch = view.latch
        if latch is None or latch.state is not TradingState.HALTED:
            return self.passes("trading is not killed")
        text = f"{scope_label(latch.scope)} was killed {latch.origin(view.standing.zone)}"
        return self.denies(text, scope=latch.scope)


class NotPaused(Check, frozen=True):
    """No scope of the order is REDUCING."""

    reason = Reason.PAUSED

    def __call__(self, order: Order, view: View) -> Finding | None:
        latch = view.latch
        if latch is None or latch.state is not TradingState.REDUCING:
            return self.passes("trading is not paused")
        text = f"{scope_label(latch.scope)} was paused {latch.origin(view.standing.zone)}"
        return self.denies(text, scope=latch.scope)


class NotLocked(Check, frozen=True):
    """Nobody, and no protection, has locked the symbol."""

    reason = Reason.SYMBOL_LOCKED

    def __call__(self, order: Order, view: View) -> Finding | None:
        lock = view.lock
        if lock is None:
            return self.passes(f"{order.symbol} is not locked")
        until = "it is unlocked" if lock.until is None else minute(lock.until, view.standing.zone)
        why = f": {lock.reason}" if lock.reason else ""
        return self.denies(f"{order.symbol} is locked until {until} by {lock.actor}{why}", symbol=order.symbol)


class Allowed(Check, frozen=True):
    """On the allow list, if there is one, and not on the deny list."""

    reason = Reason.SYMBOL_DENIED
    allow: tuple[str, ...]
    deny: tuple[str, ...]

    def __call__(self, order: Order, view: View) -> Finding | None:
        denied = next((pattern for pattern in self.deny if matches(order.symbol, pattern)), None)
        if denied is not None:
            return self.denies(f"{order.symbol} is on the deny list ({denied})", limit="deny")
        if self.allow and not any(matches(order.symbol, pattern) for pattern in self.allow):
            return self.denies(f"{order.symbol} is not on the allow list ({_some(self.allow)})", limit="allow")
        return self.passes(f"{order.symbol} is allowed")


class NoDoubt(Check, frozen=True):
    """No order of the symbol has an unknown outcome."""

    reason = Reason.IN_DOUBT

    def __call__(self, order: Order, view: View) -> Finding | None:
        if not view.doubts:
            return self.passes(f"no order of {order.symbol} is in doubt")
        first = view.doubts[0]
        count = f"{len(view.doubts)} orders" if len(view.doubts) > 1 else "1 order"
        return self.denies(
            f"{count} of {order.symbol} in doubt, the first {first.id} ({first.side} {first.quantity:f})",
            order=first.id,
            account=order.account,
        )


@lru_cache(maxsize=4096)
def matches(symbol: Symbol, pattern: str) -> bool:
    """Whether a symbol is meant by a pattern; one joined by `&` means what all of its parts mean."""
    name = symbol.upper()
    return all(fnmatchcase(name, part) for part in pattern.upper().split("&"))


def _some(patterns: tuple[str, ...]) -> str:
    return ", ".join(patterns[:5]) + (", ..." if len(patterns) > 5 else "")
