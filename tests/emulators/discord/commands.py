"""The registered application commands, global and of each guild ("Registering a Command")."""

from tests.emulators.discord.clock import Clock, Snowflakes
from tests.emulators.discord.codes import Json, refusal
from tests.emulators.discord.command_forms import CHAT_INPUT, MOST, check_command
from tests.emulators.discord.forms import Form

DAY_MS = 86_400_000
DAILY_CREATES = 200
FIELDS = (
    *("name", "name_localizations", "description", "description_localizations", "options", "nsfw"),
    *("default_member_permissions", "dm_permission", "integration_types", "contexts"),
)
DEFAULTS: Json = {
    "name_localizations": None,
    "description": "",
    "description_localizations": None,
    "default_member_permissions": None,
    "dm_permission": True,
    "contexts": None,
    "integration_types": [0],
    "nsfw": False,
}


class Commands:
    """Commands by scope: a guild's id, or None for the global ones. `creates` counts the new ones of each scope."""

    def __init__(self, application_id: int, clock: Clock, ids: Snowflakes) -> None:
        self.application_id = application_id
        self._clock = clock
        self._ids = ids
        self._scopes: dict[int | None, dict[int, Json]] = {}
        self._created: dict[int | None, list[int]] = {}

    def all(self, scope: int | None) -> list[Json]:
        """The commands of a scope."""
        return list(self._scopes.get(scope, {}).values())

    def creates(self, scope: int | None) -> int:
        """How many were created in the past day."""
        since = self._clock.now_ms - DAY_MS
        return sum(1 for at in self._created.get(scope, ()) if at > since)

    def find(self, scope: int | None, command_id: int) -> Json:
        """A command; refuses with 10063."""
        found = self._scopes.get(scope, {}).get(command_id)
        if found is None:
            raise refusal(10063)
        return found

    def named(self, guild_id: int | None, name: str) -> Json | None:
        """The slash command that a person there types: the guild's own before a global one."""
        for scope in (guild_id, None):
            for command in self.all(scope):
                if command["type"] == CHAT_INPUT and command["name"] == name:
                    return command
        return None

    def upsert(self, scope: int | None, body: Json) -> tuple[Json, bool]:
        """Create a command, or overwrite the one of its name; returns it and whether it is new."""
        form = Form()
        check_command(form, (), body)
        form.check()
        known = self._same(scope, body)
        if known is None:
            self._room(scope, body)
            self._count(scope, 1)
        return self._store(scope, body, known), known is None

    def edit(self, scope: int | None, command_id: int, body: Json) -> Json:
        """Change the given fields of a command."""
        known = self.find(scope, command_id)
        merged = {**known, **{key: value for key, value in body.items() if key in FIELDS}}
        form = Form()
        check_command(form, (), merged)
        form.check()
        return self._store(scope, merged, known)

    def overwrite(self, scope: int | None, bodies: list[Json]) -> list[Json]:
        """Replace all commands of a scope; those of a known type and name keep their id and are not counted as new."""
        form = Form()
        for at, body in enumerate(bodies):
            check_command(form, (at,), body)
        named = [(body.get("type") or CHAT_INPUT, body.get("name")) for body in bodies]
        for at, name in enumerate(named):
            if name in named[:at]:
                message = "Application command names must be unique"
                form.wrong((at,), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        form.check()
        for kind, most in MOST.items():
            if sum(1 for found, _ in named if found == kind) > most:
                raise refusal(30032)
        known = [self._same(scope, body) for body in bodies]
        self._count(scope, sum(1 for one in known if one is None))
        self._scopes[scope] = {}
        return [self._store(scope, body, one) for body, one in zip(bodies, known, strict=True)]

    def delete(self, scope: int | None, command_id: int) -> None:
        """Delete a command; refuses with 10063."""
        self.find(scope, command_id)
        del self._scopes[scope][command_id]

    def _same(self, scope: int | None, body: Json) -> Json | None:
        kind = body.get("type") or CHAT_INPUT
        return next((c for c in self.all(scope) if (c["type"], c["name"]) == (kind, body["name"])), None)

    def _room(self, scope: int | None, body: Json) -> None:
        kind = body.get("type") or CHAT_INPUT
        if sum(1 for command in self.all(scope) if command["type"] == kind) >= MOST[kind]:
            raise refusal(30032)

    def _count(self, scope: int | None, new: int) -> None:
        created = self._created.setdefault(scope, [])
        if new and self.creates(scope) + new > DAILY_CREATES:
            oldest = min(at for at in created if at > self._clock.now_ms - DAY_MS) if created else self._clock.now_ms
            raise refusal(30034, retry_after=(oldest + DAY_MS - self._clock.now_ms) / 1000, **{"global": False})
        created.extend([self._clock.now_ms] * new)

    def _store(self, scope: int | None, body: Json, known: Json | None) -> Json:
        fields = {**DEFAULTS, **{key: body[key] for key in FIELDS if body.get(key) is not None}}
        if fields["default_member_permissions"] is not None:
            fields["default_member_permissions"] = str(fields["default_member_permissions"])
        same = known is not None and all(known.get(key) == fields.get(key) for key in FIELDS)
        command: Json = {
            "id": known["id"] if known else str(self._ids.next()),
            "application_id": str(self.application_id),
            "version": known["version"] if known and same else str(self._ids.next()),
            "type": body.get("type") or CHAT_INPUT,
            **fields,
        }
        if scope is not None:
            command["guild_id"] = str(scope)
        self._scopes.setdefault(scope, {})[int(command["id"])] = command
        return command
