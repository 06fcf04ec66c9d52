"""How a cascade is told: who notices, who suspects what, who asks whom, and what mends it."""

from __future__ import annotations

from typing import Any

from bot.simulation.incident.cascades import Remedy
from bot.simulation.incident.cast import Cast
from bot.simulation.incident.catching_up import caught_up
from bot.simulation.incident.draft import Draft, Speaker
from bot.simulation.incident.ending import told_to_the_end
from bot.simulation.incident.quick import quick_alert
from bot.simulation.incident.scene import Scene

_MEANWHILE = 0.35  # of all incidents are interrupted by an everyday alert


class Story(Cast):
    """One telling of a cascade; `tell` makes all its events."""

    def tell(self) -> None:
        """Make up the whole conversation."""
        self._alerts()
        acknowledged = self._answered(self.primary) if self.primary.alert else None
        asked = [draft for each in self.affected if (draft := self._discovery(each)) is not None]
        if acknowledged is None:
            acknowledged = self._admitted(sorted(asked, key=_at))
        last = self._investigation(acknowledged)
        last = self._hypotheses(last)
        last = self._false_start(last)
        found = self._cause_found(last)
        mended = self._mitigation(found)
        told_to_the_end(self, mended)
        self._elsewhere()

    def _elsewhere(self) -> None:
        """What else rings meanwhile, and has nothing to do with it."""
        involved = {self.primary.name, *(each.name for each in self.affected)}
        others = [name for name in self.company.services if name not in involved]
        chance = self.chance.fork("elsewhere")
        if others and chance.happens(_MEANWHILE):
            last = max(draft.at for draft in self.talk.drafts)
            scene, _, _ = quick_alert(
                self.company,
                chance.pick(others),
                self.engineers,
                self.start,
                chance,
                self.talk,
                chance.between(60, last // 2),
            )
            self.background.append(scene)

    def _alerts(self) -> None:
        """Everybody's alerts, at their times."""
        for scene in self.affected:
            assert scene.sign is not None
            at = int(scene.course.begins) + 45
            details = f"{scene.symptom[:1].upper()}{scene.symptom[1:]}."
            scene.ring(at, scene.sign.severity, scene.sign.titles, details)
        alert = self.cascade.alert
        at = int(self.primary.course.begins) + 45
        if self.first is not None:
            at = self.chance.between(60, 150)
        if not self.unnoticed:
            details = self.primary.one_of(alert.details, at)
            self.primary.ring(at, alert.severity, alert.titles, details)

    def _answered(self, scene: Scene) -> Draft:
        who = scene.lead
        assert scene.alert is not None
        asleep = who.sleeps and self.chance.happens(0.6)
        first = scene.say(who, "night" if asleep else "ack", scene.alert, (12, 70), waking=True)
        scene.alert.react("eyes", [who.user])
        return first

    def _investigation(self, after: Draft) -> Draft:
        """Pattern one: look, tell what is seen, look elsewhere."""
        scene, lead, second = self.primary, self.primary.lead, self.primary.second
        last = scene.say(lead, "observe", after, (20, 60))
        joined = scene.say(second, "join", after, (40, 150), waking=True)
        last = scene.say(second, "check", max(last, joined, key=_at), (15, 50))
        if "impact" in lead.persona.habits or self.chance.happens(0.25):
            scene.say(lead, "impact", last, (15, 60))
        if self.chance.happens(0.6):
            last = scene.say(second, "nothing", last, (40, 110))
        for who in scene.people:
            if "questions" in who.persona.habits and self.chance.happens(0.55):
                subject = self.chance.pick(["scope", "since", "design"])
                asked = scene.say(who, f"ask_{subject}", last, (15, 50))
                answerer = lead if who is not lead else second
                last = scene.say(answerer, f"say_{subject}", asked, (10, 40))
                break
        if self.chance.happens(0.5):
            last = scene.say(lead, "observe", last, (25, 80))
        return last

    def _hypotheses(self, after: Draft) -> Draft:
        """Pattern two: a suspicion, what speaks against it, the next one."""
        scene, last = self.primary, after
        leads = self.chance.shuffled(self.cascade.false_leads)
        people = [scene.lead, scene.second]
        for lead in leads[: self.chance.between(1, 2 if len(leads) < 4 else 3)]:
            guesser, doubter = self.chance.shuffled(people)
            guess = scene.one_of(lead.guess, last.at)
            against = scene.one_of(lead.against, last.at)
            last = scene.say(guesser, "guess", last, (20, 75), given={"guess": _sentence(guess)})
            last = scene.say(doubter, "doubt", last, (20, 80), given={"against": against})
            if self.chance.happens(0.65):
                last = scene.say(guesser, "concede", last, (8, 35))
        remembers = [who for who in scene.people if "past" in who.persona.habits]
        if remembers or self.chance.happens(0.35):
            past = scene.one_of(self.cascade.past, last.at)
            who = self.chance.pick(remembers or people)
            last = scene.say(who, "past", last, (20, 70), given={"past": past})
            last.react(
                "joy" if "humour" in who.persona.habits else "thinking_face", [people[1].user]
            )
        if self.chance.happens(0.5):
            who = next(
                (each for each in scene.people if "status" in each.persona.habits), scene.lead
            )
            last = scene.say(who, "status", last, (15, 50))
        return last

    def _discovery(self, scene: Scene) -> Draft | None:
        """Pattern three: another team finds out that it is not to blame."""
        must = self.unnoticed and scene is self.first
        if not (must or self.chance.happens(0.93)):  # nobody is there
            return None
        last = self._answered(scene)
        last = scene.say(scene.lead, "observe", last, (18, 60))
        if self.chance.happens(0.5):
            last = scene.say(scene.second, "check", last, (15, 60), waking=True)
        if self.chance.happens(0.4):
            last = scene.say(scene.second, "nothing", last, (25, 80))
        other = self.primary.service
        named = {"other": other.name.lower()}
        last = scene.say(scene.second, "upstream", last, (20, 80), given=named)
        who = self.chance.pick([scene.lead, scene.second])
        asked = scene.say(
            who,
            "ask",
            last,
            (10, 40),
            kind="mention",
            extra={"mentions": [other.oncall_group]},
            given=named | {"group": other.oncall_group},
        )
        if self.unnoticed:
            return asked
        there = max(asked, self._first_word(), key=_at)
        answer = scene.say(self.primary.lead, "it_is_us", there, (12, 60), given=self._excuse())
        self.answers.append((scene, answer))
        answer.react("+1", [who.user])
        if self.chance.happens(0.8):
            return scene.say(who, "explains", answer, (8, 40))
        return answer

    def _first_word(self) -> Draft:
        """What the primary's people said first."""
        there = [
            draft
            for draft in self.talk.drafts
            if draft.fields.get("user") == self.primary.lead.user
            and draft.parent is self.primary.alert
        ]
        return there[0] if there else self.talk.drafts[0]

    def _excuse(self) -> dict[str, str]:
        """What the primary's people tell others."""
        name = self.primary.service.name
        return {"other": name.lower(), "cause_says": self.primary.symptom}

    def _admitted(self, asked: list[Draft]) -> Draft:
        """Nothing had told the primary's people: they deny, look closer, and take it."""
        scene, home = self.primary, self._scene_of(asked[0])
        lead = scene.lead
        answer = home.say(lead, "unaware", asked[0], (15, 70), waking=True)
        oops = home.say(lead, "oops", answer, (40, 120), given=self._excuse())
        oops.react("facepalm", [scene.second.user])
        home.say(home.lead, "explains", oops, (8, 40))
        for other in asked[1:]:
            last = max(other, oops, key=_at)
            home = self._scene_of(other)
            answer = home.say(lead, "it_is_us", last, (10, 50), given=self._excuse())
            self.answers.append((home, answer))
        alert = self.cascade.alert
        details = scene.one_of(alert.details, oops.at)
        ring = scene.ring(
            oops.at + self.chance.between(4, 30), alert.severity, alert.titles, details
        )
        return scene.say(lead, "ack", ring, (5, 20))

    def _scene_of(self, draft: Draft) -> Scene:
        return next(each for each in self.affected if each.alert is draft.parent)

    def _false_start(self, after: Draft) -> Draft:
        """Something is tried that does not help."""
        remedy = self.cascade.false_fix
        if not self.chance.happens(0.5):
            return after
        scene = self.primary
        who = scene.second
        last = self._act(who, remedy, after)
        failed = scene.one_of(remedy.failed, last.at)
        return scene.say(scene.lead, "not_yet", last, (45, 120), given={"failed": failed})

    def _act(self, who: Speaker, remedy: Remedy, after: Draft) -> Draft:
        """Announce it, be told to go ahead, do it."""
        scene = self.primary
        announce = scene.one_of(remedy.announce, after.at)
        last = scene.say(who, "announce", after, (15, 50), given={"announce": announce})
        careful = "caution" in who.persona.habits
        if careful or self.chance.happens(0.45):
            last = scene.say(self.other(who), "go", last, (6, 25))
        command = scene.filled(remedy.command, last.at)
        output = scene.filled(remedy.output, last.at)
        text = f"```\n$ {command}\n{output}\n```" if who.persona.code else None
        details = scene.filled(remedy.details, last.at)
        at = self.talk.moment(who, last.at, 20, 60)
        fields: dict[str, Any] = {
            "type": "action",
            "channel": scene.service.channel,
            "user": who.user,
            "action_type": remedy.type,
            "action_details": details,
        }
        if text is not None:
            fields["content"] = text
        return self.talk.add(Draft(at, fields, scene.alert))

    def _cause_found(self, after: Draft) -> Draft:
        """Somebody sees it, shows it, and another one confirms."""
        scene = self.primary
        finder = self.chance.pick([scene.lead, scene.second])
        evidence = scene.one_of(self.cause.evidence, after.at)
        text = scene.one_of(self.cause.found, after.at)
        situation = "logline" if finder.persona.code else "logline_prose"
        last = scene.say(finder, situation, after, (40, 150), given={"evidence": evidence})
        last = scene.say(finder, "found", last, (15, 60), given={"found": text})
        emoji = self.chance.pick(["dart", "eyes", "raised_hands", "exploding_head"])
        last.react(emoji, [each.user for each in scene.people if each is not finder])
        return scene.say(self.other(finder), "confirm", last, (12, 50))

    def _mitigation(self, after: Draft) -> Draft:
        """Pattern four: announce the cure and apply it; the others are told."""
        scene = self.primary
        who = self.chance.pick([scene.lead, scene.second])
        last = self._act(who, self.cause.fix, after)
        last.react("rocket", [self.other(who).user])
        scene.course.mend(last.at + 5)
        for other in self.affected:
            other.course.mend(last.at + self.chance.between(15, 45))
        caught_up(self, after.at)
        others = [each for each in self.affected if each.alert is not None]
        if others and self.chance.happens(0.5):
            groups = [each.service.oncall_group for each in others]
            scene.say(
                scene.lead,
                "heads_up",
                after,
                (5, 25),
                kind="mention",
                extra={"mentions": groups},
                given={
                    **self._excuse(),
                    "groups": " ".join(groups),
                    "other_symptom": others[0].symptom,
                },
            )
        if self.chance.happens(0.7):
            last = scene.say(who, "done", last, (5, 25))
        return last


def _at(draft: Draft) -> int:
    return draft.at


def _sentence(text: str) -> str:
    return f"{text}." if text[-1:].isalnum() else text
