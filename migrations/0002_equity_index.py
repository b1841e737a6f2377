"""The index of the equity samples holds all that a curve is made of: the rows themselves need not be read."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("tiller", "0001_initial")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.RemoveIndex("EquityRow", fields=["account", "at"]),
        ops.AddIndex("EquityRow", Index(fields=["account", "at", "mode", "equity"])),
    ]
