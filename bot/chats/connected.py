"""The chats of the desk, side by side: none waits for another, and none that fails stops another."""

from collections.abc import Mapping
from functools import partial

from bot.chats.base import Chat, Connect, House
from bot.supervise import Supervisor
from trading import events as e
from trading.errors import ConfigError
from trading.ids import derive

CONNECTING = "connecting"


class Chats:
    """Connects each chat once the desk has started, and says how it is with them."""

    def __init__(self, connects: Mapping[str, Connect], house: House, supervisor: Supervisor) -> None:
        self._connects = connects
        self._house = house
        self._supervisor = supervisor
        self._chats: dict[str, Chat] = {}
        self._problems: dict[str, str] = dict.fromkeys(connects, CONNECTING)

    def start(self) -> None:
        """Begin to connect; nobody waits for it."""
        for name in self._connects:
            self._supervisor.start(f"{name} connects", partial(self._connect, name))

    async def _connect(self, name: str) -> None:
        chat = await self._connects[name](self._house)
        try:
            await chat.start()
        except ConfigError as why:  # trying again would not help: a person must change a setting
            self._problems[name] = str(why)
            await chat.stop()
            await self._house.book.record(e.Noticed(derive("chat", name, str(why)), "error", name, str(why)))
        except BaseException:
            await chat.stop()
            raise
        else:
            self._chats[name] = chat
            del self._problems[name]

    def problems(self) -> dict[str, str]:
        """Each chat with what is wrong with it in plain words, or an empty text."""
        return {**self._problems, **{name: chat.problem for name, chat in self._chats.items()}}

    async def receive(self, name: str, secret: str, body: bytes) -> int:
        """What a chat's platform brought to our web server; answers the HTTP status to answer."""
        if name not in self._connects:
            return 404
        chat = self._chats.get(name)
        return 503 if chat is None else await chat.receive(secret, body)

    async def stop(self) -> None:
        """Take no more lines, finish what was begun, disconnect."""
        for chat in self._chats.values():
            await chat.stop()
