"""The sources of alerts: set up in lines of the console's own, and tried with a message, which sends nothing."""

import re
from collections.abc import Awaitable, Callable

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from bot.web.dashboard.view.cells import Shape
from handlers.reply import Reply

LONGEST = 1000  # characters of a line
ADDRESS = re.compile(r"^https?://\S+/webhooks/\S+$", re.MULTILINE)
"""Of a source that was made or got a new secret, in the reply that shows it once."""


class Sources(Element, component="../js/sources.js"):
    """Shows what `read` says. `run` sends a line through the one door, `attempt` tries a message of a source.

    An address with its secret is told to the browser and kept nowhere.
    """

    def __init__(
        self,
        read: Callable[[], Shape],
        pasted: Shape,
        run: Callable[[str, str], Awaitable[Reply]],
        attempt: Callable[[str, str], Awaitable[Reply]],
    ) -> None:
        super().__init__()
        self._read, self._run, self._attempt = read, run, attempt
        self.props.update(pasted)
        self.props.update(read())
        self.on("line", self._line)
        self.on("attempt", self._try)

    async def refresh(self) -> None:
        now = self._read()
        if any(self.props[name] != shown for name, shown in now.items()):
            self.props.update(now)
            self.update()

    async def _line(self, asked: GenericEventArguments) -> None:
        said = asked.args if isinstance(asked.args, dict) else {}
        name, line, key = (said.get(word) for word in ("name", "line", "key"))
        if not (isinstance(name, str) and isinstance(line, str) and isinstance(key, str)) or len(line) > LONGEST:
            return
        reply = await self._run(line, f"web:{key}")
        if not self.client.is_deleted:
            await self.refresh()
            found = ADDRESS.search(reply.text) if reply.ok else None
            self.run_method("answered", name, line, reply.to_json(), found[0] if found else "")

    async def _try(self, asked: GenericEventArguments) -> None:
        said = asked.args if isinstance(asked.args, dict) else {}
        name, text = said.get("name"), said.get("text")
        if isinstance(name, str) and isinstance(text, str):
            reply = await self._attempt(name, text)
            if not self.client.is_deleted:
                self.run_method("tried", name, text, reply.to_json())
