"""An answer as a file: all that was asked for, redacted, as far as Discord takes it."""

from __future__ import annotations

import asyncio
import gzip
import io
import re
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import discord
from discord import ui

from bot.alerting.looking import stream
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.question import Question
from bot.errors import JinkiesError
from bot.services.logs.store import Progress
from bot.ui import plain
from bot.ui.desk import Press
from bot.ui.logs.desk import LogDesk
from bot.ui.logs.reading import DOWNLOAD, tell_failure
from bot.ui.logs.screen import Screen
from bot.ui.logs.views import button, layout, name_of, notice, progress_words

PLAIN_BYTES = 1_000_000  # a larger file is packed
UPLOAD = 10 * 1024 * 1024  # what Discord takes where nobody pays for more
_MARGIN = 128 * 1024  # for the rest of the request, and what gzip holds back
_PART = 500  # lines packed at once
_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A finished file. `is_cut`: more lines were found than it could take."""

    name: str
    data: bytes
    lines: int
    is_cut: bool = False


class Packer:
    """Lines become bytes, packed once they are many; full before `room` bytes are exceeded."""

    def __init__(self, name: str, room: int) -> None:
        self._name = name
        self._room = room - _MARGIN
        self._out = io.BytesIO()
        self._packed: gzip.GzipFile | None = None
        self.lines = 0
        self.is_full = False

    def add(self, lines: Sequence[LogLine]) -> None:
        """Take lines, as many as there is room for; blocks for the packing."""
        for first in range(0, len(lines), _PART):
            for line in lines[first : first + _PART]:
                data = file_line(line)
                # What is packed takes no more than it is.
                if self.is_full or self._out.tell() + len(data) > self._room:
                    self.is_full = True
                    return
                self._write(data)
                self.lines += 1

    def finish(self, stamp: datetime) -> LogFile:
        """The file."""
        ending = ".log"
        if self._packed is not None:
            self._packed.close()
            ending = ".log.gz"
        name = f"{_NAME.sub('-', self._name).strip('-')[:60] or 'logs'}-{stamp:%Y%m%d-%H%M%S}"
        return LogFile(name + ending, self._out.getvalue(), self.lines, self.is_full)

    def _write(self, data: bytes) -> None:
        if self._packed is None and self._out.tell() + len(data) > PLAIN_BYTES:
            so_far = self._out.getvalue()
            self._out = io.BytesIO()
            self._packed = gzip.GzipFile(fileobj=self._out, mode="wb", compresslevel=6, mtime=0)
            self._packed.write(so_far)
        (self._packed or self._out).write(data)


def file_line(line: LogLine) -> bytes:
    """`2026-01-31T14:00:00.123Z /aws/lambda/checkout stream message`; control characters shown."""
    moment = datetime.fromtimestamp(line.at / 1000, UTC)
    head = f"{moment:%Y-%m-%dT%H:%M:%S}.{line.at % 1000:03d}Z {line.group} {line.stream} "
    return (head + plain.visible(line.message.rstrip()) + "\n").encode("utf-8", "replace")


def file_of(name: str, lines: Iterable[LogLine], stamp: datetime, room: int = UPLOAD) -> LogFile:
    """A file of lines that are in memory."""
    packer = Packer(name, room)
    packer.add(list(lines))
    return packer.finish(stamp)


def room_in(press: Press) -> int:
    """How many bytes Discord takes here."""
    return press.guild.filesize_limit if press.guild is not None else UPLOAD


async def download(press: Press, number: int) -> None:
    """Read all that a question asks for, beyond its limit too, and answer with a file."""
    logs, screen = press.client.desk.logs, Screen(press)
    try:
        question = await logs.question(number)
    except JinkiesError as error:
        await screen.fail(error)
        return
    progress, room = Progress(), room_in(press)
    work = logs.work(
        f"{number}{DOWNLOAD}", lambda: written(logs, number, question, progress, room), progress
    )

    def telling(seconds: float) -> ui.LayoutView:
        return notice(
            f"💾 Writing {name_of(question)}: {progress_words(work.progress, seconds)}",
            button("Cancel", "cancel", number, mode=DOWNLOAD, mark="✖️"),
        )

    if not await screen.wait(work, telling):
        await tell_failure(screen, work, number, question)
        return
    made: LogFile = work.task.result()
    if not made.lines:
        await screen.show(notice(f"💾 {name_of(question)}: there are no lines to write."))
        return
    await screen.show(file_view(made, question), [discord_file(made)])


async def written(
    logs: LogDesk, number: int, question: Question, progress: Progress, room: int
) -> LogFile:
    """The file of a question: from memory if all of its answer is there, else read again.

    Raises:
        As `looking.look`.
    """
    name = question.name or question.groups[0]
    known = logs.known(number)
    if known is None and (question.centre is not None or question.insights or question.kept):
        known = await logs.reading(number).task
    if known is not None and (not known.found.progress.more or question.insights):
        lines = known.found.lines[::-1] if question.newest_first else known.found.lines
        return await asyncio.to_thread(file_of, name, lines, logs.clock(), room)
    packer = Packer(name, room)
    batches = stream(logs.stores, logs.redactor, replace(question, limit=0), progress)
    async with aclosing(batches):
        async for part in batches:
            await asyncio.to_thread(packer.add, part)
            if packer.is_full:
                break
    return await asyncio.to_thread(packer.finish, logs.clock())


def file_view(made: LogFile, question: Question, said: str = "") -> ui.LayoutView:
    """The message that a file hangs on; it says so if there was more."""
    words = f"💾 {name_of(question)}: {made.lines:,} line{'' if made.lines == 1 else 's'}"
    if question.words():
        words += f" · {plain.code_span(question.words(), 200)}"
    if made.is_cut:
        which = "newest" if question.newest_first else "oldest"
        words += (
            f"\n-# These are the {which}; the rest did not fit in what Discord takes. Narrow it."
        )
    words += "\n-# Times in UTC; secrets are removed."
    return layout(
        ui.TextDisplay(f"{said}\n{words}" if said else words),
        ui.File(f"attachment://{made.name}"),
    )


def discord_file(made: LogFile) -> discord.File:
    """To be sent with `file_view`."""
    return discord.File(io.BytesIO(made.data), filename=made.name)
