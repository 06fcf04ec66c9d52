"""The command line of `run.py simulate incident`; read before anything is installed."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = """\
Play an incident as its people talked: alerts, guesses, false starts, other teams, the fix. WHAT is
a scenario file, or the name of a cascade, which is made up from a seed. Without --to or --save it
is only told, as a transcript.
"""
EXAMPLES = """\
examples:
  run.py simulate incident --list
  run.py simulate incident cache-failure --seed 7
  run.py simulate incident examples/incidents/payment-failure.yaml --to discord --realtime --speed 30
  run.py simulate incident kafka-lag --to demo --test-channel general
  run.py simulate incident kafka-lag --to demo --clean
  run.py simulate incident --batch mixed --interval 900 --messages 1000000 --save talk.jsonl
  run.py simulate validate examples/incidents/*.yaml

Ctrl-C stops a playing, and the same command goes on where it stopped; --clean takes away what it
posted. What was posted is kept in data/rehearsals/ (--journal).

exit codes: 0 all is well · 1 Discord or Slack refused, or a file is wrong · 2 wrong usage or
            settings · 130 interrupted
"""  # noqa: E501 - a command that people copy
PLACES = ("discord", "slack", "demo")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of an incident."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("what", nargs="?", default="", metavar="WHAT", help="a file, or a cascade; see --list")
    add("--list", action="store_true", help="the cascades there are, and end")
    add("--seed", type=int, default=1, help="the same seed, the same bytes (default 1)")
    add("--start", default="", metavar="TIME", help="of a cascade, ISO 8601 (default: now)")
    add("--services", type=Path, metavar="FILE", help="a service map of your own (YAML)")
    add("--graph", type=Path, metavar="FILE", help="a dependency graph of your own (YAML)")
    add("--batch", metavar="A,B", default="",
        help="several, in turn; quick-alert is an everyday one, mixed a whole shift")  # fmt: skip
    add("--interval", type=_seconds, default=3_600.0, metavar="S",
        help="seconds between the beginnings of two in a batch (default 3600)")  # fmt: skip
    add("--count", type=_whole, metavar="N", help="how many of a batch (default: each once)")
    add("--messages", type=_whole, metavar="N", help="as many as hold so many messages")
    add("--dry-run", action="store_true", help="only tell it, whatever else is said")
    add("--save", type=Path, metavar="FILE", help="write it: .json, .yaml, or .jsonl for many")
    add("--to", choices=PLACES,
        help="play it to Discord, to Slack, or to the demo that runs on this computer")  # fmt: skip
    add("--demo-url", default="http://127.0.0.1:8090", metavar="URL",
        help="where the demo's page is (default http://127.0.0.1:8090)")  # fmt: skip
    add("--test-channel", default="", metavar="CHANNEL",
        help="play all its channels into this one (name or id)")  # fmt: skip
    add("--ping", action="store_true", help="really call the roles of on-call groups")
    add("--realtime", action="store_true", help="in its own time (default: as fast as is allowed)")
    add("--speed", type=_seconds, metavar="X", help="X times as fast as it happened")
    add("--journal", type=Path, metavar="FILE", help="where to keep what was posted")
    add("--clean", action="store_true", help="take away what was posted, and end")


def _whole(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10**9:
        raise argparse.ArgumentTypeError("a whole number from 1 is expected")
    return int(text)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1e7:
        raise argparse.ArgumentTypeError("a number above 0 is expected")
    return found
