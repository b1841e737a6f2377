"""Projections as rows: what may be written to which table, and the statements that do it.

Statements are the same text for every database: `?` marks a value, and each database has its form for the values.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from tortoise.models import Model

from trading.errors import JournalError
from trading.journal import models
from trading.journal.values import NORMAL

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
    """The row's values as `JournalStore.rows` gives them back: to hold a replay against what is stored.

    Raises:
        JournalError: a value that cannot be recorded.
    """
    return {name: NORMAL[type(value)](value) for name, value in row.values.items()}


def upsert(row: Row) -> Statement:
    """Write the row, replacing the one with its key (which is not among its values).

    Raises:
        JournalError: no such table or column.
    """
    return _upsert(row.table, tuple(row.values)), (row.key, *row.values.values())


@lru_cache(maxsize=256)
def _upsert(name: str, columns: tuple[str, ...]) -> str:
    table = projection(name)
    if unknown := set(columns) - table.columns:
        raise JournalError(f"{name} has no column {', '.join(sorted(unknown))}.", code="BAD_ROW")
    return upsert_text(name, (table.key,), columns)


def upsert_text(table: str, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """INSERT ... ON CONFLICT DO UPDATE of `columns` in the row that `keys` name."""
    names = [f'"{name}"' for name in (*keys, *columns)]
    marks = ", ".join("?" * len(names))
    conflict = ", ".join(names[: len(keys)])
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[len(keys) :])
    action = f"DO UPDATE SET {changes}" if changes else "DO NOTHING"
    return f'INSERT INTO "{table}" ({", ".join(names)}) VALUES ({marks}) ON CONFLICT ({conflict}) {action}'
