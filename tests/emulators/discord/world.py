"""Who and what there is at Discord: users, guilds with their roles and members, channels and threads.

Payloads have the fields of "User", "Guild", "Channel" and "Permissions" that the API always sends.
"""

from dataclasses import dataclass, field

from tests.emulators.discord import permissions as may
from tests.emulators.discord.clock import Clock, Snowflakes, iso
from tests.emulators.discord.codes import Json, refusal

TEXT, DM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
THREADS = (PUBLIC_THREAD, PRIVATE_THREAD)


@dataclass
class User:
    id: int
    name: str
    bot: bool = False
    accepts_dms: bool = True

    @property
    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name,
            "global_name": None if self.bot else self.name.capitalize(),
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "bot": self.bot,
            "flags": 0,
            "public_flags": 0,
            "primary_guild": None,
        }


@dataclass
class Role:
    id: int
    name: str
    permissions: int = 0
    mentionable: bool = False
    position: int = 1

    @property
    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(self.permissions),
            "mentionable": self.mentionable,
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }


@dataclass
class Guild:
    """A server; its @everyone role has its id."""

    id: int
    name: str
    owner_id: int
    joined_ms: int
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, list[int]] = field(default_factory=dict)  # user: roles

    def permissions(self, user_id: int) -> int:
        """What a member may do in the guild ("Permission Hierarchy")."""
        if user_id == self.owner_id:
            return may.ALL
        held = self.roles[self.id].permissions
        for role in self.members.get(user_id, ()):
            held |= self.roles[role].permissions
        return may.ALL if held & may.ADMINISTRATOR else held

    def member(self, user: User, *, full: bool = True) -> Json:
        """A guild member object; without its user if not `full`."""
        found: Json = {
            "roles": [str(role) for role in self.members.get(user.id, ())],
            "nick": None,
            "avatar": None,
            "banner": None,
            "joined_at": iso(self.joined_ms),
            "premium_since": None,
            "pending": False,
            "communication_disabled_until": None,
            "flags": 0,
            "permissions": str(self.permissions(user.id)),
        }
        return {**found, "user": user.payload, "deaf": False, "mute": False} if full else found


@dataclass
class Channel:
    """A text channel, a thread or a direct message channel."""

    id: int
    kind: int
    name: str = ""
    guild_id: int | None = None
    parent_id: int | None = None
    owner_id: int | None = None
    recipient: User | None = None
    denied: int = 0  # to the bot
    only: frozenset[int] | None = None  # the people who see it, if not all
    archive_minutes: int = 1440
    active_ms: int = 0
    archived: bool = False
    posted: int = 0
    last_message_id: int | None = None

    @property
    def is_thread(self) -> bool:
        return self.kind in THREADS


