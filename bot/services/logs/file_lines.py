"""The lines of a log file and of its rotations, from a time on. Blocking; for threads."""

from __future__ import annotations

import glob
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import IO, cast

from bot.analysis.logs.query import LogLine
from bot.analysis.logs.stamps import Stamper
from bot.errors import UpstreamError

LONGEST = 262_144  # bytes of a line; what is longer is cut into several
_ROTATED = re.compile(r"(.+?)(?:[.-](\d{1,14}))?(\.gz)?")
_PROBED = 65_536  # bytes in which a line with a time is looked for
_CLOSE = 1_048_576  # bytes within which seeking ends and reading begins


@dataclass(frozen=True, slots=True)
class LogFile:
    """One live file; `rotated` are its predecessors, the oldest first."""

    path: Path
    rotated: tuple[Path, ...]


def files_of(pattern: str) -> list[LogFile]:
    """The files that a glob matches, each with its rotations (`.1`, `-20260101`, `.2.gz`)."""
    # Not Path.glob: the pattern as a whole is absolute.
    found = {
        Path(name)
        for tail in ("", ".*", "-*")
        for name in glob.glob(pattern + tail, recursive=True)  # noqa: PTH207
    }
    kept = {path for path in found if path.is_file()}
    live: dict[Path, list[Path]] = {}
    for path in kept:
        base = _base(path)
        live.setdefault(base if base is not None and base != path else path, [])
        if base is not None and base != path:
            live[base].append(path)
    return [
        LogFile(path, tuple(sorted(rotated, key=_modified)))
        for path, rotated in sorted(live.items())
    ]


def _base(path: Path) -> Path | None:
    """The live file that a rotated one once was; None if this is none."""
    found = _ROTATED.fullmatch(path.name)
    if not found or not (found[2] or found[3]):
        return None
    return path.with_name(found[1])


def _modified(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except FileNotFoundError:  # rotated away just now
        return 0.0, path.name


def open_log(path: Path) -> IO[bytes]:
    """Open plain or gzipped.

    Raises:
        UpstreamError: it may not be read.
    """
    try:
        if path.suffix == ".gz":
            return cast("IO[bytes]", gzip.open(path, "rb"))
        return path.open("rb")
    except PermissionError as error:
        raise UpstreamError(
            "Log files",
            f"{path} may not be read.",
            permanent=True,
            cure="Let the bot's user read it, e.g. by the group that owns it.",
        ) from error


def see_that_it_can_be_read(path: Path) -> None:
    """Open a file and read a byte of it.

    Raises:
        UpstreamError: it may not be read, or is damaged.
        FileNotFoundError: it is not there (any more).
    """
    try:
        with open_log(path) as opened:
            opened.read(1)
    except FileNotFoundError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(str(path), error) from error


def _damaged(name: str, error: Exception) -> UpstreamError:
    return UpstreamError("Log files", f"{name}: {error}.", permanent=True, cure="It is damaged.")


class LineMaker:
    """Makes lines of bytes: gives each its time and id."""

    def __init__(self, group: str, stream: str, *, now: datetime, zone: tzinfo) -> None:
        self._group = group
        self._stream = stream
        self._stamp = Stamper(now=now, zone=zone)

    def lines(
        self, file: IO[bytes], *, otherwise: int, at_least: int, done: Callable[[], bool]
    ) -> Iterator[LogLine]:
        """The complete lines from where `file` stands; those before `at_least` are left out.

        Args:
            otherwise: the time of lines before the first that tells one; milliseconds.
            done: asked now and then whether to give up.
        """
        at, offset = otherwise, file.tell()
        try:
            while raw := file.readline(LONGEST):
                text = raw.decode("utf-8", "replace").rstrip("\r\n")
                stamp = self._stamp(text)
                at = at if stamp is None else stamp
                if at >= at_least and text:
                    line_id = f"{offset:x}-{zlib.crc32(raw.rstrip()):08x}"
                    yield LogLine(at, text, self._group, self._stream, line_id)
                offset += len(raw)
                if done():
                    return
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _damaged(self._stream, error) from error

    def seek(self, file: IO[bytes], size: int, start: int) -> None:
        """Go to a line shortly before the first of time `start`, by halving; plain files only."""
        low, high = 0, size
        while high - low > _CLOSE:
            middle = (low + high) // 2
            file.seek(middle)
            file.readline(LONGEST)  # the rest of a line
            found = self._first_stamp(file)
            if found is None or found >= start:
                high = middle
            else:
                low = middle
        file.seek(low)
        if low:
            file.readline(LONGEST)

    def _first_stamp(self, file: IO[bytes]) -> int | None:
        end = file.tell() + _PROBED
        while file.tell() < end and (raw := file.readline(LONGEST)):
            if (at := self._stamp(raw.decode("utf-8", "replace"))) is not None:
                return at
        return None
