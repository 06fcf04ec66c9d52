"""`generate`: a scenario of any cascade, from a seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.errors import SettingsError
from bot.simulation.incident.cascades import cascade
from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import Company, default
from bot.simulation.incident.draft import Conversation
from bot.simulation.incident.quick import CAUSES, quick_alert
from bot.simulation.incident.scenario import QUICK_ALERT, YEARS, Part, Scenario
from bot.simulation.incident.story import Story


def generate(
    scenario_type: str,
    start_time: datetime | str,
    engineers: Mapping[str, Sequence[str]] | None = None,
    seed: int = 1,
    *,
    company: Company | None = None,
) -> Scenario:
    """Make up an incident conversation; the same arguments make the same bytes.

    Args:
        scenario_type: one of `scenario.CASCADES`, or `quick-alert` for an everyday one.
        start_time: of the first event; a text is ISO 8601, without a zone it is UTC.
        engineers: user names by service, instead of those of the service map.
        seed: any whole number.
        company: whose services these are; None for the web shop that ships.

    Raises:
        NotFound: there is no such cascade.
        SettingsError: the company lacks the service where the cascade begins, or an engineer's
            service; or the time is none.
    """
    place = company or default()
    start = moment(start_time)
    people = dict(engineers or {})
    chance = Chance("incident", scenario_type, seed)
    if scenario_type == QUICK_ALERT:
        _known(people, place)
        return _everyday(place, people, start, seed, chance)
    story = cascade(scenario_type)
    _known((story.primary, *people), place)
    told = Story(place, story, start, people, chance)
    told.tell()
    return _scenario(told, scenario_type, seed)


def _known(services: Iterable[str], company: Company) -> None:
    known = ", ".join(company.services)
    unknown = [name for name in services if name not in company.services]
    if unknown:
        raise SettingsError(
            [f"There is no service {name} in the service map; it has {known}." for name in unknown]
        )


def moment(start_time: datetime | str) -> datetime:
    """A time with its zone, in UTC; raises SettingsError for a text that is none."""
    if isinstance(start_time, str):
        try:
            start_time = datetime.fromisoformat(start_time)
        except ValueError:
            raise SettingsError([f"{start_time!r} is no time like 2026-01-07T14:30:00Z"]) from None
    if start_time.year not in YEARS:
        told = f"{start_time.isoformat()}: a year from {YEARS[0]} to {YEARS[-1]} is expected"
        raise SettingsError([told])
    if start_time.tzinfo is None:
        start_time = start_time.replace(tzinfo=UTC)
    return start_time.astimezone(UTC).replace(microsecond=0)


def _scenario(told: Story, scenario_type: str, seed: int) -> Scenario:
    told.talk.shift()
    timeline = told.talk.timeline()
    services = {told.primary.name: _part(told.primary.service, "primary", told, 0)}
    for number, scene in enumerate(told.affected, start=1):
        direct = told.cascade.primary in told.company.graph[scene.name]
        services[scene.name] = _part(
            scene.service, "downstream" if direct else "affected", told, number
        )
    for scene in told.background:
        services.setdefault(
            scene.name,
            Part(
                channel=scene.service.channel,
                oncall_group=scene.service.oncall_group,
                role="observer",
                engineers=tuple(each.user for each in scene.people),
            ),
        )
    chance = told.chance.fork("title")
    document = {
        "scenario_id": _id(scenario_type, seed),
        "scenario_type": scenario_type,
        "title": chance.pick(told.cascade.titles),
        "start_time": told.start,
        "services": services,
        "timeline": timeline,
        "metadata": {
            "severity": told.cascade.severity,
            "duration_seconds": timeline[-1]["offset_seconds"],
            "services_impacted": 1 + len(told.affected),
            "root_cause": told.primary.filled(told.cause.cause, 0),
            "resolution": told.primary.filled(told.cause.resolution, 0),
            "tags": told.cascade.tags,
            "seed": seed,
        },
    }
    return Scenario.model_validate(document)


def _everyday(
    company: Company,
    engineers: Mapping[str, Sequence[str]],
    start: datetime,
    seed: int,
    chance: Chance,
) -> Scenario:
    talk = Conversation(chance.fork("talk"))
    service = chance.pick(list(engineers) or list(company.services))
    scene, title, outcome = quick_alert(company, service, engineers, start, chance, talk)
    timeline = talk.timeline()
    part = Part(
        channel=scene.service.channel,
        oncall_group=scene.service.oncall_group,
        role="primary",
        engineers=tuple(each.user for each in scene.people),
    )
    return Scenario.model_validate(
        {
            "scenario_id": _id(QUICK_ALERT, seed),
            "scenario_type": QUICK_ALERT,
            "title": f"{title} - {scene.service.name}",
            "start_time": start,
            "services": {service: part},
            "timeline": timeline,
            "metadata": {
                "severity": "SEV-4",
                "duration_seconds": timeline[-1]["offset_seconds"],
                "services_impacted": 1,
                "root_cause": CAUSES[outcome],
                "tags": ("quick", outcome.replace("_", "-")),
                "seed": seed,
            },
        }
    )


def _id(scenario_type: str, seed: int) -> str:
    return f"{scenario_type}-{seed}" if seed >= 0 else f"{scenario_type}-n{-seed}"


def _part(service: Any, role: str, told: Story, number: int) -> Part:
    scene = (told.primary, *told.affected)[number]
    home = [each.user for each in scene.people if each.home == scene.name]
    return Part(
        channel=service.channel,
        oncall_group=service.oncall_group,
        role=role,  # type: ignore[arg-type]
        engineers=tuple(home),
    )
