"""Login, the bot itself, other users, and where the gateway is."""

from typing import Any

from sandbox.discord import objects
from sandbox.discord.errors import unknown
from sandbox.discord.messages import Json
from sandbox.discord.rest.call import Call, Routes

routes = Routes()


@routes.add("GET", "/users/@me")
def me(call: Call) -> Any:
    """Return the bot's own user."""
    return {**call.world.users[call.me], "mfa_enabled": True, "locale": "en-US", "verified": True}


@routes.add("GET", "/users/{user_id}")
def user(call: Call) -> Any:
    """Return any user."""
    return _user(call, call.params["user_id"])


@routes.add("GET", "/oauth2/applications/@me")
@routes.add("GET", "/applications/@me")
def application(call: Call) -> Any:
    """Return the bot's application."""
    return next(row for row in call.world.applications.rows() if row["bot"]["id"] == call.me)


@routes.add("GET", "/gateway", open=True)
def gateway(call: Call) -> Any:
    """Return the address of the gateway."""
    return {"url": call.world.base_url.replace("http", "ws", 1) + "/gateway"}


@routes.add("GET", "/gateway/bot")
def gateway_bot(call: Call) -> Any:
    """Return the address of the gateway and how often one may identify."""
    limits = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {**gateway(call), "shards": 1, "session_start_limit": limits}


@routes.add("POST", "/users/@me/channels", "recipient_id")
def open_direct_messages(call: Call) -> Any:
    """Return the channel of direct messages with a user, made on first use."""
    other = _user(call, str(call.body.get("recipient_id")))
    both = {other["id"], call.me}
    for row in call.world.channels.rows("@me"):
        if {each["id"] for each in row["recipients"]} == both:
            return call.shown_channel(row)
    row = {
        "id": call.world.snowflakes.next(),
        "type": objects.DM,
        "flags": 0,
        "last_message_id": None,
        "recipients": [other, call.world.users[call.me]],
    }
    return call.shown_channel(call.world.channels.put(row["id"], row))


def _user(call: Call, user_id: str) -> Json:
    row = call.world.users.get(user_id)
    if row is None:
        raise unknown("User")
    return row
