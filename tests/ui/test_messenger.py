"""Cards on their way to a Discord that refuses, hangs, loses answers or was tidied up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import discord
import pytest
from details_samples import NOW, alert, detail

from bot.errors import NotFound, UpstreamError
from bot.models import AlertState, Notification, Reason
from bot.ui.messenger import DiscordMessenger, allowed_mentions
from sandbox.discord.faults import Fault
from sandbox.discord.permissions import Permission
from sandbox.discord.server import DiscordStandIn

POSTING = r"^/channels/\d+/messages"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def client(discord_standin: DiscordStandIn) -> AsyncIterator[discord.Client]:
    """Logged in, but without a gateway: sending needs none."""
    with discord_standin.point_client_here():
        async with discord.Client(intents=discord.Intents.none()) as client:
            await client.login(discord_standin.token)
            yield client


@pytest.fixture
def messenger(client: discord.Client) -> DiscordMessenger:
    return DiscordMessenger(client, now, timeout=2.0)


@pytest.fixture
def owed(discord_standin: DiscordStandIn) -> Notification:
    channel = int(discord_standin.world.channel("alerts")["id"])
    return Notification(1, 42, channel, Reason.FIRST, "nonce-1", 1, NOW)


async def test_a_card_is_posted_edited_and_found(
    discord_standin: DiscordStandIn, messenger: DiscordMessenger, owed: Notification
) -> None:
    posted = await messenger.post(detail(), owed)
    acknowledged = detail(alert=alert(state=AlertState.ACKNOWLEDGED))
    await messenger.edit(acknowledged, owed, posted)
    (card,) = discord_standin.world.history("alerts")
    assert int(card["id"]) == posted
    assert card["embeds"][0]["author"]["name"].startswith("👀 Acknowledged")
    assert await messenger.find(42, owed.channel_id, now()) == posted
    assert await messenger.find(4, owed.channel_id, now()) is None
    assert await messenger.find(42, owed.channel_id, now() + timedelta(hours=1)) is None


async def test_the_same_nonce_is_the_same_card(
    discord_standin: DiscordStandIn, messenger: DiscordMessenger, owed: Notification
) -> None:
    discord_standin.faults.add(Fault("POST", POSTING, cut=True, after=True))
    with pytest.raises(UpstreamError, match="connection lost") as lost:
        await messenger.post(detail(), owed)
    assert not lost.value.permanent
    posted = await messenger.post(detail(), replace(owed, attempts=2))
    (card,) = discord_standin.world.history("alerts")
    assert int(card["id"]) == posted


async def test_only_whom_the_notification_names_is_mentioned(
    discord_standin: DiscordStandIn, messenger: DiscordMessenger, owed: Notification
) -> None:
    role = discord_standin.world.role("Responder")["id"]
    hostile = detail(alert=alert(title="@everyone <@&1>"))
    await messenger.post(hostile, replace(owed, mention=f"<@&{role}>"))
    (card,) = discord_standin.world.history("alerts")
    assert card["mention_roles"] == [role]
    assert not card["mention_everyone"]


def test_mentions_are_read_from_the_notification() -> None:
    allowed = allowed_mentions("<@&7> <@8> @here").to_dict()
    assert allowed["roles"] == [7]
    assert allowed["users"] == [8]
    assert allowed["parse"] == ["everyone"]
    assert allowed_mentions("").to_dict()["parse"] == []


async def test_a_deleted_card_is_not_found(messenger: DiscordMessenger, owed: Notification) -> None:
    with pytest.raises(NotFound):
        await messenger.edit(detail(), owed, 123456789012345678)


async def test_a_missing_permission_is_permanent_and_says_what_to_give(
    discord_standin: DiscordStandIn, messenger: DiscordMessenger, owed: Notification
) -> None:
    for role in ("Jinkies", "@everyone"):
        discord_standin.world.revoke(role, Permission.SEND_MESSAGES)
    with pytest.raises(UpstreamError, match="Give it View Channel, Send Messages") as refused:
        await messenger.post(detail(), owed)
    assert refused.value.permanent


async def test_a_channel_that_is_gone_names_the_setting(
    messenger: DiscordMessenger, owed: Notification
) -> None:
    with pytest.raises(UpstreamError, match="Set ALERT_CHANNEL_ID") as refused:
        await messenger.post(detail(), replace(owed, channel_id=123456789012345678))
    assert refused.value.permanent


async def test_a_hanging_discord_is_given_up_in_time(
    discord_standin: DiscordStandIn, client: discord.Client, owed: Notification
) -> None:
    discord_standin.faults.add(Fault("POST", POSTING, delay=0.5))
    hurried = DiscordMessenger(client, now, timeout=0.05)
    with pytest.raises(UpstreamError, match="no answer within") as failed:
        await hurried.post(detail(), owed)
    assert not failed.value.permanent


async def test_a_failing_discord_is_worth_another_try(
    discord_standin: DiscordStandIn, messenger: DiscordMessenger, owed: Notification
) -> None:
    discord_standin.faults.add(Fault("POST", POSTING, status=503))
    with pytest.raises(UpstreamError, match="503") as failed:
        await messenger.post(detail(), owed)
    assert not failed.value.permanent


async def test_without_a_connection_it_is_worth_another_try(owed: Notification) -> None:
    for client in (None, discord.Client(intents=discord.Intents.none())):
        with pytest.raises(UpstreamError, match="not connected") as failed:
            await DiscordMessenger(client, now).post(detail(), owed)
        assert not failed.value.permanent
        assert DiscordMessenger(client, now).url(1, 2) == ""


async def test_a_copy_shown_in_answer_to_a_command_is_not_the_card(
    discord_standin: DiscordStandIn, messenger: DiscordMessenger, owed: Notification
) -> None:
    posted = await messenger.post(detail(), owed)
    copy = {**discord_standin.world.messages[str(posted)], "id": str(posted + 1)}
    copy["interaction_metadata"] = {
        "id": "9",
        "type": 2,
        "user": discord_standin.world.user("rita"),
        "authorizing_integration_owners": {},
    }
    discord_standin.world.messages.put(copy["id"], copy)
    assert await messenger.find(42, owed.channel_id, now()) == posted


async def test_sending_does_not_block_the_loop(
    messenger: DiscordMessenger, owed: Notification
) -> None:
    async with asyncio.timeout(3):
        await asyncio.gather(
            *(messenger.post(detail(), replace(owed, nonce=f"n{n}")) for n in range(4))
        )
