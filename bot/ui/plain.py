"""Hostile text made harmless: shown as it is, but it formats, pings and hides nothing.

Everything that came from outside (messages, service names, people's names) passes through here
on its way into a card. Lengths are counted in UTF-16 units, the strictest of the ways in which
Discord's limits can be read.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

JOINER = "\u200d"
ZERO_WIDTH_SPACE = "\u200b"
ELLIPSIS = "…"

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_INLINE_MARKDOWN = re.compile(r"([\\*_~|`\[\]<])")
_LINE_MARKDOWN = re.compile(r"(?m)^(\s*)([#>+-]|\d+(?=[.)]))")
_BROADCAST = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_INVITE = re.compile(r"(discord(?:app)?\.(?:gg|com))/", re.IGNORECASE)
_FENCE = re.compile("`(?=`)")
_HALF_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\$")
_STACKED_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{3})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)
MAX_URL = 512


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def clip(text: str, limit: int) -> str:
    """Cut to `limit` units, with an ellipsis; never inside an escape that `escape` wrote."""
    if units(text) <= limit:
        return text
    kept = text[:limit]
    while units(kept) >= limit:
        kept = kept[:-1]
    return _HALF_ESCAPE.sub(lambda half: half.group()[:-1], kept) + ELLIPSIS


def visible(text: str) -> str:
    """Show control, bidirectional and unpaired characters as names, so that they do nothing."""
    text = _CONTROLS.sub(_name, text.replace("\r\n", "\n").replace("\t", "    "))
    return _STACKED_MARKS.sub(r"\1", text)


def one_line(text: str) -> str:
    """`visible` text with every run of white space as one blank."""
    return " ".join(visible(text).split())


def escape(text: str) -> str:
    """Text for a place where Discord reads Markdown: nothing formats, links or mentions."""
    text = _INLINE_MARKDOWN.sub(r"\\\1", visible(text))
    text = _LINE_MARKDOWN.sub(_escape_line_start, text)
    text = _BROADCAST.sub(f"@{ZERO_WIDTH_SPACE}", text)
    text = _INVITE.sub(rf"\1{ZERO_WIDTH_SPACE}/", text)
    return text.replace("://", f":/{ZERO_WIDTH_SPACE}/")


def label(text: str, limit: int, fallback: str = "–") -> str:
    """One escaped line of at most `limit` units; `fallback` where nothing can be seen."""
    line = one_line(text)
    return clip(escape(clip(line, limit)), limit) if line else fallback


def unfenced(text: str) -> str:
    """Text that cannot end the code block it stands in."""
    return _FENCE.sub(f"`{JOINER}", text)


def code_block(text: str, limit: int, language: str = "") -> str:
    """A fenced block of at most `limit` units, fence included; no text inside can end it."""
    body = unfenced(visible(text).strip("\n"))
    fences = f"```{language}\n", "\n```"
    return fences[0] + clip(body or " ", limit - units("".join(fences))) + fences[1]


def code_span(text: str, limit: int) -> str:
    """One line of inline code of at most `limit` units."""
    body = clip(one_line(text).replace("`", "ˋ"), limit - 2)
    return f"`{body}`" if body else "–"


def web_address(url: str) -> str | None:
    """`url` fit for a link, or None if it is no plain http(s) address Discord would take."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "." not in host or parts.username is not None:
        return None
    safe = quote(parts.geturl(), safe="%/:=&?~#+!$,;@-._", errors="replace")
    return safe if units(safe) <= MAX_URL else None


def link(title: str, url: str) -> str | None:
    """A masked link `[title](url)`, or None if the address cannot be one."""
    address = web_address(url)
    return f"[{label(title, 80, 'link')}]({address})" if address else None


def _name(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's own pictures of the control characters
    return f"⟨{code:04X}⟩"


def _escape_line_start(match: re.Match[str]) -> str:
    indent, mark = match.groups()
    return f"{indent}{mark}{ZERO_WIDTH_SPACE}" if mark.isdigit() else f"{indent}\\{mark}"
