"""Single checks of the doctor: Loki, log files, Slack, and a database that is not there yet."""

from __future__ import annotations

import gzip
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.config import Settings
from bot.doctor.examination import CHECKS, examine
from bot.store import Store

sys.path += [str(Path(__file__).parent / "services" / folder) for folder in ("", "logs")]
from loki_server import LokiServer
from slack_standin import PERSONS_TOKEN, TOKEN, SlackStandIn, slack

NOBODY_LISTENS = "http://127.0.0.1:9"
AN_HOUR_NS = 3_600 * 10**9


async def line_of(name: str, patience: float = 15.0, **settings: object) -> str:
    """The one line that a check says with these settings."""
    lines = await lines_of(name, patience, **settings)
    assert len(lines) == 1, lines
    return lines[0]


async def lines_of(name: str, patience: float = 15.0, **settings: object) -> list[str]:
    said: list[str] = []
    values = {
        key: SecretStr(value) if isinstance(value, str) and key.endswith("_token") else value
        for key, value in settings.items()
    }
    chosen = Settings.model_construct(**values)
    well = await examine(chosen, said.append, patience=patience, checks={name: CHECKS[name]})
    assert well is not any(line.startswith("✗") for line in said)
    return said[:-1]


@pytest.fixture
async def loki() -> AsyncIterator[LokiServer]:
    server = LokiServer()
    await server.start()
    server.add({"app": "shop", "pod": "a"}, [(time.time_ns(), "it broke")])
    yield server
    await server.stop()


@pytest.fixture
def workspace() -> Iterator[SlackStandIn]:
    with slack() as running:
        yield running


@contextmanager
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


# --- Loki ------------------------------------------------------------------------------------


async def test_a_loki_that_answers_and_knows_the_label_is_well(loki: LokiServer) -> None:
    settings = {"loki_url": loki.url, "loki_token": "glc_secret", "loki_tenant": "team-7"}
    line = await line_of("Loki", **settings)
    assert line == "✓ Loki: answers, and its logs have the label app"
    (sent,) = loki.headers
    assert sent["Authorization"] == "Bearer glc_secret"
    assert sent["X-Scope-OrgID"] == "team-7"


async def test_a_label_that_no_log_has_is_named_with_those_that_there_are(loki: LokiServer) -> None:
    line = await line_of("Loki", loki_url=loki.url, loki_label="service_name")
    assert line.startswith("✗ Loki: no log of the last 24 h has the label service_name")
    assert "Set LOKI_LABEL to one of these: app, pod." in line


async def test_a_loki_without_logs_points_to_the_tenant(loki: LokiServer) -> None:
    two_days_ago = time.time_ns() - 48 * AN_HOUR_NS
    loki.streams = [({"app": "shop"}, [(two_days_ago, "it broke")])]
    line = await line_of("Loki", loki_url=loki.url)
    assert line.startswith("✗ Loki: answers, but has no logs of the last 24 h")
    assert "Check LOKI_TENANT" in line


@pytest.mark.parametrize(
    ("refusal", "cure"),
    [
        ((401, "Unauthorized"), "Check LOKI_TOKEN."),
        ((401, ""), "HTTP 401. Check LOKI_TOKEN."),
        ((401, "no org id"), "Set LOKI_TENANT."),
        ((403, "forbidden"), "Check LOKI_TOKEN and LOKI_TENANT."),
        ((400, "multiple org IDs present"), "Check LOKI_URL and LOKI_TENANT."),
        ((404, "page not found"), "Check LOKI_URL."),
        ((200, "<html>Sign in</html>"), "Check LOKI_URL."),
    ],
)
async def test_a_refusal_of_loki_is_told_with_its_cure_and_without_the_token(
    loki: LokiServer, refusal: tuple[int, str], cure: str
) -> None:
    loki.refusals = [refusal]
    line = await line_of("Loki", loki_url=loki.url, loki_token="glc_secret")
    assert line.startswith("✗ Loki: ")
    assert line.endswith(cure)
    assert "glc_secret" not in line


