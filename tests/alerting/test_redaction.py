"""What must not be stored, in the forms in which it is found in logs and events."""

import time
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.alerting.redaction import Redactor
from bot.models import Event, ExceptionInfo, Frame, Link, RequestInfo

REDACTOR = Redactor()
A = "abcDEF0123456789"  # alphabet soup that no detector knows by itself

# Assembled, so that no scanner takes these made-up values for real ones.
SECRETS = {
    "github token": "ghp" + "_" + A * 2 + "abcd",
    "github fine-grained token": "github" + "_pat_" + A + "_" + A * 3,
    "github app token": "ghs" + "_" + A * 2,
    "gitlab token": "glpat" + "-" + A,
    "aws key": "AK" + "IA" + "ABCDEFGHIJ234567",
    "aws temporary key": "AS" + "IA" + "ABCDEFGHIJ234567",
    "slack token": "xoxb" + "-123456789012-" + A,
    "slack app token": "xapp" + "-1-A012-345-" + A,
    "google key": "AI" + "za" + A * 2 + "abc",
    "stripe key": "sk" + "_live_" + A,
    "stripe restricted key": "rk" + "_test_" + A,
    "openai key": "sk" + "-proj-" + A * 2,
    "anthropic key": "sk" + "-ant-api03-" + A * 2,
    "json web token": "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjMifQ." + A,
    "discord token": "MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "npm token": "npm" + "_" + A * 2 + "abcd",
    "sendgrid key": "SG" + "." + A + "." + A * 2,
    "email": "ada.lovelace+work@mail.example.co.uk",
    "card": "4111 1111 1111 1111",
    "card, dashes": "5500-0000-0000-0004",
    "amex": "378282246310005",
}
KEYED = [
    "password={}", "password: {}", 'password = "{}"', "'passwd': '{}'", '"db_password":"{}"',
    "DB_PASSWORD={} other=1", "stripeApiKey: {}", "?api_key={}&page=2", "x-api-key: {}",
    '{{"client_secret": "{}"}}', '{{\\"token\\": \\"{}\\", \\"a\\": 1}}', "access_token={}",
    "Authorization: Bearer {}", "authorization=Basic {}", '"Authorization", "Bearer {}"',
    "Cookie: sid={}; theme=dark", "Set-Cookie: session={}; Path=/", "session_id={}",
    "--password {}",
    "private_key: {}", ":secret=>{}", 'secret: str = "{}"', "<password>{}</password>",
    "postgres://app:{}@db.internal:5432/shop", "redis://:{}@cache:6379/0",
    "amqp://user:{}@mq/vhost", "aws_secret_access_key = {}", 'os.environ["API_TOKEN"] = "{}"',
    "password: |\n  {}\nnext: 1", "https://hooks.slack.com/services/T000/B000/{}",
    "https://discord.com/api/webhooks/1234567890123/{}", "api key: {}", "Bearer {}",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\\n{}\\n-----END RSA PRIVATE KEY-----\\n",
    "-----BEGIN EC PRIVATE KEY-----\n{}\nand it was cut here",
]  # fmt: skip


@pytest.mark.parametrize("kind", SECRETS)
def test_a_token_is_removed_and_the_marker_says_what_it_was(kind: str) -> None:
    redacted = REDACTOR.text(f"failed for {SECRETS[kind]}, gave up")
    assert SECRETS[kind] not in redacted
    assert redacted.startswith("failed for [removed: ")
    assert redacted.endswith("], gave up")


@pytest.mark.parametrize("form", KEYED)
def test_a_value_under_a_secret_name_is_removed(form: str) -> None:
    redacted = REDACTOR.text(form.format("Xk9zQ2mW7vB4nL1pR8sT3x"))
    assert "Xk9zQ2mW" not in redacted
    assert "[removed: " in redacted


def test_markers_name_the_kind() -> None:
    text = f"a {SECRETS['github token']} password=hunter2 b {SECRETS['email']}"
    assert REDACTOR.text(text) == (
        "a [removed: github token] password=[removed: password] b [removed: email]"
    )


