"""`run.py simulate dataset | validate | describe | replay`.

Read before anything is installed: what is not of the standard library is imported when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import SettingsError
from bot.simulation import output
from bot.simulation.dataset.files import FORMATS, compressor_name

if TYPE_CHECKING:
    from bot.simulation.dataset.hour import Job
    from bot.simulation.dataset.replay import Door

OK, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
_FIRST_DAY = "2026-01-07"  # a Wednesday; fixed, so that a seed means the same set tomorrow


def add_arguments(
    parser: argparse.ArgumentParser,
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """The four commands of data sets; returns where further ones are added."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="COMMAND")
    _dataset_arguments(_command(commands, "dataset", "make a day (or weeks) of telemetry", _MAKES))
    validate = _command(
        commands,
        "validate",
        "check a data set, or scenario files; exit code 1 if something is wrong",
        _JUDGES,
    )
    validate.add_argument(
        "dataset", type=Path, metavar="DATASET|FILE", help="a data set's folder, or a scenario"
    )
    validate.add_argument("files", type=Path, nargs="*", metavar="FILE", help="further files")
    validate.add_argument("--services", type=Path, metavar="FILE", help="a service map for FILE")
    validate.add_argument("--graph", type=Path, metavar="FILE", help="a dependency graph for FILE")
    validate.add_argument("--workers", type=_workers, default=os.cpu_count() or 1, metavar="N",
        help="processes (default: one per core)")  # fmt: skip
    describe = _command(commands, "describe", "statistics and a picture of a data set", _COMPARES)
    describe.add_argument("dataset", type=Path, metavar="DATASET", help="a data set's folder")
    describe.add_argument(
        "--against", type=Path, metavar="DIR", help="real logs in LogHub's CSV form to compare with"
    )
    describe.add_argument("--picture", type=Path, metavar="FILE.svg", help="default: in DATASET")
    _replay_arguments(_command(commands, "replay", "send a data set on, as if it were now", _SENDS))
    return commands


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, does: str, how: str
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=does, description=how)


_MAKES = (
    "Make the correlated logs, errors, metrics and panels of a company, with incidents and their "
    "truth. The same seed makes the same bytes with any number of workers. What was interrupted "
    "goes on where it was when the same command is given again."
)
_JUDGES = (
    "Check a data set: files and checksums, schema, order, ids, the traffic's curve, and that each "
    "incident's effects are where its truth says. Or check scenario files. Every fault is told "
    "with its file and line. Exit codes: 0 all is well, 1 something is wrong, 2 misuse."
)
_COMPARES = (
    "Tell what a data set looks like: sizes, templates, bursts, entropy; beside real logs if there "
    "are some, so that one sees what tells it from them. Writes a picture too."
)
_SENDS = (
    "Send a data set to a running Jinkies, to CloudWatch or to any HTTP server, at a speed, its "
    "times moved to now."
)


def _dataset_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--config", type=Path, metavar="FILE.yaml", help="another company than the default one")
    add("--seed", type=int, default=1, help="the same seed makes the same bytes (default 1)")
    add("--duration-hours", type=_positive, metavar="N", help="default 24")
    add("--start-date", type=_moment, default=_moment(_FIRST_DAY), metavar="DATE",
        help=f"UTC, 2026-01-31 or 2026-01-31T06:00 (default {_FIRST_DAY})")  # fmt: skip
    add("--end-date", type=_moment, metavar="DATE", help="instead of --duration-hours")
    add("--entries-per-minute", type=_positive, metavar="N", help="of all sources together")
    add("--incidents", type=int, metavar="N", help="how many in the whole span")
    add("--output-dir", type=Path, default=Path("data/dataset"), metavar="DIR",
        help="default data/dataset")  # fmt: skip
    add("--workers", type=_workers, default=os.cpu_count() or 1, metavar="N",
        help="processes (default: one per core)")  # fmt: skip
    add("--format", choices=FORMATS, default="jsonl.gz",
        help="default jsonl.gz; parquet needs requirements-dataset-extra.txt")  # fmt: skip
    add("--scheduler", default="", metavar="ADDRESS",
        help="a Dask scheduler, tcp://host:8786; its workers must see --output-dir")  # fmt: skip
    add(
        "--replay",
        dest="to",
        type=_address,
        metavar="URL",
        help="once it is made, send it on as `replay` does",
    )
    _pace_arguments(parser)


