"""Fixtures for every test that needs a Discord."""

import os
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest

from sandbox.discord.conformance import Conformance
from sandbox.discord.server import DiscordStandIn

SHARED = Path(os.environ.get("JINKIES_SHARED") or Path(__file__).parents[2] / "shared")


@cache
def discord_conformance() -> Conformance | None:
    """Checks against Discord's own descriptions, loaded once; None where the files are not."""
    openapi, gateway = SHARED / "discord-openapi.json", SHARED / "discord-gateway-schemas"
    return Conformance(openapi, gateway) if openapi.exists() and gateway.exists() else None


@pytest.fixture(scope="session")
def conformance() -> Conformance:
    """The checks against Discord's own descriptions; skips where the files are not."""
    found = discord_conformance()
    if found is None:
        pytest.skip(f"Discord's descriptions are not in {SHARED}")
    return found


@pytest.fixture
async def discord_standin() -> AsyncIterator[DiscordStandIn]:
    """A started local Discord that never makes a client wait; the test fails on a violation.

    All traffic is checked against Discord's own descriptions where their files are.
    """
    standin = DiscordStandIn(rate_limits=False, observer=discord_conformance())
    await standin.start()
    try:
        with standin.point_client_here():
            yield standin
    finally:
        await standin.stop()
    assert not standin.violations, "\n".join(standin.violations)
