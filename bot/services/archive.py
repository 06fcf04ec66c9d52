"""Where rehearsed crashes are kept: their logs in S3, their records in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bot.errors import UpstreamError

_KEY = "crashId"
_PATIENT = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard"})
_DENIED = frozenset(("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation"))
_MISSING = frozenset(("404", "NoSuchBucket", "ResourceNotFoundException"))


@dataclass(frozen=True, slots=True)
class CrashArchive:
    """S3 and DynamoDB, as one place; every method raises `UpstreamError`."""

    s3: Any
    dynamodb: Any
    region: str

    @classmethod
    def open(cls, region: str = "", endpoint_url: str = "") -> CrashArchive:
        """Reach AWS with the credentials of its own chain."""
        with _told("AWS"):
            session = boto3.Session(region_name=region or None)
            where = {"endpoint_url": endpoint_url or None, "config": _PATIENT}
            s3, dynamodb = session.client("s3", **where), session.client("dynamodb", **where)
            return cls(s3, dynamodb, s3.meta.region_name)

    def upload(self, path: Path, bucket: str, key: str) -> str:
        """Put a file; makes the bucket if it is missing and we may. Returns the object's URL."""
        with _told("S3", f"s3:PutObject on {bucket}"):
            self._ensure_bucket(bucket)
            with path.open("rb") as file:
                extra = {"ContentType": "text/plain; charset=utf-8"}
                self.s3.upload_fileobj(file, bucket, key, ExtraArgs=extra)
        return self._url(bucket, key)

    def put(self, table: str, item: Mapping[str, object]) -> None:
        """Write an item; makes the table if it is missing and we may."""
        with _told("DynamoDB", f"dynamodb:PutItem on {table}"):
            written = {name: _attribute(value) for name, value in item.items()}
            try:
                self.dynamodb.put_item(TableName=table, Item=written)
            except ClientError as error:
                if _code(error) not in _MISSING:
                    raise
                self._make_table(table)
                self.dynamodb.put_item(TableName=table, Item=written)

    def _ensure_bucket(self, bucket: str) -> None:
        try:
            self.s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            # Whoever may only write may not look: then the write itself will tell.
            if _code(error) in _DENIED:
                return
            if _code(error) not in _MISSING:
                raise
            place = {"LocationConstraint": self.region}
            where = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": place}
            self.s3.create_bucket(Bucket=bucket, **where)

    def _make_table(self, table: str) -> None:
        self.dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": _KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": _KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.dynamodb.get_waiter("table_exists").wait(
            TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )

    def _url(self, bucket: str, key: str) -> str:
        endpoint = str(self.s3.meta.endpoint_url)
        if endpoint.endswith(".amazonaws.com"):
            return f"https://{bucket}.s3.{self.region}.amazonaws.com/{quote(key)}"
        return f"{endpoint}/{bucket}/{quote(key)}"


def _attribute(value: object) -> dict[str, Any]:
    """A value as DynamoDB's API writes it."""
    if isinstance(value, Mapping):
        return {"M": {name: _attribute(each) for name, each in value.items()}}
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int | float) else {"S": str(value)}


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _told(system: str, permission: str = "") -> Iterator[None]:
    """AWS's errors in our words."""
    try:
        yield
    except ClientError as error:
        denied = _code(error) in _DENIED
        cure = f"Allow {permission} (docs/deployment.md)." if denied and permission else ""
        raise UpstreamError(system, str(error), permanent=denied, cure=cure) from error
    except (BotoCoreError, boto3.exceptions.Boto3Error) as error:
        cure = "Check AWS_REGION, the credentials and the connection."
        raise UpstreamError(system, str(error), cure=cure) from error
