"""The menus of commands: what somebody is offered is what their role may run (Bot API: setMyCommands).

The narrowest scope wins. In private everybody is offered what a viewer may run, and those who are known,
what they may; likewise in the configured groups. A menu gives no right to anything.
"""

from collections.abc import Iterable, Mapping

import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
)

from bot.alerts.notifier import Undelivered
from bot.chats.telegram.wire import Refused, Wire
from handlers.actor import Role
from handlers.spec import REGISTRY, CommandSpec, in_order

MOST = 100  # of a scope

log = structlog.get_logger("tiller.telegram")


def menu(role: Role, registry: Mapping[str, CommandSpec] = REGISTRY) -> list[BotCommand]:
    """What a role may run, as Telegram shows it."""
    return [BotCommand(spec.name, spec.summary) for spec in in_order(registry) if spec.role <= role][:MOST]


class Menus:
    """The menus of one bot; `groups` are the configured ones."""

    def __init__(self, wire: Wire, groups: Iterable[int]) -> None:
        self._wire = wire
        self._groups = tuple(groups)
        self._offered: dict[int, Role] = {}

    async def offer(self, known: Mapping[int, Role]) -> None:
        """Set every menu: of those who are not known, and of each who is."""
        await self._set(Role.VIEWER, BotCommandScopeAllPrivateChats())
        for group in self._groups:
            await self._set(Role.VIEWER, BotCommandScopeChat(self._wire.now(group)))
        for user, role in known.items():
            await self.meet(user, role)

    async def meet(self, user: int, role: Role) -> None:
        """Somebody is there: their menu follows their role. To be called whenever they are heard; mostly does nothing.

        Who has not talked to the bot yet, has no menu: it is set when they do.
        """
        if self._offered.get(user, Role.STRANGER) is role:
            return
        if role is Role.STRANGER:  # no longer known: they see what everybody sees
            del self._offered[user]
            await self._drop(BotCommandScopeChat(user))
            for group in self._groups:
                await self._drop(BotCommandScopeChatMember(self._wire.now(group), user))
            return
        if await self._set(role, BotCommandScopeChat(user)):
            self._offered[user] = role
        for group in self._groups:
            await self._set(role, BotCommandScopeChatMember(self._wire.now(group), user))

    async def _set(self, role: Role, scope: BotCommandScope) -> bool:
        try:
            await self._wire.ask(lambda: self._wire.bot.set_my_commands(menu(role), scope))
        except (Undelivered, Refused) as why:  # a menu is a convenience
            log.debug("a menu was not set", scope=scope.type, why=str(why))
            return False
        return True

    async def _drop(self, scope: BotCommandScope) -> None:
        try:
            await self._wire.ask(lambda: self._wire.bot.delete_my_commands(scope))
        except (Undelivered, Refused) as why:
            log.debug("a menu was not dropped", scope=scope.type, why=str(why))
