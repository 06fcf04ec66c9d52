"""A bot's gateway session: what it may hear, what it was sent, and what it can be sent again."""

import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from sandbox.discord.world import Dispatch, World

Json = dict[str, Any]

GUILDS, MEMBERS, PRESENCES, MESSAGE_CONTENT = 1 << 0, 1 << 1, 1 << 8, 1 << 15
ALL_INTENTS = (1 << 17) - 1 | 0b11 << 20 | 0b11 << 24
_REPLAY = 2000
_BY_PREFIX = (  # event name prefix -> (intent in a guild, intent in a direct message)
    ("GUILD_MEMBER_", MEMBERS, None),
    ("GUILD_", GUILDS, None),
    ("CHANNEL_PINS", GUILDS, 1 << 12),
    ("CHANNEL_", GUILDS, None),
    ("THREAD_", GUILDS, None),
    ("MESSAGE_REACTION_", 1 << 10, 1 << 13),
    ("MESSAGE_", 1 << 9, 1 << 12),
    ("TYPING_", 1 << 11, 1 << 14),
    ("WEBHOOKS_", 1 << 5, None),
)


class Session:
    """One session; it outlives its socket. `deliver` is set while a socket is open."""

    def __init__(self, bot: Json, intents: int, shard: tuple[int, int], compress: bool) -> None:
        self.id = secrets.token_hex(16)
        self.bot = bot
        self.intents = intents
        self.shard = shard
        self.compress = compress
        self.sequence = 0
        self.deliver: Callable[[Json], None] | None = None
        self._sent: deque[Json] = deque(maxlen=_REPLAY)

    def push(self, kind: str, data: Json) -> None:
        """Number a dispatch, remember it, and send it if a socket is open."""
        self.sequence += 1
        payload = {"op": 0, "t": kind, "s": self.sequence, "d": data}
        self._sent.append(payload)
        if self.deliver:
            self.deliver(payload)

    def since(self, sequence: int) -> list[Json] | None:
        """Return what was sent after `sequence`; None if that is too long ago or never was."""
        oldest = self.sequence - len(self._sent)
        if not oldest <= sequence <= self.sequence:
            return None
        return [each for each in self._sent if each["s"] > sequence]

    def wants(self, dispatch: Dispatch, world: World) -> bool:
        """Whether this session hears a dispatch: audience, shard and intents."""
        if not world.hears(self.bot["id"], dispatch.audience):
            return False
        guild_id = dispatch.data.get("guild_id") or dispatch.audience.guild_id
        if not self.serves(guild_id):
            return False
        for prefix, in_guild, in_dm in _BY_PREFIX:
            if dispatch.type.startswith(prefix):
                needed = in_guild if guild_id else in_dm
                return needed is not None and bool(self.intents & needed)
        return dispatch.type == "INTERACTION_CREATE"

    def serves(self, guild_id: str | None) -> bool:
        """Whether a guild (or direct messages) belongs to this session's shard."""
        number, count = self.shard
        return ((int(guild_id) >> 22) % count if guild_id else 0) == number

    def censored(self, kind: str, data: Json) -> Json:
        """Return the data without what needs the MESSAGE_CONTENT intent, if it is not held."""
        if kind not in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or "guild_id" not in data:
            return data
        own = data["author"]["id"] == self.bot["id"]
        named = any(each["id"] == self.bot["id"] for each in data["mentions"])
        if self.intents & MESSAGE_CONTENT or own or named:
            return data
        return {**data, "content": "", "embeds": [], "attachments": [], "components": []}