def _replay_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("dataset", type=Path, metavar="DATASET", help="a data set's folder")
    add("--to", required=True, type=_address, metavar="URL",
        help="a running Jinkies (http://127.0.0.1:8080), any HTTP server with --door plain, or "
        "cloudwatch: with AWS's own settings")  # fmt: skip
    _pace_arguments(parser)


def _pace_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--door", choices=("jinkies", "plain"), default="jinkies",
        help="jinkies: by its webhooks (default); plain: as JSON to the URL itself")  # fmt: skip
    add("--speed", type=_positive, default=60.0, help="times as fast as it happened (default 60)")
    add("--from-minute", type=_minute, default=0, metavar="N", help="skip the beginning")
    add("--minutes", type=_minutes, metavar="N", help="stop after so many minutes of the data set")
    add("--secret-env", default="WEBHOOK_SECRET", metavar="NAME",
        help="environment variable with the webhook secret, also in .env")  # fmt: skip


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-01-31") from None
    if moment.year < 1970:
        raise argparse.ArgumentTypeError("a date from 1970 on is expected")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _workers(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 512:
        raise argparse.ArgumentTypeError("a number from 1 to 512 is expected")
    return int(text)


def _minute(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no minute of the data set; the first is 0")
    return int(text)


def _minutes(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes")
    return int(text)


def _address(text: str) -> str:
    try:
        url = urlsplit(text)
        is_one = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_one = False
    if text != "cloudwatch:" and not (is_one and text.isascii() and text.isprintable()):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither http://… or https://… nor cloudwatch:"
        )
    return text


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def run(options: argparse.Namespace) -> int:
    """Run one command; returns the exit code. Raises `JinkiesError` for what went wrong."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "dataset": make_dataset,
        "validate": validate_dataset,
        "describe": describe_dataset,
        "replay": replay_dataset,
    }
    try:
        return actions[options.action](options)
    except SettingsError as error:
        _say("\n".join(["Nothing was done:", *(f"  ✗ {problem}" for problem in error.problems)]))
        return MISUSED
    except KeyboardInterrupt:
        _say("Interrupted.")
        return INTERRUPTED


def make_dataset(options: argparse.Namespace) -> int:
    """Make (or go on making) a data set."""
    from bot.simulation.dataset.generation import executor_of, generate

    job = _job(options)
    begun = time.monotonic()
    seen = [0]

    def told(done: int, total: int, entries: int) -> None:
        seen[0] = entries
        _progress("hours", done, total, begun, entries)

    with executor_of(options.workers, options.scheduler) as executor:
        complete = generate(job, executor, workers=options.workers, told=told)
    seconds = time.monotonic() - begun
    if not complete:
        _say(f"Interrupted. What is complete stays in {job.root}; the same command goes on.")
        return INTERRUPTED
    rate = f"{seen[0] / seconds:,.0f}/s" if seen[0] else "nothing was missing"
    _say(f"{job.root}: {seen[0]:,} entries made in {seconds:.1f} s ({rate}).")
    return _replay(options.output_dir, options) if options.to else OK


def _job(options: argparse.Namespace) -> Job:
    from bot.simulation.dataset.configuration import load
    from bot.simulation.dataset.hour import Job
    from bot.simulation.dataset.parquet import parquet_name
    from bot.simulation.dataset.traffic import minute_of

    config = load(options.config)
    if options.end_date and options.duration_hours is not None:
        raise SettingsError(["--end-date and --duration-hours: only one of them can be given"])
    try:
        end = options.end_date or options.start_date + timedelta(hours=options.duration_hours or 24)
    except OverflowError:
        raise SettingsError(["--duration-hours: the span ends after the year 9999"]) from None
    job = Job(
        text=config.text,
        seed=options.seed,
        start=minute_of(options.start_date),
        end=minute_of(end),
        entries_per_minute=options.entries_per_minute or config.generation.entries_per_minute,
        incidents=options.incidents,
        format=options.format,
        compressor={"jsonl": "none", "jsonl.gz": compressor_name()}.get(options.format, ""),
        root=str(options.output_dir),
    )
    problems = []
    if end.year > 9998:  # what follows an incident has a time too
        problems.append("the span must end before the year 9999")
    if job.end - job.start < 30:
        problems.append("the span must be half an hour at least")
    if not 10 <= job.entries_per_minute <= 100_000:
        problems.append("--entries-per-minute: 10 to 100000 is expected")
    if job.incidents is not None and not 0 <= job.incidents <= (job.end - job.start) // 4:
        problems.append("--incidents: at most one in four minutes is expected")
    if problems:
        raise SettingsError(problems)
    return job if job.compressor else replace(job, compressor=parquet_name())


def validate_dataset(options: argparse.Namespace) -> int:
    """Check a data set, print what is wrong with file and line."""
    from bot.simulation.dataset.validation import validate

    if options.files:
        raise SettingsError([f"{options.files[0]}: a data set is checked by itself"])
    begun = time.monotonic()
    verdict = validate(
        options.dataset,
        workers=options.workers,
        told=lambda done, total: _progress("files", done, total, begun, 0),
    )
    for violation in verdict.violations:
        output.line(violation)
    if verdict.untold:
        output.line(f"… and {verdict.untold} more of the same files")
    counts = ", ".join(f"{count:,} {source}" for source, count in verdict.entries.items())
    output.line(f"{counts}; {verdict.incidents} incidents")
    wrong = len(verdict.violations) + verdict.untold
    output.line("sound" if not wrong else f"{wrong} violations")
    return FAILED if wrong else OK


def describe_dataset(options: argparse.Namespace) -> int:
    """Print statistics and draw the picture."""
    from bot.simulation.dataset.description import describe

    picture = options.picture or options.dataset / "description.svg"
    for line in describe(options.dataset, against=options.against, picture=picture):
        output.line(line)
    return OK


def replay_dataset(options: argparse.Namespace) -> int:
    """Send what the data set holds to a door, shifted to now."""
    return _replay(options.dataset, options)


def _replay(root: Path, options: argparse.Namespace) -> int:
    from bot.simulation.dataset.replay import Replay

    replay = Replay(root, _door(options), options.speed)
    begun = time.monotonic()
    sent = replay.run(
        first=options.from_minute,
        minutes=options.minutes,
        told=lambda done, total: _progress("minutes", done, total, begun, 0),
    )
    _say(f"{sent.delivered:,} deliveries were taken, {sent.refused:,} refused. {sent.last_refusal}")
    return FAILED if sent.refused else OK


def _door(options: argparse.Namespace) -> Door:
    """An HTTP door with the secrets of .env and the environment, or the one of AWS."""
    from dotenv import dotenv_values

    from bot.simulation.dataset.replay import HttpDoor

    if options.to == "cloudwatch:":
        aws: Door = options.cloudwatch()
        return aws
    known = {**dotenv_values(".env"), **os.environ}
    secrets = {
        "": known.get(options.secret_env) or "",
        "grafana": known.get("GRAFANA_SECRET") or "",
        "eventbridge": known.get("EVENTBRIDGE_SECRET") or "",
    }
    return HttpDoor(options.to, secrets, plain=options.door == "plain")


def _progress(what: str, done: int, total: int, begun: float, entries: int) -> None:
    """One line that is written over, with the rate and what remains."""
    if not sys.stderr.isatty() and done % max(1, total // 10) and done != total:
        return
    seconds = max(0.001, time.monotonic() - begun)
    rate = f", {entries / seconds:,.0f} entries/s" if entries else ""
    left = f", about {seconds / done * (total - done):.0f} s left" if done else ""
    text = f"{done}/{total} {what}{rate}{left}"
    # On a terminal one line is written over and over; anywhere else each stands by itself.
    over = sys.stderr.isatty()
    sys.stderr.write(f"\r{text}   " if over else f"{text}\n")
    if over and done == total:
        sys.stderr.write("\n")
    sys.stderr.flush()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
