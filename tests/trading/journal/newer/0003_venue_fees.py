"""A table and a column more, as migrations are: only ever adding."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trading.journal.models import Amount


class Migration(migrations.Migration):
    dependencies = [("tiller", "0002_equity_index")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="NoteRow",
            fields=[("id", fields.CharField(primary_key=True, max_length=255)), ("text", fields.TextField())],
            options={"table": "notes", "app": "tiller", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.AddField("OrderRow", "venue_fee", Amount(max_digits=48, decimal_places=18, db_default="0")),
    ]
