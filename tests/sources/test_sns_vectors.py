"""SNS messages that AWS signed, and such as only look so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import BadPayload, BadSignature
from bot.sources.reading import moment_of
from bot.sources.request import Request, Secrets
from bot.sources.sns_signature import SnsTrust
from bot.sources.table import SourceSettings, source_table

OUR_TOPICS = (
    "arn:aws:sns:us-east-1:123456789012:prod-alarms",
    "arn:aws:sns:us-west-2:131990247566:dongie-standard-topic",
    "arn:aws:sns:us-east-2:295079676684:publish-and-verify-892f85fe-4836-424d-8188-ab85bef0f362",
    "arn:aws:sns:us-east-2:295079676684:publish-and-verify-530b26da-0687-4fe4-9f71-780bad3181e2",
    "arn:aws:sns:us-east-2:295079676684:publish-and-verify-6e11fed2-fcdf-4c52-9dc4-36ef43f37f84",
)
#: Not valid whatever version is accepted; the others are.
FORGED = ("bad-cert-url", "other-topic", "foreign-topic", "tampered", "downgraded")


def sns_passes(payloads: Path, name: str, *, accepts_sha1: bool) -> bool:
    folder = payloads / "sns"

    def certificate(url: str) -> bytes:
        return (folder / url.rpartition("/")[2]).read_bytes()

    trust = SnsTrust(OUR_TOPICS, certificate, accepts_sha1)
    source = source_table(SourceSettings(sns=trust))["sns"]
    body = (folder / name).read_bytes()
    message = json.loads(body)
    sent = moment_of(message.get("Timestamp"))
    assert sent is not None
    request = Request("POST", "/webhook/sns", {}, {}, body, sent)
    try:
        source.verify(request, Secrets())
    except BadSignature:
        return False
    return True


def test_genuine_and_forged_sns_messages_are_told_apart(payloads: Path) -> None:
    names = sorted(
        path.name
        for path in (payloads / "sns").iterdir()
        if path.name.startswith(("signed.", "selfsigned.")) and "header-example" not in path.name
    )
    assert len(names) >= 19
    for name in names:
        version = json.loads((payloads / "sns" / name).read_bytes()).get("SignatureVersion")
        is_forged = any(word in name for word in FORGED)
        assert sns_passes(payloads, name, accepts_sha1=True) is not is_forged, name
        is_sound = not is_forged and version == "2"
        assert sns_passes(payloads, name, accepts_sha1=False) is is_sound, name


def test_an_sns_body_that_is_no_json_is_refused_before_anything_is_fetched() -> None:
    source = source_table(SourceSettings(sns=SnsTrust(OUR_TOPICS)))["sns"]
    request = Request("POST", "/webhook/sns", {}, {}, b"<xml/>", datetime.now(UTC))
    with pytest.raises(BadPayload):
        source.verify(request, Secrets())
