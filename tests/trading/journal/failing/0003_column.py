"""Adds a column."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("tiller", "0002_equity_index")]  # noqa: RUF012
    operations = [ops.AddField("OrderRow", "half", fields.CharField(max_length=20, db_default=""))]  # noqa: RUF012
