"""Plain files as a log store: rotation, gzip, standard input, and what may not be read."""

from __future__ import annotations

import gzip
import io
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_groups import START, lines_of, messages

from bot.analysis.logs.query import LogLine, LogQuery
from bot.errors import NotFound, UpstreamError
from bot.models import Severity
from bot.services.logs.files import FileStore
from bot.services.logs.store import Lines, Progress

END = START + timedelta(hours=1)


def stamped(second: float, text: str) -> str:
    return f"{(START + timedelta(seconds=second)).isoformat(timespec='milliseconds')} {text}\n"


def numbered(first: int, last: int) -> str:
    return "".join(stamped(n, f"INFO line {n}") for n in range(first, last))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "app"
    made.mkdir()
    return made


def store_of(folder: Path, *patterns: str) -> FileStore:
    return FileStore(patterns or (f"{folder}/*.log",), clock=lambda: END, pause=0.0)


def group(folder: Path) -> str:
    return f"file:{folder}/*.log"


def ask(folder: Path, **changes: object) -> LogQuery:
    return LogQuery((group(folder),), START, END, **changes)  # type: ignore[arg-type]


async def texts(folder: Path, **changes: object) -> list[str]:
    found = await lines_of(store_of(folder), ask(folder, **changes))
    return [line.message.partition(" ")[2] for line in found]


async def test_files_are_merged_by_the_times_that_their_lines_tell(folder: Path) -> None:
    (folder / "one.log").write_text(stamped(0, "a") + stamped(4, "c"))
    (folder / "two.log").write_text(stamped(2, "b") + stamped(6, "d"))
    (folder / "other.txt").write_text(stamped(3, "not ours"))
    assert await texts(folder) == ["a", "b", "c", "d"]
    assert await texts(folder, newest_first=True) == ["d", "c", "b", "a"]
    assert await texts(folder, newest_first=True, limit=2) == ["d", "c"]
    streams = {line.stream for line in await lines_of(store_of(folder), ask(folder))}
    assert streams == {str(folder / "one.log"), str(folder / "two.log")}


async def test_rotated_and_packed_files_come_before_the_live_one(folder: Path) -> None:
    with gzip.open(folder / "app.log.2.gz", "wt") as packed:
        packed.write(numbered(0, 5))
    (folder / "app.log.1").write_text(numbered(5, 10))
    (folder / "app.log").write_text(numbered(10, 15))
    old = START.timestamp()
    for age, name in ((2, "app.log.2.gz"), (1, "app.log.1"), (0, "app.log")):
        os.utime(folder / name, (old + 100 - age, old + 100 - age))
    assert await texts(folder) == [f"INFO line {n}" for n in range(15)]
    (group_name,) = await store_of(folder).groups("APP")
    assert group_name == group(folder)


async def test_a_trace_has_the_time_of_the_line_above_it(folder: Path) -> None:
    (folder / "app.log").write_text(
        stamped(1, "ERROR boom") + "Traceback (most recent call last):\n"
        '  File "a.py", line 1, in f\nKeyError: 1\n' + stamped(2, "INFO fine")
    )
    found = await lines_of(store_of(folder), ask(folder, level=Severity.ERROR))
    assert [line.message.split()[-1] for line in found] == ["boom", "last):", "f", "1"]
    assert len({line.at for line in found}) == 1


async def test_of_a_large_file_only_the_window_is_read(folder: Path) -> None:
    body = "".join(stamped(n / 100, f"line {n} {'x' * 200}") for n in range(20_000))
    (folder / "app.log").write_text(body)
    progress = Progress()
    asked = LogQuery((group(folder),), START + timedelta(seconds=190), END)
    found = await lines_of(store_of(folder), asked, progress)
    assert [int(line.message.split()[2]) for line in found] == list(range(19_000, 20_000))
    assert progress.scanned < 2_000


async def test_lines_around_a_line_are_those_of_its_file(folder: Path) -> None:
    (folder / "one.log").write_text(numbered(0, 50))
    (folder / "two.log").write_text(numbered(0, 50))
    store = store_of(folder)
    found = await lines_of(store, ask(folder, include=("line 20",)))
    around = await store.around(found[0], before=2, after=3)
    assert [int(line.message.rpartition(" ")[2]) for line in around] == [18, 19, 20, 21, 22, 23]
    assert {line.stream for line in around} == {found[0].stream}


@pytest.mark.parametrize(
    "wanted",
    [
        "file:/etc/passwd",
        "file:{folder}/../secret.log",
        "file:{folder}/*.log/../../secret.log",
        "file:{folder}/**",
        "file:-",
        "file:",
    ],
)
async def test_nothing_but_the_globs_of_the_settings_can_be_read(folder: Path, wanted: str) -> None:
    (folder.parent / "secret.log").write_text(stamped(0, "secret"))
    store = store_of(folder)
    asked = LogQuery((wanted.format(folder=folder),), START, END)
    with pytest.raises(NotFound, match="not among the log files"):
        await lines_of(store, asked)
    with pytest.raises(NotFound, match="not among the log files"):
        await anext(store.tail(asked))
    with pytest.raises(NotFound, match="not among the log files"):
        await store.around(LogLine(0, "x", asked.groups[0], "/etc/passwd", "0"))


