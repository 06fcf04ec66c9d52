"""What people read on GitHub about an alert: the issue, and the pull request's report.

Everything that came from outside is shown as code, never as prose: there GitHub notifies
nobody (@user), links nothing (#123), closes nothing (fixes #1) and renders nothing. Titles are
plain text on GitHub but become commit messages, so their references are broken up.
Redaction has been done before; cutting comes last, and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.analysis.logs.nearest import nearest
from bot.analysis.quoting import (
    code,
    fence,
    limited,
    one_line,
    quiet,
    safe_url,
    shortened,
)
from bot.analysis.stacktrace import culprit
from bot.drafts import IssueDraft, PullRequestDraft, SourceLocation
from bot.models import AlertDetail, ExceptionInfo, Frame, LogSnapshot, Severity, SnapshotLine

MAX_BODY = 65_536  # GitHub's limit for an issue's, a pull request's and a comment's body
MAX_TITLE = 256
MAX_FRAMES = 12
MAX_LINKED = 20
MAX_LOG_CHARS = 12_000
MAX_TRACE_CHARS = 30_000
TIMED = re.compile(r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d")  # a line that tells its time by itself
CUT = "\n\n*… cut here: the report is longer than GitHub allows.*\n"
BADGES = {
    Severity.INFO: "🔵",
    Severity.WARNING: "🟡",
    Severity.ERROR: "🟠",
    Severity.CRITICAL: "🔴",
}


def issue_draft(
    detail: AlertDetail,
    repository: str,
    locations: Sequence[SourceLocation] = (),
    *,
    salt: str = "",
) -> IssueDraft:
    """The issue of an alert.

    Args:
        locations: where its frames lie in the repository, as far as that is known.
        salt: random, of the deployment; makes the hidden marker impossible to guess.
    """
    hidden = marker(detail, "issue", salt)
    parts = [
        *_opening(detail, repository, locations),
        *_evidence(detail, locations),
        *_closing(detail),
    ]
    return IssueDraft(
        title=title(detail), body=_joined(parts, hidden), marker=hidden, labels=_labels(detail)
    )


def pull_request_draft(
    detail: AlertDetail,
    repository: str,
    locations: Sequence[SourceLocation] = (),
    *,
    salt: str = "",
    folder: str = "incidents",
) -> PullRequestDraft:
    """A draft pull request that adds `<folder>/J-42.md`, a report and no fix."""
    alert = detail.alert
    hidden = marker(detail, "pull_request", salt)
    path = f"{folder.strip('/')}/{alert.short_id}.md"
    report = [
        f"# {title(detail)}",
        *_opening(detail, repository, locations),
        *_evidence(detail, locations),
    ]
    notice = (
        "> [!IMPORTANT]\n"
        "> **This draft holds no fix yet.** It adds one incident report, "
        f"`{path}`, and opens a place to work: push the fix to this branch, "
        "then mark the pull request ready for review."
    )
    parts = [notice, _issue_of(detail), *_opening(detail, repository, locations)]
    parts += [*_evidence(detail, locations), *_closing(detail)]
    mark = hidden.removeprefix("<!-- ").removesuffix(" -->")
    return PullRequestDraft(
        branch=f"jinkies/{alert.short_id}",
        title=title(detail, "Incident report: "),
        body=_joined(parts, hidden),
        marker=hidden,
        commit_message=f"Add the incident report of {alert.short_id}\n\n{mark}",
        files={path: _joined(report, "")},
        labels=_labels(detail),
    )


def marker(detail: AlertDetail, kind: str, salt: str = "") -> str:
    """The hidden comment that finds an issue again: one per deployment, alert and kind.

    Made of what never changes in an alert: a late event moves even `first_seen`.
    """
    alert = detail.alert
    secret = "\0".join([salt, str(alert.id), alert.fingerprint.key])
    mark = hashlib.sha256(f"{kind}\0{secret}".encode(errors="replace")).hexdigest()[:20]
    return f"<!-- jinkies:alert:{alert.id}:{kind}:{mark} -->"


def title(detail: AlertDetail, prefix: str = "") -> str:
    """`[J-42] ZeroDivisionError: division by zero`, one line, at most 256 characters."""
    alert = detail.alert
    what = one_line(alert.title or alert.message) or "an error without a message"
    drill = "[DRILL] " if alert.drill else ""
    return shortened(f"{drill}{prefix}[{alert.short_id}] {quiet(what)}", MAX_TITLE)


def _opening(
    detail: AlertDetail, repository: str, locations: Sequence[SourceLocation]
) -> list[str]:
    alert = detail.alert
    seen = f"once, {_when(alert.last_seen)}"
    if alert.occurrences > 1:
        span = f"{_when(alert.first_seen)} and {_when(alert.last_seen)}"
        seen = f"{alert.occurrences:,} times between {span}"
    lead = (
        f"{BADGES[alert.severity]} **{alert.severity.value.capitalize()}** in "
        f"{code(alert.service)} ({code(alert.environment)}), seen {seen}."
    )
    drill = "> [!WARNING]\n> **This is a drill.** Nothing here has really happened."
    start = [drill, lead] if alert.drill else [lead]
    return [*start, "## What happened", _what(detail), _table(detail, repository, locations)]


def _what(detail: AlertDetail) -> str:
    surfaced = detail.event.exceptions[-1] if detail.event.exceptions else None
    if surfaced is None:
        return fence(limited(detail.event.message or detail.alert.message, 4000), "text")
    return fence(limited(_headline(surfaced), 4000), "text")


def _headline(exception: ExceptionInfo) -> str:
    return f"{exception.type}: {exception.message}" if exception.message else exception.type


def _table(detail: AlertDetail, repository: str, locations: Sequence[SourceLocation]) -> str:
    alert, event = detail.alert, detail.event
    request = event.request
    called = f"{request.method} {request.url}".strip() if request else ""
    rows = [
        ("Alert", f"`{alert.short_id}`"),
        ("State", alert.state.value),
        ("Service", code(alert.service)),
        ("Environment", code(alert.environment)),
        ("Occurrences", f"{alert.occurrences:,}"),
        ("First seen", _when(alert.first_seen)),
        ("Last seen", _when(alert.last_seen)),
        ("Commit", _commit(repository, event.commit)),
        ("Where", _where(detail, locations)),
        ("Request", code(called) if called else ""),
        ("Request id", code(request.request_id) if request and request.request_id else ""),
        ("User", code(event.user) if event.user else ""),
        ("Trace", code(event.trace_id) if event.trace_id else ""),
        *((code(name, 60), code(value)) for name, value in list(event.labels.items())[:20]),
    ]
    shown = [f"| {name} | {value} |" for name, value in rows if value]
    return "\n".join(["| | |", "|---|---|", *shown])


def _where(detail: AlertDetail, locations: Sequence[SourceLocation]) -> str:
    """The culprit as the repository spells its path: a machine's own tells no reader anything."""
    frame = culprit(detail.event.exceptions)
    if frame and detail.alert.culprit.startswith(frame.file or frame.module):
        found = _location_of(frame, locations)
        if found:
            function = f" in {frame.function}" if frame.function else ""
            return code(f"{_place(found)}{function}")
    return code(detail.alert.culprit) if detail.alert.culprit else ""


