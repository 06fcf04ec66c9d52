from __future__ import annotations

import asyncio
from types import SimpleNamespace

from bot.alerting.delivery import Delivery
from bot.errors import UpstreamError
from bot.models import Reason, Severity, Signal


def reasons(road):
    return [note.reason for _, _, note in road.discord.writes]


async def test_the_first_event_posts_a_card_and_the_next_edits_it(road):
    await road.send()
    await road.deliver()
    await road.send()
    await road.deliver(seconds=1)
    assert [kind for kind, _, _ in road.discord.writes] == ["post", "edit"]
    assert reasons(road) == [Reason.FIRST, Reason.REPEATED]
    assert road.discord.writes[0][2].mention == "@oncall"
    assert (await road.store.outbox.counts()).pending == 0


async def test_the_card_shows_the_alert_as_it_is_when_it_is_sent(road):
    for _ in range(7):
        await road.send()
    await road.deliver()
    [shown] = road.discord.messages.values()
    assert shown.alert.occurrences == 7


async def test_repetition_edits_a_card_fast_at_first_and_then_once_a_minute(road):
    gaps, written = [], road.clock.now
    await road.send()
    await road.deliver()
    for _ in range(190):
        await road.send()
        before = len(road.discord.writes)
        await road.deliver(seconds=1)
        if len(road.discord.writes) > before:
            gaps.append((road.clock.now - written).total_seconds())
            written = road.clock.now
    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_after_a_failure_the_same_nonce_is_tried_later(road):
    road.discord.faults = [UpstreamError("Discord", "500"), UpstreamError("Discord", "500")]
    await road.send()
    await road.deliver()
    await road.deliver()
    assert road.discord.writes == []
    await road.deliver(seconds=1)
    await road.deliver(seconds=2)
    assert road.discord.posts() == 1
    assert road.discord.writes[0][2].attempts == 3
    assert len(road.discord.nonces) == 1


async def test_a_lost_answer_is_found_again_and_nothing_is_posted_twice(road):
    road.discord.lost_answers = 1
    await road.send()
    await road.deliver()
    road.discord.nonces.clear()  # Discord remembers nonces for minutes only
    await road.deliver(seconds=2)
    assert (road.discord.posts(), road.discord.finds) == (1, 1)
    await road.send()
    await road.deliver(seconds=2)
    assert len(road.discord.messages) == 1


async def test_a_deleted_card_is_posted_anew_with_a_nonce_of_its_own(road):
    await road.send()
    await road.deliver()
    road.discord.messages.clear()
    await road.send()
    await road.deliver(seconds=2)
    assert road.discord.posts() == 2
    assert len(road.discord.nonces) == 2


async def test_what_happens_while_a_card_is_being_sent_is_shown_after(road):
    started, go_on = asyncio.Event(), asyncio.Event()
    post = road.discord.post

    async def slow(detail, notification):
        started.set()
        await go_on.wait()
        return await post(detail, notification)

    road.discord.post = slow
    alert_id = (await road.send()).alert_id
    sending = asyncio.create_task(road.deliver())
    await started.wait()
    await road.send(signal=Signal.RESOLVED)
    go_on.set()
    await sending
    await road.deliver(seconds=1)
    assert reasons(road) == [Reason.FIRST, Reason.RESOLVED]
    [shown] = road.discord.messages.values()
    assert shown.alert == await road.store.alerts.get(alert_id)


async def test_a_permanent_refusal_is_a_visible_dead_letter_and_news_tries_it_again(road):
    road.discord.faults = [UpstreamError("Discord", "Missing Access", permanent=True)]
    await road.send(severity=Severity.ERROR)
    await road.deliver()
    [letter] = await road.store.outbox.dead_letters()
    assert (letter.reason, "Missing Access" in letter.problem) == (Reason.FIRST, True)
    await road.send(severity=Severity.ERROR)
    assert (await road.store.outbox.counts()).dead == 1
    await road.send(severity=Severity.CRITICAL)
    await road.deliver()
    assert reasons(road) == [Reason.FIRST]
    assert (await road.store.outbox.counts()).dead == 0


