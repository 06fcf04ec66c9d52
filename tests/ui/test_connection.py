"""What the Discord client does around its end."""

import logging
import warnings
from typing import Any

import aiohttp
import discord
import pytest

from bot.alerting import claims, delivery
from bot.main import Tempo
from bot.ui.desk import JinkiesClient


async def furnish(_client: JinkiesClient) -> None:
    """Nothing is needed."""


async def test_what_discord_py_says_after_the_end_reaches_nobody() -> None:
    desk: Any = None  # nobody gets so far as to need it
    client = JinkiesClient(desk, furnish)
    async with client:
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a coroutine that was never awaited
        client.dispatch("ready")
    assert not client.was_ready


@pytest.mark.parametrize(
    ("error", "is_a_line"),
    [
        (aiohttp.ServerDisconnectedError(), True),
        (TimeoutError(), True),
        (KeyError("a bug"), False),
    ],
)
def test_a_lost_gateway_is_told_in_a_line_and_a_bug_with_its_traceback(
    caplog: pytest.LogCaptureFixture, error: Exception, is_a_line: bool
) -> None:
    try:
        raise error
    except type(error):
        # As discord.py says it, each time that it tries again.
        logging.getLogger("discord.client").exception("Attempting a reconnect in %.2fs", 1.5)
    (record,) = caplog.records
    assert "Attempting a reconnect in 1.50s" in record.getMessage()
    assert ("Discord cannot be reached" in record.getMessage()) is is_a_line
    assert (record.exc_info is None) is is_a_line


def test_a_client_that_never_speaks_does_not_miss_the_libraries_for_it() -> None:
    assert not discord.VoiceClient.warn_nacl
    assert not discord.VoiceClient.warn_dave


def test_a_send_ends_before_its_delivery_and_that_before_its_claim_lapses() -> None:
    assert Tempo().send + 2 <= delivery.PATIENCE < claims.LEASE.total_seconds() - 5
