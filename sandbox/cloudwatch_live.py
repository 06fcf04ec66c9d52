"""StartLiveTail of the local CloudWatch: AWS's binary event stream over a kept-open answer."""

from __future__ import annotations

import asyncio
import binascii
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from aiohttp import web

_STRING = 7  # the type of a header's value


@dataclass(slots=True)
class LiveManners:
    """How Live Tail behaves.

    Attributes:
        every: seconds between two updates.
        most: lines of an update; AWS leaves out what is more, and says that it sampled.
        lasts: updates until the session ends with SessionTimeoutException; 0: none does.
    """

    every: float = 0.02
    most: int = 500
    lasts: int = 0


class Event(Protocol):
    """What a session tells of an event."""

    at: int
    number: int
    message: str
    stream: str


Newer = Callable[[int], list[tuple[str, Event]]]


async def serve(request: web.Request, asked: Mapping[str, Any], newer: Newer, seen: int,
                manners: LiveManners) -> web.StreamResponse:  # fmt: skip
    """Stream what is ingested after the event of number `seen`, until the caller hangs up.

    Args:
        newer: the events ingested after a number, with their group's ARN.
    """
    answer = web.StreamResponse(headers={"Content-Type": "application/vnd.amazon.eventstream"})
    await answer.prepare(request)
    await answer.write(frame("initial-response", {}))
    identifiers = asked["logGroupIdentifiers"]
    await answer.write(frame("sessionStart", {"logGroupIdentifiers": identifiers}))
    updates = 0
    while not manners.lasts or updates < manners.lasts:
        await asyncio.sleep(manners.every)
        events = newer(seen)
        seen = max((event.number for _, event in events), default=seen)
        results = [
            {
                "logStreamName": event.stream,
                "logGroupIdentifier": arn,
                "message": event.message,
                "timestamp": event.at,
                "ingestionTime": event.at,
            }
            for arn, event in events[: manners.most]
        ]
        metadata = {"sampled": len(events) > manners.most}
        told = {"sessionMetadata": metadata, "sessionResults": results}
        try:
            await answer.write(frame("sessionUpdate", told))
        except ConnectionResetError:
            return answer
        updates += 1
    ended = {"message": "The session has timed out."}
    await answer.write(frame("SessionTimeoutException", ended, kind="exception"))
    return answer


def frame(name: str, told: Mapping[str, Any], *, kind: str = "event") -> bytes:
    """One message of AWS's event stream: lengths, headers, payload, and their checksums."""
    given = {":message-type": kind, f":{kind}-type": name, ":content-type": "application/json"}
    headers = b"".join(
        struct.pack("!B", len(key)) + key.encode()
        + struct.pack("!BH", _STRING, len(value)) + value.encode()
        for key, value in given.items()
    )  # fmt: skip
    payload = orjson.dumps(told)
    prelude = struct.pack("!II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", binascii.crc32(message))
