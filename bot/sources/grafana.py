"""Grafana's webhook contact point (unified alerting) and its legacy notification channel.

Unified alerting sends Alertmanager's shape with more links; legacy alerting sends one rule
with `evalMatches`. Its optional HMAC (`X-Grafana-Alerting-Signature`) covers the raw body, or
`<timestamp>:<body>` when a timestamp header is configured; we expect
`X-Grafana-Alerting-Timestamp` for it (grafana/alerting, http/hmac.go).
"""

from __future__ import annotations

from bot.errors import BadPayload
from bot.models import Event, Severity, Signal
from bot.sources.alertmanager import read_alerts
from bot.sources.digest import digest
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, lines, links_of
from bot.sources.request import Request, Secrets
from bot.sources.signatures import (
    open_door,
    require_bearer,
    require_fresh,
    require_hex_signature,
)

SIGNATURE_HEADER = "x-grafana-alerting-signature"
TIMESTAMP_HEADER = "x-grafana-alerting-timestamp"
_LEGACY_SEVERITY = {"alerting": Severity.ERROR, "no_data": Severity.WARNING}
_LEGACY_FIRING = frozenset(_LEGACY_SEVERITY)
_LEGACY_OVER = frozenset({"ok"})


def verify(request: Request, secrets: Secrets) -> None:
    """HMAC if Grafana signed, else a bearer token (contact point → Authorization header)."""
    keys = open_door(secrets, "GRAFANA_SECRET")
    signature = request.headers.get(SIGNATURE_HEADER)
    if signature is None:
        require_bearer(request.headers.get("authorization", ""), keys)
        return
    signed = request.body
    timestamp = request.headers.get(TIMESTAMP_HEADER)
    if timestamp is not None:
        require_fresh(timestamp, request.received_at)
        signed = timestamp.encode("latin-1", "replace") + b":" + signed
    require_hex_signature([signature.strip()], keys, signed)


def parse(request: Request) -> Heard:
    """Events of either shape; pending and paused legacy states tell nothing yet."""
    body = json_object(request.body)
    if isinstance(body.at("alerts").value, list):
        return read_alerts(body, request, "grafana")
    if not body.text("ruleName"):
        raise BadPayload("alerts or ruleName: one of them is expected; is this Grafana's webhook?")
    return _legacy(body, request)


def _legacy(body: Reader, request: Request) -> Heard:
    state = body.text("state")
    if state not in _LEGACY_FIRING | _LEGACY_OVER:
        return left_aside(f"a rule in state {state or 'unknown'} tells nothing yet")
    rule = body.text("ruleName", length=256)
    matches = [
        f"{match.text('metric')} = {match.text('value')}" for match in body.items("evalMatches")
    ]
    tags = body.pairs("tags")
    return Heard(
        (
            Event(
                source="grafana",
                event_id=request.id,
                service=first(tags.get("service", ""), tags.get("app", ""), "grafana"),
                environment=first(tags.get("environment", ""), tags.get("env", ""), "production"),
                severity=_LEGACY_SEVERITY.get(state, Severity.INFO),
                signal=Signal.RESOLVED if state in _LEGACY_OVER else Signal.FIRING,
                title=rule,
                message=lines(body.text("message"), *matches[:20]) or rule,
                occurred_at=request.received_at,
                fingerprint_hint=digest([body.text("ruleId"), body.text("dashboardId"), rule]),
                links=links_of(("Rule", body.text("ruleUrl")), ("Image", body.text("imageUrl"))),
                labels=tags,
            ),
        )
    )
