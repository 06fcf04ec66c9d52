"""The published and derived signature vectors: right ones pass, tampered and stale ones fail."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadSignature
from bot.sources.request import Request, Secrets
from bot.sources.table import SourceSettings, source_table

SYSTEMS = {
    "github": "github",
    "pagerduty": "pagerduty",
    "sentry": "sentry",
    "slack": "slack",
    "standard-webhooks": "standard_webhooks",
}


def is_accepted(source: str, vector: dict[str, Any]) -> bool:
    body = vector.get("body_b64")
    raw = base64.b64decode(body) if body is not None else vector["body"].encode()
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    at = datetime.fromtimestamp(vector.get("now", 1_763_690_000), UTC)
    request = Request("POST", f"/webhook/{source}", headers, {}, raw, at, "r-1")
    try:
        source_table(SourceSettings())[source].verify(request, Secrets(vector["secret"]))
    except BadSignature:
        return False
    return True


@pytest.mark.parametrize(("file", "source"), SYSTEMS.items())
def test_right_signatures_pass_and_all_others_fail(payloads: Path, file: str, source: str) -> None:
    vectors = json.loads((payloads / "signature-vectors" / f"{file}.json").read_text())
    assert {one["name"]: one["valid"] for one in vectors} == {
        one["name"]: is_accepted(source, one) for one in vectors
    }
