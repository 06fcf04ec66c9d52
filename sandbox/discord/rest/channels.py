"""Channels: one, changed, deleted; new ones in a guild; who may see and write in them."""

from typing import Any

from sandbox.discord import objects, threads
from sandbox.discord.errors import ApiError, Form, missing_permissions, unknown
from sandbox.discord.messages import Json
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import Answer, Call, Routes
from sandbox.discord.world import Audience

routes = Routes()

_GUILD_FIELDS = (
    "name type position topic nsfw rate_limit_per_user parent_id permission_overwrites"
    " default_auto_archive_duration available_tags default_reaction_emoji default_sort_order"
    " default_forum_layout default_thread_rate_limit_per_user flags"
)
_THREAD_FIELDS = "archived locked invitable auto_archive_duration applied_tags"
_KINDS = (objects.TEXT, objects.CATEGORY, objects.FORUM)


@routes.add("GET", "/channels/{channel_id}")
def one(call: Call) -> Any:
    """Return a channel, a thread or a direct message."""
    row = call.channel()
    key = f"{row['id']}/{call.me}"
    if key in call.world.thread_members:
        return {**row, "member": call.world.thread_members[key]}
    return call.shown_channel(row)


@routes.add("PATCH", "/channels/{channel_id}", f"{_GUILD_FIELDS} {_THREAD_FIELDS}")
def change(call: Call) -> Any:
    """Change a channel or a thread."""
    row = call.channel()
    form = Form()
    if "name" in call.body:
        form.sized("name", call.body["name"], 1, 100)
    form.longest("topic", call.body.get("topic"), 4096 if row["type"] == objects.FORUM else 1024)
    form.settle()
    if row["type"] in objects.THREADS:
        return _change_thread(call, row)
    _need(call, row, Permission.MANAGE_CHANNELS)
    fields = {key: value for key, value in call.body.items() if key in _GUILD_FIELDS.split()}
    if fields.get("parent_id"):
        fields["parent_id"] = str(fields["parent_id"])
    if "permission_overwrites" in fields:
        _need(call, row, Permission.MANAGE_ROLES)
        fields["permission_overwrites"] = _overwrites(fields["permission_overwrites"] or ())
    if "available_tags" in fields:
        fields["available_tags"] = _tags(call, fields["available_tags"] or ())
    new = call.world.channels.change(row["id"], **fields)
    call.world.publish("CHANNEL_UPDATE", new, Audience(row["guild_id"], row["id"]))
    return new


def _change_thread(call: Call, row: Json) -> Json:
    rights = call.world.rights(call.me, row["id"])
    own = row["owner_id"] == call.me and not call.body.get("locked")
    if not own and Permission.MANAGE_THREADS not in rights:
        raise missing_permissions()
    about = dict(row["thread_metadata"])
    if about["archived"] and call.body.get("archived") is not False:
        raise ApiError(400, 50083, "Thread is archived")
    for key in ("archived", "locked", "invitable", "auto_archive_duration"):
        if call.body.get(key) is not None:
            about[key] = call.body[key]
    if "archived" in call.body:
        about["archive_timestamp"] = call.world.now()
    known = ("name", "rate_limit_per_user", "applied_tags", "flags")
    fields = {key: call.body[key] for key in known if key in call.body}
    if "applied_tags" in fields:
        fields["applied_tags"] = [str(each) for each in fields["applied_tags"] or ()]
    new = call.world.channels.change(row["id"], **fields, thread_metadata=about)
    threads.announce_change(call.world, new)
    return new


@routes.add("DELETE", "/channels/{channel_id}")
def delete(call: Call) -> Any:
    """Delete a channel or thread with all that is in it."""
    row = call.channel()
    thread = row["type"] in objects.THREADS
    _need(call, row, Permission.MANAGE_THREADS if thread else Permission.MANAGE_CHANNELS)
    if thread:
        known = ("id", "guild_id", "parent_id", "type")
        data = {key: row[key] for key in known}
        call.world.publish("THREAD_DELETE", data, Audience(row["guild_id"], row["id"]))
    else:
        call.world.publish("CHANNEL_DELETE", row, Audience(row["guild_id"], row["id"]))
        for each in call.world.channels.rows(row["guild_id"]):
            if each["type"] in objects.THREADS and each["parent_id"] == row["id"]:
                _forget(call, each)
    _forget(call, row)
    return row


