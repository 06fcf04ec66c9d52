"""Whose logs they are: as boto3 would find it, and without boto3 where that is possible."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from bot.errors import UpstreamError
from bot.services.logs.account import Account, Keys

ROOT = Path(__file__).parents[3]
PROFILE = """
[default]
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = of-the-profile
"""


@pytest.fixture
def nothing_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without AWS; gives the file where a profile would stand."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def in_environment(monkeypatch: pytest.MonkeyPatch, **told: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-environment")
    for name, value in told.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("nothing_told")
def test_the_keys_of_the_environment_are_those_that_boto3_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_environment(monkeypatch, AWS_SESSION_TOKEN="of-a-role")
    found = boto3.Session().get_credentials()
    assert found is not None
    assert Account("eu-central-1").credentials() == Keys(*found.get_frozen_credentials()[:3])


def test_the_environment_goes_before_a_profile(
    nothing_told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nothing_told / "credentials").write_text(PROFILE)
    assert Account("eu-central-1").credentials().access_key == "AKIAPROFILE"
    in_environment(monkeypatch)
    assert Account("eu-central-1").credentials().access_key == "AKIAENVIRONMENT"


@pytest.mark.usefixtures("nothing_told")
def test_keys_that_have_ended_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = datetime.now(UTC) - timedelta(minutes=1)
    in_environment(monkeypatch, AWS_CREDENTIAL_EXPIRATION=ended.isoformat())
    with pytest.raises(UpstreamError, match=r"expired.*Renew the AWS keys"):
        Account("eu-central-1").credentials()


@pytest.mark.usefixtures("nothing_told")
def test_a_session_that_was_given_counts_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_environment(monkeypatch)
    account = Account(session=boto3.Session("AKIAGIVEN", "given", region_name="eu-west-1"))
    assert (account.region, account.credentials().access_key) == ("eu-west-1", "AKIAGIVEN")


def test_the_region_may_stand_in_the_profile(nothing_told: Path) -> None:
    (nothing_told / "config").write_text("[default]\nregion = eu-north-1\n")
    assert Account().region == "eu-north-1"


@pytest.mark.usefixtures("nothing_told")
def test_without_a_region_it_says_what_to_set() -> None:
    with pytest.raises(UpstreamError, match="Set AWS_REGION"):
        Account()


@pytest.mark.usefixtures("nothing_told")
def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(UpstreamError, match="nobody"):
        Account()


def test_a_read_of_a_local_aws_loads_neither_boto3_nor_what_judges_lines() -> None:
    program = (
        "import sys; from bot.services.logs.cloudwatch import CloudWatchStore as Store;"
        "Store.open('eu-central-1', 'http://127.0.0.1:9')._account.credentials();"
        "print(sorted({'boto3', 'botocore.session', 're2', 'bot.models'} & set(sys.modules)))"
    )
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, env={**os.environ, **keys}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
