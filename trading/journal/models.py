"""The schema: one class a table, and the indexes that the reads need.

Columns that people or venues fill are TEXT; `NAME` and `KEY` bound what is a name or indexed. A docstring on a
table would become part of the schema, so what a table is for stands in a comment.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from tortoise import fields
from tortoise.models import Model

from trading.journal.values import exact, utc

NAME = 255  # characters of an indexed name or id
KEY = 500  # characters of a transport's own id of a request: below the 2,704 bytes of a PostgreSQL index entry


class Amount(fields.DecimalField[Decimal]):
    """Money, prices and quantities; on SQLite as text, so nothing is ever a float."""

    skip_to_python_if_native = False

    def to_python_value(self, value: Any) -> Decimal | None:
        return None if value is None else exact(Decimal(value))


class Moment(fields.DatetimeField[datetime]):
    """A time in UTC."""

    skip_to_python_if_native = False

    def to_python_value(self, value: Any) -> datetime | None:
        return None if value is None else utc(value if isinstance(value, datetime) else datetime.fromisoformat(value))


class Sequence(fields.BigIntField):
    """A number we assign. On SQLite it is the row's own id, which saves an index."""

    class _db_sqlite:
        SQL_TYPE = "INTEGER"


class EventRow(Model):
    # The journal. Nothing in it is ever changed or deleted.
    seq = Sequence(primary_key=True, generated=False)
    at = Moment()
    type = fields.CharField(NAME, db_index=True)
    account = fields.CharField(NAME)
    order_id = fields.CharField(NAME)
    payload = fields.TextField()
    hash = fields.CharField(64)

    class Meta:
        table = "events"
        indexes = (("order_id", "seq"),)


class OrderRow(Model):
    id = fields.CharField(NAME, primary_key=True)
    key = fields.CharField(KEY, unique=True)
    account = fields.CharField(NAME)
    mode = fields.CharField(NAME)
    symbol = fields.CharField(NAME)
    side = fields.CharField(NAME)
    type = fields.CharField(NAME)
    time_in_force = fields.CharField(NAME)
    quantity = Amount(48, 18)
    limit_price = Amount(48, 18, null=True)
    stop_price = Amount(48, 18, null=True)
    status = fields.CharField(NAME)
    filled_quantity = Amount(48, 18)
    filled_value = Amount(48, 18)
    fees = fields.TextField()  # JSON: [{"amount": "0.1", "currency": "USDT"}]
    actor = fields.TextField()
    source = fields.TextField()
    text = fields.TextField()
    venue_order_id = fields.TextField()
    reason = fields.TextField()
    leg = fields.CharField(NAME)
    parent_id = fields.CharField(NAME)
    oco_group = fields.CharField(NAME)
    reduce_only = fields.BooleanField()
    post_only = fields.BooleanField()
    in_doubt = fields.BooleanField()
    created_at = Moment()
    updated_at = Moment()

    class Meta:
        table = "orders"
        indexes = (("status", "created_at"), ("account", "created_at"), ("created_at",))


class FillRow(Model):
    id = fields.CharField(NAME, primary_key=True)
    order_id = fields.CharField(NAME, db_index=True)
    account = fields.CharField(NAME)
    mode = fields.CharField(NAME)
    trade_id = fields.TextField()
    symbol = fields.CharField(NAME)
    side = fields.CharField(NAME)
    quantity = Amount(48, 18)
    price = Amount(48, 18)
    fee_amount = Amount(48, 18)
    fee_currency = fields.CharField(NAME)
    fee_value = Amount(48, 18)
    realized = Amount(48, 18)
    maker = fields.BooleanField()
    traded_at = Moment()
    seq = fields.BigIntField()

    class Meta:
        table = "fills"
        indexes = (("account", "traded_at"), ("traded_at",))


class PositionRow(Model):
    id = fields.CharField(NAME, primary_key=True)
    account = fields.CharField(NAME)
    mode = fields.CharField(NAME)
    symbol = fields.CharField(NAME)
    quantity = Amount(48, 18)
    cost = Amount(48, 18)
    realized = Amount(48, 18)
    fees = Amount(48, 18)
    currency = fields.CharField(NAME)
    opened_at = Moment(null=True)
    updated_at = Moment(null=True)

    class Meta:
        table = "positions"


class BalanceRow(Model):
    id = fields.CharField(NAME, primary_key=True)
    account = fields.CharField(NAME)
    mode = fields.CharField(NAME)
    currency = fields.CharField(NAME)
    amount = Amount(48, 18)

    class Meta:
        table = "balances"


class EquityRow(Model):
    id = fields.CharField(NAME, primary_key=True)
    account = fields.CharField(NAME)
    mode = fields.CharField(NAME)
    at = Moment()
    equity = Amount(48, 18)
    cash = Amount(48, 18)
    unrealized = Amount(48, 18)
    day = fields.CharField(NAME)

    class Meta:
        table = "equity"
        indexes = (("account", "at", "mode", "equity"),)  # all that a curve is made of


class SignalRow(Model):
    id = fields.CharField(NAME, primary_key=True)
    strategy = fields.CharField(NAME)
    account = fields.CharField(NAME)
    symbol = fields.CharField(NAME)
    side = fields.CharField(NAME)
    bar_close = Moment()
    price = Amount(48, 18)
    order_id = fields.CharField(NAME)
    outcome = fields.TextField()
    at = Moment()

    class Meta:
        table = "signals"
        indexes = (("strategy", "at"), ("at",))


class CursorRow(Model):
    # How far a destination has been told: the journal is the queue of the alerts.
    destination = fields.CharField(NAME, primary_key=True)
    seq = fields.BigIntField()

    class Meta:
        table = "cursors"


class VenueStateRow(Model):
    # The books of a paper venue, as a real venue would keep them.
    id = fields.BigIntField(primary_key=True)
    venue = fields.CharField(NAME)
    key = fields.CharField(NAME)
    value = fields.TextField()

    class Meta:
        table = "venue_state"
        unique_together = (("venue", "key"),)


class TokenRow(Model):
    # Who may use the API. Only the hash of a token is kept.
    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(NAME)
    role = fields.CharField(NAME)
    hash = fields.CharField(NAME, unique=True)
    created_at = Moment()
    revoked_at = Moment(null=True)

    class Meta:
        table = "api_tokens"
