"""The vocabulary: frozen values that travel between the rooms.

Every time is an aware UTC `datetime`. Lists are tuples. Nothing here knows SQL or Discord.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

T = TypeVar("T")

NO_LABELS: Mapping[str, str] = MappingProxyType({})

# What belongs to drill 7 says that it comes from here, and stands in the environment "drill #7".
# No door has this name, no mapping can have it, and the road lets nobody else use the environment.
DRILL_SOURCE = "a drill"
DRILL_ENVIRONMENT = "drill #"
SIMULATED_ENVIRONMENT = "simulated"  # of rehearsals: their titles say so too


class Severity(StrEnum):
    """How bad it is; compare with `rank` (0 = info … 3 = critical)."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position in the order info < warning < error < critical."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Signal(StrEnum):
    """What an event says of its problem: it happens, or it is over."""

    FIRING = "firing"
    RESOLVED = "resolved"


class AlertState(StrEnum):
    """The life of an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why a notification is sent. `ACTED`: a person did something, so the card must show it."""

    FIRST = "first"
    REOPENED = "reopened"
    WORSE = "worse"
    ACTED = "acted"
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    REPEATED = "repeated"


class Capability(StrEnum):
    """What a role may do. Each includes the ones before it."""

    VIEW = "view"
    RESPOND = "respond"
    SHIP = "ship"
    ADMIN = "admin"


class Reception(StrEnum):
    """How a door received a delivery; it is counted by this.

    `LEFT_ASIDE`: understood, and it tells of no trouble. `UNREADABLE`: proven to be from its
    sender, and not understood.
    """

    ACCEPTED = "accepted"
    LEFT_ASIDE = "left_aside"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


class Act(StrEnum):
    """What a person can do to an alert; the audit trail's verbs."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    SILENCE = "silence"
    UNSILENCE = "unsilence"
    CREATE_ISSUE = "create_issue"
    CREATE_PULL_REQUEST = "create_pull_request"
    REOPEN = "reopen"
    ATTACH_LOGS = "attach_logs"


@dataclass(frozen=True, slots=True)
class Frame:
    """One stack frame. `line` is 1-based. `in_app` is None while nobody has decided."""

    file: str
    line: int | None = None
    function: str = ""
    module: str = ""
    in_app: bool | None = None
    code: str = ""
    column: int | None = None


@dataclass(frozen=True, slots=True)
class ExceptionInfo:
    """One exception of a chain; `frames` run oldest to newest (the crash is last)."""

    type: str
    message: str = ""
    frames: tuple[Frame, ...] = ()
    module: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A named URL (http or https only)."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The HTTP request in which the event happened."""

    method: str = ""
    url: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a source told us.

    `event_id` is unique within `source`; the same id again is the same event. `exceptions`
    runs from the root cause to the one that surfaced (last); a source fills it if its payload
    is structured, otherwise `stack_trace` is parsed on the road. `fingerprint_hint` is the
    sender's own grouping key and wins over ours. A `RESOLVED` signal closes the alert.
    """

    source: str
    event_id: str
    service: str
    message: str
    occurred_at: datetime
    environment: str = "production"
    severity: Severity = Severity.ERROR
    signal: Signal = Signal.FIRING
    title: str = ""
    exceptions: tuple[ExceptionInfo, ...] = ()
    stack_trace: str = ""
    fingerprint_hint: str = ""
    commit: str = ""
    request: RequestInfo | None = None
    user: str = ""
    trace_id: str = ""
    log_lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The versioned key of "the same problem" (see alerting/fingerprint)."""

    version: int
    key: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event: durable when the caller holds it."""

    event_id: str
    alert_id: int
    is_new_alert: bool = False
    is_duplicate: bool = False

    @property
    def short_id(self) -> str:
        """The alert's id as people type it."""
        return short_id(self.alert_id)


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. `id` is Discord's user id; capabilities come from their roles."""

    id: int
    name: str
    capabilities: frozenset[Capability] = frozenset()


