"""Where logs are read, as the settings want it: the stores, the scanner, `run.py scan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.alerting.owing import Route
from bot.alerting.preparation import Preparation
from bot.alerting.redaction import Redactor
from bot.alerting.scan import Scanner, ScanReport
from bot.config import Settings
from bot.services.logs.files import PREFIX as FILES
from bot.services.logs.files import FileStore
from bot.services.logs.loki import PREFIX as LOKI
from bot.services.logs.loki import LokiAccess, LokiStore
from bot.services.logs.store import LogStore
from bot.services.logs.stores import CLOUDWATCH, LogStores
from bot.store import Store


def log_stores(settings: Settings) -> LogStores:
    """All log stores that the settings name; each is opened when it is first needed."""
    openers: dict[str, Callable[[], LogStore]] = {CLOUDWATCH: lambda: _cloudwatch(settings)}
    if settings.log_files:
        zone = ZoneInfo(settings.time_zone)
        openers[FILES] = lambda: FileStore(settings.log_files, zone=zone)
    if settings.loki_url:
        openers[LOKI] = lambda: LokiStore(loki_access(settings))
    return LogStores(openers, by_service=settings.log_groups_by_service)


def loki_access(settings: Settings) -> LokiAccess:
    """How to reach the Loki that the settings name."""
    return LokiAccess(
        settings.loki_url,
        settings.loki_token.get_secret_value(),
        settings.loki_tenant,
        settings.loki_label,
    )


def _cloudwatch(settings: Settings) -> LogStore:
    from bot.services.logs.cloudwatch import CloudWatchStore  # boto3 takes long to load

    return CloudWatchStore.open(settings.aws_region, settings.aws_endpoint_url)


def scanner(
    settings: Settings,
    store: Store,
    logs: LogStores,
    *,
    redactor: Redactor,
    route: Route,
    wake: Callable[[], None],
) -> Scanner:
    """What looks through log groups for errors."""
    return Scanner(
        store,
        logs,
        prepare=Preparation(redactor, roots=settings.in_app_roots),
        route=route,
        wake=wake,
        clock=lambda: datetime.now(UTC),
        resolve=logs.resolve,
        region=settings.aws_region,
        names=settings.scan_groups,
        every=timedelta(seconds=settings.scan_every),
    )


def in_words(report: ScanReport) -> str:
    """One line about one group."""
    told = (
        f"{report.group}: {report.lines} lines since {report.start:%Y-%m-%d %H:%M:%S} UTC, "
        f"{report.events} errors, {report.new_alerts} new alerts, {report.duplicates} known"
    )
    return f"{told}; ended early: {report.problem}" if report.problem else told


def as_json(reports: Sequence[ScanReport]) -> list[Mapping[str, object]]:
    """What `POST /trigger-scan` answers of each group."""
    return [
        {
            "group": report.group,
            "since": report.start.isoformat(),
            "reached": report.reached.isoformat(),
            "lines": report.lines,
            "errors": report.events,
            "new_alerts": report.new_alerts,
            "duplicates": report.duplicates,
            "problem": report.problem,
        }
        for report in reports
    ]
