"""What every panel stands in: a card with its title, and a choice in its header."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments


class Panel(Protocol):
    """Something on the page that follows the desk."""

    async def refresh(self) -> None:
        """Show what is now; sends nothing where nothing changed."""
        ...


@contextmanager
def card(title: str, name: str, tab: str) -> Iterator[Element]:
    """A card; its `name` is its class in the style sheet, `tab` where a phone shows it. Yields its header."""
    with ui.element("section").classes(f"t-card t-{name}").props(f'data-tab={tab} aria-label="{title}"'):
        header = ui.element("header")
        with header:
            ui.element("h2").classes("t-title").props["innerText"] = title
        yield header


class Choice(Element, component="../js/choice.js"):
    """A select; `chosen` is called with a name of those that were offered. Not shown while there is no choice."""

    def __init__(self, label: str, chosen: Callable[[str], None], says: str = "") -> None:
        super().__init__()
        self._chosen = chosen
        self.props["label"] = label
        self.props["names"] = []
        self.props["says"] = says
        self.on("choose", self._changed)

    def offer(self, names: Sequence[str], now: str) -> None:
        """Show these names, with `now` chosen."""
        names = list(names)
        if names != self.props["names"] or now != self.props["chosen"]:
            self.props["names"], self.props["chosen"] = names, now
            self.update()

    def _changed(self, event: GenericEventArguments) -> None:
        if event.args in self.props["names"]:
            self.props["chosen"] = event.args
            self._chosen(str(event.args))
