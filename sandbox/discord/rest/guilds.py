"""A guild and its roles."""

from typing import Any

from sandbox.discord.errors import Form, missing_permissions, unknown
from sandbox.discord.messages import Json
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import Call, Routes
from sandbox.discord.world import Audience

routes = Routes()

_ROLE = "name permissions color colors hoist mentionable icon unicode_emoji"


@routes.add("GET", "/guilds/{guild_id}")
def one(call: Call) -> Any:
    """Return a guild."""
    guild = call.guild()
    if not call.flag("with_counts"):
        return guild
    count = len(call.world.members_of(guild["id"]))
    return {**guild, "approximate_member_count": count, "approximate_presence_count": count}


@routes.add("GET", "/guilds/{guild_id}/roles")
def roles(call: Call) -> Any:
    """Return the roles of a guild."""
    return call.guild()["roles"]


@routes.add("GET", "/guilds/{guild_id}/roles/{role_id}")
def role(call: Call) -> Any:
    """Return one role."""
    return _role(call, call.guild())


@routes.add("POST", "/guilds/{guild_id}/roles", _ROLE)
def create(call: Call) -> Any:
    """Make a role; one cannot give what one does not have."""
    guild = call.guild(Permission.MANAGE_ROLES)
    fields = _fields(call)
    row = call.world.add_role(fields.pop("name", "new role"), 0, guild_id=guild["id"])
    return call.world.change_role(row["id"], **fields) if fields else row


@routes.add("PATCH", "/guilds/{guild_id}/roles/{role_id}", _ROLE)
def change(call: Call) -> Any:
    """Change a role."""
    row = _role(call, call.guild(Permission.MANAGE_ROLES))
    return call.world.change_role(row["id"], **_fields(call))


@routes.add("DELETE", "/guilds/{guild_id}/roles/{role_id}")
def delete(call: Call) -> Any:
    """Remove a role from the guild and from everyone who has it."""
    guild = call.guild(Permission.MANAGE_ROLES)
    row = _role(call, guild)
    if row["managed"] or row["id"] == guild["id"]:
        raise missing_permissions()
    left = [each for each in guild["roles"] if each["id"] != row["id"]]
    call.world.guilds.change(guild["id"], roles=left)
    for member in call.world.members_of(guild["id"]):
        if row["id"] in member["roles"]:
            rest = [each for each in member["roles"] if each != row["id"]]
            call.world.members.change(f"{guild['id']}/{member['user']['id']}", roles=rest)
    data = {"guild_id": guild["id"], "role_id": row["id"]}
    call.world.publish("GUILD_ROLE_DELETE", data, Audience(guild["id"]))


def _role(call: Call, guild: Json) -> Json:
    for row in guild["roles"]:
        if row["id"] == call.params["role_id"]:
            found: Json = row
            return found
    raise unknown("Role")


def _fields(call: Call) -> Json:
    fields = {key: value for key, value in call.body.items() if value is not None}
    form = Form()
    form.longest("name", fields.get("name"), 100)
    form.settle()
    if "permissions" in fields:
        wanted = Permission(int(fields["permissions"]))
        if wanted & ~call.world.guild_rights(call.me, call.params["guild_id"]):
            raise missing_permissions()
        fields["permissions"] = str(int(wanted))
    colors = fields.get("colors") or {"primary_color": fields.get("color")}
    if colors["primary_color"] is not None:
        fields["color"] = colors["primary_color"]
        fields["colors"] = {"secondary_color": None, "tertiary_color": None, **colors}
    return fields
