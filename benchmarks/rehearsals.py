"""Made-up conversations and crash logs by the million: messages a second, and memory on the way.

    python -m benchmarks.rehearsals [--messages 1000000] [--kinds mixed] [--lines 0]

Everything is written to a file that keeps nothing, as it would be to a disk. Memory is the
resident set, looked at twenty times; what counts is that the last looks are no higher than the
first. With --lines the crash `paystack_timeout` is played with so many log lines besides.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.alerting.rehearsing import Rehearsal
from bot.simulation.crash.library import Library
from bot.simulation.crash.playing import Play
from bot.simulation.incident.batch import limited, stream
from bot.simulation.incident.saving import as_line

START = datetime(2026, 1, 7, tzinfo=UTC)
LOOKS = 20


def resident() -> float:
    """This process's resident set in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def conversations(kinds: list[str], messages: int) -> Iterator[tuple[int, bytes]]:
    """Each scenario as a line, with how many messages it holds."""
    for scenario in limited(stream(kinds, START, interval=600), messages=messages):
        yield len(scenario.timeline), as_line(scenario)


def crash_logs(lines: int) -> Iterator[tuple[int, bytes]]:
    """The log lines of a crash; at the end they are analysed."""
    rehearsal = Rehearsal(
        found := Library().get("paystack_timeout"), Play(found.scenario, 7, START, lines)
    )
    for each in rehearsal.written():
        yield 1, f"{each.text}\n".encode()
    rehearsal.report()


def measured(what: str, parts: Iterator[tuple[int, bytes]], wanted: int) -> None:
    """Write them away and print the figures."""
    cpu, begun = time.process_time(), time.monotonic()
    done, size, looks = 0, 0, [resident()]
    with Path(os.devnull).open("wb") as sink:
        for count, text in parts:
            sink.write(text)
            done += count
            size += len(text)
            while done >= len(looks) * wanted / LOOKS:
                looks.append(resident())
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{what}: {done:,}   ")
    cpu, wall = time.process_time() - cpu, time.monotonic() - begun
    middle, end = max(looks[1 : LOOKS // 2]), max(looks[LOOKS // 2 :])
    print(
        f"\r{what}: {done:,} in {wall:,.0f} s ({cpu:,.0f} s of CPU), {done / cpu:,.0f} a CPU second"
    )
    print(f"  {size / 1e6:,.0f} MB written; resident {looks[0]:.0f} MB before,")
    print(f"  {middle:.1f} MB at most in the first half, {end:.1f} MB in the second")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--kinds", default="mixed", help="of `simulate incident --batch`")
    parser.add_argument("--lines", type=int, default=0, help="of a crash's logs, besides")
    options = parser.parse_args()
    if options.messages:
        kinds = options.kinds.split(",")
        measured("messages", conversations(kinds, options.messages), options.messages)
    if options.lines:
        measured("log lines", crash_logs(options.lines), options.lines)


if __name__ == "__main__":
    main()
