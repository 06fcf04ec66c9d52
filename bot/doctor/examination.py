"""All checks at once, each on its own: one that fails or hangs keeps no other from being told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import aiohttp
import discord

from bot.config import Settings
from bot.doctor.database import check_database
from bot.doctor.discord import check_discord
from bot.doctor.entrance import check_doors, check_web
from bot.doctor.finding import Check, Finding, Verdict
from bot.doctor.logs import check_log_files, check_loki
from bot.doctor.services import check_aws, check_github, check_slack
from bot.errors import JinkiesError
from bot.ui.connection import unreachable

PATIENCE_SECONDS = 15.0
CHECKS: Mapping[str, Check] = {
    "Discord": check_discord,
    "Database": check_database,
    "Web": check_web,
    "Doors": check_doors,
    "GitHub": check_github,
    "AWS": check_aws,
    "Loki": check_loki,
    "Log files": check_log_files,
    "Slack": check_slack,
}


async def examine(
    settings: Settings,
    say: Callable[[str], object],
    *,
    patience: float = PATIENCE_SECONDS,
    checks: Mapping[str, Check] = CHECKS,
) -> bool:
    """Run the checks (each for at most `patience` seconds) and say what they found.

    Returns whether all is well; never raises for what it finds.
    """
    results = await asyncio.gather(
        *(_guarded(name, check, settings, patience) for name, check in checks.items())
    )
    findings = [finding for result in results for finding in result]
    for finding in findings:
        say(str(finding))
    wrong = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    say(f"{len(wrong)} to cure." if wrong else "All is well.")
    return not wrong


async def _guarded(name: str, check: Check, settings: Settings, patience: float) -> list[Finding]:
    try:
        async with asyncio.timeout(patience):
            return await check(settings)
    except TimeoutError:
        text = f"no answer in {patience:g} s. Check the connection, and a firewall or proxy."
        return [Finding(name, Verdict.WRONG, text)]
    except (JinkiesError, OSError, aiohttp.ClientError, discord.DiscordException) as error:
        text = unreachable(error) or str(error) or type(error).__name__
        return [Finding(name, Verdict.WRONG, text)]
