"""The log lines around an alert's error: found while the log has them, kept for when it has not.

The lines of the same request or trace say most, be its id told as such or named in the error's
words; those of the same stream come next; else it is what the service's groups wrote in the
minute before and the minute after.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bot.alerting.looking import Found, look
from bot.alerting.redaction import Redactor
from bot.analysis.logs.nearest import nearest
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.question import Question
from bot.analysis.logs.requests import request_ids, shared_request_id
from bot.errors import NotFound
from bot.models import AlertDetail, Event, LogSnapshot, SnapshotLine, short_id
from bot.services.logs.store import Progress
from bot.services.logs.stores import LogStores
from bot.store import Store, snapshots

AROUND = (60_000, 10_000, 2_000)  # milliseconds to either side, the widest that is not too much
REQUEST = (600_000, 300_000)  # a request may have begun so long before its error, and go on
MOST_READ = 2_000  # lines
MOST_KEPT, MOST_BYTES, LONGEST = 300, 48_000, 2_000  # lines, bytes of all, characters of one
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def groups_of(stores: LogStores, detail: AlertDetail) -> tuple[str, ...]:
    """The log groups in which an alert's error was logged.

    Raises:
        NotFound: nobody knows them. UpstreamError: the log store does not answer.
    """
    if told := detail.event.labels.get("log_group"):
        return (told,)
    service = detail.alert.service
    try:
        return stores.groups_of(service) or await stores.resolve(service)
    except NotFound as error:
        raise NotFound(
            f"Which log groups belong to {service} is not known. To cure it, name them in "
            f"LOG_GROUPS_BY_SERVICE. ({error})"
        ) from error


async def look_around(
    stores: LogStores,
    redactor: Redactor,
    detail: AlertDetail,
    groups: tuple[str, ...],
    progress: Progress,
) -> Found:
    """Read the lines around an alert's last occurrence, without their secrets.

    Raises:
        NotFound: there are none.
        UpstreamError: the log store does not answer.
    """
    groups = await groups_of(stores, detail)
    best: Found | None = None
    for question in questions(detail, groups):
        reading = Progress()
        found = await look(stores, redactor, question, reading)
        progress.scanned += reading.scanned
        progress.calls += reading.calls
        progress.matched = max(progress.matched, reading.matched)
        if best is None or found.lines:
            best = found
        # The error's own line alone tells nothing new.
        if len(found.lines) > 1 and not reading.more:
            return found
    if best is None or not best.lines:
        raise NotFound(
            f"No log lines are found around the last occurrence of {detail.alert.short_id} in "
            f"{', '.join(groups[:3])}. They may still be on their way, or the log has "
            "forgotten them."
        )
    return best


def questions(detail: AlertDetail, groups: tuple[str, ...]) -> Iterator[Question]:
    """What to ask, the most telling first; the next one if it finds nothing, or too much."""
    event = detail.event
    at = (event.occurred_at - _EPOCH) // timedelta(milliseconds=1)

    def asked(before: int, after: int, *, trace: str = "", stream: str = "") -> Question:
        return Question(
            groups,
            at - before,
            at + after,
            name=detail.alert.service,
            trace=trace,
            stream=stream,
            limit=MOST_READ,
            alert=detail.alert.id,
            occurred=at,
        )

    for known in _requests(event):
        yield asked(*REQUEST, trace=known)
    if stream := event.labels.get("log_stream", ""):
        for reach in AROUND:
            yield asked(reach, reach, stream=stream)
    for reach in AROUND:
        yield asked(reach, reach)


def _requests(event: Event) -> Iterator[str]:
    """The ids of the error's request and trace: told as such, or named in its words."""
    told = [event.request.request_id if event.request is not None else "", event.trace_id]
    words = (event.message, event.title, *(each.message for each in event.exceptions))
    named = [name for text in words for name in request_ids(text)]
    if not named:
        named.append(shared_request_id(event.log_lines))
    yield from dict.fromkeys(name for each in (*told, *named) if (name := each.strip()))


def snapshot_of(found: Found, now: datetime) -> LogSnapshot:
    """As many of the lines, from the error outwards, as are worth keeping."""
    lines = [
        SnapshotLine(line.timestamp, _short(line.message), line.group, line.stream)
        for line in found.lines
    ]
    first, last = nearest(
        [line.at for line in found.lines],
        [len(line.message.encode()) for line in lines],
        found.question.occurred,
        room=MOST_BYTES,
        most=MOST_KEPT,
    )
    left_out = len(lines) - (last - first)
    return LogSnapshot(now, _about(found.question), tuple(lines[first:last]), left_out)


async def kept_with(store: Store, question: Question) -> Found:
    """The lines that are kept with an alert, or came with its error.

    Raises:
        NotFound: there are none.
    """
    alert_id = question.alert
    snapshot = await store.read(lambda connection: snapshots.find(connection, alert_id))
    if snapshot is not None:
        more = f", {snapshot.left_out:,} more were not kept" if snapshot.left_out else ""
        taken = f"{snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        note = f"kept with {short_id(alert_id)} since {taken} ({snapshot.about}{more})"
        return Found(question, tuple(_lines(snapshot)), note=note)
    event = (await store.alerts.detail(alert_id)).event
    if not event.log_lines:
        raise NotFound(f"No log lines are kept with {short_id(alert_id)}, and none came with it.")
    at = (event.occurred_at - _EPOCH) // timedelta(milliseconds=1)
    lines = (LogLine(at, text, id=f"sent-{n}") for n, text in enumerate(event.log_lines))
    return Found(question, tuple(lines), note=f"sent by {event.source} with the error")


def _lines(snapshot: LogSnapshot) -> Iterator[LogLine]:
    for number, line in enumerate(snapshot.lines):
        at = (line.at - _EPOCH) // timedelta(milliseconds=1)
        yield LogLine(at, line.message, line.group, line.stream, f"kept-{number}")


def _short(message: str) -> str:
    whole = message.encode(errors="replace").decode()
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…"


def _about(question: Question) -> str:
    if question.trace:
        return f"trace {question.trace}"
    reach = (question.end or question.occurred) - question.occurred
    length = "1 min" if reach == AROUND[0] else f"{reach // 1000} s"
    stream = f", stream {question.stream}" if question.stream else ""
    return f"{length} around it{stream}"
