"""What becomes of our issues and pull requests on GitHub becomes of their alerts."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.alerting.following import Following
from bot.models import Act, AlertState, Reason, Receiver, Shipment, ShipmentChange
from bot.store import shipments
from bot.store.shipments import ShipmentClaim

REPOSITORY = "Acme/Shop"


@pytest.fixture
def following(road):
    return Following(
        road.store,
        route=lambda _alert: Receiver(700),
        clock=road.clock,
        wake=lambda: road.wakes.append("followed"),
    )


async def shipped(road, kind="pull_request", number=3):
    """An alert with a shipment that stands open on GitHub, its card posted."""
    alert_id = (await road.send()).alert_id
    made = Shipment(kind, REPOSITORY, number, "https://github.com/x", "kim", road.clock.now)

    def write(transaction):
        shipments.put_claim(
            transaction, alert_id, kind, ShipmentClaim("c", road.clock.now, "kim", False)
        )
        shipments.finish(transaction, alert_id, made)

    await road.store.write(write)
    await road.deliver(seconds=1)
    return alert_id


async def tell(following, road, state, kind="pull_request", number=3, **earlier):
    change = ShipmentChange(
        kind, "acme/shop", number, state, "octocat", road.clock.now - timedelta(**earlier)
    )
    receipts = await asyncio.wrap_future(following.submit([change]))
    await road.deliver()
    return receipts


async def test_a_merge_resolves_the_alert_and_its_card_says_by_whom(road, following):
    alert_id = await shipped(road)
    (receipt,) = await tell(following, road, "merged")
    assert receipt.alert_id == alert_id
    detail = road.discord.messages[9000]
    assert detail.alert.state is AlertState.RESOLVED
    assert detail.alert.state_changed_by == "octocat on GitHub"
    assert [one.state for one in detail.shipments] == ["merged"]
    (act,) = detail.acts
    assert (act.act, act.detail) == (Act.RESOLVE, "pull request #3 merged")
    assert "followed" in road.wakes


async def test_a_closed_issue_resolves_and_a_reopened_one_reopens(road, following):
    alert_id = await shipped(road, "issue")
    await tell(following, road, "closed", "issue")
    assert (await road.store.alerts.get(alert_id)).state is AlertState.RESOLVED
    road.clock.pass_(minutes=1)
    await tell(following, road, "open", "issue")
    detail = await road.store.alerts.detail(alert_id)
    assert detail.alert.state is AlertState.OPEN
    assert [act.act for act in detail.acts] == [Act.RESOLVE, Act.REOPEN]
    assert road.discord.writes[-1][2].reason is Reason.ACTED
    assert road.discord.posts() == 1, "the same card, edited"


async def test_a_pull_request_closed_without_a_merge_is_only_marked(road, following):
    alert_id = await shipped(road)
    await tell(following, road, "closed")
    detail = await road.store.alerts.detail(alert_id)
    assert detail.alert.state is AlertState.OPEN
    assert [one.state for one in detail.shipments] == ["closed"]
    assert not detail.acts
    assert road.discord.writes[-1][0] == "edit"


async def test_the_same_delivery_again_does_not_close_what_has_fired_since(road, following):
    alert_id = await shipped(road)
    await tell(following, road, "merged")
    road.clock.pass_(minutes=10)
    await road.send()
    assert await tell(following, road, "merged", minutes=10) == ()
    assert (await road.store.alerts.get(alert_id)).state is AlertState.OPEN


async def test_a_delivery_that_comes_late_does_not_undo_a_later_one(road, following):
    alert_id = await shipped(road, "issue")
    road.clock.pass_(hours=1)
    await tell(following, road, "closed", "issue")
    await tell(following, road, "open", "issue")
    assert await tell(following, road, "closed", "issue", minutes=30) == ()
    assert (await road.store.alerts.get(alert_id)).state is AlertState.OPEN


async def test_what_is_not_ours_is_left_aside(road, following):
    await shipped(road)
    assert await tell(following, road, "merged", number=4) == ()
    assert await tell(following, road, "closed", "issue") == ()
