"""Messages: made from a request body, stored, shown, edited, deleted; each change is published."""

import mimetypes
import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord import objects
from sandbox.discord.components import normal_components
from sandbox.discord.embeds import normal_embeds
from sandbox.discord.errors import unknown
from sandbox.discord.permissions import Permission
from sandbox.discord.snowflake import moment
from sandbox.discord.world import Audience, World, only

Json = dict[str, Any]

_NONCE_MEMORY_S = 300
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body; `index` is n of `files[n]`."""

    index: int
    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """What is needed to make a message: who says it where, the request body and its files."""

    channel: Json
    author: Json
    body: Json
    uploads: tuple[Upload, ...] = ()
    extra: Json = field(default_factory=dict)  # webhook_id, application_id, interaction…
    viewer: str | None = None  # for an ephemeral message: the only user who sees it


def compose(world: World, draft: Draft) -> Json:
    """Return a new message row (not stored yet) from a draft whose body is within the limits."""
    body = draft.body
    message_id = world.snowflakes.next()
    attachments = _attach(world, draft.channel["id"], body, draft.uploads, kept=[])
    if draft.viewer:
        attachments = [{**each, "ephemeral": True} for each in attachments]
    row: Json = {
        "id": message_id,
        "channel_id": draft.channel["id"],
        "type": 19 if body.get("message_reference") else 0,
        "author": draft.author,
        "timestamp": world.now(),
        "edited_timestamp": None,
        "tts": bool(body.get("tts")),
        "pinned": False,
        "flags": int(body.get("flags") or 0) | (objects.EPHEMERAL if draft.viewer else 0),
        **_content(world, draft.channel, draft.author["id"], body),
        "attachments": attachments,
        "embeds": normal_embeds(body.get("embeds") or [], attachments),
        "components": normal_components(body.get("components") or [], attachments),
        **draft.extra,
    }
    if body.get("nonce") is not None:
        row["nonce"] = body["nonce"]
    if reference := body.get("message_reference"):
        row["message_reference"] = {
            "type": 0,
            "channel_id": str(reference.get("channel_id", draft.channel["id"])),
            "message_id": str(reference["message_id"]),
            "guild_id": draft.channel.get("guild_id"),
        }
    return row


def post(world: World, draft: Draft) -> Json:
    """Make, store and publish a message; an enforced nonce finds the message of the first try."""
    body = draft.body
    key = (draft.author["id"], str(body.get("nonce")))
    if body.get("enforce_nonce") and body.get("nonce") is not None:
        earlier = world.messages.get(world.nonces.get(key, ""))
        if earlier and (world.clock() - moment(earlier["id"])).total_seconds() < _NONCE_MEMORY_S:
            return earlier
    row = compose(world, draft)
    if body.get("nonce") is not None:
        world.nonces[key] = row["id"]
    return store(world, row, draft.viewer)


def store(world: World, row: Json, viewer: str | None = None) -> Json:
    """Store a new row and publish MESSAGE_CREATE; for an ephemeral one, to its viewer only."""
    if viewer:
        world.whispers[row["id"]] = (viewer, row)
    else:
        world.messages.put(row["id"], row)
        _count(world, row)
    world.publish("MESSAGE_CREATE", as_event(world, row), _audience(world, row))
    return row


def edit(world: World, row: Json, body: Json, uploads: tuple[Upload, ...] = ()) -> Json:
    """Replace what the body names, store and publish MESSAGE_UPDATE; return the new row."""
    channel = world.channels[row["channel_id"]]
    new = {**row, "edited_timestamp": world.now()}
    new["flags"] &= ~objects.LOADING
    if "content" in body:
        new |= _content(world, channel, row["author"]["id"], body)
    if "attachments" in body or uploads:
        wanted = body.get("attachments")
        kept = row["attachments"]
        if wanted is not None:
            ids = {str(each["id"]) for each in wanted}
            kept = [each for each in kept if each["id"] in ids]
        new["attachments"] = _attach(world, channel["id"], body, uploads, kept)
    if "embeds" in body:
        new["embeds"] = normal_embeds(body["embeds"] or [], new["attachments"])
    if "components" in body:
        new["components"] = normal_components(body["components"] or [], new["attachments"])
    if body.get("flags") is not None:
        keep = row["flags"] & (objects.EPHEMERAL | objects.V2 | objects.HAS_THREAD)
        new["flags"] = int(body["flags"]) | keep
    return save(world, new)


def save(world: World, row: Json) -> Json:
    """Store a changed row and publish MESSAGE_UPDATE."""
    if row["id"] in world.whispers:
        world.whispers[row["id"]] = (world.whispers[row["id"]][0], row)
    else:
        world.messages.put(row["id"], row)
    world.publish("MESSAGE_UPDATE", as_event(world, row), _audience(world, row))
    return row


def delete(world: World, row: Json) -> None:
    """Remove a message and publish MESSAGE_DELETE."""
    audience = _audience(world, row)
    forget(world, row)
    channel = world.channels[row["channel_id"]]
    data = {"id": row["id"], "channel_id": row["channel_id"], **_guild_of(channel)}
    world.publish("MESSAGE_DELETE", data, audience)


def forget(world: World, row: Json) -> None:
    """Remove a message with its files and reactions, without telling anyone."""
    for each in row["attachments"]:
        world.files.drop(each["id"])
    world.reactors.drop(row["id"])
    world.messages.drop(row["id"])
    world.whispers.pop(row["id"], None)


def find(world: World, message_id: str) -> Json:
    """Return a message, ephemeral or not; ApiError 10008 if there is none."""
    if message_id in world.whispers:
        return world.whispers[message_id][1]
    row = world.messages.get(message_id)
    if row is None:
        raise unknown("Message")
    return row


def shown(world: World, row: Json, viewer: str | None = None) -> Json:
    """Return a message as REST gives it: with reactions, its thread, what it replies to."""
    view = {key: value for key, value in row.items() if key != "nonce"}
    if reactors := world.reactors.get(row["id"]):
        view["reactions"] = [_reaction(emoji, users, viewer) for emoji, users in reactors.items()]
    if (thread := world.channels.get(row["id"])) is not None:
        view["thread"] = thread
    if reference := row.get("message_reference"):
        target = world.messages.get(reference.get("message_id", ""))
        view["referenced_message"] = (
            None if target is None else {k: v for k, v in target.items() if k != "nonce"}
        )
    return view


def as_event(world: World, row: Json) -> Json:
    """Return a message as the gateway gives it: REST's form, the guild and the author's member."""
    channel = world.channels[row["channel_id"]]
    data = shown(world, row) | _guild_of(channel)
    if "nonce" in row:
        data["nonce"] = row["nonce"]
    guild_id = channel.get("guild_id")
    if guild_id and "webhook_id" not in row:
        data["member"] = bare_member(world, guild_id, row["author"]["id"])
    data["mentions"] = [
        {**each, "member": bare_member(world, guild_id, each["id"])} if guild_id else each
        for each in row["mentions"]
    ]
    return data


def bare_member(world: World, guild_id: str, user_id: str) -> Json:
    """Return a member without its user, as events hold it; an empty one for who has left."""
    row = world.members.get(f"{guild_id}/{user_id}") or objects.member({}, [], world.clock())
    return {key: value for key, value in row.items() if key not in ("user", "guild_id")}


def _guild_of(channel: Json) -> Json:
    return {"guild_id": channel["guild_id"]} if "guild_id" in channel else {}


def _audience(world: World, row: Json) -> Audience:
    if row["id"] in world.whispers:
        return only(world.whispers[row["id"]][0])
    return Audience(world.channels[row["channel_id"]].get("guild_id"), row["channel_id"])


def _count(world: World, row: Json) -> None:
    channel = world.channels[row["channel_id"]]
    fields: Json = {"last_message_id": row["id"]}
    if channel["type"] in objects.THREADS and row["id"] != channel["id"]:
        fields["message_count"] = channel["message_count"] + 1
        fields["total_message_sent"] = channel["total_message_sent"] + 1
    world.channels.change(channel["id"], **fields)


def _content(world: World, channel: Json, author_id: str, body: Json) -> Json:
    text = body.get("content") or ""
    allowed = body.get("allowed_mentions")
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or ())
    named = allowed or {}
    users = [
        world.users[each]
        for each in dict.fromkeys(_USER.findall(text))
        if each in world.users and ("users" in parse or each in map(str, named.get("users") or ()))
    ]
    roles = [
        each
        for each in dict.fromkeys(_ROLE.findall(text))
        if "roles" in parse or each in map(str, named.get("roles") or ())
    ]
    may = Permission.MENTION_EVERYONE in world.rights(author_id, channel["id"])
    everyone = may and "everyone" in parse and ("@everyone" in text or "@here" in text)
    return {
        "content": text,
        "mentions": users,
        "mention_roles": roles,
        "mention_everyone": bool(everyone),
    }


def _attach(
    world: World, channel_id: str, body: Json, uploads: tuple[Upload, ...], kept: list[Json]
) -> list[Json]:
    about = {str(each.get("id")): each for each in body.get("attachments") or ()}
    return kept + [
        keep_file(world, channel_id, upload, about.get(str(upload.index), {})) for upload in uploads
    ]


def keep_file(world: World, channel_id: str, upload: Upload, about: Json) -> Json:
    """Store an uploaded file and return its attachment object; `about` is the request's own."""
    file_id = world.snowflakes.next()
    name = about.get("filename") or upload.filename
    kind = mimetypes.guess_type(name)[0] or upload.content_type
    if kind.startswith("text/") or kind == "application/json":
        kind += "; charset=utf-8"
    world.files.put(file_id, {"filename": name, "content_type": kind, "data": upload.data})
    url = f"{world.base_url}/cdn/attachments/{channel_id}/{file_id}/{name}"
    row = {
        "id": file_id,
        "filename": name,
        "size": len(upload.data),
        "url": url,
        "proxy_url": url,
        "content_type": kind,
    }
    return {**row, "description": about["description"]} if about.get("description") else row


def _reaction(emoji: str, users: list[str], viewer: str | None) -> Json:
    return {
        "emoji": partial_emoji(emoji),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me_burst": False,
        "me": viewer in users,
    }


def partial_emoji(emoji: str) -> Json:
    """Return the emoji object of `🔥` or of `name:id`."""
    name, _, emoji_id = emoji.partition(":")
    return {"id": emoji_id or None, "name": name}
