"""The terminal's records as our words. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from trading.executors.mt5.levels import TRADES
from trading.executors.mt5.requests import AT_MARKET, AT_ONCE, BUYS, LIMITS, STOP_LIMITS
from trading.instruments import ZERO, Money, plain
from trading.mt5.constants import Constants as mt5
from trading.mt5.link import Link
from trading.mt5.terminal import exact
from trading.order import Order
from trading.reports import Filled, Paid

_PAID = {
    mt5.DEAL_TYPE_CHARGE: "charge",
    mt5.DEAL_TYPE_CORRECTION: "correction",
    mt5.DEAL_TYPE_BONUS: "bonus",
    mt5.DEAL_TYPE_COMMISSION: "commission",
    mt5.DEAL_TYPE_COMMISSION_DAILY: "commission of the day",
    mt5.DEAL_TYPE_COMMISSION_MONTHLY: "commission of the month",
    mt5.DEAL_TYPE_INTEREST: "interest",
    mt5.DEAL_DIVIDEND: "dividend",
    mt5.DEAL_DIVIDEND_FRANKED: "dividend",
    mt5.DEAL_TAX: "tax",
}
"""What the broker itself pays or takes. Deposits and withdrawals are people's, and show as differences."""
_STATUS = {
    mt5.ORDER_STATE_CANCELED: "canceled",
    mt5.ORDER_STATE_REJECTED: "rejected",
    mt5.ORDER_STATE_EXPIRED: "expired",
    mt5.ORDER_STATE_FILLED: "filled",
    mt5.ORDER_STATE_PARTIAL: "partly filled",
}
REST_LOST = "the rest could not be filled"


def is_trade(deal: Any) -> bool:
    """Whether a deal changed what is held in all; closing two opposite positions by each other does not."""
    return deal.type in TRADES and deal.entry != mt5.DEAL_ENTRY_OUT_BY


def is_paid(deal: Any) -> bool:
    """Whether a deal is money that no fill tells."""
    closed_by = deal.type in TRADES and deal.entry == mt5.DEAL_ENTRY_OUT_BY
    return (deal.type in _PAID or closed_by) and bool(money_of(deal))


def money_of(deal: Any) -> Decimal:
    """What a deal adds to the balance."""
    return exact(deal.profit) + exact(deal.commission) + exact(deal.swap) + exact(deal.fee)


def paid(deal: Any, link: Link) -> Paid:
    """A deal that is money only."""
    why = _PAID.get(deal.type, f"closing position {deal.position_id} by another")
    money = Money(money_of(deal), link.account.currency)
    return Paid(f"mt5:{deal.ticket}", money, why, link.time.utc(deal.time_msc))


def filled(deal: Any, order_id: str, record: Any, opened: Sequence[Any], link: Link) -> Filled:
    """A deal as a fill. `record` is its order; `opened` are the deals of the position it closes, on a hedging account.

    Commission, fee and swap are what it cost, in the account's currency; a swap that was earned makes it less.
    """
    currency = link.account.currency
    entries = [each for each in opened if each.entry == mt5.DEAL_ENTRY_IN]
    volume = sum((exact(each.volume) for each in entries), ZERO)
    entry_price = None
    if deal.entry == mt5.DEAL_ENTRY_OUT and volume:
        entry_price = sum((exact(each.volume) * exact(each.price) for each in entries), ZERO) / volume
    return Filled(
        order_id,
        str(deal.ticket),
        exact(deal.volume),
        exact(deal.price),
        Money(-(exact(deal.commission) + exact(deal.swap) + exact(deal.fee)), currency),
        link.time.utc(deal.time_msc),
        maker=record is not None and record.type in LIMITS and record.type_filling not in AT_ONCE,
        settled=Money(exact(deal.profit), currency),
        entry_price=entry_price,
    )


def prices_of(record: Any, order: Order | None) -> tuple[Decimal | None, Decimal | None]:
    """Limit and stop that an order waits for there.

    A stop-limit whose stop was seen is a limit from then on, of which only ours, if it is, tells the stop.
    """
    price = exact(record.price_open)
    if record.type in AT_MARKET:
        return None, None
    if record.type in STOP_LIMITS:
        return exact(record.price_stoplimit), price
    if record.type in LIMITS:
        return price, order.stop_price if order is not None else None
    return None, price


def done_of(record: Any) -> Decimal:
    """How many lots of an order are filled."""
    return exact(record.volume_initial) - exact(record.volume_current)


class Found(NamedTuple):
    """What all orders at the broker that one of ours took have come to."""

    status: str  # as VenueOrder
    quantity: Decimal
    filled: Decimal
    ticket: int  # of the one that works, or of the last
    reason: str = ""

    @classmethod
    def of(cls, records: Sequence[Any], told: Decimal | None = None) -> "Found":
        """From the broker's orders, active and past; the last decides how it ended."""
        records = sorted(records, key=lambda each: (each.time_setup_msc, each.ticket))
        active = [each for each in records if each.state not in _STATUS or not each.time_done]
        last = (active or records)[-1]
        done = sum(map(done_of, records), ZERO)
        rest = sum((exact(each.volume_current) for each in active), ZERO)
        if active:
            return cls("open", done + rest, done, last.ticket)
        status = _STATUS[last.state]
        if status == "rejected":
            why = f"the broker rejected it {last.comment}".strip()
            return cls("expired" if done else status, done or exact(last.volume_initial), done, last.ticket, why)
        if status == "partly filled":
            return cls("expired", exact(last.volume_initial), done, last.ticket, REST_LOST)
        reason = "its time was over" if status == "expired" else ""
        return cls(status, done if status == "filled" else exact(last.volume_initial), done, last.ticket, reason)


def sentence(record: Any) -> str:
    """An order that is not ours, in a few words."""
    side = "BUY" if record.type in BUYS else "SELL"
    return f"{side} {plain(exact(record.volume_current))} {record.symbol} at {plain(exact(record.price_open))}"
