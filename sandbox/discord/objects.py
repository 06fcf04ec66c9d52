"""Complete Discord JSON objects from the few fields that matter to us."""

from datetime import datetime
from typing import Any

Json = dict[str, Any]

TEXT, DM, CATEGORY, FORUM = 0, 1, 4, 15
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12
THREADS = frozenset({10, PUBLIC_THREAD, PRIVATE_THREAD})
EPHEMERAL, LOADING, V2 = 1 << 6, 1 << 7, 1 << 15
HAS_THREAD, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 5, 1 << 2, 1 << 12


def stamp(moment: datetime) -> str:
    """Return a time as Discord writes it."""
    return moment.isoformat(timespec="microseconds")


def user(user_id: str, username: str, shown: str | None = None, *, bot: bool = False) -> Json:
    """Return a user object; `shown` is the display name."""
    row: Json = {
        "id": user_id,
        "username": username,
        "global_name": shown,
        "discriminator": "0",
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
    return {**row, "bot": True} if bot else row


def member(user_row: Json, roles: list[str], joined: datetime) -> Json:
    """Return a guild member object."""
    return {
        "user": user_row,
        "roles": roles,
        "nick": None,
        "avatar": None,
        "banner": None,
        "joined_at": stamp(joined),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def role(role_id: str, name: str, permissions: int, position: int, color: int = 0) -> Json:
    """Return a role object."""
    return {
        "id": role_id,
        "name": name,
        "permissions": str(int(permissions)),
        "position": position,
        "color": color,
        "colors": {"primary_color": color, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def guild(guild_id: str, name: str, owner_id: str, roles: list[Json]) -> Json:
    """Return a guild object as REST gives it (channels and members are rows of their own)."""
    empty = (
        "icon description home_header splash discovery_splash banner application_id afk_channel_id"
        " system_channel_id widget_channel_id max_presences vanity_url_code rules_channel_id"
        " safety_alerts_channel_id public_updates_channel_id incidents_data"
    )
    return {
        "id": guild_id,
        "name": name,
        "owner_id": owner_id,
        "roles": roles,
        **dict.fromkeys(empty.split()),
        "features": [],
        "emojis": [],
        "stickers": [],
        "region": "us-east",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 0,
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
    }


def channel(channel_id: str, guild_id: str, name: str, kind: int = TEXT, position: int = 0) -> Json:
    """Return a guild channel object of type `kind` (text, category or forum)."""
    row: Json = {
        "id": channel_id,
        "guild_id": guild_id,
        "type": kind,
        "name": name,
        "position": position,
        "flags": 0,
        "parent_id": None,
        "permission_overwrites": [],
        "nsfw": False,
    }
    if kind != CATEGORY:
        row |= {"topic": None, "last_message_id": None, "rate_limit_per_user": 0}
    if kind == FORUM:
        row |= {
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return row


def thread(thread_id: str, parent: Json, name: str, owner_id: str, kind: int, now: str) -> Json:
    """Return a thread object under `parent`; `now` is an ISO timestamp."""
    return {
        "id": thread_id,
        "guild_id": parent["guild_id"],
        "parent_id": parent["id"],
        "owner_id": owner_id,
        "type": kind,
        "name": name,
        "flags": 0,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "thread_metadata": {
            "archived": False,
            "archive_timestamp": now,
            "auto_archive_duration": 4320,
            "locked": False,
            "create_timestamp": now,
        },
    }


def application(app_id: str, name: str, bot: Json, owner: Json) -> Json:
    """Return an application object as /oauth2/applications/@me gives it."""
    return {
        "id": app_id,
        "name": name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": bot,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": (1 << 13) | (1 << 15) | (1 << 19),
        "flags_new": str((1 << 13) | (1 << 15) | (1 << 19)),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": owner,
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }
