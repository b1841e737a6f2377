"""The server: one bot, one clock, one set of faults, on loopback.

    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        ...  # a bot with base_url=telegram.url + "/bot" and token=telegram.token
        await ana.says(ana.chat, "/status")
        await telegram.until(lambda: ana.chat.texts[1:])

`record` holds what was carried out and every request; `keep` bounds it, and the messages of each chat.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from tests.emulators.telegram.chats import Chat, Member, User
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.faults import Faults
from tests.emulators.telegram.limits import Limits
from tests.emulators.telegram.menus import Menus
from tests.emulators.telegram.methods import Fetching, Visits
from tests.emulators.telegram.params import Params
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.record import Call, Record
from tests.emulators.telegram.refusals import Refusal, no_such_method, unauthorized
from tests.emulators.telegram.sending import Sending
from tests.emulators.telegram.updates import Updates
from tests.emulators.telegram.webhook import Webhook
from tests.emulators.telegram.wire import Wire
from tests.emulators.telegram.world import World

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
T = TypeVar("T")


class Telegram:
    """A Bot API server on 127.0.0.1.

    `now` as a number starts a clock that stands there until it is moved by hand; None is the machine's clock, `speed`
    times as fast.
    `limits`: are the sending limits in force? `local`: as a server of one's own, webhooks may be plain http on any
    port; False: as the public one. `privacy`: the bot's privacy mode.
    """

    def __init__(
        self,
        now: float | None = None,
        *,
        token: str = TOKEN,
        username: str = "tiller_bot",
        privacy: bool = True,
        limits: bool = False,
        local: bool = True,
        keep: int = 10_000,
        first_update: int = 900_000_001,
        seed: int = 1,
        speed: float = 1.0,
    ) -> None:
        self.token = token
        self.clock = Clock(now, speed)
        self.faults = Faults()
        self.record = Record(keep)
        self.updates = Updates(self.clock, self.faults, first_update)
        bot = User(int(token.partition(":")[0]), "Tiller", username=username, is_bot=True)
        self.world = World(self.clock, self.updates, self.record, bot, keep, privacy)
        self.limits = Limits(self.clock, on=limits)
        self.webhook = Webhook(self.clock, self.updates, self.faults, self._reply, seed)
        self.updates.on_poll = self.webhook.on_attempt = self.world.changed
        self.menus = Menus(self.world)
        self.visits = Visits(self.world)
        self.people: dict[int, Person] = {}
        fetching = Fetching(self.updates, self.webhook, local=local)
        sending = Sending(self.world, self.limits)
        self._methods = sending.methods() | self.menus.methods() | self.visits.methods() | fetching.methods()
        self._wire = Wire(self.clock, self.faults, self._execute, self._note)
        self._recovery: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it is; `url + "/bot"` is the address of a bot's client."""
        return self._wire.url

    @property
    def now(self) -> float:
        """Its time, in seconds; set, it stands there (`clock.advance` moves it on)."""
        return self.clock.now

    @now.setter
    def now(self, now: float) -> None:
        self.clock.set(now)

    @property
    def bot(self) -> User:
        """The bot itself."""
        return self.world.bot

    # People and chats

    def person(
        self,
        number: int,
        name: str,
        *,
        started: bool = True,
        is_bot: bool = False,
        username: str = "",
        language: str = "",
    ) -> Person:
        """Somebody new; `started`: they have pressed Start before, so that the bot may write to them."""
        user = User(number, name, username=username, language=language, is_bot=is_bot)
        self.world.users[number] = user
        chat = self.world.chat(number, "private", name)
        chat.person = user
        if started:
            self.world.started.add(number)
        person = Person(self.world, self.menus, user, chat)
        self.people[number] = person
        return person

    def group(
        self,
        number: int,
        title: str,
        *people: Person,
        admins: tuple[Person, ...] = (),
        bot: str = "member",
        kind: str = "",
        forum: bool = False,
        username: str = "",
    ) -> Chat:
        """A new group, `bot` being the bot's status in it ("member", "administrator", "restricted", "left").

        A basic one, unless its id begins as those of supergroups do (-100 and ten digits), it is a `forum` (with
        topics), or `kind` says otherwise.
        """
        large = forum or number < -1_000_000_000_000
        chat = self.world.chat(number, kind or ("supergroup" if large else "group"), title)
        chat.forum, chat.username = forum, username
        for person in (*people, *admins):
            chat.members[person.id] = Member(person.user, "administrator" if person in admins else "member")
        chat.members[self.bot.id] = Member(self.bot, bot)
        return chat

    def channel(self, number: int, title: str, *, bot: str = "administrator", username: str = "") -> Chat:
        """A new channel."""
        return self.group(number, title, bot=bot, kind="channel", username=username)

    async def until(self, seen: Callable[[], T | None], seconds: float = 5.0) -> T:
        """Wait until something is to be seen, and return it; TimeoutError after so many seconds of the machine."""
        return await self.world.until(seen, seconds)

    # What may happen

    def redeliver(self, count: int = 1) -> None:
        """Tell the bot the newest updates once more, though it has confirmed them."""
        self.updates.redeliver(count)

    def revoke(self, token: str) -> None:
        """Let the bot's owner make a new token: the old one is worth nothing."""
        self.token = token
        self.updates.abort(unauthorized())

    async def outage(self, kind: str = "refused", seconds: float | None = None) -> None:
        """Be unreachable: `refused` connections, `502` answers, or requests that `hang`.

        For so many of the server's seconds, else until `recover()`. Nothing is delivered to a webhook meanwhile;
        people write on.
        """
        await self.recover()
        await self.webhook.pause()
        await self._wire.begin_outage(kind)
        if seconds is not None:
            self._recovery = asyncio.get_running_loop().create_task(self._recover_after(seconds))

    async def recover(self) -> None:
        """End an outage; who hung is let go without an answer."""
        recovery, self._recovery = self._recovery, None
        if recovery is not None and recovery is not asyncio.current_task():
            recovery.cancel()
        await self._wire.end_outage()
        self.webhook.resume()
        self.world.changed()

    @property
    def out(self) -> bool:
        """Is there an outage?"""
        return bool(self._wire.outage)

    def release(self) -> None:
        """End every hang: those connections are closed."""
        self._wire.release()

    async def _recover_after(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        await self.recover()

    # The server

    async def __aenter__(self) -> "Telegram":
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self, port: int = 0) -> None:
        """Come onto the network, at this port or at any."""
        await self._wire.open(port)

    async def close(self) -> None:
        """Go off the network for good; what happened can still be read."""
        if self._recovery is not None:
            self._recovery.cancel()
        await self.webhook.pause()
        await self._wire.close()

    async def _execute(self, token: str, method: str, params: Params) -> Any:
        if token != self.token:
            raise unauthorized()
        return await self._call(method, params)

    async def _call(self, method: str, params: Params) -> Any:
        found = self._methods.get(method.lower())
        if found is None:
            raise no_such_method()
        return await found(params)

    async def _reply(self, params: Params) -> None:
        """A method that came as the answer to a webhook: nobody is told how it went."""
        method, error = str(params.values.pop("method")), ""
        try:
            await self._call(method, params)
        except Refusal as refusal:
            error = refusal.description
        self._note(Call(self.clock.now, method, params.values, error))

    def _note(self, call: Call) -> None:
        self.record.call(call)
        self.world.changed()
