from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.alerting import shipping
from bot.alerting.actions import Actions
from bot.drafts import IssueDraft, PullRequestDraft
from bot.errors import NotAllowed, NotFound, UpstreamError
from bot.models import Act, AlertState, Capability, Person, Reason, Receiver, Severity, Shipment
from bot.store.shipments import find

ALL = frozenset(Capability)
SAM = Person(1, "sam", frozenset({Capability.VIEW, Capability.RESPOND}))
KIM = Person(2, "kim", ALL)
ADA = Person(3, "ada", ALL)
RITA = Person(4, "rita", frozenset({Capability.VIEW}))


class Host:
    """A code host that keeps what it made, and fails or loses answers on demand."""

    def __init__(self):
        self.made = {}
        self.sought = []
        self.faults = []
        self.lose = 0
        self.gate = None
        self.called = asyncio.Event()

    async def ensure_issue(self, repository, draft, *, seek):
        return await self._ensure("issue", repository, draft, seek)

    async def ensure_pull_request(self, repository, draft, *, seek):
        return await self._ensure("pull_request", repository, draft, seek)

    async def locate(self, repository, frame, commit):
        return None

    async def _ensure(self, kind, repository, draft, seek):
        self.called.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.sought.append(seek)
        known = [made for made in self.made.values() if made[0] == draft.marker]
        if not (seek and known):
            number = len(self.made) + 1
            made = Shipment(
                kind,
                repository,
                number,
                f"https://git.example/{number}",
                "jinkies[bot]",
                datetime(2026, 3, 1, tzinfo=UTC),
            )
            self.made[number] = (draft.marker, made)
            known = [self.made[number]]
        if self.lose:
            self.lose -= 1
            raise UpstreamError("GitHub", "the connection was cut")
        return known[0][1]


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def actions(road, host):
    return Actions(
        road.store,
        code_host=host,
        repository_for=lambda service: "acme/shop" if service == "shop" else "",
        issue_draft=lambda d, r, at: IssueDraft("t", "b", f"{d.alert.id}:issue"),
        pull_request_draft=lambda d, r, at: PullRequestDraft(
            "jinkies/J-1", "t", "b", f"{d.alert.id}:pr", "c", {}
        ),
        route=lambda alert: Receiver(700),
        clock=road.clock,
        wake=lambda: road.wakes.append("acted"),
        roles_for=lambda capability: ("Responder",) if capability is Capability.RESPOND else (),
    )


async def test_acknowledging_changes_the_alert_the_audit_trail_and_the_card(road, actions):
    alert_id = (await road.send()).alert_id
    await road.deliver()
    outcome = await actions.acknowledge(alert_id, SAM)
    await road.deliver()
    detail = await road.store.alerts.detail(alert_id)
    assert outcome.changed
    assert outcome.alert == detail.alert
    assert (detail.alert.state, detail.alert.state_changed_by) == (AlertState.ACKNOWLEDGED, "sam")
    assert [(act.act, act.person_id) for act in detail.acts] == [(Act.ACKNOWLEDGE, 1)]
    assert road.discord.writes[-1][2].reason is Reason.ACTED
    assert road.wakes[-1] == "acted"


async def test_the_second_to_acknowledge_is_told_who_was_first_and_when(road, actions):
    alert_id = (await road.send()).alert_id
    at = (await actions.acknowledge(alert_id, SAM)).at
    road.clock.pass_(minutes=5)
    second = await actions.acknowledge(alert_id, KIM)
    assert (second.changed, second.by, second.at) == (False, "sam", at)
    assert len((await road.store.alerts.detail(alert_id)).acts) == 1


async def test_acknowledging_what_is_resolved_changes_nothing(road, actions):
    alert_id = (await road.send()).alert_id
    await actions.resolve(alert_id, SAM)
    outcome = await actions.acknowledge(alert_id, KIM)
    assert (outcome.changed, outcome.alert.state) == (False, AlertState.RESOLVED)


async def test_counts_follow_the_acts(road, actions):
    ids = [(await road.send(word)).alert_id for word in ("one", "two", "three")]
    await actions.acknowledge(ids[0], SAM)
    await actions.resolve(ids[1], SAM)
    assert list((await road.store.alerts.counts()).values()) == [1, 1, 1]


async def test_a_viewer_may_not_and_is_told_which_roles_may(road, actions):
    alert_id = (await road.send()).alert_id
    with pytest.raises(NotAllowed, match="Responder"):
        await actions.resolve(alert_id, RITA)
    with pytest.raises(NotAllowed):
        await actions.create_issue(alert_id, SAM)
    assert (await road.store.alerts.detail(alert_id)).acts == ()


async def test_an_unknown_alert_is_not_found(actions):
    with pytest.raises(NotFound, match="J-77"):
        await actions.acknowledge(77, SAM)
    with pytest.raises(NotFound):
        await actions.create_issue(77, KIM)


async def test_a_silence_swallows_repetition_and_still_counts(road, actions):
    alert_id = (await road.send()).alert_id
    await road.deliver()
    await actions.silence(alert_id, SAM, 30)
    await road.deliver()
    written = len(road.discord.writes)
    for _ in range(3):
        await road.send()
        await road.deliver(minutes=1)
    assert len(road.discord.writes) == written
    assert (await road.store.outbox.counts()).pending == 0
    assert (await road.store.alerts.get(alert_id)).occurrences == 4


async def test_a_call_is_held_back_until_the_silence_ends(road, actions):
    alert_id = (await road.send(severity=Severity.WARNING)).alert_id
    await road.deliver()
    await actions.silence(alert_id, SAM, 30)
    await road.deliver()
    await road.send(severity=Severity.CRITICAL)
    await road.deliver(minutes=29)
    held = [note.reason for _, _, note in road.discord.writes]
    await road.deliver(minutes=2)
    assert Reason.WORSE not in held
    assert road.discord.writes[-1][2].reason is Reason.WORSE


