"""What GitHub's refusals mean, and what a person can do about each.

Sources: GitHub's REST documentation, "Troubleshooting the REST API" and "Rate limits for the
REST API" (403 or 429; `retry-after` first, else wait until `x-ratelimit-reset`, else a minute).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests
from github import GithubException

from bot.errors import UpstreamError

SYSTEM = "GitHub"
LIMIT_WORDS = ("rate limit", "abuse detection", "please retry your request again later")
MAX_DETAIL = 300
CURE_OF_401 = (
    "Make a new token (fine-grained: Contents, Issues and Pull requests read and write) "
    "and set GITHUB_TOKEN."
)


class AnswerUnknown(UpstreamError):  # noqa: N818 - the vocabulary of bot.errors
    """The request may have been carried out: the connection broke or the server failed."""


def refused(error: GithubException, now: datetime, doing: str) -> UpstreamError:
    """The error of an answer with status >= 400; `doing` is e.g. "creating the issue"."""
    status, headers = error.status, _lower(error.headers)
    said = told(error)
    if status == 401:
        return _permanent("the token is not valid (401).", CURE_OF_401)
    if status in {403, 429} and _is_limit(status, headers, said):
        wait = retry_after(headers, now)
        detail = f"the rate limit is used up ({status}) while {doing}."
        cure = f"It can be tried again in {_minutes(wait)}."
        return UpstreamError(SYSTEM, detail, retry_after=wait, cure=cure)
    if status == 403:
        return _permanent(f"{doing} is not allowed (403): {said}", missing_permission(headers))
    if status == 404:
        return _not_found(headers, doing)
    if status == 410:
        cure = "Enable issues in the repository's settings, or choose another repository."
        return _permanent("issues are disabled in this repository (410).", cure)
    if status == 409:
        return UpstreamError(SYSTEM, f"{doing} met a conflict (409): {said}", retry_after=2.0)
    if status == 422:
        return _permanent(f"GitHub refused {doing} (422): {said}", "")
    if status >= 500:
        return AnswerUnknown(SYSTEM, f"it failed while {doing} ({status}).", retry_after=5.0)
    return _permanent(f"{doing} was refused ({status}): {said}", "")


def unreachable(error: Exception, doing: str) -> UpstreamError:
    """The error of a connection that could not be made, broke, or took too long."""
    if isinstance(error, requests.exceptions.SSLError):
        cure = "Check GITHUB_API_URL and the certificates of this machine."
        return _permanent(f"no secure connection while {doing}.", cure)
    never_sent = isinstance(error, requests.exceptions.ConnectTimeout)
    slow = isinstance(error, requests.exceptions.Timeout)
    detail = (
        f"it did not answer in time while {doing}."
        if slow
        else (f"the connection failed while {doing}.")
    )
    kind = UpstreamError if never_sent else AnswerUnknown
    return kind(SYSTEM, detail, retry_after=5.0)


def _permanent(detail: str, cure: str) -> UpstreamError:
    return UpstreamError(SYSTEM, detail, permanent=True, cure=cure)


def _not_found(headers: Mapping[str, str], doing: str) -> UpstreamError:
    """GitHub also says 404 to a classic token that lacks a scope, so that it reveals nothing."""
    scopes = headers.get("x-oauth-scopes")
    if scopes is not None and "repo" not in scopes.replace(",", " ").split():
        cure = "Give the token the repo scope, or make a new one and set GITHUB_TOKEN."
        return _permanent(f"not found while {doing} (404): the token lacks the repo scope.", cure)
    cure = (
        "Check the repository's name (owner/name) in GITHUB_REPOSITORY or REPOSITORY_BY_SERVICE, "
        "and that the token may see it."
    )
    return _permanent(f"not found while {doing} (404).", cure)


def missing_permission(headers: Mapping[str, str]) -> str:
    """The cure of a 403: names the permission if GitHub did."""
    accepted = headers.get("x-accepted-github-permissions", "")
    if accepted:
        wanted = accepted.split(";")[0].replace("_", " ").replace("=", ": ")
        return f"Give the token the permission {wanted}."
    scopes = headers.get("x-accepted-oauth-scopes", "")
    if scopes:
        return f"Give the token one of the scopes {scopes}."
    return "Give the token read and write access to Contents, Issues and Pull requests."


def told(error: GithubException) -> str:
    """What GitHub said, in one line: its message and what is wrong with which field."""
    data: Any = error.data
    if not isinstance(data, dict):
        return (str(error.message or "no reason given"))[:MAX_DETAIL]
    parts = [str(data.get("message") or "no reason given")]
    parts += [_field_error(item) for item in data.get("errors") or []]
    return " ".join("; ".join(part for part in parts if part).split())[:MAX_DETAIL]


def _field_error(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    return str(item.get("message") or f"{item.get('field', '')} {item.get('code', '')}".strip())


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to wait, as GitHub's headers say; a minute if they do not."""
    given = headers.get("retry-after", "")
    if given.isdigit():
        return float(given)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(1.0, int(reset) - now.timestamp() + 1)
    return 60.0


def _is_limit(status: int, headers: Mapping[str, str], said: str) -> bool:
    spent = headers.get("x-ratelimit-remaining") == "0"
    words = any(word in said.casefold() for word in LIMIT_WORDS)
    return status == 429 or words or "retry-after" in headers or spent


def _lower(headers: Mapping[str, Any] | None) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (headers or {}).items()}


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
