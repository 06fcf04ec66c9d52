"""Threads from messages, threads without, forum posts, and their members."""

from typing import Any

from sandbox.discord import messages as post_office
from sandbox.discord import objects
from sandbox.discord import threads as kept
from sandbox.discord.errors import ApiError, Form, missing_permissions, unknown
from sandbox.discord.limits import check_message
from sandbox.discord.messages import Draft, Json
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import Answer, Call, Routes

routes = Routes()

_MEMBERS = "/channels/{channel_id}/thread-members"
_DURATIONS = (60, 1440, 4320, 10080)
_FIELDS = "name auto_archive_duration rate_limit_per_user type invitable message applied_tags"


def check_thread(body: Json) -> None:
    """Raise ApiError 50035 for a wrong name or archive duration."""
    form = Form()
    form.sized("name", body.get("name"), 1, 100)
    if body.get("auto_archive_duration") not in (None, *_DURATIONS):
        form.wrong(
            "auto_archive_duration", "BASE_TYPE_CHOICES", f"Value must be one of {_DURATIONS}."
        )
    form.settle()


@routes.add(
    "POST",
    "/channels/{channel_id}/messages/{message_id}/threads",
    "name auto_archive_duration rate_limit_per_user type",
)
def from_message(call: Call) -> Any:
    """Start a thread at a message; the thread has the message's id."""
    channel, message = call.channel(Permission.CREATE_PUBLIC_THREADS), call.message()
    check_thread(call.body)
    if channel["type"] in objects.THREADS:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    if message["id"] in call.world.channels:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    row = kept.open_thread(
        call.world,
        channel,
        call.body["name"],
        call.me,
        body=call.body,
        thread_id=message["id"],
    )
    flagged = {**message, "flags": message["flags"] | objects.HAS_THREAD}
    post_office.save(call.world, flagged)
    return Answer(201, {**row, "member": kept.member(call.world, row["id"], call.me)})


@routes.add("POST", "/channels/{channel_id}/threads", _FIELDS)
def without_message(call: Call) -> Any:
    """Start a thread of its own, or a post in a forum."""
    channel = call.channel()
    check_thread(call.body)
    if channel["type"] == objects.FORUM:
        return Answer(201, _forum_post(call, channel))
    if channel["type"] != objects.TEXT:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    kind = call.body.get("type") or objects.PRIVATE_THREAD
    private = kind == objects.PRIVATE_THREAD
    _need(
        call,
        channel,
        Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS,
    )
    row = kept.open_thread(
        call.world, channel, call.body["name"], call.me, body=call.body, kind=kind
    )
    return Answer(201, {**row, "member": kept.member(call.world, row["id"], call.me)})


def _forum_post(call: Call, forum: Json) -> Json:
    _need(call, forum, Permission.SEND_MESSAGES)
    message = call.body.get("message") or {}
    check_message(message, call.uploads)
    tags = {each["id"] for each in forum["available_tags"]}
    form = Form()
    for number, tag in enumerate(call.body.get("applied_tags") or ()):
        if str(tag) not in tags:
            form.wrong(f"applied_tags.{number}", "FORUM_TAG_UNKNOWN", "Unknown tag")
    form.settle()
    thread = kept.open_thread(call.world, forum, call.body["name"], call.me, body=call.body)
    assert call.bot is not None
    first = post_office.compose(call.world, Draft(thread, call.bot, message, call.uploads))
    row = post_office.store(call.world, {**first, "id": thread["id"]})
    thread = call.world.channels[thread["id"]]
    return {
        **thread,
        "member": kept.member(call.world, thread["id"], call.me),
        "message": post_office.shown(call.world, row, call.me),
    }


@routes.add("PUT", _MEMBERS + "/@me")
def join(call: Call) -> Any:
    """Join a thread."""
    kept.join(call.world, _thread(call), call.me)


@routes.add("DELETE", _MEMBERS + "/@me")
def leave(call: Call) -> Any:
    """Leave a thread."""
    kept.leave(call.world, _thread(call), call.me)


@routes.add("PUT", _MEMBERS + "/{user_id}")
def add_member(call: Call) -> Any:
    """Take somebody into a thread."""
    thread = _thread(call)
    call.world.member(thread["guild_id"], call.params["user_id"])
    kept.join(call.world, thread, call.params["user_id"])


@routes.add("DELETE", _MEMBERS + "/{user_id}")
def remove_member(call: Call) -> Any:
    """Take somebody out of a thread."""
    thread = _thread(call)
    _need(call, thread, Permission.MANAGE_THREADS)
    kept.leave(call.world, thread, call.params["user_id"])


@routes.add("GET", _MEMBERS + "/{user_id}")
def one_member(call: Call) -> Any:
    """Return a member of a thread."""
    thread = _thread(call)
    key = f"{thread['id']}/{call.params['user_id']}"
    if key not in call.world.thread_members:
        raise unknown("Member")
    return call.world.thread_members[key]


@routes.add("GET", _MEMBERS)
def members(call: Call) -> Any:
    """Return the members of a thread."""
    return call.world.thread_members.rows(_thread(call)["id"])


@routes.add("GET", "/guilds/{guild_id}/threads/active")
def active(call: Call) -> Any:
    """Return the threads of a guild that are not archived."""
    guild = call.guild()
    rows = [
        row
        for row in call.world.channels.rows(guild["id"])
        if row["type"] in objects.THREADS
        and not row["thread_metadata"]["archived"]
        and Permission.VIEW_CHANNEL in call.world.rights(call.me, row["id"])
    ]
    return _listed(call, rows)


@routes.add("GET", "/channels/{channel_id}/threads/archived/public")
def archived(call: Call) -> Any:
    """Return the archived public threads of a channel, newest first."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    rows = [
        row
        for row in call.world.channels.rows(channel["guild_id"])
        if row.get("parent_id") == channel["id"]
        and row["type"] == objects.PUBLIC_THREAD
        and row["thread_metadata"]["archived"]
    ]
    rows.sort(key=lambda row: row["thread_metadata"]["archive_timestamp"], reverse=True)
    if before := call.query.get("before"):
        rows = [row for row in rows if row["thread_metadata"]["archive_timestamp"] < before]
    return _listed(call, rows, limit=call.number("limit", 50, 100))


def _listed(call: Call, rows: list[Json], limit: int | None = None) -> Json:
    keys = [f"{row['id']}/{call.me}" for row in rows[:limit]]
    members = [row for key in keys if (row := call.world.thread_members.get(key))]
    more = limit is not None and len(rows) > limit
    return {"threads": rows[:limit], "members": members, "has_more": more}


def _thread(call: Call) -> Json:
    row = call.channel()
    if row["type"] not in objects.THREADS:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return row


def _need(call: Call, channel: Json, right: Permission) -> None:
    if right not in call.world.rights(call.me, channel["id"]):
        raise missing_permissions()
