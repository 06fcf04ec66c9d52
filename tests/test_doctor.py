"""The doctor against the stand-ins: what it finds, and what it says to do."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.config import Settings
from bot.doctor import examine
from bot.ui.inviting import NEEDED
from sandbox.aws import Aws, environment_of
from sandbox.discord import faults as discord_faults
from sandbox.discord import objects
from sandbox.discord.server import DiscordStandIn
from sandbox.github.server import Commit, GitHubStandIn

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    aws = Aws()
    aws.start()
    with environment_of(aws.environment()):
        yield aws
    aws.stop()


@pytest.fixture
async def github() -> AsyncIterator[GitHubStandIn]:
    standin = GitHubStandIn()
    await standin.start()
    standin.add_repository("acme/shop", [Commit("first", "Ada <a@example.com>", {"a.txt": "a"})])
    yield standin
    await standin.stop()


@pytest.fixture
def good(
    discord_standin: DiscordStandIn, github: GitHubStandIn, aws: Aws, tmp_path: Path
) -> dict[str, Any]:
    world = discord_standin.world
    return {
        "discord_token": SecretStr(discord_standin.token),
        "discord_guild_id": int(world.guild()["id"]),
        "alert_channel_id": int(world.channel("alerts")["id"]),
        "database_url": f"sqlite+aiosqlite:///{(tmp_path / 'jinkies.db').as_posix()}",
        "web_port": 0,
        "webhook_secret": SecretStr("a-long-random-secret"),
        "github_token": SecretStr("stand-in-token"),
        "github_repository": "acme/shop",
        "github_api_url": github.api_url,
        "aws_endpoint_url": aws.url,
    }


async def report_of(values: dict[str, Any], **options: float) -> tuple[bool, list[str]]:
    lines: list[str] = []
    well = await examine(Settings.model_construct(**values), lines.append, **options)
    return well, lines


async def failures_of(values: dict[str, Any], **options: float) -> list[str]:
    well, lines = await report_of(values, **options)
    wrong = [line for line in lines if line.startswith("✗")]
    assert well is (not wrong)
    return wrong


async def test_all_is_well_when_all_is_well(good: dict[str, Any]) -> None:
    well, lines = await report_of(good)
    assert well, lines
    unused = [line for line in lines if line.startswith("–")]
    named = [line.split(":")[0] for line in unused]
    assert named == ["– Doors shut", "– Loki", "– Log files", "– Slack"]
    assert ", github, " in unused[0]
    assert all(line.startswith("✓") for line in lines[:-1] if line not in unused), lines
    assert lines[-1] == "All is well."
    for word in ("token", "intents", "server", "#alerts", "GitHub acme/shop", "AWS", "Database"):
        assert any(word in line for line in lines), word


async def test_without_the_servers_id_it_is_found_by_the_channel(good: dict[str, Any]) -> None:
    assert await failures_of({**good, "discord_guild_id": None}) == []


async def test_with_nothing_set_it_says_what_to_set(tmp_path: Path, aws: Aws) -> None:
    url = f"sqlite+aiosqlite:///{(tmp_path / 'jinkies.db').as_posix()}"
    values = {"database_url": url, "web_port": 0, "aws_endpoint_url": aws.url}
    wrong = await failures_of(values)
    assert [line.split(":")[0] for line in wrong] == [
        "✗ Discord token",
        "✗ Alert channel",
        "✗ Webhook secret",
    ]
    assert "discord.com/developers" in wrong[0]


async def test_a_wrong_token_is_said_to_be_wrong_and_not_shown(good: dict[str, Any]) -> None:
    (line,) = await failures_of({**good, "discord_token": SecretStr("not.the.token")})
    assert "Discord does not know it" in line
    assert "Reset Token" in line
    assert "not.the.token" not in line


async def test_a_server_the_bot_is_not_in_comes_with_an_invitation(good: dict[str, Any]) -> None:
    (line,) = await failures_of({**good, "discord_guild_id": 123456789012345678})
    assert "Check DISCORD_GUILD_ID" in line
    assert "scope=bot+applications.commands" in line
    assert f"permissions={NEEDED.value}" in line


async def test_a_channel_that_is_not_there_is_named(good: dict[str, Any]) -> None:
    values = {**good, "channel_by_service": {"payments": 123456789012345678}}
    (line,) = await failures_of(values)
    assert "123456789012345678" in line
    assert "CHANNEL_BY_SERVICE" in line


async def test_an_alert_channel_that_is_not_there_is_named_also_without_the_servers_id(
    good: dict[str, Any],
) -> None:
    values = {**good, "discord_guild_id": None, "alert_channel_id": 123456789012345678}
    (line,) = await failures_of(values)
    assert "Check ALERT_CHANNEL_ID" in line


async def test_a_channel_without_messages_is_told(
    good: dict[str, Any], discord_standin: DiscordStandIn
) -> None:
    category = discord_standin.world.add_channel("ops", objects.CATEGORY)
    (line,) = await failures_of({**good, "alert_channel_id": int(category["id"])})
    assert "ops: is a category, where no card can be posted" in line


async def test_without_a_channel_the_server_is_looked_at_all_the_same(good: dict[str, Any]) -> None:
    well, lines = await report_of({**good, "alert_channel_id": None})
    assert not well
    assert any(line.startswith("✓ Slash commands") for line in lines)
    (line,) = [line for line in lines if line.startswith("✗")]
    assert "ALERT_CHANNEL_ID is not set" in line


async def test_a_role_that_the_server_does_not_have_is_named(good: dict[str, Any]) -> None:
    (line,) = await failures_of({**good, "roles_respond": ("@responder", "Oncall")})
    assert "ROLES_RESPOND names Oncall, which this server does not have" in line
    assert "Responder" in line


@pytest.mark.parametrize("flags", [0, 1 << 18, 1 << 19])
async def test_message_content_is_looked_for_where_it_is_wanted(
    good: dict[str, Any], discord_standin: DiscordStandIn, flags: int
) -> None:
    world = discord_standin.world
    world.applications.change(world.application()["id"], flags=flags)
    lines = await failures_of({**good, "message_content": True})
    assert [("Message Content is off" in line) for line in lines] == ([] if flags else [True])


async def test_a_discord_that_is_down_is_told_in_a_line(
    good: dict[str, Any], discord_standin: DiscordStandIn
) -> None:
    discord_standin.faults.add(discord_faults.Fault(route="users/@me", status=503))
    (line,) = await failures_of(good)
    assert "Discord cannot be reached (it answers 503 Service Unavailable)" in line


async def test_missing_permissions_are_listed(
    good: dict[str, Any], discord_standin: DiscordStandIn
) -> None:
    world = discord_standin.world
    for role in world.guild()["roles"]:
        kept = int(role["permissions"]) & ~(1 << 14) & ~(1 << 38)
        world.change_role(role["id"], permissions=str(kept))
    (line,) = await failures_of(good)
    assert "embed links" in line
    assert "send messages in threads" in line
    assert "view channel" not in line


async def test_a_silent_discord_does_not_hang_the_doctor(
    good: dict[str, Any], discord_standin: DiscordStandIn
) -> None:
    discord_standin.faults.add(discord_faults.Fault(route="users/@me", delay=10))
    (line,) = await failures_of(good, patience=4)  # enough for the others, also on a busy machine
    assert "Discord: no answer in 4 s" in line


async def test_a_refused_github_token_is_reported_with_a_cure(good: dict[str, Any]) -> None:
    (line,) = await failures_of({**good, "github_token": SecretStr("ghp_wrong")})
    assert line.startswith("✗ GitHub acme/shop")
    assert "ghp_wrong" not in line


async def test_a_repository_that_does_not_exist_is_reported(good: dict[str, Any]) -> None:
    (line,) = await failures_of({**good, "repository_by_service": {"a": "acme/nowhere"}})
    assert "acme/nowhere" in line


async def test_a_repository_without_a_token_is_a_mistake(good: dict[str, Any]) -> None:
    (line,) = await failures_of({**good, "github_token": SecretStr("")})
    assert "GITHUB_TOKEN" in line
    assert "To cure it, make a token" in line


async def test_a_database_that_cannot_be_opened_is_reported(
    good: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    (line,) = await failures_of(
        {**good, "database_url": f"sqlite+aiosqlite:///{tmp_path}/file/jinkies.db"}
    )
    assert line.startswith("✗ Database")
    assert "DATABASE_URL" in line


async def test_a_port_that_another_program_has_is_reported(good: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        (line,) = await failures_of({**good, "web_port": other.getsockname()[1]})
    assert "WEB_PORT" in line


async def test_a_host_that_is_not_this_computer_is_reported(good: dict[str, Any]) -> None:
    (line,) = await failures_of({**good, "web_host": "203.0.113.9"})
    assert "WEB_HOST: '203.0.113.9' cannot be listened on" in line


async def test_a_short_secret_is_refused(good: dict[str, Any]) -> None:
    (line,) = await failures_of({**good, "webhook_secret": SecretStr("hunter2")})
    assert "shorter than 16" in line
    assert "hunter2" not in line


async def test_aws_that_cannot_be_reached_is_a_failure_only_where_it_is_set_up(
    good: dict[str, Any],
) -> None:
    away = {**good, "aws_endpoint_url": "http://127.0.0.1:9"}
    assert await failures_of(away) == []
    (line,) = await failures_of({**away, "aws_region": "eu-central-1"})
    assert line.startswith("✗ AWS")


async def test_a_region_without_credentials_is_a_mistake(
    good: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert await failures_of(good) == []
    (line,) = await failures_of({**good, "aws_region": "eu-central-1"})
    assert "AWS_REGION is set, but there are no credentials" in line


def test_the_permissions_are_the_documented_ones() -> None:
    for name in ("README.md", "docs/deployment.md"):
        assert f"permissions={NEEDED.value}" in (ROOT / name).read_text(encoding="utf-8")


async def test_a_door_s_secret_that_is_of_no_use_is_told(good: dict[str, Any]) -> None:
    secrets = {
        "GITHUB_WEBHOOK_SECRET": "short",
        "SLACK_WEBHOOK_SECRET": "this/is/no/end/of/a/URL",
        "GRAFANA_SECRET_PREVIOUS": "the-old-one-of-this-door",
    }
    found = {name: SecretStr(secret) for name, secret in secrets.items()}
    well, lines = await report_of({**good, "source_secrets": found})
    assert not well
    wrong = "\n".join(line for line in lines if line.startswith("✗"))
    assert "GITHUB_WEBHOOK_SECRET is shorter" in wrong
    assert "SLACK_WEBHOOK_SECRET is the end of a URL" in wrong
    assert "Set GRAFANA_SECRET too" in wrong


async def test_a_file_of_mappings_that_is_of_no_use_is_told(
    good: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "mappings.yaml"
    path.write_bytes(b"\xff\xfe")
    (line,) = await failures_of({**good, "mappings_file": str(path)})
    assert "MAPPINGS_FILE: cannot be read" in line
    assert "save it as UTF-8" in line
    path.write_text("mine: {event: {service: a}}")
    well, lines = await report_of({**good, "mappings_file": str(path)})
    assert not well
    told = f"MAPPINGS_FILE: {path}: mine.event.message: is missing"
    assert any(told in line for line in lines)
    for others in ("✓ Web port", "✓ Webhook secret"):
        assert any(line.startswith(others) for line in lines)
