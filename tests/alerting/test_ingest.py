from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from bot.errors import BadPayload, Overloaded
from bot.models import AlertState, Reason, Severity, Signal


async def test_two_events_of_one_problem_are_one_alert_with_two_occurrences(road):
    first, second = await road.send("boom 1"), await road.send("boom 2")
    assert (first.is_new_alert, second.is_new_alert) == (True, False)
    assert first.alert_id == second.alert_id
    assert (await road.store.alerts.get(first.alert_id)).occurrences == 2


async def test_the_same_event_again_is_counted_once_and_said_to_be_a_duplicate(road):
    event = road.event()
    first = (await road.intake.ingest([event]))[0]
    again = await road.intake.ingest([event, event])
    assert not first.is_duplicate
    assert [receipt.is_duplicate for receipt in again] == [True, True]
    assert {receipt.alert_id for receipt in again} == {first.alert_id}
    assert (await road.store.alerts.get(first.alert_id)).occurrences == 1


async def test_an_event_twice_in_one_submission_is_counted_once(road):
    event = road.event()
    receipts = await road.intake.ingest([event, event])
    assert [receipt.is_new_alert for receipt in receipts] == [True, False]
    assert [receipt.is_duplicate for receipt in receipts] == [False, True]


async def test_services_and_environments_have_alerts_of_their_own(road):
    places = [{}, {"service": "till"}, {"environment": "staging"}]
    alerts = {(await road.send("boom", **place)).alert_id for place in places}
    assert len(alerts) == 3


async def test_an_event_of_a_resolved_alert_reopens_it(road):
    alert_id = (await road.send()).alert_id
    road.clock.pass_(seconds=10)
    await road.send(signal=Signal.RESOLVED)
    resolved = await road.store.alerts.get(alert_id)
    road.clock.pass_(seconds=10)
    await road.send()
    reopened = await road.store.alerts.get(alert_id)
    assert (resolved.state, resolved.state_changed_by) == (AlertState.RESOLVED, "generic")
    assert (reopened.state, reopened.occurrences) == (AlertState.OPEN, 2)


async def test_an_event_that_was_on_its_way_when_its_alert_was_resolved_does_not_reopen_it(road):
    alert_id = (await road.send()).alert_id
    road.clock.pass_(seconds=10)
    late = road.event()
    road.clock.pass_(seconds=5)
    await road.send(signal=Signal.RESOLVED)
    await road.intake.ingest([late])
    alert = await road.store.alerts.get(alert_id)
    assert (alert.state, alert.occurrences) == (AlertState.RESOLVED, 2)


async def test_an_event_with_an_old_date_still_reopens(road):
    """A sender's wrong clock must not hide an error."""
    alert_id = (await road.send()).alert_id
    await road.send(signal=Signal.RESOLVED)
    await road.send(occurred_at=road.clock.now - timedelta(days=300))
    assert (await road.store.alerts.get(alert_id)).state is AlertState.OPEN


async def test_a_late_event_does_not_move_last_seen_back_but_first_seen_is_earlier(road):
    now = road.clock.now
    alert_id = (await road.send()).alert_id
    await road.send(occurred_at=now - timedelta(hours=1))
    alert = await road.store.alerts.get(alert_id)
    assert (alert.first_seen, alert.last_seen) == (now - timedelta(hours=1), now)


async def test_a_late_all_clear_does_not_close_what_fired_since(road):
    alert_id = (await road.send()).alert_id
    earlier = road.clock.now - timedelta(minutes=1)
    await road.send(signal=Signal.RESOLVED, occurred_at=earlier)
    assert (await road.store.alerts.get(alert_id)).state is AlertState.OPEN


async def test_a_clock_that_runs_ahead_counts_as_now(road):
    alert_id = (await road.send(occurred_at=road.clock.now + timedelta(days=9))).alert_id
    assert (await road.store.alerts.get(alert_id)).last_seen == road.clock.now


async def test_an_all_clear_of_something_unknown_is_stored_and_nobody_is_told(road):
    receipt = await road.send(signal=Signal.RESOLVED)
    alert = await road.store.alerts.get(receipt.alert_id)
    assert (alert.state, alert.occurrences) == (AlertState.RESOLVED, 0)
    assert (await road.store.outbox.counts()).pending == 0


