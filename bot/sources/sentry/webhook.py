"""Sentry's integration-platform webhooks, and its legacy WebHooks plugin.

`Sentry-Hook-Signature` is the bare hex HMAC-SHA256 of the raw body with the client secret; the
timestamp header is not signed, so there is no replay window and `Request-ID` dedupes. The
legacy plugin signs nothing: its secret stands in the URL's last part. Resources: issue,
event_alert, metric_alert, error, comment, installation (docs.sentry.io, integration platform).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.errors import BadPayload, BadSignature
from bot.models import Event, Severity, Signal
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, lines, links_of, not_after, severity_of
from bot.sources.request import Request, Secrets
from bot.sources.sentry.event import Told, read_event
from bot.sources.signatures import open_door, require_hex_signature

_PROJECT = re.compile(r"/api/0/projects/[^/]{1,100}/([\w-]{1,100})/")
_ISSUE_SIGNALS = {
    "created": Signal.FIRING,
    "unresolved": Signal.FIRING,
    "resolved": Signal.RESOLVED,
    "archived": Signal.RESOLVED,
    "ignored": Signal.RESOLVED,
}
_METRIC_ACTIONS = {
    "critical": (Signal.FIRING, Severity.CRITICAL),
    "warning": (Signal.FIRING, Severity.WARNING),
    "resolved": (Signal.RESOLVED, Severity.INFO),
}


def verify(request: Request, secrets: Secrets) -> None:
    """The signature of either header Sentry uses; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "SENTRY_CLIENT_SECRET")
    given = first(
        request.headers.get("sentry-hook-signature", ""),
        request.headers.get("sentry-app-signature", ""),
    )
    require_hex_signature([given.strip()], keys, request.body)


def parse(request: Request) -> Heard:
    """By `Sentry-Hook-Resource`, or by what the data holds where a proxy dropped the header."""
    if not request.body.strip():
        return left_aside("an empty call: Sentry probes with them")
    body = json_object(request.body)
    data = body.at("data")
    resource = first(request.headers.get("sentry-hook-resource", ""), _by_content(data))
    read = _RESOURCES.get(resource)
    if read is None:
        return left_aside(f"{resource or 'this resource'} tells of no error")
    return read(body, data, request)


def verify_legacy(request: Request, secrets: Secrets) -> None:
    """The secret as the last part of the path: the plugin signs nothing."""
    keys = open_door(secrets, "SENTRY_LEGACY_SECRET")
    given = request.path.rpartition("/")[2].encode("latin-1", "replace")
    matches = [hmac.compare_digest(given, key) for key in keys]
    if not any(matches):
        raise BadSignature("the URL's last part is not the secret of this door")


def parse_legacy(request: Request) -> Heard:
    """The plugin's one shape: an issue's event with project and link around it."""
    body = json_object(request.body)
    event = body.at("event")
    if not isinstance(event.value, dict):
        raise BadPayload("event: an object is expected; is this Sentry's WebHooks plugin?")
    issue = body.text("id", length=64)
    told = Told(
        source="sentry",
        service=first(body.name("project_slug"), body.name("project")),
        hint=f"issue:{issue}" if issue else "",
        url=body.text("url"),
        title=first(event.text("title", length=256), body.text("message", length=256)),
    )
    return Heard((read_event(event, told, request),))


def _by_content(data: Reader) -> str:
    for resource, key in (
        ("event_alert", "event"),
        ("metric_alert", "metric_alert"),
        ("error", "error"),
        ("issue", "issue"),
        ("comment", "comment"),
        ("installation", "installation"),
    ):
        if data.at(key).value is not None:
            return resource
    return ""


def _event_alert(body: Reader, data: Reader, request: Request) -> Heard:  # noqa: ARG001
    return _error_event(data.at("event"), data.text("triggered_rule", length=200), request)


def _error(body: Reader, data: Reader, request: Request) -> Heard:  # noqa: ARG001
    return _error_event(data.at("error"), "", request)


