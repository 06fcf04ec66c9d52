"""Every door through the app: secrets in paths, counts, unreadable bodies, SDKs, SNS."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import brotli
import pytest
import zstandard
from werkzeug.test import TestResponse, create_environ

from bot.errors import UpstreamError
from bot.models import Receipt, Reception, Severity, ShipmentChange
from bot.sources.heard import SnsSubscription
from bot.sources.mapping import ready_mappings
from bot.sources.request import Secrets, Source
from bot.sources.sampling import sample_of
from bot.sources.sentry.ingestion import SdkProject
from bot.sources.table import SourceSettings, source_table
from bot.web.door import Beside, Door
from bot.web.promised import Promised
from bot.web.settings import Readiness, WebSettings
from bot.web.webhook import create_app, shown_path

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "0123456789abcdef0123456789abcdef"
SDK_AUTH = {"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={KEY}"}
TABLE = source_table(
    SourceSettings(
        project_of={KEY: SdkProject(7, "shop")}.get,
        mappings=ready_mappings(),
    )
)


@dataclass
class House:
    """The app, and what it handed on."""

    intake: Any
    counted: Counter[tuple[str, Reception]] = field(default_factory=Counter)
    changes: list[ShipmentChange] = field(default_factory=list)
    confirmed: list[SnsSubscription] = field(default_factory=list)
    failure: UpstreamError | None = None

    def __post_init__(self) -> None:
        beside = Beside(self._follow, self._confirm, self._count, lambda text: text.upper())
        settings = WebSettings(
            secrets_by_source={name: Secrets(SECRET) for name in TABLE}, max_body_bytes=100_000
        )
        self.sources = TABLE
        self.app = create_app(
            self.intake.submit,
            lambda: Readiness(True),
            settings,
            clock=lambda: NOW,
            sources=TABLE,
            beside=beside,
        )

    def _follow(self, changes: Sequence[ShipmentChange]) -> Future[tuple[Receipt, ...]]:
        self.changes += changes
        done: Future[tuple[Receipt, ...]] = Future()
        done.set_result((Receipt("pull_request 3", 42),))
        return done

    def _confirm(self, subscription: SnsSubscription) -> None:
        if self.failure is not None:
            raise self.failure
        self.confirmed.append(subscription)

    def _count(self, name: str, how: Reception, at: datetime) -> None:
        assert at == NOW
        self.counted[name, how] += 1

    def post(
        self, name: str, body: bytes, headers: dict[str, str] | None = None, secret: str = SECRET
    ) -> TestResponse:
        """Deliver a body, proven as its sender would."""
        source = TABLE[name]
        proven = {**(headers or {}), **source.proof.headers(secret, body, NOW)}
        path = source.path.format(name=name, ending=secret, project=7)
        return self.app.test_client().post(path, data=body, headers=proven)


@pytest.fixture
def house(intake: Any) -> House:
    return House(intake)


def sample(source: Source) -> tuple[bytes, dict[str, str]]:
    made = sample_of(source, NOW)
    return made.body, {**made.headers, **(SDK_AUTH if source.name == "sentry_sdk" else {})}


@pytest.mark.parametrize("source", TABLE.values(), ids=lambda source: source.name)
def test_a_sample_of_every_system_is_accepted_and_counted(house: House, source: Source) -> None:
    answer = house.post(source.name, *sample(source))
    assert answer.status_code in (200, 202), answer.text
    assert len(house.intake.events) == 1
    assert house.counted == {(source.name, Reception.ACCEPTED): 1}


@pytest.mark.parametrize(
    ("name", "gives_up"),
    [("sentry", 1), ("sentry_legacy", 3), ("slack", 3), ("pagerduty", 5), ("github", 10)],
)
def test_no_sender_waits_for_a_commit_until_it_gives_up(
    intake: Any, name: str, gives_up: float
) -> None:
    intake.holds = True
    body, headers = sample(TABLE[name])
    if name == "slack":
        body = b'{"type": "event_callback", "event": {"type": "message", "text": "error"}}'
    proven = {**headers, **TABLE[name].proof.headers(SECRET, body, NOW)}
    path = TABLE[name].path.format(name=name, ending=SECRET, project=7)
    settings = WebSettings(secrets_by_source={name: Secrets(SECRET)})
    door = Door(intake.submit, TABLE, settings, lambda: NOW, Beside())
    taken = door.take(name, create_environ(path, method="POST", data=body, headers=proven))
    assert isinstance(taken, Promised)
    assert taken.deadline - time.monotonic() < gives_up


@pytest.mark.parametrize("source", TABLE.values(), ids=lambda source: source.name)
def test_a_wrong_secret_is_refused_and_counted(house: House, source: Source) -> None:
    body, headers = sample(source)
    headers.pop("X-Sentry-Auth", "")
    answer = house.post(source.name, body, headers, secret="whsec_" + "A" * 32)
    assert answer.status_code == 401
    assert not house.intake.events
    assert house.counted == {(source.name, Reception.REFUSED): 1}


def test_a_door_without_a_secret_is_shut_and_names_its_setting(intake: Any) -> None:
    app = create_app(
        intake.submit, lambda: Readiness(True), WebSettings(secrets=Secrets(SECRET)), sources=TABLE
    )
    for name in ("alertmanager", "gitlab", "github", "statuspage"):
        path = TABLE[name].path.format(name=name, ending=SECRET)
        bearer = {"Authorization": f"Bearer {SECRET}"}
        answer = app.test_client().post(path, data=b"{}", headers=bearer)
        assert answer.status_code == 403
        assert TABLE[name].setting in answer.json["error"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("generic", 400),
        ("alertmanager", 400),
        ("grafana", 400),
        ("github", 400),
        ("otlp", 400),
        ("eventbridge", 400),
        ("slack_webhook", 400),
        ("sentry", 202),
        ("sentry_legacy", 202),
        ("pagerduty", 202),
        ("slack", 202),
        ("standard_webhooks", 202),
        ("gitlab", 202),
        ("statuspage", 202),
    ],
)
def test_what_cannot_be_read_becomes_one_alert_answered_as_its_sender_takes_it_best(
    house: House, name: str, status: int
) -> None:
    headers = {"X-GitHub-Event": "issues"}
    answer = house.post(name, b'{"half": "a bod', headers)
    assert answer.status_code == status, answer.text
    (event,) = house.intake.events
    assert event.title == f"Unreadable {name} payload"
    assert event.severity is Severity.WARNING
    assert '{"HALF": "A BOD' in event.log_lines, "redacted, then shown"
    assert house.counted == {(name, Reception.UNREADABLE): 1}


def test_a_flood_of_unreadable_bodies_makes_few_events(house: House) -> None:
    for _ in range(30):
        house.post("pagerduty", b"nonsense")
    assert len(house.intake.events) == 10
    assert len({event.fingerprint_hint for event in house.intake.events}) == 1
    assert house.counted == {("pagerduty", Reception.UNREADABLE): 30}


def test_an_unreadable_body_that_cannot_be_kept_now_is_sent_again(house: House) -> None:
    house.intake.overloaded = True
    assert house.post("pagerduty", b"nonsense").status_code == 503


def test_secrets_in_paths_are_in_no_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body, headers = sample(TABLE["slack_webhook"])
    assert house.post("slack_webhook", body, headers).text == "ok"
    house.post("slack_webhook", body, headers, secret="wrong-but-still-secret")
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert "POST /webhook/slack_webhook/… 200" in told
    assert "POST /webhook/slack_webhook/… 401" in told
    assert SECRET not in told
    assert "wrong-but" not in told
    assert shown_path(f"/webhook/x/{SECRET}/more") == "/webhook/x/…"
    assert shown_path("/health") == "/health"


@pytest.mark.parametrize(
    "path", ["/webhook/github/extra", "/webhook/slack_webhook", "/webhook/sentry_sdk", "/api/x/"]
)
def test_a_path_of_another_form_is_not_a_door(house: House, path: str) -> None:
    answer = house.app.test_client().post(path, data=b"{}")
    assert answer.status_code in (401, 404, 400)
    assert not house.intake.events


def test_a_redelivery_has_the_ids_of_the_first_so_that_it_counts_once(house: House) -> None:
    body = b'{"service": "shop", "message": "it broke"}'
    for _ in range(2):
        house.post("generic", body, {"Idempotency-Key": "delivery-1"})
    house.post("generic", body)
    ids = [event.event_id for event in house.intake.events]
    assert ids[:2] == ["shop/production/delivery-1:0"] * 2
    assert ids[2] not in ids[:2]


def test_a_merged_pull_request_is_followed(house: House) -> None:
    pull = {"number": 3, "merged": True, "merged_at": "2026-01-02T03:04:04Z", "merged_by": None}
    told = {"action": "closed", "pull_request": pull, "repository": {"full_name": "acme/shop"}}
    body = json.dumps({**told, "sender": {"login": "octocat"}}).encode()
    answer = house.post("github", body, {"X-GitHub-Event": "pull_request"})
    assert answer.status_code == 202
    assert [each["id"] for each in answer.json["alerts"]] == ["J-42"]
    (change,) = house.changes
    assert (change.number, change.state, change.by) == (3, "merged", "octocat")
    assert house.counted == {("github", Reception.ACCEPTED): 1}


def test_a_ping_is_left_aside_and_says_so(house: House) -> None:
    answer = house.post("github", b'{"zen": "Speak like a human."}', {"X-GitHub-Event": "ping"})
    assert "pong" in answer.json["note"]
    assert house.counted == {("github", Reception.LEFT_ASIDE): 1}


def test_a_subscription_is_confirmed_or_asked_for_again(intake: Any) -> None:
    house = House(intake)
    asked = {"Type": "SubscriptionConfirmation", "TopicArn": "arn:t", "Token": "token"}
    trusting = replace(TABLE["sns"], verify=lambda _request, _secrets: None)
    house.app = create_app(
        intake.submit,
        lambda: Readiness(True),
        WebSettings(),
        clock=lambda: NOW,
        sources={"sns": trusting},
        beside=Beside(confirm=house._confirm),
    )
    client = house.app.test_client()
    assert client.post("/webhook/sns", data=json.dumps(asked)).status_code == 202
    assert house.confirmed == [SnsSubscription("arn:t", "token")]
    house.failure = UpstreamError("Amazon SNS", "does not answer")
    assert client.post("/webhook/sns", data=json.dumps(asked)).status_code == 503


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("encoding", PACKINGS)
def test_an_sdk_reports_packed_in_any_way_and_is_answered_its_id(
    house: House, encoding: str
) -> None:
    body, headers = sample(TABLE["sentry_sdk"])
    packed = PACKINGS[encoding](body)
    answer = house.post("sentry_sdk", packed, {**headers, "Content-Encoding": encoding})
    assert answer.status_code == 200
    assert answer.json == {"id": json.loads(body.partition(b"\n")[0])["event_id"]}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert house.intake.events[0].service == "shop"


def test_an_old_sdk_reports_to_the_store_with_its_key_in_the_query(house: House) -> None:
    body = json.dumps({"event_id": "f" * 32, "message": "it broke"}).encode()
    client = house.app.test_client()
    answer = client.post(f"/api/7/store/?sentry_key={KEY}&sentry_version=7", data=body)
    assert answer.json == {"id": "f" * 32}


def test_a_browser_may_ask_before_it_reports_and_only_there(house: House) -> None:
    client = house.app.test_client()
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/7/envelope/", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Sentry-Auth" in answer.headers["Access-Control-Allow-Headers"]
    elsewhere = client.options("/webhook/generic", headers=asked)
    assert "Access-Control-Allow-Origin" not in elsewhere.headers
    refused = client.post("/api/7/envelope/", data=b"{}")
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "*")


def test_an_overloaded_house_tells_sdks_how_long_to_hold_back(house: House) -> None:
    house.intake.overloaded = True
    answer = house.post("sentry_sdk", *sample(TABLE["sentry_sdk"]))
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "3"
    assert answer.headers["X-Sentry-Rate-Limits"] == "3::organization"


def test_a_revoked_key_or_one_of_another_project_is_refused(house: House) -> None:
    client = house.app.test_client()
    body, headers = sample(TABLE["sentry_sdk"])
    wrong = {**headers, "X-Sentry-Auth": "Sentry sentry_key=" + "0" * 32}
    assert client.post("/api/7/envelope/", data=body, headers=wrong).status_code == 403
    assert client.post("/api/8/envelope/", data=body, headers=headers).status_code == 401
