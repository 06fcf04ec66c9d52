"""Amazon SNS over HTTPS: CloudWatch alarms, EventBridge events and anything else it carries.

SNS posts JSON as `text/plain`. A subscription is confirmed only after its signature fits and
its topic is one of ours, by calling ConfirmSubscription with the token, never by following
the URL in the message. Raw delivery has neither envelope nor signature, so it wants the
door's secret as `Authorization: Bearer …` and `x-amz-sns-rawdelivery: true`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import orjson

from bot.errors import BadPayload
from bot.models import Event, Severity
from bot.sources.aws_alarm import is_alarm, read_alarm
from bot.sources.eventbridge import read_event
from bot.sources.heard import Heard, SnsSubscription, left_aside
from bot.sources.reading import Reader, first, json_object, not_after
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, require_bearer
from bot.sources.sns_signature import SnsTrust, require_sns_signature

RAW_HEADER = "x-amz-sns-rawdelivery"


@dataclass(frozen=True, slots=True)
class SnsDoor:
    """Verifies and parses, trusting the topics it was made with."""

    trust: SnsTrust

    def verify(self, request: Request, secrets: Secrets) -> None:
        """AWS's signature, or the secret for raw delivery."""
        if request.headers.get(RAW_HEADER) == "true":
            keys = open_door(secrets, "SNS_RAW_SECRET")
            require_bearer(request.headers.get("authorization", ""), keys)
            return
        message = json_object(request.body).value
        require_sns_signature(message, self.trust, request.received_at)

    def parse(self, request: Request) -> Heard:
        """What the message carries, or the subscription it asks to confirm."""
        if request.headers.get(RAW_HEADER) == "true":
            message_id = first(request.headers.get("x-amz-sns-message-id", ""), request.id)
            topic = request.headers.get("x-amz-sns-topic-arn", "")
            text = request.body.decode("utf-8", "replace")
            return _carried(text, "", topic, replace(request, id=message_id))
        envelope = json_object(request.body)
        kind = envelope.text("Type", length=40)
        topic = envelope.text("TopicArn", length=300)
        if kind == "SubscriptionConfirmation":
            token = envelope.text("Token", length=1_000)
            return Heard(
                note="the subscription will be confirmed", confirm=SnsSubscription(topic, token)
            )
        if kind != "Notification":
            return left_aside(f"{kind} carries no message")
        request = replace(request, id=first(envelope.text("MessageId", length=100), request.id))
        message = envelope.at("Message").value
        if not isinstance(message, str):
            raise BadPayload("Message: a text is expected")
        return _carried(message, envelope.text("Subject", length=256), topic, request)


def _carried(message: str, subject: str, topic: str, request: Request) -> Heard:
    """An alarm, an EventBridge event, or any other text as it is."""
    body = _json_in(message)
    if body is not None and is_alarm(body):
        return read_alarm(body, request, "sns", request.id)
    kind = body.text("detail-type", length=256) if body is not None else ""
    if body is not None and kind:
        return read_event(body, kind, request, "sns")
    text = Reader(message).text()
    if not text:
        return left_aside("the message is empty")
    name = topic.rpartition(":")[2]
    event = Event(
        source="sns",
        event_id=request.id,
        service=first(name, "sns")[:100],
        severity=Severity.ERROR,
        title=first(subject, text.splitlines()[0])[:256],
        message=text,
        occurred_at=not_after(None, request.received_at),
        labels={"topic": topic} if topic else {},
    )
    return Heard((event,))


def _json_in(message: str) -> Reader | None:
    try:
        value = orjson.loads(message.encode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        return None
    return Reader(value) if isinstance(value, dict) else None
