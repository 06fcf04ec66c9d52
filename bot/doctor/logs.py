"""Logs that are read elsewhere than in AWS: Loki, and files on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.config import Settings
from bot.doctor.finding import Finding, Verdict
from bot.errors import UpstreamError
from bot.lookout import loki_access
from bot.services.logs.file_lines import files_of, see_that_it_can_be_read
from bot.services.logs.files import PREFIX, STDIN
from bot.services.logs.loki import LokiStore

TRIES = 2  # a check answers soon or not at all
LABELS_FROM_HOURS = 24
MOST_LABELS = 20  # that are told


async def check_loki(settings: Settings) -> list[Finding]:
    """It answers, takes our credentials, and knows the label that `loki:NAME` selects by."""
    if not settings.loki_url:
        return [_without_loki(settings)]
    store = LokiStore(loki_access(settings), tries=TRIES)
    try:
        labels = await store.labels(hours=LABELS_FROM_HOURS)
    finally:
        await store.close()
    return [_on_labels(labels, settings)]


def _without_loki(settings: Settings) -> Finding:
    token, tenant = settings.loki_token.get_secret_value(), settings.loki_tenant
    given = (("LOKI_TOKEN", token), ("LOKI_TENANT", tenant))
    useless = " and ".join(name for name, value in given if value)
    if useless:
        text = f"{useless} without LOKI_URL is of no use. Set LOKI_URL too."
        return Finding("Loki", Verdict.WRONG, text)
    return Finding("Loki", Verdict.UNUSED, "LOKI_URL is not set, so no logs are read there")


def _on_labels(labels: tuple[str, ...], settings: Settings) -> Finding:
    label, lately = settings.loki_label, f"the last {LABELS_FROM_HOURS} h"
    if label in labels:
        return Finding("Loki", Verdict.FINE, f"answers, and its logs have the label {label}")
    if not labels:
        cure = "Check LOKI_TENANT, and that something sends logs there."
        return Finding("Loki", Verdict.WRONG, f"answers, but has no logs of {lately}. {cure}")
    shown = ", ".join(labels[:MOST_LABELS])
    text = f"no log of {lately} has the label {label}. Set LOKI_LABEL to one of these: {shown}."
    return Finding("Loki", Verdict.WRONG, text)


async def check_log_files(settings: Settings) -> list[Finding]:
    """Each pattern matches, and what it matches can be read."""
    if not settings.log_files:
        text = "LOG_FILES is not set, so no files of this machine are read"
        return [Finding("Log files", Verdict.UNUSED, text)]
    patterns = [pattern.removeprefix(PREFIX) for pattern in settings.log_files]
    return await asyncio.to_thread(lambda: [_check_pattern(each) for each in patterns])


def _check_pattern(pattern: str) -> Finding:
    name = f"Log files {pattern}"
    if f"{PREFIX}{pattern}" == STDIN:
        return Finding(name, Verdict.FINE, "stands for the bot's standard input")
    files = files_of(pattern)
    if not files:
        cure = (
            "Check the spelling in LOG_FILES, and that this user may look into the folder; what "
            "is made later is found by itself."
        )
        return Finding(name, Verdict.WRONG, f"there is no such file. {cure}")
    problems = [_problem(path) for file in files for path in (file.path, *file.rotated)]
    told = [problem for problem in problems if problem]
    if told:  # where one cannot be read, reading all of them ends
        more = f" So it is with {len(told) - 1} more." if told[1:] else ""
        return Finding(name, Verdict.WRONG, f"{told[0]}{more}")
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return Finding(name, Verdict.FINE, f"{count} can be read")


def _problem(path: Path) -> str:
    """Why a file cannot be read, and what to do; "" if it can, or is gone by now."""
    try:
        see_that_it_can_be_read(path)
    except FileNotFoundError:
        return ""
    except UpstreamError as error:
        return f"{error.detail} {error.cure}"
    return ""
