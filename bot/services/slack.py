"""Slack, through its own SDK: messages by a bot's token or an incoming webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
)
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from bot.errors import UpstreamError

Blocks = Sequence[dict[str, Any]]

API_URL = "https://slack.com/api"
_TIMEOUT = 15  # seconds
_IMPATIENT = 6  # seconds; a check answers soon or not at all
_CURES: Mapping[str, str] = {
    "channel_not_found": "Check the channel's name; of a private one the app must be a member.",
    "not_in_channel": "Invite the app into the channel: /invite @its-name.",
    "is_archived": "The channel is archived; choose another one.",
    "invalid_auth": "Set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-...) of your app.",
    "not_authed": "Set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-...) of your app.",
    "not_allowed_token_type": "Set SLACK_BOT_TOKEN to the Bot User OAuth Token of your app.",
    "token_expired": "The token has expired: install the app again, and copy the new one.",
    "token_revoked": "The token was revoked: install the app again, and copy the new one.",
    "account_inactive": "The token's workspace or app is gone: install the app again.",
    "missing_scope": "Give the app the scope chat:write, and install it again.",
    "invalid_blocks": "This is a mistake of Jinkies; please report it.",
}


@dataclass(frozen=True, slots=True)
class SlackIdentity:
    """Whom Slack takes us for."""

    name: str
    workspace: str
    is_bot: bool


class SlackDoor:
    """Posts messages.

    Args:
        token: of a bot, `xoxb-…`.
        api_url: another address than Slack's own.
    """

    def __init__(self, token: str, api_url: str = API_URL) -> None:
        self._client = WebClient(token=token, base_url=f"{api_url.rstrip('/')}/", timeout=_TIMEOUT)
        self._client.retry_handlers = _retries()

    async def post(self, channel: str, text: str, blocks: Blocks) -> str:
        """Post into a channel ("#name" or an id); returns the message's time stamp.

        Args:
            text: what notifications show.

        Raises:
            UpstreamError: Slack refuses, or cannot be reached.
        """
        return await asyncio.to_thread(self._post, channel, text, blocks)

    async def call(self, method: str, **fields: Any) -> Mapping[str, Any]:
        """Call one of Slack's methods, e.g. "chat.postMessage"; returns its answer.

        Raises:
            UpstreamError: Slack refuses, or cannot be reached.
        """
        return await asyncio.to_thread(self._call, method, fields)

    def _post(self, channel: str, text: str, blocks: Blocks) -> str:
        fields = {"channel": channel, "text": text, "blocks": blocks}
        quiet = {"unfurl_links": False, "unfurl_media": False}
        return str(self._call("chat.postMessage", fields | quiet)["ts"])

    def _call(self, method: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return _answered(lambda: self._client.api_call(method, json=dict(fields)))


async def identify(token: str, api_url: str = API_URL) -> SlackIdentity:
    """Ask Slack whose token it is.

    Raises:
        UpstreamError: Slack refuses, or cannot be reached.
    """
    client = WebClient(token=token, base_url=f"{api_url.rstrip('/')}/", timeout=_IMPATIENT)
    client.retry_handlers = []
    found = await asyncio.to_thread(_answered, client.auth_test)
    return SlackIdentity(str(found.get("user")), str(found.get("team")), bool(found.get("bot_id")))


async def post_by_webhook(url: str, text: str, blocks: Blocks) -> None:
    """Post through an incoming webhook, whose URL knows its channel; raises `UpstreamError`."""

    def post() -> None:
        client = WebhookClient(url, timeout=_TIMEOUT, retry_handlers=_retries())
        try:
            answer = client.send(text=text, blocks=blocks)
        except (SlackClientError, URLError, OSError, ValueError) as error:
            raise _unreachable(error) from None  # its words may hold the URL, which is a secret
        if answer.status_code != 200:
            told = f"the webhook answered {answer.status_code}: {str(answer.body)[:200]}"
            raise UpstreamError("Slack", told, permanent=400 <= answer.status_code < 500)

    await asyncio.to_thread(post)


def _answered(ask: Callable[[], SlackResponse]) -> Mapping[str, Any]:
    try:
        answer = ask()
    except SlackApiError as error:
        raise _refused(error) from None
    except (SlackClientError, URLError, OSError) as error:
        raise _unreachable(error) from error
    return dict(answer.data) if isinstance(answer.data, dict) else {}


def _retries() -> list[Any]:
    return [ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler(max_retry_count=2)]


def _refused(error: SlackApiError) -> UpstreamError:
    code = str(error.response.get("error") or "an unknown error")
    if code == "ratelimited" or error.response.status_code == 429:
        wait = float(error.response.headers.get("Retry-After") or 30)
        return UpstreamError("Slack", "we post too fast", retry_after=wait)
    needed = error.response.get("needed")
    lacks = f" (needs {needed})" if needed else ""
    return UpstreamError(
        "Slack",
        f"refuses: {code}{lacks}.",
        permanent=error.response.status_code < 500,
        cure=_cure(code, error.response.api_url.rpartition("/")[2]),
    )


def _cure(code: str, method: str) -> str:
    if " " in code:  # no code of Slack's, but the SDK's words for an answer that is no JSON
        return "Check SLACK_API_URL."
    return _CURES.get(code, f"https://api.slack.com/methods/{method} explains it.")


def _unreachable(error: Exception) -> UpstreamError:
    return UpstreamError(
        "Slack", f"cannot be reached ({type(error).__name__}).", cure="Check the connection."
    )
