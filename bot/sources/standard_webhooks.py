"""Standard Webhooks (standardwebhooks.com; svix and its family) carrying our generic JSON.

`webhook-signature: v1,<base64> …` is the HMAC-SHA256 of `<id>.<timestamp>.<raw body>`; the
secret is `whsec_` and base64. The body is `{"type", "timestamp", "data"}` whose `data` is an
event of the generic source, or that event itself.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

import orjson

from bot.errors import BadSignature, DoorShut
from bot.sources import generic
from bot.sources.heard import Heard
from bot.sources.reading import json_object
from bot.sources.request import Request, Secrets
from bot.sources.signatures import (
    open_door,
    prefixed,
    require_base64_signature,
    require_fresh,
)

SETTING = "STANDARD_WEBHOOKS_SECRET"
_PREFIX = b"whsec_"


def verify(request: Request, secrets: Secrets) -> None:
    """Any of the signatures, no older than five minutes."""
    keys = [_key(secret) for secret in open_door(secrets, SETTING)]
    message_id = request.headers.get("webhook-id", "")
    timestamp = request.headers.get("webhook-timestamp", "")
    if not message_id:
        raise BadSignature("the header webhook-id is missing")
    require_fresh(timestamp, request.received_at)
    signed = b".".join((message_id.encode("latin-1", "replace"), timestamp.encode(), request.body))
    given = prefixed(request.headers.get("webhook-signature", ""), "v1,", separator=" ")
    require_base64_signature(given, keys, signed)


def parse(request: Request) -> Heard:
    """The generic event in `data`; its id is the message's, so a retry counts once."""
    body = json_object(request.body)
    if isinstance(body.at("data").value, dict):
        request = replace(request, body=orjson.dumps(body.at("data").value))
    message_id = request.headers.get("webhook-id", "")[:200]
    heard = generic.parse(replace(request, id=message_id or request.id))
    return Heard(tuple(replace(event, source="standard_webhooks") for event in heard.events))


def _key(secret: bytes) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise DoorShut(f"{SETTING} must be whsec_ followed by base64") from None
