"""What other teams say fits what is known by then: nobody is asked about what is over."""

from __future__ import annotations

from bot.simulation.incident.cast import Cast
from bot.simulation.incident.scene import Scene

_SEEN = 30  # seconds after the cure in which its effect is not seen yet


def caught_up(cast: Cast, found_at: int) -> None:
    """Once it is known when the cause was found and mended, mend what others say after that."""
    for scene in cast.affected:
        _too_late(cast, scene)
    cast.affected = [scene for scene in cast.affected if scene.alert in cast.talk.drafts]
    for scene, answer in cast.answers:
        if answer in cast.talk.drafts and answer.at > found_at:
            known = scene.values(answer.at)
            known.update(other=cast.primary.service.name.lower(), cause_says=cast.primary.symptom)
            lead = cast.primary.lead
            answer.fields["content"] = cast.talk.words(lead, "it_was_us", known)


def _too_late(cast: Cast, scene: Scene) -> None:
    """Questions that come when the numbers come back already; an alert that never rang."""
    over = (scene.course.mended or scene.course.begins) + _SEEN
    thread = [draft for draft in cast.talk.drafts if draft.parent is scene.alert]
    if scene.alert is not None and scene.alert.at > over - _SEEN:
        cast.talk.drop([scene.alert, *thread])
    else:
        cast.talk.drop(draft for draft in thread if draft.at > over)
