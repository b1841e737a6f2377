"""The REST API v10: who may call, how often, and which function answers."""

import re

from tests.emulators.discord.calls import Answer, Call, Handler, Router, answer_of, answer_of_refusal
from tests.emulators.discord.codes import Refusal, plain, refusal
from tests.emulators.discord.limits import RateLimits

VERSIONED = re.compile(r"/api(?:/v(\d+))?(/.*)")
NOT_GLOBAL = ("/interactions/", "/webhooks/")  # not bound to the global limit
PAGE = {"Content-Type": "text/html"}


class Rest:
    """Answers requests. A request is carried out wholly or not at all, as nothing here waits."""

    def __init__(self, limits: RateLimits, token: str) -> None:
        self.router = Router()
        self.limits = limits
        self.token = token

    def route(self, method: str, path: str) -> str:
        """The route that a request is to, for faults and records; the bare path if there is none."""
        found = VERSIONED.fullmatch(path)
        routed = self.router.find(method, found[2]) if found else 404
        return routed[0] if isinstance(routed, tuple) else f"{method} {path}"

    def admit(self, method: str, path: str, authorization: str, agent: str) -> tuple[Call, Handler, dict[str, str]]:
        """Who calls what, before the body is looked at. Refuses strangers and those who call too often."""
        self.limits.check_ban()
        found = VERSIONED.fullmatch(path)
        if found is None:
            raise plain(404, "Not Found")
        if found[1] not in (None, "9", "10"):
            raise refusal(50041)
        routed = self.router.find(method, found[2])
        if isinstance(routed, int):
            raise plain(routed, "Not Found" if routed == 404 else "Method Not Allowed")
        route, values, handler, open_ = routed
        if not open_:
            if not agent.startswith("DiscordBot ("):
                raise Refusal(403, 1010, "error code: 1010", headers=PAGE)
            if authorization != f"Bot {self.token}":
                raise plain(401, "Unauthorized")
        counted = not found[2].startswith(NOT_GLOBAL)
        headers = self.limits.enter(route, values, counted=counted)
        return Call(route, values, {}, authorization=authorization), handler, headers

    def carry_out(self, call: Call, handler: Handler, headers: dict[str, str]) -> Answer:
        """Carry out an admitted call."""
        try:
            status, body = handler(call)
        except Refusal as why:
            why.headers = {**headers, **why.headers}
            return answer_of_refusal(why)
        return answer_of(status, body, headers)
