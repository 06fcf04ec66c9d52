"""What an incident conversation is: a scenario file, strict in what it says.

The format is one that several generators write; `reading` takes what they make of it, and this
is what we write. Times are seconds after `start_time`; `thread_parent` is the place of an earlier
event in the timeline, from 0. The JSON Schema is made from these classes:
docs/schemas/incident-scenario.json.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_serializer,
)

CASCADES = (
    "cache-failure",
    "payment-failure",
    "high-cpu",
    "memory-leak",
    "latency-spike",
    "kafka-lag",
    "catalog-failure",
    "service-unreachable",
    "traffic-spike",
    "llm-rate-limit",
)
QUICK_ALERT = "quick-alert"
YEARS = range(1970, 9999)  # with room for time zones, and for what follows a beginning

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^#[a-z0-9][a-z0-9_-]{0,79}$")]
Handle = Annotated[str, StringConstraints(pattern=r"^@[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Emoji = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_+'-]{1,60}$")]
User = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Link = Annotated[str, StringConstraints(pattern=r"^https?://\S{1,500}$")]
Metrics = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,79}$")], Line],
    Field(max_length=30),
]
Role = Literal["primary", "affected", "upstream", "downstream", "observer"]
AlertSeverity = Literal["critical", "warning", "info"]
ActionType = Literal["restart", "scale", "flag_toggle", "rollback", "manual_fix"]
Grade = Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4"]


class Problem(NamedTuple):
    """What is wrong with a file: where, what, and what to do about it."""

    path: str
    problem: str
    cure: str


class Strict(BaseModel):
    """Unknown keys are mistakes: a misspelt one would quietly do nothing."""

    # Built with the first scenario that is read, not whenever the bot starts.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class Part(Strict):
    """What a service has to do with the incident."""

    channel: Annotated[Channel, Field(description="Where its people talk.")]
    oncall_group: Annotated[Handle, Field(description="Who is called.")]
    role: Annotated[Role, Field(description="`primary` is where the cause is.")]
    engineers: Annotated[
        tuple[User, ...], Field(description="Who of them takes part.", max_length=50)
    ] = ()


class Reaction(Strict):
    """An emoji under a message."""

    emoji: Annotated[Emoji, Field(description="Its name, without colons.")]
    users: Annotated[tuple[User, ...], Field(min_length=1, max_length=50)]


class Moment(Strict):
    """What all events have."""

    offset_seconds: Annotated[float, Field(ge=0, le=30 * 86_400, description="After `start_time`.")]
    type: str
    channel: Channel
    thread_parent: Annotated[
        int | None,
        Field(
            ge=0,
            description="The place of the message that is answered, from 0: an earlier one of "
            "the same channel, itself in no thread.",
        ),
    ] = None
    reactions: Annotated[tuple[Reaction, ...], Field(max_length=20)] = ()
    metrics: Annotated[Metrics, Field(description="Each with its unit: `480 ms`.")] = {}
    metrics_before: Metrics = {}
    metrics_after: Annotated[Metrics, Field(description="The same metrics, recovered.")] = {}
    runbook: Link | None = None
    dashboard: Link | None = None
    mentions: Annotated[tuple[Handle, ...], Field(max_length=20)] = ()

    @field_serializer("offset_seconds")
    def _whole(self, seconds: float) -> float | int:
        """A whole number of seconds is written as one."""
        return int(seconds) if seconds == int(seconds) else seconds


class Alert(Moment):
    """What monitoring says."""

    type: Literal["alert"] = "alert"
    severity: AlertSeverity
    title: Line
    details: Text


class Spoken(Moment):
    """What a person says."""

    user: Annotated[User, Field(description="A persona, or any other name.")]
    content: Text


class Message(Spoken):
    """Something said."""

    type: Literal["message"] = "message"


class Mention(Spoken):
    """Something said to another team."""

    type: Literal["mention"] = "mention"
    mentions: Annotated[tuple[Handle, ...], Field(min_length=1, max_length=20)]


class Resolution(Spoken):
    """It is over; by a person, or by monitoring itself."""

    type: Literal["resolution"] = "resolution"


class Action(Moment):
    """Something done about it."""

    type: Literal["action"] = "action"
    user: User
    action_type: ActionType
    action_details: Text
    content: Annotated[Text | None, Field(description="E.g. the command and its output.")] = None


AnyEvent = Alert | Message | Mention | Action | Resolution
Event = Annotated[AnyEvent, Field(discriminator="type")]


class Metadata(Strict):
    """What is known about the incident as a whole."""

    severity: Grade
    duration_seconds: Annotated[float | None, Field(ge=0)] = None
    services_impacted: Annotated[int | None, Field(ge=0)] = None
    root_cause: Annotated[str, Field(max_length=1_000)] = ""
    resolution: Annotated[str, Field(max_length=1_000)] = ""
    tags: tuple[Slug, ...] = ()
    seed: Annotated[int | None, Field(description="What it was generated from.")] = None

    @field_serializer("duration_seconds")
    def _whole(self, seconds: float | None) -> float | int | None:
        return int(seconds) if seconds is not None and seconds == int(seconds) else seconds


class Scenario(Strict):
    """An incident conversation."""

    scenario_id: Slug
    scenario_type: Annotated[Slug, Field(examples=[*CASCADES, QUICK_ALERT])]
    title: Line
    description: Annotated[str, Field(max_length=2_000)] = ""
    start_time: Annotated[AwareDatetime, Field(description="With its zone; Z for UTC.")]
    services: Annotated[dict[Slug, Part], Field(min_length=1, max_length=200)]
    timeline: Annotated[tuple[Event, ...], Field(min_length=1, max_length=10_000)]
    metadata: Metadata

    @field_serializer("start_time")
    def _utc(self, moment: datetime) -> str:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

    @property
    def duration(self) -> timedelta:
        """From the first to the last event."""
        return timedelta(seconds=max(event.offset_seconds for event in self.timeline))

    @property
    def primary(self) -> str:
        """The service where the cause is; the first one if none says so."""
        named = (name for name, part in self.services.items() if part.role == "primary")
        return next(named, next(iter(self.services)))

    def at(self, event: AnyEvent) -> datetime:
        """When an event happens."""
        return self.start_time + timedelta(seconds=event.offset_seconds)

    def document(self) -> dict[str, Any]:
        """As it is written: what is empty is left out."""
        return _filled(self.model_dump(mode="json"))


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in document.items():
        if value is None or value == "" or value == [] or value == {}:
            continue
        if isinstance(value, dict):
            value = _filled(value)
        elif isinstance(value, list):
            value = [_filled(each) if isinstance(each, dict) else each for each in value]
        found[key] = value
    return found


def speaker(event: AnyEvent) -> str:
    """Who says or does it; "" for monitoring."""
    return "" if isinstance(event, Alert) else event.user


def schema() -> dict[str, Any]:
    """The published JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An incident conversation",
        **Scenario.model_json_schema(),
    }
