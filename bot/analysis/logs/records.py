"""Log lines become records again.

A trace often arrives as one log event per line, and requests that run at the same time put
their lines between each other's. What belongs together is found by indentation, by the words
that chain exceptions, by a request id at the start of a line, and by equal times. One pass,
linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.analysis.logs.query import LogLine

#: Lines further apart than this are not one record.
_TOGETHER_MS = 2_000
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LANE = re.compile(
    rf"\[?((?:req|request|rid|correlation|trace)(?:_?id)?[-=:][\w.-]{{1,64}}|{_UUID})\]?[ :|]?(.*)",
    re.DOTALL | re.IGNORECASE,
)
_LEVEL_WORD = (
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|SEVERE|CRIT|CRITICAL|FATAL|ALERT|EMERG)\b"
)
_HEAD = re.compile(
    rf"\[?\d{{4}}-\d\d-\d\d[T ]|\[?\d\d:\d\d:\d\d|\[?{_LEVEL_WORD}|\{{\s*\"|[IWEF]\d{{4}} \d"
    r"|(?:START|END|REPORT|INIT_START|EXTENSION|TELEMETRY)\b.*(?:RequestId|Version|Name):"
    r"|(?:level|time|ts|severity)=|\d{1,3}(?:\.\d{1,3}){3} |RequestId: "
)
_ANY_LEVEL = re.compile(
    rf"\b{_LEVEL_WORD}|\[(?:error|crit|warn)\]|(?:level|severity)[=:]\s*\"?\w+", re.IGNORECASE
)
_HARMLESS = re.compile(r"trace|debug|info|notice", re.IGNORECASE)
_TRACEBACK = re.compile(r"[\s+|]*(?:Exception Group )?Traceback \(most recent call last\):")
_CHAIN = re.compile(
    r"Caused by: |Suppressed: |\.\.\. \d+ (?:more|common frames)"
    r"|During handling of the above exception|The above exception was the direct cause"
    r"|--- End of "
)
_FRAME = re.compile(
    r"\s+(?:at |File \"|\.\.\. \d+ |from .+:\d+|\d+: |Caused by: |Suppressed: )"
    r"|#\d+ |\s*goroutine \d+ "
)
_LAST_PYTHON_LINE = re.compile(r"[A-Za-z_][\w.]*(?:: .*|:?)$", re.DOTALL)
_GO_LINE = re.compile(
    r"[\w./*()\[\]{}$~-]+\(.*\)$|created by |goroutine \d+ \[|exit status|\[signal "
)
_LAMBDA_START = re.compile(rf"START RequestId: ({_UUID})")
_LAMBDA_END = re.compile(rf"END RequestId: ({_UUID})")
_ANY_ID = re.compile(rf"(?:^|[\s\[=:])({_UUID})(?=[\s\]]|$)")


@dataclass(slots=True)
class Record:
    """What a program logged at one moment: one line, or a head and its trace.

    `parts` are the log lines that it was made of, as they were.
    """

    id: str
    at: int
    lines: list[str]
    request_id: str = ""
    last_at: int = 0
    parts: list[LogLine] = field(default_factory=list)
    mode: str = field(default="", repr=False)  # which language's trace is open

    @property
    def text(self) -> str:
        """The whole record without its request prefix."""
        return "\n".join(self.lines)


@dataclass(slots=True)
class _Lane:
    """The lines of one request, or of all that name none."""

    last: Record | None = None
    trace: Record | None = None


def records(lines: Iterable[LogLine]) -> list[Record]:
    """Join the lines of one log stream, in their order, into records."""
    lanes: dict[str, _Lane] = {}
    found: list[Record] = []
    running = ""
    for line in lines:
        text = line.message.replace("\u00a0", " ").rstrip("\r\n ")
        prefix = _LANE.match(text)
        lane_id, body = (prefix[1], prefix[2]) if prefix else ("", text)
        if started := _LAMBDA_START.match(text):
            running = started[1]
        lane = lanes.setdefault(lane_id, _Lane())
        record = _owner(lane, line, body)
        if record is None:
            if not body.strip():
                continue
            record = Record(line.id, line.at, [], _request_id(lane_id, text) or running)
            found.append(record)
            lane.last = record
        _append(record, lane, line.at, body)
        record.parts.append(line)
        if _LAMBDA_END.match(text):
            running = ""
    return found


def begins_record(message: str) -> bool:
    """Whether a line begins a record by itself: with a time, a level, a JSON object."""
    return _HEAD.match(message) is not None


def _request_id(lane_id: str, text: str) -> str:
    if lane_id:
        return lane_id
    head = text[:200]
    found = _ANY_ID.search(head)
    return found[1] if found else ""


def _owner(lane: _Lane, line: LogLine, body: str) -> Record | None:
    """The record that `body` continues, or None if it begins one."""
    last = lane.last if _is_near(lane.last, line) else None
    trace = lane.trace if _is_near(lane.trace, line) else None
    if body[:1] in (" ", "\t"):
        if trace is not None and (trace.mode == "python" or _FRAME.match(body)):
            return trace
        return last
    if not body:
        return trace
    if _HEAD.match(body):
        return None
    return _continued(last, trace, line, body)


def _continued(
    last: Record | None, trace: Record | None, line: LogLine, body: str
) -> Record | None:
    """The record that an unindented line without a log head continues."""
    if _CHAIN.match(body) or body.startswith("goroutine "):
        return trace or last
    if _TRACEBACK.match(body):
        return _traceback_owner(last, trace)
    if trace is None:
        return None
    if trace.mode == "python" and _LAST_PYTHON_LINE.match(body):
        return trace
    if trace.mode == "go" and _GO_LINE.match(body):
        return trace
    # The rest of a message of several lines was written in the same moment.
    return trace if trace.mode == "done" and trace.last_at == line.at and trace is last else None


def _traceback_owner(last: Record | None, trace: Record | None) -> Record | None:
    """A traceback belongs to the chain before it or to the log line that announced it."""
    if trace is not None and trace.mode == "chain":
        return trace
    if last is None or last.mode or not _HEAD.match(last.lines[0]):
        return None
    level = _ANY_LEVEL.search(last.lines[0][:200])
    return last if level and not _HARMLESS.search(level[0]) else None


def _is_near(record: Record | None, line: LogLine) -> bool:
    return record is not None and abs(line.at - record.last_at) <= _TOGETHER_MS


def _append(record: Record, lane: _Lane, at: int, body: str) -> None:
    record.last_at = at
    for part in body.split("\n"):
        part = part.rstrip("\r")
        record.mode = _next_mode(record.mode, part)
        record.lines.append(part)
    if record.mode:
        lane.trace = record


def _next_mode(mode: str, line: str) -> str:
    """What may follow `line`: "python" waits for the exception's line, "done" had it."""
    if _TRACEBACK.match(line):
        return "python"
    if line.startswith(("panic: ", "fatal error: ", "goroutine ")):
        return "go"
    if line.startswith(("During handling of the above", "The above exception was")):
        return "chain"
    if mode == "python" and line and line[0] not in " \t":
        return "done"
    if mode in ("", "done") and _FRAME.match(line):
        return "frames"
    return mode
