"""The table of sources: complete, and each row proven by a sample of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.errors import BadSignature, DoorShut, NotFound, SettingsError
from bot.models import Severity
from bot.sources.mapping import read_mappings, ready_mappings
from bot.sources.request import PathForm, Request, Secrets, Source
from bot.sources.sampling import FOLDER, sample_of
from bot.sources.sentry.ingestion import SdkProject
from bot.sources.sns_signature import SnsTrust
from bot.sources.table import SDK, SourceSettings, source_table

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PROJECTS = {KEY: SdkProject(1, "shop")}
TABLE = source_table(
    SourceSettings(
        SnsTrust(("arn:aws:sns:us-east-1:123456789012:sample",)), PROJECTS.get, ready_mappings()
    )
)


def knock(source: Source, secret: str = SECRET) -> Request:
    """A sample as its sender would send it."""
    sample = sample_of(source, NOW)
    sent: Mapping[str, str] = {
        **sample.headers,
        **source.proof.headers(secret, sample.body, NOW),
        "X-Sentry-Auth": f"Sentry sentry_key={KEY}",
    }
    path = source.path.format(name=source.name, ending=secret, project=1)
    headers = {name.lower(): value for name, value in sent.items()}
    return Request("POST", path, headers, {}, sample.body, NOW, "request-1")


@pytest.mark.parametrize("source", TABLE.values(), ids=lambda source: source.name)
def test_every_source_has_a_sample_that_opens_its_door_and_tells_one_event(source: Source) -> None:
    request = knock(source)
    source.verify(request, Secrets(SECRET))
    (event,) = source.parse(request).events
    assert event.service
    assert "sample" in f"{event.title} {event.message}".lower()
    assert event.event_id
    assert event.severity.rank <= Severity.CRITICAL.rank


@pytest.mark.parametrize("source", TABLE.values(), ids=lambda source: source.name)
def test_a_door_opens_for_its_own_secret_only_and_for_the_one_before(source: Source) -> None:
    if source.name == SDK:
        pytest.skip("its keys are no secrets")
    other = SECRET.replace("M", "N")
    source.verify(knock(source), Secrets(other, SECRET))
    with pytest.raises(BadSignature):
        source.verify(knock(source, other), Secrets(SECRET))
    with pytest.raises(DoorShut, match=source.secret_setting):
        source.verify(knock(source), Secrets())


def test_no_sample_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(TABLE)


def test_names_are_those_of_the_rows_and_every_row_says_what_it_is() -> None:
    for name, source in TABLE.items():
        assert name == source.name
        assert source.about
        assert source.proof.words
        assert source.delivery_header == source.delivery_header.lower()


def test_a_secret_in_the_path_is_asked_for_where_the_sender_sends_no_headers() -> None:
    endings = {name for name, source in TABLE.items() if source.path is PathForm.ENDING}
    assert {"slack_webhook", "sentry_legacy", "statuspage"} <= endings


def test_a_mapping_of_ones_own_replaces_a_ready_one_but_no_built_in_source() -> None:
    own = "{}: {{event: {{service: a, message: b}}}}"
    table = source_table(SourceSettings(mappings=read_mappings(own.format("zabbix"), "own.yaml")))
    assert table["zabbix"].about == "a mapping of your own"
    with pytest.raises(SettingsError, match="github is built in"):
        source_table(SourceSettings(mappings=read_mappings(own.format("github"), "own.yaml")))


def test_a_mapping_of_ones_own_has_no_sample_and_says_so() -> None:
    with pytest.raises(NotFound, match="let its system send a test"):
        sample_of(replace(TABLE["zabbix"], name="mine"), NOW)
