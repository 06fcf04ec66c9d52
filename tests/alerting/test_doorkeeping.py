"""What the doors received is counted; DSN keys are made, known, and revoked."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from bot.alerting.doorkeeping import Doorkeeper, SdkKeys, dsn
from bot.errors import NotAllowed, NotFound
from bot.models import Capability, Person, Reception

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADA = Person(3, "ada", frozenset(Capability))
KIM = Person(2, "kim", frozenset(Capability) - {Capability.ADMIN})


@pytest.fixture
def keeper(store):
    return Doorkeeper(store)


@pytest.fixture
def keys(store, keeper, clock):
    return SdkKeys(
        store, clock=clock, refresh=keeper.refresh, roles_for=lambda needed: (needed.value,)
    )


async def test_counts_of_many_threads_and_flushes_add_up(store, keeper):
    def deliver():
        for _ in range(500):
            keeper.count("github", Reception.ACCEPTED, NOW)
            keeper.count("slack", Reception.REFUSED, NOW)

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    await keeper.flush()
    for thread in threads:
        thread.join()
    await keeper.close()
    counts = await store.doors.counts()
    assert counts["github"].accepted == counts["slack"].refused == 2000
    assert counts["github"].last_at == NOW


async def test_two_processes_count_into_one(store):
    for keeper in (Doorkeeper(store), Doorkeeper(store)):
        keeper.count("github", Reception.UNREADABLE, NOW)
        await keeper.close()
    assert (await store.doors.counts())["github"].unreadable == 2


async def test_counts_that_cannot_be_written_are_kept(store, keeper, clock, tmp_path):
    keeper.count("github", Reception.ACCEPTED, NOW)
    (await store.write(lambda c: c.exec_driver_sql("ALTER TABLE doors RENAME TO elsewhere")))
    await keeper.close()
    (await store.write(lambda c: c.exec_driver_sql("ALTER TABLE elsewhere RENAME TO doors")))
    keeper.count("github", Reception.ACCEPTED, NOW)
    await keeper.flush()
    assert (await store.doors.counts())["github"].accepted == 2


async def test_a_key_is_good_until_it_is_revoked(keeper, keys):
    key = await keys.create("  checkout   api ", ADA)
    project = keeper.project_of(key.key)
    assert project is not None
    assert (project.service, project.id) == ("checkout api", key.project_id)
    assert dsn(key, "https://jinkies.example.com") == (
        f"https://{key.key}@jinkies.example.com/{key.project_id}"
    )
    await keys.revoke(key.key, ADA)
    assert keeper.project_of(key.key) is None
    assert await keys.keys(ADA) == ()
    with pytest.raises(NotFound):
        await keys.revoke(key.key, ADA)


async def test_a_key_that_another_process_revokes_is_refused_after_the_next_look(store, keys):
    key = await keys.create("shop", ADA)
    other = Doorkeeper(store)
    await other.refresh()
    assert other.project_of(key.key) is not None
    await keys.revoke(key.key, ADA)
    await other.refresh()
    assert other.project_of(key.key) is None


async def test_a_project_keeps_its_number_and_may_have_several_keys(keys):
    first, second = await keys.create("shop", ADA), await keys.create("shop", ADA)
    other = await keys.create("email", ADA)
    assert first.key != second.key
    assert first.project_id == second.project_id != other.project_id


async def test_only_administrators_have_to_do_with_keys(keys):
    key = await keys.create("shop", ADA)
    for work in (keys.create("x", KIM), keys.revoke(key.key, KIM), keys.keys(KIM)):
        with pytest.raises(NotAllowed, match="admin"):
            await work


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
async def test_a_project_needs_a_name(keys, name):
    with pytest.raises(NotFound, match="1 to 100"):
        await keys.create(name, ADA)
