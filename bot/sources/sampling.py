"""A sample delivery of each source, for `/sources test` and the tests.

The bodies in `samples/` are our own. `$ID` stands for a fresh id (32 hex digits), `$NOW` for
the time as ISO 8601 and `$UNIX` in seconds, so that every sample is a new event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from bot.errors import NotFound
from bot.sources.request import Source

FOLDER = Path(__file__).parent / "samples"

#: What a sender says in headers beside its proof.
_HEADERS: Mapping[str, Mapping[str, str]] = {
    "github": {"X-GitHub-Event": "workflow_run", "X-GitHub-Delivery": "$ID"},
    "sentry": {"Sentry-Hook-Resource": "event_alert", "Request-ID": "$ID"},
    "sentry_sdk": {"Content-Type": "application/x-sentry-envelope"},
    "pagerduty": {"X-Webhook-Id": "$ID"},
    "sns": {
        "x-amz-sns-message-id": "$ID",
        "x-amz-sns-topic-arn": "arn:aws:sns:us-east-1:123456789012:sample",
        "Content-Type": "text/plain; charset=UTF-8",
    },
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A body and its headers, without the proof."""

    body: bytes
    headers: Mapping[str, str]


def sample_of(source: Source, now: datetime) -> Sample:
    """A fresh sample; raises `NotFound` for a mapping of the user's own."""
    path = FOLDER / f"{source.name}.json"
    if not path.is_file():
        raise NotFound(f"There is no sample for {source.name}: let its system send a test.")
    fresh = {
        "$ID": uuid4().hex,
        "$NOW": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "$UNIX": str(int(now.timestamp())),
    }
    headers = {"Content-Type": "application/json", **_HEADERS.get(source.name, {})}
    return Sample(
        _filled(path.read_text(encoding="utf-8"), fresh).encode(),
        {name: _filled(value, fresh) for name, value in headers.items()},
    )


def _filled(text: str, fresh: Mapping[str, str]) -> str:
    for mark, value in fresh.items():
        text = text.replace(mark, value)
    return text
