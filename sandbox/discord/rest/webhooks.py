"""Webhooks with names of their own, and the followups of interactions (the same routes)."""

import secrets
from typing import Any

from sandbox.discord import messages as post_office
from sandbox.discord import objects
from sandbox.discord.errors import ApiError, Form, missing_permissions, unknown
from sandbox.discord.interactions import Interaction
from sandbox.discord.limits import check_message
from sandbox.discord.messages import Draft, Json
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import Call, Routes
from sandbox.discord.rest.interactions import require_answered
from sandbox.discord.threads import open_thread
from sandbox.discord.world import Audience

routes = Routes()

_TOKEN = "/webhooks/{webhook_id}/{webhook_token}"
_FIRST = _TOKEN + "/messages/@original"
_ONE = _TOKEN + "/messages/{message_id}"
EXECUTE = (
    "content embeds allowed_mentions components attachments tts flags username avatar_url"
    " thread_name applied_tags enforce_nonce"
)
# discord.js says `enforce_nonce: false` and discord.py `tts: false` everywhere.
EDIT = "content embeds allowed_mentions components attachments flags tts enforce_nonce"
_MOST_IN_CHANNEL = 15


@routes.add("POST", "/channels/{channel_id}/webhooks", "name avatar")
def create(call: Call) -> Any:
    """Make a webhook in a channel."""
    channel = call.channel(Permission.MANAGE_WEBHOOKS)
    form = Form()
    _check_name(form, "name", call.body.get("name"))
    form.settle()
    if len(call.world.webhooks.rows(channel["id"])) >= _MOST_IN_CHANNEL:
        raise ApiError(400, 30007, "Maximum number of webhooks reached (15)")
    row = {
        "id": call.world.snowflakes.next(),
        "type": 1,
        "name": call.body["name"],
        "avatar": None,
        "application_id": call.me,
        "channel_id": channel["id"],
        "guild_id": channel["guild_id"],
        "token": secrets.token_urlsafe(51),
        "user": call.bot,
    }
    call.world.webhooks.put(row["id"], row)
    _tell(call, row)
    return row


@routes.add("GET", "/channels/{channel_id}/webhooks")
def of_channel(call: Call) -> Any:
    """Return the webhooks of a channel."""
    return call.world.webhooks.rows(call.channel(Permission.MANAGE_WEBHOOKS)["id"])


@routes.add("GET", "/guilds/{guild_id}/webhooks")
def of_guild(call: Call) -> Any:
    """Return the webhooks of a guild."""
    guild = call.guild(Permission.MANAGE_WEBHOOKS)
    return [row for row in call.world.webhooks.rows() if row["guild_id"] == guild["id"]]


@routes.add("GET", "/webhooks/{webhook_id}")
def one(call: Call) -> Any:
    """Return a webhook."""
    return _managed(call)


@routes.add("PATCH", "/webhooks/{webhook_id}", "name avatar channel_id")
def change(call: Call) -> Any:
    """Rename a webhook or move it to another channel."""
    row = _managed(call)
    fields = {key: value for key, value in call.body.items() if key != "avatar"}
    form = Form()
    if "name" in fields:
        _check_name(form, "name", fields["name"])
    form.settle()
    call.world.webhooks.drop(row["id"])
    new = call.world.webhooks.put(row["id"], {**row, **fields})
    _tell(call, new)
    return new


@routes.add("DELETE", "/webhooks/{webhook_id}")
def delete(call: Call) -> Any:
    """Remove a webhook."""
    row = _managed(call)
    call.world.webhooks.drop(row["id"])
    _tell(call, row)


@routes.add("GET", _TOKEN, open=True)
def one_by_token(call: Call) -> Any:
    """Return a webhook to whoever knows its token."""
    return {key: value for key, value in _webhook(call).items() if key != "user"}


@routes.add("DELETE", _TOKEN, open=True)
def delete_by_token(call: Call) -> Any:
    """Remove a webhook by its token."""
    row = _webhook(call)
    call.world.webhooks.drop(row["id"])
    _tell(call, row)


@routes.add("POST", _TOKEN, EXECUTE, open=True)
def execute(call: Call) -> Any:
    """Post as a webhook, or follow up an interaction."""
    if call.params["webhook_id"] in call.world.applications:
        return _follow_up(call)
    webhook = _webhook(call)
    check_message(call.body, call.uploads)
    channel = _place(call, webhook)
    form = Form()
    if call.body.get("username") is not None:
        _check_name(form, "username", call.body["username"])
    form.settle()
    body = {key: value for key, value in call.body.items() if key != "thread_name"}
    draft = Draft(channel, _persona(call, webhook), body, call.uploads, _credit(webhook))
    if channel["type"] == objects.FORUM:
        row = _forum_post(call, channel, draft)
    else:
        row = post_office.post(call.world, draft)
    return post_office.shown(call.world, row) if call.flag("wait") else None


@routes.add("GET", _FIRST, open=True)
def original(call: Call) -> Any:
    """Return the first answer to an interaction."""
    return post_office.shown(call.world, call.interactions.original(_interaction(call)))


