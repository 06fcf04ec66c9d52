"""A playing: the same from the same seed, in order, one trace id through it, in flat memory."""

from __future__ import annotations

import hashlib
import itertools
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from crash_samples import START, found, shipped, small

from bot.simulation.crash.formats import FORMATS
from bot.simulation.crash.library import Library
from bot.simulation.crash.playing import Play

NAMES = tuple(Library().all())
TRACE = 'Traceback (most recent call last):\n  File "/srv/a.py", line 1, in f\nValueError: x'


@pytest.mark.parametrize("name", NAMES)
def test_entries_are_in_order_and_the_crash_comes_when_it_should(name: str) -> None:
    one, play = shipped(name)
    entries = list(play.entries(TRACE))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    (crash,) = [entry for entry in entries if entry.trace]
    assert crash.at == round(play.crashes_at.timestamp() * 1000)
    assert crash.service == one.scenario.crash.service
    assert entries[0].at >= START.timestamp() * 1000
    assert abs(len(entries) - play.expected) <= len(one.scenario.flows) * 4


@pytest.mark.parametrize("name", NAMES)
def test_one_trace_id_runs_through_several_services_into_the_crash(name: str) -> None:
    _, play = shipped(name)
    request = [entry for entry in play.entries(TRACE) if entry.trace_id == play.trace_id]
    assert len(request) >= 4
    assert len({entry.service for entry in request}) >= 2
    assert any(entry.trace for entry in request)


@pytest.mark.parametrize("name", NAMES)
def test_warnings_grow_denser_before_the_crash(name: str) -> None:
    _, play = shipped(name)
    crash_at = round(play.crashes_at.timestamp() * 1000)
    warned = [
        crash_at - entry.at
        for entry in play.entries(TRACE)
        if entry.level in ("warning", "error") and entry.at < crash_at
    ]
    assert max(warned) > 90_000
    last, before = (sum(low <= each < low + 60_000 for each in warned) for low in (0, 120_000))
    assert last > before


def test_the_same_seed_and_start_play_the_same() -> None:
    _, play = shipped("taskq_oversell")
    again = replace(play)
    assert list(play.entries(TRACE)) == list(again.entries(TRACE))
    assert (play.id, play.upload_id, play.facts) == (again.id, again.upload_id, again.facts)
    other = replace(play, seed=8)
    assert list(other.entries(TRACE)) != list(play.entries(TRACE))
    assert other.id != play.id


def test_facts_are_the_same_all_through_it(tmp_path: Path) -> None:
    play = Play(found(small(), tmp_path).scenario, 1, START)
    (step,) = [entry for entry in play.entries(TRACE) if "/orders/" in entry.message]
    assert step.message == f"GET /orders/{play.facts['order']}"


def test_numbers_become_what_they_should_until_the_crash(tmp_path: Path) -> None:
    play = Play(found(small(), tmp_path).scenario, 1, START)
    took = [
        int(entry.fields["took_ms"]) for entry in play.entries(TRACE) if "slow" in entry.message
    ]
    assert took[0] < took[-1]
    assert 600 < took[-1] <= 900


@pytest.mark.parametrize("least", [1, 2_000, 9_999])
@pytest.mark.parametrize("name", NAMES)
def test_there_are_at_least_as_many_lines_as_wanted(name: str, least: int) -> None:
    _, play = shipped(name, min_logs=least)
    count = sum(1 for _ in play.entries(TRACE))
    assert count >= least
    assert count <= max(2_000, least * 1.02)


def test_without_jitter_what_is_regular_is_spread_evenly(tmp_path: Path) -> None:
    scenario = found(small(), tmp_path).scenario
    even = [
        e.at for e in Play(scenario, 1, START, jitter=False).entries("") if "GET / " in e.message
    ]
    gaps = {after - before for before, after in itertools.pairwise(even)}
    assert max(gaps) - min(gaps) <= 1
    uneven = [e.at for e in Play(scenario, 1, START).entries("") if "GET / " in e.message]
    assert len({after - before for before, after in itertools.pairwise(uneven)}) > 10


def test_a_long_log_needs_no_more_memory_than_a_short_one() -> None:
    _, play = shipped("paystack_timeout", min_logs=40_000)
    entries = play.entries(TRACE)
    tracemalloc.start()
    try:
        # Requests under way wait for their last lines; from then on nothing may be added.
        for _ in itertools.islice(entries, 10_000):
            pass
        tracemalloc.reset_peak()
        settled, _ = tracemalloc.get_traced_memory()
        for _ in itertools.islice(entries, 10_000):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - settled < 3_000_000


def test_a_seed_means_the_same_bytes_on_every_machine_and_python(tmp_path: Path) -> None:
    play = Play(found(small(), tmp_path).scenario, 7, START)
    digests = {
        form: hashlib.sha256(
            "\n".join(render(entry, "production") for entry in play.entries(TRACE)).encode()
        ).hexdigest()[:16]
        for form, render in FORMATS.items()
    }
    assert digests == {
        "text": "d1145bfe6a7fe9c8",
        "json": "3dae01ec76b8a4b1",
        "logfmt": "bcfc2eaebee2fd7f",
        "ecs": "abd03f904367d4ad",
    }