def _error_event(event: Reader, rule: str, request: Request) -> Heard:
    if not isinstance(event.value, dict):
        raise BadPayload("data: the event is missing")
    issue = first(event.text("issue_id", length=64), _issue_of(event.text("issue_url")))
    told = Told(
        source="sentry",
        # The same name as an issue.* of this issue tells, or it would be another alert.
        service=first(event.name("project_slug"), _project_of(event.text("url"))),
        hint=f"issue:{issue}" if issue else "",
        url=event.text("web_url"),
        title=event.text("title", length=256),
    )
    read = read_event(event, told, request)
    if rule:
        return Heard((_with_label(read, "rule", rule),))
    return Heard((read,))


def _issue(body: Reader, data: Reader, request: Request) -> Heard:
    action = body.text("action", length=40)
    signal = _ISSUE_SIGNALS.get(action)
    if signal is None:
        return left_aside(f"issue.{action} neither opens nor closes a problem")
    issue = data.at("issue")
    issue_id = first(issue.text("id", length=64), request.id)
    title = first(issue.text("title", length=256), "Sentry issue")
    seen = issue.moment("lastSeen") if signal is Signal.FIRING else None
    event = Event(
        source="sentry",
        event_id=f"issue:{issue_id}:{action}:{first(_request_id(request), request.id)}",
        service=first(issue.name("project", "slug"), "sentry"),
        severity=severity_of(issue.text("level", length=20), Severity.ERROR),
        signal=signal,
        title=title,
        # issue.* carries no stack trace; the event_alert of the same issue does.
        message=lines(first(issue.text("metadata", "value"), title), issue.text("culprit")),
        occurred_at=not_after(seen, request.received_at),
        fingerprint_hint=f"issue:{issue_id}",
        user=body.name("actor", "name") if signal is Signal.RESOLVED else "",
        links=links_of(
            ("Sentry", first(issue.text("web_url"), issue.text("permalink"), issue.text("url")))
        ),
        labels={"sentry": issue.name("shortId")} if issue.name("shortId") else {},
    )
    return Heard((event,))


def _metric_alert(body: Reader, data: Reader, request: Request) -> Heard:
    action = body.text("action", length=40)
    if action not in _METRIC_ACTIONS:
        return left_aside(f"metric_alert.{action} neither opens nor closes a problem")
    signal, severity = _METRIC_ACTIONS[action]
    alert = data.at("metric_alert")
    name = first(alert.text("alert_rule", "name", length=256), alert.text("title", length=256))
    projects = [project.name() for project in alert.items("projects")]
    title = first(data.text("description_title", length=256), name, "Sentry metric alert")
    delivery = first(_request_id(request), request.id)
    event = Event(
        source="sentry",
        event_id=f"metric:{alert.text('id', length=64)}:{action}:{delivery}",
        service=first(*projects, "sentry"),
        severity=severity,
        signal=signal,
        title=title,
        message=first(data.text("description_text"), title),
        occurred_at=not_after(alert.moment("date_detected"), request.received_at),
        fingerprint_hint=f"metric:{first(alert.text('alert_rule', 'id', length=64), name)}",
        links=links_of(("Sentry", data.text("web_url"))),
    )
    return Heard((event,))


def _installation(body: Reader, data: Reader, request: Request) -> Heard:  # noqa: ARG001
    return left_aside(f"the installation was {first(body.text('action', length=40), 'changed')}")


def _comment(body: Reader, data: Reader, request: Request) -> Heard:  # noqa: ARG001
    return left_aside("a comment tells of no error")


def _request_id(request: Request) -> str:
    return request.headers.get("request-id", "")[:100]


def _issue_of(url: str) -> str:
    """`https://sentry.io/api/0/issues/1635244907/` names the issue."""
    tail = url.rstrip("/").rpartition("/")[2]
    return tail if tail.isdigit() else ""


def _project_of(url: str) -> str:
    """`https://sentry.io/api/0/projects/<organization>/shop/events/…` names the project."""
    found = _PROJECT.search(url)
    return found[1] if found else ""


def _with_label(event: Event, name: str, value: str) -> Event:
    return replace(event, labels={**event.labels, name: value})


_RESOURCES: Mapping[str, Callable[[Reader, Reader, Request], Heard]] = {
    "event_alert": _event_alert,
    "error": _error,
    "issue": _issue,
    "metric_alert": _metric_alert,
    "installation": _installation,
    "comment": _comment,
}
