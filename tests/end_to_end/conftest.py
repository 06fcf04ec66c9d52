import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rehearsal import REPOSITORY, Rehearsal, shop

from bot.store import Store
from sandbox.discord.server import DiscordStandIn
from sandbox.github.server import GitHubStandIn


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all its tables, to be copied: migrating takes longer than a test."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    store = Store(f"sqlite+aiosqlite:///{path}", clock=lambda: datetime.now(UTC))
    store.writer.close()
    return path


@pytest.fixture
async def github() -> AsyncIterator[GitHubStandIn]:
    standin = GitHubStandIn()
    await standin.start()
    standin.add_repository(REPOSITORY, shop())
    yield standin
    await standin.stop()
    assert not standin.violations


@pytest.fixture
async def stage(
    discord_standin: DiscordStandIn, github: GitHubStandIn, migrated: Path, tmp_path: Path
) -> AsyncIterator[Rehearsal]:
    """Everything is there, but the bot has not been started."""
    database = tmp_path / "jinkies.db"
    shutil.copy(migrated, database)
    rehearsal = Rehearsal(discord_standin, github, database)
    yield rehearsal
    await rehearsal.stop()
    assert not discord_standin.interactions.late, "an answer came after Discord's 3 seconds"


@pytest.fixture
async def rehearsal(stage: Rehearsal) -> Rehearsal:
    """The bot is up."""
    await stage.start()
    return stage
