"""Writes into a table that is not there."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("tiller", "0003_column")]  # noqa: RUF012
    operations = [ops.RunSQL("INSERT INTO there_is_no_such_table VALUES (1)")]  # noqa: RUF012
