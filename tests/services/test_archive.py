"""S3 and DynamoDB, for which moto stands in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from bot.errors import UpstreamError
from bot.services.archive import CrashArchive

KEY = "crash-1/error/1.log"


@pytest.fixture(params=["eu-central-1", "us-east-1"])
def archive(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[CrashArchive]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield CrashArchive.open(request.param)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "crash.log"
    path.write_text("ERROR it broke\n")
    return path


def test_a_missing_bucket_is_made_and_the_log_lies_in_it(archive: CrashArchive, log: Path) -> None:
    url = archive.upload(log, "crashes", KEY)
    assert url == f"https://crashes.s3.{archive.region}.amazonaws.com/{KEY}"
    kept = archive.s3.get_object(Bucket="crashes", Key=KEY)
    assert kept["Body"].read() == log.read_bytes()
    assert kept["ContentType"] == "text/plain; charset=utf-8"
    assert archive.upload(log, "crashes", KEY) == url


def test_a_missing_table_is_made_and_a_record_is_written_whole(archive: CrashArchive) -> None:
    item = {"crashId": "crash-1", "usersImpacted": 3, "errorDetails": {"title": "x"}}
    archive.put("crashes", item)
    archive.put("crashes", item | {"usersImpacted": 4})
    (kept,) = archive.dynamodb.scan(TableName="crashes")["Items"]
    assert kept["usersImpacted"] == {"N": "4"}
    assert kept["errorDetails"] == {"M": {"title": {"S": "x"}}}


def test_whoever_may_not_is_told_which_permission_is_missing(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        iam = boto3.client("iam", "us-east-1")
        iam.create_user(UserName="bot")
        policy = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
        }
        iam.put_user_policy(UserName="bot", PolicyName="p", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="bot")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        set_initial_no_auth_action_count(0)(_is_refused)(log)


def _is_refused(log: Path) -> None:
    archive = CrashArchive.open("us-east-1")
    with pytest.raises(UpstreamError, match="Allow s3:PutObject on crashes") as refused:
        archive.upload(log, "crashes", KEY)
    assert refused.value.permanent
    with pytest.raises(UpstreamError, match="Allow dynamodb:PutItem on crashes"):
        archive.put("crashes", {"crashId": "crash-1"})


def test_without_a_region_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(UpstreamError, match="AWS_REGION"):
        CrashArchive.open()
