"""How well are errors grouped? BCubed F1 on a generated set with known truth.

    python -m benchmarks.grouping [--bases 120] [--each 20]

Beside ours: "type + normalised value only", our re-implementation of what Bugsink 2.6 calls its
second grouping mechanism (it takes Sentry's way of replacing values in messages).
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

from benchmarks.mutations import bases, event, mutated
from bot.alerting.fingerprint import fingerprint
from bot.models import Event

_SENTRY_LIKE = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|https?://\S+|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b[0-9a-fA-F]{32,40}\b"
    r"|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d)?\S*|\b0x[0-9a-fA-F]+\b|(?<==)(?:'[^']*'|\"[^\"]*\")"
    r"|-?\b\d+\.\d+\b|-\d+\b|\b\d+\b"
)


def type_and_value(event: Event) -> str:
    """Type and message, values replaced as Sentry does; no frames."""
    surfaced = event.exceptions[-1]
    return f"{surfaced.type}: {_SENTRY_LIKE.sub('<v>', surfaced.message)}"


def bcubed(truth: Sequence[Hashable], found: Sequence[Hashable]) -> tuple[float, float, float]:
    """Precision, recall and F1: for each item, how pure and how complete is its group?

    Bagga and Baldwin, "Entity-Based Cross-Document Coreferencing" (1998).
    """
    both = Counter(zip(truth, found, strict=True))
    true, grouped = Counter(truth), Counter(found)
    precision = sum(n * n / grouped[f] for (_, f), n in both.items()) / len(truth)
    recall = sum(n * n / true[t] for (t, _), n in both.items()) / len(truth)
    return precision, recall, 2 * precision * recall / (precision + recall)


def main() -> None:
    """Print the figures of both ways of grouping."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", type=int, default=120, help="base errors, look-alikes included")
    parser.add_argument("--each", type=int, default=20, help="occurrences of each")
    options = parser.parse_args()
    rng = random.Random(7)
    events: list[Event] = []
    truth: list[str] = []
    for base in bases(options.bases):
        for _ in range(options.each):
            events.append(event(mutated(base, rng)))
            truth.append(base.truth)
    print(f"{len(events)} events of {options.bases} errors (a third of them look-alikes)")
    scores = {}
    ways = {"jinkies v1": lambda e: fingerprint(e).key, "type + value": type_and_value}
    for name, way in ways.items():
        started = time.process_time()
        found = [way(each) for each in events]
        cost = (time.process_time() - started) / len(events) * 1e6
        precision, recall, f1 = bcubed(truth, found)
        scores[name] = f1
        print(
            f"{name:14} groups {len(set(found)):5}  precision {precision:.3f}  recall {recall:.3f}"
            f"  BCubed F1 {f1:.3f}  {cost:.0f} us CPU/event"
        )
    ours, theirs = scores["jinkies v1"], scores["type + value"]
    print(f"F1 ratio {ours / theirs:.2f}, difference {ours - theirs:+.3f}")
    _report_splits(truth, [fingerprint(each).key for each in events])


def _report_splits(truth: Sequence[str], found: Sequence[str]) -> None:
    groups: dict[str, set[str]] = defaultdict(set)
    for name, key in zip(truth, found, strict=True):
        groups[name].add(key)
    split = {name: len(keys) for name, keys in groups.items() if len(keys) > 1}
    print(f"errors that were split: {split or 'none'}")


if __name__ == "__main__":
    main()
