"""The state of the local Discord, as Discord's own JSON objects, and the bus of its events.

Whoever shows the world (the gateway, the page) subscribes once and asks `hears` who a dispatch is
for; whoever changes it goes through a table and publishes a dispatch, so all see the same.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.discord import objects, permissions
from sandbox.discord.errors import unknown
from sandbox.discord.permissions import Permission
from sandbox.discord.snowflake import Snowflakes
from sandbox.discord.tables import Table

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a dispatch is for: these users, or who sees the channel, or the guild's members."""

    guild_id: str | None = None
    channel_id: str | None = None
    user_ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One gateway event: `type` is Discord's name, `data` its `d`."""

    type: str
    data: Json
    audience: Audience


def only(*user_ids: str) -> Audience:
    """Return the audience of exactly these users."""
    return Audience(user_ids=frozenset(user_ids))


def wall_clock() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class World:
    """Guilds, channels, messages, people, applications: rows in tables, by id."""

    def __init__(self, clock: Callable[[], datetime] = wall_clock) -> None:
        self.clock = clock
        self.base_url = "http://127.0.0.1"
        self.snowflakes = Snowflakes(clock)
        self.on_change: Callable[[str, str], None] = lambda _table, _key: None
        self._subscribers: list[Callable[[Dispatch], None]] = []
        self.users = self._table("users")
        self.applications = self._table("applications")
        self.tokens = self._table("tokens")  # token -> {"application_id": …}
        self.guilds = self._table("guilds")
        self.members = self._table("members", lambda row: row["guild_id"])  # "guild/user"
        self.channels = self._table("channels", lambda row: row.get("guild_id", "@me"))
        self.thread_members = self._table("thread_members", lambda row: row["id"])
        self.messages = self._table("messages", lambda row: row["channel_id"])
        self.reactors = self._table("reactors")  # message id -> {emoji: [user ids]}
        self.commands = self._table("commands", lambda row: row["application_id"])
        self.webhooks = self._table("webhooks", lambda row: row["channel_id"])
        self.files = self._table("files")  # attachment id -> {filename, content_type, data: bytes}
        self.nonces: dict[tuple[str, str], str] = {}  # (author, nonce) -> message id
        self.whispers: dict[str, tuple[str, Json]] = {}  # ephemeral messages: id -> (user, row)

    def _table(self, name: str, group: Callable[[Json], str] | None = None) -> Table:
        return Table(name, lambda table, key: self.on_change(table, key), group)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables that are worth saving."""
        return tuple(each for each in vars(self).values() if isinstance(each, Table))

    def now(self) -> str:
        """Return the time as Discord writes it."""
        return objects.stamp(self.clock())

    def rebase(self, url: str) -> None:
        """Make every link to a stored file begin with `url`, after a restart on another port."""
        old, self.base_url = self.base_url + "/cdn/", url
        for row in self.messages.rows():
            if row["attachments"] and old != url + "/cdn/":
                text = json.dumps(row).replace(old, f"{url}/cdn/")
                self.messages.put(row["id"], json.loads(text))

    # --- the bus -----------------------------------------------------------------------------

    def subscribe(self, callback: Callable[[Dispatch], None]) -> Callable[[], None]:
        """Call `callback` with every dispatch from now on; the returned function ends that.

        It is called at once and in order, in the event loop's thread, and must not block.
        """
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def publish(self, kind: str, data: Json, audience: Audience) -> None:
        """Tell every subscriber that something happened."""
        dispatch = Dispatch(kind, data, audience)
        for subscriber in tuple(self._subscribers):
            subscriber(dispatch)

    def hears(self, user_id: str, audience: Audience) -> bool:
        """Whether a user is in the audience (intents are the gateway's affair)."""
        if audience.user_ids is not None:
            return user_id in audience.user_ids
        if audience.channel_id is not None and audience.channel_id in self.channels:
            return Permission.VIEW_CHANNEL in self.rights(user_id, audience.channel_id)
        return f"{audience.guild_id}/{user_id}" in self.members

    # --- looking up --------------------------------------------------------------------------

    def user(self, name: str) -> Json:
        """Return a user by username."""
        return _named(self.users.rows(), "username", name, "User")

    def guild(self, name: str | None = None) -> Json:
        """Return a guild by name; the first one without."""
        rows = self.guilds.rows()
        return rows[0] if name is None else _named(rows, "name", name, "Guild")

    def channel(self, name: str) -> Json:
        """Return a channel or thread by name (`alerts` or `#alerts`) or id."""
        row = self.channels.get(name)
        return row or _named(self.channels.rows(), "name", name.removeprefix("#"), "Channel")

    def role(self, name: str) -> Json:
        """Return a role of any guild by name."""
        roles = [role for guild in self.guilds.rows() for role in guild["roles"]]
        return _named(roles, "name", name, "Role")

    def member(self, guild_id: str, user_id: str) -> Json:
        """Return a guild member; ApiError 10007 if there is none."""
        row = self.members.get(f"{guild_id}/{user_id}")
        if row is None:
            raise unknown("Member")
        return row

    def application(self, name: str | None = None) -> Json:
        """Return an application by name; the first one without."""
        rows = self.applications.rows()
        return rows[0] if name is None else _named(rows, "name", name, "Application")

    def message(self, channel_id: str, message_id: str) -> Json:
        """Return a message of a channel; ApiError 10008 if there is none."""
        row = self.messages.get(message_id)
        if row is None or row["channel_id"] != channel_id:
            raise unknown("Message")
        return row

    def history(self, channel: str) -> list[Json]:
        """Return the messages of a channel (name or id), oldest first, ephemeral ones excluded."""
        return self.messages.rows(self.channel(channel)["id"])

    def members_of(self, guild_id: str) -> list[Json]:
        """Return the members of a guild."""
        return self.members.rows(guild_id)

    def parent(self, channel: Json) -> Json:
        """Return the channel whose permissions apply: a thread's parent, else itself."""
        return (
            self.channels[channel["parent_id"]] if channel["type"] in objects.THREADS else channel
        )

    # --- permissions -------------------------------------------------------------------------

    def rights(self, user_id: str, channel_id: str) -> Permission:
        """Return what a user may do in a channel or thread; nothing if not a member."""
        channel = self.channels[channel_id]
        if channel["type"] == objects.DM:
            inside = any(each["id"] == user_id for each in channel["recipients"])
            return permissions.EVERYONE if inside else permissions.NONE
        member = self.members.get(f"{channel['guild_id']}/{user_id}")
        if member is None:
            return permissions.NONE
        guild = self.guilds[channel["guild_id"]]
        bits = permissions.in_channel(guild, member, self.parent(channel))
        if channel["type"] == objects.PRIVATE_THREAD and not (
            bits & Permission.MANAGE_THREADS or f"{channel_id}/{user_id}" in self.thread_members
        ):
            return permissions.NONE
        return bits

    def guild_rights(self, user_id: str, guild_id: str) -> Permission:
        """Return what a user may do in a guild as a whole; nothing if not a member."""
        member = self.members.get(f"{guild_id}/{user_id}")
        return permissions.in_guild(self.guilds[guild_id], member) if member else permissions.NONE

    # --- changes tests and the demo make by hand ---------------------------------------------

    def add_user(self, username: str, shown: str | None = None, *, bot: bool = False) -> Json:
        """Make a user that is in no guild yet."""
        row = objects.user(self.snowflakes.next(), username, shown or username.title(), bot=bot)
        return self.users.put(row["id"], row)

    def join(self, guild_id: str, user_id: str, roles: Iterable[str] = ()) -> Json:
        """Make a user a member of a guild, with role ids."""
        row = objects.member(self.users[user_id], list(roles), self.clock())
        row["guild_id"] = guild_id
        self.members.put(f"{guild_id}/{user_id}", row)
        self.publish("GUILD_MEMBER_ADD", row, Audience(guild_id))
        return row

    def add_channel(self, name: str, kind: int = objects.TEXT, **fields: Any) -> Json:
        """Make a channel in the first guild (or `guild_id=`)."""
        guild_id = fields.pop("guild_id", None) or self.guild()["id"]
        count = len(self.channels.rows(guild_id))
        row = objects.channel(self.snowflakes.next(), guild_id, name, kind, count) | fields
        self.channels.put(row["id"], row)
        self.publish("CHANNEL_CREATE", row, Audience(guild_id, row["id"]))
        return row

    def add_role(self, name: str, bits: int = 0, color: int = 0, guild_id: str = "") -> Json:
        """Make a role in the first guild (or `guild_id`)."""
        guild = self.guilds[guild_id] if guild_id else self.guild()
        role = objects.role(self.snowflakes.next(), name, bits, len(guild["roles"]), color)
        self.guilds.change(guild["id"], roles=[*guild["roles"], role])
        data = {"guild_id": guild["id"], "role": role}
        self.publish("GUILD_ROLE_CREATE", data, Audience(guild["id"]))
        return role

    def change_role(self, role_id: str, **fields: Any) -> Json:
        """Replace some fields of a role, such as `permissions="8"`."""
        for guild in self.guilds.rows():
            for role in guild["roles"]:
                if role["id"] == role_id:
                    new = {**role, **fields}
                    roles = [new if each is role else each for each in guild["roles"]]
                    self.guilds.change(guild["id"], roles=roles)
                    data = {"guild_id": guild["id"], "role": new}
                    self.publish("GUILD_ROLE_UPDATE", data, Audience(guild["id"]))
                    return new
        raise unknown("Role")

    def grant(self, role: str, bits: int) -> None:
        """Add permission bits to a role, by name (the bot's own role is named after the bot)."""
        row = self.role(role)
        self.change_role(row["id"], permissions=str(int(row["permissions"]) | int(bits)))

    def revoke(self, role: str, bits: int) -> None:
        """Take permission bits from a role, by name."""
        row = self.role(role)
        self.change_role(row["id"], permissions=str(int(row["permissions"]) & ~int(bits)))


def _named(rows: Iterable[Json], field: str, name: str, what: str) -> Json:
    for row in rows:
        if row.get(field) == name:
            return row
    raise unknown(what)
