"""Facts to put into a journal: a few by hand, and any number from hypothesis."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from trading.events import AnyEvent, Noticed, OrderAccepted, OrderDenied, OrderFilled, OrderInitialized
from trading.instruments import Money, Side, Symbol
from trading.intent import Leg, Mode, OrderType, TimeInForce
from trading.order import OrderStatus
from trading.ports import Row

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def noticed(number: int) -> Noticed:
    return Noticed(notice_id=str(number), severity="info", where="test", text=f"number {number}")


def initialized(order_id: str, account: str = "demo") -> OrderInitialized:
    return OrderInitialized(
        order_id=order_id,
        key=f"tg:{order_id}",
        account=account,
        mode=Mode.PAPER,
        symbol=Symbol("BTC/USDT"),
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal("0.01"),
        actor="ana",
        source="telegram",
        text="/buy BTC/USDT 0.01 60000",
        limit_price=Decimal(60000),
    )


def order_row(order_id: str, **changes: Any) -> Row:
    """A row of `orders` as the desk's projections make it."""
    values: dict[str, Any] = {
        "key": f"tg:{order_id}",
        "account": "demo",
        "mode": Mode.PAPER,
        "symbol": Symbol("BTC/USDT"),
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "quantity": Decimal("0.01"),
        "limit_price": Decimal(60000),
        "stop_price": None,
        "status": OrderStatus.SUBMITTED,
        "filled_quantity": Decimal(0),
        "filled_value": Decimal(0),
        "fees": "[]",
        "actor": "ana",
        "source": "telegram",
        "text": "/buy BTC/USDT 0.01 60000",
        "venue_order_id": "",
        "reason": "",
        "leg": Leg.ENTRY,
        "parent_id": "",
        "oco_group": "",
        "reduce_only": False,
        "post_only": True,
        "in_doubt": False,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Row("orders", order_id, {**values, **changes})


def fill_row(fill_id: str, **changes: Any) -> Row:
    values: dict[str, Any] = {
        "order_id": "o1",
        "account": "demo",
        "mode": Mode.PAPER,
        "trade_id": fill_id,
        "symbol": Symbol("BTC/USDT"),
        "side": Side.BUY,
        "quantity": Decimal("0.01"),
        "price": Decimal(60000),
        "fee_amount": Decimal("0.6"),
        "fee_currency": "USDT",
        "fee_value": Decimal("0.6"),
        "realized": Decimal("-0.6"),
        "maker": False,
        "traded_at": NOON,
        "seq": 1,
    }
    return Row("fills", fill_id, {**values, **changes})


def signal_row(signal_id: str, strategy: str, second: int) -> Row:
    values: dict[str, Any] = {
        "strategy": strategy,
        "account": "demo",
        "symbol": Symbol("BTC/USDT"),
        "side": "BUY",
        "bar_close": at(second),
        "price": Decimal(60000),
        "order_id": "",
        "outcome": "",
        "at": at(second),
    }
    return Row("signals", signal_id, values)


def equity_row(number: int, account: str, second: int) -> Row:
    values: dict[str, Any] = {
        "account": account,
        "mode": Mode.PAPER,
        "at": at(second),
        "equity": Decimal(10000 + number),
        "cash": Decimal(10000),
        "unrealized": Decimal(number),
        "day": "2026-01-05",
    }
    return Row("equity", f"{account}:{number}", values)


def position_row(symbol: str, **changes: Any) -> Row:
    values: dict[str, Any] = {
        "account": "demo",
        "mode": Mode.PAPER,
        "symbol": symbol,
        "quantity": Decimal(1),
        "cost": Decimal(60000),
        "realized": Decimal(0),
        "fees": Decimal(0),
        "currency": "USDT",
        "opened_at": NOON,
        "updated_at": NOON,
    }
    return Row("positions", f"demo:{symbol}", {**values, **changes})


def balance_row(currency: str, amount: Decimal) -> Row:
    values = {"account": "demo", "mode": Mode.PAPER, "currency": currency, "amount": amount}
    return Row("balances", f"demo:{currency}", values)


# --- any number of them ------------------------------------------------------------------------

AMOUNTS = st.decimals(min_value=Decimal("-1e20"), max_value=Decimal("1e20"), places=18)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
IDS = st.text("abcdefghij234567", min_size=1, max_size=16)
TIMES = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EVENTS: st.SearchStrategy[AnyEvent] = st.one_of(
    st.builds(Noticed, notice_id=IDS, severity=st.just("info"), where=TEXTS, text=TEXTS),
    st.builds(OrderDenied, order_id=IDS, code=IDS, reason=TEXTS, findings=st.just(())),
    st.builds(OrderAccepted, order_id=IDS, venue_order_id=TEXTS),
    st.builds(
        OrderFilled,
        order_id=IDS,
        trade_id=IDS,
        quantity=AMOUNTS,
        price=AMOUNTS,
        fee=st.builds(Money, amount=AMOUNTS, currency=IDS),
        fee_value=AMOUNTS,
        traded_at=TIMES,
        maker=st.booleans(),
    ),
)
BATCHES = st.lists(st.tuples(st.lists(EVENTS, max_size=5), TIMES), max_size=6)
