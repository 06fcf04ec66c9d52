"""Hours as Parquet: columns id, kind and entry (the JSON line), one row group a minute.

Needs pyarrow, which `requirements-dataset-extra.txt` names.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.simulation.dataset.files import DatasetError, Written, part_of


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DatasetError(
            "--format parquet needs pyarrow: pip install -r requirements-dataset-extra.txt"
        ) from None
    return pyarrow, pyarrow.parquet


def parquet_name() -> str:
    """Who compresses Parquet, for the manifest; raises `DatasetError` where nobody can."""
    arrow, _ = _pyarrow()
    return f"pyarrow-{arrow.__version__}-zstd"


class ParquetFile:
    """The same doors as `LineFile`."""

    def __init__(self, root: Path, path: str) -> None:
        self._arrow, parquet = _pyarrow()
        self._root, self._path = root, path
        self._target = root / path
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._part = part_of(self._target)
        text = self._arrow.string()
        self._schema = self._arrow.schema([("id", text), ("kind", text), ("entry", text)])
        self._writer = parquet.ParquetWriter(self._part, self._schema, compression="zstd")
        self._entries = self._crc = self._content_bytes = 0

    def write(self, lines: bytes, count: int) -> None:
        """Append `count` whole lines as a row group."""
        self._entries += count
        self._content_bytes += len(lines)
        self._crc = zlib.crc32(lines, self._crc)
        rows = lines.decode("ascii").splitlines()
        heads = [row.split('"', 8) for row in rows]
        self._writer.write_table(
            self._arrow.table(
                [[head[3] for head in heads], [head[7] for head in heads], rows], self._schema
            )
        )

    def close(self) -> Written:
        """Finish the file and give it its name."""
        self._writer.close()
        digest = hashlib.blake2b(digest_size=32)
        with self._part.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        size = self._part.stat().st_size
        self._part.replace(self._target)
        return Written(
            self._path,
            self._entries,
            size,
            self._content_bytes,
            f"{self._crc:08x}",
            digest.hexdigest(),
        )

    def abandon(self) -> None:
        """Leave nothing unfinished behind."""
        self._writer.close()
        self._part.unlink(missing_ok=True)


def rows_of(path: Path) -> Iterator[bytes]:
    """The JSON lines of a Parquet file, a minute of them at a time; raises `DatasetError`."""
    arrow, parquet = _pyarrow()
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["entry"]):
                for row in batch.column(0).to_pylist():
                    yield row.encode() + b"\n"
    except arrow.ArrowException as error:
        raise DatasetError(f"{path}: {error}") from None
