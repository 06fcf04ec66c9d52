from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.simulation.dataset.checking import measure_of
from bot.simulation.dataset.configuration import SOURCES
from bot.simulation.dataset.files import lines_of
from bot.simulation.dataset.folder import DataSet
from bot.simulation.dataset.shapes import milliseconds, service_of
from bot.simulation.dataset.traffic import minute_of
from bot.simulation.dataset.truth import moment, window_of

ALL_TYPES = {
    "cache_failure", "payment_failure", "high_cpu", "memory_leak", "latency_spike", "queue_lag",
    "catalog_failure", "service_unreachable", "gc_pressure", "traffic_spike", "llm_rate_limit",
    "llm_inaccuracy", "bad_deploy", "migration_type_mismatch", "certificate_expiry",
    "dns_failure", "noisy_neighbour", "disk_full", "pool_exhaustion",
}  # fmt: skip


@cache
def lines(root: Path, source: str) -> dict[str, Mapping[str, Any]]:
    return {
        line["@id"]: line
        for path in sorted((root / source).glob("*"))
        for raw in lines_of(path)
        for line in (orjson.loads(raw),)
    }


@cache
def truth(root: Path) -> tuple[Mapping[str, Any], ...]:
    return tuple(DataSet(root).incidents())


def of_type(root: Path, name: str) -> Mapping[str, Any]:
    return next(one for one in truth(root) if one["type"] == name)


def entries(
    root: Path, incident: Mapping[str, Any], source: str
) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
    for name in incident["entries"][source]:
        line = lines(root, source)[name]
        when = milliseconds(source, line)
        if when is not None:
            yield datetime.fromtimestamp(when / 1000, tz=UTC), line


def test_every_type_of_incident_happens_in_a_day(day_set: Path) -> None:
    assert {one["type"] for one in truth(day_set)} == ALL_TYPES
    assert {one["severity"] for one in truth(day_set)} == {"warning", "error", "critical"}


def test_incidents_overlap_and_decoys_are_told_apart(day_set: Path) -> None:
    spans = sorted(window_of(one) for one in truth(day_set))
    assert any(after[0] < before[1] for before, after in pairwise(spans))
    text = (day_set / "correlation" / "incidents_2026-01-07.json").read_bytes()
    decoys = orjson.loads(text)["decoys"]
    assert len({decoy["kind"] for decoy in decoys}) >= 4
    assert all(decoy["why_it_is_none"] for decoy in decoys)


@pytest.mark.parametrize("source", SOURCES)
def test_every_id_that_the_truth_names_exists(source: str, day_set: Path) -> None:
    for incident in truth(day_set):
        named = incident["entries"][source]
        assert named, f"{incident['id']} has nothing in {source}"
        assert len(set(named)) == len(named)
        assert set(named) <= set(lines(day_set, source))


@pytest.mark.parametrize("source", SOURCES)
def test_what_belongs_to_an_incident_lies_in_its_window_and_in_its_services(
    source: str, day_set: Path
) -> None:
    for incident in truth(day_set):
        start, end = window_of(incident)
        services = {one["service"] for one in incident["affected"]}
        for name in incident["entries"][source]:
            line = lines(day_set, source)[name]
            when = milliseconds(source, line)
            if when is not None:
                assert start.timestamp() * 1000 <= when < end.timestamp() * 1000
            assert not (service := service_of(source, line)) or service in services


