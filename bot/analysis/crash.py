"""What happened, from logs alone: the crash, where it is, what told of it, whom it met.

Reads lines of any format that `analysis.logs` reads, in the order of time and in flat memory; the
stack trace is read by `analysis.stacktrace`, as every alert's is. Knows nothing of scenarios.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.analysis import stacktrace
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.reading import Reading, read
from bot.analysis.logs.records import Record, begins_record, records
from bot.analysis.signs import Sign, Signs, may_be_sign, message_of, pairs_of
from bot.errors import NotFound
from bot.models import ExceptionInfo, Frame, Severity

MAX_USERS = 100_000
MANY_USERS = 25
_BATCH = 400
_LOOKED_BACK = 3_000  # records among which those of the crash's request are found
_SHOWN = 60  # records: of the crash's request, and warnings of the last minute before it
_OWN, _WARNINGS = 30, 20
_WARNING = Severity.WARNING.rank
_LAST_MINUTE_MS = 60_000
_USER_KEYS = ("user", "user_id", "user.id", "customer_id")


@dataclass(frozen=True, slots=True)
class CrashReport:
    """A crash as the logs tell it.

    Attributes:
        component: the service, and the file of the culprit in it.
        severity: as the record of the crash says, or worse; `reasons` tell why.
        users_impacted: how many different users errors named (100,000 means "at least").
        request: the records of the crash's own request and the warnings around it, oldest first.
    """

    title: str
    description: str
    component: str
    severity: Severity
    reasons: tuple[str, ...]
    error_type: str
    message: str
    culprit: Frame | None
    exceptions: tuple[ExceptionInfo, ...]
    stack_trace: str
    at: datetime
    service: str
    environment: str
    trace_id: str
    signs: tuple[Sign, ...]
    users_impacted: int
    lines: int
    errors: int
    request: tuple[str, ...]

    @property
    def warned_for(self) -> timedelta:
        """How long before the crash the first sign came."""
        began = min(
            (sign.first_at for sign in self.signs if sign.kind != "change"), default=self.at
        )
        return max(self.at - began, timedelta())


@dataclass(frozen=True, slots=True)
class _Told:
    """One record, understood."""

    record: Record
    reading: Reading
    service: str
    message: str
    pairs: Mapping[str, str]

    @property
    def trace_id(self) -> str:
        return self.reading.fields.get("trace_id") or self.pairs.get("trace_id", "")

    @property
    def user(self) -> str:
        found = (self.pairs[key] for key in _USER_KEYS if key in self.pairs)
        return self.reading.fields.get("user") or next(found, "")


class CrashAnalyst:
    """Listens to a log and tells of its crash: the first of the worst errors with a trace.

    Args:
        roots: path prefixes of our own code (see `stacktrace.mark_in_app`).
    """

    def __init__(self, *, roots: tuple[str, ...] = ()) -> None:
        self._roots = roots
        self._signs = Signs()
        self._users: set[int] = set()
        self._recent: deque[tuple[Record, Severity | None]] = deque(maxlen=_LOOKED_BACK)
        self._waiting: list[LogLine] = []
        self._crash: _Told | None = None
        self._signs_then: tuple[Sign, ...] = ()
        self._request: list[Record] = []
        self._trace_id = ""
        self._lines = self._errors = 0

    def feed(self, lines: Iterable[LogLine]) -> None:
        """Listen to lines, in the order of time."""
        for line in lines:
            self._lines += 1
            # A record is never cut: a batch ends where the next one begins.
            if len(self._waiting) >= _BATCH and begins_record(line.message):
                self._understand()
            self._waiting.append(line)

    def report(self) -> CrashReport:
        """What became of it; raises `NotFound` if no line is an error."""
        self._understand()
        crash = self._crash
        if crash is None:
            raise NotFound("There is no error in these logs.")
        trace = crash.reading.trace
        found = stacktrace.parse(trace) if trace else ()
        exceptions = stacktrace.mark_in_app(found, roots=self._roots)
        at = stacktrace.culprit(exceptions)
        surfaced = exceptions[-1] if exceptions else None
        error_type = surfaced.type if surfaced else crash.reading.exception_type or "Error"
        message = surfaced.message if surfaced and surfaced.message else crash.message
        severity, reasons = _severity(crash, len(self._users))
        service = crash.service or "unknown"
        report = CrashReport(
            title=f"{error_type}: {message}"[:250] if surfaced else crash.message[:250],
            description="",
            component=f"{service} ({_short(at)})" if at else service,
            severity=severity,
            reasons=reasons,
            error_type=error_type,
            message=message,
            culprit=at,
            exceptions=exceptions,
            stack_trace=trace,
            at=datetime.fromtimestamp(crash.record.at / 1000, UTC),
            service=service,
            environment=crash.reading.fields.get("environment") or crash.pairs.get("env", ""),
            trace_id=crash.trace_id,
            signs=self._signs_then,
            users_impacted=len(self._users),
            lines=self._lines,
            errors=self._errors,
            request=tuple(each.text for each in self._request),
        )
        return _described(report)

    def _understand(self) -> None:
        for record in records(self._waiting):
            self._hear(record, read(record))
        self._waiting.clear()

    def _hear(self, record: Record, reading: Reading) -> None:
        severity = reading.severity
        told = _told(record, reading) if may_be_sign(severity, reading.message) else None
        if told is not None and reading.is_error:
            self._errors += 1
            if told.user and len(self._users) < MAX_USERS:
                self._users.add(hash(told.user))
            if _is_worse(told, self._crash):
                self._crashed(told)
                return
        if told is not None:
            self._signs.hear(record.at, severity, told.service, told.message, told.pairs)
        self._recent.append((record, severity))
        if self._is_of_request(record) and len(self._request) < _SHOWN:
            self._request.append(record)

    def _crashed(self, told: _Told) -> None:
        """From here on this is the crash; what came before it is looked through."""
        self._crash = told
        self._trace_id = told.trace_id
        self._signs_then = self._signs.told()
        recent = list(enumerate(self._recent))
        own = [number for number, (record, _) in recent if self._is_of_request(record)]
        since = told.record.at - _LAST_MINUTE_MS
        warnings = [
            number for number, (record, severity) in recent
            if record.at >= since and severity is not None and severity.rank >= _WARNING
        ]  # fmt: skip
        kept = sorted({*own[-_OWN:], *warnings[-_WARNINGS:]})
        self._request = [*(recent[number][1][0] for number in kept), told.record]

    def _is_of_request(self, record: Record) -> bool:
        return bool(self._trace_id) and self._trace_id in record.lines[0]


def _told(record: Record, reading: Reading) -> _Told:
    pairs = pairs_of(record.text, record.lines[0])
    service = reading.fields.get("service") or pairs.get("service", "")
    return _Told(record, reading, service, message_of(reading, pairs), pairs)


def _is_worse(told: _Told, known: _Told | None) -> bool:
    """A trace is more than none; then the level counts; the first of equals stays."""
    if known is None:
        return True
    return _weight(told) > _weight(known)


def _weight(told: _Told) -> tuple[bool, int]:
    severity = told.reading.severity
    return bool(told.reading.trace), severity.rank if severity else 0


def _severity(crash: _Told, users: int) -> tuple[Severity, tuple[str, ...]]:
    said = crash.reading.severity or Severity.ERROR
    reasons = [f"the record of the crash says {said}"]
    if users >= MANY_USERS:
        reasons.append(f"{users:,} users met an error ({MANY_USERS} or more are critical)")
        said = Severity.CRITICAL
    return said, tuple(reasons)


def _described(report: CrashReport) -> CrashReport:
    return replace(report, description=" ".join(_sentences(report)))


def _sentences(report: CrashReport) -> Iterator[str]:
    at, cause = report.culprit, report.exceptions[0] if report.exceptions else None
    where = f" in {_short(at)} ({at.function})" if at and at.function else ""
    if cause is not None and len(report.exceptions) > 1:
        yield f"{cause.type}: {cause.message}{where} became {report.error_type}."
    else:
        yield f"{report.error_type}{where}: {report.message}."
    warnings = [sign for sign in report.signs if sign.kind != "change"]
    if warnings:
        first = min(warnings, key=lambda sign: sign.first_at)
        growth = f", {first.rising}" if first.rising else ""
        yield (
            f"The first of {len(warnings)} warning signs came {_span(report.warned_for)} before: "
            f"{first.service} “{first.text}” ({first.count:,}×{growth})."
        )
    changes = [sign for sign in report.signs if sign.kind == "change"]
    if changes:
        last = changes[-1]
        yield f"The last change before it: {last.service} “{last.text}”."
    yield f"{report.users_impacted:,} users met an error."


def _span(length: timedelta) -> str:
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _short(frame: Frame) -> str:
    file = "/".join(frame.file.replace("\\", "/").split("/")[-2:])
    return file if frame.line is None else f"{file}:{frame.line}"
