"""Text from outside, made fit to be stored: no NUL, bounded, cut where it hurts least."""

from __future__ import annotations

MESSAGE_LENGTH = 8_192
TRACE_LENGTH = 65_536
LINE_LENGTH = 2_000
LINES = 100
_CUT = "\n… [{} characters cut] …\n"


def clean(text: str) -> str:
    """Without NUL, which PostgreSQL cannot store, and lone surrogates, which UTF-8 cannot."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def shortened(text: str, length: int) -> str:
    """Cut the end of `text`, so that at most `length` characters remain."""
    text = clean(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def middle_cut(text: str, length: int) -> str:
    """Cut the middle of `text`: of a trace, the beginning and the end tell most."""
    text = clean(text)
    if len(text) <= length:
        return text
    mark = _CUT.format(len(text) - length)
    half = (length - len(mark)) // 2
    return text[:half] + mark + text[-half:]


def last_lines(lines: list[str]) -> tuple[str, ...]:
    """The newest `LINES` lines, each bounded."""
    newest = tuple(lines[-LINES:])
    joined = "".join(newest)
    if max(map(len, newest), default=0) <= LINE_LENGTH and clean(joined) is joined:
        return newest
    return tuple(shortened(line, LINE_LENGTH) for line in newest)


def size_in_words(size: int) -> str:
    """Bytes in the largest unit that fits: 1 MiB, 2.5 MiB, 9.8 KiB, 512 bytes."""
    for unit, worth in (("MiB", 1024 * 1024), ("KiB", 1024)):
        if size >= worth:
            return f"{size / worth:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"
