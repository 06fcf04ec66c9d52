"""The command line of `run.py simulate crash`; read before anything is installed."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

FORMAT_NAMES = ("text", "json", "logfmt", "ecs")
DESCRIPTION = """\
Play a crash: minutes of logs of several services that lead up to it, one trace id through them,
and the stack trace of a program that really ran and really crashed. The logs go to standard
output, what they told (component, severity, culprit, warning signs, users impacted) to standard
error. The analysis reads nothing but the logs.
"""
EXAMPLES = """\
examples:
  run.py simulate crash --list
  run.py simulate crash paystack_timeout | less
  run.py simulate crash taskq_oversell --speed 60 --format json
  run.py simulate crash db_startup_failure --seed 7 --start 2026-01-31T03:00 > crash.log
  run.py simulate crash stripe_signature_error --to http://127.0.0.1:8080/webhook/generic
  run.py simulate crash migration_type_mismatch --to s3://crashes --to dynamodb:crashes \\
      --to slack:#incidents

exit codes: 0 all is well · 1 an output failed (the others happened), or nothing crashed
            2 wrong usage, no such scenario, or a wrong file · 130 interrupted
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a crash."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("scenario", nargs="?", default="", help="which crash; --list shows them")
    add("--list", action="store_true", help="the scenarios there are, and end")
    add("--scenarios", type=Path, metavar="DIR",
        help="a folder with scenarios of your own (default: SIMULATION_FOLDER)")  # fmt: skip
    add("--format", choices=FORMAT_NAMES, default="text", help="of the logs (default text)")
    add("--min-logs", type=_whole, default=0, metavar="N",
        help="make the services busier, so that they log so many lines at least")  # fmt: skip
    add("--no-jitter", dest="jitter", action="store_false", help="spread the lines evenly")
    add("--seed", type=_whole, metavar="N",
        help="the same seed and --start: the same bytes (default: a new one)")  # fmt: skip
    add("--start", type=_moment, metavar="TIME",
        help="of the logs, UTC, as 2026-01-31T03:00 (default: so that it crashes now)")  # fmt: skip
    add("--speed", type=_speed, default=0.0, metavar="X",
        help="live, X times as fast as it happened; 1 is real time (default: at once)")  # fmt: skip
    add("--to", action="append", default=[], metavar="WHERE",
        help="also s3://BUCKET, dynamodb:TABLE, slack:#CHANNEL or slack:https://…, "
        "cloudwatch:GROUP, http://…/webhook/generic, or a DSN; as often as you like")  # fmt: skip
    add("--save", type=Path, metavar="FILE", help="the logs into a file too")
    add("--analysis", choices=("text", "json"), default="text",
        help="how the analysis is written (default text)")  # fmt: skip


def _whole(text: str) -> int:
    if not text.isdigit() or len(text) > 12:
        raise argparse.ArgumentTypeError("a whole number is expected")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if speed and not 0.001 <= speed <= 1e6:
        raise argparse.ArgumentTypeError("a number such as 60 is expected; 0 is at once")
    return speed


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-01-31T03:00") from None
    if not 1970 <= moment.year <= 9998:
        raise argparse.ArgumentTypeError("a year from 1970 to 9998 is expected")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
