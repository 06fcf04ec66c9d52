"""A scenario as text that one can read."""

from __future__ import annotations

from collections.abc import Iterator

from bot.simulation.incident.personas import display_name
from bot.simulation.incident.scenario import Action, Alert, AnyEvent, Resolution, Scenario

_INDENT = " " * 10


def transcript(scenario: Scenario) -> Iterator[str]:
    """Lines: a heading, then every event with its T+ time, its channel and who says it."""
    yield f"{scenario.title}  [{scenario.scenario_id}, {scenario.metadata.severity}]"
    yield f"{scenario.start_time:%Y-%m-%d %H:%M} UTC · {', '.join(scenario.services)}"
    yield ""
    for event in scenario.timeline:
        yield from _lines(event)


def clock(seconds: float) -> str:
    """`T+1:05`, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"T+{hours}:{minutes:02d}:{rest:02d}" if hours else f"T+{minutes}:{rest:02d}"


def _lines(event: AnyEvent) -> Iterator[str]:
    depth = "  ↳ " if event.thread_parent is not None else ""
    first, *more = _said(event).split("\n")
    yield f"{clock(event.offset_seconds):<9} {event.channel} {depth}{first}"
    yield from (f"{_INDENT}{'    ' if depth else ''}{line}" for line in more)
    if event.reactions:
        shown = "  ".join(f":{each.emoji}: {', '.join(each.users)}" for each in event.reactions)
        yield f"{_INDENT}{'    ' if depth else ''}{shown}"


def _said(event: AnyEvent) -> str:
    if isinstance(event, Alert):
        return f"ALERT {event.title}\n{event.details}"
    who = display_name(event.user)
    if isinstance(event, Action):
        shown = f"\n{event.content}" if event.content else ""
        return f"{who} ({event.action_type}): {event.action_details}{shown}"
    mark = "✔ " if isinstance(event, Resolution) else ""
    return f"{mark}{who}: {event.content}"
