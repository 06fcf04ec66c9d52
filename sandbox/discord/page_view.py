"""What one person sees of the world, as the page wants it: Discord's own objects, put together."""

from typing import Any

from sandbox.discord.people import PersonDoor
from sandbox.discord.world import World

Json = dict[str, Any]

_DIRECT = "@me"


def state(world: World, door: PersonDoor) -> Json:
    """Return who and what `door`'s person sees, except messages."""
    channels = [_channel(row, door.id) for row in door.channels()]
    mine = {row["guild_id"] for row in channels}
    guilds = [_guild(world, row, channels) for row in world.guilds.rows() if row["id"] in mine]
    direct = [row for row in channels if row["guild_id"] == _DIRECT]
    return {
        "person": door.user["username"],
        "me": door.user,
        "people": people(world),
        "guilds": guilds + ([_direct_messages(direct)] if direct else []),
        "rights": {row["id"]: str(int(world.rights(door.id, row["id"]))) for row in channels},
        "applications": [
            {"id": row["id"], "name": row["name"]} for row in world.applications.rows()
        ],
    }


def people(world: World) -> list[Json]:
    """Return the humans one can act as, with the names of their roles in the first guild."""
    guild = world.guild()
    names = {role["id"]: role["name"] for role in guild["roles"]}
    return [
        {
            "id": member["user"]["id"],
            "username": member["user"]["username"],
            "name": shown_name(member),
            "roles": [names[role] for role in member["roles"] if role in names],
        }
        for member in world.members_of(guild["id"])
        if not member["user"].get("bot")
    ]


def shown_name(member: Json) -> str:
    """Return the name people read."""
    user = member["user"]
    return str(member.get("nick") or user["global_name"] or user["username"])


def _guild(world: World, row: Json, channels: list[Json]) -> Json:
    return {
        **row,
        "channels": [channel for channel in channels if channel["guild_id"] == row["id"]],
        "members": world.members_of(row["id"]),
    }


def _channel(row: Json, user_id: str) -> Json:
    if "guild_id" in row:
        return row
    others = [each["username"] for each in row["recipients"] if each["id"] != user_id]
    return {**row, "guild_id": _DIRECT, "name": ", ".join(others), "position": 0}


def _direct_messages(channels: list[Json]) -> Json:
    return {
        "id": _DIRECT,
        "name": "Direct messages",
        "channels": channels,
        "roles": [],
        "members": [],
    }
