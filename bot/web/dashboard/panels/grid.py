"""A table whose rows come from the view; each press of it is a command line."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui.element import Element

from bot.web.dashboard.view.cells import Shape


class Grid(Element, component="../js/grid.js"):
    """Rows under columns; `empty` is said where there are none."""

    def __init__(self, columns: Sequence[str], empty: str, read: Callable[[], Sequence[Shape]]) -> None:
        super().__init__()
        self._read = read
        self.props["columns"] = list(columns)
        self.props["empty"] = empty
        self.props["rows"] = read()

    async def refresh(self) -> None:
        self.show(self._read())

    def show(self, rows: Sequence[Shape]) -> None:
        """Send the rows if they are others."""
        if rows != self.props["rows"]:
            self.props["rows"] = rows
            self.update()


class Signals(Grid, component="../js/grid.js"):
    """A table that is read from the database: once for each change of the journal."""

    def __init__(
        self,
        columns: Sequence[str],
        empty: str,
        read: Callable[[], Awaitable[Sequence[Shape]]],
        changed: Callable[[], int],
    ) -> None:
        super().__init__(columns, empty, list)
        self._ask, self._changed = read, changed
        self._seen = -1

    async def refresh(self) -> None:
        now = self._changed()
        if now != self._seen:
            self._seen = now
            self.show(await self._ask())
