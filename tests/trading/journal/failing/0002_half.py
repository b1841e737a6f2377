"""Adds a column, then fails."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("tiller", "0001_initial")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.AddField("OrderRow", "half", fields.CharField(max_length=20, db_default="")),
        ops.RunSQL("INSERT INTO there_is_no_such_table VALUES (1)"),
    ]
