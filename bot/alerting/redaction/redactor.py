"""Secrets leave an event before anything is stored.

Every string of an event is looked through once, all together: its distinct lines that were not
found clean before are joined into one text, and only if a detector finds something in that are
the fields dealt with one by one. The memory of clean lines (traces repeat) is bounded, and holds
no line in which something was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bot.alerting.redaction.pairs import normalised_names, paired, secret_kind
from bot.alerting.redaction.shapes import emails, shaped, spans_near_digits
from bot.alerting.redaction.spans import MARKER_START, Span, replace_spans
from bot.models import Event, ExceptionInfo, Frame

_MEMORY_LINES = 20_000
_LONGEST_REMEMBERED = 500


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
        self._emails = emails
        self._cards = cards
        self._extra = normalised_names(extra_keys)
        self._clean: set[str] = set()

    def text(self, text: str) -> str:
        """Return the text with every secret in it replaced by a marker."""
        lines = text.split("\n")
        if not self._suspects(lines):
            return text
        spans = self._spans(text)
        return replace_spans(text, spans) if spans else text

    def event(self, event: Event) -> Event:
        """Return the event with every secret in any of its strings replaced by a marker.

        A changed `event_id` or `fingerprint_hint` keeps telling events apart: it gets a short
        digest of what it was.
        """
        if not self._suspects(list(_lines(event))) and not self._has_secret_label(event.labels):
            return event
        request = event.request
        return replace(
            event,
            source=self.text(event.source),
            event_id=self._identity(event.event_id),
            service=self.text(event.service),
            message=self.text(event.message),
            environment=self.text(event.environment),
            title=self.text(event.title),
            exceptions=tuple(self._exception(info) for info in event.exceptions),
            stack_trace=self.text(event.stack_trace),
            fingerprint_hint=self._identity(event.fingerprint_hint),
            commit=self.text(event.commit),
            request=request
            and replace(
                request,
                method=self.text(request.method),
                url=self.text(request.url),
                request_id=self.text(request.request_id),
            ),
            user=self.text(event.user),
            trace_id=self.text(event.trace_id),
            log_lines=self._log_lines(event.log_lines),
            links=tuple(
                replace(link, title=self.text(link.title), url=self.text(link.url))
                for link in event.links
            ),
            labels=self._labels(event.labels),
        )

    def _suspects(self, lines: list[str]) -> bool:
        """Whether any of the lines may hold a secret; remembers those that hold none."""
        clean = self._clean
        fresh = [line for line in dict.fromkeys(lines) if line and line not in clean]
        if not fresh:
            return False
        if self._spans("\n".join(fresh)):
            return True
        if len(clean) > _MEMORY_LINES:
            self._clean = clean = set()
        clean.update(line for line in fresh if len(line) <= _LONGEST_REMEMBERED)
        return False

    def _spans(self, text: str) -> list[Span]:
        spans = shaped(text)
        spans.extend(spans_near_digits(text, self._cards))
        spans.extend(paired(text, self._extra))
        if self._emails and "@" in text:
            spans.extend(emails(text))
        return spans

    def _identity(self, text: str) -> str:
        redacted = self.text(text)
        if redacted == text:
            return text
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{redacted} {digest}"

    def _exception(self, info: ExceptionInfo) -> ExceptionInfo:
        return replace(
            info,
            type=self.text(info.type),
            message=self.text(info.message),
            module=self.text(info.module),
            frames=tuple(self._frame(frame) for frame in info.frames),
        )

    def _frame(self, frame: Frame) -> Frame:
        if not self._suspects([frame.file, frame.function, frame.module, *frame.code.split("\n")]):
            return frame
        return replace(
            frame,
            file=self.text(frame.file),
            function=self.text(frame.function),
            module=self.text(frame.module),
            code=self.text(frame.code),
        )

    def _log_lines(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """Log lines together, because a private key spreads over several."""
        joined = "\n".join(lines)
        if "-----BEGIN " not in joined:
            return tuple(self.text(line) for line in lines)
        return tuple(self.text(joined).split("\n"))

    def _labels(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        redacted: dict[str, str] = {}
        for name, value in labels.items():
            kind = secret_kind(name, self._extra)
            secret = kind is not None and value and not value.startswith(MARKER_START)
            redacted[self.text(name)] = f"{MARKER_START}{kind}]" if secret else self.text(value)
        return MappingProxyType(redacted)

    def _has_secret_label(self, labels: Mapping[str, str]) -> bool:
        return any(secret_kind(name, self._extra) is not None for name in labels)


def _lines(event: Event) -> Iterator[str]:
    """Every line of every string of an event."""
    yield from (
        event.source, event.event_id, event.service, event.environment, event.title,
        event.fingerprint_hint, event.commit, event.user, event.trace_id,
    )  # fmt: skip
    yield from event.message.split("\n")
    yield from event.stack_trace.split("\n")
    for info in event.exceptions:
        yield info.type
        yield info.module
        yield from info.message.split("\n")
        for frame in info.frames:
            yield frame.file
            yield frame.function
            yield frame.module
            yield frame.code
    if event.request is not None:
        yield event.request.method
        yield event.request.url
        yield event.request.request_id
    yield from event.log_lines
    for link in event.links:
        yield link.title
        yield link.url
    for name, value in event.labels.items():
        yield name
        yield value
