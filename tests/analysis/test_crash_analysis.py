"""What happened, from logs alone: whatever their format, and whoever wrote them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.crash import CrashAnalyst, CrashReport
from bot.analysis.logs.query import LogLine
from bot.analysis.stacktrace import culprit, mark_in_app, parse
from bot.errors import NotFound
from bot.models import Severity
from bot.simulation.crash.formats import FORMATS
from bot.simulation.crash.library import Library
from bot.simulation.crash.playing import Play
from bot.simulation.crash.running import run

SHARED = Path(os.environ.get("JINKIES_SHARED", Path(__file__).parents[2] / ".." / "shared"))
SAMPLES = SHARED / "payloads" / "stacktraces"
START = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
AT = 1_769_828_400_000


def report_of(text: str) -> CrashReport:
    """The report of a log, a second between its lines' times."""
    analyst = CrashAnalyst()
    analyst.feed(LogLine(AT, line) for line in text.split("\n"))
    return analyst.report()


def played(name: str, form: str, *, as_if: str = "") -> CrashReport:
    found = Library().get(name)
    play = Play(found.scenario, 7, START)
    trace = run(found.scenario.crash.program, found.folder, play.facts)
    analyst = CrashAnalyst()
    for entry in play.entries(trace):
        text = FORMATS[form](entry, "production").replace(name, as_if or name)
        analyst.feed(LogLine(entry.at, line) for line in text.split("\n"))
    return analyst.report()


