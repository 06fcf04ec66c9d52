"""A guild as the gateway tells it: in full at the start, its members in chunks on request."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord import objects
from sandbox.discord.world import World

Json = dict[str, Any]

_CHUNK = 1000


def bare(row: Json) -> Json:
    """Return a member without the guild id that its row carries."""
    return {key: value for key, value in row.items() if key != "guild_id"}


def in_full(world: World, guild: Json, bot_id: str, *, everyone: bool) -> Json:
    """Return GUILD_CREATE's data; without `everyone` the bot is the only member in it."""
    channels = world.channels.rows(guild["id"])
    members = world.members_of(guild["id"])
    own = world.member(guild["id"], bot_id)
    return {
        **guild,
        "joined_at": own["joined_at"],
        "large": False,
        "unavailable": False,
        "member_count": len(members),
        "members": [bare(row) for row in (members if everyone else [own])],
        "channels": [row for row in channels if row["type"] not in objects.THREADS],
        "threads": [
            row
            for row in channels
            if row["type"] in objects.THREADS and not row["thread_metadata"]["archived"]
        ],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "hub_type": None,
    }


def member_chunks(world: World, request: Json) -> Iterator[Json]:
    """Yield the GUILD_MEMBERS_CHUNK data that answers op 8: by ids, or by start of the name."""
    guild_id = str(request["guild_id"])
    rows = [bare(row) for row in world.members_of(guild_id)]
    missing: list[str] = []
    if (wanted := request.get("user_ids")) is not None:
        ids = {str(each) for each in (wanted if isinstance(wanted, list) else [wanted])}
        missing = sorted(ids - {row["user"]["id"] for row in rows})
        rows = [row for row in rows if row["user"]["id"] in ids]
    else:
        rows = named(rows, request.get("query") or "", request.get("limit") or len(rows))
    parts = [rows[at : at + _CHUNK] for at in range(0, len(rows), _CHUNK)] or [[]]
    for number, part in enumerate(parts):
        chunk = {
            "guild_id": guild_id,
            "members": part,
            "chunk_index": number,
            "chunk_count": len(parts),
            "not_found": missing,
        }
        yield {**chunk, "nonce": request["nonce"]} if request.get("nonce") else chunk


def named(rows: list[Json], start: str, limit: int) -> list[Json]:
    """Return members whose name, shown name or nickname begins with `start`."""
    start = start.lower()
    names = ("username", "global_name")
    found = [
        row
        for row in rows
        if any((row["user"].get(name) or "").lower().startswith(start) for name in names)
        or (row["nick"] or "").lower().startswith(start)
    ]
    return found[:limit]
