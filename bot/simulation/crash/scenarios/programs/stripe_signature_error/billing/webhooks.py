"""Webhooks are believed only when their signature fits."""

import json

from billing.requests import SECRET, Request
from billing.signatures import verify_header


def receive(request: Request) -> str:
    """Take one event; returns its type."""
    request = request.json_normalised()
    return construct_event(request)["type"]


def construct_event(request: Request) -> dict[str, str]:
    """The event of a request whose signature fits."""
    verify_header(request.body, request.signature, SECRET)
    event: dict[str, str] = json.loads(request.body)
    return event