def _commit(repository: str, commit: str) -> str:
    """A sha in prose is linked by GitHub itself, if it is one of this repository."""
    if re.fullmatch(r"[0-9a-f]{7,40}", commit):
        return f"{commit[:12]}" if repository else f"`{commit[:12]}`"
    return code(commit) if commit else ""


def _evidence(detail: AlertDetail, locations: Sequence[SourceLocation]) -> list[str]:
    event = detail.event
    parts: list[str] = []
    frames = _frames_that_matter(event.exceptions)
    if frames:
        parts += ["## Where it comes from", _frame_list(frames, locations)]
    elif locations:
        parts += ["## Where it comes from", _location_list(locations)]
    trace = event.stack_trace or _written(event.exceptions)
    if trace:
        shown = fence(limited(trace, MAX_TRACE_CHARS, keep_end=True), "text")
        parts.append(_folded("Stack trace", shown))
    return [*parts, *_logs(detail)]


def _logs(detail: AlertDetail) -> list[str]:
    """What the log held around the error, and what was sent with it that is not among that."""
    parts: list[str] = []
    sent = detail.event.log_lines
    if detail.logs is not None:
        told, logs = _log_around(detail.logs, detail.event.occurred_at)
        parts += ["## The log around it", told, fence(logs, "text")]
        sent = tuple(line for line in sent if line.strip() not in logs)
    if sent:
        logs = fence(limited("\n".join(sent), MAX_LOG_CHARS, keep_end=True), "text")
        parts += ["## Log lines sent with it", logs]
    return parts


def _log_around(snapshot: LogSnapshot, at: datetime) -> tuple[str, str]:
    """Where the lines are from and what they have in common; the lines nearest to the error."""
    lines = [_log_line(line) for line in snapshot.lines]
    times = [line.at.timestamp() for line in snapshot.lines]
    sizes = [len(line) + 1 for line in lines]
    first, last = nearest(times, sizes, at.timestamp(), room=MAX_LOG_CHARS, most=len(lines))
    left_out = snapshot.left_out + len(lines) - (last - first)
    more = f"; {left_out:,} more are left out" if left_out else ""
    groups = ", ".join(map(code, dict.fromkeys(line.group for line in snapshot.lines)))
    told = f"From {groups}: {code(snapshot.about)}{more}. Times are UTC."
    return told, limited("\n".join(lines[first:last]), MAX_LOG_CHARS)


def _log_line(line: SnapshotLine) -> str:
    message = line.message.rstrip()
    return message if TIMED.match(message) else f"{line.at:%H:%M:%S.%f}"[:-3] + f" {message}"


def _frames_that_matter(exceptions: Sequence[ExceptionInfo]) -> list[Frame]:
    """The newest frames first: our own, or all if none is known to be ours."""
    frames = [frame for exception in exceptions for frame in exception.frames][::-1]
    ours = [frame for frame in frames if frame.in_app]
    return list(dict.fromkeys(ours or frames))[:MAX_FRAMES]


