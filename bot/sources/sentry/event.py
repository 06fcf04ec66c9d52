"""A Sentry event payload in any of the spellings that SDKs and Sentry itself have used.

Frames run oldest to newest and exceptions root cause first, as ours do. `exception` may be a
list or `{"values": […]}`, tags a mapping or pairs, `logentry` a text; raven's events carry
`sentry.interfaces.*`, and Sentry's own API carries `entries` (docs: develop.sentry.dev, event
payloads).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.models import Event, ExceptionInfo, Frame, RequestInfo, Severity
from bot.sources.digest import digest
from bot.sources.reading import (
    LABEL_LENGTH,
    MAX_LABELS,
    Reader,
    first,
    links_of,
    not_after,
    severity_of,
)
from bot.sources.request import Request

_MAX_EXCEPTIONS = 20
_MAX_FRAMES = 200
_MAX_BREADCRUMBS = 100
_DEFAULT = "{{ default }}"
_TIMES = ("timestamp", "datetime", "dateCreated", "received")
_TAGS_SPOKEN_FOR = frozenset({"level", "environment", "release", "service", "sentry:release"})


@dataclass(frozen=True, slots=True)
class Told:
    """What the envelope, webhook or DSN around an event knows better than the event."""

    source: str
    service: str = ""
    event_id: str = ""
    hint: str = ""
    url: str = ""
    title: str = ""


def read_event(event: Reader, told: Told, request: Request) -> Event:
    """Read one event; never raises, however odd it is."""
    tags = dict(list(_tags(event))[:MAX_LABELS])
    exceptions = tuple(_exceptions(event))
    release = first(event.text("release", length=200), tags.get("release", ""))
    message = first(
        _message(event), _of_exceptions(exceptions), told.title, "an event without text"
    )
    user = event.at("user") or event.at("sentry.interfaces.User")
    web = event.at("request") or event.at("sentry.interfaces.Http")
    return Event(
        source=told.source,
        event_id=first(told.event_id, _event_id(event), request.id),
        service=first(tags.get("service", ""), told.service, _package(release), "sentry")[:100],
        environment=first(event.name("environment"), tags.get("environment", ""), "production"),
        severity=severity_of(
            first(event.text("level", length=20), tags.get("level", "")), Severity.ERROR
        ),
        title=told.title[:256],
        message=message,
        occurred_at=not_after(
            next((at for name in _TIMES if (at := event.moment(name)) is not None), None),
            request.received_at,
        ),
        exceptions=exceptions,
        fingerprint_hint=first(told.hint, _own_fingerprint(event)),
        commit=_commit(release),
        request=_request(web, tags),
        user=first(*(user.text(name, length=200) for name in ("id", "username", "email"))),
        trace_id=event.text("contexts", "trace", "trace_id", length=64),
        log_lines=tuple(_breadcrumbs(event)),
        links=links_of(("Sentry", first(told.url, event.text("web_url"), event.text("url")))),
        labels={
            **{key: value for key, value in tags.items() if key not in _TAGS_SPOKEN_FOR},
            **_context_labels(event, release),
        },
    )


def _event_id(event: Reader) -> str:
    names = ("event_id", "eventID", "id")
    return first(*(event.text(name, length=64) for name in names)).replace("-", "").lower()


def _message(event: Reader) -> str:
    if event.at("entries"):
        return first(*_told_in_entries(event), event.text("title"))
    entry = event.at("logentry") or event.at("sentry.interfaces.Message") or event.at("message")
    return first(entry.text("formatted"), _interpolated(entry), entry.text(), event.text("message"))


def _told_in_entries(event: Reader) -> Iterator[str]:
    """Sentry's API keeps words for its search in `message`; what was said lies in an entry."""
    for entry in event.items("entries"):
        if entry.text("type", length=40) == "message":
            yield first(entry.text("data", "formatted"), _interpolated(entry.at("data")))


def _interpolated(entry: Reader) -> str:
    """`message` with its `params` filled in, as Sentry shows it."""
    template, params = entry.text("message"), entry.at("params").value
    if isinstance(params, dict):
        for name, param in list(params.items())[:20]:
            shown = Reader(param).text(length=500)
            template = template.replace(f"%({name})s", shown).replace(f"{{{name}}}", shown)
    elif isinstance(params, list):
        for param in params[:20]:
            template = template.replace("%s", Reader(param).text(length=500), 1)
    return template


def _of_exceptions(exceptions: tuple[ExceptionInfo, ...]) -> str:
    if not exceptions:
        return ""
    surfaced = exceptions[-1]
    return ": ".join(part for part in (surfaced.type, surfaced.message) if part)


