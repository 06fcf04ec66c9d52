"""Secrets that are known by their own shape, whatever stands around them.

Each shape has a literal (its needle). A pattern is tried only at a needle, and what a failed
trial has read is not read again, so time stays linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from bot.alerting.redaction.signs import Passage, Sign, literal
from bot.alerting.redaction.spans import Span

_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of token: `pattern` is matched `lead` characters before the needle.

    Group 1, if there is one, is what is removed. `bounded` shapes must not follow a letter or
    digit ("task-force" is no "sk-" key); `digits` shapes must hold a digit, `dotted` ones a dot
    (asked afterwards, because a pattern that fails late would read the same text again).
    """

    kind: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    lead: int = 0
    bounded: bool = False
    digits: bool = False
    dotted: bool = False


def _shape(kind: str, needles: str, pattern: str, **rules: bool | int) -> Shape:
    return Shape(kind, tuple(needles.split()), re.compile(pattern), **rules)  # type: ignore[arg-type]


SHAPES: tuple[Shape, ...] = (
    _shape("github token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_\w{16,}"),
    _shape("github token", "github_pat_", r"github_pat_\w{16,}"),
    _shape("gitlab token", "glpat-", r"glpat-[\w-]{16,}"),
    _shape("aws key", "AKIA ASIA", r"A[KS]IA[A-Z0-9]{12,}"),
    _shape("slack token", "xox", r"xox[a-z](?:\.xox[a-z])?-[\w-]{8,}"),
    _shape("slack token", "xapp-", r"xapp-[\w-]{8,}"),
    _shape("slack webhook", "hooks.slack.com/", r"hooks\.slack\.com/\w{1,20}/([\w/%-]{8,})"),
    _shape("discord webhook", "/webhooks/", r"/webhooks/\d{5,25}/([\w-]{20,})"),
    _shape("google key", "AIza", r"AIza[\w-]{24,}"),
    _shape("google token", "ya29.", r"ya29\.[\w.-]{16,}"),
    _shape("google secret", "GOCSPX-", r"GOCSPX-[\w-]{16,}"),
    _shape("stripe key", "k_live_ k_test_", r"[sr]k_(?:live|test)_\w{8,}", lead=1),
    _shape("webhook secret", "whsec_", r"whsec_[\w+/=]{16,}"),
    _shape("anthropic key", "sk-ant-", r"sk-ant-[\w-]{16,}"),
    _shape("openai key", "sk-", r"sk-[\w-]{20,}", bounded=True, digits=True),
    _shape("json web token", "eyJ", r"eyJ[\w-]{6,}(?:\.[\w-]{4,}(?:\.[\w-]*)?)?", dotted=True),
    _shape("npm token", "npm_", r"npm_\w{30,}", bounded=True),
    _shape("pypi token", "pypi-", r"pypi-[\w-]{40,}", digits=True),
    _shape("sendgrid key", "SG.", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    _shape("hugging face token", "hf_", r"hf_[A-Za-z0-9]{30,}", bounded=True),
    _shape("sentry token", "sntrys_ sntryu_", r"sntry[su]_[\w=+/-]{16,}"),
    _shape("docker token", "dckr_pat_", r"dckr_pat_[\w-]{16,}"),
    _shape("shopify token", "shpat_ shpss_", r"shp(?:at|ss)_[a-fA-F0-9]{24,}"),
    _shape("vault token", "hvs.", r"hvs\.[\w-]{20,}", bounded=True),
    _shape("grafana token", "glsa_", r"glsa_\w{20,}"),
    _shape("atlassian token", "ATATT3", r"ATATT3[\w=-]{20,}"),
)


_AWS_SECRET = re.compile(r"(?<![\w/+=])[\w/+=]{40}(?![\w/+=])")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_USERINFO = re.compile(
    r"://(?:[^\s:/@\"'<>\\]{0,256}:(?:(?P<plain>[^\s/\"'<>]{1,512})|(?P<slashed>(?!\d{1,5}[/?])"
    r"[^\s\"'<>@]{1,512}))@|(?P<user>[^\s:/@\"'<>\\]{20,512})@)"
)
_DISCORD = re.compile(r"[\w-]{18,40}\.[\w-]{6}\.[\w-]{25,80}")


def _of_shape(passage: Passage, shape: Shape, needle: str) -> Iterator[Span]:
    text = passage.text
    position = text.find(needle)
    while position >= 0:
        start = position - shape.lead
        match = shape.pattern.match(text, start) if start >= 0 else None
        after = position + len(needle)
        if match is None:
            position = text.find(needle, after)
            continue
        if _allowed(text, shape, match):
            group = 1 if shape.pattern.groups else 0
            yield Span(match.start(group), match.end(group), shape.kind)
        position = text.find(needle, max(match.end(), after))


def _allowed(text: str, shape: Shape, match: re.Match[str]) -> bool:
    before = text[match.start() - 1] if match.start() else " "
    if shape.bounded and (before.isalnum() or before in "_-"):
        return False
    if shape.dotted and "." not in match[0]:
        return False
    return not shape.digits or any(char.isdigit() for char in match[0])


def _private_keys(passage: Passage) -> Iterator[Span]:
    """PEM blocks; one that was cut off before its end goes to the end of the text."""
    text = passage.text
    match = _PEM.search(text)
    while match is not None:
        end = _PEM_END.search(text, match.end())
        if end is None:
            yield Span(match.start(), len(text), "private key")
            return
        yield Span(match.start(), end.end(), "private key")
        match = _PEM.search(text, end.end())


def _url_passwords(passage: Passage) -> Iterator[Span]:
    text = passage.text
    position = text.find("://")
    while position >= 0:
        near = text.find("@", position, position + 1_300) > 0
        match = _USERINFO.match(text, position) if near else None
        if match is not None:
            group = match.lastgroup or "user"
            if not match[group].startswith("[removed"):
                yield Span(match.start(group), match.end(group), "password")
        position = text.find("://", position + 3)


def _aws_keys(passage: Passage, shape: Shape, needle: str) -> Iterator[Span]:
    """Key ids and, since a secret access key has no prefix, what looks like one near them."""
    for key in _of_shape(passage, shape, needle):
        yield key
        near = _AWS_SECRET.finditer(passage.text, max(0, key.start - 200), key.end + 200)
        for match in near:
            value = match[0]
            if not value.islower() and not value.isupper() and any(map(str.isdigit, value)):
                yield Span(match.start(), match.end(), "aws secret key")


# Every character becomes a class, so that a substring search can find a shape (one byte for
# each character): "x" letter, digit, "-" or "_", "." dot, "!" anything else.
_WORD_CLASSES = bytes(
    ord("x") if chr(code) in _WORD + "-" else ord(".") if code == ord(".") else ord("!")
    for code in range(256)
)
_CARD_START = re.compile(r"(?<![\w.-])[2-6](?=(?:[ -]*[0-9]){12})")
_DIGIT_GROUP = re.compile(r"[ -]*([0-9]+)")
_CARD_GROUPS, _LONGEST_CARD = 7, 19
_CARD_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[47]|3[0689]|6")


def _discord_tokens(passage: Passage) -> Iterator[Span]:
    """Bot tokens: a base64 user id, six characters, a signature; joined by dots."""
    text = passage.text
    classes = passage.ascii.translate(_WORD_CLASSES)
    position = classes.find(b".xxxxxx.")
    while position >= 0:
        start = position
        while start > 0 and position - start < 40 and classes[start - 1] == 120:
            start -= 1
        match = _DISCORD.match(text, start)
        if match is not None and text[start] in "MNO":
            yield Span(start, match.end(), "discord token")
        position = classes.find(b".xxxxxx.", position + 7)


def _cards(passage: Passage) -> Iterator[Span]:
    """Payment card numbers: an issuer's prefix, 13 to 19 digits, a right check digit."""
    text = passage.text
    for start in _CARD_START.finditer(text):
        end = _card_end(text, start.start())
        if end is not None:
            yield Span(start.start(), end, "card number")


def _card_end(text: str, start: int) -> int | None:
    """Where the card that begins at `start` ends: after one of its groups of digits."""
    digits, position = "", start
    for _ in range(_CARD_GROUPS):
        group = _DIGIT_GROUP.match(text, position)
        if group is None or len(digits) + len(group[1]) > _LONGEST_CARD:
            return None
        digits, position = digits + group[1], group.end()
        if len(digits) >= 13 and _is_card(digits) and not _goes_on(text, position):
            return position
    return None


def _goes_on(text: str, end: int) -> bool:
    after = text[end : end + 2]
    return (
        after[:1].isalnum() or after[:1] in ("_", "-") or (after[:1] == "." and after[1:].isdigit())
    )


def _is_card(digits: str) -> bool:
    return _CARD_ISSUER.match(digits) is not None and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_LOCAL = _WORD + ".+-%"


def _emails(passage: Passage) -> Iterator[Span]:
    """Mail addresses; `git@host:` and browser frames (`fn@app.bundle:12:3`) are none."""
    text = passage.text
    position = text.find("@")
    while position >= 0:
        head = text[max(0, position - 64) : position]
        start = position - (len(head) - len(head.rstrip(_LOCAL)))
        match = _HOST.match(text, position + 1)
        if match is not None and start < position and text[start:position] != "git":
            after = text[match.end() : match.end() + 2]
            if not (after[:1] == ":" and after[1:].isdigit()):
                yield Span(start, match.end(), "email")
        position = text.find("@", position + 1)


SHAPE_SIGNS: tuple[Sign, ...] = (
    *(
        Sign(
            literal(needle),
            partial(
                _aws_keys if shape.kind == "aws key" else _of_shape, shape=shape, needle=needle
            ),
        )
        for shape in SHAPES
        for needle in shape.needles
    ),
    Sign("-----BEGIN ", _private_keys),
    Sign("://", _url_passwords),
    Sign(r"\.[A-Za-z0-9_-]{6}\.", _discord_tokens),
)
CARD_SIGN = Sign(r"(?:^|[^\w.-])[2-6](?:[ -]*[0-9]){12}", _cards)
EMAIL_SIGN = Sign("@", _emails)
