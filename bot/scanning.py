"""`run.py scan`: look through log groups once; a running bot delivers what is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from bot.analysis.logs.times import parse_window
from bot.config import Settings
from bot.entrance import now, redactor_of, routing
from bot.errors import SettingsError
from bot.lookout import in_words, log_stores, scanner
from bot.store import Store


async def scan_once(
    settings: Settings, named: Sequence[str], since: str, say: Callable[[str], object]
) -> bool:
    """Scan and say what was found; False if a group could not be read to its end.

    Args:
        named: log groups or services; none for those of the settings.
        since: a time as people write it; "" to go on where the last scan ended.

    Raises:
        BadPayload: the time cannot be read, or has not come yet.
        SettingsError: neither names a group.
        UpstreamError: the database does not answer.
    """
    begun = now()
    zone = ZoneInfo(settings.time_zone)
    back = begun - parse_window(since, now=begun, zone=zone)[0] if since else None
    if not named and not settings.scan_groups:
        raise SettingsError(["SCAN_GROUPS: is not set. To cure it, set it or use --group NAME."])
    store = await Store.open(settings.database_url, clock=now)
    logs = log_stores(settings)
    try:
        redactor = redactor_of(settings)
        work = scanner(
            settings, store, logs, redactor=redactor, route=routing(settings), wake=_nobody
        )
        reports = await work.scan(named, back)
    finally:
        await logs.close()
        await store.close()
    for report in reports:
        say(in_words(report))
    return not any(report.problem for report in reports)


def _nobody() -> None:
    """The bot, another process, looks into the outbox by itself."""
