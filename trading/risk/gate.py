"""The risk gate: every order is judged here, and only what it approves can be placed."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from trading.book import Book
from trading.control import LimitOverride
from trading.errors import ConfigError, VenueRefused
from trading.events import Finding
from trading.instruments import ZERO, Instrument, Symbol
from trading.intent import AccountId
from trading.order import Order
from trading.ports import Approved, Capabilities, Funds
from trading.risk import limits as rules
from trading.risk.checks.check import Check
from trading.risk.checks.filters import FILTERS
from trading.risk.checks.table import in_force
from trading.risk.checks.validity import list_sides
from trading.risk.limits import Limits, Overrides, Value
from trading.risk.promised import OpenOrders
from trading.risk.reasons import Reason
from trading.risk.standing import Standing, day_pnl, stand
from trading.risk.submissions import Submissions
from trading.risk.view import Facts, View, look
from trading.valuation import Valuation

_LIMIT = re.compile(r"/limit (\w+)")


class Denied(msgspec.Struct, frozen=True):
    """Our no. `code`, `reason` (with its numbers) and `remedy` are those of the first check that failed."""

    code: str
    reason: str
    findings: tuple[Finding, ...]
    remedy: str = ""


class Usage(NamedTuple):
    """How much of a limit is used now; both in the limit's unit."""

    name: str
    used: Decimal
    limit: Decimal


class _Rules(NamedTuple):
    limits: Limits
    own: Mapping[str, str]  # how to change those that are the account's, by name
    entry: tuple[Check, ...]
    closing: tuple[Check, ...]


