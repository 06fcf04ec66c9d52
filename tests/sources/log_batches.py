"""CloudWatch batches as the tests write them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.models import Event
from bot.sources.cloudwatch import parse
from bot.sources.heard import Heard
from bot.sources.request import Request

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AT = int(NOW.timestamp() * 1000) - 60_000

TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/app/cart.py", line 9, in total
    return sum(prices)
           ^^^^^^^^^^^
TypeError: unsupported operand"""


def batch(lines: Sequence[str | tuple[int, str]], **changed: Any) -> dict[str, Any]:
    timed = [line if isinstance(line, tuple) else (AT, line) for line in lines]
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/ecs/payments",
        "logStream": "ecs/pay/7a11",
        "logEvents": [
            {"id": f"id-{number}", "timestamp": at, "message": text}
            for number, (at, text) in enumerate(timed)
        ],
    } | changed


def packed(data: object, **beside: object) -> dict[str, Any]:
    raw = base64.b64encode(gzip.compress(json.dumps(data).encode())).decode()
    return {"awslogs": {"data": raw}, **beside}


def hear(body: object) -> Heard:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(Request("POST", "/", {}, {}, raw, NOW, "request-1"))


def events(lines: Sequence[str | tuple[int, str]], **changed: Any) -> tuple[Event, ...]:
    return hear(batch(lines, **changed)).events
