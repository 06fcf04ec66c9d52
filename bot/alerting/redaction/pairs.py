"""Secrets that are known by their name: `password=…`, `"api_key": "…"`, `Authorization: …`.

A name is found by a literal in it ("passw", "token" …), then read whole, and judged by its last
words: `session_id` names a secret, `session_timeout` and `max_tokens` do not. The value is then
read by the way it is written: quoted, escaped inside another string, bare, to the end of a
header line, between tags, as an indented block. Each value is read once: time is linear.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

from bot.alerting.redaction.signs import Passage, Sign, literal
from bot.alerting.redaction.spans import MARKER_START, Span

# What makes a name secret, by its last word; the value is what the marker calls it.
_WORDS = {
    "password": "password", "passwords": "password", "passwd": "password", "pwd": "password",
    "passphrase": "password", "pass": "password", "passcode": "password", "secret": "secret",
    "secrets": "secret", "token": "token", "apikey": "api key", "accesskey": "access key",
    "privatekey": "private key", "secretkey": "secret key", "accountkey": "account key",
    "auth": "authorization", "authorization": "authorization",
    "cookie": "cookie", "cookies": "cookie", "credential": "credential",
    "credentials": "credential", "session": "session", "sessionid": "session",
    "sessid": "session", "phpsessid": "session", "jsessionid": "session", "jwt": "token",
    "sessiontoken": "token", "accesstoken": "token", "authtoken": "token", "csrftoken": "token",
    "csrfmiddlewaretoken": "token", "signature": "signature",
}  # fmt: skip
_KEY_KINDS = frozenset((
    "api", "access", "private", "secret", "signing", "encryption", "master", "account", "service",
    "auth", "license", "ssh", "deploy", "shared", "storage", "subscription", "session", "crypt",
))  # fmt: skip
# Words after the secret one that do not change what the value is.
_TRAILERS = frozenset((
    "id", "value", "string", "str", "text", "base64", "b64", "enc", "old", "new", "current",
    "previous", "raw",
))  # fmt: skip
_NEEDLES = (
    "pass", "pwd", "secret", "token", "key", "auth", "cookie", "credential", "sess", "jwt",
    "signature", "sig=", "bearer ", "basic ",
)  # fmt: skip
_HEADERS = ("authorization", "cookie")
_PROSE = ("session", "pass", "auth", "signature")

_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
_NAME_REST = re.compile(r"[A-Za-z0-9_-]{0,48}")
_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+")
_SEPARATOR = re.compile(
    r"(?P<close>\\{0,15}[\"'`]\]?)?[ \t]{0,8}(?:(?P<equals>=>|:=|={1,2}|%3[Dd])|(?P<colon>:))"
    r"[ \t]{0,8}"
)
_PAIRED = re.compile(r"\\{0,15}[\"'`], {0,4}(?=[bu]?\\{0,15}[\"'`])")
_TYPED = re.compile(r"[A-Za-z][\w.|]{0,40}(?:\[[\w., |]{0,40}\])? ?= ?(?!=)")
_OPENING = re.compile(r"[bu]?(\\{0,15})([\"'`])")
_QUOTE = re.compile(r"[\"'`\n]")
_SCHEME = re.compile(r"(?:basic|bearer|digest|token|negotiate|apikey|aws4-hmac-sha256)[ +]", re.I)
_BARE = re.compile(r"[^\s\"'`,;&<>()\[\]{}|]+")
_HEADER_LINE = re.compile(r"[^\"'`\n<>{}]+")
_BLOCK = re.compile(r"[|>][+-]?[ \t]*(?:\n|\Z)")
_CALL = re.compile(r"[A-Za-z_]\w{0,60}(?:\.\w{1,60}){0,6}[(\[][^\n]{0,200}[)\]]")
_HARMLESS = frozenset((
    "none", "null", "nil", "true", "false", "undefined", "nan", "empty", "missing", "invalid",
    "required", "must", "is", "was", "should", "cannot", "can", "not", "expired", "has", "the", "a",
    "an", "and", "or", "for", "of", "to", "in", "str", "string", "bytes", "int", "bool", "object",
    "password", "token", "secret", "key", "session", "cookie", "auth", "self", "cls", "yes", "no",
    "ok", "unknown", "on", "off", "failed", "wrong", "incorrect", "too",
))  # fmt: skip
_HARMLESS_VALUE = re.compile(r"\*{3,}|[xX]{4,}|\[filtered\]|\[redacted\]|<[\w ]{1,40}>|\.{3}", re.I)


@lru_cache(maxsize=4_096)
def secret_kind(name: str, extra: frozenset[str] = frozenset()) -> str | None:
    """What a field of this name holds ("password", "api key" …); None if nothing secret."""
    if len(name) > 200:
        name = name[-200:]
    words = [word.lower() for word in _WORD.findall(name)]
    plain = "".join(words)
    if extra and plain.endswith(tuple(extra)):
        return name[:40]
    if plain.endswith("publickeytoken"):  # part of every .NET assembly's name
        return None
    while words and (words[-1] in _TRAILERS or words[-1].isdigit()) and len(words) > 1:
        words.pop()
    if not words:
        return None
    last = words[-1]
    if last in ("key", "keys") and len(words) > 1 and words[-2] in _KEY_KINDS:
        return f"{words[-2]} key"
    if last == "sig" and len(words) == 1:
        return "signature"
    return _WORDS.get(last) or _WORDS.get("".join(words[-2:]))


def pair_signs(extra: frozenset[str] = frozenset()) -> tuple[Sign, ...]:
    """The signs of secret names in running text, source code, JSON, YAML, headers, URLs.

    Args:
        extra: further names (see `normalised_names`); each is found by its first three letters,
            however it is written.
    """
    needles = (*_NEEDLES, *sorted({name[:3] for name in extra}))
    return tuple(
        Sign(literal(needle, any_case=True), partial(_at_needle, needle=needle, extra=extra))
        for needle in needles
    )


def normalised_names(names: Sequence[str]) -> frozenset[str]:
    """Bring extra names to the form in which they are compared: "X-Card_Pin" -> "xcardpin"."""
    return frozenset("".join(_WORD.findall(name)).lower() for name in names) - {""}


def _at_needle(passage: Passage, needle: str, extra: frozenset[str]) -> Iterator[Span]:
    text, lowered = passage.text, passage.lowered
    position = lowered.find(needle)
    while position >= 0:
        after = position + len(needle)
        if needle in ("bearer ", "basic "):
            span = _credentials(text, after, needle)
        else:
            span, after = _pair(text, position, after, extra)
        if span is not None:
            yield span
            after = max(after, span.end)
        position = lowered.find(needle, after)


def _credentials(text: str, start: int, scheme: str) -> Span | None:
    """A `Bearer …` or `Basic …` that stands alone; words of prose are left."""
    match = _BARE.match(text, start)
    if match is None or len(match[0]) < 8:
        return None
    value = match[0]
    if scheme == "basic ":
        return Span(start, match.end(), "basic credentials") if _is_basic(value) else None
    telling = len(value) >= 24 or any(char.isdigit() for char in value)
    return Span(start, match.end(), "bearer token") if telling else None


def _is_basic(value: str) -> bool:
    """Whether this is base64 of "user:password" (judged by its first 3 KB)."""
    head = value[:4_096].rstrip("=")
    try:
        return b":" in base64.b64decode(head[: len(head) // 4 * 4], validate=True)
    except ValueError:
        return False


def _pair(text: str, position: int, after: int, extra: frozenset[str]) -> tuple[Span | None, int]:
    if text[after - 1] == "=":
        name_end = after - 1
    else:
        rest = _NAME_REST.match(text, after)
        name_end = rest.end() if rest else after
    head = text[max(0, position - 64) : position]
    start = position - (len(head) - len(head.rstrip(_NAME)))
    name = text[start:name_end]
    # "api key: …" is written in prose with a space before its last word.
    spaced = head.rstrip()[-10:] + " " + name if head.endswith(" ") else name
    kind = secret_kind(name, extra) or (secret_kind(spaced, extra) if spaced != name else None)
    if kind is None:
        return None, name_end
    value = _value(text, start, name_end, kind)
    return (Span(*value, kind) if value else None), name_end


def _value(text: str, start: int, end: int, kind: str) -> tuple[int, int] | None:
    """The value of the name at [start:end): its stretch, None if there is none or no secret."""
    separator = _SEPARATOR.match(text, end)
    if separator is not None:
        position = separator.end()
        if not separator["colon"]:
            return _written(text, position)
        if text[start:end].lower().endswith(_HEADERS):
            return _written(text, position, _HEADER_LINE)
        typed = _TYPED.match(text, position)
        if typed is not None:
            return _written(text, typed.end())
        found = _written(text, position)
        # "session: started" and "pass: 12 of 13" are prose; `session=…` is not.
        if found and text[start:end].lower() in _PROSE and found[0] == position:
            return found if any(map(str.isdigit, text[found[0] : found[1]])) else None
        return found
    if text[max(0, start - 2) : start] == "--" or text[start : start + 2] == "--":
        return _written(text, end + 1) if text[end : end + 1] == " " else None
    if text[end : end + 1] == ">" and text[max(0, start - 1) : start] == "<":
        return _written(text, end + 1)
    if kind in _HEADERS or "-" in text[start:end]:
        listed = _PAIRED.match(text, end)
        return _written(text, listed.end()) if listed else None
    return None


def _written(text: str, start: int, bare: re.Pattern[str] = _BARE) -> tuple[int, int] | None:
    """Read a value as it is written: quoted, as an indented block, or bare."""
    if text.startswith(MARKER_START, start):
        return None
    opening = _OPENING.match(text, start)
    if opening is not None:
        begin = opening.end()
        end = _closing(text, begin, len(opening[1]), opening[2])
        return None if _is_harmless(text[begin:end]) else (begin, end)
    block = _BLOCK.match(text, start)
    if block is not None:
        return start, _block_end(text, block.end())
    if _CALL.match(text, start):
        return None
    scheme = _SCHEME.match(text, start)
    match = bare.match(text, scheme.end() if scheme else start)
    if match is None:
        return None
    value = match[0].rstrip()
    if not scheme and (_is_harmless(value) or (value.isdigit() and len(value) < 4)):
        return None
    if not value or value.startswith(MARKER_START):
        return None
    return start, match.start() + len(value)


def _is_harmless(value: str) -> bool:
    word = value.strip(" .,:!").lower()
    return (
        word in _HARMLESS
        or not word
        or value.startswith(MARKER_START)
        or _HARMLESS_VALUE.fullmatch(value.strip()) is not None
    )


def _closing(text: str, start: int, depth: int, quote: str) -> int:
    """The end of a quoted value: the same quote behind as many backslashes, or the line's end."""
    position = start
    while True:
        match = _QUOTE.search(text, position)
        if match is None:
            return len(text)
        at = match.start()
        if match[0] == "\n":
            return at
        position = at + 1
        if match[0] != quote:
            continue
        before = text[max(start, at - 32) : at]
        escapes = len(before) - len(before.rstrip("\\"))
        if escapes <= depth:
            return at - escapes
        if depth == 0 and escapes % 2 == 0:
            return at


def _block_end(text: str, start: int) -> int:
    """The end of a YAML block: the lines that are indented or empty."""
    position = start
    while position < len(text) and text[position] in " \t\n":
        following = text.find("\n", position)
        if following < 0:
            return len(text)
        position = following + 1
    return max(start, position) - 1 if position < len(text) else len(text)
