from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bot.errors import NotFound
from bot.models import AlertState, Severity
from bot.store import alerts
from bot.store.listing import _Filter, _newest

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVERY = tuple(AlertState)


async def test_a_page_is_ordered_by_last_seen_and_knows_the_total(store, new_alert, add):
    await add(*(new_alert(f"k{n}", last_seen=NOW - timedelta(minutes=n)) for n in range(25)))
    second = await store.alerts.page(number=2, size=10)
    assert [alert.fingerprint.key for alert in second.items] == [f"k{n}" for n in range(10, 20)]
    assert (second.total, second.number, second.size) == (25, 2, 10)
    assert (await store.alerts.page(number=9)).items == ()


async def test_filters_narrow_the_page_and_its_total(store, new_alert, add):
    await add(
        new_alert("a", service="till", severity=Severity.CRITICAL),
        new_alert("b", environment="staging"),
        new_alert("c", state=AlertState.RESOLVED),
        new_alert("d", title="100% of _cards_ refused", state=AlertState.ACKNOWLEDGED),
    )

    async def found(**filters):
        page = await store.alerts.page(**filters)
        assert page.total == len(page.items)
        return "".join(sorted(alert.fingerprint.key for alert in page.items))

    assert await found() == "abd"
    assert await found(states=EVERY) == "abcd"
    assert await found(service="till") == "a"
    assert await found(environment="staging") == "b"
    assert await found(severity=Severity.CRITICAL) == "a"
    assert await found(severity=Severity.CRITICAL, service="shop") == ""
    assert await found(text="100% of _CARDS") == "d"
    assert await found(text="%") == "d"
    assert await found(text="till") == "a"


async def test_counts_follow_every_change(store, new_alert, add):
    ids = await add(new_alert("a"), new_alert("b"), new_alert("c"))
    before = await store.alerts.get(ids[0])
    after = replace(before, state=AlertState.RESOLVED, severity=Severity.INFO)
    await store.write(lambda transaction: alerts.save(transaction, [(before, after)]))
    assert list((await store.alerts.counts()).values()) == [2, 0, 1]
    assert (await store.alerts.page(states=EVERY, severity=Severity.INFO)).total == 1
    assert await store.alerts.get(ids[0]) == after


async def test_suggestions_come_by_number_and_by_words(store, new_alert, add):
    await add(*(new_alert(f"k{n}", title=f"fault {n} of till") for n in range(1, 131)))
    by_number = [alert.id for alert in await store.alerts.suggest("J-12")]
    assert by_number == [12, *range(129, 119, -1)]
    assert [alert.id for alert in await store.alerts.suggest("#130")] == [130]
    assert len(await store.alerts.suggest("TILL")) == 25
    assert len(await store.alerts.suggest("J-", limit=7)) == 7
    assert await store.alerts.suggest("no such words") == ()
    assert await store.alerts.suggest("9" * 30) == ()


async def test_services_and_environments_are_suggested_by_prefix(store, new_alert, add):
    await add(
        new_alert("a", service="Shop"), new_alert("b", service="ship"), new_alert("c", service="x")
    )
    assert set(await store.alerts.services("SH")) == {"Shop", "ship"}
    assert await store.alerts.environments("") == ("production",)


async def test_what_is_not_there_is_not_found(store):
    with pytest.raises(NotFound, match="J-4"):
        await store.alerts.detail(4)


async def test_new_alerts_get_ids_in_their_order(store, new_alert, add):
    ids = await add(*(new_alert(f"k{n}") for n in range(100)))
    assert ids == sorted(ids)
    assert (await store.alerts.get(ids[41])).fingerprint.key == "k41"


@pytest.mark.parametrize(
    "filters",
    [{}, {"service": "shop"}, {"environment": "production"}, {"severity": Severity.CRITICAL}],
    ids=str,
)
async def test_a_page_is_found_by_an_index_and_never_sorts_the_table(tmp_path, filters):
    from bot.store import Store

    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/plans.db")
    blank = {"states": EVERY, "service": "", "environment": "", "severity": None, "text": ""}
    query = _newest(_Filter(**{**blank, **filters}), 10).limit(10)

    def plan(connection):
        compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
        return [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]

    steps = await store.read(plan)
    await store.close()
    assert not [step for step in steps if step.startswith("SCAN alerts")]
    searches = [step for step in steps if "alerts_by_" in step]
    assert searches
    assert all("COVERING INDEX" in step or filters for step in searches)
