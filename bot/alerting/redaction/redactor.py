"""Secrets leave an event before anything is stored.

Every string of an event is looked through once, all together: most often nothing is found, and
one search in a long text costs far less than many in short ones. Only if something is found are
the fields dealt with one by one.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from types import MappingProxyType

from bot.alerting.redaction.pairs import normalised_names, pair_signs, secret_kind
from bot.alerting.redaction.shapes import CARD_SIGN, EMAIL_SIGN, SHAPE_SIGNS
from bot.alerting.redaction.signs import Signs
from bot.alerting.redaction.spans import MARKER_START, Span, replace_spans
from bot.models import Event, ExceptionInfo, Frame

# Secrets that spread over lines: private keys, YAML blocks, an AWS secret near its key id.
_SPREADS = re.compile(r"-----BEGIN |A[KS]IA|[|>][+-]?[ \t]*(?:\n|$)")


class Redactor:
    """Replaces secrets by markers such as `[removed: github token]`.

    Args:
        emails: remove mail addresses.
        cards: remove payment card numbers.
        extra_keys: names of further fields whose values are removed, in any spelling
            ("card_pin" also covers `cardPin` and `X-Card-Pin`).

    Safe to share between threads. Time is linear in the length of the text. What was redacted
    once stays as it is.
    """

    def __init__(
        self, *, emails: bool = True, cards: bool = True, extra_keys: Sequence[str] = ()
    ) -> None:
        self._extra = normalised_names(extra_keys)
        self._signs = Signs(
            (
                *SHAPE_SIGNS,
                *((CARD_SIGN,) if cards else ()),
                *pair_signs(self._extra),
                *((EMAIL_SIGN,) if emails else ()),
            )
        )

    def text(self, text: str) -> str:
        """Return the text with every secret in it replaced by a marker."""
        spans = self._signs.spans(text)
        return replace_spans(text, spans) if spans else text

    def each(self, texts: Sequence[str]) -> list[str]:
        """Return the texts, neighbours of one log, each redacted.

        A secret may begin in one and end in another, as a private key does that was logged
        line by line.
        """
        spans = self._signs.spans("\n".join(texts))
        becomes = _by_line(texts, spans) if spans else {}
        return [becomes.get(text, text) for text in texts]

    def event(self, event: Event) -> Event:
        """Return the event with every secret in any of its strings replaced by a marker.

        A changed `event_id` or `fingerprint_hint` keeps telling events apart: it gets a short
        digest of what it was.
        """
        joined = "\n".join(_strings(event))
        spans = self._signs.spans(joined)
        if not spans and not self._has_secret_label(event.labels):
            return event
        if _SPREADS.search(joined):
            return self._rewritten(event, self.text)  # none reaches into the next field
        dirty = _by_line(joined.split("\n"), spans)
        return self._rewritten(event, partial(_string, dirty=dirty))

    def _rewritten(self, event: Event, clean: Callable[[str], str]) -> Event:
        request = event.request
        return replace(
            event,
            source=clean(event.source),
            event_id=_identity(event.event_id, clean(event.event_id)),
            service=clean(event.service),
            message=clean(event.message),
            environment=clean(event.environment),
            title=clean(event.title),
            exceptions=tuple([_exception(info, clean) for info in event.exceptions]),
            stack_trace=clean(event.stack_trace),
            fingerprint_hint=_identity(event.fingerprint_hint, clean(event.fingerprint_hint)),
            commit=clean(event.commit),
            request=request
            and replace(
                request,
                method=clean(request.method),
                url=clean(request.url),
                request_id=clean(request.request_id),
            ),
            user=clean(event.user),
            trace_id=clean(event.trace_id),
            log_lines=_log_lines(event.log_lines, clean),
            links=tuple(
                replace(link, title=clean(link.title), url=clean(link.url)) for link in event.links
            ),
            labels=self._labels(event.labels, clean),
        )

    def _labels(self, labels: Mapping[str, str], clean: Callable[[str], str]) -> Mapping[str, str]:
        redacted: dict[str, str] = {}
        for name, value in labels.items():
            kind = secret_kind(name, self._extra)
            secret = kind is not None and value and not value.startswith(MARKER_START)
            redacted[clean(name)] = f"{MARKER_START}{kind}]" if secret else clean(value)
        return MappingProxyType(redacted)

    def _has_secret_label(self, labels: Mapping[str, str]) -> bool:
        return any(secret_kind(name, self._extra) is not None for name in labels)


def _identity(text: str, redacted: str) -> str:
    if redacted == text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{redacted} {digest}"


def _string(text: str, dirty: Mapping[str, str]) -> str:
    """A string whose lines were looked through; `dirty` tells which to change."""
    if "\n" not in text:
        return dirty.get(text, text)
    return "\n".join([dirty.get(line, line) for line in text.split("\n")])


def _exception(info: ExceptionInfo, clean: Callable[[str], str]) -> ExceptionInfo:
    frames = tuple([_frame(frame, clean) for frame in info.frames])
    return ExceptionInfo(clean(info.type), clean(info.message), frames, clean(info.module))


def _frame(frame: Frame, clean: Callable[[str], str]) -> Frame:
    return replace(
        frame,
        file=clean(frame.file),
        function=clean(frame.function),
        module=clean(frame.module),
        code=clean(frame.code),
    )


def _log_lines(lines: tuple[str, ...], clean: Callable[[str], str]) -> tuple[str, ...]:
    """Log lines together where a secret may spread over several of them."""
    joined = "\n".join(lines)
    if _SPREADS.search(joined):
        return tuple(clean(joined).split("\n"))
    return tuple([clean(line) for line in lines])


def _by_line(lines: Sequence[str], spans: Sequence[Span]) -> dict[str, str]:
    """What the lines of a joined text become; a span over several lines covers part of each."""
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    parts: dict[int, list[Span]] = {}
    for start, end, kind in spans:
        first = bisect_right(starts, start) - 1
        for index in range(first, bisect_right(starts, end - 1)):
            begin = starts[index]
            part = Span(max(0, start - begin), min(len(lines[index]), end - begin), kind)
            parts.setdefault(index, []).append(part)
    return {lines[index]: replace_spans(lines[index], found) for index, found in parts.items()}


def _strings(event: Event) -> list[str]:
    strings = [
        event.source, event.event_id, event.service, event.environment, event.title, event.message,
        event.stack_trace, event.fingerprint_hint, event.commit, event.user, event.trace_id,
        *event.log_lines,
    ]  # fmt: skip
    for info in event.exceptions:
        strings += (info.type, info.module, info.message)
        for frame in info.frames:
            strings += (frame.file, frame.function, frame.module, frame.code)
    if event.request is not None:
        strings += (event.request.method, event.request.url, event.request.request_id)
    for link in event.links:
        strings += (link.title, link.url)
    for name, value in event.labels.items():
        strings += (name, value)
    return strings
