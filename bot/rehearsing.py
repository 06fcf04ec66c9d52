"""`run.py simulate crash`: play a scenario on standard output, tell what its logs told."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from bot.alerting.crash_outputs import Crashed, Destination, Means, deliver, destination
from bot.alerting.crash_telling import archive_item, archive_key
from bot.alerting.rehearsing import Rehearsal, start_for
from bot.analysis.crash import CrashReport
from bot.config import Settings, load_settings
from bot.errors import JinkiesError, NotFound, SettingsError
from bot.simulation import output
from bot.simulation.crash.library import BadScenario, Found, Library
from bot.simulation.crash.playing import Play

OK, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
KEPT = Path("data/crashes")
_FLUSHED = 65_536  # bytes


def simulate_crash(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    settings = load_settings("simulate")
    folder = options.scenarios or settings.simulation_folder
    library = Library(Path(folder) if folder else None)
    try:
        if options.list:
            for name, each in library.all().items():
                output.line(f"{name:<26} {each.scenario.title}")
            return OK
        if not options.scenario:
            raise SettingsError(["a scenario is missing; --list shows them"])
        found = library.get(options.scenario)
        destinations = [destination(each) for each in options.to]
    except (NotFound, BadScenario, SettingsError) as error:
        _say(f"simulate crash: {error}")
        return MISUSED
    try:
        return _play(found, options, destinations, settings)
    except KeyboardInterrupt:
        _say("Interrupted; what has no ✓ above may not have been sent.")
        return INTERRUPTED
    except SettingsError as error:
        _say(f"simulate crash: {error}")
        return MISUSED
    except JinkiesError as error:
        _say(f"simulate crash: {error}")
        return FAILED
    except OSError as error:
        _say(f"simulate crash: the logs cannot be written: {error.strerror or error}")
        return FAILED


def _play(
    found: Found,
    options: argparse.Namespace,
    destinations: list[Destination],
    settings: Settings,
) -> int:
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    start = options.start or start_for(
        found.scenario.begins, datetime.now(UTC), speed=options.speed
    )
    play = Play(found.scenario, seed, start, options.min_logs, options.jitter)
    roots = tuple(settings.in_app_roots)
    rehearsal = Rehearsal(found, play, form=options.format, roots=roots)
    with ExitStack() as opened:
        log, file = _log_file(opened, options.save, destinations)
        is_wanted = bool(destinations or options.save)
        if not _write(rehearsal, file, options.speed, is_wanted=is_wanted):
            return OK  # whoever read it has seen enough
        report = rehearsal.report()
        _say(_as_json(report, play) if options.analysis == "json" else in_words(report, play))
        crash = Crashed(report, play, rehearsal.trace, log, datetime.now(UTC))
        is_well = asyncio.run(deliver(crash, destinations, _means(settings), _say))
    return OK if is_well else FAILED


def _log_file(
    opened: ExitStack, save: Path | None, destinations: list[Destination]
) -> tuple[Path | None, IO[bytes] | None]:
    """Where the logs are kept while they are written, if anybody needs them afterwards."""
    if save is None and not any(each.kind == "s3" for each in destinations):
        return None, None
    if save is None:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="jinkies-"))
        save = Path(folder) / "crash.log"
    try:
        save.parent.mkdir(parents=True, exist_ok=True)
        return save, opened.enter_context(save.open("wb"))
    except OSError as error:
        raise SettingsError([f"--save {save}: {error.strerror or error}"]) from None


def _write(rehearsal: Rehearsal, file: IO[bytes] | None, speed: float, *, is_wanted: bool) -> bool:
    """Write all lines; False if whoever read them has gone, and they are not wanted elsewhere."""
    is_open = True
    for chunk in _chunks(rehearsal, speed):
        if is_open:
            try:
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                is_open = False
                output.goes_nowhere()
        if file is not None:
            file.write(chunk)
        if not (is_open or is_wanted):
            return False
    if file is not None:
        file.flush()
    return True


def _chunks(rehearsal: Rehearsal, speed: float) -> Iterator[bytes]:
    """The lines; with a speed each in its time, else as many at once as are quickly written."""
    waiting: list[bytes] = []
    size = 0
    begun = time.monotonic()
    first = rehearsal.play.start.timestamp() * 1000
    for each in rehearsal.written():
        line = f"{each.text}\n".encode()
        if speed:
            ahead = (each.entry.at - first) / 1000 / speed - (time.monotonic() - begun)
            if ahead > 0.005:
                time.sleep(ahead)
            yield line
            continue
        waiting.append(line)
        size += len(line)
        if size >= _FLUSHED:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    yield b"".join(waiting)


def in_words(report: CrashReport, play: Play) -> str:
    """The analysis, for people."""
    chain = " ← ".join(each.type for each in reversed(report.exceptions)) or report.error_type
    facts = {
        "component": report.component,
        "severity": f"{report.severity}: {'; '.join(report.reasons)}",
        "error type": chain,
        "users": f"{report.users_impacted:,} met an error",
        "logs": f"{report.lines:,} lines, {report.errors:,} errors, trace id {report.trace_id}",
    }
    at = report.culprit
    if at is not None:
        facts["culprit"] = f"{at.file}:{at.line} in {at.function}\n{'':14}{at.code.strip()}"
    lines = ["", report.title, *(f"  {name:<11} {value}" for name, value in facts.items())]
    if report.signs:
        lines.append("  before it")
        for sign in report.signs:
            before = round((report.at - sign.first_at).total_seconds())
            growth = f", {sign.rising}" if sign.rising else ""
            count = f" ({sign.count:,}×{growth})" if sign.count > 1 else ""
            when = f"-{before // 60}:{before % 60:02}"
            lines.append(f"    {when:>6}  {sign.kind:<8} {sign.service}: {sign.text}{count}")
    lines.append(f"  {report.description}")
    again = f"--seed {play.seed} --start {_iso(play.start)}"
    lines.append(f"  {play.id}; the same again: {again}")
    return "\n".join(lines)


def _as_json(report: CrashReport, play: Play) -> str:
    told = archive_item(report, play, url="", key=archive_key(play), now=report.at)
    at = report.culprit
    told["seed"], told["start"] = play.seed, _iso(play.start)
    told["traceId"], told["lines"], told["errors"] = report.trace_id, report.lines, report.errors
    told["severityReasons"] = list(report.reasons)
    if at is not None:
        place = {"file": at.file, "line": at.line, "function": at.function, "code": at.code}
        told["culprit"] = place
    told["warningSigns"] = [
        {
            "kind": sign.kind,
            "service": sign.service,
            "text": sign.text,
            "count": sign.count,
            "firstAt": _iso(sign.first_at),
            "rising": sign.rising,
        }
        for sign in report.signs
    ]
    return json.dumps(told, ensure_ascii=False)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _means(settings: Settings) -> Means:
    return Means(
        folder=KEPT,
        webhook_secret=settings.webhook_secret.get_secret_value(),
        aws_region=settings.aws_region,
        aws_endpoint_url=settings.aws_endpoint_url,
        slack_token=settings.slack_bot_token.get_secret_value(),
        slack_api_url=settings.slack_api_url,
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
