"""Who AWS takes us for, and whether that identity may read logs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from bot.errors import NotFound, UpstreamError

# A check answers soon or not at all; production calls have patience of their own.
_IMPATIENT = Config(connect_timeout=4, read_timeout=6, retries={"max_attempts": 1})


@dataclass(frozen=True, slots=True)
class AwsIdentity:
    """The account and role that the credentials stand for, and how many log groups it sees."""

    arn: str
    region: str
    sees_log_groups: bool


async def identify(region: str = "", endpoint_url: str = "") -> AwsIdentity:
    """Ask STS who we are and CloudWatch Logs whether we may list its groups.

    Raises:
        NotFound: there are no credentials at all.
        UpstreamError: AWS refuses, or cannot be reached.
    """
    return await asyncio.to_thread(_identify, region, endpoint_url)


def _identify(region: str, endpoint_url: str) -> AwsIdentity:
    try:
        session = boto3.Session(region_name=region or None)
        if session.get_credentials() is None:
            raise NotFound("no AWS credentials")
        arn = str(_client(session, "sts", endpoint_url).get_caller_identity()["Arn"])
        groups = _client(session, "logs", endpoint_url).describe_log_groups(limit=1)
    except (NoRegionError, NoCredentialsError) as error:
        raise UpstreamError(
            "AWS", str(error), permanent=True, cure="Set AWS_REGION and credentials."
        ) from error
    except ClientError as error:
        raise UpstreamError(
            "AWS",
            str(error),
            permanent=True,
            cure="Check the keys, and give them the policy in docs/deployment.md.",
        ) from error
    except BotoCoreError as error:
        raise UpstreamError("AWS", str(error), cure="Check the connection and region.") from error
    return AwsIdentity(arn, session.region_name, bool(groups["logGroups"]))


def _client(session: boto3.Session, service: str, endpoint_url: str) -> Any:
    return session.client(service, endpoint_url=endpoint_url or None, config=_IMPATIENT)