class World:
    """Everything there is but messages. Refuses with 10003, 10004, 10013 what there is not."""

    def __init__(self, clock: Clock, application_id: int, bot_name: str) -> None:
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.application_id = application_id
        self.bot = User(application_id, bot_name, bot=True)
        self.owner = User(1, "owner")
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}

    # Making

    def add_guild(self, guild_id: int, name: str) -> Guild:
        """A guild with the bot in it."""
        guild = Guild(guild_id, name, self.owner.id, self.clock.now_ms)
        guild.roles[guild_id] = Role(guild_id, "@everyone", may.EVERYONE, position=0)
        guild.members[self.bot.id] = []
        self.guilds[guild_id] = guild
        return guild

    def dm(self, user: User) -> Channel:
        """The channel of the bot with a person, made at need."""
        for channel in self.channels.values():
            if channel.kind == DM and channel.recipient is user:
                return channel
        channel = Channel(self.ids.next(), DM, recipient=user)
        self.channels[channel.id] = channel
        return channel

    # Finding

    def guild(self, guild_id: int) -> Guild:
        if guild_id not in self.guilds:
            raise refusal(10004)
        return self.guilds[guild_id]

    def user(self, user_id: int) -> User:
        if user_id not in self.users:
            raise refusal(10013)
        return self.users[user_id]

    def channel(self, channel_id: int) -> Channel:
        """A channel, for the bot: refuses unknown ones (10003) and those it does not see (50001)."""
        if channel_id not in self.channels:
            raise refusal(10003)
        channel = self.channels[channel_id]
        self.require(channel, may.VIEW_CHANNEL, missing=50001)
        return channel

    def parent(self, channel: Channel) -> Channel:
        """A thread's channel; any other channel itself."""
        return self.channels[channel.parent_id] if channel.parent_id is not None else channel

    def threads(self, guild_id: int) -> list[Channel]:
        """A guild's threads that are not archived."""
        all_of = [c for c in self.channels.values() if c.guild_id == guild_id and c.is_thread]
        return [thread for thread in all_of if not self.archived(thread)]

    # Permissions

    def allowed(self, channel: Channel) -> int:
        """What the bot may do in a channel."""
        if channel.guild_id is None:
            return may.EVERYONE | may.MENTION_EVERYONE
        parent = self.parent(channel)
        return self.guilds[channel.guild_id].permissions(self.bot.id) & ~(channel.denied | parent.denied)

    def require(self, channel: Channel, permission: int, missing: int = 50013) -> None:
        """Refuse unless the bot has the permission there."""
        if not self.allowed(channel) & permission:
            raise refusal(missing)

    def sees(self, user: User, channel: Channel) -> bool:
        """Whether a person sees a channel."""
        if channel.guild_id is None:
            return channel.recipient is user
        if user.id not in self.guilds[channel.guild_id].members:
            return False
        only = self.parent(channel).only
        return only is None or user.id in only

    def archived(self, thread: Channel) -> bool:
        """Whether a thread is archived: by hand, or as nobody wrote for `auto_archive_duration` ("Threads")."""
        idle_ms = self.clock.now_ms - thread.active_ms
        return thread.archived or idle_ms >= thread.archive_minutes * 60_000

    # Payloads

    def channel_payload(self, channel: Channel) -> Json:
        """A channel object."""
        last = None if channel.last_message_id is None else str(channel.last_message_id)
        found: Json = {"id": str(channel.id), "type": channel.kind, "flags": 0, "last_message_id": last}
        if channel.recipient is not None:
            return {**found, "recipients": [channel.recipient.payload]}
        found |= {
            "guild_id": str(channel.guild_id),
            "name": channel.name,
            "parent_id": None if channel.parent_id is None else str(channel.parent_id),
            "rate_limit_per_user": 0,
        }
        if not channel.is_thread:
            more: Json = {"position": 0, "topic": None, "nsfw": False, "last_pin_timestamp": None}
            more["permission_overwrites"] = []
            return found | more
        return found | {
            "owner_id": str(channel.owner_id),
            "message_count": channel.posted,
            "member_count": 1,
            "total_message_sent": channel.posted,
            "thread_metadata": {
                "archived": self.archived(channel),
                "auto_archive_duration": channel.archive_minutes,
                "archive_timestamp": iso(channel.active_ms),
                "locked": False,
                "create_timestamp": iso(channel.active_ms),
            },
        }

    def guild_payload(self, guild: Guild, *, whole: bool = False) -> Json:
        """A guild object; with what GUILD_CREATE adds if `whole`. Members are the bot alone, without their intent."""
        absent = dict.fromkeys(
            (
                *("icon", "splash", "discovery_splash", "afk_channel_id", "application_id", "system_channel_id"),
                *("rules_channel_id", "vanity_url_code", "description", "banner", "public_updates_channel_id"),
                "safety_alerts_channel_id",
            )
        )
        zero = dict.fromkeys(
            (
                *("verification_level", "default_message_notifications", "explicit_content_filter", "mfa_level"),
                *("system_channel_flags", "premium_tier", "premium_subscription_count", "nsfw_level"),
            ),
            0,
        )
        empty: Json = {key: [] for key in ("emojis", "features", "stickers")}
        found: Json = {
            "id": str(guild.id),
            "name": guild.name,
            "owner_id": str(guild.owner_id),
            "roles": [role.payload for role in guild.roles.values()],
            "afk_timeout": 300,
            "preferred_locale": "en-US",
            "premium_progress_bar_enabled": False,
            **absent,
            **zero,
            **empty,
        }
        if not whole:
            return found
        channels = [c for c in self.channels.values() if c.guild_id == guild.id and not c.is_thread]
        seen = [c for c in channels if self.allowed(c) & may.VIEW_CHANNEL]
        rest: Json = {key: [] for key in ("voice_states", "presences", "stage_instances", "guild_scheduled_events")}
        return found | {
            "joined_at": iso(guild.joined_ms),
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "members": [guild.member(self.bot)],
            "channels": [self.channel_payload(channel) for channel in seen],
            "threads": [self.channel_payload(thread) for thread in self.threads(guild.id)],
            "soundboard_sounds": [],
            **rest,
        }
