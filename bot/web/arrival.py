"""The outermost of everything: from where a request comes, and a count of what the webhooks answered."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.metrics import Metrics
from bot.web.auth import plain_address
from bot.web.guard import WEBHOOKS

PROXIED = "tiller.proxied"


class Arrival:
    """Middleware: the client's address is the one a trusted proxy names, and it is kept whether one did."""

    def __init__(self, app: ASGIApp, proxies: Sequence[str], metrics: Metrics) -> None:
        self._networks = [ip_network(each, strict=False) for each in proxies]
        hosts = [str(network) for network in self._networks]
        self._app: ASGIApp = ProxyHeadersMiddleware(app, trusted_hosts=hosts) if hosts else app  # type: ignore
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if peer := scope.get("client"):
            scope["client"] = (plain_address(peer[0]), peer[1])
        scope[PROXIED] = self._is_proxy(scope.get("client"))
        if scope["type"] != "http" or not scope["path"].startswith(WEBHOOKS):
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.webhook(message["status"])
            await send(message)

        await self._app(scope, receive, counted)

    def _is_proxy(self, peer: tuple[str, int] | None) -> bool:
        if not self._networks or peer is None:
            return False
        try:
            return any(ip_address(peer[0]) in network for network in self._networks)
        except ValueError:
            return False


def through_proxy(asked: HTTPConnection) -> bool:
    """Whether a trusted proxy brought the request, so that what it says of the client may be believed."""
    return bool(asked.scope.get(PROXIED))