async def test_a_loki_that_cannot_be_reached_is_told_without_its_password() -> None:
    away = NOBODY_LISTENS.replace("//", "//ada:hunter2@")
    line = await line_of("Loki", loki_url=away)
    assert line.startswith("✗ Loki: Cannot connect to host 127.0.0.1:9")
    assert line.endswith("Check LOKI_URL.")
    assert "hunter2" not in line


async def test_two_logins_for_loki_are_a_mistake(loki: LokiServer) -> None:
    twice = loki.url.replace("//", "//ada:hunter2@")
    line = await line_of("Loki", loki_url=twice, loki_token="glc_secret")
    assert line.startswith("✗ Loki: ")
    assert line.endswith("Check LOKI_URL.")
    assert "hunter2" not in line
    assert "glc_secret" not in line


async def test_a_loki_that_trips_once_is_asked_again(loki: LokiServer) -> None:
    loki.refusals = [(429, "too many outstanding requests")]
    assert (await line_of("Loki", loki_url=loki.url)).startswith("✓ Loki")


async def test_a_silent_loki_does_not_hang_the_doctor() -> None:
    with silent_server() as url:
        line = await line_of("Loki", patience=0.1, loki_url=url)
    assert line.startswith("✗ Loki: no answer in 0.1 s")


async def test_without_loki_nothing_is_wrong_but_a_token_or_tenant_for_it() -> None:
    assert await line_of("Loki") == "– Loki: LOKI_URL is not set, so no logs are read there"
    line = await line_of("Loki", loki_token="glc_secret", loki_tenant="team-7")
    assert line.startswith("✗ Loki: LOKI_TOKEN and LOKI_TENANT without LOKI_URL")
    assert "glc_secret" not in line


# --- files -----------------------------------------------------------------------------------


async def test_files_that_can_be_read_are_counted_without_their_rotations(tmp_path: Path) -> None:
    for name in ("shop.log", "till.log", "till.log.1"):
        (tmp_path / name).write_text("it broke\n")
    every, one = tmp_path / "*.log", tmp_path / "shop.log"
    assert await lines_of("Log files", log_files=(str(every), f"file:{one}")) == [
        f"✓ Log files {every}: 2 files can be read",
        f"✓ Log files {one}: 1 file can be read",
    ]


async def test_a_pattern_that_matches_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_text("it broke\n")
    patterns = (str(tmp_path / "*.log"), str(tmp_path / "*.txt"))
    fine, wrong = await lines_of("Log files", log_files=patterns)
    assert fine.startswith("✓")
    assert wrong.startswith(f"✗ Log files {patterns[1]}: there is no such file")
    assert "Check the spelling in LOG_FILES" in wrong
    assert "what is made later is found by itself" in wrong


async def test_a_damaged_file_is_named_with_how_many_there_are(tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_text("it broke\n")
    for number in (1, 2):
        (tmp_path / f"shop.log.{number}.gz").write_bytes(b"not gzip")
    line = await line_of("Log files", log_files=(str(tmp_path / "*.log"),))
    assert line.startswith("✗ Log files")
    assert f"{tmp_path / 'shop.log.1.gz'}: Not a gzipped file" in line
    assert line.endswith("It is damaged. So it is with 1 more.")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything"
)
async def test_a_file_that_may_not_be_read_is_named_with_the_cure(tmp_path: Path) -> None:
    for name in ("shop.log", "till.log"):
        (tmp_path / name).write_text("it broke\n")
    (tmp_path / "till.log").chmod(0)
    line = await line_of("Log files", log_files=(f"{tmp_path}/*.log",))
    assert f"{tmp_path}/till.log may not be read. Let the bot's user read it" in line


async def test_a_log_of_which_only_packed_rotations_are_left_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "shop.log.1.gz").write_bytes(gzip.compress(b"it broke\n"))
    line = await line_of("Log files", log_files=(f"{tmp_path}/shop.log",))
    assert line.endswith("1 file can be read")


async def test_standard_input_is_left_to_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # who touches it fails
    assert await line_of("Log files", log_files=("-",)) == (
        "✓ Log files -: stands for the bot's standard input"
    )


async def test_without_log_files_nothing_is_wrong() -> None:
    assert (await line_of("Log files")).startswith("– Log files: LOG_FILES is not set")


