"""Messages of a channel: history, sending, editing, deleting, pins, typing."""

from typing import Any

from sandbox.discord import messages as post_office
from sandbox.discord import objects
from sandbox.discord.errors import ApiError, Form, missing_permissions
from sandbox.discord.limits import check_message
from sandbox.discord.messages import Draft, Json
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import Call, Routes
from sandbox.discord.snowflake import moment
from sandbox.discord.world import Audience

routes = Routes()

CREATE = (
    "content embeds allowed_mentions components flags attachments message_reference nonce"
    " enforce_nonce tts sticker_ids"
)
EDIT = "content embeds flags allowed_mentions components attachments tts"
MOST_PINS = 250


def may_write(call: Call) -> Json:
    """Return the channel of the path if the bot may post this body there."""
    channel = call.channel()
    rights = call.world.rights(call.me, channel["id"])
    if channel["type"] in (objects.FORUM, objects.CATEGORY):
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    in_thread = channel["type"] in objects.THREADS
    needed = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
    if call.uploads:
        needed |= Permission.ATTACH_FILES
    if needed not in rights:
        raise missing_permissions()
    if in_thread:
        _wake(call, channel)
    return call.world.channels[channel["id"]]


def _wake(call: Call, thread: Json) -> None:
    about = thread["thread_metadata"]
    if not about["archived"]:
        return
    if about["locked"]:
        raise ApiError(400, 50083, "Thread is archived")
    row = call.world.channels.change(thread["id"], thread_metadata={**about, "archived": False})
    call.world.publish("THREAD_UPDATE", row, Audience(row["guild_id"], row["id"]))


def without_unseen_embeds(call: Call, channel: Json) -> Json:
    """Return the body; embeds vanish silently without EMBED_LINKS, as they do at Discord."""
    if Permission.EMBED_LINKS in call.world.rights(call.me, channel["id"]):
        return dict(call.body)
    body = {key: value for key, value in call.body.items() if key != "embeds"}
    check_message(body, call.uploads)
    return body


@routes.add("POST", "/channels/{channel_id}/messages", CREATE)
def create(call: Call) -> Any:
    """Send a message as the bot."""
    channel = may_write(call)
    check_message(call.body, call.uploads)
    body = without_unseen_embeds(call, channel)
    if reference := body.get("message_reference"):
        _check_reference(call, channel, reference)
    assert call.bot is not None
    row = post_office.post(call.world, Draft(channel, call.bot, body, call.uploads))
    view = post_office.shown(call.world, row, call.me)
    return {**view, "nonce": row["nonce"]} if "nonce" in row else view


