"""Registering application commands, global and per guild."""

import re
from typing import Any

from sandbox.discord.commands import GROUP, SUBCOMMAND
from sandbox.discord.errors import ApiError, Form, missing_access, unknown
from sandbox.discord.messages import Json
from sandbox.discord.rest.call import Answer, Call, Routes

routes = Routes()

_ALL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
FIELDS = (
    "id type name name_localizations description description_localizations options"
    " default_member_permissions dm_permission contexts integration_types nsfw handler"
)
_NAME = re.compile(r"[-_'\w]{1,32}")
_MOST = 100


@routes.add("GET", _ALL)
@routes.add("GET", _GUILD)
def all_of_them(call: Call) -> Any:
    """Return the commands of the application, in one guild or global."""
    return _registered(call)


@routes.add("PUT", _ALL, FIELDS)
@routes.add("PUT", _GUILD, FIELDS)
def replace(call: Call) -> Any:
    """Replace all commands at once; a command of the same name and type keeps its id."""
    _own(call)
    if not isinstance(call.body, list):
        raise ApiError(400, 50035, "Invalid Form Body")
    form = Form()
    for number, spec in enumerate(call.body):
        _check(form, f"{number}.", spec)
    keys = [(spec.get("name"), spec.get("type") or 1) for spec in call.body]
    for number, key in enumerate(keys):
        if keys.index(key) != number:
            form.wrong(
                f"{number}.name",
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Command with that name already exists",
            )
    form.settle()
    if len(keys) > _MOST:
        raise ApiError(400, 30032, "Maximum number of application commands reached (100).")
    ids = {(row["name"], row["type"]): row["id"] for row in _registered(call)}
    for key, command_id in ids.items():
        if key not in keys:
            call.world.commands.drop(command_id)
    return [_put(call, spec, ids.get(key)) for key, spec in zip(keys, call.body, strict=True)]


@routes.add("POST", _ALL, FIELDS)
@routes.add("POST", _GUILD, FIELDS)
def create(call: Call) -> Any:
    """Register one command; one of the same name and type is replaced."""
    _own(call)
    form = Form()
    _check(form, "", call.body)
    form.settle()
    key = (call.body["name"], call.body.get("type") or 1)
    ids = {(row["name"], row["type"]): row["id"] for row in _registered(call)}
    if len(ids) >= _MOST and key not in ids:
        raise ApiError(400, 30032, "Maximum number of application commands reached (100).")
    return Answer(200 if key in ids else 201, _put(call, call.body, ids.get(key)))


@routes.add("GET", _ALL + "/{command_id}")
@routes.add("GET", _GUILD + "/{command_id}")
def one(call: Call) -> Any:
    """Return one command."""
    return _command(call)


@routes.add("PATCH", _ALL + "/{command_id}", FIELDS)
@routes.add("PATCH", _GUILD + "/{command_id}", FIELDS)
def change(call: Call) -> Any:
    """Change parts of a command."""
    _own(call)
    row = _command(call)
    spec = {**row, **call.body}
    form = Form()
    _check(form, "", spec)
    form.settle()
    return _put(call, spec, row["id"])


@routes.add("DELETE", _ALL + "/{command_id}")
@routes.add("DELETE", _GUILD + "/{command_id}")
def delete(call: Call) -> Any:
    """Remove a command."""
    _own(call)
    call.world.commands.drop(_command(call)["id"])


@routes.add("GET", _GUILD + "/permissions")
def permissions(call: Call) -> Any:
    """Return the overrides of command permissions: nobody has made any here."""
    _own(call)
    return []


def _own(call: Call) -> None:
    if call.params["application_id"] != call.me:
        raise ApiError(403, 20012, "You are not authorized to perform this action")
    guild_id = call.params.get("guild_id")
    if guild_id is not None and f"{guild_id}/{call.me}" not in call.world.members:
        raise missing_access()


def _registered(call: Call) -> list[Json]:
    _own(call)
    rows = call.world.commands.rows(call.params["application_id"])
    return [row for row in rows if row.get("guild_id") == call.params.get("guild_id")]