def _forget(call: Call, row: Json) -> None:
    for message in call.world.messages.rows(row["id"]):
        call.world.messages.drop(message["id"])
    for webhook in call.world.webhooks.rows(row["id"]):
        call.world.webhooks.drop(webhook["id"])
    for each in call.world.thread_members.rows(row["id"]):
        call.world.thread_members.drop(f"{row['id']}/{each['user_id']}")
    call.world.channels.drop(row["id"])


@routes.add("GET", "/guilds/{guild_id}/channels")
def of_guild(call: Call) -> Any:
    """Return the channels of a guild, without threads."""
    rows = call.world.channels.rows(call.guild()["id"])
    return [row for row in rows if row["type"] not in objects.THREADS]


@routes.add("POST", "/guilds/{guild_id}/channels", _GUILD_FIELDS)
def create(call: Call) -> Any:
    """Make a text channel, a category or a forum."""
    guild = call.guild(Permission.MANAGE_CHANNELS)
    form = Form()
    form.sized("name", call.body.get("name"), 1, 100)
    kind = call.body.get("type") or objects.TEXT
    if kind not in _KINDS:
        form.wrong("type", "BASE_TYPE_CHOICES", f"This stand-in has channels of types {_KINDS}.")
    form.settle()
    fields = {k: v for k, v in call.body.items() if v is not None and k not in ("name", "type")}
    fields["permission_overwrites"] = _overwrites(fields.get("permission_overwrites", ()))
    if "parent_id" in fields:
        fields["parent_id"] = str(fields["parent_id"])
    if "available_tags" in fields:
        fields["available_tags"] = _tags(call, fields["available_tags"])
    if kind == objects.TEXT:
        name = call.body["name"].lower().replace(" ", "-")
    else:
        name = call.body["name"]
    return Answer(201, call.world.add_channel(name, kind, guild_id=guild["id"], **fields))


@routes.add("PUT", "/channels/{channel_id}/permissions/{overwrite_id}", "id type allow deny")
def put_overwrite(call: Call) -> Any:
    """Say what a role or a member may do in a channel."""
    row = call.channel()
    _need(call, row, Permission.MANAGE_ROLES)
    new = _overwrites([{**call.body, "id": call.params["overwrite_id"]}])
    _set_overwrites(call, row, [*_others(call, row), *new])


@routes.add("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}")
def delete_overwrite(call: Call) -> Any:
    """Forget what a role or a member may do in a channel."""
    row = call.channel()
    _need(call, row, Permission.MANAGE_ROLES)
    others = _others(call, row)
    if len(others) == len(row["permission_overwrites"]):
        raise unknown("Overwrite")
    _set_overwrites(call, row, others)


def _others(call: Call, row: Json) -> list[Json]:
    own = call.params["overwrite_id"]
    return [each for each in row["permission_overwrites"] if each["id"] != own]


def _set_overwrites(call: Call, row: Json, overwrites: list[Json]) -> None:
    new = call.world.channels.change(row["id"], permission_overwrites=overwrites)
    call.world.publish("CHANNEL_UPDATE", new, Audience(row["guild_id"], row["id"]))


def _overwrites(rows: Any) -> list[Json]:
    return [
        {
            "id": str(each["id"]),
            "type": int(each.get("type") or 0),
            "allow": str(each.get("allow") or 0),
            "deny": str(each.get("deny") or 0),
        }
        for each in rows
    ]


def _tags(call: Call, rows: Any) -> list[Json]:
    return [
        {
            "id": str(each.get("id") or call.world.snowflakes.next()),
            "name": each["name"],
            "moderated": bool(each.get("moderated")),
            "emoji_id": each.get("emoji_id"),
            "emoji_name": each.get("emoji_name"),
        }
        for each in rows
    ]


def _need(call: Call, channel: Json, right: Permission) -> None:
    if right not in call.world.rights(call.me, channel["id"]):
        raise missing_permissions()