@routes.add("PATCH", _FIRST, EDIT, open=True)
def edit_original(call: Call) -> Any:
    """Edit the first answer to an interaction; this ends "is thinking"."""
    interaction = _interaction(call)
    return _edit(call, interaction, call.interactions.original(interaction))


@routes.add("DELETE", _FIRST, open=True)
def delete_original(call: Call) -> Any:
    """Delete the first answer to an interaction."""
    interaction = _interaction(call)
    row = call.interactions.original(interaction)
    post_office.delete(call.world, row)
    call.interactions.note_delete(interaction, row["id"])


@routes.add("GET", _ONE, open=True)
def message(call: Call) -> Any:
    """Return a message that was posted with this token."""
    return post_office.shown(call.world, _said(call))


@routes.add("PATCH", _ONE, EDIT, open=True)
def edit_message(call: Call) -> Any:
    """Edit a message that was posted with this token."""
    row = _said(call)
    if call.params["webhook_id"] in call.world.applications:
        return _edit(call, _interaction(call), row)
    check_message(call.body, call.uploads, before=row)
    return post_office.shown(call.world, post_office.edit(call.world, row, call.body, call.uploads))


@routes.add("DELETE", _ONE, open=True)
def delete_message(call: Call) -> Any:
    """Delete a message that was posted with this token."""
    row = _said(call)
    post_office.delete(call.world, row)
    if call.params["webhook_id"] in call.world.applications:
        call.interactions.note_delete(_interaction(call), row["id"])


def _interaction(call: Call) -> Interaction:
    found = call.interactions.find(call.params["webhook_token"], call.params["webhook_id"])
    require_answered(found)
    return found


def _follow_up(call: Call) -> Any:
    interaction = _interaction(call)
    check_message(call.body, call.uploads)
    first = call.interactions.awaiting(interaction)
    if first is not None:  # the first followup takes the place of "is thinking"
        row = post_office.edit(call.world, first, call.body, call.uploads)
        call.interactions.note_edit(interaction, row)
    else:
        row = call.interactions.say(interaction, call.body, call.uploads, first=False)
    return post_office.shown(call.world, row)


def _edit(call: Call, interaction: Interaction, row: Json) -> Json:
    check_message(call.body, call.uploads, before=row)
    new = post_office.edit(call.world, row, call.body, call.uploads)
    call.interactions.note_edit(interaction, new)
    return post_office.shown(call.world, new)


def _webhook(call: Call) -> Json:
    row = call.world.webhooks.get(call.params["webhook_id"])
    if row is None:
        raise unknown("Webhook")
    if not secrets.compare_digest(row["token"].encode(), call.params["webhook_token"].encode()):
        raise ApiError(401, 50027, "Invalid Webhook Token")
    return row


def _managed(call: Call) -> Json:
    row = call.world.webhooks.get(call.params["webhook_id"])
    if row is None:
        raise unknown("Webhook")
    if Permission.MANAGE_WEBHOOKS not in call.world.rights(call.me, row["channel_id"]):
        raise missing_permissions()
    return row


def _said(call: Call) -> Json:
    row = post_office.find(call.world, call.params["message_id"])
    if call.params["webhook_id"] in call.world.applications:
        # A component's own message is the application's too, though no webhook said it.
        _interaction(call)
        owner = row.get("webhook_id") or row["author"]["id"]
    else:
        _webhook(call)
        owner = row.get("webhook_id")
    if owner != call.params["webhook_id"]:
        raise unknown("Message")
    return row


def _place(call: Call, webhook: Json) -> Json:
    channel = call.world.channels[webhook["channel_id"]]
    thread_id = call.query.get("thread_id")
    if thread_id is None:
        return channel
    thread = call.world.channels.get(thread_id)
    if thread is None or thread.get("parent_id") != channel["id"]:
        raise unknown("Channel")
    return thread


def _forum_post(call: Call, forum: Json, draft: Draft) -> Json:
    name = call.body.get("thread_name")
    if not name:
        raise ApiError(
            400,
            220001,
            "Webhooks posted to forum channels must have a thread_name or thread_id",
        )
    thread = open_thread(call.world, forum, name, draft.author["id"], body=call.body)
    first = post_office.compose(
        call.world, Draft(thread, draft.author, draft.body, draft.uploads, draft.extra)
    )
    return post_office.store(call.world, {**first, "id": thread["id"]})


def _persona(call: Call, webhook: Json) -> Json:
    name = call.body.get("username") or webhook["name"]
    return objects.user(webhook["id"], name, None, bot=True)


def _credit(webhook: Json) -> Json:
    return {"webhook_id": webhook["id"], "application_id": webhook["application_id"]}


def _check_name(form: Form, at: str, name: object) -> None:
    form.sized(at, name, 1, 80)
    if isinstance(name, str) and any(each in name.lower() for each in ("clyde", "discord")):
        form.wrong(at, "USERNAME_INVALID_CONTAINS", f'{at} cannot contain "discord" or "clyde"')


def _tell(call: Call, webhook: Json) -> None:
    data = {"guild_id": webhook["guild_id"], "channel_id": webhook["channel_id"]}
    call.world.publish("WEBHOOKS_UPDATE", data, Audience(*data.values()))
