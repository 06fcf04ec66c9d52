"""Whose logs they are: credentials and region of AWS, and boto3's clients for them.

Loading boto3 takes longer than a call to AWS. Where the environment tells credentials and
region, a call is signed without it, and the first line comes sooner.
"""

from __future__ import annotations

import os
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, NoCredentialsError, NoRegionError

from bot.errors import UpstreamError
from bot.services.logs.failures import SYSTEM

if TYPE_CHECKING:
    import boto3

_CURE = "Set AWS_REGION and credentials."
# Legacy, or of credentials that end: boto3 knows what they mean.
_BETTER_LEFT_TO_BOTO3 = ("AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION")


class Keys(NamedTuple):
    """Credentials for one signature."""

    access_key: str
    secret_key: str
    token: str | None


class _Frozen(Protocol):
    def get_frozen_credentials(self) -> Keys: ...


class Account:
    """Used by many threads at once.

    Args:
        region: "" for that of the environment or the profile.
        session: whose credentials and region count; otherwise those of the environment.

    Raises:
        UpstreamError: there is no region.
    """

    def __init__(self, region: str = "", session: boto3.Session | None = None) -> None:
        self._told = session
        self._making = Lock()
        try:
            self.region = region or self._session.region_name
            if not self.region:
                raise NoRegionError
        except BotoCoreError as error:  # a profile that does not exist, too
            raise UpstreamError(SYSTEM, str(error), permanent=True, cure=_CURE) from error

    def credentials(self) -> Keys:
        """Fresh ones; blocks where they have to be fetched.

        Raises:
            BotoCoreError: there are none, or they cannot be had.
            UpstreamError: they have ended.
        """
        if self._told is None and (keys := _of_environment()) is not None:
            return keys
        with self._making:
            found = self._found
        if found is None:
            raise NoCredentialsError
        try:
            return found.get_frozen_credentials()
        except RuntimeError as error:  # so botocore says it
            cure = "Renew the AWS keys."
            raise UpstreamError(SYSTEM, str(error), permanent=True, cure=cure) from error

    def client(self, **options: Any) -> Any:
        """A boto3 client for CloudWatch Logs; its making takes as long as a call."""
        with self._making:  # boto3's sessions are not for several threads
            return self._session.client("logs", region_name=self.region, **options)

    @cached_property
    def _found(self) -> _Frozen | None:
        found: _Frozen | None = self._session.get_credentials()
        return found

    @cached_property
    def _session(self) -> boto3.Session:
        if self._told is not None:
            return self._told
        import boto3  # takes long to load

        return boto3.Session()


def _of_environment() -> Keys | None:
    """What boto3 too would take first."""
    told = os.environ
    key, secret = told.get("AWS_ACCESS_KEY_ID"), told.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret or any(name in told for name in _BETTER_LEFT_TO_BOTO3):
        return None
    return Keys(key, secret, told.get("AWS_SESSION_TOKEN") or None)
