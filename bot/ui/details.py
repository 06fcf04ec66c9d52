"""Everything we know of an alert, as plain text for a file."""

from __future__ import annotations

from collections.abc import Iterator

from bot.models import AlertDetail, ExceptionInfo, Frame
from bot.ui import plain, times
from bot.ui.wording import ACT_WORDS


def details_text(detail: AlertDetail) -> str:
    """The whole alert and its latest event; control characters are shown, never obeyed."""
    sections = (
        ("", _facts(detail)),
        ("Message", [detail.alert.message]),
        ("Exceptions", _exceptions(detail.event.exceptions)),
        ("Stack trace as it was sent", [detail.event.stack_trace]),
        ("Log lines", detail.event.log_lines),
        ("Links", [f"{link.title}: {link.url}" for link in detail.event.links]),
        ("Labels", [f"{name} = {value}" for name, value in sorted(detail.event.labels.items())]),
        ("What people did", _acts(detail)),
    )
    return "\n\n".join(text for title, lines in sections if (text := _section(title, lines))) + "\n"


def _section(title: str, lines: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    body = plain.visible("\n".join(lines)).strip("\n")
    if not body:
        return ""
    return f"== {title} ==\n{body}" if title else body


def _facts(detail: AlertDetail) -> Iterator[str]:
    alert, event = detail.alert, detail.event
    request = event.request
    facts = {
        "Alert": f"{alert.short_id} {alert.title}",
        "State": f"{alert.state} (severity {alert.severity})",
        "Service": f"{alert.service} ({alert.environment})",
        "Occurrences": str(alert.occurrences),
        "First seen": times.full(alert.first_seen),
        "Last seen": times.full(alert.last_seen),
        "Where": alert.culprit,
        "Request": f"{request.method} {request.url} {request.request_id}" if request else "",
        "User": event.user,
        "Commit": event.commit,
        "Trace": event.trace_id,
        "Source": f"{event.source}, event {event.event_id}",
        "Card": detail.card_url,
    }
    for name, value in facts.items():
        if value.strip():
            yield f"{name:<12} {plain.one_line(value)}"


def _exceptions(exceptions: tuple[ExceptionInfo, ...]) -> Iterator[str]:
    for position, exception in enumerate(reversed(exceptions)):
        cause = "caused by " if position else ""
        yield f"{cause}{exception.type}: {exception.message}"
        yield from (_frame(frame) for frame in reversed(exception.frames))


def _frame(frame: Frame) -> str:
    mark = "*" if frame.in_app else " "
    line = "" if frame.line is None else f":{frame.line}"
    function = f" in {frame.function}" if frame.function else ""
    code = f"\n        {frame.code.strip()}" if frame.code.strip() else ""
    return f"  {mark} {frame.file}{line}{function}{code}"


def _acts(detail: AlertDetail) -> Iterator[str]:
    for record in detail.acts:
        extra = f" ({record.detail})" if record.detail else ""
        done = ACT_WORDS[record.act][1]
        yield f"{times.full(record.at)}  {record.person_name}: {done}{extra}"
