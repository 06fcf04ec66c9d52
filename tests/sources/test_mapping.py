"""A mapping of one's own, as docs/sources.md shows it, and what is said of a wrong one."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import BadPayload, BadSignature, DoorShut, SettingsError
from bot.models import Event, Link, Severity, Signal
from bot.sources.mapping import SourceMapping, read_mappings
from bot.sources.request import Request, Secrets

DOCS = Path(__file__).parents[2] / "docs" / "sources.md"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LEAST = "event: {service: app, message: text, id: number}"


def documented() -> SourceMapping:
    """The example, copied out of the page."""
    section = DOCS.read_text(encoding="utf-8").partition("## Any other system")[2]
    (example,) = re.findall(r"\n\n((?: {4}.*\n)+)", section)
    return read_mappings(textwrap.dedent(example), "docs/sources.md")["pager"]


def sent(body: object, path: str = "/webhook/pager", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", path, named, {}, json.dumps(body).encode(), NOW, "request-1")


def mapped(text: str, name: str = "mine") -> SourceMapping:
    return read_mappings(f"{name}: {{{text}}}", "own.yaml")[name]


ALERT = {
    "labels": {"app": "billing", "env": "staging"},
    "text": "invoices are late",
    "priority": "P1",
    "state": "alarm",
    "uuid": "u-1",
    "alarm_id": "a-7",
    "name": "Late invoices",
    "at": "2026-01-02T03:00:00Z",
    "url": "https://pager.example/a-7",
    "meta": {"region": "eu"},
    "stack": "Traceback ...",
}


def test_the_documented_example_maps_every_field() -> None:
    body = {"alerts": [ALERT, ALERT | {"state": "pending"}, ALERT | {"state": "ok"}]}
    firing, resolved = documented().parse(sent(body)).events
    assert firing == Event(
        source="pager",
        event_id="billing/staging/u-1",
        service="billing",
        environment="staging",
        severity=Severity.CRITICAL,
        title="Late invoices",
        message="invoices are late",
        occurred_at=datetime(2026, 1, 2, 3, 0, tzinfo=UTC),
        stack_trace="Traceback ...",
        fingerprint_hint="a-7",
        links=(Link("Dashboard", "https://pager.example/a-7"),),
        labels={"region": "eu"},
    )
    assert resolved.signal is Signal.RESOLVED


def test_what_the_example_leaves_aside_says_why() -> None:
    pager = documented()
    pending = {"alerts": [ALERT | {"state": "pending"}]}
    assert "only_if" in pager.parse(sent(pending)).note
    assert "nothing this mapping reads" in pager.parse(sent({"alerts": []})).note


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"alerts": "three"}, "finds no list"),
        ({"alerts": [ALERT | {"text": None}]}, "finds no message"),
        ({"alerts": [ALERT | {"labels": {}}]}, "finds no service"),
    ],
)
def test_what_the_example_cannot_read_says_what_is_missing(body: object, reason: str) -> None:
    with pytest.raises(BadPayload, match=reason):
        documented().parse(sent(body))


def test_services_may_each_count_their_ids_from_one() -> None:
    mapping = mapped(LEAST)
    told = [mapping.parse(sent({"app": app, "text": "late", "number": 1})) for app in ("a", "b")]
    assert [heard.events[0].event_id for heard in told] == ["a/production/1", "b/production/1"]


def test_each_proof_opens_the_door_and_nothing_else_does() -> None:
    secrets, body = Secrets("s3cret"), {"app": "a", "text": "b"}
    signature = hmac.new(b"s3cret", json.dumps(body).encode(), hashlib.sha256).hexdigest()
    right = {
        "bearer": sent(body, authorization="Bearer s3cret"),
        "path": sent(body, "/webhook/mine/s3cret"),
        "{header: X-Token}": sent(body, x_token="s3cret"),
        "{hmac_sha256: X-Signature}": sent(body, x_signature=f"sha256={signature}"),
    }
    for proof, request in right.items():
        mapping = mapped(f"proof: {proof}, {LEAST}")
        mapping.verify(request, secrets)
        with pytest.raises(BadSignature):
            mapping.verify(request, Secrets("another"))
        with pytest.raises(BadSignature):
            mapping.verify(sent(body), secrets)
        with pytest.raises(DoorShut, match="MINE_SECRET"):
            mapping.verify(request, Secrets(""))


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("mine: {event: {service: a}}", "mine.event.message: is missing"),
        ("mine: {event: {service: a, message: 'b['}}", "mine.event.message: not a JMESPath"),
        ("mine: {proof: magic, event: {service: a, message: b}}", "mine.proof: must be bearer"),
        ("mine: {eech: x, event: {service: a, message: b}}", "mine.eech: unknown; there are about"),
        ("mine: {event: {servise: a, service: a, message: b}}", "mine.event.servise: unknown"),
        ("mine: {event: {service: a, message: b, links: x}}", "event.links: names and expressions"),
        ("'m/n': {event: {service: a, message: b}}", "a name is letters, digits"),
        ("mine: 7", "an `event` with at least service and message"),
        ("[]]", "not valid YAML"),
        ("- mine", "a mapping of names to mappings"),
    ],
)
def test_a_wrong_mapping_is_refused_with_the_place_of_the_mistake(text: str, mistake: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_mappings(text, "own.yaml")
    assert any(mistake in problem for problem in refused.value.problems), refused.value.problems