async def test_rising_severity_is_news(road):
    alert_id = (await road.send(severity=Severity.WARNING)).alert_id
    await road.deliver()
    await road.send(severity=Severity.CRITICAL)
    await road.deliver()
    assert (await road.store.alerts.get(alert_id)).severity is Severity.CRITICAL
    assert road.discord.writes[-1][2].reason is Reason.WORSE


async def test_an_alert_has_one_pending_notification_whatever_happens(road):
    await road.send(severity=Severity.WARNING)
    await road.send(severity=Severity.ERROR)
    await road.send(signal=Signal.RESOLVED)
    await road.send(severity=Severity.CRITICAL)
    assert (await road.store.outbox.counts()).pending == 1
    await road.deliver()
    assert [note.reason for _, _, note in road.discord.writes] == [Reason.FIRST]


async def test_repetition_wakes_nobody_when_the_card_is_owed_already(road):
    for _ in range(5):
        await road.send()
    assert road.wakes == ["woken"]


async def test_activity_counts_events_in_their_buckets(road):
    alert_id = (await road.send()).alert_id
    await road.send(occurred_at=road.clock.now - timedelta(minutes=10))
    await road.send()
    activity = (await road.store.alerts.detail(alert_id)).activity
    assert (activity[-1], activity[-3], sum(activity)) == (2, 1, 3)


async def test_the_card_shows_the_newest_crash_not_the_all_clear(road):
    alert_id = (await road.send("boom 1")).alert_id
    road.clock.pass_(seconds=1)
    await road.send("boom 2")
    await road.send("boom 3", signal=Signal.RESOLVED)
    assert (await road.store.alerts.detail(alert_id)).event.message == "boom 2"


async def test_an_event_comes_out_as_it_went_in(road):
    event = road.event("Grüße \u2028 <@1>", labels={"a": "b"}, log_lines=("x", "y"), user="u")
    receipt = (await road.intake.ingest([event]))[0]
    stored = (await road.store.alerts.detail(receipt.alert_id)).event
    assert stored == event


@pytest.mark.parametrize("poison", ["a\0b", "half \ud800 pair"])
async def test_characters_that_no_database_keeps_are_replaced(road, poison):
    receipt = await road.send(poison, title=poison, labels={poison: poison}, log_lines=(poison,))
    detail = await road.store.alerts.detail(receipt.alert_id)
    for text in (detail.event.message, detail.alert.title, *detail.event.labels):
        assert "\0" not in text
        assert "\ud800" not in text


async def test_names_too_long_for_an_index_stay_distinct(road):
    long = "x" * 5000
    receipts = [await road.send(event_id=long + end, service=long + end) for end in "ab"]
    assert len({receipt.alert_id for receipt in receipts}) == 2
    assert not any(receipt.is_duplicate for receipt in receipts)


async def test_an_event_without_an_id_is_refused(road):
    with pytest.raises(BadPayload, match="event_id"):
        road.intake.submit([road.event(event_id="")])


async def test_a_closed_intake_refuses_and_keeps_what_it_accepted(road):
    promise = road.intake.submit([road.event()])
    await road.intake.stop()
    assert promise.done()
    with pytest.raises(Overloaded):
        road.intake.submit([road.event()])


async def test_a_full_queue_is_overloaded(road):
    gate, inside = threading.Event(), threading.Event()

    def hold(_transaction):
        inside.set()
        gate.wait(20)

    held = road.store.writer.submit(hold)
    await asyncio.to_thread(inside.wait, 20)
    accepted = [road.intake.submit([road.event() for _ in range(500)]) for _ in range(4)]
    with pytest.raises(Overloaded):
        road.intake.submit([road.event()])
    gate.set()
    for promise in accepted:
        await asyncio.wrap_future(promise)
    assert held.done()


async def test_many_threads_at_once_lose_and_double_nothing(road):
    batches = [[road.event(f"fault {'abcde'[n % 5]}") for n in range(20)] for _ in range(8)]

    def bring(batch):
        for event in batch:
            road.intake.submit([event, event]).result(20)

    await asyncio.gather(*(asyncio.to_thread(bring, batch) for batch in batches))
    page = await road.store.alerts.page()
    assert sorted(alert.occurrences for alert in page.items) == [32] * 5
    assert page.total == 5
