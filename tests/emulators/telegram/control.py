"""What another process may do to the server: `POST` with `{"do": name, ...}`, `GET` for the names.

It has an address of its own, which answers during an outage too.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.emulators.telegram.chats import Chat, Message
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.server import Telegram

Command = Callable[..., Awaitable[Any]]


def shown(message: Message) -> dict[str, Any]:
    """A message as a person sees it."""
    return {
        "id": message.id,
        "date": message.date,
        "from": message.sender.id if message.sender is not None else 0,
        "text": message.text,
        "entities": [[one.type, message.styled.part(one)] for one in message.styled.entities],
        "buttons": message.labels,
        "reply_to": message.reply_to.id if message.reply_to is not None else 0,
        "thread": message.thread,
        "file": message.media.name or message.media.kind if message.media is not None else "",
        "silent": message.silent,
        "edits": [version.text for version in message.history],
    }


class Control:
    """The commands."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    async def person(self, id: int, name: str, **more: Any) -> int:
        return self._telegram.person(id, name, **more).chat.id

    async def group(self, id: int, title: str, people: list[int], admins: list[int] | None = None, **more: Any) -> int:
        named = [self._person(number) for number in people]
        governing = tuple(self._person(number) for number in admins or [])
        return self._telegram.group(id, title, *named, admins=governing, **more).id

    async def says(self, person: int, chat: int, text: str, reply_to: int = 0, **more: Any) -> int:
        there = self._chat(chat)
        message = await self._person(person).says(
            there, text, reply_to=there.find(reply_to) if reply_to else None, **more
        )
        return message.id

    async def edits(self, person: int, chat: int, message: int, text: str) -> None:
        await self._person(person).edits(self._message(chat, message), text)

    async def presses(self, person: int, chat: int, message: int, label: str) -> str:
        return (await self._person(person).presses(self._message(chat, message), label)).id

    async def forges(self, person: int, chat: int, message: int, data: str) -> str:
        return (await self._person(person).forges(self._message(chat, message), data)).id

    async def answer(self, press: str) -> dict[str, Any]:
        found = self._telegram.world.presses[press]
        return {"answered": found.answered, "text": found.answer, "alert": found.alert}

    async def messages(self, chat: int, after: int = 0) -> list[dict[str, Any]]:
        return [shown(message) for message in self._chat(chat).messages if message.id > after]

    async def menu(self, person: int, chat: int) -> list[tuple[str, str]]:
        return self._person(person).menu(self._chat(chat))

    async def throws_out(self, person: int, chat: int) -> None:
        await self._person(person).throws_out(self._chat(chat), self._telegram.bot)

    async def migrates(self, person: int, chat: int) -> int:
        return (await self._person(person).migrates(self._chat(chat))).id

    async def arm(self, name: str, **detail: Any) -> None:
        self._telegram.faults.arm(name, **detail)

    async def disarm(self) -> None:
        self._telegram.faults.disarm()

    async def struck(self) -> list[tuple[str, str]]:
        return self._telegram.faults.struck

    async def release(self) -> None:
        self._telegram.release()

    async def outage(self, kind: str = "refused", seconds: float | None = None) -> None:
        await self._telegram.outage(kind, seconds)

    async def recover(self) -> None:
        await self._telegram.recover()

    async def revoke(self, token: str) -> None:
        self._telegram.revoke(token)

    async def redeliver(self, count: int = 1) -> None:
        self._telegram.redeliver(count)

    async def limits(self, on: bool = True) -> list[tuple[float, int, int]]:
        """Put the limits in force or not; what they have refused so far."""
        self._telegram.limits.on = on
        return self._telegram.limits.refused

    async def clock(self, now: float | None = None, advance: float = 0.0) -> float:
        if now is not None:
            self._telegram.clock.set(now)
        self._telegram.clock.advance(advance)
        return self._telegram.clock.now

    async def record(self, since: int = 0) -> list[dict[str, Any]]:
        return self._telegram.record.rows()[since:]

    async def doubled(self) -> list[tuple[int, str, int]]:
        return [(*key, count) for key, count in self._telegram.record.doubled().items()]

    async def counts(self) -> dict[str, int]:
        return dict(self._telegram.record.counts)

    def _person(self, number: int) -> Person:
        return self._telegram.people[number]

    def _chat(self, number: int) -> Chat:
        return self._telegram.world.chats[number]

    def _message(self, chat: int, number: int) -> Message:
        found = self._chat(chat).find(number)
        if found is None:
            raise LookupError(f"no message {number} in {chat}")
        return found


class ControlServer:
    """The control address of a server."""

    def __init__(self, telegram: Telegram) -> None:
        control = Control(telegram)
        names = [name for name in vars(Control) if not name.startswith("_")]
        self._commands: dict[str, Command] = {name: getattr(control, name) for name in names}
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.05)
        self.url = ""

    async def open(self) -> None:
        """Listen at any port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        if request.method == "GET":
            return web.json_response(sorted(self._commands))
        asked = await request.json()
        try:
            result = await self._commands[asked.pop("do")](**asked)
        except (LookupError, TypeError, ValueError, OSError) as why:
            return web.json_response({"error": f"{type(why).__name__}: {why}"}, status=400)
        return web.json_response({"result": result})
