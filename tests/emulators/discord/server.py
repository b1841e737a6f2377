"""The server: REST, gateway and files on one port of 127.0.0.1; the machine's clock or one moved by hand.

async with Discord() as discord:
    desk = discord.channel(2, "trading")
    ana = discord.person(2222, "ana")
    ... an app logs in with discord.token at discord.api_url and discord.gateway_url ...
    await discord.ready()
    asked = await ana.slash(desk, "buy", symbol="BTC/USDT", size="0.01")
    card = await asked.answer()
    await ana.presses(card, "Confirm")
    assert "filled" in ana.sees(desk)[-1].text
"""

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType

from aiohttp import web

from tests.emulators.discord import permissions as may
from tests.emulators.discord.answering import Hangs, answer_of_fault, cut, halved, response
from tests.emulators.discord.app_routes import AppRoutes
from tests.emulators.discord.calls import Answer, Call, Request, answer_of_refusal, read_body
from tests.emulators.discord.clock import Changes, Clock
from tests.emulators.discord.codes import Json, Refusal
from tests.emulators.discord.commands import Commands
from tests.emulators.discord.faults import Fault, Faults
from tests.emulators.discord.gateway import Gateway
from tests.emulators.discord.interactions import Interactions
from tests.emulators.discord.limits import RateLimits
from tests.emulators.discord.people import Person, Platform
from tests.emulators.discord.posting import Posts
from tests.emulators.discord.rest import Rest
from tests.emulators.discord.routes import Routes
from tests.emulators.discord.world import TEXT, Channel, Role, User, World

MOST_REQUESTS = 100_000
MOST_BYTES = 32 * 1024**2


class Keys:
    """The bot's token."""

    def __init__(self, token: str) -> None:
        self.token = token


