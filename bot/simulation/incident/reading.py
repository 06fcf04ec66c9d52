"""Scenario files as others write them: whatever can be understood is taken, and said.

What had to be brought into our form is a note; what cannot be understood is a problem. The
scenario that comes out is as strict as one of our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from bot.simulation.incident import taking
from bot.simulation.incident.event_reading import EVENT, EventReading
from bot.simulation.incident.noting import Understood, kind_of, text_of
from bot.simulation.incident.scenario import YEARS, Problem, Scenario
from bot.simulation.wording import in_words

_TOP = {
    "scenario_id": ("scenario_id", "id", "incident_id"),
    "scenario_type": ("scenario_type", "type", "kind"),
    "title": ("title", "name", "summary"),
    "description": ("description",),
    "start_time": ("start_time", "started_at", "start", "timestamp"),
    "services": ("services", "teams"),
    "timeline": ("timeline", "events", "messages"),
    "metadata": ("metadata", "meta"),
}
_PART = {
    "channel": ("channel", "slack_channel", "discord_channel"),
    "oncall_group": ("oncall_group", "on_call_group", "oncall", "group"),
    "role": ("role",),
    "engineers": ("engineers", "members", "people", "users"),
}
_METADATA = {
    "severity": ("severity", "sev", "priority"),
    "duration_seconds": ("duration_seconds", "duration"),
    "services_impacted": ("services_impacted",),
    "root_cause": ("root_cause", "cause"),
    "resolution": ("resolution", "fix"),
    "tags": ("tags", "labels"),
    "seed": ("seed",),
}
_SCHEMA_CURE = "Write it as docs/schemas/incident-scenario.json says."


def understand(document: object) -> Understood:
    """Take a document for a scenario, as far as it can be."""
    return _Reading().read(document)


def ordered(scenario: Scenario) -> Scenario:
    """The same scenario with its timeline in the order of time, fit to be played.

    A reference to what is not there, is later, or stands in another channel is dropped.
    """
    timeline = scenario.timeline
    order = sorted(range(len(timeline)), key=lambda place: timeline[place].offset_seconds)
    new_place = {old: new for new, old in enumerate(order)}
    events = []
    for new, old in enumerate(order):
        event = timeline[old]
        parent = event.thread_parent
        while parent is not None and parent < len(timeline) and parent != old:
            above = timeline[parent].thread_parent
            if above is None or above >= parent:
                break
            parent = above  # threads are flat: an answer in one belongs to its beginning
        is_fit = (
            parent is not None
            and parent in new_place
            and new_place[parent] < new
            and timeline[parent].channel == event.channel
        )
        kept = new_place[parent] if is_fit and parent is not None else None
        events.append(event.model_copy(update={"thread_parent": kept}))
    return scenario.model_copy(update={"timeline": tuple(events)})


class _Reading(EventReading):
    """One document on its way."""

    def read(self, document: object) -> Understood:
        if not isinstance(document, Mapping):
            self.problem("$", "is no object", "Begin with scenario_id, services and timeline.")
            return self.found
        top = self.named("$", document, _TOP)
        raw: dict[str, Any] = {
            "scenario_id": self.slug("$.scenario_id", top.get("scenario_id")),
            "scenario_type": self.slug("$.scenario_type", top.get("scenario_type")),
            "title": self.text("$.title", top.get("title")),
            "description": self.text("$.description", top.get("description")),
            "start_time": self._start(top.get("start_time")),
            "services": self._services(top.get("services")),
        }
        raw["timeline"] = self._timeline(top.get("timeline"))
        raw["metadata"] = self._metadata(top.get("metadata"))
        self._check({name: value for name, value in raw.items() if value is not None})
        return self.found

    def _check(self, raw: dict[str, Any]) -> None:
        """What the schema says, besides what was found already."""
        told = {each.path for each in self.found.problems}
        try:
            scenario = Scenario.model_validate(raw)
        except ValidationError as error:
            found = [_told(detail) for detail in error.errors(include_url=False)]
            self.found.problems += [
                each
                for each in found
                if each.path not in told
                and not (self.shifted and each.path.startswith("$.timeline"))
            ]
        else:
            self.found.scenario = None if told else scenario

    # --- parts ---------------------------------------------------------------------------------

    def _start(self, value: object) -> datetime | None:
        if value is None:
            return None
        taken = taking.moment(value)
        if taken is None or taken[0].year not in YEARS:
            told = f"is no time, but {kind_of(value)}"
            self.problem("$.start_time", told, "Write ISO 8601, such as 2026-01-07T14:30:00Z.")
            return None
        self.start, has_zone = taken
        if not has_zone:
            self.note("$.start_time", "has no zone; taken as UTC", "Write Z behind it.")
        return self.start

    def _services(self, value: object) -> dict[str, Any] | None:
        if isinstance(value, Sequence) and not isinstance(value, str):
            self.note("$.services", "is a list; taken by names", "Write an object by names.")
            value = {
                str(each.get("name") or each.get("service") or number): each
                for number, each in enumerate(value)
                if isinstance(each, Mapping)
            }
        if not isinstance(value, Mapping):
            if value is not None:
                self.problem("$.services", f"is no object, but {kind_of(value)}",
                             "Write an object by the services' names.")  # fmt: skip
            return None
        found = {}
        for name, part in value.items():
            path = f"$.services.{name}"
            found[self.slug(path, name) or str(name)] = self._part(path, part)
        return found

    def _part(self, path: str, value: object) -> dict[str, Any]:
        if isinstance(value, str):
            self.note(path, "is a text; taken as the channel", "Write an object with `channel`.")
            value = {"channel": value}
        if not isinstance(value, Mapping):
            self.problem(path, f"is no object, but {kind_of(value)}", "Write one with `channel`.")
            return {}
        part = self.named(
            path, value, _PART, quiet=("name", "service", "service_name", "timezone", "tech_stack")
        )
        people = part.get("engineers")
        if isinstance(people, str):
            people = people.split(",")
        role = taking.ROLES.get(str(part.get("role", "")).strip().lower())
        if role is None:
            self.note(
                f"{path}.role", "is not known; taken as affected", "Write primary, affected, …"
            )
        listed = people if isinstance(people, Sequence) else ()
        raw = {
            "channel": self.take(f"{path}.channel", part.get("channel"), taking.channel),
            "oncall_group": self.take(
                f"{path}.oncall_group", part.get("oncall_group"), taking.handle
            ),
            "role": role or "affected",
            "engineers": [name for each in listed if (name := taking.person(each))],
        }
        return {name: each for name, each in raw.items() if each is not None}

    def _timeline(self, value: object) -> list[Any] | None:
        if not isinstance(value, Sequence) or isinstance(value, str):
            if value is not None:
                self.problem("$.timeline", f"is no list, but {kind_of(value)}", "Write a list.")
            return None
        named = []
        for number, each in enumerate(value):
            path = f"$.timeline[{number}]"
            if not isinstance(each, Mapping):
                self.problem(path, "is no object", "Write an object with type and channel.")
                self.shifted = True
                continue
            named.append((path, self.named(path, each, EVENT)))
        ids = {str(event["id"]): place for place, (_, event) in enumerate(named) if "id" in event}
        return [self.event(path, event, ids) for path, event in named]

    def _metadata(self, value: object) -> dict[str, Any]:
        meta = self.named("$.metadata", value, _METADATA) if isinstance(value, Mapping) else {}
        severity = taking.grade(meta.get("severity"))
        if severity is None or severity != meta.get("severity"):
            severity = severity or "SEV-3"
            self.note("$.metadata.severity", f"was taken as {severity}", "Write SEV-1 to SEV-4.")
        tags = meta.get("tags")
        listed = tags.split(",") if isinstance(tags, str) else tags
        raw = {
            "severity": severity,
            "duration_seconds": taking.seconds(meta.get("duration_seconds")),
            "services_impacted": _number(meta.get("services_impacted")),
            "root_cause": (text_of(meta.get("root_cause")) or "")[:1000],
            "resolution": (text_of(meta.get("resolution")) or "")[:1000],
            "tags": [own for each in listed if (own := taking.slug(each))]
            if isinstance(listed, Sequence)
            else [],
            "seed": _number(meta.get("seed")),
        }
        return {name: each for name, each in raw.items() if each is not None}


def _number(value: object) -> int | None:
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return int(value) if is_whole and abs(value) < 2**63 else None  # type: ignore[call-overload, arg-type]


def _told(detail: Any) -> Problem:
    """A mistake that the schema found, in words a person can follow."""
    kind, parts = str(detail["type"]), list(detail["loc"])
    shown = []
    for place, part in enumerate(parts):
        is_tag = place == 2 and parts[0] == "timeline" and isinstance(part, str)
        if not is_tag:  # pydantic names the kind of event there
            shown.append(f"[{part}]" if isinstance(part, int) else f".{part}")
    path = "$" + "".join(shown)
    if kind == "missing":
        return Problem(path, "is missing", "Add it; docs/rehearsals.md explains each key.")
    pattern = (detail.get("ctx") or {}).get("pattern")
    return Problem(path, in_words(detail), f"Use {pattern}." if pattern else _SCHEMA_CURE)
