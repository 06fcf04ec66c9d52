"""One sample payload, told in the few words in which a row of `payload_rows.yaml` expects it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import BadPayload, BadSignature
from bot.models import Event, ExceptionInfo, Severity, Signal
from bot.sources.heard import Heard
from bot.sources.mapping import ready_mappings
from bot.sources.reading import moment_of
from bot.sources.request import Request, Secrets
from bot.sources.sentry.ingestion import SdkProject
from bot.sources.sns_signature import SnsTrust
from bot.sources.table import SourceSettings, source_table

Row = Mapping[str, Any]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
OUR_TOPIC = "arn:aws:sns:us-east-1:123456789012:prod-alarms"
_SHOWN = 110


def told(path: Path, row: Row) -> dict[str, Any]:
    """What the row's reader makes of the file, in the shape of a row's `becomes`."""
    try:
        heard = _heard(path, row)
    except (BadPayload, BadSignature) as refusal:
        return {"refused": str(refusal)}
    if heard.events:
        return {"events": [_event(event) for event in heard.events]}
    if heard.shipments:
        (change,) = heard.shipments
        where = f"{change.repository}#{change.number}"
        return {"shipment": f"{change.kind} {where} {change.state} by {change.by} {change.at:%F}"}
    if heard.confirm:
        return {"confirm": heard.confirm.topic}
    return {"left_aside": heard.note}


def _heard(path: Path, row: Row) -> Heard:
    body = path.read_bytes()
    headers = {name.lower(): value for name, value in row.get("headers", {}).items()}
    address, query = "/api/1/store/", {"sentry_key": "k"}
    now = NOW
    project = SdkProject(1, "")
    if path.suffix == ".envelope":
        sent = json.loads(path.with_suffix(".headers.json").read_text())
        headers |= {name.lower(): value for name, value in sent["headers"].items()}
        address, _, asked = sent["path"].partition("?")
        query = dict(pair.partition("=")[::2] for pair in asked.split("&") if pair)
        project = SdkProject(int(address.split("/")[2]), "shop")
    settings = SourceSettings(
        sns=_trust(path, row), project_of=lambda _key: project, mappings=ready_mappings()
    )
    source = source_table(settings)[row["reader"]]
    if row["reader"] == "sns":
        # The genuine certificates have run out: the clock stands where the message was sent.
        now = moment_of(json.loads(body).get("Timestamp")) or NOW
    request = Request("POST", address, headers, query, body, now, "delivery-1")
    if row["reader"] in ("sns", "sentry_sdk"):
        source.verify(request, Secrets("raw secret"))
    return source.parse(request)


def _trust(path: Path, row: Row) -> SnsTrust:
    def certificate(url: str) -> bytes:
        return (path.parent / url.rpartition("/")[2]).read_bytes()

    topic = row.get("topic", OUR_TOPIC)
    return SnsTrust((topic,), certificate, accepts_sha1=row.get("sha1", False))


def _event(event: Event) -> dict[str, Any]:
    """The fields a row names; what is as usual is left out."""
    said: dict[str, Any] = {
        "service": event.service,
        "environment": "" if event.environment == "production" else event.environment,
        "severity": "" if event.severity is Severity.ERROR else event.severity.value,
        "signal": "" if event.signal is Signal.FIRING else event.signal.value,
        "title": _short(event.title),
        "message": _short(event.message),
        "id": event.event_id,
        "at": "" if event.occurred_at == NOW else event.occurred_at.isoformat(timespec="seconds"),
        "grouped_by_sender": bool(event.fingerprint_hint),
        "exceptions": [_exception(one) for one in event.exceptions],
        "trace": _short(event.stack_trace.strip().rpartition("\n")[2]),
        "lines": len(event.log_lines),
        "request": f"{event.request.method} {event.request.url}".strip() if event.request else "",
        "user": event.user,
        "commit": event.commit,
        "links": [f"{link.title} {_short(link.url)}" for link in event.links],
    }
    return {name: value for name, value in said.items() if value}


def _exception(one: ExceptionInfo) -> str:
    where = ""
    if one.frames:
        top = one.frames[-1]
        place = f"{top.file}:{top.line or '-'} {top.function or '-'}"
        where = f" | {len(one.frames)} frames, {_short(place)}"
    return _short(f"{one.type}: {one.message}") + where


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
