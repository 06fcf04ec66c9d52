"""Every stack trace among the shared samples, against what a person reads in it.

`stacktrace_samples.txt` holds for each sample its chain (root cause first) and its frames
(oldest first). Long stacks are shortened to their ends and their length. Rows of `KNOWN_MISSES`
are samples we do not read exactly, each with its reason.
"""

import os
from pathlib import Path

import pytest

from bot.analysis.stacktrace import culprit, mark_in_app, parse
from bot.models import ExceptionInfo, Frame

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("JINKIES_SHARED", HERE.parents[1] / ".." / "shared"))
SAMPLES = SHARED / "payloads" / "stacktraces"
KNOWN_MISSES: dict[str, str] = {}


def _expectations() -> dict[str, str]:
    text = (HERE / "stacktrace_samples.txt").read_text(encoding="utf-8")
    blocks = text.split("\n== ")[1:]
    return {name: body.strip("\n") for name, _, body in (b.partition("\n") for b in blocks)}


EXPECTED = _expectations()


def _frame(frame: Frame) -> str:
    column = f":{frame.column}" if frame.column else ""
    function = f"{frame.module}|{frame.function}" if frame.module else frame.function
    mine = "" if frame.in_app else " (not ours)"
    return f"    {frame.file}:{frame.line}{column} {function or '-'}{mine}"


def _exception(info: ExceptionInfo) -> list[str]:
    frames = [_frame(frame) for frame in info.frames]
    if len(frames) > 14:
        frames = [*frames[:3], f"    ... {len(frames)} frames in all", *frames[-3:]]
    module = f"{info.module}|" if info.module else ""
    message = info.message.replace("\n", "\\n")[:150]
    return [f"  {module}{info.type}: {message}", *frames]


def _written(text: str) -> str:
    chain = mark_in_app(parse(text))
    lines = [line for info in chain for line in _exception(info)]
    newest = culprit(chain)
    if newest is not None:
        lines.append(f"  culprit {newest.file}:{newest.line} {newest.function or '-'}")
    return "\n".join(lines) or "  nothing"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not beside this clone")
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_is_read_exactly(name: str) -> None:
    path = SAMPLES / f"{name}.txt"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the samples")
    if name in KNOWN_MISSES:
        pytest.skip(KNOWN_MISSES[name])
    assert _written(path.read_text(encoding="utf-8")) == EXPECTED[name]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not beside this clone")
def test_every_sample_has_a_row_and_at_least_95_percent_are_exact() -> None:
    names = {path.name.removesuffix(".txt") for path in SAMPLES.glob("*.txt")}
    assert names <= set(EXPECTED)
    assert len(KNOWN_MISSES) <= 0.05 * len(names)
