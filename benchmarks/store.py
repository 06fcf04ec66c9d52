"""What the store costs: the intake alone at 8 threads, and /alerts among a million alerts.

    python benchmarks/store.py [--events 8000] [--alerts 1000000]

Prints events per second and CPU per event of prepare + commit (no HTTP), then the times of
each question that `/alerts` asks, and the intake's rate again with all those alerts there.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.alerting.ingest import Intake
from bot.alerting.redaction import Redactor
from bot.models import Alert, AlertState, Event, Fingerprint, Receiver, Severity
from bot.store import Store, Transaction, alerts, debts
from bot.store.debts import Card, Standing

THREADS = 8
ERRORS = 50
STATES = (*[AlertState.RESOLVED] * 8, AlertState.OPEN, AlertState.ACKNOWLEDGED)
TRACE = "Traceback (most recent call last):\n" + "".join(
    f'  File "/srv/shop/app/module_{n}.py", line {n * 7 + 3}, in step_{n}\n'
    f"    return self.step_{n + 1}(order, customer={n})\n"
    for n in range(30)
)


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def events(count: int, run: str) -> Iterator[Event]:
    """Errors of 50 kinds, about 6 KB each, with numbers in their messages."""
    for n in range(count):
        kind = n % ERRORS
        yield Event(
            source="generic",
            event_id=f"{run}-{n}",
            service=f"service-{kind % 7}",
            message=f"order {n} of customer {n * 31} cannot be priced, step {chr(97 + kind % 26)}",
            occurred_at=now(),
            stack_trace=f"{TRACE}PricingError{kind}: order {n} cannot be priced\n",
            log_lines=tuple(f"2026-03-01 12:00:0{k} INFO worker {n}: line {k}" for k in range(20)),
            labels={"region": "eu-1", "version": "1.2.3"},
        )


def measure_intake(store: Store, count: int, run: str) -> None:
    """Eight threads that each bring one event and wait until it is durable."""
    intake = Intake(
        store,
        route=lambda _: Receiver(1),
        redactor=Redactor(),
        clock=now,
        wake=lambda: None,
    )
    each: list[float] = []

    def bring(event: Event) -> None:
        began = time.perf_counter()
        intake.submit([event]).result()
        each.append(time.perf_counter() - began)

    ready = list(events(count, run))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(bring, ready[:200]))
        each.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        list(pool.map(bring, ready[200:]))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    p50, p99 = statistics.median(each), statistics.quantiles(each, n=100)[98]
    print(
        f"intake, {run:<14} {len(each) / wall:7.0f} events/s  {cpu / len(each) * 1000:6.3f} ms CPU "
        f"per event  p50 {p50 * 1000:5.2f} ms  p99 {p99 * 1000:5.2f} ms"
    )


def fill(transaction: Transaction, first: int, count: int) -> None:
    """Alerts of all kinds, seen at different times, with events and cards left out."""
    seen = now() - timedelta(days=1)
    new = [
        Alert(
            id=0,
            fingerprint=Fingerprint(1, f"{n:032x}"),
            service=f"service-{n % 97}",
            environment="staging" if n % 50 == 0 else "production",
            state=STATES[n % 10],
            severity=list(Severity)[n // 10 % 4],
            title=f"PricingError: order {n} cannot be priced",
            message=f"order {n} cannot be priced",
            occurrences=n % 1000,
            first_seen=seen - timedelta(seconds=n),
            last_seen=seen - timedelta(seconds=n * 7919 % 1_000_003),
            state_changed_at=seen,
        )
        for n in range(first, first + count)
    ]
    ids = alerts.add(transaction, new)
    cards = [Standing(Card(alert_id, 1, f"n{alert_id}", seen)) for alert_id in ids[:1]]
    debts.put_cards(transaction, [each.card for each in cards])


async def measure_questions(store: Store) -> None:
    """The questions behind `/alerts` and the autocomplete, ten times each."""
    ask = store.alerts
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "page": ask.page,
        "page of all states": lambda: ask.page(states=tuple(AlertState)),
        "page of a service": lambda: ask.page(service="service-5"),
        "page of a rare environment": lambda: ask.page(environment="staging"),
        "page, critical, a service": lambda: ask.page(
            service="service-5", severity=Severity.CRITICAL
        ),
        "page by text": lambda: ask.page(text="order 77"),
        "page by text not there": lambda: ask.page(text="no such words", states=tuple(AlertState)),
        "counts": ask.counts,
        "suggest J-12": lambda: ask.suggest("J-12"),
        "suggest words": lambda: ask.suggest("pricing"),
        "suggest not there": lambda: ask.suggest("no such words"),
        "services": lambda: ask.services("serv"),
    }
    for name, question in questions.items():
        times = []
        for _ in range(10):
            began = time.perf_counter()
            await question()
            times.append((time.perf_counter() - began) * 1000)
        print(f"{name:<28} median {statistics.median(times):6.1f} ms   worst {max(times):6.1f} ms")


async def main() -> None:
    """Measure, on a new SQLite database in a temporary directory."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=8000)
    options.add_argument("--alerts", type=int, default=1_000_000)
    told = options.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        store = await Store.open(f"sqlite+aiosqlite:///{directory}/bench.db")
        await asyncio.to_thread(measure_intake, store, told.events, "empty store")
        for first in range(0, told.alerts, 20_000):
            count = min(20_000, told.alerts - first)
            await store.write(partial(fill, first=first, count=count))
        print(f"\n{told.alerts:,} alerts:")
        await measure_questions(store)
        await asyncio.to_thread(measure_intake, store, told.events, "many alerts")
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