class RiskGate:
    """Judges orders by the books, the prices and the limits; changes nothing.

    `account_limits` are the limits configured for an account, by its name; they only tighten.
    `timezone` is where the day begins. `capabilities` says what an account's venue can do, and
    `not_ready` why an account may not trade yet (empty when it may). `listed` is what a venue lists
    now; without it the filters are those that were journalled. `vet` raises what a venue would refuse
    by rules of its own, given the price of now. `margin` is what an order takes by the venue's own figures.

    Raises:
        ConfigError: there is no such time zone.
    """

    def __init__(
        self,
        book: Book,
        valuation: Valuation,
        limits: Limits,
        account_limits: Mapping[str, Overrides],
        timezone: str,
        capabilities: Callable[[AccountId], Capabilities],
        not_ready: Callable[[AccountId], str] = lambda account: "",
        listed: Callable[[AccountId, Symbol], Instrument | None] = lambda account, symbol: None,
        vet: Callable[[Order, Decimal | None], None] = lambda order, reference: None,
        margin: Callable[[Order], Funds | None] = lambda order: None,
    ) -> None:
        try:
            self.zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(f"There is no time zone {timezone[:40]!r}.", "Write Europe/Vienna or UTC.") from None
        self.book = book
        self.valuation = valuation
        self.limits = limits
        self.account_limits = account_limits
        self.capabilities = capabilities
        self.not_ready = not_ready
        self.listed = listed
        self.vet = vet
        self.margin = margin
        self._orders = OpenOrders(book, valuation, capabilities)
        self._submissions = Submissions(book)
        self._overrides: tuple[LimitOverride, ...] = ()
        self._rules: dict[str, _Rules] = {}

    # --- verdicts ----------------------------------------------------------------------------

    def judge(
        self,
        order: Order,
        legs: Sequence[Order] = (),
        confirmed_duplicate: bool = False,
        aside: Collection[str] = frozenset(),
    ) -> Approved | Denied:
        """Approve or deny one order, with every finding on the way.

        `legs` are the protective orders that the venue is to hold with it; they are judged by the
        venue's filters and their side only. Nothing is remembered: the same books give the same verdict.
        Codes that are put `aside` deny nothing: for a dry run, what causes them would be out of the way by then.
        """
        account = order.account_id
        instrument = self.listed(account, order.symbol) or self.book.instrument(account, order.symbol)
        if self.book.account(account) is None or instrument is None:
            what = f"{account} has not been opened" if instrument else f"{order.symbol} is not listed for {account}"
            unready = Finding(Reason.NOT_READY, False, what, Reason.NOT_READY.advise(account=account.name))
            return Denied(unready.code, unready.text, (unready,), unready.remedy)
        held = self._held(account.name)
        standing = stand(self.book, self.valuation, self._orders, account, self.zone, order, instrument)
        view = look(self.book, self.valuation, standing, order, instrument, self._facts(order, confirmed_duplicate))
        # What may only close is never an entry: it closes, or there is nothing to close.
        checks = held.closing if view.reducing or order.reduce_only else held.entry
        findings = [finding for check in checks if (finding := check(order, view)) is not None]
        if legs:
            findings += _leg_findings(order, tuple(legs), view)
        if checks is held.entry:  # what closes is for the venue itself to refuse
            findings = _joined(findings, self._vetted((order, *legs), view))
        if all(finding.passed or finding.code in aside for finding in findings):
            return Approved(order, tuple(findings), tuple(legs))
        told = tuple(_aimed(finding, held.own) for finding in findings)
        first = next(finding for finding in told if not finding.passed and finding.code not in aside)
        return Denied(first.code, first.text, told, first.remedy)

    def _vetted(self, orders: Sequence[Order], view: View) -> list[Finding]:
        for order in orders:
            try:
                self.vet(order, view.reference)
            except VenueRefused as why:
                reason = Reason.MARKET_CLOSED if why.code == Reason.MARKET_CLOSED else Reason.VENUE_RULES
                return [Finding(reason, False, why.text, reason.advise(remedy=why.remedy))]
        return []

    def _facts(self, order: Order, confirmed: bool) -> Facts:
        account = order.account_id
        sent = self._submissions.last_minute(account)
        return Facts(
            capabilities=self.capabilities(account),
            not_ready=self.not_ready(account),
            sent=len(sent),
            first_sent=sent[0] if sent else None,
            twin=self._submissions.twin(order),
            confirmed=confirmed,
            margin=self.margin(order),
        )

    # --- limits ------------------------------------------------------------------------------

    def effective(self, account: AccountId | str) -> Limits:
        """The limits that hold for an account; for an empty name, the desk's."""
        return self._held(account if isinstance(account, str) else account.name).limits

    def _held(self, account: str) -> _Rules:
        overrides = tuple(self.book.all(LimitOverride))
        if overrides != self._overrides:
            self._overrides, self._rules = overrides, {}
        if account not in self._rules:
            layers = (
                self.limits,
                self.account_limits.get(account, {}),
                self._from_chat(""),
                self._from_chat(account) if account else {},
            )
            held, own = rules.effective(*layers), rules.account_s_own(account, *layers)
            checks = in_force(held)
            self._rules[account] = _Rules(held, own, checks, tuple(check for check in checks if not check.entries_only))
        return self._rules[account]

    def _from_chat(self, account: str) -> dict[str, Value]:
        """What was set from chat; a limit that this version does not know is no longer one."""
        return {
            override.name: rules.parse(override.name, override.value)
            for override in self._overrides
            if override.account == account and override.name in rules.LIMITS
        }

    # --- what is used ------------------------------------------------------------------------

    def day_pnl(self, account: AccountId) -> Decimal:
        """Profit or loss since the day began, in the desk's currency: open positions, fees and all."""
        return day_pnl(self.book, self.valuation, account, self.zone)

    def room_today(self, account: AccountId) -> Decimal | None:
        """What may still be lost today, in the desk's currency, at least zero; None without a limit."""
        most = self.effective(account).max_daily_loss
        return max(most + self.day_pnl(account), ZERO) if most else None

    def usage(self, account: AccountId) -> list[Usage]:
        """How far each limit on the account's state is used, those that are off left out."""
        standing, held = self._stand(account), self.effective(account)
        equity = standing.equity.total
        used = {
            "max_daily_loss": max(-standing.day_pnl, ZERO),
            "max_drawdown": standing.drawdown,
            "max_total_exposure": standing.exposure,
            "max_position_value": max(standing.exposures.values(), default=ZERO),
            "max_leverage": standing.exposure / equity if equity > 0 else ZERO,
            "max_open_positions": Decimal(len(standing.occupied)),
            "max_open_orders_per_symbol": Decimal(max(standing.open.entries.values(), default=0)),
            "max_orders_per_minute": Decimal(len(self._submissions.last_minute(account))),
            "loss_streak": Decimal(standing.figures.streak),
        }
        return [Usage(name, value, Decimal(getattr(held, name))) for name, value in used.items() if getattr(held, name)]

    def _stand(self, account: AccountId) -> Standing:
        return stand(self.book, self.valuation, self._orders, account, self.zone)


def _aimed(finding: Finding, own: Mapping[str, str]) -> Finding:
    """With the account's own limit in its remedy, where that is the one that holds."""
    if not own or "/limit " not in finding.remedy:
        return finding
    remedy = _LIMIT.sub(lambda named: own.get(named[1], named[0]), finding.remedy)
    return msgspec.structs.replace(finding, remedy=remedy)


def _joined(findings: list[Finding], vetted: list[Finding]) -> list[Finding]:
    """With what the venue's rules say last; but that the market is closed explains why its price is old."""
    if not any(each.code == Reason.MARKET_CLOSED for each in vetted):
        return [*findings, *vetted]
    priced = next((n for n, each in enumerate(findings) if each.code == Reason.NO_PRICE), 0)
    return [*findings[:priced], *vetted, *findings[priced:]]


def _leg_findings(order: Order, legs: tuple[Order, ...], view: View) -> list[Finding]:
    found = [finding for leg in legs for check in FILTERS if (finding := check(leg, view)) is not None]
    return [*found, *list_sides(order, legs, view.quote)]
