"""The routes of application commands and interactions."""

from typing import Any

from tests.emulators.discord.calls import Call, Router
from tests.emulators.discord.codes import refusal
from tests.emulators.discord.commands import Commands
from tests.emulators.discord.interactions import Interaction, Interactions
from tests.emulators.discord.posting import Posts
from tests.emulators.discord.world import World

Result = tuple[int, Any]
WEBHOOK = "/webhooks/{application}/{token}"
WHICH = f"{WEBHOOK}/messages/{{which}}"


class AppRoutes:
    """Commands, answers to interactions, follow-ups."""

    def __init__(
        self, world: World, posts: Posts, commands: Commands, interactions: Interactions, router: Router
    ) -> None:
        self._world = world
        self._posts = posts
        self._commands = commands
        self._interactions = interactions
        for scope in ("/applications/{application}", "/applications/{application}/guilds/{guild}"):
            router.add(f"GET {scope}/commands", lambda call: (200, commands.all(self._scope(call))))
            router.add(f"POST {scope}/commands", self._upsert)
            router.add(f"PUT {scope}/commands", self._overwrite)
            router.add(f"GET {scope}/commands/{{command}}", self._get)
            router.add(f"PATCH {scope}/commands/{{command}}", self._edit)
            router.add(f"DELETE {scope}/commands/{{command}}", self._delete)
        router.add("POST /interactions/{interaction}/{token}/callback", self._callback, open_=True)
        router.add(f"POST {WEBHOOK}", self._follow_up, open_=True)
        router.add(f"GET {WHICH}", self._message, open_=True)
        router.add(f"PATCH {WHICH}", self._change, open_=True)
        router.add(f"DELETE {WHICH}", self._remove, open_=True)

    def _scope(self, call: Call) -> int | None:
        if call.path["application"] != self._world.application_id:
            raise refusal(10002)
        guild = call.path.get("guild")
        if guild is not None and guild not in self._world.guilds:
            raise refusal(50001)
        return guild

    def _upsert(self, call: Call) -> Result:
        command, new = self._commands.upsert(self._scope(call), call.form)
        return 201 if new else 200, command

    def _overwrite(self, call: Call) -> Result:
        if not isinstance(call.body, list):
            raise refusal(50035)
        return 200, self._commands.overwrite(self._scope(call), call.body)

    def _get(self, call: Call) -> Result:
        return 200, self._commands.find(self._scope(call), call.path["command"])

    def _edit(self, call: Call) -> Result:
        return 200, self._commands.edit(self._scope(call), call.path["command"], call.form)

    def _delete(self, call: Call) -> Result:
        self._commands.delete(self._scope(call), call.path["command"])
        return 204, None

    def _callback(self, call: Call) -> Result:
        interaction = self._interactions.answer(call.path["interaction"], call.path["token"], call.form, call.uploads)
        if call.query.get("with_response", "").lower() in ("true", "1"):
            return 200, self._interactions.callback(interaction)
        return 204, None

    def _interaction(self, call: Call) -> Interaction:
        if call.path["application"] != self._world.application_id:
            raise refusal(10015)
        return self._interactions.by_token(call.path["token"])

    def _follow_up(self, call: Call) -> Result:
        message = self._interactions.follow_up(self._interaction(call), call.form, call.uploads)
        return 200, self._posts.payload(message)

    def _message(self, call: Call) -> Result:
        return 200, self._posts.payload(self._interactions.message(self._interaction(call), call.path["which"]))

    def _change(self, call: Call) -> Result:
        message = self._interactions.edit(self._interaction(call), call.path["which"], call.form, call.uploads)
        return 200, self._posts.payload(message)

    def _remove(self, call: Call) -> Result:
        self._interactions.delete(self._interaction(call), call.path["which"])
        return 204, None