async def test_a_made_up_stream_reads_no_other_file(folder: Path) -> None:
    (folder / "app.log").write_text(numbered(0, 3))
    secret = folder.parent / "secret.txt"
    secret.write_text("secret\n")
    line = LogLine(0, "x", group(folder), str(secret), "0")
    assert await store_of(folder).around(line) == (line,)


async def test_a_damaged_archive_is_told_with_its_name(folder: Path) -> None:
    packed = gzip.compress(numbered(0, 500).encode())
    (folder / "app.log.1.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UpstreamError, match="damaged"):
        await texts(folder)


async def test_standard_input_is_a_group_of_its_own() -> None:
    store = FileStore(
        ("-",), stdin=io.BytesIO(b"one\ntwo \xff\nthree"), clock=lambda: START, pause=0.0
    )
    asked = LogQuery(("file:-",), START, END)
    async with aclosing(store.tail(asked)) as tail:
        seen = await taken(tail, 3)
    assert [line.message for line in seen] == ["one", "two \ufffd", "three"]
    assert await messages(store, asked) == ["one", "two \ufffd", "three"]


# --- tails -------------------------------------------------------------------------------------


async def taken(tail: AsyncGenerator[Lines, None], count: int) -> list[LogLine]:
    """So many lines, however many looks it takes."""
    seen: list[LogLine] = []
    async for lines in tail:
        seen += lines
        if len(seen) >= count:
            break
    return seen


@asynccontextmanager
async def tailed(folder: Path) -> AsyncIterator[AsyncGenerator[Lines, None]]:
    async with aclosing(store_of(folder).tail(ask(folder))) as tail:
        yield tail


async def look(tail: AsyncGenerator[Lines, None]) -> list[str]:
    return [line.message.rpartition(" ")[2] for line in await anext(tail)]


async def test_a_tail_gives_each_line_once_and_waits_for_half_written_ones(folder: Path) -> None:
    log = folder / "app.log"
    log.write_text(numbered(0, 2))
    async with tailed(folder) as tail:
        assert await look(tail) == ["0", "1"]
        with log.open("a") as file:
            file.write(stamped(2, "INFO line 2")[:-4])
        assert await look(tail) == []
        with log.open("a") as file:
            file.write(stamped(2, "INFO line 2")[-4:] + numbered(3, 4))
        assert await look(tail) == ["2", "3"]


async def test_a_tail_follows_a_file_that_is_renamed_and_made_anew(folder: Path) -> None:
    log = folder / "app.log"
    log.write_text(numbered(0, 2))
    async with tailed(folder) as tail:
        assert await look(tail) == ["0", "1"]
        with log.open("a") as file:
            file.write(numbered(2, 4))
        log.rename(folder / "app.log.1")
        assert await look(tail) == ["2", "3"]  # the live file is not there for a moment
        log.write_text(numbered(4, 6))
        assert await look(tail) == ["4", "5"]
        assert await look(tail) == []


async def test_a_tail_follows_a_file_that_is_copied_and_truncated(folder: Path) -> None:
    log = folder / "app.log"
    log.write_text(numbered(0, 20))
    async with tailed(folder) as tail:
        await look(tail)
        with log.open("a") as file:
            file.write(numbered(20, 22))
        shutil.copy2(log, folder / "app.log.1")
        os.truncate(log, 0)
        with log.open("a") as file:
            file.write(numbered(22, 24))
        assert await look(tail) == ["20", "21", "22", "23"]
        assert await look(tail) == []


async def test_a_tail_finds_files_that_are_made_later(folder: Path) -> None:
    async with tailed(folder) as tail:
        assert await look(tail) == []
        (folder / "new.log").write_text(numbered(0, 2))
        assert await look(tail) == ["0", "1"]


steps = st.lists(
    st.sampled_from(["write", "write", "half", "rename", "truncate", "look"]), max_size=25
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
async def test_no_rotation_loses_or_repeats_a_line(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("rotating")
    log, written, rotations = folder / "app.log", 0, 0
    log.write_text("")
    seen: list[str] = []
    async with tailed(folder) as tail:
        seen += await look(tail)
        for step in [*steps, "write", "look", "look"]:
            if step == "look":
                seen += await look(tail)
            elif step in ("write", "half"):
                with log.open("a") as file:
                    text = stamped(written, f"INFO line {written}")
                    file.write(text[:-2])
                    if step == "half":
                        file.flush()
                        seen += await look(tail)
                    file.write(text[-2:])
                written += 1
            elif log.stat().st_size:
                rotations += 1
                name = folder / f"app.log.{rotations}"
                if step == "rename":
                    log.rename(name)
                    log.write_text("")
                else:
                    shutil.copy2(log, name)
                    os.truncate(log, 0)
                seen += await look(tail)
    assert seen == [str(n) for n in range(written)]
