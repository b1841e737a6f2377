"""Where the events of an account come from, on spot and on USDT-M, and what keeping that up takes.

Sources: binance-spot-api-docs web-socket-api.md ("User Data Stream subscription"); derivatives/usds-margined-futures
user-data-streams (a listen key is good for 60 minutes; `/private` since 2026-04-23).
"""

import math
from typing import Any, Protocol

from trading.errors import VenueRefused, VenueUnreachable
from trading.executors.binance.line import Line
from trading.executors.binance.session import Session


class Source(Protocol):
    """Where the events of a product come from, and what that takes."""

    upkeep_s: float
    takes_requests: bool

    async def address(self) -> str:
        """Where to connect."""
        ...

    async def greet(self, line: Line) -> None:
        """Subscribe, on a connection that has just been opened."""
        ...

    async def keep(self) -> None:
        """Every `upkeep_s`. A VenueRefused means that a new connection is needed."""
        ...

    def event(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """The event that a message carries, if any."""
        ...


class SpotEvents:
    """Spot: a subscription, signed by the key, on the WebSocket API; requests go over the same connection."""

    upkeep_s = math.inf
    takes_requests = True

    def __init__(self, session: Session) -> None:
        self._session = session

    async def address(self) -> str:
        return self._session.addresses.ws_api

    async def greet(self, line: Line) -> None:
        await self._session.ask(line, "userDataStream.subscribe.signature", {}, weight=2)

    async def keep(self) -> None: ...

    def event(self, message: dict[str, Any]) -> dict[str, Any] | None:
        event = message.get("event")
        return event if isinstance(event, dict) else None


class FuturesEvents:
    """USDT-M: a connection whose address holds a listen key, had and kept by REST.

    The key is one for the account, and shared: it is never deleted, as that would silence another desk that stands by.
    """

    upkeep_s = 5 * 60.0  # it is good for an hour; but whoever has it may delete it, and nobody tells
    takes_requests = False
    path = "/fapi/v1/listenKey"

    def __init__(self, session: Session) -> None:
        self._session = session
        self._listen_key = ""

    async def address(self) -> str:
        answer = await self._session.call("POST", self.path, {}, signed=False)
        match answer:
            case {"listenKey": str(listen_key)}:
                self._listen_key = listen_key
                return f"{self._session.addresses.streams}/private/ws?listenKey={listen_key}"
        raise VenueUnreachable("Binance answers with something else than a listen key.", "It is asked again.")

    async def greet(self, line: Line) -> None: ...

    async def keep(self) -> None:
        answer = await self._session.call("PUT", self.path, {}, signed=False)
        match answer:
            case {"listenKey": str(kept)} if kept != self._listen_key:  # ours was deleted, and another one made
                raise VenueRefused("The account has another listen key now.", "A new connection is opened.")

    def event(self, message: dict[str, Any]) -> dict[str, Any] | None:
        return message if "e" in message else None
