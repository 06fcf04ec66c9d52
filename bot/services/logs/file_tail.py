"""Following a growing file through its rotations. Blocking; for threads.

Renamed and created anew: the old file is read to its end first. Copied and truncated
(logrotate's copytruncate): what was written between our last look and the copy is read from
the copy. A half-written line waits for its end.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from io import BytesIO
from pathlib import Path
from typing import IO

from bot.analysis.logs.query import LogLine
from bot.services.logs.file_lines import LineMaker, LogFile, open_log

_SIGNATURE = 256  # bytes at the beginning by which a file is known again
_AT_ONCE = 4 * 1_048_576  # bytes of one look


class Follower:
    """One file that is followed from a position on."""

    def __init__(self, group: str, file: LogFile, *, now: datetime, zone: tzinfo) -> None:
        self.path = file.path
        self._maker = LineMaker(group, str(file.path), now=now, zone=zone)
        self._file: IO[bytes] | None = None
        self._inode = 0
        self._position = 0
        self._signature = b""
        self._rest = b""
        self._at = 0
        self._known: frozenset[int] = frozenset()  # rotated files, by inode

    def begin(self, start: int, rotated: tuple[Path, ...]) -> list[LogLine]:
        """Stand before the first line of time `start` (milliseconds).

        Returns those of the rotated files that were written since.
        """
        lines: list[LogLine] = []
        self._known = _inodes(rotated)
        for path in rotated:
            written = int(path.stat().st_mtime * 1000)
            if written >= start:
                with open_log(path) as old:
                    lines += self._maker.lines(
                        old, otherwise=written, at_least=start, done=lambda: False
                    )
        if self._open():
            assert self._file is not None, "opened just now"
            self._maker.seek(self._file, self.path.stat().st_size, start)
            self._position = self._file.tell()
        return lines

    def look(self, rotated: tuple[Path, ...], now: int) -> list[LogLine]:
        """What has come since the last look; `now` is the time of lines that tell none."""
        lines = self._copied_unseen(rotated, now) + self._grown(now)
        self._known = _inodes(rotated)
        status = _status(self.path)
        if status is None:
            return lines
        inode, size = status
        if self._file is None or inode != self._inode:
            lines += self._finish(now)
            if self._open():
                lines += self._grown(now)
        elif size < self._position or not self._is_same():
            lines += self._missed(rotated, now)
            self._open()
            lines += self._grown(now)
        return lines

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        self.close()
        status = _status(self.path)
        if status is None:
            return False
        self._file = open_log(self.path)
        self._inode, self._position, self._rest = status[0], 0, b""
        self._signature = b""
        return True

    def _is_same(self) -> bool:
        """Whether the beginning is still the one that we have read."""
        assert self._file is not None, "asked of an open file"
        self._file.seek(0)
        beginning = self._file.read(max(1, len(self._signature)))
        self._file.seek(self._position)
        return beginning.startswith(self._signature)

    def _grown(self, now: int) -> list[LogLine]:
        if self._file is None or (self._position and not self._is_same()):
            return []
        self._file.seek(self._position)
        grown = self._file.read(_AT_ONCE)
        if self._position < _SIGNATURE and grown:
            self._file.seek(0)
            self._signature = self._file.read(min(_SIGNATURE, self._position + len(grown)))
        lines = self._whole_lines(grown, now)
        self._position += len(grown)
        return lines

    def _whole_lines(self, grown: bytes, now: int) -> list[LogLine]:
        data = self._rest + grown
        end = data.rfind(b"\n") + 1
        begins_at = self._position - len(self._rest)
        self._rest = data[end:]
        return self._made(data[:end], begins_at, now)

    def _finish(self, now: int) -> list[LogLine]:
        """The old file has its new name: a line without an end will never get one."""
        lines: list[LogLine] = []
        while self._file is not None and (more := self._grown(now)):
            lines += more
        rest, self._rest = self._rest, b""
        return lines + self._made(rest, self._position - len(rest), now)

    def _copied_unseen(self, rotated: tuple[Path, ...], now: int) -> list[LogLine]:
        """What was written to an empty file, copied and truncated, all since the last look."""
        status = _status(self.path)
        if self._file is None or self._position or status is None or status[0] != self._inode:
            return []
        # A copy has an inode of its own; what is only renamed or packed was read before.
        copies = [path for path in rotated if path.suffix != ".gz"]
        return self._missed(
            tuple(path for path in copies if not _inodes((path,)) <= self._known), now
        )

    def _missed(self, rotated: tuple[Path, ...], now: int) -> list[LogLine]:
        """What the copy holds behind the place where we stood."""
        for path in reversed(rotated):
            with open_log(path) as copy:
                if self._signature and copy.read(len(self._signature)) != self._signature:
                    continue
                copy.seek(self._position)
                data = self._rest + copy.read()
                return self._made(data, self._position - len(self._rest), now)
        return self._made(self._rest, self._position - len(self._rest), now)

    def _made(self, data: bytes, offset: int, now: int) -> list[LogLine]:
        file = _Placed(data, offset)
        made = self._maker.lines(file, otherwise=self._at or now, at_least=0, done=lambda: False)
        lines = list(made)
        if lines:
            self._at = lines[-1].at
        return lines


class _Placed(BytesIO):
    """Bytes that stood at `offset` of a file."""

    def __init__(self, data: bytes, offset: int) -> None:
        super().__init__(data)
        self._offset = offset

    def tell(self) -> int:
        return super().tell() + self._offset


def _inodes(paths: tuple[Path, ...]) -> frozenset[int]:
    return frozenset(status[0] for path in paths if (status := _status(path)) is not None)


def _status(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size
