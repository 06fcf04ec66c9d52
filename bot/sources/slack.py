"""Slack as a source: the Events API, and a door that understands what incoming webhooks take.

Events API: `X-Slack-Signature: v0=…` over `v0:<timestamp>:<raw body>`, five minutes. Messages
of bots we read (monitoring tools post as bots) but never our own; retries carry the same
`event_id`. The incoming-webhook door takes the same JSON (or form field `payload`) as
hooks.slack.com, so any tool that can post to Slack can post here; its secret is in the URL,
as Slack's is, because such tools send no headers.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator

import orjson

from bot.errors import BadPayload, BadSignature
from bot.models import Event, Severity
from bot.sources.forms import json_of_form
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, lines, links_of, not_after, severity_of
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, prefixed, require_fresh, require_hex_signature

_COLOURS = {"danger": Severity.ERROR, "warning": Severity.WARNING, "good": Severity.INFO}
_ENTITY = re.compile(r"<([^<>|]{1,2000})(?:\|([^<>]{0,2000}))?>")
_WORDS = re.compile(r"\b(critical|fatal|error|warning|resolved|recovered|ok)\b", re.IGNORECASE)
_OURS = frozenset({"message_changed", "message_deleted", "channel_join", "channel_leave"})


def verify_events(request: Request, secrets: Secrets) -> None:
    """Slack's signature; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "SLACK_SIGNING_SECRET")
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    require_fresh(timestamp, request.received_at)
    signed = b"v0:" + timestamp.encode() + b":" + request.body
    given = prefixed(request.headers.get("x-slack-signature", ""), "v0=")
    require_hex_signature(given, keys, signed)


def parse_events(request: Request) -> Heard:
    """A message in a channel the app was invited to; everything else is left aside."""
    body = json_object(request.body)
    kind = body.text("type", length=40)
    if kind == "url_verification":
        challenge = {"challenge": body.text("challenge", length=500)}
        return Heard(note="the address is verified", answer=orjson.dumps(challenge))
    if kind != "event_callback":
        return left_aside(f"{kind or 'a call without a type'} carries no message")
    event = body.at("event")
    if event.text("type", length=40) != "message" or event.text("subtype", length=40) in _OURS:
        return left_aside("only new messages are read")
    if event.text("app_id", length=40) and event.text("app_id") == body.text("api_app_id"):
        return left_aside("our own message")
    return _heard(event, first(body.text("event_id", length=100), request.id), request, "slack")


def verify_incoming(request: Request, secrets: Secrets) -> None:
    """The secret as the last part of the path; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "SLACK_WEBHOOK_SECRET")
    given = request.path.rpartition("/")[2].encode("latin-1", "replace")
    matches = [hmac.compare_digest(given, key) for key in keys]
    if not any(matches):
        raise BadSignature("the URL's last part is not the secret of this door")


def parse_incoming(request: Request) -> Heard:
    """What hooks.slack.com takes: `text`, `blocks`, `attachments`; answered with "ok"."""
    message = json_object(json_of_form(request, "payload"))
    heard = _heard(message, request.id, request, "slack_webhook")
    return Heard(heard.events, note=heard.note, answer=b"ok", content_type="text/plain")


def _heard(message: Reader, event_id: str, request: Request, source: str) -> Heard:
    attachments = list(message.items("attachments"))[:20]
    text = plain(lines(*_texts(message), *(text for one in attachments for text in _texts(one))))
    if not text:
        if source == "slack":
            return left_aside("the message has no text")
        raise BadPayload("text, blocks or attachments: one of them must hold a text")
    titles = [plain(one.text("title", length=256)) for one in attachments]
    event = Event(
        source=source,
        event_id=event_id,
        service=first(message.name("username"), message.name("bot_profile", "name"), "slack"),
        severity=_severity(attachments, text),
        title=first(*titles, text.splitlines()[0])[:256],
        message=text,
        occurred_at=not_after(message.moment("ts"), request.received_at),
        links=links_of(
            *((first(one.name("title"), "Link"), one.text("title_link")) for one in attachments)
        ),
        labels={"channel": message.name("channel")} if message.name("channel") else {},
    )
    return Heard((event,))


def _texts(part: Reader) -> Iterator[str]:
    """Every text of a message or attachment, in reading order."""
    yield part.text("pretext")
    yield part.text("title", length=256)
    yield part.text("text")
    for field in list(part.items("fields"))[:25]:
        yield ": ".join(filter(None, (field.text("title"), field.text("value"))))
    for block in list(part.items("blocks"))[:50]:
        yield block.text("text", "text")
        for field in list(block.items("fields"))[:25]:
            yield field.text("text")
        yield from _rich_text(block, depth=0)
    if not any(True for _ in part.items("blocks")) and not part.text("text"):
        yield part.text("fallback")


def _rich_text(block: Reader, depth: int) -> Iterator[str]:
    if depth > 4:
        return
    parts: list[str] = []
    for element in list(block.items("elements"))[:100]:
        if element.text("type", length=40).startswith("rich_text"):
            yield from _rich_text(element, depth + 1)
        else:
            parts.append(first(element.text("text"), element.text("url")))
    yield "".join(parts)


def plain(text: str) -> str:
    """Slack's markup as readable text: <https://a|b> → b (https://a), &lt; → <."""

    def shown(match: re.Match[str]) -> str:
        target, label = match[1], match[2]
        if target.startswith(("@", "#", "!")):
            return label or target
        return f"{label} ({target})" if label and label != target else target

    text = _ENTITY.sub(shown, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _severity(attachments: list[Reader], text: str) -> Severity:
    for attachment in attachments:
        colour = _COLOURS.get(attachment.text("color", length=20).lower())
        if colour is not None:
            return colour
    word = _WORDS.search(text)
    return severity_of(word[1], Severity.INFO) if word else Severity.WARNING