async def test_a_silence_can_be_undone(road, actions):
    alert_id = (await road.send()).alert_id
    await actions.silence(alert_id, SAM, 60)
    undone = await actions.unsilence(alert_id, KIM)
    again = await actions.unsilence(alert_id, SAM)
    assert (undone.changed, again.changed, again.by) == (True, False, "kim")
    assert (await road.store.alerts.get(alert_id)).silenced_until is None


async def test_a_silence_as_long_as_the_one_there_is_changes_nothing(road, actions):
    alert_id = (await road.send()).alert_id
    await actions.silence(alert_id, SAM, 60)
    road.clock.pass_(seconds=20)
    same = await actions.silence(alert_id, KIM, 60)
    longer = await actions.silence(alert_id, KIM, 240)
    assert (same.changed, same.by, longer.changed) == (False, "sam", True)


async def test_a_second_press_is_shown_the_first_issue(road, actions, host):
    alert_id = (await road.send()).alert_id
    first = await actions.create_issue(alert_id, KIM)
    second = await actions.create_issue(alert_id, ADA)
    assert (first.changed, second.changed, second.by) == (True, False, "kim")
    assert first.shipment == second.shipment
    assert len(host.made) == 1
    detail = await road.store.alerts.detail(alert_id)
    assert detail.shipments == (first.shipment,)
    assert [act.act for act in detail.acts] == [Act.CREATE_ISSUE]


async def test_two_people_at_once_make_one_issue_and_see_the_same(road, actions, host):
    alert_id = (await road.send()).alert_id
    host.gate = asyncio.Event()
    both = [asyncio.create_task(actions.create_issue(alert_id, who)) for who in (KIM, ADA)]
    await host.called.wait()
    host.gate.set()
    outcomes = await asyncio.gather(*both)
    assert sorted(outcome.changed for outcome in outcomes) == [False, True]
    assert len(host.made) == 1
    assert outcomes[0].shipment == outcomes[1].shipment


async def test_after_a_lost_answer_the_next_press_finds_what_was_made(road, actions, host):
    alert_id = (await road.send()).alert_id
    host.lose = 1
    with pytest.raises(UpstreamError):
        await actions.create_issue(alert_id, KIM)
    outcome = await actions.create_issue(alert_id, KIM)
    assert outcome.changed
    assert (len(host.made), host.sought) == (1, [False, True])


async def test_a_refusal_leaves_no_doubt_and_can_be_tried_again(road, actions, host):
    alert_id = (await road.send()).alert_id
    host.faults = [UpstreamError("GitHub", "forbidden", permanent=True, cure="Give it rights.")]
    with pytest.raises(UpstreamError, match="Give it rights"):
        await actions.create_pull_request(alert_id, KIM)
    outcome = await actions.create_pull_request(alert_id, KIM)
    assert host.sought == [False]
    assert outcome.shipment is not None
    assert outcome.shipment.kind == "pull_request"


async def test_a_claim_of_a_dead_process_is_taken_over_and_doubted(road, actions, host):
    alert_id = (await road.send()).alert_id
    host.gate = asyncio.Event()
    dying = asyncio.create_task(actions.create_issue(alert_id, KIM))
    await host.called.wait()
    dying.cancel()
    await asyncio.wait([dying])
    host.gate = None
    road.clock.pass_(seconds=16)
    assert (await actions.create_issue(alert_id, ADA)).by == "ada"
    assert host.sought == [True]


async def test_a_claim_outlives_a_database_that_fails_for_a_moment(
    road, actions, host, monkeypatch, caplog, tmp_path
):
    monkeypatch.setattr(shipping, "RENEWED_EVERY", 0.01)
    alert_id = (await road.send()).alert_id
    host.gate = asyncio.Event()
    pressing = asyncio.create_task(actions.create_issue(alert_id, KIM))
    await host.called.wait()
    async with asyncio.timeout(5):
        with sqlite3.connect(tmp_path / "road.db", isolation_level=None) as database:
            database.execute("ALTER TABLE shipments RENAME TO away")
            while "is not renewed" not in caplog.text:  # noqa: ASYNC110 - it sets no event
                await asyncio.sleep(0.01)
            database.execute("ALTER TABLE away RENAME TO shipments")
        road.clock.pass_(seconds=14)
        lasts = road.clock() + shipping.LEASE
        while (await road.store.read(lambda c: find(c, alert_id, "issue"))).until != lasts:
            await road.store.write(lambda _: None)
    host.gate.set()
    assert (await pressing).changed


async def test_an_issue_and_a_pull_request_are_two_shipments(road, actions):
    alert_id = (await road.send()).alert_id
    await actions.create_issue(alert_id, KIM)
    await actions.create_pull_request(alert_id, KIM)
    kinds = [each.kind for each in (await road.store.alerts.detail(alert_id)).shipments]
    assert sorted(kinds) == ["issue", "pull_request"]


async def test_a_service_without_a_repository_and_a_bot_without_a_token_say_what_to_set(
    road, actions
):
    alert_id = (await road.send(service="till")).alert_id
    with pytest.raises(NotFound, match="REPOSITORY_BY_SERVICE"):
        await actions.create_issue(alert_id, KIM)
    actions._shipping._code_host = None
    with pytest.raises(UpstreamError, match="GITHUB_TOKEN"):
        await actions.create_issue(alert_id, KIM)


async def test_capabilities_are_those_of_now(road, actions):
    alert_id = (await road.send()).alert_id
    with pytest.raises(NotAllowed):
        await actions.silence(alert_id, replace(SAM, capabilities=frozenset()), 30)