# Scenario -> the component, the error's type, the culprit's line, a sign that came before it.
TOLD = {
    "db_startup_failure": (
        "catalogue-api (catalogue/database.py:31)", "StartupFailed",
        "raise DatabaseError(text)", "nearly all connections are in use",
    ),
    "migration_type_mismatch": (
        "orders-api (orders/statements.py:21)", "TypeError",
        "total += row.total_cents", "applying 0042_totals_as_text",
    ),
    "paystack_timeout": (
        "payments-api (payments/connection.py:46)", "ChargeFailed",
        "return self._socket.recv(65_536)", "Paystack is slow: POST /transaction/initialize",
    ),
    "stripe_signature_error": (
        "billing-api (billing/signatures.py:21)", "SignatureVerificationError",
        "raise SignatureVerificationError(", "release 2026.11.2 is live",
    ),
    "taskq_oversell": (
        "reservations (tickets/stock.py:30)", "OversoldError",
        "self._database.execute(", "slow query: UPDATE stock",
    ),
    "verify_payment_timeout": (
        "subscriptions-api (subscriptions/pool.py:24)", "VerifyPaymentTimeout",
        'raise PoolExhausted(f"all {self.size} connections are in use, and none came back")',
        "few connections are idle",
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", TOLD)
def test_every_format_tells_the_same_crash(name: str, form: str) -> None:
    report = played(name, form)
    component, error_type, code, sign = TOLD[name]
    assert (report.component, report.error_type) == (component, error_type)
    assert report.culprit is not None
    assert report.culprit.code == code
    assert any(each.text.startswith(sign) for each in report.signs)
    assert report.title.startswith(error_type)
    assert error_type in report.description
    assert report.users_impacted > 5
    assert report.warned_for > timedelta(minutes=2)
    assert len(report.trace_id) == 32
    assert sum(report.trace_id in line for line in report.request) >= 4


@pytest.mark.parametrize("name", ["paystack_timeout", "stripe_signature_error"])
def test_nothing_is_looked_up_by_the_scenarios_name(name: str) -> None:
    report = played(name, "text", as_if="something_else")
    assert report == played(name, "text")
    renamed = Library().get(name).scenario.model_copy(update={"scenario": "something_else"})
    play = Play(renamed, 7, START)
    analyst = CrashAnalyst()
    trace = run(renamed.crash.program, Library().get(name).folder, play.facts)
    for entry in play.entries(trace):
        text = FORMATS["json"](entry, "production")
        analyst.feed([LogLine(entry.at, text)])
    again = analyst.report()
    assert (again.component, again.error_type) == TOLD[name][:2]
    assert again.culprit == report.culprit


def test_users_are_those_whom_errors_name_and_many_make_it_critical() -> None:
    lines = [
        *(f"2026-01-31 03:00:00 INFO GET / 200 user=calm_{n}" for n in range(99)),
        *(f"2026-01-31 03:00:01 ERROR no answer user=u_{n % 12}" for n in range(40)),
        "2026-01-31 03:00:02 ERROR it broke service=web",
        "Traceback (most recent call last):",
        '  File "/srv/web/a.py", line 3, in f',
        "    g()",
        "ValueError: x",
    ]
    report = report_of("\n".join(lines))
    assert (report.users_impacted, report.severity) == (12, Severity.ERROR)
    assert (report.title, report.component) == ("ValueError: x", "web (web/a.py:3)")
    more = "\n".join(f"2026-01-31 03:00:01 ERROR no user=v_{n}" for n in range(20))
    worse = report_of("\n".join(lines) + "\n" + more)
    assert (worse.users_impacted, worse.severity) == (32, Severity.CRITICAL)
    assert any("32 users" in reason for reason in worse.reasons)


def test_a_number_that_rises_is_told_as_rising_and_one_that_does_not_is_not() -> None:
    lines = [
        line
        for n in range(10)
        for line in (
            f"2026-01-31 03:00:{n:02} WARNING slow query took_ms={100 * (n + 1)}",
            f"2026-01-31 03:00:{n:02} WARNING disk nearly full free=7",
        )
    ]
    report = report_of("\n".join([*lines, "2026-01-31 03:00:20 ERROR gone"]))
    slow, disk = report.signs
    assert (slow.text, slow.count, slow.rising) == ("slow query", 10, "took_ms 300 → 1000")
    assert (disk.text, disk.count, disk.rising) == ("disk nearly full", 10, "")


def test_the_worst_error_with_a_trace_is_the_crash_and_the_first_of_equals() -> None:
    def error(second: int, level: str, kind: str) -> str:
        return (
            f"2026-01-31 03:00:{second:02} {level} it broke\nTraceback (most recent call last):\n"
            f'  File "/srv/a.py", line {second}, in f\n    g()\n{kind}: x'
        )

    one, two = error(1, "ERROR", "ValueError"), error(2, "ERROR", "KeyError")
    fatal, bare = error(3, "CRITICAL", "OSError"), "2026-01-31 03:00:04 CRITICAL no trace"
    assert report_of("\n".join([one, two, bare])).error_type == "ValueError"
    assert report_of("\n".join([one, two, fatal, bare])).error_type == "OSError"
    assert report_of(bare).title == "no trace"


def test_logs_without_an_error_are_told_to_have_none() -> None:
    with pytest.raises(NotFound, match="no error"):
        report_of("2026-01-31 03:00:00 INFO all is well")
    with pytest.raises(NotFound):
        CrashAnalyst().report()


def test_a_trace_is_never_cut_where_a_batch_of_lines_ends() -> None:
    frames = "\n".join(f'  File "/srv/a.py", line {n}, in f{n}\n    g()' for n in range(300))
    trace = (
        f"2026-01-31 03:00:01 ERROR deep\nTraceback (most recent call last):\n{frames}\nKeyError: x"
    )
    before = "\n".join(f"2026-01-31 03:00:00 INFO line {n}" for n in range(395))
    report = report_of(f"{before}\n{trace}\n2026-01-31 03:00:03 INFO after")
    assert len(report.exceptions[0].frames) == 300
    assert report.error_type == "KeyError"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_traces_of_every_language_are_read_as_those_of_real_alerts_are() -> None:
    read, missed = 0, []
    for path in sorted(SAMPLES.iterdir()):
        text = path.read_text(encoding="utf-8", errors="replace")
        expected = mark_in_app(parse(text))
        if not expected:
            continue
        line = {"level": "error", "message": "it broke", "service": "web", "stack_trace": text}
        report = report_of(json.dumps(line))
        read += 1
        if report.culprit != culprit(expected):
            missed.append(path.name)
    assert read >= 30
    assert missed == []


@given(
    st.lists(
        st.text(max_size=200)
        | st.sampled_from(
            [
                "ERROR x",
                "Traceback (most recent call last):",
                '  File "a", line 1',
                '{"level": "error"}',
                'level=error msg="',
            ]
        ),
        max_size=30,
    )
)
def test_any_lines_have_a_report_or_no_error(lines: list[str]) -> None:
    analyst = CrashAnalyst()
    analyst.feed(LogLine(AT + n, line) for n, line in enumerate(lines))
    try:
        report = analyst.report()
    except NotFound:
        return
    assert report.lines == len(lines)
    assert replace(report) == report
