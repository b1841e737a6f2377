"""Who sits in front of a page: the session's actor, asked for again before every line."""

from bot.app import App
from bot.web.auth import Gatekeeper
from handlers.context import Actor, Role
from handlers.reply import Reply, Tone

SURFACE = "web"


class Visitor:
    """One signed-in browser. Its rights are looked up again for each line: a revoked token ends here, too."""

    def __init__(self, app: App, keeper: Gatekeeper, cookie: str, actor: Actor) -> None:
        self.app = app
        self._keeper = keeper
        self._cookie = cookie
        self.actor = actor
        """As it was when last asked."""

    @property
    def trades(self) -> bool:
        return self.actor.role >= Role.TRADER

    async def run(self, line: str, key: str) -> Reply:
        """Send a line through the one door. The same key again is the same answer."""
        found = await recognised(self.app, self._keeper, self._cookie)
        if found is None:
            return _refused("Your session has ended; nothing was sent. Sign in again.", "SIGNED_OUT")
        self.actor = found
        if not self._keeper.may_call(found):
            return _refused("Too many lines at once; this one was not sent.", "TOO_MANY")
        return await self.app.run(line, found, SURFACE, key)


async def recognised(app: App, keeper: Gatekeeper, cookie: str) -> Actor | None:
    """The actor of a session cookie, if the session is good and the actor may still look."""
    actor_id = keeper.visitor(cookie)
    actor = None if actor_id is None else await app.desk.actor(actor_id)
    return actor if actor is not None and actor.role >= Role.VIEWER else None


def _refused(text: str, code: str) -> Reply:
    return Reply(text, ok=False, tone=Tone.BAD, error=code)
