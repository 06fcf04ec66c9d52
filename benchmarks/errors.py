"""Fifty different errors as events of about 6 KB, each message with its own ids and numbers."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass
from typing import Any

KINDS = 50
_TRACEBACK = "Traceback (most recent call last):\n"
_TYPES = ("KeyError", "ValueError", "TimeoutError", "PaymentError", "LookupError")
_WORDS = (
    "cart",
    "stock",
    "price",
    "order",
    "refund",
    "coupon",
    "address",
    "invoice",
    "parcel",
    "tax",
)


@dataclass(frozen=True, slots=True)
class Error:
    """One occurrence of one of the fifty errors."""

    kind: int
    type: str
    message: str
    frames: tuple[tuple[str, int, str, str], ...]  # file, line, function, code
    log_lines: tuple[str, ...]


def make(kind: int, chance: random.Random) -> Error:
    """An occurrence of error `kind`: same place, other ids, numbers and log lines."""
    word = _WORDS[kind % 10]
    number = chance.randrange(10**9)
    frames = tuple(
        (
            f"/srv/shop/{_WORDS[(kind + depth) % 10]}/step_{depth}.py",
            20 + 7 * depth + kind,
            f"{word}_{kind}_step_{depth}",
            f"return {word}_{kind}_step_{depth + 1}(order, customer, retries=3)",
        )
        for depth in range(22)
    )
    lines = tuple(
        f"2026-01-02 03:04:{step:02d},{chance.randrange(1000):03d} INFO [{word}] worker"
        f" {chance.randrange(64)} handled request {uuid.UUID(int=chance.getrandbits(128))}"
        f" in {chance.randrange(900)} ms"
        for step in range(18)
    )
    message = (
        f"{word} step {'abcdefghij'[kind // 10]} failed: order {number} of customer"
        f" {uuid.UUID(int=chance.getrandbits(128))} took {chance.random() * 9:.3f} s"
    )
    return Error(kind, _TYPES[kind % 5] + "abcdefghij"[kind // 5].upper(), message, frames, lines)


def as_generic(error: Error, event_id: str) -> bytes:
    """The error for our generic source."""
    trace = "".join(
        f'  File "{file}", line {line}, in {function}\n    {code}\n'
        for file, line, function, code in error.frames
    )
    event: dict[str, Any] = {
        "service": "shop",
        "environment": "production",
        "severity": "error",
        "exception_type": error.type,
        "message": error.message,
        "stack_trace": f"{_TRACEBACK}{trace}{error.type}: {error.message}\n",
        "event_id": event_id,
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "request": {
            "method": "POST",
            "url": "https://shop.example/checkout",
            "request_id": event_id,
        },
        "user": f"u-{error.kind}",
        "log_lines": error.log_lines,
        "labels": {"region": "eu-west-1", "host": f"web-{error.kind % 4}", "release": "2026.1.2"},
    }
    return json.dumps(event).encode()


def as_sentry(error: Error, event_id: str) -> bytes:
    """The same error as Sentry's SDK would send it to a peer."""
    event = {
        "event_id": event_id,
        "timestamp": "2026-01-02T03:04:05Z",
        "platform": "python",
        "level": "error",
        "environment": "production",
        "release": "2026.1.2",
        "server_name": f"web-{error.kind % 4}",
        "exception": {
            "values": [
                {
                    "type": error.type,
                    "value": error.message,
                    "stacktrace": {
                        "frames": [
                            {
                                "filename": file.removeprefix("/srv/"),
                                "abs_path": file,
                                "lineno": line,
                                "function": function,
                                "context_line": code,
                                "in_app": True,
                            }
                            for file, line, function, code in error.frames
                        ]
                    },
                }
            ]
        },
        "breadcrumbs": {"values": [{"message": line[:60]} for line in error.log_lines[:6]]},
        "tags": {"region": "eu-west-1"},
        "user": {"id": f"u-{error.kind}"},
    }
    return json.dumps(event).encode()


def bodies(count: int, seed: int, form: Any = as_generic) -> list[bytes]:
    """`count` bodies, the fifty errors in turn, every one with ids of its own."""
    chance = random.Random(seed)
    return [
        form(make(number % KINDS, chance), uuid.UUID(int=chance.getrandbits(128)).hex)
        for number in range(count)
    ]
