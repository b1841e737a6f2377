"""Projections as rows: what may be written to which table, and the statements that do it.

Statements are the same text for every database: `?` marks a value, and values are in normal form.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from tortoise.models import Model

from trading.errors import JournalError
from trading.journal import models
from trading.journal.values import normal

Statement = tuple[str, Sequence[Any]]


class Row(Protocol):
    """One row of a projection, as `trading.ports.Row` has it (ports stand above the journal)."""

    @property
    def table(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def values(self) -> Mapping[str, Any]: ...


class Table(NamedTuple):
    """A table, the column its rows are known by, and the others."""

    name: str
    model: type[Model]
    key: str
    columns: frozenset[str]


def _table(model: type[Model]) -> Table:
    key = model._meta.pk_attr
    return Table(model._meta.db_table, model, key, frozenset(model._meta.fields_map) - {key})


PROJECTIONS: Mapping[str, Table] = {
    table.name: table
    for table in map(
        _table,
        (
            models.OrderRow,
            models.FillRow,
            models.PositionRow,
            models.BalanceRow,
            models.EquityRow,
            models.SignalRow,
        ),
    )
}


def projection(name: str) -> Table:
    """The projection called `name`.

    Raises:
        JournalError: there is none.
    """
    table = PROJECTIONS.get(name)
    if table is None:
        raise JournalError(f"There is no projection {name!r}.", f"There are {', '.join(PROJECTIONS)}.")
    return table


def normalize(row: Row) -> dict[str, Any]:
    """The row's columns but its key, as `JournalStore.rows` gives them back: to hold a replay against what is stored.

    Raises:
        JournalError: no such table or column, or a value that cannot be recorded.
    """
    table = projection(row.table)
    values = {name: normal(value) for name, value in row.values.items() if name != table.key}
    if unknown := values.keys() - table.columns:
        raise JournalError(f"{row.table} has no column {', '.join(sorted(unknown))}.", code="BAD_ROW")
    return values


def upsert(row: Row) -> Statement:
    """Write the row, replacing the one with its key.

    Raises:
        JournalError: as `normalize`.
    """
    values = normalize(row)
    return upsert_text(row.table, (PROJECTIONS[row.table].key,), tuple(values)), (row.key, *values.values())


@lru_cache(maxsize=256)
def upsert_text(table: str, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """INSERT ... ON CONFLICT DO UPDATE of `columns` in the row that `keys` name."""
    names = [f'"{name}"' for name in (*keys, *columns)]
    marks = ", ".join("?" * len(names))
    conflict = ", ".join(names[: len(keys)])
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[len(keys) :])
    action = f"DO UPDATE SET {changes}" if changes else "DO NOTHING"
    return f'INSERT INTO "{table}" ({", ".join(names)}) VALUES ({marks}) ON CONFLICT ({conflict}) {action}'
