"""Loki as a log store, against a small server that speaks its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_groups import BASE, START, lines_of, query
from loki_server import LokiServer

from bot.errors import NotFound, UpstreamError
from bot.models import Severity
from bot.services.logs.loki import LokiAccess, LokiStore
from bot.services.logs.store import Progress
from bot.services.logs.tailing import TailRhythm

NANO = 1_000_000
SHOP = "loki:shop"


@pytest.fixture
async def loki() -> AsyncIterator[LokiServer]:
    server = LokiServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def store(loki: LokiServer) -> AsyncIterator[LokiStore]:
    opened = LokiStore(
        LokiAccess(loki.url),
        clock=lambda: START + timedelta(hours=1),
        rhythm=TailRhythm(pause=0.0),
        page=10,
    )
    yield opened
    await opened.close()


def fill(loki: LokiServer, count: int, *, each: int = 1, pod: str = "a") -> list[str]:
    """Lines a millisecond apart, `each` of them at one nanosecond."""
    texts = [f"line {n:04d} of {pod}" for n in range(count)]
    entries = [((BASE + n // each) * NANO, text) for n, text in enumerate(texts)]
    loki.add({"app": "shop", "pod": pod}, entries)
    return texts


async def texts_of(store: LokiStore, *groups: str, **changes: object) -> list[str]:
    asked = query(*(groups or (SHOP,)), **changes)  # type: ignore[arg-type]
    return [line.message for line in await lines_of(store, asked)]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("each", [1, 3, 25])
async def test_all_pages_are_read_in_order_and_nothing_twice(
    loki: LokiServer, store: LokiStore, each: int, newest_first: bool
) -> None:
    written = fill(loki, 100, each=each)
    found = await texts_of(store, newest_first=newest_first)
    assert sorted(found) == written
    places = [int(text.split()[1]) // each for text in found]
    assert places == sorted(places, reverse=newest_first)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from("xyz")), max_size=60),
    st.booleans(),
)
async def test_no_mixture_of_equal_times_and_texts_loses_a_line(
    entries: list[tuple[int, str]], newest_first: bool
) -> None:
    server = LokiServer()
    await server.start()
    for pod in "ab":
        own = [
            ((BASE + at) * NANO, text)
            for n, (at, text) in enumerate(entries)
            if n % 2 == (pod == "a")
        ]
        server.add({"app": "shop", "pod": pod}, sorted(own))
    opened = LokiStore(LokiAccess(server.url), page=7)
    try:
        found = await lines_of(opened, query(SHOP, newest_first=newest_first))
    finally:
        await opened.close()
        await server.stop()
    assert sorted((line.at - BASE, line.message) for line in found) == sorted(entries)
    times = [line.at for line in found]
    assert times == sorted(times, reverse=newest_first)


async def test_a_limit_is_kept_and_more_is_told(loki: LokiServer, store: LokiStore) -> None:
    written = fill(loki, 500)
    progress = Progress()
    found = await lines_of(store, query(SHOP, limit=5, newest_first=True), progress)
    assert [line.message for line in found] == written[:-6:-1]
    assert progress.more
    assert progress.calls == 1


async def test_conditions_are_asked_of_loki_and_judged_again(
    loki: LokiServer, store: LokiStore
) -> None:
    loki.add(
        {"app": "shop"},
        [
            (BASE * NANO, 'INFO "paid" 7.50'),
            ((BASE + 1) * NANO, "ERROR not PAID"),
            ((BASE + 2) * NANO, "Traceback (most recent call last):"),
            ((BASE + 3) * NANO, "INFO trace abc paid"),
        ],
    )
    assert len(await texts_of(store, include=("paid",))) == 3
    assert await texts_of(store, include=('"PAID" 7.5',)) == ['INFO "paid" 7.50']
    assert await texts_of(store, include=("paid",), exclude=("not",), trace_id="abc") == [
        "INFO trace abc paid"
    ]
    assert (await texts_of(store, level=Severity.ERROR))[0] == "ERROR not PAID"
    assert await texts_of(store, '{app="shop"}'.join(("loki:", "")), regex="^INFO t") == [
        "INFO trace abc paid"
    ]


async def test_groups_are_the_values_of_the_label(loki: LokiServer, store: LokiStore) -> None:
    fill(loki, 1)
    loki.add({"app": "workshop"}, [])
    loki.add({"app": "mail"}, [])
    assert await store.groups("shop") == ("loki:shop", "loki:workshop")
    assert await store.groups("loki:ma") == ("loki:mail",)


async def test_lines_around_a_line_are_those_of_its_stream(
    loki: LokiServer, store: LokiStore
) -> None:
    written = fill(loki, 50)
    fill(loki, 50, pod='b"\\')
    found = await lines_of(store, query(SHOP, include=("line 0020 of a",)))
    around = await store.around(found[0], before=3, after=2)
    assert [line.message for line in around] == written[17:23]
    assert {line.group for line in around} == {SHOP}


async def test_a_tail_gives_late_lines_once(loki: LokiServer, store: LokiStore) -> None:
    fill(loki, 25)
    asked = replace(query(SHOP), end=None)
    async with aclosing(store.tail(asked)) as tail:
        seen: list[str] = []
        while len(seen) < 25:
            seen += [line.message for line in await anext(tail)]
        loki.streams[0][1].insert(3, ((BASE + 2) * NANO, "late"))
        while "late" not in seen:
            seen += [line.message for line in await anext(tail)]
    assert len(seen) == len(set(seen)) == 26


async def test_throttling_passes_and_is_counted(loki: LokiServer, store: LokiStore) -> None:
    fill(loki, 5)
    loki.refusals = [(429, "too many outstanding requests")]
    progress = Progress()
    assert len(await lines_of(store, query(SHOP), progress)) == 5
    assert progress.throttled == 1


@pytest.mark.parametrize(
    ("refusal", "error", "words"),
    [
        ((401, "no org id"), UpstreamError, "Set LOKI_TENANT"),
        ((401, "Unauthorized"), UpstreamError, "Check LOKI_TOKEN"),
        ((403, "forbidden"), UpstreamError, "LOKI_TENANT"),
        ((400, "parse error"), UpstreamError, "Check the selector"),
        ((404, "page not found"), NotFound, "this address (page not found). Check LOKI_URL"),
        ((200, "<html>"), UpstreamError, "LOKI_URL"),
    ],
)
async def test_a_refusal_is_told_with_its_cure(
    loki: LokiServer, store: LokiStore, refusal: tuple[int, str], error: type, words: str
) -> None:
    loki.refusals = [refusal]
    with pytest.raises(error) as told:
        await texts_of(store)
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("token", "sent"), [("secret", "Bearer secret"), ("me:secret", "Basic bWU6c2VjcmV0")]
)
async def test_who_we_are_is_told(loki: LokiServer, token: str, sent: str) -> None:
    store = LokiStore(LokiAccess(f"{loki.url}/", token, "team-7"))
    await store.groups()
    await store.close()
    assert loki.headers[0]["Authorization"] == sent
    assert loki.headers[0]["X-Scope-OrgID"] == "team-7"


async def test_a_selector_cannot_be_left_by_a_name(loki: LokiServer, store: LokiStore) -> None:
    loki.add({"app": "secret"}, [(BASE * NANO, "hidden")])
    assert await texts_of(store, 'loki:shop"} or {app="secret') == []


async def test_a_login_in_the_address_beside_a_token_is_told_and_not_tried_again(
    loki: LokiServer,
) -> None:
    store = LokiStore(LokiAccess(loki.url.replace("//", "//ada:pw@"), "glc_secret"))
    with pytest.raises(UpstreamError, match=r"Check LOKI_URL\.") as caught:
        await store.labels(hours=1)
    await store.close()
    assert caught.value.permanent
    assert "pw" not in str(caught.value)
