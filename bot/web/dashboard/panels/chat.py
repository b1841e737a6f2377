"""The chat: lines sent, replies, and what is told unasked as it happens."""

import asyncio
import base64
import contextlib
from typing import Any

from nicegui import background_tasks
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from bot.chats.answering import Answering
from bot.chats.base import Place
from bot.web import shapes
from bot.web.dashboard.visitor import SURFACE, Visitor
from bot.web.gallery import kind_of
from handlers.alerts import alert_of
from handlers.complete import complete
from handlers.figures import moment
from handlers.parse import named
from handlers.reply import Reply
from trading.events import Recorded, decode

CHUNK = 500
PACE_S = 0.3  # between two tellings: however much happens, a browser hears of it three times a second
MOST = 50  # alerts told at once; of a burst the end is told, and how much is left out
FIRST = 200  # entries looked through for something to show when a page is opened for the first time
LONGEST = 4000  # characters of a line
HERE = Place(0)  # a page is one place
Shape = dict[str, Any]


class Chat(Element, component="../js/chat.js", esm={"tiller": "../js/shared"}):
    """Replies and news. The browser keeps what was shown, and says up to where the journal was told."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__()
        self.visitor = visitor
        self._answering = Answering()
        self._following: asyncio.Task[None] | None = None
        self.on("ready", self._ready)
        self.on("line", self._line)
        self.client.on_delete(self._stop)

    # --- lines -------------------------------------------------------------------------------

    async def _line(self, asked: GenericEventArguments) -> None:
        said = asked.args if isinstance(asked.args, dict) else {}
        line, key = said.get("line"), said.get("key")
        if not (isinstance(line, str) and isinstance(key, str) and line.strip()):
            return
        with self._answering.to(HERE):
            reply = await self.visitor.run(line[:LONGEST], f"web:{key}")
            if not self.client.is_deleted:
                app = self.visitor.app
                at = moment(app.clock.now(), app.desk.timezone)
                self.run_method("answer", key, shown(reply), masked(line), at)
                self._answering.arrived(HERE, reply)

    # --- news --------------------------------------------------------------------------------

    async def _ready(self, asked: GenericEventArguments) -> None:
        """The browser has its chat; it was told the journal up to `seq` of a desk that began with `desk`."""
        if self._following is not None:
            return
        said = asked.args if isinstance(asked.args, dict) else {}
        app = self.visitor.app
        first = await app.store.queries.events(0, limit=1)
        desk = str(first[0]["hash"])[:16] if first else ""
        last = app.book.journal.last_seq
        seq = said.get("seq")
        known = isinstance(seq, int) and said.get("desk") in ("", desk) and 0 <= seq <= last
        self.run_method("open", desk, bool(known))
        after = int(seq) if known and isinstance(seq, int) else max(last - FIRST, 0)
        self._following = background_tasks.create(self._follow(after), name="console news")

    async def _follow(self, after: int) -> None:
        """Tell the journal from `after` on, then as it grows."""
        app = self.visitor.app
        grown = asyncio.Event()
        unsubscribe = app.book.subscribe(lambda entry: grown.set())
        try:
            while True:
                grown.clear()
                if not await self.visitor.may_stay():
                    return
                rows = await app.store.queries.events(after, limit=CHUNK)
                if rows:
                    after = rows[-1]["seq"]
                    told = [await self._told(row) for row in rows]
                    self.run_method("tell", ended([alert for alert in told if alert is not None]), after)
                await asyncio.sleep(PACE_S)
                if len(rows) < CHUNK:
                    await grown.wait()
        finally:
            unsubscribe()

    async def _told(self, row: Shape) -> Shape | None:
        app = self.visitor.app
        alert = alert_of(Recorded(row["seq"], row["at"], decode(shapes.raw(row))), app.book)
        if alert is None or not await self._answering.is_news(HERE, alert):
            return None
        return {
            "seq": alert.seq,
            "tone": alert.tone.value,
            "text": alert.text,
            "at": moment(row["at"], app.desk.timezone),
            "order_id": alert.order_id,
            "buttons": [{"label": b.label, "line": b.line} for b in alert.buttons if self._may(b.line)],
        }

    def _may(self, line: str) -> bool:
        """Whether who looks may run a line: what they may not do is not offered."""
        spec = named(line.removeprefix("/").partition(" ")[0])
        return spec is not None and spec.role <= self.visitor.actor.role

    async def _stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following


class Prompt(Element, component="../js/prompt.js"):
    """Where lines are typed: completion by Tab, and a history kept by the browser."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__()
        self.visitor = visitor
        self.on("complete", self._complete)

    def _complete(self, asked: GenericEventArguments) -> None:
        said = asked.args if isinstance(asked.args, dict) else {}
        text, cursor, number = said.get("text"), said.get("cursor"), said.get("number")
        if not (isinstance(text, str) and isinstance(cursor, int) and isinstance(number, int)) or len(text) > LONGEST:
            return
        ctx = self.visitor.app.dispatcher.context(text, self.visitor.actor, SURFACE)
        found = complete(text, max(cursor, 0), ctx)
        self.run_method("offer", number, [{"text": c.text, "help": c.help, "start": c.start} for c in found])


def ended(told: list[Shape]) -> list[Shape]:
    """The last `MOST`, after a line that says how many are left out."""
    if len(told) <= MOST:
        return told
    left = told[:-MOST]
    text = f"{len(left)} more alerts are in the journal."
    return [{**left[-1], "text": text, "tone": "info", "order_id": "", "buttons": []}, *told[-MOST:]]


def shown(reply: Reply) -> Shape:
    """A reply with its picture as a data address, so that nothing else has to be asked for.

    `kept` is what a browser may keep of a text that nobody may.
    """
    image = None
    if reply.image is not None:
        image = f"data:{kind_of(reply.image)};base64,{base64.b64encode(reply.image.content).decode()}"
    return reply.to_json(image) | {"kept": reply.kept}


def masked(line: str) -> str:
    """The line as it may be kept in a browser's history: without what could be a secret."""
    spec = named(line.strip().removeprefix("/").partition(" ")[0].lower())
    return f"/{spec.name} ***" if spec is not None and spec.secret else line
