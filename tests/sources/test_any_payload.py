"""Whatever a proven sender sends, a reader hears it or refuses it; it never breaks."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.hostile import CONTENT_TYPES, Hostility
from bot.errors import BadPayload, TooLarge
from bot.models import Event
from bot.sources.mapping import ready_mappings
from bot.sources.request import Request, Source
from bot.sources.sampling import sample_of
from bot.sources.sentry.ingestion import SdkProject
from bot.sources.table import SourceSettings, source_table

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TABLE = source_table(
    SourceSettings(project_of=lambda _key: SdkProject(1, "shop"), mappings=ready_mappings())
)
of_every_source = pytest.mark.parametrize("source", TABLE.values(), ids=lambda one: one.name)
patiently = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=12), inside),
    max_leaves=20,
)


def listen(source: Source, body: bytes, **more: str) -> tuple[Event, ...]:
    sample = sample_of(source, NOW)
    proven = {**sample.headers, **source.proof.headers(SECRET, body, NOW)}
    proven |= {name.replace("_", "-"): value for name, value in more.items()}
    headers = {name.lower(): value for name, value in proven.items()}
    path = source.path.format(name=source.name, ending="secret", project=1)
    request = Request("POST", path, headers, {"sentry_key": "k"}, body, NOW, "request-1")
    try:
        return source.parse(request).events
    except (BadPayload, TooLarge):
        return ()


def require_fit(events: tuple[Event, ...]) -> None:
    """What every later part of the road relies on."""
    for event in events:
        assert event.service
        assert event.message
        assert event.event_id
        assert event.occurred_at.tzinfo is not None
        assert event.occurred_at <= NOW
        texts = (event.service, event.environment, event.title, event.message, event.stack_trace)
        assert all("\x00" not in text and text.encode() is not None for text in texts)
        assert len(event.service) <= 100
        assert len(event.title) <= 256
        assert all(link.url.startswith(("http://", "https://")) for link in event.links)
        assert all(isinstance(value, str) for value in event.labels.values())


@of_every_source
@patiently
@given(ANY_JSON)
def test_any_json_is_heard_or_refused(source: Source, value: Any) -> None:
    try:
        body = orjson.dumps(value)
    except TypeError:  # more than orjson writes: longer integers, lone surrogates
        body = repr(value).encode("utf-8", "replace")
    require_fit(listen(source, body))


@of_every_source
def test_any_mutation_of_its_sample_is_heard_or_refused(source: Source) -> None:
    hostility = Hostility(Random(source.name))
    body = sample_of(source, NOW).body
    for _ in range(150):
        require_fit(listen(source, hostility.mutated(body)))


@of_every_source
def test_whatever_the_content_type_says_the_body_is_heard_or_refused(source: Source) -> None:
    hostility = Hostility(Random(source.name))
    body = sample_of(source, NOW).body
    for kind in CONTENT_TYPES * 10:
        require_fit(listen(source, hostility.mutated(body), content_type=kind))
