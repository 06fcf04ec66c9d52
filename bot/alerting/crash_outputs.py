"""Where a rehearsed crash goes beside standard output; one that fails never holds up the others.

s3://BUCKET         its log, at `<crash id>/error/<uuid>.log`; into a file if S3 fails
dynamodb:TABLE      its record
slack:#CHANNEL      a message by the bot's token; slack:https://… by an incoming webhook
cloudwatch:GROUP    its log lines, as JSON, a stream for each instance
http://HOST/webhook/generic    a Jinkies' own door
http://KEY@HOST/PROJECT        the same by a DSN, as a Sentry envelope
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from bot.alerting.crash_telling import (
    archive_item,
    archive_key,
    generic_delivery,
    sentry_envelope,
    slack_message,
)
from bot.alerting.rehearsing import event_of
from bot.analysis.crash import CrashReport
from bot.errors import SettingsError, UpstreamError
from bot.models import SIMULATED_ENVIRONMENT
from bot.services.knock import post
from bot.simulation.crash.formats import FORMATS
from bot.simulation.crash.playing import Entry, Play

KINDS = ("s3", "dynamodb", "slack", "cloudwatch", "webhook", "dsn")
"""In the order in which they are served: a record and a message need the log's address."""
GENERIC = "/webhook/generic"
_AT_ONCE = 500
_FORMS = "s3://…, dynamodb:…, slack:…, cloudwatch:…, http://…/webhook/generic or a DSN"


class Destination(NamedTuple):
    """One place to go to: what it is, and its name or address there."""

    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class Means:
    """What reaching out needs; `folder` takes what S3 did not."""

    folder: Path
    webhook_secret: str = ""
    aws_region: str = ""
    aws_endpoint_url: str = ""
    slack_token: str = ""
    slack_api_url: str = ""


@dataclass(frozen=True, slots=True)
class Crashed:
    """A crash that was played: what its logs told, and where they are until they are kept."""

    report: CrashReport
    play: Play
    trace: str
    log: Path | None
    now: datetime


def destination(text: str) -> Destination:
    """Understand where somebody wants it to go; raises `SettingsError`."""
    kind, _, target = text.partition(":")
    if kind in ("http", "https"):
        url = _address(text)
        if url.hostname and url.username and url.path.strip("/"):
            return Destination("dsn", text)
        if url.username:
            raise SettingsError([f"--to {text}: the DSN's project is missing, as in …/1"])
        if url.hostname and url.path.rstrip("/").endswith(GENERIC):
            return Destination("webhook", text)
        if url.hostname and url.path in ("", "/"):
            return Destination("webhook", text.rstrip("/") + GENERIC)
    elif kind in KINDS[:4] and (target := target.removeprefix("//").rstrip("/")):
        return Destination(kind, target)
    raise SettingsError([f"--to {text}: {_FORMS} is expected"])


