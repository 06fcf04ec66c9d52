"""GitHub's Markdown, as far as issues need it: escaped first, so nothing foreign becomes markup.

The order is GitHub's own: Markdown becomes HTML, then @mentions and #references are looked for
in its text, outside of code. A character written as an entity is therefore still a mention.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`]*)$")
HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
ITEM = re.compile(r"( {0,3})([-*+]|\d{1,9}[.)])[ \t]+(.*)$")
RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
DELIMITERS = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
CELL = re.compile(r"((?:\\.|[^|\\])*)(?:\||$)")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
ENTITY = re.compile(r"&amp;(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
PAIRED = re.compile(r"&lt;(code|sub|sup|kbd|strong|em|b|i)&gt;(.*?)&lt;/\1&gt;", re.DOTALL)
LINK = re.compile(r"(!?)\[([^\[\]]*)\]\(([^()\s]+)\)")
BARE_URL = re.compile(r"https?://[^\s<>\"'`|]+[^\s<>\"'`|.,;:!?)\]]")
NOTE = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*$")
MENTION = re.compile(r"(?<![\w/`@.-])@([A-Za-z\d](?:[A-Za-z\d-]{0,38})(?:/[\w-]+)?)")
REFERENCE = re.compile(r"(?<![\w&#/`-])(?:[\w.-]+/[\w.-]+)?#(\d+)\b|\bGH-(\d+)\b")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def render(text: str, issue_url: str = "") -> str:
    """Safe HTML. `issue_url` + number is where a reference leads."""
    return Linker(issue_url).run(_blocks(_without_comments(_plain(text)).split("\n")))


def mentions(text: str) -> list[str]:
    """Who would be notified by this text."""
    linker = Linker("")
    linker.run(_blocks(_without_comments(_plain(text)).split("\n")))
    return linker.mentions


def references(text: str) -> list[int]:
    """The issues this text would link to, and so write into their timelines."""
    linker = Linker("")
    linker.run(_blocks(_without_comments(_plain(text)).split("\n")))
    return linker.references


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text)


def _without_comments(text: str) -> str:
    """Hidden comments disappear, but not those inside of a fence."""
    kept: list[str] = []
    fence, hidden = "", False
    for line in text.split("\n"):
        if not hidden and not fence and (opened := FENCE.match(line)):
            fence = opened[1]
        elif fence and _closes(line, fence):
            fence = ""
        elif not fence:
            line, hidden = _visible(line, hidden)
        kept.append(line)
    return "\n".join(kept)


def _visible(line: str, hidden: bool) -> tuple[str, bool]:
    shown = ""
    while line:
        mark = "-->" if hidden else "<!--"
        before, found, line = line.partition(mark)
        shown += "" if hidden else before
        hidden = not hidden if found else hidden
    return shown, hidden


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and set(bare) == {fence[0]} and len(line) - len(bare) < 4


def _blocks(lines: list[str]) -> str:
    out: list[str] = []
    position, details = 0, 0
    while position < len(lines):
        line = lines[position]
        if tag := re.fullmatch(r"\s*<(/?)details>\s*", line, re.IGNORECASE):
            if not tag[1]:
                details += 1
                out.append("<details>")
            elif details:
                details -= 1
                out.append("</details>")
            position += 1
        elif summary := re.fullmatch(r"\s*<summary>(.*)</summary>\s*", line, re.IGNORECASE):
            out.append(f"<summary>{_inline(summary[1])}</summary>" if details else "")
            position += 1
        else:
            block, position = _block(lines, position)
            out.append(block)
    return "\n".join(out) + "</details>" * details


def _block(lines: list[str], start: int) -> tuple[str, int]:
    """One block from `start`; returns it and the next position."""
    line = lines[start]
    if not line.strip():
        return "", start + 1
    if fence := FENCE.match(line):
        return _fenced(lines, start, fence[1])
    if heading := HEADING.match(line):
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2])}</h{level}>", start + 1
    if RULE.match(line):
        return "<hr>", start + 1
    if line.lstrip().startswith(">"):
        return _quote(lines, start)
    if "|" in line and start + 1 < len(lines) and DELIMITERS.match(lines[start + 1]):
        return _table(lines, start)
    if ITEM.match(line):
        return _list(lines, start)
    return _paragraph(lines, start)


def _fenced(lines: list[str], start: int, fence: str) -> tuple[str, int]:
    end = start + 1
    while end < len(lines) and not _closes(lines[end], fence):
        end += 1
    code = html.escape("\n".join(lines[start + 1 : end]))
    return f'<pre tabindex="0"><code>{code}</code></pre>', end + 1


def _quote(lines: list[str], start: int) -> tuple[str, int]:
    end = start
    inner: list[str] = []
    while end < len(lines) and lines[end].lstrip().startswith(">"):
        inner.append(lines[end].lstrip()[1:].removeprefix(" "))
        end += 1
    if note := NOTE.match(inner[0]):
        kind = note[1].lower()
        title = f'<p class="note-title">{kind.capitalize()}</p>'
        return f'<div class="note {kind}">{title}{_blocks(inner[1:])}</div>', end
    return f"<blockquote>{_blocks(inner)}</blockquote>", end


def _cells(line: str) -> list[str]:
    row = line.strip().removeprefix("|")
    found = [match[1].strip().replace("\\|", "|") for match in CELL.finditer(row)]
    return found[:-1] if found and not found[-1] else found


def _table(lines: list[str], start: int) -> tuple[str, int]:
    width = len(_cells(lines[start + 1]))
    head = (_cells(lines[start]) + [""] * width)[:width]
    end = start + 2
    rows: list[str] = []
    while end < len(lines) and lines[end].strip() and "|" in lines[end]:
        cells = (_cells(lines[end]) + [""] * width)[:width]
        rows.append("<tr>" + "".join(f"<td>{_inline(c)}</td>" for c in cells) + "</tr>")
        end += 1
    top = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in head)
    shown = f"<thead><tr>{top}</tr></thead>" if any(head) else ""
    return f"<table>{shown}<tbody>{''.join(rows)}</tbody></table>", end


def _list(lines: list[str], start: int) -> tuple[str, int]:
    first = ITEM.match(lines[start])
    assert first is not None
    numbered = first[2][0].isdigit()
    items: list[list[str]] = []
    indent = ""
    position = start
    while position < len(lines):
        item = ITEM.match(lines[position])
        if item and item[2][0].isdigit() == numbered:
            items.append([item[3]])
            indent = " " * (len(item[1]) + len(item[2]) + 1)
        elif lines[position].startswith("  "):
            items[-1].append(lines[position].removeprefix(indent))
        else:
            break
        position += 1
    name = "ol" if numbered else "ul"
    return f"<{name}>{''.join(_item(item) for item in items)}</{name}>", position


def _item(lines: list[str]) -> str:
    box = re.match(r"\[([ xX])\] ", lines[0])
    shown = _inline(lines[0][4:] if box else lines[0])
    if box:
        state = "done" if box[1] != " " else "to do"
        mark = "☑" if box[1] != " " else "☐"
        shown = f'<span role="img" aria-label="{state}">{mark}</span> {shown}'
    return f"<li>{shown}{_blocks(lines[1:]) if lines[1:] else ''}</li>"


def _paragraph(lines: list[str], start: int) -> tuple[str, int]:
    end = start + 1
    while end < len(lines) and lines[end].strip() and not _interrupts(lines[end]):
        end += 1
    text = "\n".join(line.strip() for line in lines[start:end])
    return f"<p>{_inline(text)}</p>", end


def _interrupts(line: str) -> bool:
    is_tag = re.match(r"\s*</?(details|summary)\b", line, re.IGNORECASE)
    starts = (FENCE, HEADING, RULE, ITEM)
    return bool(is_tag) or line.lstrip()[:1] == ">" or any(p.match(line) for p in starts)


def _inline(text: str) -> str:
    """Code spans are literal; the rest is escaped, then the little markup we know comes back."""
    kept: list[str] = []

    def keep(markup: str) -> str:
        kept.append(markup)
        return f"\x00{len(kept) - 1}\x00"

    text = CODE_SPAN.sub(lambda m: keep(_code(m[2])), text)
    text = ESCAPED.sub(lambda m: keep(html.escape(m[1])), text)
    text = ENTITY.sub(lambda m: keep(f"&{m[1]};"), html.escape(text))
    text = LINK.sub(lambda m: _link(m, keep), text)
    text = BARE_URL.sub(lambda m: keep(_anchor(m[0], m[0])), text)
    text = re.sub(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"(?<![\w*])[*_](?=\S)([^*_]+?)(?<=\S)[*_](?![\w*])", r"<em>\1</em>", text)
    text = re.sub(r"~~(?=\S)(.+?)(?<=\S)~~", r"<del>\1</del>", text)
    text = PAIRED.sub(r"<\1>\2</\1>", text)
    text = re.sub(r"&lt;br ?/?&gt;|\n", "<br>", text)
    while "\x00" in text:
        text = re.sub(r"\x00(\d+)\x00", lambda m: kept[int(m[1])], text)
    return text


def _code(text: str) -> str:
    code = text.replace("\n", " ")
    if code.strip() and code[0] == code[-1] == " ":
        code = code[1:-1]
    return f"<code>{html.escape(code)}</code>"


def _link(match: re.Match[str], keep: Callable[[str], str]) -> str:
    url = html.unescape(match[3])
    if not re.match(r"https?://|/(?!/)|#", url):
        return match[0]
    return keep(_anchor(match[3], match[2] or match[3]))


def _anchor(escaped_url: str, label: str) -> str:
    return f'<a href="{escaped_url}" rel="nofollow noreferrer">{label}</a>'


class Linker(HTMLParser):
    """Turns @mentions and #references in text nodes into links and remembers them."""

    QUIET = frozenset({"code", "pre", "a"})

    def __init__(self, issue_url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._issue_url = issue_url
        self._out: list[str] = []
        self._quiet = 0
        self.mentions: list[str] = []
        self.references: list[int] = []

    def run(self, markup: str) -> str:
        """The markup with its links."""
        self.feed(markup)
        self.close()
        return "".join(self._out)

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        """Copy a tag of ours."""
        self._quiet += tag in self.QUIET
        self._out.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        """Copy a tag of ours."""
        self._quiet -= tag in self.QUIET
        self._out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Escape text again, with links where GitHub would put them."""
        shown = html.escape(data)
        if not self._quiet:
            shown = MENTION.sub(self._mention, shown)
            shown = REFERENCE.sub(self._reference, shown)
        self._out.append(shown)

    def _mention(self, match: re.Match[str]) -> str:
        self.mentions.append(match[1])
        return f'<strong class="mention">@{match[1]}</strong>'

    def _reference(self, match: re.Match[str]) -> str:
        number = int(match[1] or match[2])
        self.references.append(number)
        return f'<a href="{self._issue_url}{number}">{match[0]}</a>'
