"""Foreign text on GitHub: shown as it is, but it notifies, links, closes and renders nothing."""

from __future__ import annotations

import re

MAX_CELL = 300
MAX_LINE = 2000
BREAK = "\u200b"  # zero-width space
# Also what turns the direction of text, and the tags in which text is hidden from people.
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    r"\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
PLAIN_CODE = re.compile(r"[^`|\\<>&\s](?:[^`|\\<>&\n]*[^`|\\<>&\s])?")
MARKED = re.compile(r"@(?=\w)|#(?=\d)|\b(?:GH|gh)-(?=\d)|://|<!--|-->|[`<>&*_\[\]|\\~]")
QUIET = {
    "`": "'", "<": "‹", ">": "›", "&": "＆", "*": "∗", "_": "_", "[": "(", "]": ")",
    "|": "¦", "\\": "⧵", "~": "∼", "<!--": "‹!--", "-->": "--›",
}  # fmt: skip


def code(text: str, limit: int = MAX_CELL) -> str:
    """Foreign text as an inline code span, harmless in a paragraph and in a table."""
    line = shortened(one_line(text), limit)
    if not line:
        return "—"
    if PLAIN_CODE.fullmatch(line):
        return f"`{line.replace('<!--', '<! --')}`"
    # A backtick, a pipe or a backslash: entities mean themselves everywhere.
    return "<code>" + re.sub(r"[^\w ]", lambda m: f"&#{ord(m[0])};", line) + "</code>"


def fence(text: str, language: str = "") -> str:
    """Foreign text as a block that nothing in it can end."""
    whole = clean(text).replace("<!--", f"<{BREAK}!--").strip("\n")
    whole = re.sub(r"`{30}(?=`)", lambda run: run[0] + BREAK, whole)
    longest = max((len(run) for run in re.findall(r"`+", whole)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{whole}\n{ticks}"


def limited(text: str, limit: int, *, keep_end: bool = False) -> str:
    """At most `limit` characters, cut at a line, saying how much is missing."""
    whole = clean(text)
    if len(whole) <= limit:
        return whole
    if keep_end:
        tail = whole[-limit:]
        kept = tail.partition("\n")[2] or tail
        return f"… {len(whole) - len(kept):,} characters before this are left out\n{kept}"
    head = whole[:limit]
    kept = head.rpartition("\n")[0] or head
    return f"{kept}\n… {len(whole) - len(kept):,} characters are left out"


def clean(text: str) -> str:
    """Without control and direction characters, newlines and tabs excepted."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return LONE_SURROGATE.sub("\ufffd", CONTROL.sub("", text))


def one_line(text: str) -> str:
    """The beginning of a text in one line; nothing that stands in a line is longer."""
    return " ".join(clean(text[:MAX_LINE]).split())


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where some are left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def quiet(text: str) -> str:
    """Foreign text as prose, for titles and link names: references and markup broken up."""
    return MARKED.sub(lambda m: QUIET.get(m[0], m[0] + BREAK), text)


def safe_url(url: str) -> str:
    """An address that can stand in a Markdown link; "" if it is not http or https."""
    whole = "".join(clean(url).split())
    if not re.match(r"https?://[^/]", whole):
        return ""
    return re.sub(r"[^\w\-.~:/?#@!$&+,;=%]", lambda m: _percent(m[0]), whole)[:2000]


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
