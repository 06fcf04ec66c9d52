"""The members of a guild and the roles they hold."""

from typing import Any

from sandbox.discord import guilds
from sandbox.discord.errors import missing_permissions, unknown
from sandbox.discord.messages import Json
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import Call, Routes
from sandbox.discord.world import Audience

routes = Routes()

_ONE = "/guilds/{guild_id}/members/{user_id}"


@routes.add("GET", "/guilds/{guild_id}/members")
def everyone(call: Call) -> Any:
    """Return members, by id, `limit` at a time."""
    rows = sorted(call.world.members_of(call.guild()["id"]), key=lambda row: int(_id(row)))
    after = int(call.query.get("after", "0"))
    later = [guilds.bare(row) for row in rows if int(_id(row)) > after]
    return later[: call.number("limit", 1, 1000)]


@routes.add("GET", "/guilds/{guild_id}/members/search")
def search(call: Call) -> Any:
    """Return the members whose name begins with `query`."""
    rows = [guilds.bare(row) for row in call.world.members_of(call.guild()["id"])]
    return guilds.named(rows, call.query.get("query", ""), call.number("limit", 1, 1000))


@routes.add("GET", _ONE)
def one(call: Call) -> Any:
    """Return a member."""
    return guilds.bare(_member(call))


@routes.add("PATCH", _ONE, "nick roles mute deaf channel_id communication_disabled_until flags")
def change(call: Call) -> Any:
    """Change a member's nickname, roles or timeout."""
    row, body = _member(call), call.body
    needs = {
        "nick": Permission.MANAGE_NICKNAMES,
        "roles": Permission.MANAGE_ROLES,
        "communication_disabled_until": Permission.MODERATE_MEMBERS,
    }
    rights = call.world.guild_rights(call.me, call.params["guild_id"])
    for field, right in needs.items():
        if field in body and right not in rights:
            raise missing_permissions()
    fields = {key: body[key] for key in needs if key in body}
    if "roles" in fields:
        fields["roles"] = [str(each) for each in fields["roles"] or ()]
        for role_id in set(fields["roles"]) ^ set(row["roles"]):
            _below_mine(call, role_id)
    return guilds.bare(_save(call, row, fields))


@routes.add("PUT", _ONE + "/roles/{role_id}")
def add_role(call: Call) -> Any:
    """Give a member a role that is below the bot's own."""
    row, role_id = _with_role(call)
    if role_id not in row["roles"]:
        _save(call, row, {"roles": [*row["roles"], role_id]})


@routes.add("DELETE", _ONE + "/roles/{role_id}")
def remove_role(call: Call) -> Any:
    """Take a role from a member."""
    row, role_id = _with_role(call)
    if role_id in row["roles"]:
        _save(call, row, {"roles": [each for each in row["roles"] if each != role_id]})


def _id(row: Json) -> str:
    return str(row["user"]["id"])


def _member(call: Call) -> Json:
    return call.world.member(call.guild()["id"], call.params["user_id"])


def _with_role(call: Call) -> tuple[Json, str]:
    call.guild(Permission.MANAGE_ROLES)
    _below_mine(call, call.params["role_id"])
    return _member(call), call.params["role_id"]


def _below_mine(call: Call, role_id: str) -> None:
    guild = call.guild()
    positions = {role["id"]: role["position"] for role in guild["roles"]}
    if role_id not in positions:
        raise unknown("Role")
    own = call.world.member(guild["id"], call.me)["roles"]
    highest = max((positions[each] for each in own), default=0)
    if positions[role_id] >= highest:
        raise missing_permissions()


def _save(call: Call, row: Json, fields: Json) -> Json:
    guild_id = call.params["guild_id"]
    new = call.world.members.change(f"{guild_id}/{_id(row)}", **fields)
    call.world.publish("GUILD_MEMBER_UPDATE", new, Audience(guild_id))
    return new
