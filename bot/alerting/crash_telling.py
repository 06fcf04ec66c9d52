"""A rehearsed crash as others are told of it: the archive, Slack, and our own doors' formats."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from bot.analysis.crash import CrashReport
from bot.analysis.signs import Sign
from bot.models import Event, ExceptionInfo, Frame
from bot.simulation.crash.playing import Play

_SLACK_SECTION = 2_900  # of 3,000 characters
_SLACK_HEADER = 150
_LOG_LINES = 100
_SIGNS = 8
_MARKS = {"warning": ":large_orange_circle:", "error": ":red_circle:", "change": ":wrench:"}


def archive_key(play: Play) -> str:
    """Where the logs lie in the bucket."""
    return f"{play.id}/error/{play.upload_id}.log"


def archive_item(
    report: CrashReport, play: Play, *, url: str, key: str, now: datetime
) -> dict[str, object]:
    """The record of a crash; `url` and `key` say where its logs are."""
    told = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "crashId": play.id,
        "scenario": play.scenario.scenario,
        "timestamp": report.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "s3Url": url,
        "s3Key": key,
        "errorDetails": {
            "title": report.title,
            "description": report.description,
            "severity": str(report.severity),
            "component": report.component,
            "errorType": report.error_type,
        },
        "usersImpacted": report.users_impacted,
        "status": "open",
        "createdAt": told,
        "updatedAt": told,
    }


def slack_message(report: CrashReport, play: Play, url: str) -> tuple[str, list[dict[str, Any]]]:
    """The text that notifications show, and the blocks of the message; `url` of the logs."""
    facts = {
        "Component": report.component,
        "Severity": f"{report.severity}",
        "Error type": report.error_type,
        "Users impacted": f"{report.users_impacted:,}",
    }
    at = report.culprit
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(f"🧪 SIMULATED: {report.title}", _SLACK_HEADER)},
        {"type": "section", "text": _marked(_escaped(report.description))},
        {
            "type": "section",
            "fields": [_marked(f"*{name}*\n{_escaped(value)}") for name, value in facts.items()],
        },
    ]
    if at is not None:
        place = f"{at.file}:{at.line} in {at.function}\n    {at.code.strip()}"
        blocks.append({"type": "section", "text": _marked(f"```{_escaped(place)}```")})
    if report.signs:
        lines = [_sign_line(report, sign) for sign in report.signs[:_SIGNS]]
        blocks.append({"type": "section", "text": _marked("\n".join(lines))})
    if url.startswith("http"):
        button = {"type": "button", "text": _plain("Open the logs", 75), "url": url[:3_000]}
        blocks.append({"type": "actions", "elements": [button]})
    foot = f"{_escaped(play.id)} · {report.lines:,} lines of log" + (
        "" if url.startswith("http") else f" in `{_escaped(url)}`"
    )
    blocks.append({"type": "context", "elements": [_marked(foot)]})
    return f"🧪 SIMULATED: {_escaped(report.title)} ({_escaped(report.component)})", blocks


def generic_delivery(event: Event) -> bytes:
    """An event as `/webhook/generic` takes it."""
    told = {
        "event_id": event.event_id,
        "service": event.service,
        "environment": event.environment,
        "severity": str(event.severity),
        "title": event.title,
        "message": event.message,
        "exception_type": event.exceptions[-1].type if event.exceptions else "",
        "stack_trace": event.stack_trace,
        "timestamp": event.occurred_at.isoformat(),
        "trace_id": event.trace_id,
        "log_lines": list(event.log_lines[-_LOG_LINES:]),
        "labels": dict(event.labels),
    }
    return json.dumps(told).encode()


def sentry_envelope(event: Event) -> bytes:
    """An event as Sentry's SDKs send it to `/api/<project>/envelope/`."""
    # The same playing again is the same event.
    event_id = hashlib.sha256(event.event_id.encode()).hexdigest()[:32]
    told = {
        "event_id": event_id,
        "timestamp": event.occurred_at.timestamp(),
        "platform": "python",
        "level": "fatal" if event.severity == "critical" else str(event.severity),
        "environment": event.environment,
        "server_name": event.service,
        "logentry": {"formatted": event.message},
        "tags": {**event.labels, "service": event.service},
        "contexts": {"trace": {"trace_id": event.trace_id, "span_id": event_id[:16]}},
        "exception": {"values": [_sentry_exception(each) for each in event.exceptions]},
        "breadcrumbs": {
            "values": [
                {"category": "log", "message": line} for line in event.log_lines[-_LOG_LINES:]
            ]
        },
    }
    body = json.dumps(told).encode()
    head = json.dumps({"event_id": event_id}).encode()
    item = json.dumps({"type": "event", "length": len(body)}).encode()
    return b"\n".join((head, item, body, b""))


def _sentry_exception(exception: ExceptionInfo) -> dict[str, object]:
    return {
        "type": exception.type,
        "value": exception.message,
        "module": exception.module,
        "stacktrace": {"frames": [_sentry_frame(frame) for frame in exception.frames]},
    }


def _sentry_frame(frame: Frame) -> dict[str, object]:
    return {
        "filename": frame.file.lstrip("/"),
        "abs_path": frame.file,
        "function": frame.function,
        "lineno": frame.line,
        "in_app": bool(frame.in_app),
        "context_line": frame.code,
    }


def _sign_line(report: CrashReport, sign: Sign) -> str:
    before = round((report.at - sign.first_at).total_seconds())
    count = f" {sign.count:,}×" if sign.count > 1 else ""
    growth = f" · {sign.rising}" if sign.rising else ""
    return (
        f"{_MARKS[sign.kind]} `-{before // 60}:{before % 60:02}` *{_escaped(sign.service)}* "
        f"{_escaped(sign.text[:120] + count + growth)}"
    )


def _plain(text: str, limit: int) -> dict[str, object]:
    return {"type": "plain_text", "text": _cut(text, limit), "emoji": True}


def _marked(text: str) -> dict[str, object]:
    return {"type": "mrkdwn", "text": _cut(text, _SLACK_SECTION)}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _escaped(text: str) -> str:
    """Slack calls people by <!channel> and <@U1>; nobody is called here."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
