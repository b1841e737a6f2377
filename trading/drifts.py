"""Where our books and the venue's differ in what is not ours to correct: named, and decided on by a person."""

from collections.abc import Mapping
from decimal import Decimal

from trading import events as e
from trading.control import Drift
from trading.errors import IntentError
from trading.ids import derive
from trading.instruments import ZERO, Money, Settlement, Symbol, plain
from trading.intent import AccountId, Origin
from trading.oms import Oms
from trading.order import OrderStatus
from trading.portfolio import Balance, balance_key

ADOPTED = "adopted from the venue"
TOLERANCE = Decimal("1e-9")  # below what any venue counts; averages may round differently there
ROUNDED = Decimal("1e-6")  # of money in which contracts settle: venues round the profit of each trade (Binance: 1e-8)


class Drifts:
    """Finds differences, records each once, and closes those that are gone or decided on."""

    def __init__(self, oms: Oms) -> None:
        self.oms = oms
        self.book = oms.book
        self._suspects: dict[AccountId, set[tuple[str, str]]] = {}

    async def of_holdings(self, account: AccountId, thorough: bool) -> list[Drift]:
        """Compare balances and positions, but only at a moment when nothing is on its way.

        Unless `thorough`, a difference must be seen twice, because money may be on its way.
        """
        executor = self.oms.executors[account]
        before = self.book.balances(account), self.book.positions(account)
        balances = {money.currency: money.amount for money in await executor.balances()}
        positions = await executor.positions()
        moving = any(order.status is OrderStatus.SUBMITTED for order in self.book.open_orders(account))
        if moving or before != (self.book.balances(account), self.book.positions(account)):
            return []
        ours = {balance.currency: balance.amount for balance in self.book.balances(account)}
        contracts = (each for each in executor.instruments.values() if each.settlement is Settlement.LINEAR)
        wrong_money = _differences(ours, balances, {each.quote: ROUNDED for each in contracts})
        held = {str(x.symbol): x.quantity for x in self.book.positions(account)}
        wrong_positions = (
            _differences(held, {str(k): v for k, v in positions.items()}, {}) if executor.capabilities.shorting else {}
        )
        suspects = {("balance", key) for key in wrong_money} | {("position", str(key)) for key in wrong_positions}
        seen = suspects if thorough else suspects & self._suspects.get(account, set())
        self._suspects[account] = suspects
        found: list[Drift] = []
        for kind, wrong in (("balance", wrong_money), ("position", wrong_positions)):
            sure = {key: pair for key, pair in wrong.items() if (kind, str(key)) in seen}
            found += await self.found(account, kind, sure, keep=set(map(str, wrong)))
        return found

    async def found(
        self, account: AccountId, kind: str, wrong: dict[str, tuple[str, str]], keep: set[str] | None = None
    ) -> list[Drift]:
        """Record new differences, close those that are gone; answers the open ones.

        `wrong` is ours and theirs by subject. What is in `keep` may still differ, and is not closed.
        """
        facts: list[e.AnyEvent] = []
        current: list[str] = []
        for subject, (ours, theirs) in wrong.items():
            drift_id = derive("drift", str(account), kind, subject, ours, theirs)
            current.append(drift_id)
            known = self.book.get(Drift, drift_id)
            if known is None or known.resolution not in ("", "ignored"):
                facts.append(e.DriftFound(account.name, account.mode, drift_id, kind, subject, ours, theirs))
        for drift in self.open(account):
            unsure = drift.subject in (keep or set()) and drift.subject not in wrong
            if drift.kind == kind and drift.id not in current and not unsure:
                facts.append(e.DriftResolved(account.name, account.mode, drift.id, "gone", "desk"))
        if facts:
            await self.book.record(*facts)
        return [drift for drift in self.open(account) if drift.id in current]

    def open(self, account: AccountId | None = None) -> list[Drift]:
        """Differences that wait for a decision."""
        return [
            drift
            for drift in self.book.all(Drift)
            if not drift.resolution and (account is None or drift.account_id == account)
        ]

    async def resolve(self, drift: Drift, resolution: str, origin: Origin) -> None:
        """Adopt the venue's figure, or ignore the difference, by a person's decision.

        Raises:
            IntentError: it has been decided on or is gone already, or cannot be adopted.
        """
        account = drift.account_id
        facts: list[e.AnyEvent] = [e.DriftResolved(account.name, account.mode, drift.id, resolution, origin.actor)]
        async with self.book.lock:  # two presses of one button are one decision
            now = self.book.get(Drift, drift.id)
            if now is None or now.resolution:
                if resolution == "closed":
                    return  # it went with what was cancelled, and was seen to be gone
                raise IntentError("That difference is not open any more.", "/reconcile lists them.", code="DECIDED")
            if resolution == "adopted":
                facts += self._adoption(drift, origin)
            await self.book.write(*facts)

    def _adoption(self, drift: Drift, origin: Origin) -> list[e.AnyEvent]:
        account = drift.account_id
        if drift.kind == "balance":
            return self._balance_adopted(drift, account, origin)
        if drift.kind == "position":
            symbol = Symbol(drift.subject)
            position = self.book.position(account, symbol)
            _check_still(drift, position.quantity if position else ZERO)
            shown = self.oms.drafting.valuation.quote(account, symbol)
            if shown is None:
                raise IntentError(f"There is no price for {symbol} to adopt the position at.", "Try again later.")
            quantity, listing = Decimal(drift.theirs), self.oms.listing(account, symbol)
            # What it was worth at the venue is in the money there: a loss made by hand stays a loss of the day.
            lost = self.oms.drafting.valuation.unrealized(position) if position else None
            rate = self.oms.drafting.valuation.rate(account, position.currency) if position else None
            value = -(lost or ZERO) * (rate or Decimal(1))
            adjusted = e.PositionAdjusted(
                account.name, account.mode, symbol, quantity, shown.mid, ADOPTED, origin.actor, value
            )
            return [*listing, adjusted]
        if drift.kind == "fill":
            raise IntentError("A fill is adopted by its balance and position.", "Adopt those, and ignore this one.")
        raise IntentError("An order that is not ours cannot be adopted.", "Ignore it, or cancel it at the venue.")

    def _balance_adopted(self, drift: Drift, account: AccountId, origin: Origin) -> list[e.AnyEvent]:
        """The change of money; on spot, what was held of a coin that is not there any more is no position either."""
        balance = self.book.get(Balance, balance_key(account, drift.subject))
        held = balance.amount if balance else ZERO
        _check_still(drift, held)
        left = Decimal(drift.theirs)
        change = left - held
        worth = self.oms.drafting.valuation.worth(account, change, drift.subject) or ZERO
        money = Money(change, drift.subject)
        facts: list[e.AnyEvent] = [
            e.BalanceAdjusted(account.name, account.mode, money, ADOPTED, origin.actor, worth),
        ]
        for position in self.book.positions(account):
            instrument = self.book.instrument(account, position.symbol)
            if instrument is None or instrument.settlement is not Settlement.SPOT or instrument.base != drift.subject:
                continue
            quantity = min(position.quantity, max(left, ZERO))
            left -= quantity
            if quantity < position.quantity:
                price = position.average_price or ZERO  # what is left has cost what it had cost
                facts.append(
                    e.PositionAdjusted(
                        account.name, account.mode, position.symbol, quantity, price, ADOPTED, origin.actor
                    )
                )
        return facts


def _check_still(drift: Drift, ours: Decimal) -> None:
    """The venue's figure stands beside the one that our books had then: after a trade it is as old as that one."""
    if plain(ours) != drift.ours:
        raise IntentError(
            f"Our books have moved since: {drift.subject} was {drift.ours} and is {plain(ours)}.",
            "Look again with /reconcile, then adopt what is left.",
            code="BOOKS_MOVED",
        )


def _differences(
    ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal], tolerances: Mapping[str, Decimal]
) -> dict[str, tuple[str, str]]:
    keys = sorted({*ours, *theirs})
    pairs = {str(key): (ours.get(key, ZERO), theirs.get(key, ZERO)) for key in keys}
    return {
        key: (plain(mine), plain(its))
        for key, (mine, its) in pairs.items()
        if abs(mine - its) > tolerances.get(key, TOLERANCE)
    }
