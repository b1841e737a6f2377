"""Who sits in front of a page: the session's actor, looked up again before every line and every little while."""

import asyncio

from bot.app import App
from bot.web.auth import Gatekeeper
from bot.web.guard import LARGEST_BODY
from bot.webhooks.trial import trial
from handlers.actor import Actor, Role
from handlers.reply import Reply, Tone

SURFACE = "web"
LOOK_AGAIN_S = 3.0


class Visitor:
    """One signed-in browser. A session that is over, and a token that was revoked, end here too."""

    def __init__(self, app: App, keeper: Gatekeeper, cookie: str, actor: Actor) -> None:
        self.app = app
        self._keeper = keeper
        self._cookie = cookie
        self._looked = asyncio.get_running_loop().time()
        self.actor = actor
        """As it was when last looked up."""

    @property
    def trades(self) -> bool:
        return self.actor.role >= Role.TRADER

    @property
    def rules(self) -> bool:
        """Whether sources of alerts are theirs to make and to try."""
        return self.actor.role >= Role.ADMIN

    async def run(self, line: str, key: str) -> Reply:
        """Send a line through the one door. The same key again is the same answer."""
        return await self._turned_away() or await self.app.run(line, self.actor, SURFACE, key)

    async def try_alert(self, name: str, text: str) -> Reply:
        """How a message of a source would be read, each check and the exact request; nothing is stored or sent."""
        if refusal := await self._turned_away():
            return refusal
        source = self.app.desk.sources.find(name)
        if source is None or not self.rules:
            return _refused(f"There is no source {name[:24]!r} that you may try.", "NO_SOURCE")
        body = text.encode("utf-8", "replace")
        if len(body) > LARGEST_BODY:
            return _refused("The message is over 64 KiB: as an alert it would be refused.", "TOO_LARGE")
        return await trial(self.app.inbox.fulfilment, self.app.run, source, body)

    async def _turned_away(self) -> Reply | None:
        """Why nothing more is taken from this browser now; None if it is."""
        if not await self._look():
            return _refused("Your session has ended; nothing was sent. Sign in again.", "SIGNED_OUT")
        if not self._keeper.may_call(self.actor):
            return _refused("Too many lines at once; this one was not sent.", "TOO_MANY")
        return None

    async def may_stay(self) -> bool:
        """Whether the page may still show anything; looked up every few seconds."""
        recent = asyncio.get_running_loop().time() - self._looked < LOOK_AGAIN_S
        return recent or await self._look()

    async def _look(self) -> bool:
        found = await recognised(self.app, self._keeper, self._cookie)
        if found is None:
            return False
        self._looked = asyncio.get_running_loop().time()
        self.actor = found
        return True


async def recognised(app: App, keeper: Gatekeeper, cookie: str) -> Actor | None:
    """The actor of a session cookie, if the session is good and the actor may still look."""
    whose = keeper.visitor(cookie)
    actor = None if whose is None else await app.desk.holder(whose)
    return actor if actor is not None and actor.role >= Role.VIEWER else None


def _refused(text: str, code: str) -> Reply:
    return Reply(text, ok=False, tone=Tone.BAD, error=code)
