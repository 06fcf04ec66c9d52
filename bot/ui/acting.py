"""One act of a person on an alert, and the words that tell them what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.alerting.actions import Outcome
from bot.models import Act, AlertState, Person, Shipment
from bot.ui import plain, times
from bot.ui.answers import Answer
from bot.ui.buttons import undo_silence
from bot.ui.desk import Desk
from bot.ui.wording import ACT_WORDS, shipment_name


async def perform(desk: Desk, person: Person, act: Act, alert_id: int, minutes: int = 0) -> Answer:
    """Do `act` and say what happened; `minutes` is for a silence.

    Raises:
        NotAllowed, NotFound, UpstreamError: as `Actions` does.
    """
    outcome = await _act(desk, person, act, alert_id, minutes)
    text = words(act, outcome, desk.clock(), minutes)
    if act is Act.SILENCE and outcome.changed:
        return Answer(text, view=undo_silence(outcome.alert))
    return Answer(text)


async def _act(desk: Desk, person: Person, act: Act, alert_id: int, minutes: int) -> Outcome:
    actions = desk.actions
    if act is Act.SILENCE:
        return await actions.silence(alert_id, person, minutes)
    does = {
        Act.ACKNOWLEDGE: actions.acknowledge,
        Act.RESOLVE: actions.resolve,
        Act.UNSILENCE: actions.unsilence,
        Act.CREATE_ISSUE: actions.create_issue,
        Act.CREATE_PULL_REQUEST: actions.create_pull_request,
    }
    return await does[act](alert_id, person)


def words(act: Act, outcome: Outcome, now: datetime, minutes: int = 0) -> str:
    """What became of the act, for the person who did it."""
    mark = ACT_WORDS[act][2]
    if outcome.shipment is not None:
        return f"{mark} {_shipped(outcome, outcome.shipment, now)}"
    name = outcome.alert.short_id
    if not outcome.changed:
        return f"{mark} {_already(act, outcome, now)}"
    if act is Act.SILENCE:
        length = times.exact(timedelta(minutes=minutes))
        return (
            f"{mark} {name} is silenced for {length}. It is still counted, and the card shows it."
        )
    return f"{mark} {name} is {ACT_WORDS[act][1]}."


def _shipped(outcome: Outcome, shipment: Shipment, now: datetime) -> str:
    name = plain.link(shipment_name(shipment), shipment.url) or shipment_name(shipment)
    if outcome.changed:
        return f"{name} is created in {plain.label(shipment.repository, 100)}."
    return f"{name} was already created{_by(outcome, now)}."


def _already(act: Act, outcome: Outcome, now: datetime) -> str:
    if act is Act.UNSILENCE:
        return f"{outcome.alert.short_id} is not silenced."
    done = ACT_WORDS[act][1]
    if act is Act.ACKNOWLEDGE and outcome.alert.state is AlertState.RESOLVED:
        done = "resolved"
    return f"Already {done}{_by(outcome, now)}."


def _by(outcome: Outcome, now: datetime) -> str:
    by = f" by {plain.label(outcome.by, 60)}" if plain.one_line(outcome.by) else ""
    return f"{by} {times.ago(outcome.at, now)}"