# --- Slack -----------------------------------------------------------------------------------


async def test_slack_says_whose_token_it_is(workspace: SlackStandIn) -> None:
    line = await line_of("Slack", slack_bot_token=TOKEN, slack_api_url=f"{workspace.url}/api")
    assert line == "✓ Slack: logged in as jinkies in Acme"
    assert not workspace.posted


async def test_a_token_of_a_person_is_a_mistake(workspace: SlackStandIn) -> None:
    api_url = f"{workspace.url}/api"
    line = await line_of("Slack", slack_bot_token=PERSONS_TOKEN, slack_api_url=api_url)
    assert line.startswith("✗ Slack: SLACK_BOT_TOKEN is not a bot's. To cure it, copy the Bot User")
    assert PERSONS_TOKEN not in line


async def test_a_token_that_slack_does_not_know_is_told_and_not_shown(
    workspace: SlackStandIn,
) -> None:
    api_url = f"{workspace.url}/api"
    line = await line_of("Slack", slack_bot_token="xoxb-secret", slack_api_url=api_url)
    assert line.startswith("✗ Slack: refuses: invalid_auth. Set SLACK_BOT_TOKEN")
    assert "xoxb-secret" not in line


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        ((200, {"ok": False, "error": "token_revoked"}, {}), "install the app again"),
        ((200, {"ok": False, "error": "org_login_required"}, {}), "methods/auth.test explains it."),
        ((200, "<html>", {}), "Check SLACK_API_URL."),
        ((404, "nothing here", {}), "Check SLACK_API_URL."),
    ],
)
async def test_a_refusal_of_slack_is_told_with_its_cure(
    workspace: SlackStandIn, answer: tuple[int, dict[str, object] | str, dict[str, str]], cure: str
) -> None:
    workspace.trouble = [answer]
    line = await line_of("Slack", slack_bot_token=TOKEN, slack_api_url=f"{workspace.url}/api")
    assert line.startswith("✗ Slack: refuses: ")
    assert cure in line


async def test_a_slack_that_cannot_be_reached_is_told() -> None:
    line = await line_of("Slack", slack_bot_token=TOKEN, slack_api_url=NOBODY_LISTENS)
    assert line.startswith("✗ Slack: cannot be reached (URLError). Check the connection")


async def test_a_silent_slack_does_not_hang_the_doctor() -> None:
    with silent_server() as url:
        line = await line_of("Slack", patience=0.1, slack_bot_token=TOKEN, slack_api_url=url)
    assert line.startswith("✗ Slack: no answer in 0.1 s")


async def test_without_slack_nothing_is_wrong() -> None:
    assert (await line_of("Slack")).startswith("– Slack: SLACK_BOT_TOKEN is not set")


# --- the database ----------------------------------------------------------------------------


def made_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path.as_posix()}"


@pytest.mark.parametrize("name", ["jinkies.db", "new/deep/jinkies.db"])
async def test_a_database_that_is_not_there_yet_is_said_to_come_and_not_made(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    line = await line_of("Database", database_url=url_of(path))
    assert line == f"✓ Database: {path} is made at the first start; this user may write there"
    assert not made_in(tmp_path)


@pytest.mark.parametrize("folder", ["file", "file/deep"])
async def test_a_folder_that_cannot_be_made_for_the_database_is_named(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / "file").write_text("")
    line = await line_of("Database", database_url=url_of(tmp_path / folder / "jinkies.db"))
    assert line.startswith(f"✗ Database: DATABASE_URL: the folder {tmp_path / folder} cannot be")
    assert "name one that this user may write to" in line


async def test_a_database_that_is_there_is_opened(tmp_path: Path) -> None:
    url = url_of(tmp_path / "jinkies.db")
    await (await Store.open(url)).close()
    line = await line_of("Database", database_url=url)
    assert line == "✓ Database: sqlite answers, its schema is up to date"


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "jinkies.db"
    path.write_text("a letter to grandmother, and no database at all" * 100)
    line = await line_of("Database", database_url=url_of(path))
    assert line.startswith("✗ Database: The database: file is not a database")
    assert "Check DATABASE_URL" in line
