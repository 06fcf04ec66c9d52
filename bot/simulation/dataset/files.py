"""Files of a data set: written whole or not at all, compressed the same way every time."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bot.errors import JinkiesError

FORMATS = ("jsonl.gz", "jsonl", "parquet")
ZLIB_LEVEL, ISAL_LEVEL = 4, 2


class DatasetError(JinkiesError):
    """A data set cannot be written or read; the text says why and what to do."""


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Written:
    """One finished file. `crc32` is of its lines, `blake2b` (256 bits) of its bytes."""

    path: str
    entries: int
    bytes: int
    content_bytes: int
    crc32: str
    blake2b: str


def compressor_name() -> str:
    """Which compressor is at work: part of the manifest, because files differ between them."""
    try:
        from isal import isal_zlib  # noqa: F401 - asked whether it is there
    except ImportError:
        return f"zlib-{ZLIB_LEVEL}"
    return f"isal-{ISAL_LEVEL}"


def _compressor(name: str, path: str) -> _Compressor:
    """A gzip stream without a time or a name in its header."""
    if name.startswith("isal-"):
        from isal import isal_zlib

        # Long lines in which one more look finds much: within a fifth of gzip -6 only so.
        level = int(name[5]) + path.startswith("sentry/")
        made: _Compressor = isal_zlib.compressobj(level, isal_zlib.DEFLATED, 31)
        return made
    return zlib.compressobj(ZLIB_LEVEL, zlib.DEFLATED, 31)


def part_of(path: Path) -> Path:
    """What `path` is called until it is whole; another process calls it otherwise."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


class LineFile:
    """A file of JSON lines under its name with `.part` until `close` has put it in place."""

    def __init__(self, root: Path, path: str, compressor: str) -> None:
        self._root, self._path = root, path
        self._compressor = _compressor(compressor, path) if path.endswith(".gz") else None
        self._crc, self._digest = 0, hashlib.blake2b(digest_size=32)
        self._entries = self._bytes = self._content_bytes = 0
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self._part = part_of(target)
        self._handle = self._part.open("wb")

    def write(self, lines: bytes, count: int) -> None:
        """Append `count` whole lines."""
        self._entries += count
        self._content_bytes += len(lines)
        if self._compressor:
            self._put(self._compressor.compress(lines))
        else:
            self._crc = zlib.crc32(lines, self._crc)
            self._put(lines)

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._bytes += len(data)
        self._handle.write(data)

    def close(self) -> Written:
        """Finish the file and give it its name."""
        if self._compressor:
            end = self._compressor.flush()
            self._put(end)
            # The compressor counted it already: gzip's last eight bytes are CRC-32 and length.
            self._crc = int.from_bytes(end[-8:-4], "little")
        self._handle.close()
        self._part.replace(self._root / self._path)
        return Written(
            self._path,
            self._entries,
            self._bytes,
            self._content_bytes,
            f"{self._crc:08x}",
            self._digest.hexdigest(),
        )

    def abandon(self) -> None:
        """Leave nothing unfinished behind."""
        with contextlib.suppress(OSError):
            self._handle.close()
        self._part.unlink(missing_ok=True)


@contextlib.contextmanager
def disk_named(root: Path) -> Iterator[None]:
    """Tell a full disk, a missing right and their like as what they are."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DatasetError(
                f"the disk that holds {root} is full; what is complete stays. Make room and run "
                "the same command again: it goes on where it ended."
            ) from None
        raise DatasetError(f"{root} cannot be written: {error.strerror or error}") from error


def write_json(path: Path, value: object, *, indent: int | None = 1) -> None:
    """Write JSON so that a reader sees the old file or the new one."""
    write_pieces(path, lambda put: put(json.dumps(value, indent=indent, sort_keys=True) + "\n"))


def write_pieces(path: Path, fill: Callable[[Callable[[str], object]], object]) -> None:
    """Write a text piece by piece, and put it in place when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    with part.open("w", encoding="utf-8", newline="\n") as handle:
        fill(handle.write)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)


def read_json(path: Path) -> Mapping[str, Any]:
    """Read a JSON object; raises `DatasetError` with the file's name."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise DatasetError(f"{path}: a JSON object is expected")
    return value


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a data file, whatever it is compressed with; raises `DatasetError`."""
    try:
        if path.suffix == ".parquet":
            from bot.simulation.dataset.parquet import rows_of

            yield from rows_of(path)
        elif path.suffix == ".gz":
            opener = _gzip_open()
            with opener(path) as stream:
                yield from stream
        else:
            with path.open("rb") as stream:
                yield from stream
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: {error}") from None


def _gzip_open() -> Callable[[Path], Any]:
    try:
        from isal import igzip
    except ImportError:
        import gzip

        return lambda path: gzip.open(path, "rb")
    return lambda path: igzip.open(path, "rb")  # type: ignore[no-untyped-call]
