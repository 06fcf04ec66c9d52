"""Did the sender know the secret? HMAC over the raw bytes, bearer tokens, replay windows.

Everything is compared in constant time and as bytes: `hmac.compare_digest` raises on
non-ASCII text, and a header may hold anything. Whatever a header holds, the answer is either
"yes" or `BadSignature`.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.errors import BadSignature, DoorShut
from bot.sources.request import Request, Secrets

REPLAY_WINDOW = timedelta(minutes=5)
SIGNATURE_HEADER = "x-jinkies-signature"
TIMESTAMP_HEADER = "x-jinkies-timestamp"
_MAX_CANDIDATES = 8  # signatures read from one header; rotation needs two


def require_bearer_or_signature(request: Request, secrets: Secrets, *, setting: str) -> None:
    """Open our own doors: `Authorization: Bearer <secret>`, or a signature over the raw body.

    The signature is `X-Jinkies-Signature: v1=<hex>`, HMAC-SHA256 of
    `v1:<X-Jinkies-Timestamp>:<raw body>`, no older or newer than five minutes.

    Raises:
        DoorShut: no secret is set; the message names `setting`.
        BadSignature: the proof is missing, wrong or stale.
    """
    keys = open_door(secrets, setting)
    signature = request.headers.get(SIGNATURE_HEADER)
    if signature is None:
        require_bearer(request.headers.get("authorization", ""), keys)
        return
    timestamp = request.headers.get(TIMESTAMP_HEADER, "")
    require_fresh(timestamp, request.received_at)
    signed = b"v1:" + _as_bytes(timestamp) + b":" + request.body
    require_hex_signature(prefixed(signature, "v1="), keys, signed)


def open_door(secrets: Secrets, setting: str) -> tuple[bytes, ...]:
    """The secrets that are accepted; raises `DoorShut` naming `setting` if there is none."""
    keys = secrets.accepted
    if not keys:
        raise DoorShut(f"this door is shut: set {setting} to a long random secret to open it")
    return keys


def require_bearer(authorization: str, keys: Sequence[bytes]) -> None:
    """Raise `BadSignature` unless `authorization` is `Bearer <one of the keys>`."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise BadSignature("a bearer token or a signature is required")
    given = _as_bytes(token.strip())
    if not sum(hmac.compare_digest(given, key) for key in keys):
        raise BadSignature("the bearer token is not the one of this door")


def require_hex_signature(candidates: Iterable[str], keys: Sequence[bytes], signed: bytes) -> None:
    """Raise `BadSignature` unless a candidate is the lower-case hex HMAC-SHA256 of `signed`."""
    expected = [hmac.digest(key, signed, "sha256").hex().encode() for key in keys]
    _require_match(candidates, expected)


def require_base64_signature(
    candidates: Iterable[str], keys: Sequence[bytes], signed: bytes
) -> None:
    """Raise `BadSignature` unless a candidate is the base64 HMAC-SHA256 of `signed`."""
    expected = [base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    _require_match(candidates, expected)


def require_fresh(timestamp: str, now: datetime, *, window: timedelta = REPLAY_WINDOW) -> None:
    """Raise `BadSignature` unless `timestamp` (Unix seconds) is within `window` of `now`."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature("the timestamp of the signature must be Unix seconds")
    if abs(now.timestamp() - int(timestamp)) > window.total_seconds():
        raise BadSignature("the signature is too old or from the future; check the clocks")


def prefixed(header: str, prefix: str, *, separator: str = ",") -> list[str]:
    """The values after `prefix` in a header such as `v1=aa, v1=bb`; others are left out."""
    parts = header.split(separator, _MAX_CANDIDATES)[:_MAX_CANDIDATES]
    return [part.strip().removeprefix(prefix) for part in parts if part.strip().startswith(prefix)]


def signature_headers(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that sign `body` for our own doors, as a sender would make them."""
    timestamp = str(int(at.timestamp()))
    signed = b"v1:" + timestamp.encode() + b":" + body
    signature = hmac.digest(secret.encode(), signed, "sha256").hex()
    return {"X-Jinkies-Timestamp": timestamp, "X-Jinkies-Signature": f"v1={signature}"}


def _require_match(candidates: Iterable[str], expected: Sequence[bytes]) -> None:
    given = [_as_bytes(candidate) for candidate in candidates]
    # sum, not any: every pair is compared, so the time tells nothing about which one fitted.
    if not sum(hmac.compare_digest(one, other) for one in given for other in expected):
        raise BadSignature("the signature is missing or does not fit the body")


def _as_bytes(text: str) -> bytes:
    """Header text as the bytes it came from (WSGI decodes headers as latin-1)."""
    return text.encode("latin-1", "replace")
