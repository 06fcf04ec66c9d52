"""Python source with its words coloured; any other file is plain escaped text."""

from __future__ import annotations

import io
import keyword
import tokenize

from markupsafe import Markup, escape

KINDS = {
    tokenize.COMMENT: "comment",
    tokenize.STRING: "string",
    tokenize.NUMBER: "number",
}


def highlighted(path: str, lines: list[str]) -> list[Markup]:
    """Each line as safe markup."""
    marks: dict[int, list[tuple[int, int, str]]] = {}
    if path.endswith(".py"):
        try:
            for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
                _mark(marks, token, lines)
        except (tokenize.TokenError, SyntaxError):
            marks = {}
    return [_line(line, marks.get(number, [])) for number, line in enumerate(lines, start=1)]


def _mark(
    marks: dict[int, list[tuple[int, int, str]]], token: tokenize.TokenInfo, lines: list[str]
) -> None:
    kind = KINDS.get(token.type, "")
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        kind = "keyword"
    if not kind:
        return
    (first, start), (last, end) = token.start, token.end
    for number in range(first, last + 1):
        begin = start if number == first else 0
        stop = end if number == last else len(lines[number - 1])
        marks.setdefault(number, []).append((begin, stop, kind))


def _line(line: str, marks: list[tuple[int, int, str]]) -> Markup:
    shown, position = Markup(), 0
    for begin, stop, kind in marks:
        shown += escape(line[position:begin])
        shown += Markup('<span class="{}">{}</span>').format(kind, line[begin:stop])
        position = stop
    return shown + escape(line[position:])
