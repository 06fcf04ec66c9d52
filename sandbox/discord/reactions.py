"""Reactions: who reacted with what, kept by message and published."""

from typing import Any

from sandbox.discord.messages import partial_emoji
from sandbox.discord.world import Audience, World

Json = dict[str, Any]


def add(world: World, message: Json, emoji: str, user_id: str) -> None:
    """Add a user's reaction; adding it twice is adding it once."""
    by_emoji = dict(world.reactors.get(message["id"]) or {})
    users = by_emoji.get(emoji, [])
    if user_id in users:
        return
    world.reactors.put(message["id"], {**by_emoji, emoji: [*users, user_id]})
    data = _event(world, message, emoji, user_id)
    if "guild_id" in data:
        member = world.member(data["guild_id"], user_id)
        data["member"] = {key: value for key, value in member.items() if key != "guild_id"}
    data["message_author_id"] = message["author"]["id"]
    _tell(world, "MESSAGE_REACTION_ADD", message, data)


def remove(world: World, message: Json, emoji: str, user_id: str) -> None:
    """Take a user's reaction away; no harm if there is none."""
    by_emoji = dict(world.reactors.get(message["id"]) or {})
    users = by_emoji.get(emoji, [])
    if user_id not in users:
        return
    left = [each for each in users if each != user_id]
    rest = {key: value for key, value in by_emoji.items() if key != emoji}
    world.reactors.put(message["id"], {**rest, emoji: left} if left else rest)
    _tell(world, "MESSAGE_REACTION_REMOVE", message, _event(world, message, emoji, user_id))


def clear(world: World, message: Json, emoji: str | None = None) -> None:
    """Take away all reactions, or all of one emoji."""
    by_emoji = dict(world.reactors.get(message["id"]) or {})
    rest = {} if emoji is None else {k: v for k, v in by_emoji.items() if k != emoji}
    world.reactors.put(message["id"], rest)
    data = _place(world, message)
    if emoji is None:
        _tell(world, "MESSAGE_REACTION_REMOVE_ALL", message, data)
    else:
        _tell(
            world,
            "MESSAGE_REACTION_REMOVE_EMOJI",
            message,
            {**data, "emoji": partial_emoji(emoji)},
        )


def _place(world: World, message: Json) -> Json:
    data = {"channel_id": message["channel_id"], "message_id": message["id"]}
    guild_id = world.channels[message["channel_id"]].get("guild_id")
    return {**data, "guild_id": guild_id} if guild_id else data


def _event(world: World, message: Json, emoji: str, user_id: str) -> Json:
    return {
        "user_id": user_id,
        **_place(world, message),
        "emoji": partial_emoji(emoji),
        "burst": False,
        "type": 0,
    }


def _tell(world: World, kind: str, message: Json, data: Json) -> None:
    world.publish(kind, data, Audience(data.get("guild_id"), message["channel_id"]))
