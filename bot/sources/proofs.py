"""How senders prove who they are, seen from their side: the headers they send with a body.

The doors only verify; this is for `/sources test` and the tests, which must knock as the real
sender does. A proof in the path or by a public key needs no header.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from bot.sources.request import Proof
from bot.sources.signatures import signature_headers


def _hex(secret: str, signed: bytes) -> str:
    return hmac.digest(secret.encode(), signed, "sha256").hex()


def _bearer(secret: str, _body: bytes, _at: datetime) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _ours(secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
    return signature_headers(secret, body, at)


def _nothing(_secret: str, _body: bytes, _at: datetime) -> Mapping[str, str]:
    return {}


def _raw_sns(secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
    return {"x-amz-sns-rawdelivery": "true", **_bearer(secret, body, at)}


def _slack(secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = _hex(secret, b"v0:" + timestamp.encode() + b":" + body)
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={signature}"}


def _standard(secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
    timestamp = str(int(at.timestamp()))
    message_id = f"msg_{hashlib.blake2b(body + timestamp.encode(), digest_size=12).hexdigest()}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def header_proof(name: str) -> Proof:
    """The secret itself in a header of the sender's own naming."""
    return Proof(f"the secret in the header {name}", lambda secret, _body, _at: {name: secret})


def signed_in(name: str, prefix: str = "") -> Proof:
    """The hex HMAC-SHA256 of the body in a header, after `prefix`."""
    return Proof(
        f"HMAC-SHA256 of the body in {name}",
        lambda secret, body, _at: {name: prefix + _hex(secret, body)},
    )


BEARER = Proof("a bearer token", _bearer)
OURS = Proof("a bearer token, or a signature (X-Jinkies-Signature)", _ours)
IN_PATH = Proof("the secret at the end of the URL", _nothing)
BEARER_OR_HMAC = Proof("a bearer token, or Grafana's HMAC", _bearer)
SLACK = Proof("Slack's signature (X-Slack-Signature)", _slack)
STANDARD = Proof("the signature of Standard Webhooks", _standard)
SNS = Proof("AWS's signature and the topic; raw delivery by a bearer token", _raw_sns)
DSN_KEY = Proof("the public key of the DSN", _nothing)