def measures(root: Path, source: str) -> dict[tuple[str, int], tuple[float, int]]:
    found: dict[tuple[str, int], tuple[float, int]] = {}
    for line in lines(root, source).values():
        measure = measure_of(source, line)
        when = milliseconds(source, line)
        if measure is not None and when is not None:
            place = (service_of(source, line), when // 60_000)
            total, count = found.get(place, (0.0, 0))
            found[place] = (total + measure, count + 1)
    return found


def level(
    source: str,
    found: Mapping[tuple[str, int], tuple[float, int]],
    service: str,
    minutes: Collection[int],
) -> float:
    """The mean over some minutes: per minute where a source is counted, else per sample."""
    sums = [found[service, minute] for minute in minutes if (service, minute) in found]
    total, count = sum(one[0] for one in sums), sum(one[1] for one in sums)
    if source in ("kubernetes", "sentry"):
        return total / len(minutes)
    return total / count if count else 0.0


@pytest.mark.parametrize("source", SOURCES)
def test_each_affected_service_shows_it_in_each_source_and_a_control_window_does_not(
    source: str, day_set: Path
) -> None:
    found = measures(day_set, source)
    troubled: dict[str, set[int]] = {}
    for incident in truth(day_set):
        start, end = (minute_of(one) for one in window_of(incident))
        for one in incident["affected"]:
            troubled.setdefault(one["service"], set()).update(range(start, end))
    every = {minute for _, minute in found}
    quiet = {
        name: level(source, found, name, every - minutes) for name, minutes in troubled.items()
    }
    for incident in truth(day_set):
        first = minute_of(moment(incident["first_errors"]))
        last = minute_of(moment(incident["window"]["end"]))
        for one in incident["affected"]:
            name = one["service"]
            shown = level(source, found, name, range(first, last))
            assert shown > 1.8 * quiet[name], (incident["id"], name)
            # The control: the quiet half hour next to it is like every quiet half hour.
            before = sorted(every - troubled[name], key=lambda minute: abs(minute - first))[:30]
            assert level(source, found, name, before) < shown


def test_a_memory_leak_unfolds_in_the_order_of_its_causes(day_set: Path) -> None:
    leak = of_type(day_set, "memory_leak")
    root = leak["root_cause"]["service"]
    rising = min(
        when for when, line in entries(day_set, leak, "cloudwatch")
        if line.get("metric_name") == "MemoryUtilization"
    )  # fmt: skip
    killed = next(
        when for when, line in entries(day_set, leak, "kubernetes")
        if line.get("reason") == "OOMKilling"
    )  # fmt: skip
    restarted = next(
        when for when, line in entries(day_set, leak, "kubernetes")
        if line.get("reason") == "Started" and when > killed
    )  # fmt: skip
    told = [when for when, line in entries(day_set, leak, "sentry") if line["@kind"] == "event"]
    alarm = next(
        when for when, line in entries(day_set, leak, "cloudwatch")
        if line["@kind"] == "alarm" and line["detail"]["alarmName"] == f"shop-{root}-memory"
    )  # fmt: skip
    notified = next(
        when for when, line in entries(day_set, leak, "grafana")
        if line["@kind"] == "notification" and "memory" in line["title"]
    )  # fmt: skip
    assert rising < killed < restarted < alarm < notified
    spike = Counter(when >= killed.replace(second=0, microsecond=0) for when in told)
    assert spike[True] > 5 * spike[False]


def test_the_restarted_container_has_another_id_and_its_pod_the_same(day_set: Path) -> None:
    leak = of_type(day_set, "memory_leak")
    kill = next(
        line for _, line in entries(day_set, leak, "kubernetes")
        if line.get("reason") == "OOMKilling"
    )  # fmt: skip
    pod, when = kill["involvedObject"]["name"], milliseconds("kubernetes", kill)
    seen: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for line in lines(day_set, "kubernetes").values():
        if line["@kind"] == "log" and line["kubernetes"]["pod_name"] == pod:
            told = milliseconds("kubernetes", line)
            assert told is not None
            assert when is not None
            after = told >= when // 60_000 * 60_000
            seen[after].add((line["kubernetes"]["pod_id"], line["kubernetes"]["docker_id"]))
    (before,), (later,) = seen[False], seen[True]
    assert before[0] == later[0]
    assert before[1] != later[1]


def test_one_error_is_the_same_in_all_sources(day_set: Path) -> None:
    pods = {
        line["kubernetes"]["pod_name"]: line["kubernetes"]["host"]
        for line in lines(day_set, "kubernetes").values()
        if line["@kind"] == "log"
    }
    logged = {
        line["log"].split("trace")[-1][:60]: line["kubernetes"]["pod_name"]
        for line in lines(day_set, "kubernetes").values()
        if line["@kind"] == "log" and line["stream"] == "stderr"
    }
    text = "\n".join(logged)
    events = [one for one in lines(day_set, "sentry").values() if one["@kind"] == "event"]
    for event in events[:500]:
        assert event["contexts"]["trace"]["trace_id"] in text
        assert pods[event["server_name"]] == event["tags"]["node"]
        assert event["release"].startswith(event["tags"]["service"] + "@")
    traces = {one["contexts"]["trace"]["trace_id"] for one in lines(day_set, "sentry").values()
              if one["@kind"] == "transaction"}  # fmt: skip
    access = {
        message["xrayTraceId"][2:].replace("-", "")
        for line in lines(day_set, "cloudwatch").values()
        if line["@kind"] == "log" and line["logGroupName"].startswith("/aws/apigateway")
        for message in (orjson.loads(line["message"]),)
    }
    assert len(traces & access) > len(traces) * 0.3


def test_the_root_cause_of_a_bad_deploy_is_a_line_of_its_release(day_set: Path) -> None:
    incident = of_type(day_set, "bad_deploy")
    cause = incident["root_cause"]
    frames = [
        (event["release"], event["exception"]["values"][-1]["stacktrace"]["frames"][-1])
        for _, event in entries(day_set, incident, "sentry")
        if event["@kind"] == "event" and event["tags"]["service"] == cause["service"]
    ]
    assert frames
    hits = [
        frame for release, frame in frames
        if release == cause["release"]
        and (frame["filename"], frame["lineno"]) == (cause["file"], cause["line"])
    ]  # fmt: skip
    assert len(hits) > len(frames) * 0.8
    assert all("price" in frame["context_line"].lower() for frame in hits)


def test_a_perfect_system_raises_one_alert_for_an_incident(day_set: Path) -> None:
    for incident in truth(day_set):
        (alert,) = incident["alerts"]
        assert alert["service"] == incident["root_cause"]["service"]
        assert incident["affected"][0]["service"] == alert["service"]
        assert moment(alert["not_before"]) <= moment(alert["raised_by"])
        hops = [one["hops"] for one in incident["affected"]]
        assert hops == sorted(hops)
