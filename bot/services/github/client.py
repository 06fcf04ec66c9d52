"""PyGithub with our manners: one thread, timeouts, no blind repetition of writes.

PyGithub keeps the request on a connection shared by all threads, so two threads would swap
their requests; and GitHub asks for requests one after another. Hence one thread for all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import requests
from github import Auth, Github, GithubException
from urllib3 import Retry

from bot.errors import UpstreamError
from bot.services.github.failures import SYSTEM, AnswerUnknown, refused, unreachable

T = TypeVar("T")
PUBLIC_API = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between requests; GitHub asks for at least one between writes."""

    reads: float = 0.0
    writes: float = 1.0


# Only reads are repeated, and only quickly: a write may have been carried out, and waiting is
# the business of the caller, who is told how long.
READS_AGAIN = Retry(
    total=2,
    connect=2,
    read=2,
    status=2,
    allowed_methods={"GET"},
    status_forcelist={502, 503, 504},
    backoff_factor=0.2,
    respect_retry_after_header=False,
    raise_on_status=False,
)


class GitHubClient:
    """Runs blocking work against GitHub, and turns every failure into UpstreamError."""

    def __init__(
        self,
        token: str,
        api_url: str,
        *,
        timeout: int,
        pace: Pace,
        clock: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="github")
        self.github = Github(
            base_url=(api_url or PUBLIC_API).rstrip("/"),
            auth=Auth.Token(token) if token else None,
            timeout=timeout,
            retry=READS_AGAIN,
            per_page=100,
            user_agent="Jinkies",
            seconds_between_requests=pace.reads,
            seconds_between_writes=pace.writes,
        )
        self.has_token = bool(token)

    async def run(self, doing: str, work: Callable[[], T]) -> T:
        """Do `work` in GitHub's thread; `doing` says what, for the error message."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: self.attempt(doing, work))

    def attempt(self, doing: str, work: Callable[[], T]) -> T:
        """Do `work` here; any failure becomes UpstreamError."""
        if not self.has_token:
            cure = "Set GITHUB_TOKEN."
            raise UpstreamError(SYSTEM, "there is no token.", permanent=True, cure=cure)
        try:
            return work()
        except GithubException as error:
            raise refused(error, self._clock(), doing) from error
        except requests.exceptions.RequestException as error:
            # "from None": the chained text would show the whole request.
            raise unreachable(error, doing) from None
        except (AssertionError, AttributeError, ValueError, KeyError, TypeError) as error:
            # Whoever garbled the answer may have passed the request on.
            detail = f"its answer could not be understood while {doing}."
            cure = "Check that GITHUB_API_URL is the address of GitHub's API."
            raise AnswerUnknown(SYSTEM, detail, cure=cure) from error

    def close(self) -> None:
        """End the thread and the connections; what is running finishes by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        with suppress(requests.exceptions.RequestException):
            self.github.close()