@pytest.mark.parametrize(
    "text",
    [
        "8f5e2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
        "order 4111111111111112 at 1763690000000",
        "token count: 5",
        "max_tokens: 512",
        "password must be at least 12 characters",
        "password: required",
        "KeyError: 'token'",
        "token = self.get_token(request)",
        "session_timeout=30",
        "session: started",
        "System.Core, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
        "the key is under the mat",
        "git@github.com:acme/shop.git",
        "pay@index.android.bundle:12:1917",
        "http://host:8080/path?page=2",
        "arn:aws:lambda:eu-west-1:123456789012:function:pay",
        "a task-force-2024-with-many-parts",
        "Basic functionality and bearer instruments",
        "password=[removed: password]",
        "password=*****",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert REDACTOR.text(text) == text


def test_emails_and_cards_can_be_kept() -> None:
    text = "ada@example.com paid with 4111111111111111"
    assert Redactor(emails=False, cards=False).text(text) == text


def test_extra_names_are_found_in_every_spelling() -> None:
    redactor = Redactor(extra_keys=["card_pin"])
    text = "cardPin=1234 X-Card-Pin: 5678 CARD_PIN='9012'"
    assert not any(pin in redactor.text(text) for pin in ("1234", "5678", "9012"))


def test_a_secret_access_key_is_found_near_its_key_id() -> None:
    secret = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
    assert secret not in REDACTOR.text(f"{SECRETS['aws key']},{secret}")


HOSTILE = st.text(
    st.sampled_from(" \n\t\"'\\=:;,.&?/@-_{}[]()<>|abcKEYtoken019é\u00a0"), max_size=40
)
SURROUNDINGS = HOSTILE | st.sampled_from(
    ["password=", "token: '", '{"a":"', "://", "-----BEGIN ", "Bearer ", "[removed: ", "eyJ", "xox"]
)


@given(SURROUNDINGS, st.sampled_from(sorted(SECRETS)), SURROUNDINGS)
@settings(max_examples=400, deadline=None)
def test_a_token_planted_anywhere_never_survives(before: str, kind: str, after: str) -> None:
    redacted = Redactor().text(f"{before} {SECRETS[kind]} {after}")
    assert SECRETS[kind] not in redacted


@given(HOSTILE, st.sampled_from(KEYED), HOSTILE)
@settings(max_examples=400, deadline=None)
def test_a_keyed_value_planted_anywhere_never_survives(before: str, form: str, after: str) -> None:
    # A quotation or an escape that was opened before changes what the form itself says.
    assume(not before.rstrip(" ").endswith(("\\", "=", ":", "//")))
    redacted = Redactor().text(f"{before}\n{form.format('Xk9zQ2mW7vB4nL1pR8sT3x')}\n{after}")
    assert "Xk9zQ2mW7vB4" not in redacted


@given(st.lists(st.sampled_from([*SECRETS.values(), *KEYED]) | HOSTILE, max_size=6).map(" ".join))
@settings(max_examples=400, deadline=None)
@example("password: {}[removed: password]: x")
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = Redactor().text(text)
    assert Redactor().text(once) == once


GROWING = [
    "password=", 'password="', "password='\\", "\\", '"token":"', "token", "tokentoken=", "key ",
    "eyJ", "eyJhbGc.", "xox", "xoxb-", "sk-", "ghp_", "AKIA", "://", "://a:", "://a:b", "a@", "@",
    "@a.", "a@b.c.", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "1", "1 ", "4111 ", ".aaaaaa.",
    "authorization: ", "cookie:", "bearer ", "basic ", "hooks.slack.com/", "/webhooks/123456/",
    "password: |\n", "password: |\n ", "password:a=", "token(", "token=a(", "SG.", "SG.aaaa", "é",
    "<password>", "--password ", "[removed: ", 'password=\\"\\\\', "pass", "a" * 50 + " ",
    "İtoken=",
]  # fmt: skip


def _cpu(text: str) -> float:
    best = 1e9
    for _ in range(3):
        redactor = Redactor(extra_keys=["pin"])
        started = time.process_time()
        redactor.text(text)
        best = min(best, time.process_time() - started)
    return best


@pytest.mark.parametrize("piece", GROWING)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    small, large = (piece * (size // len(piece)) for size in (32_768, 262_144))
    once = _cpu(small)
    # Eight times the text: linear costs 8 times as much, quadratic 64 times.
    assert _cpu(large) < max(0.1, once * 24)


def _full_event(secret: str) -> Event:
    return Event(
        source=f"s {secret}",
        event_id=f"id {secret}",
        service=f"v {secret}",
        message=f"m {secret}",
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        environment=f"e {secret}",
        title=f"t {secret}",
        exceptions=(
            ExceptionInfo(
                f"T {secret}",
                f"x {secret}",
                (Frame(f"f {secret}", 1, f"g {secret}", f"m {secret}", True, f"c {secret}", 2),),
                f"m {secret}",
            ),
        ),
        stack_trace=f"Traceback\n  {secret}\n",
        fingerprint_hint=f"h {secret}",
        commit=f"c {secret}",
        request=RequestInfo(f"GET {secret}", f"https://x/?q={secret}", f"r {secret}"),
        user=f"u {secret}",
        trace_id=f"t {secret}",
        log_lines=("clean", f"l {secret}"),
        links=(Link(f"l {secret}", f"https://x/{secret}"),),
        labels=MappingProxyType({"region": f"eu {secret}", f"k {secret}": "v", "api_key": "plain"}),
    )


def test_no_string_of_an_event_keeps_a_secret() -> None:
    secret = SECRETS["github token"]
    redacted = REDACTOR.event(_full_event(secret))
    assert secret not in repr(redacted)
    assert repr(redacted).count("[removed: github token]") == repr(_full_event(secret)).count(
        secret
    )
    assert redacted.labels["api_key"] == "[removed: api key]"
    assert redacted.exceptions[0].frames[0].line == 1


def test_every_field_of_the_vocabulary_was_thought_of() -> None:
    """A field added to an event must be added to the redactor and to this test's event."""
    plain = {"occurred_at", "severity", "signal"}
    event = _full_event(SECRETS["github token"])
    for field in fields(Event):
        if field.name not in plain:
            assert SECRETS["github token"] in repr(getattr(event, field.name)), field.name
    assert all(is_dataclass(part) for part in (event.exceptions[0], event.request))


def test_a_clean_event_is_returned_as_it_is() -> None:
    event = Event("s", "1", "shop", "no stock", datetime(2026, 1, 1, tzinfo=UTC))
    assert REDACTOR.event(event) is event


def test_ids_that_held_secrets_still_differ() -> None:
    ids = {REDACTOR.event(_full_event(f"{n}@example.com")).event_id for n in "ab"}
    assert len(ids) == 2


def test_a_private_key_spread_over_log_lines_is_removed() -> None:
    event = Event("s", "1", "shop", "m", datetime(2026, 1, 1, tzinfo=UTC))
    lines = ("-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBg", "-----END PRIVATE KEY-----", "after")
    redacted = REDACTOR.event(
        Event(**{f.name: getattr(event, f.name) for f in fields(event)} | {"log_lines": lines})
    )
    assert redacted.log_lines == ("[removed: private key]", "after")
