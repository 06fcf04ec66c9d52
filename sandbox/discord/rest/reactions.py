"""Reactions on messages."""

import re
from typing import Any

from sandbox.discord import reactions as kept
from sandbox.discord.errors import missing_permissions, unknown
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import Call, Routes

routes = Routes()

_ONE = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"
_PLAIN = re.compile(r"[A-Za-z0-9 _-]*")


def _emoji(call: Call) -> str:
    emoji = call.params["emoji_name"]
    if _PLAIN.fullmatch(emoji):  # neither an emoji character nor name:id
        raise unknown("Emoji")
    return emoji


@routes.add("PUT", _ONE + "/@me")
def add(call: Call) -> Any:
    """React as the bot."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    row, emoji = call.message(), _emoji(call)
    rights = call.world.rights(call.me, channel["id"])
    already = emoji in (call.world.reactors.get(row["id"]) or {})
    if not already and Permission.ADD_REACTIONS not in rights:
        raise missing_permissions()
    kept.add(call.world, row, emoji, call.me)


@routes.add("DELETE", _ONE + "/@me")
def remove_own(call: Call) -> Any:
    """Take back the bot's reaction."""
    call.channel()
    kept.remove(call.world, call.message(), _emoji(call), call.me)


@routes.add("DELETE", _ONE + "/{user_id}")
def remove_other(call: Call) -> Any:
    """Take away somebody's reaction."""
    call.channel(Permission.MANAGE_MESSAGES)
    kept.remove(call.world, call.message(), _emoji(call), call.params["user_id"])


@routes.add("GET", _ONE)
def users(call: Call) -> Any:
    """Return who reacted with an emoji."""
    call.channel()
    found = (call.world.reactors.get(call.message()["id"]) or {}).get(_emoji(call), [])
    after, limit = int(call.query.get("after", "0")), call.number("limit", 25, 100)
    ids = sorted(int(each) for each in found if int(each) > after)[:limit]
    return [call.world.users[str(each)] for each in ids]


@routes.add("DELETE", _ONE)
def clear_one(call: Call) -> Any:
    """Take away all reactions with one emoji."""
    call.channel(Permission.MANAGE_MESSAGES)
    kept.clear(call.world, call.message(), _emoji(call))


@routes.add("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions")
def clear(call: Call) -> Any:
    """Take away all reactions."""
    call.channel(Permission.MANAGE_MESSAGES)
    kept.clear(call.world, call.message())
