"""Who may do what where, computed as Discord documents it (topics/permissions)."""

from collections.abc import Iterable
from enum import IntFlag
from typing import Any

Json = dict[str, Any]


class Permission(IntFlag):
    """The permission bits this stand-in knows, by Discord's own names."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    PIN_MESSAGES = 1 << 51


ALL = Permission((1 << 52) - 1)
NONE = Permission(0)
EVERYONE = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.ADD_REACTIONS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
)
BOT = (
    EVERYONE
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.MANAGE_THREADS
    | Permission.MANAGE_WEBHOOKS
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.PIN_MESSAGES
)


def in_guild(guild: Json, member: Json) -> Permission:
    """Return what a member may do in the guild before any channel's overwrites."""
    if guild["owner_id"] == member["user"]["id"]:
        return ALL
    held = {guild["id"], *member["roles"]}
    bits = _union(int(role["permissions"]) for role in guild["roles"] if role["id"] in held)
    return ALL if bits & Permission.ADMINISTRATOR else bits


def in_channel(guild: Json, member: Json, channel: Json) -> Permission:
    """Return what a member may do in a channel (for a thread, pass its parent)."""
    bits = in_guild(guild, member)
    if bits & Permission.ADMINISTRATOR:
        return ALL
    overwrites = {each["id"]: each for each in channel.get("permission_overwrites", ())}
    if everyone := overwrites.get(guild["id"]):
        bits = _apply(bits, [everyone])
    bits = _apply(bits, [overwrites[role] for role in member["roles"] if role in overwrites])
    if own := overwrites.get(member["user"]["id"]):
        bits = _apply(bits, [own])
    return bits if bits & Permission.VIEW_CHANNEL else NONE


def _union(bits: Iterable[int]) -> Permission:
    total = NONE
    for each in bits:
        total |= Permission(each)
    return total


def _apply(bits: Permission, overwrites: list[Json]) -> Permission:
    deny = _union(int(each["deny"]) for each in overwrites)
    allow = _union(int(each["allow"]) for each in overwrites)
    return Permission(int(bits) & ~int(deny) | int(allow))