def _command(call: Call) -> Json:
    for row in _registered(call):
        if row["id"] == call.params["command_id"]:
            return row
    raise unknown("application command")


def _put(call: Call, spec: Json, command_id: str | None) -> Json:
    kind = spec.get("type") or 1
    guild_id = call.params.get("guild_id")
    rights = spec.get("default_member_permissions")
    row: Json = {
        "id": command_id or call.world.snowflakes.next(),
        "application_id": call.params["application_id"],
        "version": call.world.snowflakes.next(),
        "default_member_permissions": None if rights is None else str(rights),
        "type": kind,
        "name": spec["name"],
        "name_localizations": spec.get("name_localizations"),
        "description": spec.get("description") or "",
        "description_localizations": spec.get("description_localizations"),
        "dm_permission": spec.get("dm_permission") is not False,
        "contexts": spec.get("contexts"),
        "integration_types": spec.get("integration_types") or [0],
        "nsfw": bool(spec.get("nsfw")),
    }
    if spec.get("options"):
        row["options"] = [_option(each) for each in spec["options"]]
    if guild_id:
        row["guild_id"] = guild_id
    return call.world.commands.put(row["id"], row)


def _option(spec: Json) -> Json:
    row = {key: value for key, value in spec.items() if value is not None}
    for key in ("choices", "options", "channel_types"):
        if row.get(key) == []:
            row.pop(key)
    if "options" in row:
        row["options"] = [_option(each) for each in row["options"]]
    return row


def _check(form: Form, at: str, spec: Json) -> None:
    kind = spec.get("type") or 1
    form.sized(f"{at}name", spec.get("name"), 1, 32)
    if kind == 1:
        _check_name(form, f"{at}name", spec.get("name"))
        form.sized(f"{at}description", spec.get("description"), 1, 100)
        _check_options(form, at, spec.get("options") or [])
    elif spec.get("description"):
        form.wrong(f"{at}description", "BASE_TYPE_MAX_LENGTH", "Must be 0 in length.")
    if _characters(spec) > 8000:
        form.wrong(
            f"{at}options", "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)"
        )


def _check_name(form: Form, at: str, name: object) -> None:
    if isinstance(name, str) and (not _NAME.fullmatch(name) or name != name.lower()):
        form.wrong(at, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_options(form: Form, at: str, options: list[Json]) -> None:
    if len(options) > 25:
        form.wrong(f"{at}options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    optional_seen = False
    names = [each.get("name") for each in options]
    for number, each in enumerate(options):
        here = f"{at}options.{number}."
        form.sized(f"{here}name", each.get("name"), 1, 32)
        _check_name(form, f"{here}name", each.get("name"))
        form.sized(f"{here}description", each.get("description"), 1, 100)
        if names.index(each.get("name")) != number:
            form.wrong(
                f"{here}name", "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", "Name already used"
            )
        if each.get("type") in (SUBCOMMAND, GROUP):
            _check_options(form, here, each.get("options") or [])
            continue
        if each.get("required") and optional_seen:
            form.wrong(
                here.rstrip("."),
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen |= not each.get("required")
        _check_choices(form, here, each)


def _check_choices(form: Form, at: str, option: Json) -> None:
    choices = option.get("choices") or []
    if len(choices) > 25:
        form.wrong(f"{at}choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    if choices and option.get("autocomplete"):
        form.wrong(
            f"{at}autocomplete",
            "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES",
            "Autocomplete is not allowed with choices",
        )
    for number, each in enumerate(choices):
        form.sized(f"{at}choices.{number}.name", each.get("name"), 1, 100)
        form.longest(f"{at}choices.{number}.value", each.get("value"), 100)


def _characters(spec: Json) -> int:
    size = len(spec.get("name") or "") + len(spec.get("description") or "")
    for each in spec.get("choices") or ():
        size += len(each.get("name") or "") + len(str(each.get("value")))
    return size + sum(_characters(each) for each in spec.get("options") or ())
