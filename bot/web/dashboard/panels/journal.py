"""The journal panel: the newest entries behind a filter, and the older ones a page at a time."""

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from bot.web.dashboard.view.records import JournalView

LONGEST = 200  # characters of a filter


class Journal(Element, component="../js/journal.js"):
    """Rows of the journal; `types` are what can be chosen."""

    def __init__(self, entries: JournalView, types: list[str]) -> None:
        super().__init__()
        self.entries = entries
        self.props["types"] = types
        self._show()
        self.on("filter", self._filter)
        self.on("older", self._older)

    async def refresh(self) -> None:
        await self.entries.refresh()
        self._show()

    async def _filter(self, asked: GenericEventArguments) -> None:
        said = asked.args if isinstance(asked.args, dict) else {}
        text, kind, order = (str(said.get(name) or "")[:LONGEST] for name in ("text", "type", "order"))
        await self.entries.filter(text, kind, order)
        self._show()

    async def _older(self) -> None:
        await self.entries.older()
        self._show()

    def _show(self) -> None:
        now = {"rows": self.entries.rows, "told": self.entries.told, "live": self.entries.live}
        if any(self.props.get(name) != shown for name, shown in now.items()):
            self.props.update(now)
            self.update()