def _frame_list(frames: Sequence[Frame], locations: Sequence[SourceLocation]) -> str:
    shown = []
    for number, frame in enumerate(frames, start=1):
        place = f"{frame.file}:{frame.line}" if frame.line is not None else frame.file
        found = _location_of(frame, locations)
        where = _linked(found) if found else code(place)
        function = f" in {code(frame.function, 120)}" if frame.function else ""
        shown.append(f"{number}. {where}{function}")
        if frame.code.strip():
            block = fence(limited(frame.code.strip("\n"), 1500), _language(frame.file))
            shown.append("\n".join("   " + line for line in block.split("\n")))
    return "\n".join(shown)


def _location_of(frame: Frame, locations: Sequence[SourceLocation]) -> SourceLocation | None:
    """The location that was found for a frame: same line, and the paths end alike."""
    name = re.split(r"[/\\]", frame.file)[-1]
    same = [
        found
        for found in locations
        if found.line == frame.line and found.path.rpartition("/")[2] == name
    ]
    parts = frame.file.replace("\\", "/")
    return max(same, key=lambda found: _common_end(found.path, parts), default=None)


def _common_end(left: str, right: str) -> int:
    length = 0
    for mine, other in zip(left[::-1], right[::-1], strict=False):
        if mine != other:
            break
        length += 1
    return length


def _location_list(locations: Sequence[SourceLocation]) -> str:
    return "\n".join(f"{n}. {_linked(x)}" for n, x in enumerate(locations[:MAX_FRAMES], start=1))


def _place(location: SourceLocation) -> str:
    line = f":{location.line}" if location.line is not None else ""
    return f"{location.path}{line}"


def _linked(location: SourceLocation) -> str:
    label = code(_place(location))
    return f"[{label}]({safe_url(location.url)})" if safe_url(location.url) else label


def _written(exceptions: Sequence[ExceptionInfo]) -> str:
    """A trace for structured exceptions, oldest frame first, as Python writes it."""
    lines: list[str] = []
    for exception in exceptions:
        if not exception.frames:
            continue
        for frame in exception.frames:
            line = f", line {frame.line}" if frame.line is not None else ""
            function = f", in {frame.function}" if frame.function else ""
            lines.append(f"  {frame.file}{line}{function}")
        lines.append(_headline(exception))
    return "\n".join(lines)


def _issue_of(detail: AlertDetail) -> str:
    """A reference to the alert's issue; our own number, so it may be live."""
    issue = next((s for s in detail.shipments if s.kind == "issue"), None)
    return f"Belongs to #{issue.number}." if issue else ""


def _closing(detail: AlertDetail) -> list[str]:
    links = [(link.title, link.url) for link in detail.event.links[:MAX_LINKED]]
    shown = [
        f"- [{quiet(shortened(one_line(name), 100)) or 'Link'}]({safe_url(url)})"
        for name, url in links
        if safe_url(url)
    ]
    parts = ["## Links", "\n".join(shown)] if shown else []
    card = safe_url(detail.card_url)
    where = f" [Card in Discord]({card})." if card else ""
    return [
        *parts,
        "---",
        f"<sub>Reported by Jinkies as {detail.alert.short_id}.{where} "
        "Secrets were removed before anything was stored.</sub>",
    ]


def _folded(summary: str, content: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def _labels(detail: AlertDetail) -> tuple[str, ...]:
    alert = detail.alert
    service = re.sub(r"[^\w.-]+", "-", one_line(alert.service)).strip("-")
    labels = ["jinkies", *(["drill"] if alert.drill else []), f"severity: {alert.severity.value}"]
    return (*labels, f"service: {service}"[:50]) if service else tuple(labels)


def _joined(parts: Iterable[str], hidden: str) -> str:
    """The whole text, within GitHub's limit; the hidden marker always stays."""
    text = "\n\n".join(part for part in parts if part)
    end = f"\n\n{hidden}\n" if hidden else "\n"
    room = MAX_BODY - len(end)
    if len(text) <= room:
        return text + end
    # The longest that closing the open fence and the open fold can take is a line each.
    kept = text[: room - len(CUT) - 200].rpartition("\n")[0]
    return kept + _still_open(kept) + CUT.rstrip("\n") + end


def _still_open(text: str) -> str:
    """What must be closed where a text was cut: a fence, a fold."""
    fence_open = ""
    for line in text.split("\n"):
        ticks = re.match(r" {0,3}`{3,}", line)
        if ticks and not fence_open:
            fence_open = ticks[0]
        elif ticks and line == fence_open:
            fence_open = ""
    fold = text.count("\n<details>\n") > text.count("\n</details>")
    return (f"\n{fence_open}" if fence_open else "") + ("\n\n</details>" if fold else "")


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def _language(file: str) -> str:
    suffix = file.rpartition(".")[2]
    return {"py": "python", "js": "javascript", "ts": "typescript", "java": "java", "go": "go"}.get(
        suffix, "text"
    )
