"""The HTTP client below ccxt: an order call is sent once, and whether it can have left is known.

aiohttp would follow a redirect, and send PUT and DELETE again when a kept connection turns out to be closed.
"""

import ssl
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp
import certifi

from trading.binance.budget import Room
from trading.executors.binance.outcome import Lost, Said

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Wire:
    """What happens to one call on its way. `once`: it can execute something."""

    def __init__(self, room: Room, once: bool) -> None:
        self.room, self.once = room, once
        self.tries = 0
        self.has_connected = False


WIRE: ContextVar[Wire] = ContextVar("WIRE")
"""That of the call that this task makes; it comes through ccxt unseen."""


def open_client(secure: bool) -> aiohttp.ClientSession:
    """A client for WebSockets, with TLS if it is needed."""
    return aiohttp.ClientSession(connector=_connector(secure), cookie_jar=aiohttp.DummyCookieJar())


def open_watched_client(secure: bool) -> aiohttp.ClientSession:
    """A client for calls of REST: each of its requests is noted in `WIRE`.

    Its requests raise `Said` for a redirect, and `Lost` where aiohttp would send an order call again.
    """
    traces = aiohttp.TraceConfig()
    traces.on_connection_create_end.append(_connected)
    traces.on_connection_reuseconn.append(_connected)
    return aiohttp.ClientSession(
        connector=_connector(secure),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[traces],
        middlewares=(_once,),
    )


def how(why: BaseException) -> str:
    """What went wrong on the wire, in words; never those of a library, which show addresses and signatures."""
    cause = why.__cause__ or why
    match cause:
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate is not good"
        case TimeoutError():
            return "it did not answer in time"
        case aiohttp.ClientConnectorError():
            return "it refuses the connection"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
            return "the connection was closed"
    return type(cause).__name__


def _connector(secure: bool) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=certifi.where()) if secure else True)


async def _connected(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    WIRE.get().has_connected = True


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    wire = WIRE.get()
    wire.tries += 1
    if wire.tries > 1 and wire.once:
        raise Lost("the connection was closed", sent=True)
    response = await send(request)
    if response.status in REDIRECTS:
        response.close()
        raise Said(response.status)
    return response
