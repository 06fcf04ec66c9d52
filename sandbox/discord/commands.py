"""Application commands: who is offered which, and what a bot receives when one is used."""

from typing import Any

from sandbox.discord import messages
from sandbox.discord.errors import ApiError, CannotDo
from sandbox.discord.messages import Upload
from sandbox.discord.permissions import Permission
from sandbox.discord.world import World

Json = dict[str, Any]

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN = 1, 2, 3, 4, 5
USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11
_PYTHON_TYPES: dict[int, type | tuple[type, ...]] = {
    STRING: str,
    INTEGER: int,
    BOOLEAN: bool,
    NUMBER: (int, float),
}


def offered(world: World, user_id: str, place: Json, kind: int = 1) -> list[Json]:
    """Return the commands of type `kind` a user may use in a channel, guild ones first."""
    rights = world.rights(user_id, place["id"])
    guild_id = place.get("guild_id")
    if guild_id and Permission.USE_APPLICATION_COMMANDS not in rights:
        return []
    found: dict[tuple[str, str], Json] = {}
    rows = sorted(world.commands.rows(), key=lambda row: "guild_id" not in row)
    for row in rows:
        if row["type"] != kind or row.get("guild_id") not in (None, guild_id):
            continue
        wanted = row["default_member_permissions"]
        if guild_id and wanted is not None:
            needed = Permission(int(wanted)) or Permission.ADMINISTRATOR
            if rights & needed != needed:
                continue
        if not guild_id and (row.get("contexts") and 1 not in row["contexts"]):
            continue
        found.setdefault((row["application_id"], row["name"]), row)
    return list(found.values())


def invocation(
    world: World, command: Json, name: str, options: dict[str, Any], place: Json
) -> Json:
    """Return the interaction data of a slash command; CannotDo if the options do not fit."""
    path, spec = _leaf(command, name)
    given = _named(options, spec)
    for each in spec:
        if each.get("required") and each["name"] not in given:
            raise CannotDo(f"/{name} needs the option {each['name']!r}")
    ids: list[str] = []
    rows = [
        _option(world, each, given[each["name"]], place, ids)
        for each in spec
        if each["name"] in given
    ]
    return _data(world, command, path, rows, ids, place)


def typing(
    world: World,
    command: Json,
    name: str,
    option: str,
    typed: str,
    others: dict[str, Any],
    place: Json,
) -> Json:
    """Return the interaction data of an option being typed."""
    path, spec = _leaf(command, name)
    given = _named({**others, option: typed}, spec)
    ids: list[str] = []
    rows: list[Json] = []
    for each in spec:
        if each["name"] not in given:
            continue
        if each["name"] == _match(option, spec):
            if not each.get("autocomplete"):
                raise CannotDo(f"the option {option!r} of /{name} has no autocomplete")
            rows.append(
                {"name": each["name"], "type": each["type"], "value": typed, "focused": True}
            )
        else:
            rows.append(_option(world, each, given[each["name"]], place, ids))
    return _data(world, command, path, rows, ids, place)


def menu_data(world: World, command: Json, target: Json, place: Json) -> Json:
    """Return the interaction data of a context menu entry used on a message or a user."""
    data = _data(world, command, [], [], [], place) | {"target_id": target["id"]}
    data.pop("options", None)
    if command["type"] == 3:
        row = messages.shown(world, messages.find(world, target["id"]))
        return data | {"resolved": {"messages": {target["id"]: row}}}
    return data | {"resolved": resolved(world, [target["id"]], place)}


def resolved(world: World, ids: list[str], place: Json) -> Json:
    """Return the objects behind ids, as interactions carry them."""
    out: Json = {}
    guild_id = place.get("guild_id", "")
    roles = {role["id"]: role for role in world.guilds[guild_id]["roles"]} if guild_id else {}
    for each in ids:
        if each in world.users:
            out.setdefault("users", {})[each] = world.users[each]
            if f"{guild_id}/{each}" in world.members:
                rights = {"permissions": str(int(world.rights(each, place["id"])))}
                member = messages.bare_member(world, guild_id, each) | rights
                for key in ("deaf", "mute"):
                    member.pop(key)
                out.setdefault("members", {})[each] = member
        elif each in roles:
            out.setdefault("roles", {})[each] = roles[each]
        elif each in world.channels:
            channel = world.channels[each]
            partial = {key: channel[key] for key in _PARTIAL_CHANNEL if key in channel}
            out.setdefault("channels", {})[each] = partial | {
                "permissions": str(int(world.rights(world.guild()["owner_id"], each)))
            }
        elif each in world.files:
            out.setdefault("attachments", {})[each] = _attachment(world, each)
        else:
            raise CannotDo(f"nothing here has the id {each}")
    return out


_PARTIAL_CHANNEL = ("id", "name", "type", "parent_id", "thread_metadata", "flags", "topic", "nsfw")


