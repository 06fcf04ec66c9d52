"""A PostgreSQL that is there, and says nothing: behind a firewall, or hung."""

import socket
import time
from datetime import UTC, datetime

import pytest

from bot.errors import UpstreamError
from bot.store import Store, database

SOON = 15  # seconds; without us it would be two minutes


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_server_that_falls_silent_is_told_of_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._SILENCE, "connect_timeout", 2)  # the least there is
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://jinkies:pw@127.0.0.1:{silent.getsockname()[1]}/jinkies"
        begun = time.monotonic()
        with pytest.raises(UpstreamError, match=r"The database: .*timeout"):
            await Store.open(url, clock=lambda: datetime.now(UTC))
    assert time.monotonic() - begun < SOON


@pytest.mark.postgres
def test_a_connection_that_the_network_loses_is_given_up_within_a_minute(postgres_url: str) -> None:
    engine = database.writing_engine(database.read_url(postgres_url))
    with engine.connect() as connection:
        asked = connection.connection.driver_connection.info.get_parameters()
    engine.dispose()
    assert asked["connect_timeout"] == "10"
    assert asked["tcp_user_timeout"] == "30000"
    idle, interval, count = (asked[f"keepalives_{name}"] for name in ("idle", "interval", "count"))
    assert int(idle) + int(interval) * int(count) <= 60


def test_what_the_url_says_of_silence_counts() -> None:
    url = database.read_url("postgresql+psycopg://db/jinkies?connect_timeout=60")
    told = database._wakeful(url)
    assert "connect_timeout" not in told
    assert told["tcp_user_timeout"] == 30_000
