"""Watching the traffic: is every request, answer and gateway message as Discord describes it?

Discord publishes an OpenAPI description of REST (github.com/discord/discord-api-spec, MIT); the
gateway's messages are described by the types of discord-api-types (MIT), made into JSON Schemas.
Neither is part of this project: whoever has the files can watch with them.
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

Json = dict[str, Any]

_GATEWAY_EVENTS = {
    "READY": "Ready",
    "GUILD_CREATE": "GuildCreate",
    "MESSAGE_CREATE": "MessageCreate",
    "INTERACTION_CREATE": "InteractionCreate",
}


class Conformance:
    """An observer that validates everything against Discord's own descriptions.

    Unknown fields count as wrong: every object is closed, unless its schema is one part of a whole.
    """

    def __init__(self, openapi: Path, gateway_schemas: Path) -> None:
        described = json.loads(openapi.read_text(encoding="utf-8"))
        _close_objects(described)
        requests = copy.deepcopy(described)
        _relax_requests(requests)
        _relax_answers(described)
        self._paths: Json = requests["paths"]
        self._registry = jsonschema_rs.Registry(
            [("urn:requests", requests), ("urn:answers", described)]
        )
        self._compiled: dict[str, Any] = {}
        self._gateway = {
            path.stem: _gateway_validator(path) for path in sorted(gateway_schemas.glob("*.json"))
        }
        # What has been seen, so that a test can prove that the checks had something to check.
        self.operations: set[str] = set()
        self.events: set[str] = set()

    def request(
        self,
        method: str,
        template: str,
        params: Mapping[str, str],
        query: Mapping[str, str],
        body: Any,
    ) -> Iterable[str]:
        """Check path and query parameters and the body."""
        item = self._paths.get(template)
        operation = item.get(method.lower()) if item else None
        if item is None or operation is None:
            yield "not in Discord's description"
            return
        self.operations.add(operation["operationId"])
        known = [*item.get("parameters", ()), *operation.get("parameters", ())]
        yield from self._check_parameters(known, {"path": params, "query": query})
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content and body is not None:
            at = _pointer("paths", template, method.lower(), "requestBody", "content")
            schema = f"urn:requests#{at}/application~1json/schema"
            yield from self._wrong(schema, body)
        elif body is not None and not content:
            yield "this route takes no body"

    def _check_parameters(
        self, known: list[Json], given: Mapping[str, Mapping[str, str]]
    ) -> Iterator[str]:
        names = {(each["in"], each["name"]) for each in known}
        for place, values in given.items():
            for name in values:
                if (place, name) not in names:
                    yield f"unknown {place} parameter {name!r}"
        for each in known:
            text = given.get(each["in"], {}).get(each["name"])
            if text is None:
                if each.get("required"):
                    yield f"missing {each['in']} parameter {each['name']!r}"
                continue
            schema = each["schema"]
            key = json.dumps(schema, sort_keys=True)
            for reason in self._wrong(key, _cast(schema, text), inline=schema):
                yield f"{each['in']} parameter {each['name']!r}: {reason}"

    def answer(self, method: str, template: str, status: int, body: Any) -> Iterable[str]:
        """Check the status and the body of an answer."""
        operation = self._paths.get(template, {}).get(method.lower())
        if operation is None:
            return
        for key in (str(status), f"{status // 100}XX"):
            if key in operation["responses"]:
                break
        else:
            yield f"status {status} is not described"
            return
        response = operation["responses"][key]
        at = _pointer("paths", template, method.lower(), "responses", key)
        if "$ref" in response:
            at = response["$ref"].removeprefix("#")
            response = {"content": {"application/json": {}}}
        if "content" not in response:
            if body is not None:
                yield f"status {status} has no body"
            return
        yield from self._wrong(f"urn:answers#{at}/content/application~1json/schema", body)

    def sent(self, payload: Json) -> Iterable[str]:
        """Check a dispatch whose schema is known."""
        self.events.add(str(payload.get("t")))
        name = _GATEWAY_EVENTS.get(payload.get("t") or "")
        if name in self._gateway:
            for error in self._gateway[name].iter_errors(payload):
                yield f"gateway {payload['t']}: {_reason(error)}"

    def received(self, payload: Json) -> Iterable[str]:
        """Check what a client says."""
        if "Send" in self._gateway:
            for error in self._gateway["Send"].iter_errors(payload):
                yield f"client op {payload.get('op')}: {_reason(error)}"

    def _wrong(self, key: str, value: Any, inline: Json | None = None) -> Iterator[str]:
        if key not in self._compiled:
            schema = {"$ref": key}
            if inline is not None:
                schema = json.loads(json.dumps(inline).replace('"#/', '"urn:requests#/'))
            self._compiled[key] = jsonschema_rs.Draft202012Validator(
                schema, registry=self._registry
            )
        for error in self._compiled[key].iter_errors(value):
            yield _reason(error)


def _pointer(*steps: str) -> str:
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in steps)
    return "".join(f"/{each.replace('{', '%7B').replace('}', '%7D')}" for each in escaped)


def _cast(schema: Json, text: str) -> Any:
    if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if schema.get("type") == "boolean":  # clients say 1 and 0 as well
        return {"1": True, "0": False, "true": True, "false": False}.get(text.lower(), text)
    return text


def _reason(error: Any) -> str:
    """Return the deepest reason: of the branches of a union, the one that came closest."""
    branches = [branch for branch in getattr(error.kind, "context", ()) if branch]
    if branches:
        return _reason(min(branches, key=_distance)[0])
    at = ".".join(str(step) for step in error.instance_path) or "body"
    return f"{at}: {error.message[:300]}"


def _distance(branch: list[Any]) -> tuple[bool, int, int]:
    wrong_kind = any(
        error.kind.name == "type" or list(error.instance_path)[-1:] == ["type"] for error in branch
    )
    return wrong_kind, -max(len(list(error.instance_path)) for error in branch), len(branch)


# --- the overlay of 2026-07: where the published description and real traffic differ ---------


_EDITS = (
    "MessageEditRequestPartial",
    "IncomingWebhookUpdateRequestPartial",
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial",
)


def _each_object(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _each_object(value)
    elif isinstance(node, list):
        for value in node:
            yield from _each_object(value)


def _close_objects(described: Json) -> None:
    """Forbid unknown fields, except in schemas that are joined to others by `allOf`."""
    parts: set[str] = set()
    inline: set[int] = set()
    for node in _each_object(described):
        for part in node.get("allOf", ()) if isinstance(node.get("allOf"), list) else ():
            parts.add(str(part.get("$ref", "")).rpartition("/")[2])
            inline.add(id(part))
    for name, schema in described["components"]["schemas"].items():
        for node in _each_object(schema):
            whole = name not in parts if node is schema else id(node) not in inline
            plain = node.get("type") == "object" and isinstance(node.get("properties"), dict)
            if whole and plain and "additionalProperties" not in node:
                node["unevaluatedProperties"] = False


def _relax_requests(described: Json) -> None:
    schemas = described["components"]["schemas"]
    schemas["SnowflakeType"] = {"type": ["string", "integer"], "pattern": "^[0-9]+$"}
    _allow_text(described, "allow", "deny", "permissions", "default_member_permissions")
    boolean = {"type": ["boolean", "null"]}
    for name, schema in schemas.items():
        fields = schema.get("properties", {})
        if re.fullmatch(r"ApplicationCommand(Create|Update|Patch)Request(Partial)?", name):
            fields["nsfw"] = boolean
        if name == "RichEmbed":
            fields["flags"] = {"type": ["integer", "null"]}
        if name == "BaseCreateMessageCreateRequest":
            fields["tts"] = boolean
        if name.startswith("IncomingWebhook"):  # discord.js says `enforce_nonce: false` everywhere
            fields["enforce_nonce"] = boolean
        if name in _EDITS:  # discord.py says `tts: false` in edits too
            fields["tts"] = boolean
        if name == "MessageAttachmentRequest":  # a kept attachment is sent back as a whole
            schema.pop("unevaluatedProperties")
        if name in ("CreateTextThreadWithMessageRequest", "CreateForumThreadRequest"):
            fields["type"] = {"type": ["integer", "null"]}
    at = described["paths"]["/channels/{channel_id}/permissions/{overwrite_id}"]["put"]
    body = at["requestBody"]["content"]["application/json"]["schema"]
    body["properties"]["id"] = {"type": ["string", "integer"]}
    nested = {"name": "use_nested_fields", "in": "query", "schema": {"type": "boolean"}}
    described["paths"]["/channels/{channel_id}/threads"]["post"]["parameters"] = [nested]


def _allow_text(described: Json, *fields: str) -> None:
    for node in _each_object(described):
        properties = node.get("properties")
        if not isinstance(properties, dict):
            continue
        for field in fields:
            kinds = properties.get(field, {}).get("type")
            if kinds == "integer" or (isinstance(kinds, list) and "integer" in kinds):
                properties[field] = {"type": ["integer", "string", "null"]}


def _relax_answers(described: Json) -> None:
    schemas = described["components"]["schemas"]
    # Codes in an `errors` tree are words, and the tree mixes branches and leaves.
    schemas["ErrorDetails"] = {"type": "object"}
    message = {"$ref": "#/components/schemas/MessageResponse"}
    schemas["CreatedThreadResponse"]["properties"]["message"] = message  # of a forum post
    # Handed out to the clients of users, and to bots, though the description leaves it out.
    schemas["ApplicationCommandResponse"]["properties"]["nsfw"] = {"type": "boolean"}


def _gateway_validator(path: Path) -> Any:
    schema = json.loads(path.read_text(encoding="utf-8"))
    for name in schema["definitions"]:
        if name.endswith("Flags"):  # bit fields come out of the types as lists of single bits
            schema["definitions"][name] = {"type": "integer"}
    for node in _each_object(schema) if path.stem == "Send" else ():
        if "guild_id" in node:  # discord.py sends numbers, and Discord takes them
            node["guild_id"] = {"type": ["string", "integer"]}
        if "user_ids" in node:
            node["user_ids"] = {"type": ["string", "integer", "array"]}
    return jsonschema_rs.Draft7Validator(schema)
