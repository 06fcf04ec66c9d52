"""Drills as they are kept, on both databases; and lists that leave their alerts out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import NotFound
from bot.models import Act, ActRecord, AlertState, Person, Severity
from bot.store import acts, debts, drills
from bot.store.debts import Card
from bot.store.drills import Deed, Drill

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SAM = Person(1, "Sam")
NEW = Drill(
    id=0,
    scenario="payment-failure",
    seed=2**31 - 1,
    title="Charges fail",
    guild_id=10**18,
    origin_id=10**18 + 1,
    area_id=0,
    started_by=1,
    started_at=NOW,
    ends_at=NOW + timedelta(minutes=30),
    ships=False,
    pings=True,
    people={1: "Sam", 2: "Kim"},
)


async def add_drill(store, **changes):
    return await store.write(lambda transaction: drills.add(transaction, replace(NEW, **changes)))


async def change(store, drill_id, **changes):
    await store.write(lambda transaction: drills.put(transaction, drill_id, **changes))


async def test_a_drill_is_kept_whole(store):
    drill_id = await add_drill(store)
    assert await store.read(drills.live) == replace(NEW, id=drill_id)
    await change(
        store, drill_id, area_id=77, ended_at=NOW, outcome="time", total=40, scorecard="{}"
    )
    ended = await store.read(lambda connection: drills.get(connection, drill_id))
    assert (ended.area_id, ended.ended_at, ended.total) == (77, NOW, 40)
    assert await store.read(drills.live) is None
    assert await store.read(drills.uncleared) == (ended,)
    with pytest.raises(NotFound, match=r"no drill #999"):
        await store.read(lambda connection: drills.get(connection, 999))


async def test_scores_are_found_by_person_newest_first(store):
    ids = [
        await add_drill(store, people={1: "Sam"}),
        await add_drill(store, people={2: "Kim"}),
        await add_drill(store),
        await add_drill(store),
    ]
    for drill_id in ids[:3]:
        await change(store, drill_id, scorecard="{}")

    async def found(person):
        kept = await store.read(lambda connection: drills.scored(connection, person, 10))
        return [drill.id for drill in kept]

    assert await found(None) == ids[2::-1]
    assert await found(1) == [ids[2], ids[0]]
    assert await found(99) == []


async def test_deeds_and_acts_come_in_the_order_of_time(store, new_alert, add):
    drill_id = await add_drill(store)
    (alert_id, other) = await add(
        new_alert("a", environment=drills.environment(drill_id)), new_alert("b")
    )
    said = Deed("service", 1, "Sam", NOW + timedelta(seconds=2), "payment", is_right=True)

    def write(transaction):
        drills.add_deed(transaction, drill_id, said)
        for at, target in ((1, alert_id), (3, alert_id), (2, other)):
            done = ActRecord(Act.ACKNOWLEDGE, 1, "Sam", NOW + timedelta(seconds=at))
            acts.record(transaction, target, done)

    await store.write(write)
    found = await store.read(lambda connection: drills.deeds(connection, drill_id))
    assert [deed.kind for deed in found] == ["acknowledge", "service", "acknowledge"]
    assert found[1] == said
    assert found[0].subject == str(alert_id)


async def test_lists_names_and_counts_leave_drills_out(store, new_alert, add):
    drill_id = await add_drill(store)
    here = drills.environment(drill_id)
    real, _ = await add(new_alert("a"), new_alert("b", environment=here, service="drilled"))
    reads = store.alerts
    assert [alert.id for alert in (await reads.page()).items] == [real]
    assert (await reads.page()).total == sum((await reads.counts()).values()) == 1
    assert (await reads.page(service="drilled")).total == 0
    assert (await reads.page(text="title")).total == 1
    assert await reads.services() == ("shop",)
    assert await reads.environments() == ("production",)
    assert [alert.id for alert in await reads.suggest("")] == [real]
    assert (await reads.page(environment=here)).total == 1
    assert len(await reads.suggest("title", environment=here)) == 1


async def test_only_what_is_real_critical_open_and_heard_is_an_emergency(store, new_alert, add):
    drill_id = await add_drill(store)
    loud = {"severity": Severity.CRITICAL}
    ids = await add(
        new_alert("a", **loud, environment=drills.environment(drill_id)),
        new_alert("b", **loud, state=AlertState.ACKNOWLEDGED),
        new_alert("c"),
        new_alert("d", **loud),
        new_alert("e", **loud, environment="simulated"),
    )

    async def emergency(at=NOW):
        found = await store.read(lambda connection: drills.real_emergency(connection, at))
        return found and found.id

    assert await emergency() == ids[3]
    until = NOW + timedelta(hours=1)
    await store.write(lambda t: acts.silence(t, ids[3], SAM, at=NOW, until=until))
    assert await emergency() is None
    assert await emergency(until) == ids[3]


async def test_a_drill_that_is_cleared_leaves_nothing_owed(store, new_alert, add):
    drill_id = await add_drill(store, area_id=77)
    drilled, real = await add(
        new_alert("a", environment=drills.environment(drill_id)), new_alert("b")
    )

    def owe(transaction):
        for alert_id in (drilled, real):
            card = Card(alert_id, 77, nonce=str(alert_id), created_at=NOW)
            debt = debts.Debt("pending", None, 1, "", NOW, NOW)
            debts.put(transaction, [debts.Standing(card, debt)])

    await store.write(owe)
    assert await store.read(lambda connection: drills.is_owed(connection, 77))
    await change(store, drill_id, ended_at=NOW)
    await store.write(lambda transaction: drills.clear(transaction, drill_id))
    left = await store.read(lambda connection: debts.standings(connection, [drilled, real]))
    assert set(left) == {real}
    assert await store.read(drills.areas) == ()
