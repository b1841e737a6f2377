"""The order form: it makes a command line, shows it, and tries it out as `/dryrun` before it is sent."""

from collections.abc import Awaitable, Callable

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from bot.web.dashboard.view.cells import Shape
from handlers.reply import Reply

LONGEST = 1000  # characters of a line


class Ticket(Element, component="../js/ticket.js"):
    """`run` sends a line through the one door."""

    def __init__(self, read: Callable[[], Shape], run: Callable[[str, str], Awaitable[Reply]]) -> None:
        super().__init__()
        self._read, self._run = read, run
        self.props.update(read())
        self.on("preview", self._preview)

    async def refresh(self) -> None:
        now = self._read()
        if now["accounts"] != self.props["accounts"]:
            self.props.update(now)
            self.update()

    async def _preview(self, asked: GenericEventArguments) -> None:
        line = asked.args
        if isinstance(line, str) and len(line) <= LONGEST:
            reply = await self._run(f"/dryrun {line}", "")
            if not self.client.is_deleted:
                self.run_method("previewed", line, reply.to_json())
