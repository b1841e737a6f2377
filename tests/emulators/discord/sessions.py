"""Gateway sessions, and what an opcodes.IDENTIFY has to hold ("Opcodes and Status Codes", "Identify")."""

from collections import deque
from dataclasses import dataclass, field

from tests.emulators.discord import opcodes
from tests.emulators.discord import permissions as may
from tests.emulators.discord.codes import Json
from tests.emulators.discord.connections import Connection
from tests.emulators.discord.world import World

REPLAYED = 20_000


@dataclass
class Session:
    """A session: the events of one app, connected or not."""

    id: str
    intents: int
    connection: Connection | None
    seq: int = 0
    events: deque[tuple[int, Json]] = field(default_factory=lambda: deque(maxlen=REPLAYED))
    left_ms: int = 0  # when its connection ended
    resumed: int = 0

    @property
    def open(self) -> bool:
        """Whether its app is connected."""
        return self.connection is not None and self.connection.open


def refused_identify(data: Json, privileged: int) -> int:
    """The close code for wrong intents or a wrong shard; 0 if they are right."""
    intents = data.get("intents")
    if not isinstance(intents, int) or intents < 0 or intents & ~may.KNOWN_INTENTS:
        return opcodes.INVALID_INTENTS
    if intents & may.PRIVILEGED & ~privileged:
        return opcodes.DISALLOWED_INTENTS
    shard = data.get("shard")
    if shard is not None and not (len(shard) == 2 and 0 <= shard[0] < shard[1]):
        return opcodes.INVALID_SHARD
    return 0


def ready(session: Session, world: World, url: str, shard: object) -> Json:
    """The data of READY."""
    found: Json = {
        "v": 10,
        "user": {**world.bot.payload, "mfa_enabled": False, "verified": True, "email": None},
        "guilds": [{"id": str(guild), "unavailable": True} for guild in world.guilds],
        "session_id": session.id,
        "resume_gateway_url": f"{url}/resume",
        "application": {"id": str(world.application_id), "flags": 0},
        "session_type": "normal",
        "private_channels": [],
        "presences": [],
        "relationships": [],
    }
    return {**found, "shard": shard} if shard else found


def members_chunk(world: World, data: Json) -> Json | None:
    """GUILD_MEMBERS_CHUNK: those asked for by id or by the beginning of a name, else all; None without such a guild."""
    guild = world.guilds.get(int(data.get("guild_id") or 0))
    if guild is None:
        return None
    asked = data.get("user_ids") or []
    wanted = {int(one) for one in (asked if isinstance(asked, list) else [asked])}
    users = [world.users[one] for one in guild.members if not wanted or one in wanted]
    users = [user for user in users if user.name.startswith(data.get("query") or "")]
    chunk: Json = {
        "guild_id": str(guild.id),
        "members": [guild.member(user) for user in users],
        "chunk_index": 0,
        "chunk_count": 1,
        "not_found": [],
    }
    return {**chunk, "nonce": data["nonce"]} if "nonce" in data else chunk
