"""Drills on the real road: played, resumed, interrupted, ended by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from drill_road import AREA, KIM, REAL_CHANNEL, SAM, DrillClock, DrillRoad

from bot.alerting.drills import NoDrill, Start
from bot.errors import NotFound, UpstreamError, Withheld
from bot.models import AlertState, Person, Severity
from bot.store import Store, debts, drills

STRANGER = Person(99, "rita")


@pytest.fixture
async def road(tmp_path: Path) -> AsyncIterator[DrillRoad]:
    clock = DrillClock()
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/drill.db", clock=clock)
    yield DrillRoad(store, clock)
    await store.close()


async def test_cards_of_a_drill_go_to_its_area_and_nowhere_else(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(300)
    alerts = await road.alerts(drill.id)
    assert (await road.symptom(drill.id)).title in alerts
    standings = await road.store.read(
        lambda connection: debts.standings(connection, [alert.id for alert in alerts.values()])
    )
    channels = {each.card.channel_id for found in standings.values() for each in found}
    assert channels == {AREA}
    assert {each.debt.mention for found in standings.values() for each in found if each.debt} == {
        ""
    }


async def test_pings_only_if_asked(road: DrillRoad) -> None:
    drill = await road.begin(pings=True)
    assert road.receivers[drill.id].mention == "<@1> <@2>"


async def test_lists_counts_names_and_suggestions_leave_a_drill_out(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(300)
    reads, here = road.store.alerts, f"drill #{drill.id}"
    assert (await reads.page()).total == 0
    assert sum((await reads.counts()).values()) == 0
    assert await reads.services() == await reads.environments() == ()
    assert await reads.suggest("") == await reads.suggest("J-1") == ()
    assert (await reads.page(environment=here)).total == len(await road.alerts(drill.id))
    assert len(await reads.suggest("", environment=here)) > 1


async def test_what_is_real_can_never_pass_for_a_drill(road: DrillRoad) -> None:
    drill = await road.begin()
    forged = await road.real(Severity.ERROR, environment=f"DRILL #{drill.id}")
    alert = await road.store.alerts.get(forged)
    assert alert.environment == f"not a DRILL #{drill.id}"
    assert alert.drill == 0
    assert road.route(alert).channel_id == REAL_CHANNEL
    assert (await road.store.alerts.page()).total == 1


async def test_an_alert_of_a_drill_without_an_area_goes_nowhere(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(60)
    alert = await road.symptom(drill.id)
    del road.receivers[drill.id]
    with pytest.raises(NotFound, match="which is over"):
        road.route(alert)


async def test_the_fault_goes_on_until_the_cause_is_named(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(120)
    await road.actions.resolve((await road.root(drill.id)).id, SAM)
    await road.after(60)
    assert (await road.root(drill.id)).state is AlertState.OPEN, "it fires again"
    await road.drills.answer(SAM, service=road.cause)
    await road.after(60)
    symptom, root = await road.symptom(drill.id), await road.root(drill.id)
    assert symptom.state is AlertState.RESOLVED, "effects clear by themselves"
    assert root.state is AlertState.OPEN
    await road.after(300)
    assert (await road.root(drill.id)).occurrences == root.occurrences
    assert road.area.all("named") == [("sam", road.cause)]


async def test_a_drill_that_is_solved_ends_at_once(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(100)
    truth = road.plan.truth
    verdict = await road.drills.answer(KIM, service=road.cause, file=truth.file, line=truth.line)
    assert (verdict.service, verdict.line, verdict.missing) == (True, True, frozenset())
    await road.after(5)
    assert road.drills.under_way is not None, "its card is open"
    await road.actions.resolve((await road.root(drill.id)).id, KIM)
    await road.after(40)
    assert road.drills.under_way is None
    assert road.area.all("put away") == ["solved"]
    (total,) = set(road.area.all("score"))
    assert total >= 70


async def test_a_drill_ends_by_itself_and_its_cards_are_closed(road: DrillRoad) -> None:
    drill = await road.begin(minutes=10)
    await road.after(650)
    assert road.drills.under_way is None
    assert {alert.state for alert in (await road.alerts(drill.id)).values()} == {
        AlertState.RESOLVED
    }
    assert road.area.all("put away") == ["time"]
    kept = await road.store.read(lambda connection: drills.get(connection, drill.id))
    assert kept.total == 0
    assert kept.is_cleared


async def test_only_one_drill_at_a_time(road: DrillRoad) -> None:
    await road.begin()
    with pytest.raises(NoDrill, match=r"Drill #1 is under way"):
        await road.begin()


async def test_two_that_start_at_once_make_one_drill(road: DrillRoad) -> None:
    start = Start(guild_id=1, origin_id=2, people={}, scenario="payment-failure", seed=7)
    first = await road.drills.reserve(start, SAM)
    with pytest.raises(NoDrill, match=r"under way"):
        await road.drills.reserve(start, KIM)
    await road.drills.abandon(first)
    assert (await road.drills.reserve(start, KIM)).id == first.id + 1


async def test_a_real_critical_alert_ends_it_with_a_link_and_without_a_score(
    road: DrillRoad,
) -> None:
    drill = await road.begin()
    await road.after(100)
    number = await road.real()
    await road.after(45)
    assert road.area.all("interrupt") == [(f"J-{number}", f"<#{REAL_CHANNEL}>")]
    assert road.area.all("put away") == ["interrupted"]
    assert road.area.all("score") == []
    assert {alert.state for alert in (await road.alerts(drill.id)).values()} == {
        AlertState.RESOLVED
    }
    assert (await road.store.alerts.get(number)).state is AlertState.OPEN
    assert await road.store.read(lambda connection: drills.scored(connection, None, 5)) == ()


async def test_an_alert_that_becomes_critical_ends_it_too(road: DrillRoad) -> None:
    await road.begin()
    number = await road.real(Severity.WARNING)
    await road.after(20)
    assert road.drills.under_way is not None
    assert number == await road.real(Severity.CRITICAL, event_id="real-2")
    await road.after(20)
    assert road.area.all("interrupt")


@pytest.mark.parametrize("act", ["acknowledge", "silence"])
async def test_what_somebody_looks_after_does_not_end_it(road: DrillRoad, act: str) -> None:
    number = await road.real()
    with pytest.raises(NoDrill, match=r"no time for a drill: J-1 in shop is real"):
        await road.begin()
    if act == "silence":
        await road.actions.silence(number, SAM, 60)
    else:
        await road.actions.acknowledge(number, SAM)
    await road.begin(minutes=10)
    await road.after(100)
    assert road.drills.under_way is not None


async def test_the_drill_ends_even_if_nobody_can_be_told_of_the_real_alert(
    road: DrillRoad,
) -> None:
    await road.begin()
    await road.after(60)
    await road.real()
    road.area.faults = [UpstreamError("Discord", "is away")] * 3
    await road.after(5, step=2.5)
    await road.after(10)
    assert road.drills.under_way is None


async def test_a_restarted_bot_goes_on_where_it_was(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(100)
    await road.drills.answer(KIM, service="newsletter")
    before = await road.alerts(drill.id)
    said = len(road.area.all("say"))
    road.restart()
    await road.after(5)
    assert any("restarted" in text for text in road.area.all("tell"))
    assert (await road.alerts(drill.id)).keys() == before.keys()
    assert len(road.area.all("say")) <= said + 1, "nothing is said twice"
    assert road.receivers[drill.id].channel_id == AREA
    await road.drills.answer(SAM, service=road.cause)
    road.restart()
    await road.after(300)
    assert (await road.root(drill.id)).state is AlertState.OPEN
    card = await road.drills.stop()
    assert card.wrong == 1
    assert road.drills.log_lines()


async def test_a_bot_that_comes_back_too_late_ends_the_drill_with_its_score(
    road: DrillRoad,
) -> None:
    drill = await road.begin(minutes=10)
    await road.after(100)
    await road.actions.acknowledge((await road.root(drill.id)).id, SAM)
    road.restart()
    road.clock.now += timedelta(hours=3)
    await road.after(40)
    assert road.area.all("put away") == ["time"]
    kept = await road.store.read(lambda connection: drills.get(connection, drill.id))
    assert kept.total == 15


async def test_a_drill_whose_scenario_is_gone_ends_and_says_so(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.store.write(lambda transaction: drills.put(transaction, drill.id, scenario="gone"))
    road.restart()
    await road.after(40)
    assert road.area.all("put away") == ["broken"]
    assert "without a score" in road.area.all("tell")[-1]
    assert road.area.all("score") == []


async def test_a_mistake_of_ours_ends_the_drill_and_nothing_else(
    road: DrillRoad, caplog: pytest.LogCaptureFixture
) -> None:
    drill = await road.begin()
    await road.after(60)
    await road.store.write(lambda transaction: drills.put(transaction, drill.id, seed=-1))
    road.restart()
    road.planner.plan = None  # type: ignore[assignment,method-assign]  # it cannot be called
    running = asyncio.create_task(road.drills.course.run())

    async def over() -> bool:
        kept = await road.store.read(lambda connection: drills.get(connection, drill.id))
        return kept.is_cleared

    async with asyncio.timeout(10):
        while not await over():
            assert not running.done()
            await asyncio.sleep(0.01)
    running.cancel()
    assert "the bot goes on without it" in caplog.text
    assert {alert.state for alert in (await road.alerts(drill.id)).values()} == {
        AlertState.RESOLVED
    }


async def test_a_drill_that_never_got_an_area_is_forgotten_at_the_next_start(
    road: DrillRoad,
) -> None:
    start = Start(guild_id=1, origin_id=2, people={}, scenario="payment-failure", seed=7)
    await road.drills.reserve(start, SAM)
    road.restart()
    await road.drills.course.look()
    await road.begin()


async def test_the_area_is_put_away_when_discord_is_back(road: DrillRoad) -> None:
    await road.begin()
    await road.after(60)
    await road.drills.stop()
    road.area.faults = [UpstreamError("Discord", "is away")] * 4
    for _ in range(4):
        with pytest.raises(UpstreamError):
            await road.drills.course.look()
    await road.after(40)
    assert road.area.all("put away") == ["stopped"]


async def test_an_area_that_somebody_deleted_is_not_waited_for(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(60)
    await road.drills.stop()
    road.area.faults = [UpstreamError("Discord", "no such channel", permanent=True)]
    await road.after(5)
    kept = await road.store.read(lambda connection: drills.get(connection, drill.id))
    assert kept.is_cleared


async def test_what_is_over_is_history(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(60)
    alert = await road.symptom(drill.id)
    await road.drills.stop()
    await road.after(40)
    with pytest.raises(NotFound, match=r"belongs to drill #1, which is over"):
        await road.actions.silence(alert.id, SAM, 60)
    assert (await road.store.outbox.counts()).pending == 0
    road.restart()
    await road.drills.course.look()
    assert road.receivers == {}


async def test_an_answer_counts_even_if_discord_does_not_take_the_news(road: DrillRoad) -> None:
    await road.begin()
    road.area.faults = [UpstreamError("Discord", "is away")]
    assert (await road.drills.answer(SAM, service=road.cause)).service
    assert road.area.all("named") == []


async def test_only_those_who_take_part_ask_and_answer(road: DrillRoad) -> None:
    with pytest.raises(NoDrill, match="No drill is under way"):
        await road.drills.ask(SAM, "gwen", "errors?")
    await road.begin()
    with pytest.raises(NoDrill, match="You take no part"):
        await road.drills.ask(STRANGER, "gwen", "errors?")
    with pytest.raises(NoDrill, match="You take no part"):
        await road.drills.answer(STRANGER, service=road.cause)
    with pytest.raises(NotFound, match=r"no colleague nobody. There are"):
        await road.drills.ask(SAM, "nobody", "errors?")


async def test_what_is_real_is_sent_before_what_is_played(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(120)
    await road.real(Severity.WARNING)
    first, *_ = await road.store.read(
        lambda connection: debts.due(connection, road.clock.now, limit=5, but_not=())
    )
    assert first.card.channel_id == REAL_CHANNEL
    assert (await road.root(drill.id)).drill == drill.id


async def test_nothing_is_written_to_github_unless_asked(road: DrillRoad) -> None:
    drill = await road.begin()
    await road.after(60)
    alert = await road.symptom(drill.id)
    with pytest.raises(Withheld, match="This is a drill"):
        await road.actions.create_issue(alert.id, SAM)
    with pytest.raises(Withheld):
        await road.actions.create_pull_request(alert.id, SAM)
    road.ships.add(drill.id)
    with pytest.raises(UpstreamError, match="no token is set"):
        await road.actions.create_issue(alert.id, SAM)


async def test_in_the_area_a_service_means_the_drills_own_logs(road: DrillRoad) -> None:
    await road.begin()
    groups = road.drills.log_groups
    cause = road.cause
    assert groups(AREA, f"{cause}, /aws/other,{cause}") == f"drill:{cause},/aws/other,drill:{cause}"
    assert groups(REAL_CHANNEL, cause) == cause
    now = road.clock.now
    lines = road.drills.log_lines()
    assert lines
    assert all(line.timestamp <= now for line in lines)
    await road.after(60)
    assert len(road.drills.log_lines()) > len(lines)


async def test_a_surprise_is_one_of_all_scenarios(road: DrillRoad) -> None:
    drill = await road.begin(scenario="", seed=3)
    assert drill.scenario == road.planner.offered()[3]