def filled(components: list[Json], values: dict[str, Any]) -> list[Json]:
    """Return a modal's components as they are submitted, with the values typed in."""
    rows = [_filled(each, values) for each in components]
    if values:
        raise CannotDo(f"the form has no {sorted(values)}")
    return rows


def _filled(component: Json, values: dict[str, Any]) -> Json:
    row: Json = {"type": component["type"], "id": component["id"]}
    if "components" in component:
        return row | {"components": [_filled(each, values) for each in component["components"]]}
    if "component" in component:
        return row | {"component": _filled(component["component"], values)}
    if "custom_id" not in component:
        return row
    custom_id = component["custom_id"]
    value = values.pop(custom_id, component.get("value", ""))
    row["custom_id"] = custom_id
    if component["type"] != 4:
        return row | {"values": [value] if isinstance(value, str) else list(value)}
    if component.get("required", True) and not value:
        raise CannotDo(f"{custom_id!r} must be filled in")
    if value and not component.get("min_length", 0) <= len(value) <= component.get(
        "max_length", 4000
    ):
        raise CannotDo(f"{custom_id!r} has the wrong length: {len(value)}")
    return row | {"value": value}


def _data(
    world: World, command: Json, path: list[Json], rows: list[Json], ids: list[str], place: Json
) -> Json:
    for each in reversed(path):
        rows = [{"name": each["name"], "type": each["type"], "options": rows}]
    data = {"id": command["id"], "name": command["name"], "type": command["type"], "options": rows}
    if ids:
        data["resolved"] = resolved(world, ids, place)
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def _leaf(command: Json, name: str) -> tuple[list[Json], list[Json]]:
    path: list[Json] = []
    spec: list[Json] = command.get("options") or []
    for word in name.split()[1:]:
        found = [e for e in spec if e["name"] == word and e["type"] in (SUBCOMMAND, GROUP)]
        if not found:
            raise CannotDo(f"/{name}: there is no {word!r}")
        path.append(found[0])
        spec = found[0].get("options") or []
    if any(each["type"] in (SUBCOMMAND, GROUP) for each in spec):
        raise CannotDo(f"/{name} needs one of {[each['name'] for each in spec]}")
    return path, spec


def _match(name: str, spec: list[Json]) -> str:
    names = [each["name"] for each in spec]
    for candidate in (name, name.rstrip("_"), name.replace("_", "-")):
        if candidate in names:
            return candidate
    raise CannotDo(f"there is no option {name!r}; there are {names}")


def _named(options: dict[str, Any], spec: list[Json]) -> dict[str, Any]:
    return {_match(name, spec): value for name, value in options.items() if value is not None}


def _option(world: World, spec: Json, value: Any, place: Json, ids: list[str]) -> Json:
    kind, name = spec["type"], spec["name"]
    if kind in _PYTHON_TYPES:
        _check_plain(spec, value)
    elif kind == ATTACHMENT:
        filename, data = value
        upload = Upload(0, filename, "application/octet-stream", data)
        value = messages.keep_file(world, place["id"], upload, {})["id"]
        ids.append(value)
    else:
        value = _id_of(world, kind, value)
        ids.append(value)
    return {"name": name, "type": kind, "value": value}


def _check_plain(spec: Json, value: Any) -> None:
    kind, name = spec["type"], spec["name"]
    wrong_bool = isinstance(value, bool) and kind != BOOLEAN
    if not isinstance(value, _PYTHON_TYPES[kind]) or wrong_bool:
        raise CannotDo(f"option {name!r}: {value!r} is not of its type")
    choices = [each["value"] for each in spec.get("choices") or ()]
    if choices and value not in choices:
        raise CannotDo(f"option {name!r}: {value!r} is not among {choices}")
    size = len(value) if isinstance(value, str) else value
    least, most = (
        (spec.get("min_length", 0), spec.get("max_length", 6000))
        if kind == STRING
        else (spec.get("min_value", size), spec.get("max_value", size))
    )
    if not least <= size <= most:
        raise CannotDo(f"option {name!r}: {value!r} is not between {least} and {most}")


def _id_of(world: World, kind: int, value: Any) -> str:
    text = value["id"] if isinstance(value, dict) else str(value)
    finders = {USER: [world.user], CHANNEL: [world.channel], ROLE: [world.role]}
    for find in finders.get(kind, [world.user, world.role]):
        if text.isdigit():
            return text
        try:
            return str(find(text)["id"])
        except ApiError:
            continue
    raise CannotDo(f"there is no {text!r}")


def _attachment(world: World, file_id: str) -> Json:
    file = world.files[file_id]
    url = f"{world.base_url}/cdn/attachments/0/{file_id}/{file['filename']}"
    return {
        "id": file_id,
        "filename": file["filename"],
        "size": len(file["data"]),
        "url": url,
        "proxy_url": url,
        "content_type": file["content_type"],
        "ephemeral": True,
    }
