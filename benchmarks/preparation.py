"""What an event costs before it is stored: redact, read the trace, mark our frames, fingerprint.

    python -m benchmarks.preparation [--events 5000]

6 KB events of 50 distinct errors, every message, user and request different. "frames" events
come structured (as from a Sentry SDK), "text" events bring their trace as text. "cold" is the
first occurrence of each error, "warm" all others (redaction and ownership remember lines and
frames they have seen, within bounds).
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.alerting.fingerprint import fingerprint
from bot.alerting.redaction import Redactor
from bot.analysis.stacktrace import mark_in_app, parse
from bot.models import Event, RequestInfo

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def prepare(event: Event, redactor: Redactor) -> Event:
    """The pure part of the road, as the intake runs it."""
    event = redactor.event(event)
    exceptions = event.exceptions or parse(event.stack_trace)
    event = replace(event, exceptions=mark_in_app(exceptions))
    fingerprint(event)
    return event


def _trace(error: int, message: str, frames: int = 40) -> str:
    rng = random.Random(error)
    lines = ["Traceback (most recent call last):"]
    for index in range(frames):
        ours = index % 3 == 0
        place = "/srv/shop" if ours else "/usr/local/lib/python3.11/site-packages/framework"
        name = f"step_{error}_{index}" if ours else f"dispatch_{rng.randint(1, 40)}"
        lines.append(f'  File "{place}/part_{index}.py", line {index * 7 + 3}, in {name}')
        lines.append(f"    return self.{name}(request, context, timeout={index})")
    return "\n".join([*lines, f"shop.errors.Failure{error}: {message}", ""])


def events(count: int, *, structured: bool) -> list[Event]:
    """`count` events of 50 errors, about 6 KB each."""
    rng = random.Random(2)
    made: list[Event] = []
    for number in range(count):
        error = number % 50
        message = f"order o-{rng.randint(1, 10**6)} of user {rng.randint(1, 10**6)} failed"
        trace = _trace(error, message)
        made.append(
            Event(
                source="sentry",
                event_id=f"{rng.getrandbits(128):032x}",
                service="shop",
                message=message,
                occurred_at=NOW,
                exceptions=parse(trace) if structured else (),
                stack_trace="" if structured else trace,
                user=f"user-{rng.randint(1, 10**6)}@example.com",
                request=RequestInfo("POST", f"https://shop.example/orders/{number}?page=2", "r"),
                labels={"host": f"web-{number % 7}", "release": "2026.1.3"},
            )
        )
    return made


def measure(batch: Sequence[Event], step: Callable[[Event], object]) -> float:
    """CPU microseconds of one event: the median of seven slices of the batch."""
    gc.collect()
    gc.freeze()  # the waiting batch is ours, not the intake's: do not let it be traversed
    slices = [batch[start::7] for start in range(7)] if len(batch) > 700 else [batch]
    costs = []
    for part in slices:
        started = time.process_time()
        for event in part:
            step(event)
        costs.append((time.process_time() - started) / len(part) * 1e6)
    return statistics.median(costs)


def main() -> None:
    """Print CPU microseconds for each step and the whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000)
    options = parser.parse_args()
    for structured in (True, False):
        made = events(options.events, structured=structured)
        size = len(_trace(0, "x")) + 400
        redactor = Redactor()
        cold = measure(made[:50], lambda event, r=redactor: prepare(event, r))  # type: ignore[misc]
        warm = measure(made[50:], lambda event, r=redactor: prepare(event, r))  # type: ignore[misc]
        redaction = measure(made[50:], Redactor().event)
        name = "frames" if structured else "text"
        print(
            f"{name:7} ~{size} B  cold {cold:6.0f} us   warm {warm:5.0f} us   "
            f"(redaction with an empty memory at first: {redaction:.0f} us)"
        )
        if not structured:
            print(f"        parse alone {measure(made, lambda e: parse(e.stack_trace)):.0f} us")


if __name__ == "__main__":
    main()
