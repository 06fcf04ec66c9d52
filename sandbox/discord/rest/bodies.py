"""Request bodies: JSON, or multipart with files; known fields and their types."""

import re
from collections.abc import Iterator
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from sandbox.discord.errors import ApiError, Form
from sandbox.discord.messages import Upload

Json = dict[str, Any]

_FILE = re.compile(r"files\[(\d+)\]")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "content": str,
    "embeds": list,
    "components": list,
    "attachments": list,
    "allowed_mentions": dict,
    "message_reference": dict,
    "flags": int,
    "nonce": (str, int),
    "name": str,
    "username": str,
    "data": dict,
    "message": dict,
    "messages": list,
    "roles": list,
    "options": list,
    "permission_overwrites": list,
    "applied_tags": list,
    "available_tags": list,
    "type": int,
    "topic": str,
}
_OF_OBJECTS = ("embeds", "components", "attachments", "options", "permission_overwrites")


async def read_body(request: web.Request) -> tuple[Any, tuple[Upload, ...]]:
    """Return the JSON body (None without one) and the files; ApiError 50109 or 50035."""
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request)
    raw = await request.read()
    body = _parsed(raw) if raw else None
    _check_types(body)
    return body, ()


async def _read_multipart(request: web.Request) -> tuple[Any, tuple[Upload, ...]]:
    body: Any = None
    uploads: list[Upload] = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        data = bytes(await part.read())
        if part.name == "payload_json":
            body = _parsed(data)
        elif match := _FILE.fullmatch(part.name or ""):
            kind = part.headers.get("Content-Type", "application/octet-stream")
            uploads.append(Upload(int(match[1]), part.filename or "file", kind, data))
        else:
            raise ApiError(400, 50035, f"Invalid Form Body: unknown part {part.name!r}")
    _check_types(body)
    return body, tuple(sorted(uploads, key=lambda each: each.index))


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


def _check_types(body: Any) -> None:
    form = Form()
    _check_level(form, "", body)
    form.settle()


def _check_level(form: Form, at: str, body: Any) -> None:
    if not isinstance(body, dict):
        return
    for key, value in body.items():
        expected = _TYPES.get(key)
        if value is None or expected is None:
            continue
        if not isinstance(value, expected):
            form.wrong(at + key, "BASE_TYPE_BAD_TYPE", "The value has the wrong type.")
        elif key in _OF_OBJECTS and _strange(value):
            form.wrong(at + key, "MODEL_TYPE_CONVERT", "Only dictionaries may be used here.")
        elif key in ("data", "message"):
            _check_level(form, f"{at}{key}.", value)


def _strange(rows: Any) -> bool:
    return any(not isinstance(each, dict) for each in rows)


def check_fields(known: frozenset[str] | None, body: Any) -> Iterator[str]:
    """Yield what a body holds that the route does not know."""
    rows = body if isinstance(body, list) else [body]
    for row in rows:
        if known is not None and isinstance(row, dict):
            for key in sorted(row.keys() - known):
                yield f"unknown body field {key!r}"