class Discord:
    """A Discord with one app in it. There is a guild (id 1) from the start; its owner is none of the people.

    `now_ms`: see Clock; while it stands no rate limit ends, so that `limits.off()` is wise. `requests` holds every
    REST request with its answer's status, in order.
    """

    def __init__(
        self,
        now_ms: int | Callable[[], int] | None = None,
        token: str = "emulated-token",
        application_id: int = 900_000,
        bot_name: str = "tiller",
    ) -> None:
        self.clock = Clock(now_ms)
        self.changes = Changes()
        self.faults = Faults()
        self.limits = RateLimits(self.clock)
        self.world = World(self.clock, application_id, bot_name)
        self._keys = Keys(token)
        self.gateway = Gateway(self.world, self._keys, self.faults, self.changes)
        self.posts = Posts(self.world, self.gateway, self.changes)
        self.commands = Commands(application_id, self.clock, self.world.ids)
        self.interactions = Interactions(self.posts, token)
        self.rest = Rest(self.limits, token)
        self.people: dict[int, Person] = {}
        self.requests: list[Request] = []
        self.url = ""
        self._platform = Platform(self.world, self.posts, self.commands, self.interactions, self.gateway, self.changes)
        Routes(self.world, self.posts, self.rest.router)
        AppRoutes(self.world, self.posts, self.commands, self.interactions, self.rest.router)
        self.rest.router.add("GET /gateway", lambda _: (200, {"url": self.gateway_url}), open_=True)
        self.rest.router.add("GET /gateway/bot", self._gateway_bot)
        self._port = 0
        self._hangs = Hangs()
        self._runner: web.ServerRunner | None = None
        self.guild(1, "Desk")

    # Addresses

    @property
    def token(self) -> str:
        return self._keys.token

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v10"

    @property
    def gateway_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/gateway"

    # Who and what there is

    def guild(self, guild_id: int, name: str) -> int:
        """A further guild, which the bot is a member of; returns its id."""
        guild = self.world.add_guild(guild_id, name)
        if self.url:
            self.gateway.dispatch("GUILD_CREATE", lambda _: self.world.guild_payload(guild, whole=True), may.GUILDS)
        return guild_id

    def channel(
        self, channel_id: int, name: str = "trading", guild: int = 1, only: Iterable[Person] | None = None
    ) -> Channel:
        """A text channel; for a few people if `only`."""
        channel = Channel(channel_id, TEXT, name, guild)
        channel.only = None if only is None else frozenset(person.id for person in only)
        self.world.channels[channel_id] = channel
        if self.url:
            payload = self.world.channel_payload(channel)
            self.gateway.dispatch("CHANNEL_CREATE", lambda _: payload, may.GUILDS)
        return channel

    def role(self, role_id: int, name: str, permissions: int = 0, guild: int = 1, mentionable: bool = False) -> int:
        """A role of a guild; returns its id."""
        self.world.guilds[guild].roles[role_id] = Role(role_id, name, permissions, mentionable)
        return role_id

    def person(
        self, person_id: int, name: str, *, roles: Iterable[int] = (), admin: bool = False, guilds: Iterable[int] = (1,)
    ) -> Person:
        """A person, a member of these guilds; an administrator of them if `admin`."""
        user = self.world.users.setdefault(person_id, User(person_id, name))
        for number in guilds:
            guild = self.world.guilds[number]
            guild.members[person_id] = [role for role in roles if role in guild.roles]
            if admin:
                guild.roles.setdefault(7_000_000 + number, Role(7_000_000 + number, "admins", may.ADMINISTRATOR))
                guild.members[person_id].append(7_000_000 + number)
        self.people[person_id] = Person(self._platform, user)
        return self.people[person_id]

    # What Discord does

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.changes.tell()

    def revoke(self, token: str = "another-token") -> None:
        """Reset the token: sessions end with 4004, the old one gets 401."""
        self._keys.token = self.rest.token = token
        self.gateway.end_sessions()

    def forbid(self, channel: Channel, permission: int) -> None:
        """Take a permission from the bot in a channel (`may.VIEW_CHANNEL`: 50001)."""
        channel.denied |= permission

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel: from now on it is unknown (10003)."""
        payload = self.world.channel_payload(channel)
        del self.world.channels[channel.id]
        self.gateway.dispatch("CHANNEL_DELETE", lambda _: payload, may.GUILDS)

    async def ready(self, seconds: float = 5.0) -> None:
        """Wait until an app is connected to the gateway; TimeoutError if none is."""
        if not await self.changes.until(lambda: self.gateway.connected > 0, seconds):
            raise TimeoutError("no app is connected to the gateway")

    def doubled(self) -> dict[tuple[int, str], int]:
        """Nonces that made more than one message, by channel."""
        return self.posts.ledger.doubled()

    # The server

    async def __aenter__(self) -> "Discord":
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self, port: int = 0) -> None:
        """Come onto the network: at this port, else at the one it had before, else at any."""

        def make(message: object, payload: object, protocol: object, writer: object, task: object) -> web.BaseRequest:
            loop = asyncio.get_running_loop()
            return web.BaseRequest(
                message,  # type: ignore[arg-type]
                payload,  # type: ignore[arg-type]
                protocol,  # type: ignore[arg-type]
                writer,  # type: ignore[arg-type]
                task,  # type: ignore[arg-type]
                loop,
                client_max_size=MOST_BYTES,
            )

        server = web.Server(self._serve, request_factory=make, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port or self._port).start()
        host, self._port = self._runner.addresses[0][:2]
        self.url = self.posts.url = f"http://{host}:{self._port}"
        self.gateway.url = self.gateway_url

    async def close(self) -> None:
        """Go off the network: connections are refused. Everything else is kept, and `open` comes back."""
        self.release()
        self.gateway.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def release(self) -> None:
        """End every hang: those connections are closed."""
        self._hangs.release()

    def _gateway_bot(self, call: Call) -> tuple[int, Json]:
        used = [at for at in self.gateway.identifies if at > self.clock.now_ms - 86_400_000]
        left = max(0, self.gateway.identify_limit - len(used))
        reset = 86_400_000 if not used else used[0] + 86_400_000 - self.clock.now_ms
        start = {"total": self.gateway.identify_limit, "remaining": left, "reset_after": reset, "max_concurrency": 1}
        return 200, {"url": self.gateway_url, "shards": 1, "session_start_limit": start}

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/attachments/"):
            return self._file(request)
        gateway = request.path.startswith("/gateway")
        route = "GATEWAY" if gateway else self.rest.route(request.method, request.path)
        fault = self.faults.request(route)
        if fault is not None:
            return await self._strike(fault, request, route)
        return await self._answered(request, route)

    async def _answered(self, request: web.BaseRequest, route: str) -> web.StreamResponse:
        if route == "GATEWAY":
            if request.headers.get("Upgrade", "").lower() != "websocket":
                return web.Response(status=400)
            return await self.gateway.serve(request)
        return response(await self._execute(request, route))

    async def _execute(self, request: web.BaseRequest, route: str) -> Answer:
        agent, key = request.headers.get("User-Agent", ""), request.headers.get("Authorization", "")
        self.rest.token = self._keys.token
        body = None
        try:
            call, handler, headers = self.rest.admit(request.method, request.path, key, agent)
            call.query = dict(request.query)
            body, call.uploads = await read_body(request)
            call.body = body
            answer = self.rest.carry_out(call, handler, headers)
        except Refusal as why:
            answer = answer_of_refusal(why)
        self._note(route, request, body, answer)
        return answer

    def _note(self, route: str, request: web.BaseRequest, body: object, answer: Answer) -> None:
        self.limits.count_answer(answer.status, answer.headers.get("X-RateLimit-Scope", ""))
        if len(self.requests) < MOST_REQUESTS:
            self.requests.append(Request(route, request.raw_path, body, answer.status, self.clock.now_ms))
        self.changes.tell()

    async def _strike(self, fault: Fault, request: web.BaseRequest, route: str) -> web.StreamResponse:
        """Let a fault strike a request."""
        right = await self._execute(request, route) if fault.executed and route != "GATEWAY" else None
        if fault.name.startswith("hang"):
            await self._hangs.hang(fault.detail.get("seconds"))
        if fault.name.startswith(("hang", "drop")):
            return cut(request)
        if fault.name == "slow":
            await asyncio.sleep(fault.seconds)
            return response(right) if right is not None else await self._answered(request, route)
        if fault.name == "truncated":
            return await halved(request, right) if right is not None else cut(request)
        answer = answer_of_fault(fault)
        self._note(route, request, None, answer)
        return response(answer)

    def _file(self, request: web.BaseRequest) -> web.Response:
        number = request.path.split("/")[3]
        for message in self.posts.messages.values():
            for attachment in message.attachments:
                if str(attachment.id) == number:
                    return web.Response(body=attachment.content, headers={"Content-Type": attachment.content_type})
        return web.Response(status=404)
