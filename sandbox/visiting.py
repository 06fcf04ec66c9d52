"""Into the Discord of a demo that runs on this computer, from another process."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from http.client import HTTPException
from typing import Any

from pydantic import SecretStr

from bot import staging
from bot.config import Settings
from bot.errors import UpstreamError
from sandbox.discord.pointing import pointed_at
from sandbox.discord.rehearsal import TOKEN

_TIMEOUT = 5  # seconds


def simulate_incident(options: argparse.Namespace) -> int:
    """`run.py simulate incident … --to demo`; returns the exit code."""
    try:
        settings = settings_of(options.demo_url)
    except UpstreamError as error:
        sys.stderr.write(f"simulate incident: {error}\n")
        return staging.FAILED
    with pointed_at(options.demo_url.rstrip("/")):
        return staging.simulate_incident(options, settings)


def settings_of(page: str) -> Settings:
    """The settings of the demo's bot, as far as a visitor needs them.

    Args:
        page: where the demo's page is.

    Raises:
        UpstreamError: no demo is running there.
    """
    try:
        guild = next(each for each in _state(page)["guilds"] if each["id"].isdigit())
    except (OSError, HTTPException, ValueError, LookupError, TypeError, StopIteration):
        raise UpstreamError(
            "The demo",
            f"is not running at {page}.",
            permanent=True,
            cure="Start it with `python3 run.py demo`, or name its page with --demo-url.",
        ) from None
    return Settings.model_construct(
        discord_token=SecretStr(TOKEN), discord_guild_id=int(guild["id"])
    )


def _state(page: str) -> Any:
    asked = f"{page.rstrip('/')}/page/api/state?as=ada"
    with urllib.request.urlopen(asked, timeout=_TIMEOUT) as answer:  # noqa: S310 - his own
        return json.load(answer)
