from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadSignature, DoorShut
from bot.sources.request import Request, Secrets
from bot.sources.signatures import (
    prefixed,
    require_base64_signature,
    require_bearer_or_signature,
    require_fresh,
    require_hex_signature,
    signature_headers,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BODY = b'{"service":"checkout","message":"caf\xc3\xa9"}'


def request(headers: dict[str, str], body: bytes = BODY) -> Request:
    lowered = {name.lower(): value for name, value in headers.items()}
    return Request("POST", "/", lowered, {}, body, NOW)


def verify(headers: dict[str, str], secrets: Secrets, body: bytes = BODY) -> None:
    require_bearer_or_signature(request(headers, body), secrets, setting="WEBHOOK_SECRET")


def test_a_signature_over_the_raw_body_opens_the_door() -> None:
    verify(signature_headers("s3cret", BODY, NOW), Secrets("s3cret"))


def test_the_previous_secret_still_opens_the_door_while_it_is_rotated() -> None:
    secrets = Secrets("new", "old")
    verify(signature_headers("old", BODY, NOW), secrets)
    verify(signature_headers("new", BODY, NOW), secrets)
    verify({"Authorization": "Bearer old"}, secrets)
    with pytest.raises(BadSignature):
        verify(signature_headers("older", BODY, NOW), secrets)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_opens_the_door(scheme: str) -> None:
    verify({"Authorization": f"{scheme} s3cret"}, Secrets("s3cret"))


def test_a_token_outside_ascii_is_compared_as_the_bytes_that_came() -> None:
    as_wsgi_decodes_it = "schlüssel☃".encode().decode("latin-1")
    verify({"Authorization": f"Bearer {as_wsgi_decodes_it}"}, Secrets("schlüssel☃"))


@pytest.mark.parametrize("secrets", [Secrets(), Secrets(""), Secrets("  "), Secrets("", "old")])
def test_a_door_without_a_secret_is_shut_and_names_the_setting(secrets: Secrets) -> None:
    for headers in ({}, {"Authorization": "Bearer "}, signature_headers("", BODY, NOW)):
        with pytest.raises(DoorShut, match="WEBHOOK_SECRET"):
            verify(headers, secrets)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "s3cret"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic s3cret"},
        {"X-Jinkies-Signature": ""},
        {"X-Jinkies-Signature": "é"},
        {"X-Jinkies-Signature": "v1=", "X-Jinkies-Timestamp": "1767323045"},
        {"X-Jinkies-Signature": "v1=\ud800☃", "X-Jinkies-Timestamp": "1767323045"},
        {"X-Jinkies-Signature": "v1=00", "X-Jinkies-Timestamp": "²"},
        {"X-Jinkies-Signature": "v1=00", "X-Jinkies-Timestamp": "9" * 5000},
        {"X-Jinkies-Signature": "v1=00", "X-Jinkies-Timestamp": "-1"},
    ],
)
def test_odd_headers_are_a_bad_signature_and_nothing_worse(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify(headers, Secrets("s3cret"))


def test_a_wrong_signature_is_not_saved_by_a_right_token() -> None:
    headers = signature_headers("wrong", BODY, NOW) | {"Authorization": "Bearer s3cret"}
    with pytest.raises(BadSignature):
        verify(headers, Secrets("s3cret"))


def test_a_changed_body_does_not_fit_its_signature() -> None:
    with pytest.raises(BadSignature):
        verify(signature_headers("s3cret", BODY, NOW), Secrets("s3cret"), BODY + b" ")


@pytest.mark.parametrize("age", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_a_signature_counts_for_five_minutes_both_ways(age: timedelta) -> None:
    verify(signature_headers("s", BODY, NOW - age), Secrets("s"))
    stale = NOW - age - (timedelta(seconds=1) if age > timedelta(0) else -timedelta(seconds=1))
    with pytest.raises(BadSignature):
        verify(signature_headers("s", BODY, stale), Secrets("s"))


def test_the_secret_is_not_in_the_repr() -> None:
    assert "hush" not in repr(Secrets("hush", "hush-too"))


@given(st.dictionaries(st.sampled_from(["Authorization", "X-Jinkies-Signature"]), st.text()))
def test_whatever_the_headers_hold_only_bad_signature_comes_out(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify(headers, Secrets("a-secret-nobody-guesses"))


# The building blocks are checked against the signatures of systems nobody here wrote.

Check = Callable[[dict[str, Any], bytes, dict[str, str]], None]


def github(vector: dict[str, Any], body: bytes, headers: dict[str, str]) -> None:
    given = headers.get("x-hub-signature-256", "")
    require_hex_signature(prefixed(given, "sha256="), [vector["secret"].encode()], body)


def sentry(vector: dict[str, Any], body: bytes, headers: dict[str, str]) -> None:
    given = headers.get("sentry-hook-signature") or headers.get("sentry-app-signature", "")
    require_hex_signature([given], [vector["secret"].encode()], body)


def slack(vector: dict[str, Any], body: bytes, headers: dict[str, str]) -> None:
    at = headers.get("x-slack-request-timestamp", "")
    require_fresh(at, datetime.fromtimestamp(vector["now"], UTC))
    signed = b"v0:" + at.encode() + b":" + body
    candidates = prefixed(headers.get("x-slack-signature", ""), "v0=")
    require_hex_signature(candidates, [vector["secret"].encode()], signed)


def pagerduty(vector: dict[str, Any], body: bytes, headers: dict[str, str]) -> None:
    candidates = prefixed(headers.get("x-pagerduty-signature", ""), "v1=")
    require_hex_signature(candidates, [vector["secret"].encode()], body)


def standard_webhooks(vector: dict[str, Any], body: bytes, headers: dict[str, str]) -> None:
    at = headers.get("webhook-timestamp", "")
    require_fresh(at, datetime.fromtimestamp(vector["now"], UTC))
    signed = f"{headers.get('webhook-id', '')}.{at}.".encode() + body
    candidates = prefixed(headers.get("webhook-signature", ""), "v1,", separator=" ")
    key = base64.b64decode(vector["secret"].removeprefix("whsec_"))
    require_base64_signature(candidates, [key], signed)


@pytest.mark.parametrize("check", [github, sentry, slack, pagerduty, standard_webhooks])
def test_the_signature_vectors_of_other_systems_pass_and_tampered_ones_fail(
    payloads: Path, check: Check
) -> None:
    name = check.__name__.replace("_", "-")
    vectors = json.loads((payloads / f"signature-vectors/{name}.json").read_text())
    assert any(vector["valid"] for vector in vectors)
    for vector in vectors:
        body = (
            base64.b64decode(vector["body_b64"])
            if "body_b64" in vector
            else vector["body"].encode()
        )
        headers = {key.lower(): value for key, value in vector["headers"].items()}
        if vector["valid"]:
            check(vector, body, headers)
        else:
            with pytest.raises(BadSignature):
                check(vector, body, headers)