def _check_reference(call: Call, channel: Json, reference: Json) -> None:
    row = call.world.messages.get(str(reference.get("message_id")))
    gone = row is None or row["channel_id"] != channel["id"]
    if gone and reference.get("fail_if_not_exists", True):
        form = Form()
        form.wrong("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        form.settle()
    if gone:
        call.body.pop("message_reference")


@routes.add("GET", "/channels/{channel_id}/messages")
def history(call: Call) -> Any:
    """Return messages of a channel, newest first."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    rows = call.world.messages.rows(channel["id"])
    limit = call.number("limit", 50, 100)
    if "before" in call.query:
        rows = [row for row in rows if int(row["id"]) < int(call.query["before"])][-limit:]
    elif "after" in call.query:
        rows = [row for row in rows if int(row["id"]) > int(call.query["after"])][:limit]
    elif "around" in call.query:
        middle = int(call.query["around"])
        before = [row for row in rows if int(row["id"]) < middle][-(limit // 2) :]
        rows = before + [row for row in rows if int(row["id"]) >= middle][: limit - len(before)]
    else:
        rows = rows[-limit:]
    return [post_office.shown(call.world, row, call.me) for row in reversed(rows)]


@routes.add("GET", "/channels/{channel_id}/messages/{message_id}")
def one(call: Call) -> Any:
    """Return one message."""
    call.channel(Permission.READ_MESSAGE_HISTORY)
    return post_office.shown(call.world, call.message(), call.me)


@routes.add("PATCH", "/channels/{channel_id}/messages/{message_id}", EDIT)
def edit(call: Call) -> Any:
    """Edit a message of the bot's own."""
    channel, row = call.channel(), call.message()
    own = row["author"]["id"] == call.me
    may_hush = Permission.MANAGE_MESSAGES in call.world.rights(call.me, channel["id"])
    if not own and (call.body.keys() - {"flags"} or not may_hush):
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    check_message(call.body, call.uploads, before=row)
    new = post_office.edit(call.world, row, call.body, call.uploads)
    return post_office.shown(call.world, new, call.me)


@routes.add("DELETE", "/channels/{channel_id}/messages/{message_id}")
def delete(call: Call) -> Any:
    """Delete a message: one's own, or anyone's with MANAGE_MESSAGES."""
    channel, row = call.channel(), call.message()
    if row["author"]["id"] != call.me:
        _need(call, channel, Permission.MANAGE_MESSAGES)
    post_office.delete(call.world, row)


@routes.add("POST", "/channels/{channel_id}/messages/bulk-delete", "messages")
def bulk_delete(call: Call) -> Any:
    """Delete 2 to 100 messages that are younger than two weeks."""
    channel = call.channel(Permission.MANAGE_MESSAGES)
    ids = [str(each) for each in call.body.get("messages") or ()]
    if not 2 <= len(ids) <= 100:
        form = Form()
        form.wrong("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
        form.settle()
    if any((call.world.clock() - moment(each)).days >= 14 for each in ids):
        raise ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    rows = [call.world.messages.get(each) for each in ids]
    gone = [row for row in rows if row and row["channel_id"] == channel["id"]]
    for row in gone:
        post_office.forget(call.world, row)
    data = {"ids": [row["id"] for row in gone], "channel_id": channel["id"]}
    data["guild_id"] = channel["guild_id"]
    call.world.publish("MESSAGE_DELETE_BULK", data, Audience(channel["guild_id"], channel["id"]))


@routes.add("POST", "/channels/{channel_id}/typing")
def typing(call: Call) -> Any:
    """Show that the bot is typing."""
    channel = call.channel(Permission.SEND_MESSAGES)
    data = {
        "channel_id": channel["id"],
        "user_id": call.me,
        "timestamp": int(call.world.clock().timestamp()),
    }
    if "guild_id" in channel:
        member = call.world.member(channel["guild_id"], call.me)
        data |= {
            "guild_id": channel["guild_id"],
            "member": {key: value for key, value in member.items() if key != "guild_id"},
        }
    call.world.publish("TYPING_START", data, Audience(channel.get("guild_id"), channel["id"]))


@routes.add("GET", "/channels/{channel_id}/messages/pins")
def pins(call: Call) -> Any:
    """Return the pinned messages, newest pin first."""
    rows = _pinned(call, call.channel(Permission.READ_MESSAGE_HISTORY))
    items = [
        {"pinned_at": row["timestamp"], "message": post_office.shown(call.world, row, call.me)}
        for row in rows
    ]
    return {"items": items, "has_more": False}


@routes.add("GET", "/channels/{channel_id}/pins")
def old_pins(call: Call) -> Any:
    """Return the pinned messages in the older form."""
    rows = _pinned(call, call.channel(Permission.READ_MESSAGE_HISTORY))
    return [post_office.shown(call.world, row, call.me) for row in rows]


@routes.add("PUT", "/channels/{channel_id}/messages/pins/{message_id}")
@routes.add("PUT", "/channels/{channel_id}/pins/{message_id}")
def pin(call: Call) -> Any:
    """Pin a message."""
    channel, row = _to_pin(call)
    if len(_pinned(call, channel)) >= MOST_PINS:
        raise ApiError(400, 30003, "Maximum number of pins for the channel reached (250)")
    if not row["pinned"]:
        _set_pin(call, channel, row, pinned=True)


@routes.add("DELETE", "/channels/{channel_id}/messages/pins/{message_id}")
@routes.add("DELETE", "/channels/{channel_id}/pins/{message_id}")
def unpin(call: Call) -> Any:
    """Unpin a message."""
    channel, row = _to_pin(call)
    if row["pinned"]:
        _set_pin(call, channel, row, pinned=False)


def _pinned(call: Call, channel: Json) -> list[Json]:
    return [row for row in reversed(call.world.messages.rows(channel["id"])) if row["pinned"]]


def _to_pin(call: Call) -> tuple[Json, Json]:
    channel = call.channel()
    rights = call.world.rights(call.me, channel["id"])
    if not rights & (Permission.PIN_MESSAGES | Permission.MANAGE_MESSAGES):
        raise missing_permissions()
    return channel, call.message()


def _set_pin(call: Call, channel: Json, row: Json, *, pinned: bool) -> None:
    post_office.save(call.world, {**row, "pinned": pinned})
    data: Json = {"channel_id": channel["id"]}
    if "guild_id" in channel:
        data["guild_id"] = channel["guild_id"]
    if pinned:
        data["last_pin_timestamp"] = call.world.now()
    audience = Audience(channel.get("guild_id"), channel["id"])
    call.world.publish("CHANNEL_PINS_UPDATE", data, audience)


def _need(call: Call, channel: Json, right: Permission) -> None:
    if right not in call.world.rights(call.me, channel["id"]):
        raise missing_permissions()
