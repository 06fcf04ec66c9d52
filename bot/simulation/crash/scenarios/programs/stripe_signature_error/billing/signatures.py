"""Stripe's signature: an HMAC of the time and the very bytes of the body."""

import hashlib
import hmac


class SignatureVerificationError(Exception):
    """The body is not what was signed."""


def signature_header(body: bytes, secret: bytes, *, timestamp: int) -> str:
    """The header Stripe-Signature of a body."""
    return f"t={timestamp},v1={_mac(body, secret, str(timestamp))}"


def verify_header(body: bytes, header: str, secret: bytes) -> None:
    """Raise `SignatureVerificationError` unless the body is what was signed."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = _mac(body, secret, parts["t"])
    if not hmac.compare_digest(expected.encode(), parts["v1"].encode()):
        raise SignatureVerificationError(
            "No signatures found matching the expected signature for payload"
        )


def _mac(body: bytes, secret: bytes, timestamp: str) -> str:
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