@dataclass(frozen=True, slots=True)
class ActRecord:
    """One row of the audit trail."""

    act: Act
    person_id: int
    person_name: str
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """An issue or pull request on GitHub that belongs to an alert."""

    kind: str  # "issue" | "pull_request"
    repository: str
    number: int
    url: str
    created_by: str
    created_at: datetime
    state: str = "open"


@dataclass(frozen=True, slots=True)
class ShipmentChange:
    """GitHub told what became of an issue or pull request: "open", "closed" or "merged"."""

    kind: str  # "issue" | "pull_request"
    repository: str
    number: int
    state: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """All events of one fingerprint in one service and environment."""

    id: int
    fingerprint: Fingerprint
    service: str
    environment: str
    state: AlertState
    severity: Severity
    title: str
    message: str
    occurrences: int
    first_seen: datetime
    last_seen: datetime
    state_changed_at: datetime
    state_changed_by: str = ""
    silenced_until: datetime | None = None
    silenced_by: str = ""
    culprit: str = ""

    @property
    def short_id(self) -> str:
        """The id as people type it, e.g. J-42."""
        return short_id(self.id)

    @property
    def drill(self) -> int:
        """The number of the drill it belongs to; 0 for what is real."""
        number = self.environment.removeprefix(DRILL_ENVIRONMENT)
        is_drill = number != self.environment and number.isascii() and number.isdigit()
        return int(number) if is_drill else 0

    def is_silenced(self, now: datetime) -> bool:
        """Whether notifications are held back at `now`."""
        return self.silenced_until is not None and now < self.silenced_until


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """A log line as it is kept with an alert, without its secrets; `group` may be ""."""

    at: datetime
    message: str
    group: str = ""
    stream: str = ""


@dataclass(frozen=True, slots=True)
class LogSnapshot:
    """The log lines around an alert's error, in order of time: kept when the log forgets them.

    Attributes:
        taken_at: when they were read.
        about: what they have in common, e.g. "trace 4bf92f35" or "1 min around it".
        left_out: how many more were found than are kept.
    """

    taken_at: datetime
    about: str
    lines: tuple[SnapshotLine, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """An alert with everything its card, issue and pull request show.

    `activity` holds occurrence counts of consecutive buckets of `activity_step` seconds,
    oldest first, the last one containing "now". `logs` is read for reports only.
    """

    alert: Alert
    event: Event
    activity: tuple[int, ...] = ()
    activity_step: int = 300
    acts: tuple[ActRecord, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    card_url: str = ""
    logs: LogSnapshot | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One message we owe a receiver: a claimed row of the outbox.

    `message_id` is the card to edit, None if it has not been posted yet. `nonce` is the same
    at every attempt. `attempts` counts this one.
    """

    id: int
    alert_id: int
    channel_id: int
    reason: Reason
    nonce: str
    attempts: int
    created_at: datetime
    message_id: int | None = None
    mention: str = ""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where notifications go: a Discord channel, and whom to mention there ("" for nobody)."""

    channel_id: int
    mention: str = ""


@dataclass(frozen=True, slots=True)
class DoorCounts:
    """What a source's door has received since it was first knocked at, and when last."""

    accepted: int = 0
    left_aside: int = 0
    refused: int = 0
    unreadable: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SdkKey:
    """The public key of a DSN; its events are told of `service`. Revoked if `revoked_at`."""

    key: str
    project_id: int
    service: str
    created_by: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; `number` counts from 1, `total` is the count of all items."""

    items: tuple[T, ...]
    total: int
    number: int
    size: int


def short_id(alert_id: int) -> str:
    """Write an alert id as people type it: 42 -> "J-42"."""
    return f"J-{alert_id}"


def parse_short_id(text: str) -> int | None:
    """Read "J-42", "j42", "#42" or "42"; None if it is none of these."""
    digits = text.strip().lstrip("#").upper().removeprefix("J").removeprefix("-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None