def _exceptions(event: Reader) -> Iterator[ExceptionInfo]:
    found = list(_values(event.at("exception")))
    found = found or list(_values(event.at("sentry.interfaces.Exception")))
    found = found or [one for entry in _entries(event) for one in _values(entry)]
    for one in found[-_MAX_EXCEPTIONS:]:
        if isinstance(one.value, dict):
            yield ExceptionInfo(
                type=one.text("type", length=200),
                message=one.text("value"),
                frames=_frames(one.at("stacktrace") or one.at("rawStacktrace")),
                module=one.text("module", length=200),
            )
    if not found and (trace := event.at("stacktrace") or event.at("sentry.interfaces.Stacktrace")):
        yield ExceptionInfo(type="", message="", frames=_frames(trace))


def _entries(event: Reader) -> Iterator[Reader]:
    for entry in event.items("entries"):
        if entry.text("type") == "exception":
            yield entry.at("data")


def _values(holder: Reader) -> Iterator[Reader]:
    """`{"values": […]}`, a bare list, or one bare object."""
    if isinstance(holder.value, list):
        return holder.items()
    if holder.at("values").value is not None:
        return holder.items("values")
    return iter((holder,)) if holder.text("type") else iter(())


def _frames(trace: Reader) -> tuple[Frame, ...]:
    frames = [frame for frame in trace.items("frames") if isinstance(frame.value, dict)]
    return tuple(_frame(frame) for frame in frames[-_MAX_FRAMES:])


def _frame(frame: Reader) -> Frame:
    line = frame.at("lineno").value or frame.at("lineNo").value
    column = frame.at("colno").value or frame.at("colNo").value
    in_app = frame.at("in_app").value
    if in_app is None:
        in_app = frame.at("inApp").value
    return Frame(
        file=first(
            frame.text("filename", length=1_000),
            frame.text("abs_path", length=1_000),
            frame.text("absPath", length=1_000),
            frame.text("package", length=1_000),
        ),
        line=line if isinstance(line, int) and line > 0 else None,
        function=frame.text("function", length=500),
        module=frame.text("module", length=500),
        in_app=in_app if isinstance(in_app, bool) else None,
        code=first(frame.text("context_line", length=500), _context(frame, line)),
        column=column if isinstance(column, int) and column > 0 else None,
    )


def _context(frame: Reader, line: object) -> str:
    """Sentry's API shows source as `context: [[7, "code"], …]`."""
    for pair in frame.items("context"):
        if isinstance(pair.value, list) and len(pair.value) == 2 and pair.value[0] == line:
            return Reader(pair.value[1]).text(length=500)
    return ""


def _tags(event: Reader) -> Iterator[tuple[str, str]]:
    if isinstance(event.at("tags").value, dict):
        yield from event.pairs("tags").items()
        return
    for pair in event.items("tags"):
        if isinstance(pair.value, list) and len(pair.value) == 2:
            key, value = Reader(pair.value[0]), Reader(pair.value[1])
        else:
            key, value = pair.at("key"), pair.at("value")
        if key.name():
            yield key.name(), value.text(length=LABEL_LENGTH)


def _breadcrumbs(event: Reader) -> Iterator[str]:
    crumbs = list(_values(event.at("breadcrumbs")))[-_MAX_BREADCRUMBS:]
    for crumb in crumbs:
        told = first(crumb.text("message", length=500), _of_data(crumb))
        if told:
            moment = crumb.moment("timestamp")
            clock = f"{moment:%H:%M:%S}" if moment else ""
            parts = (clock, crumb.text("level", length=20), crumb.text("category", length=60), told)
            yield " ".join(part for part in parts if part)


def _of_data(crumb: Reader) -> str:
    data = crumb.at("data")
    parts = [data.text(name, length=300) for name in ("method", "url", "status_code", "reason")]
    return " ".join(part for part in parts if part)


def _request(web: Reader, tags: dict[str, str]) -> RequestInfo | None:
    url = first(web.text("url", length=2_048), tags.get("url", ""))
    method = web.text("method", length=20)
    return RequestInfo(method=method, url=url) if url or method else None


def _context_labels(event: Reader, release: str) -> dict[str, str]:
    runtime = event.at("contexts", "runtime")
    labels = {
        "release": release,
        "server": event.name("server_name"),
        "logger": event.name("logger"),
        "transaction": event.text("transaction", length=200),
        "runtime": f"{runtime.name('name')} {runtime.name('version')}".strip(),
    }
    return {name: value for name, value in labels.items() if value}


def _own_fingerprint(event: Reader) -> str:
    """The fingerprint its developer chose; Sentry's own default is none."""
    parts = [part.text(length=200) for part in event.items("fingerprint")]
    if not parts or all(part.replace(" ", "") == _DEFAULT.replace(" ", "") for part in parts):
        return ""
    # "{{ default }}" beside other parts means "ours, split further", which a hint cannot say.
    return "" if _DEFAULT in parts else digest(parts)


def _package(release: str) -> str:
    """ "orders@1.4.2" names its package."""
    name, at, _ = release.partition("@")
    return name if at else ""


def _commit(release: str) -> str:
    version = release.rpartition("@")[2]
    is_hash = len(version) in (40, 64) and all(char in "0123456789abcdef" for char in version)
    return version if is_hash else ""
