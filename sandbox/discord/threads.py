"""Threads and forum posts: opened, joined, changed; each change is published."""

from typing import Any

from sandbox.discord import objects
from sandbox.discord.world import Audience, World

Json = dict[str, Any]


def open_thread(
    world: World,
    parent: Json,
    name: str,
    owner_id: str,
    *,
    body: Json,
    kind: int = objects.PUBLIC_THREAD,
    thread_id: str | None = None,
) -> Json:
    """Make a thread below `parent` with its owner as first member, and publish it."""
    row = objects.thread(
        thread_id or world.snowflakes.next(), parent, name, owner_id, kind, world.now()
    )
    if body.get("auto_archive_duration"):
        row["thread_metadata"]["auto_archive_duration"] = body["auto_archive_duration"]
    if body.get("rate_limit_per_user"):
        row["rate_limit_per_user"] = body["rate_limit_per_user"]
    if kind == objects.PRIVATE_THREAD:
        row["thread_metadata"]["invitable"] = body.get("invitable", True)
    if parent["type"] == objects.FORUM:
        row["applied_tags"] = [str(each) for each in body.get("applied_tags") or ()]
    world.channels.put(row["id"], row)
    if parent["type"] == objects.FORUM:
        world.channels.change(parent["id"], last_message_id=row["id"])
    if owner_id in world.users:
        _remember(world, row["id"], owner_id)
    world.publish("THREAD_CREATE", {**row, "newly_created": True}, _audience(row))
    return row


def member(world: World, thread_id: str, user_id: str) -> Json:
    """Return the thread member object of a user, who is one."""
    return world.thread_members[f"{thread_id}/{user_id}"]


def join(world: World, thread: Json, user_id: str) -> None:
    """Make a user a member of a thread."""
    if f"{thread['id']}/{user_id}" in world.thread_members:
        return
    row = _remember(world, thread["id"], user_id)
    guild_member = world.member(thread["guild_id"], user_id)
    shown = {key: value for key, value in guild_member.items() if key != "guild_id"}
    _count(world, thread, added=[{**row, "member": shown, "presence": None}], removed=[])


def leave(world: World, thread: Json, user_id: str) -> None:
    """Take a user out of a thread."""
    if world.thread_members.drop(f"{thread['id']}/{user_id}"):
        _count(world, thread, added=[], removed=[user_id])


def announce_change(world: World, thread: Json) -> None:
    """Publish that a thread has changed."""
    world.publish("THREAD_UPDATE", thread, _audience(thread))


def _remember(world: World, thread_id: str, user_id: str) -> Json:
    row = {"id": thread_id, "user_id": user_id, "join_timestamp": world.now(), "flags": 0}
    return world.thread_members.put(f"{thread_id}/{user_id}", row)


def _count(world: World, thread: Json, added: list[Json], removed: list[str]) -> None:
    count = len(world.thread_members.rows(thread["id"]))
    world.channels.change(thread["id"], member_count=min(count, 50))
    data: Json = {"id": thread["id"], "guild_id": thread["guild_id"], "member_count": count}
    if added:
        data["added_members"] = added
    if removed:
        data["removed_member_ids"] = removed
    world.publish("THREAD_MEMBERS_UPDATE", data, _audience(thread))


def _audience(thread: Json) -> Audience:
    return Audience(thread["guild_id"], thread["id"])
