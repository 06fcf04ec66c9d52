"""Slack's own SDK against a Slack on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_standin import CHANNEL, TOKEN, SlackStandIn, slack

from bot.errors import UpstreamError
from bot.services.slack import SlackDoor, post_by_webhook

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "it broke"}}]


@pytest.fixture
def server() -> Iterator[SlackStandIn]:
    with slack() as running:
        yield running


async def test_a_message_is_posted_by_token_and_by_webhook(server: SlackStandIn) -> None:
    door = SlackDoor(TOKEN, f"{server.url}/api")
    assert await door.post(CHANNEL, "it broke", BLOCKS) == "1.000100"
    await post_by_webhook(f"{server.url}/services/T1/B1/secret", "it broke", BLOCKS)
    assert [each["blocks"] for each in server.posted] == [BLOCKS, BLOCKS]


async def test_a_refusal_says_what_to_do(server: SlackStandIn) -> None:
    with pytest.raises(UpstreamError, match="must be a member") as refused:
        await SlackDoor(TOKEN, f"{server.url}/api").post("#nowhere", "x", BLOCKS)
    assert refused.value.permanent
    with pytest.raises(UpstreamError, match="SLACK_BOT_TOKEN"):
        await SlackDoor("xoxb-old", f"{server.url}/api").post(CHANNEL, "x", BLOCKS)


async def test_a_rate_limit_is_waited_for(server: SlackStandIn) -> None:
    server.trouble = [(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "0"})]
    assert await SlackDoor(TOKEN, f"{server.url}/api").post(CHANNEL, "x", BLOCKS)


async def test_a_webhook_that_fails_does_not_tell_its_secret(server: SlackStandIn) -> None:
    server.trouble = [(403, "invalid_token", {})]
    with pytest.raises(UpstreamError, match="403: invalid_token") as refused:
        await post_by_webhook(f"{server.url}/services/T1/B1/secret", "x", BLOCKS)
    assert refused.value.permanent
    url = server.url
    server.server_close()
    with pytest.raises(UpstreamError, match="cannot be reached") as gone:
        await post_by_webhook(f"{url.replace(str(server.server_port), '9')}/secret", "x", BLOCKS)
    assert "secret" not in str(gone.value)
