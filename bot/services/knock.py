"""Knocking at our own doors over HTTP, as a sender would."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from bot.errors import UpstreamError

_PATIENCE = aiohttp.ClientTimeout(total=15)


async def post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
    """POST a body; the status and the beginning of the answer.

    Raises:
        UpstreamError: nobody answers there.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            return answer.status, (await answer.text())[:1_000]
    except (aiohttp.ClientError, TimeoutError) as error:
        raise UpstreamError("The door", f"does not answer: {type(error).__name__}") from error