async def test_quiet_news_tries_a_dead_letter_again_after_ten_minutes(road):
    road.discord.faults = [UpstreamError("Discord", "Missing Access", permanent=True)]
    await road.send()
    await road.deliver()
    road.clock.pass_(minutes=10)
    await road.send()
    await road.deliver()
    assert reasons(road) == [Reason.FIRST]


async def test_a_failure_that_never_ends_becomes_a_dead_letter(road):
    await road.send()
    for _ in range(60):
        road.discord.faults = [UpstreamError("Discord", "500")]
        await road.deliver(minutes=6)
    [letter] = await road.store.outbox.dead_letters()
    assert letter.attempts == 50


async def test_the_channel_waits_as_long_as_discord_asks(road):
    road.discord.faults = [UpstreamError("Discord", "429", retry_after=7.0)]
    await road.send()
    await road.send("another")
    await road.deliver()
    await road.deliver(seconds=6)
    writes_within = road.discord.posts()
    await road.deliver(seconds=2)
    assert (writes_within, road.discord.posts()) == (1, 2)  # one was under way already


async def test_a_storm_of_new_errors_drains_at_discords_pace_and_keeps_room_for_people(road):
    for number in range(50):
        await road.send(f"fault {chr(97 + number // 26)}{chr(97 + number % 26)}")
    per_second = []
    while (await road.store.outbox.counts()).pending:
        before = len(road.discord.writes)
        await road.deliver(seconds=1)
        per_second.append(len(road.discord.writes) - before)
    assert road.discord.posts() == 50
    assert all(sum(per_second[n : n + 5]) <= 5 for n in range(len(per_second)))


async def test_critical_goes_before_others_and_repetition_last(road):
    await road.send("known")
    await road.deliver(seconds=5)
    await road.send("known")
    for word in ("one", "two", "three"):
        await road.send(word)
    await road.send("grave", severity=Severity.CRITICAL)
    await road.deliver(seconds=5)
    at_once = road.discord.writes[1:]
    grave = (await road.store.alerts.page(severity=Severity.CRITICAL)).items[0].id
    assert grave in [note.alert_id for _, _, note in at_once]
    assert [note.reason for _, _, note in at_once] == [Reason.FIRST] * 4
    await road.deliver(seconds=5)
    assert road.discord.writes[-1][2].reason is Reason.REPEATED


async def test_a_message_that_breaks_the_messenger_does_not_stop_the_others(road):
    road.discord.faults = [ValueError("a bug")]
    await road.send("first")
    await road.send("second")
    await road.deliver()
    await road.deliver(seconds=2)
    assert road.discord.posts() == 2


async def test_a_claim_that_its_worker_lost_is_taken_over_after_the_lease(road):
    claimed = asyncio.Event()

    async def hang(detail, notification):
        claimed.set()
        await asyncio.Event().wait()

    heir = Delivery(road.store, road.discord, clock=road.clock, monotonic=road.clock.monotonic)
    dead = Delivery(
        road.store, SimpleNamespace(post=hang), clock=road.clock, monotonic=road.clock.monotonic
    )
    await road.send()
    dying = asyncio.create_task(dead.deliver_due())
    await claimed.wait()
    dying.cancel()
    road.clock.pass_(seconds=29)
    await heir.deliver_due()
    assert road.discord.posts() == 0
    road.clock.pass_(seconds=2)
    await heir.deliver_due()
    assert (road.discord.posts(), road.discord.finds) == (1, 1)


async def test_the_loop_is_woken_by_a_commit_and_ends_when_told(road):
    road.intake._wake = road.delivery.wake
    running = asyncio.create_task(road.delivery.run())
    await asyncio.sleep(0)
    await road.send()
    async with asyncio.timeout(10):
        while not road.discord.writes:  # noqa: ASYNC110 - the loop under test sets no event
            await asyncio.sleep(0.005)
    await road.delivery.stop()
    await running
    assert (await road.store.outbox.counts()).pending == 0


async def test_counts_tell_pending_and_dead_apart(road):
    road.discord.faults = [UpstreamError("Discord", "no", permanent=True)]
    await road.send("one")
    await road.deliver()
    await road.send("two")
    road.clock.pass_(seconds=3)
    counts = await road.store.outbox.counts()
    assert (counts.pending, counts.dead, counts.oldest_age.total_seconds()) == (1, 1, 3)
