"""Whose logs they are: credentials and region of AWS, and boto3's clients for them.

Loading boto3 takes longer than a call to AWS. Where the environment tells credentials and
region, a call can be signed without it, and the first line comes sooner.
"""

from __future__ import annotations

from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials, EnvProvider, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError, NoRegionError

from bot.errors import UpstreamError
from bot.services.logs.failures import SYSTEM

if TYPE_CHECKING:
    import boto3

_CURE = "Set AWS_REGION and credentials."


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
        except BotoCoreError as error:  # a profile that does not exist
            raise UpstreamError(SYSTEM, str(error), permanent=True, cure=_CURE) from error
        if not self.region:
            cure = "Set AWS_REGION."
            raise UpstreamError(SYSTEM, str(NoRegionError()), permanent=True, cure=cure)

    def credentials(self) -> ReadOnlyCredentials:
        """Fresh ones, for one signature; blocks where they have to be fetched.

        Raises:
            BotoCoreError: there are none, or they cannot be had.
        """
        with self._making:
            found = self._credentials
        if found is None:
            raise NoCredentialsError
        frozen: ReadOnlyCredentials = found.get_frozen_credentials()
        return frozen

    def client(self, **options: Any) -> Any:
        """A boto3 client for CloudWatch Logs; its making takes as long as a call."""
        with self._making:  # sessions of boto3 are not for several threads
            return self._session.client("logs", region_name=self.region, **options)

    @cached_property
    def _credentials(self) -> Credentials | None:
        """Those of the environment, where boto3 looks first too."""
        found = EnvProvider().load() if self._told is None else None
        return found or self._session.get_credentials()

    @cached_property
    def _session(self) -> boto3.Session:
        if self._told is not None:
            return self._told
        import boto3  # takes long to load

        return boto3.Session()
