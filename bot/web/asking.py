"""What every route of the API may ask for: the desk, the caller with a role, and text that is fit to be kept."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import AfterValidator

from bot.app import App
from bot.web.auth import needs
from handlers.actor import Actor, Role

Shape = dict[str, Any]


async def _app(request: Request) -> App:  # a plain function would be run in a thread
    app: App = request.app.state.tiller
    return app


def _clean(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a NUL character cannot be kept")
    return text


Desk = Annotated[App, Depends(_app)]
Viewer = Annotated[Actor, Depends(needs(Role.VIEWER))]
Trader = Annotated[Actor, Depends(needs(Role.TRADER))]
Admin = Annotated[Actor, Depends(needs(Role.ADMIN))]
Text = Annotated[str, AfterValidator(_clean)]
Name = Annotated[str, Query(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most")]
Seq = Annotated[int, Query(ge=0, le=2**62, description="The last sequence number that is known already")]
