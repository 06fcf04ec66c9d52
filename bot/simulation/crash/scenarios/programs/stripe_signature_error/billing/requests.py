"""A request as Stripe sends it, and what our middleware makes of it."""

import json
from dataclasses import dataclass

from billing.signatures import signature_header

SECRET = b"the secret of this endpoint"


@dataclass(frozen=True)
class Request:
    """An HTTP request."""

    body: bytes
    signature: str

    def json_normalised(self) -> "Request":
        """Sorted keys and no spaces, for the audit log (since release 2026.11.2)."""
        document = json.loads(self.body)
        body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        return Request(body, self.signature)


def as_stripe_sends(event: str, customer: str) -> tuple[bytes, str]:
    """Body and signature of an event."""
    document = {
        "id": event,
        "type": "invoice.payment_succeeded",
        "data": {"object": {"customer": customer, "amount_paid": 4_900}},
    }
    body = json.dumps(document, indent=2).encode()
    return body, signature_header(body, SECRET, timestamp=1_795_000_000)
