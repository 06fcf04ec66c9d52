"""Did AWS sign this SNS message, and for a topic we subscribed to?

The rules are AWS's ("Verifying the signatures of Amazon SNS messages") and those of its newest
validator, in this order, so that nothing is fetched for a message that could not pass: the
topic is one of ours; the version is the one we demand; the certificate's URL is exactly the
region's SNS host and file name; the certificate is one PEM block of AWS's name, within its
dates; the signature fits the decoded values; the message is not older than an hour.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.errors import BadSignature, DoorShut, UpstreamError
from bot.sources.reading import moment_of

MAX_AGE = timedelta(hours=1)
#: Fields that are signed, in their order. `Subject` only if the message has one.
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_TOPIC = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{1,30}):\d{12}:[\w-]{1,256}(\.fifo)?"
)
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{32}\.pem")


def _unreachable(_url: str) -> bytes:
    raise UpstreamError("Amazon SNS", "its certificates are not fetched here", permanent=True)


@dataclass(frozen=True, slots=True)
class SnsTrust:
    """Whom we believe.

    Attributes:
        topics: the ARNs we subscribed; a valid signature alone proves only that *some* AWS
            customer published.
        certificate: fetches a PEM by its URL, which has been checked; raises `UpstreamError`.
        accepts_sha1: also take SignatureVersion 1. It is chosen by the sender and unsigned,
            so taking it lets anyone choose the weaker one.
    """

    topics: Collection[str]
    certificate: Callable[[str], bytes] = _unreachable
    accepts_sha1: bool = False


def require_sns_signature(message: Mapping[str, object], trust: SnsTrust, now: datetime) -> None:
    """Raise `BadSignature` or `DoorShut` unless AWS signed `message` for a topic of ours."""
    if not trust.topics:
        raise DoorShut("this door is shut: set SNS_TOPIC_ARNS to the topics that may send here")
    topic = _text(message, "TopicArn")
    if topic not in trust.topics:
        raise BadSignature("the topic is not one of SNS_TOPIC_ARNS")
    version = _text(message, "SignatureVersion")
    _require_version(version, trust.accepts_sha1)
    url = first_text(message, "SigningCertURL", "SigningCertUrl")
    region = require_certificate_url(url, topic)
    from bot.sources.sns_certificate import Certificate  # cryptography; most have no use for it

    certificate = Certificate(trust.certificate(url), region, now)
    certificate.require_signature(_text(message, "Signature"), string_to_sign(message), version)
    sent = moment_of(message.get("Timestamp"))
    if sent is None or abs(now - sent) > MAX_AGE:
        raise BadSignature("the message is older than an hour or from the future")


def string_to_sign(message: Mapping[str, object]) -> bytes:
    """What AWS signed: `Key\\nValue\\n` of each signed field, with the decoded values."""
    fields = _SIGNED.get(_text(message, "Type"))
    if fields is None:
        raise BadSignature("Type is none of SNS's three")
    told = [
        f"{name}\n{_text(message, name)}\n"
        for name in fields
        # AWS's Lambda form carries `Subject: null` where there is none.
        if name != "Subject" or message.get("Subject") is not None
    ]
    return "".join(told).encode("utf-8", "surrogatepass")


def require_certificate_url(url: str, topic: str) -> str:
    """The topic's region, if `url` is a signing certificate of its SNS; else `BadSignature`."""
    arn = _TOPIC.fullmatch(topic)
    if arn is None:
        raise BadSignature("TopicArn is not the ARN of a topic")
    partition, region = arn[1], arn[2]
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadSignature("SigningCertURL is not a URL") from None
    exact = parts.scheme == "https" and parts.netloc == f"sns.{region}.{suffix}"
    if not exact or not _CERTIFICATE_PATH.fullmatch(parts.path) or parts.query or parts.fragment:
        raise BadSignature("SigningCertURL is not one of this region's SNS")
    return region


def first_text(message: Mapping[str, object], *names: str) -> str:
    """The first of the fields that is a text (SNS and its Lambda form spell some differently)."""
    return next((text for name in names if (text := _text(message, name))), "")


def _require_version(version: str, accepts_sha1: bool) -> None:
    if version == "1" and not accepts_sha1:
        raise BadSignature("SignatureVersion 1 is not accepted: set the topic to version 2")
    if version not in {"1", "2"}:
        raise BadSignature("SignatureVersion is neither 1 nor 2")


def _text(message: Mapping[str, object], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""