def _address(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as error:
        raise SettingsError([f"--to {text}: is no address: {error}"]) from None
    return url


async def deliver(
    crash: Crashed,
    destinations: Sequence[Destination],
    means: Means,
    say: Callable[[str], object],
) -> bool:
    """Go everywhere; says what became of each, and returns whether all is well."""
    work = _Delivery(crash, means)
    is_well = True
    for kind, target in sorted(destinations, key=lambda each: KINDS.index(each.kind)):
        try:
            say(f"  ✓ {await work.to(kind, target)}")
        except UpstreamError as error:
            is_well = False
            say(f"  ✗ {error}")
            if kind == "s3":
                say(f"    {await asyncio.to_thread(work.kept)}")
    return is_well


class _Delivery:
    def __init__(self, crash: Crashed, means: Means) -> None:
        self._crash = crash
        self._means = means
        self._url = ""  # of the log, once it is somewhere
        self._ways: Mapping[str, Callable[[str], Awaitable[str]]] = {
            "s3": self._to_s3,
            "dynamodb": self._to_dynamodb,
            "slack": self._to_slack,
            "cloudwatch": self._to_cloudwatch,
            "webhook": self._to_webhook,
            "dsn": self._to_dsn,
        }

    async def to(self, kind: str, target: str) -> str:
        """Go there; what happened, in words."""
        return await self._ways[kind](target)

    def kept(self) -> str:
        """Put the log into a file of ours; where it is, or why it is not, in words."""
        assert self._crash.log is not None
        path = self._means.folder / archive_key(self._crash.play)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._crash.log, path)
        except OSError as error:
            return f"and it cannot be kept here: {error}"
        self._url = path.absolute().as_uri()
        return f"instead: {path}"

    async def _to_s3(self, bucket: str) -> str:
        log = self._crash.log
        assert log is not None
        key = archive_key(self._crash.play)
        archive = await self._archive()
        self._url = await asyncio.to_thread(archive.upload, log, bucket, key)
        return f"S3: {self._url}"

    async def _to_dynamodb(self, table: str) -> str:
        crash = self._crash
        key = archive_key(crash.play) if self._url else ""
        item = archive_item(crash.report, crash.play, url=self._url, key=key, now=crash.now)
        archive = await self._archive()
        await asyncio.to_thread(archive.put, table, item)
        return f"DynamoDB: {table}, crashId {crash.play.id}"

    async def _to_slack(self, target: str) -> str:
        from bot.services.slack import SlackDoor, post_by_webhook

        text, blocks = slack_message(self._crash.report, self._crash.play, self._url)
        if target.startswith(("http://", "https://")):
            await post_by_webhook(target, text, blocks)
            return "Slack: through its webhook"
        if not self._means.slack_token:
            cure = "Set SLACK_BOT_TOKEN, or use slack:https://hooks.slack.com/…."
            raise UpstreamError("Slack", "there is no token.", permanent=True, cure=cure)
        door = SlackDoor(self._means.slack_token, self._means.slack_api_url)
        await door.post(target, text, blocks)
        return f"Slack: {target}"

    async def _to_cloudwatch(self, group: str) -> str:
        def put() -> int:
            from bot.services.telemetry import CloudWatchDoor

            door = CloudWatchDoor.open(self._means.aws_region, self._means.aws_endpoint_url)
            lines, sent = _cloudwatch_lines(self._crash, group), 0
            while batch := list(islice(lines, _AT_ONCE)):
                sent += sum(1 for _ in door.deliver(batch))
            return sent

        return f"CloudWatch Logs: {await asyncio.to_thread(put):,} events in {group}"

    async def _to_webhook(self, url: str) -> str:
        event = event_of(self._crash.report, self._crash.play)
        headers = {"Content-Type": "application/json"}
        if secret := self._means.webhook_secret:
            headers["Authorization"] = f"Bearer {secret}"
        return await self._knock(url, headers, generic_delivery(event))

    async def _to_dsn(self, dsn: str) -> str:
        url = urlsplit(dsn)
        place = url.netloc.rpartition("@")[2]
        prefix, _, project = url.path.rstrip("/").rpartition("/")
        headers = {
            "Content-Type": "application/x-sentry-envelope",
            "X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={url.username}",
        }
        event = event_of(self._crash.report, self._crash.play)
        address = f"{url.scheme}://{place}{prefix}/api/{project}/envelope/"
        return await self._knock(address, headers, sentry_envelope(event))

    async def _knock(self, url: str, headers: Mapping[str, str], body: bytes) -> str:
        try:
            status, answer = await post(url, headers, body)
        except UpstreamError as error:
            cure = error.cure or "Check the address, and that Jinkies is running there."
            told = f"{url} {error.detail}."
            raise UpstreamError("The door", told, permanent=error.permanent, cure=cure) from error
        told = f"{url} answered {status}: {answer[:200].strip()}"
        if status >= 300:
            cure = "Set WEBHOOK_SECRET to what that Jinkies has." if status in (401, 403) else ""
            raise UpstreamError("The door", told, permanent=status < 500, cure=cure)
        return told

    async def _archive(self) -> Any:
        from bot.services.archive import CrashArchive  # boto3 takes long to load

        return await asyncio.to_thread(
            CrashArchive.open, self._means.aws_region, self._means.aws_endpoint_url
        )


class _CloudWatchLine(NamedTuple):
    kind: str
    line: Mapping[str, Any]


def _cloudwatch_lines(crash: Crashed, group: str) -> Iterator[_CloudWatchLine]:
    return (
        _CloudWatchLine("log", _cloudwatch_event(entry, group))
        for entry in crash.play.entries(crash.trace)
    )


def _cloudwatch_event(entry: Entry, group: str) -> Mapping[str, Any]:
    return {
        "logGroupName": group,
        "logStreamName": entry.host,
        "timestamp": entry.at,
        "message": FORMATS["json"](entry, SIMULATED_ENVIRONMENT),
    }
