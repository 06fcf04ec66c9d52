"""How a cascade ends: the numbers come back, everybody says so, and what is left to do."""

from __future__ import annotations

from bot.simulation.incident.cast import Cast
from bot.simulation.incident.draft import Draft, length
from bot.simulation.incident.figures import in_a_sentence
from bot.simulation.incident.scene import Scene


def told_to_the_end(cast: Cast, mended: Draft) -> None:
    """Everything that follows the cure."""
    _aftermath(cast, _recovery(cast, mended))


def _recovery(cast: Cast, after: Draft) -> Draft:
    """The numbers come back; when they have, it is over."""
    scene = cast.primary
    key = next(iter(scene.course.figures))
    mended = scene.course.mended or after.at
    for part in (0.35, 0.7) if cast.chance.happens(0.6) else (0.55,):
        who = cast.chance.pick([scene.lead, scene.second])
        since = int(mended + (scene.course.recovered_at - mended) * part)
        at = max(since, after.at + 5)
        trend = scene.course.trend(key, at)
        after = scene.say(who, "improving", at, (2, 12), metric=key, given={"trend": trend})
        emoji = cast.chance.pick(["tada", "chart_with_downwards_trend", "pray"])
        after.react(emoji, [cast.other(who).user])
    return _resolve(cast, max(int(scene.course.recovered_at), after.at) + 5)


def _resolve(cast: Cast, since: int) -> Draft:
    scene, lead = cast.primary, cast.primary.lead
    after = scene.course.all(since + 60)
    key = next(iter(after))
    resolution = scene.filled(cast.cause.resolution, since)
    shown = {
        "summary": resolution,
        "summary_short": resolution,
        "cause": scene.filled(cast.cause.cause, since),
        "resolution": resolution,
        "length": length(since),
        "figures_now": ", ".join(
            f"{in_a_sentence(figure.label)} {scene.course.spoken(each, since + 60)}"
            for each, figure in scene.course.figures.items()
        ),
        "impact": _impact(cast, since),
        "follow_ups": "\n".join(
            f"- [ ] {each}" for each in cast.chance.shuffled(cast.cause.follow_ups)
        ),
        "now": scene.course.spoken(key, since + 60),
    }
    resolved = scene.say(
        lead, "resolve", since, (15, 60), kind="resolution", metric=key,
        extra={"metrics_after": after}, given=shown,
    )  # fmt: skip
    cheering = [each.user for each in scene.people if each is not lead]
    cheering += [each.lead.user for each in cast.affected if cast.chance.happens(0.7)]
    resolved.react("tada", cheering)
    return resolved


def _impact(cast: Cast, since: int) -> str:
    others = ", ".join(each.service.name for each in cast.affected)
    return f"{length(since)}, {others} affected" if others else length(since)


def _aftermath(cast: Cast, resolved: Draft) -> None:
    """The others confirm; thanks, tickets, jokes, and alerts that come too late."""
    for scene in cast.affected:
        _confirmed(cast, scene, resolved)
    scene, last = cast.primary, resolved
    if cast.chance.happens(0.45):
        last = scene.say(scene.second, "sorry", last, (15, 60))
    if "humour" in scene.second.persona.habits or cast.chance.happens(0.25):
        last = scene.say(scene.second, "humour", last, (15, 60))
        last.react("joy", [scene.lead.user])
    todo = cast.chance.shuffled(cast.cause.follow_ups)
    for follow_up in todo[: cast.chance.between(1, 2)]:
        who = cast.chance.pick([scene.lead, scene.second])
        last = scene.say(
            who, "followup", last, (20, 80), given={"follow_up": in_a_sentence(follow_up)}
        )
    last.react("+1", [cast.other(scene.lead).user])


def _confirmed(cast: Cast, scene: Scene, resolved: Draft) -> None:
    """A team that was affected sees its own numbers come back."""
    since = max(int(scene.course.recovered_at), resolved.at - 60)
    after = scene.course.all(since + 60)
    key = next(iter(after))
    thanked = {"person": cast.primary.lead.first_name}
    if not _present(cast, scene):
        if cast.chance.happens(0.4):  # whoever it was for comes back to it later
            scene.say(
                scene.lead, "late", since + 120, (60, 300), waking=True,
                given={"other": cast.primary.service.name.lower()},
            )  # fmt: skip
        return
    scene.say(
        scene.lead,
        "downstream_ok",
        since,
        (10, 70),
        extra={"metrics_after": after},
        metric=key,
        given=thanked | {"now": scene.course.spoken(key, since + 60)},
    )
    if cast.chance.happens(0.4):
        scene.say(scene.second, "thanks", since + 40, (10, 60), given=thanked)


def _present(cast: Cast, scene: Scene) -> bool:
    """Whether anybody of a team has said anything."""
    return any(draft.parent is scene.alert for draft in cast.talk.drafts if draft.parent)
