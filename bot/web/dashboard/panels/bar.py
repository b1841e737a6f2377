"""The top bar: state, health, worth, and the kill switch with its ceremony."""

from collections.abc import Callable

from nicegui.element import Element

from bot.web.dashboard.view.cells import Shape


class Bar(Element, component="../js/bar.js"):
    """Shows what `read` says; what is pressed is a line."""

    def __init__(self, who: str, trades: bool, read: Callable[[], Shape]) -> None:
        super().__init__()
        self._read = read
        self.props["who"] = who
        self.props["trades"] = trades
        self.props.update(read())

    async def refresh(self) -> None:
        now = self._read()
        if any(self.props[name] != shown for name, shown in now.items()):
            self.props.update(now)
            self.update()
