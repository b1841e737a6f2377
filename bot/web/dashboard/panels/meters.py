"""The risk panel: a bar for each limit, as full as the limit is used."""

from collections.abc import Callable, Sequence

from nicegui.element import Element

from bot.web.dashboard.view.cells import Shape


class Meters(Element, component="../js/meters.js"):
    """The bars that `read` names."""

    def __init__(self, read: Callable[[], Sequence[Shape]]) -> None:
        super().__init__()
        self._read = read
        self.props["bars"] = read()

    async def refresh(self) -> None:
        bars = self._read()
        if bars != self.props["bars"]:
            self.props["bars"] = bars
            self.update()
