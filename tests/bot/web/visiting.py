"""Who comes past the gate of the dashboard: it says so in the place of a page."""

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from bot.web.dashboard.visitor import Visitor


class Stage:
    """Stands where the pages do, and remembers who came last."""

    def __init__(self) -> None:
        self.visitor: Visitor | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.visitor = scope["state"]["visitor"]
        assert self.visitor is not None
        said = {"id": self.visitor.actor.id, "role": str(self.visitor.actor.role)}
        await JSONResponse(said)(scope, receive, send)
