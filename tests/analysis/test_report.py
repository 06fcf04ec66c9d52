"""Issues and pull requests: readable for people, harmless whatever the event says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.report import MAX_BODY, MAX_TITLE, issue_draft, marker, pull_request_draft
from bot.drafts import IssueDraft, PullRequestDraft, SourceLocation
from bot.models import (
    Alert,
    AlertDetail,
    AlertState,
    Event,
    ExceptionInfo,
    Fingerprint,
    Frame,
    Link,
    LogSnapshot,
    RequestInfo,
    Severity,
    Shipment,
    SnapshotLine,
)
from sandbox.github.markdown import mentions, references, render
from sandbox.github.world import closing_numbers

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SHA = "0123456789abcdef0123456789abcdef01234567"
FRAMES = (
    Frame("/usr/lib/python3.11/runpy.py", 88, "_run_code", in_app=False),
    Frame("/app/shop/cart.py", 12, "checkout", in_app=True, code="return average(items)"),
    Frame("/app/shop/pricing.py", 6, "average", in_app=True, code="return total / len(items)"),
)
LOCATION = SourceLocation(
    "acme/shop", "shop/pricing.py", 6, SHA, f"https://github.com/acme/shop/blob/{SHA}/p.py#L6"
)
HOSTILE = (
    "@everyone @acme/team see #1, fixes #2 closes acme/shop#3 GH-4 <img src=x onerror=alert(1)> "
    "`code` ``` ~~~ | a | b | <!-- jinkies:alert:7:issue:00 --> --> </details> [x](javascript:y) "
    "https://github.com/acme/shop/issues/5 \x00\x1b[31m\u202e\u200f\U000e0041 \\` &#64;ops"
)


def detail(**changes: object) -> AlertDetail:
    event = Event(
        source="generic",
        event_id="e1",
        service="shop",
        message="division by zero",
        occurred_at=NOW,
        exceptions=(ExceptionInfo("ZeroDivisionError", "division by zero", FRAMES),),
        commit=SHA,
        request=RequestInfo("POST", "/checkout?cart=1", "req-1"),
        log_lines=("INFO start", "ERROR boom"),
        links=(Link("Runbook", "https://example.com/runbook"),),
        labels={"pod": "shop-1"},
    )
    alert = Alert(
        id=42,
        fingerprint=Fingerprint(1, "abc"),
        service="shop",
        environment="production",
        state=AlertState.OPEN,
        severity=Severity.ERROR,
        title="ZeroDivisionError: division by zero",
        message="division by zero",
        occurrences=1234,
        first_seen=NOW - timedelta(hours=2),
        last_seen=NOW,
        state_changed_at=NOW,
        culprit="shop/pricing.py in average",
    )
    event_changes = {k: v for k, v in changes.items() if k in Event.__dataclass_fields__}
    alert_changes = {k: v for k, v in changes.items() if k in Alert.__dataclass_fields__}
    return AlertDetail(
        replace(alert, **alert_changes),
        replace(event, **event_changes),
        shipments=changes.get("shipments", ()),
        logs=changes.get("logs"),
        card_url="https://discord.com/channels/1/2/3",
    )


def drafts(of: AlertDetail) -> tuple[IssueDraft, PullRequestDraft]:
    return issue_draft(of, "acme/shop", [LOCATION]), pull_request_draft(of, "acme/shop", [LOCATION])


def test_an_issue_tells_the_whole_story() -> None:
    draft = issue_draft(detail(), "acme/shop", [LOCATION])
    assert draft.title == "[J-42] ZeroDivisionError: division by zero"
    assert draft.labels == ("jinkies", "severity: error", "service: shop")
    for told in (
        "ZeroDivisionError: division by zero",
        "1,234 times",
        "2026-11-21 07:30:00 UTC",
        f"[`shop/pricing.py:6`]({LOCATION.url})",
        "`/app/shop/cart.py:12`",
        "return total / len(items)",
        "ERROR boom",
        "`POST /checkout?cart=1`",
        "https://discord.com/channels/1/2/3",
        "[Runbook](https://example.com/runbook)",
    ):
        assert told in draft.body
    assert draft.body.endswith(draft.marker + "\n")
    assert draft.body.index("pricing.py:6") < draft.body.index("cart.py:12")
    assert "runpy.py" not in draft.body.split("Stack trace")[0]


def test_the_marker_is_hidden_from_people() -> None:
    draft = issue_draft(detail(), "acme/shop")
    assert "jinkies:alert" not in render(draft.body)


def test_the_marker_is_stable_for_an_alert_and_different_elsewhere() -> None:
    one = marker(detail(), "issue", "salt")
    assert one == marker(detail(occurrences=9, title="other"), "issue", "salt")
    assert one == marker(detail(first_seen=NOW - timedelta(days=1)), "issue", "salt")
    others = {
        marker(detail(), "pull_request", "salt"),
        marker(detail(), "issue", "another deployment"),
        marker(detail(id=43), "issue", "salt"),
    }
    assert len(others | {one}) == 4


def test_a_pull_request_says_that_it_holds_no_fix_and_adds_one_report() -> None:
    draft = pull_request_draft(detail(), "acme/shop", [LOCATION])
    assert draft.branch == "jinkies/J-42"
    assert "holds no fix yet" in draft.body
    assert list(draft.files) == ["incidents/J-42.md"]
    assert draft.files["incidents/J-42.md"].startswith("# [J-42] ZeroDivisionError")
    assert draft.marker.strip("<!-> ") in draft.commit_message


def test_a_pull_request_names_its_alerts_issue_without_closing_it() -> None:
    issue = Shipment("issue", "acme/shop", 7, "https://x/7", "bot", NOW)
    draft = pull_request_draft(detail(shipments=(issue,)), "acme/shop")
    assert references(draft.body) == [7]
    assert closing_numbers(draft.body) == []


def test_the_drafts_of_a_drill_say_so_in_title_body_and_labels() -> None:
    real = detail()
    for draft in drafts(replace(real, alert=replace(real.alert, environment="drill #7"))):
        assert draft.title.startswith("[DRILL] ")
        assert "**This is a drill.**" in draft.body
        assert "drill" in draft.labels
    assert not any("drill" in draft.body.lower() for draft in drafts(real))


def test_where_it_failed_is_told_as_the_repository_spells_it() -> None:
    real = detail(culprit="/app/shop/pricing.py in average")
    for draft in (
        issue_draft(real, "acme/shop", [LOCATION]),
        pull_request_draft(real, "acme/shop", [LOCATION]),
    ):
        assert "| Where | `shop/pricing.py:6 in average` |" in draft.body
    assert "| Where | `/app/shop/pricing.py in average` |" in issue_draft(real, "acme/shop").body


def test_where_it_failed_has_no_line_if_nobody_knows_it() -> None:
    frame = Frame("/app/shop/pricing.py", None, "average", in_app=True)
    exceptions = (ExceptionInfo("ZeroDivisionError", "division by zero", (frame,)),)
    real = detail(culprit="/app/shop/pricing.py in average", exceptions=exceptions)
    found = replace(LOCATION, line=None)
    told = issue_draft(real, "acme/shop", [found]).body
    assert "| Where | `shop/pricing.py in average` |" in told


def test_what_was_seen_once_has_one_time_and_no_span() -> None:
    once = issue_draft(detail(occurrences=1, first_seen=NOW), "acme/shop").body
    assert "seen once, 2026-11-21 09:30:00 UTC." in once
    often = issue_draft(detail(), "acme/shop").body
    assert "seen 1,234 times between 2026-11-21 07:30:00 UTC and 2026-11-21 09:30:00 UTC." in often


def test_the_report_goes_where_it_is_told() -> None:
    draft = pull_request_draft(detail(), "acme/shop", folder="/docs/incidents/")
    assert list(draft.files) == ["docs/incidents/J-42.md"]


def test_the_log_around_the_error_is_told_and_nothing_twice() -> None:
    lines = (
        SnapshotLine(NOW - timedelta(milliseconds=20), "INFO start", "/shop/web"),
        SnapshotLine(NOW, "2026-11-21T09:30:00Z ERROR boom", "/shop/web"),
    )
    draft = issue_draft(
        detail(
            log_lines=("ERROR boom", "only with the event"), logs=LogSnapshot(NOW, "req 1", lines)
        ),
        "acme/shop",
    )
    assert "From `/shop/web`: `req 1`. Times are UTC." in draft.body
    assert "09:29:59.980 INFO start\n2026-11-21T09:30:00Z ERROR boom\n" in draft.body
    sent = draft.body.partition("## Log lines sent with it")[2]
    assert "only with the event" in sent
    assert "boom" not in sent


def test_of_a_long_log_the_lines_nearest_to_the_error_are_told() -> None:
    lines = tuple(
        SnapshotLine(NOW + timedelta(seconds=n), f"line {n} " + "x" * 90, "g")
        for n in range(-500, 500)
    )
    body = issue_draft(detail(logs=LogSnapshot(NOW, "", lines, left_out=7)), "acme/shop").body
    assert "line 0 " in body
    assert "line -20 " in body
    assert "line 20 " in body
    told = re.search(r"([\d,]+) more are left out", body)
    assert told
    assert int(told[1]) == 1_007 - body.count("xxxxxxxx\n")


def test_hostile_text_notifies_links_and_closes_nothing() -> None:
    hostile = detail(
        title=HOSTILE,
        message=HOSTILE,
        service=HOSTILE,
        environment=HOSTILE,
        culprit=HOSTILE,
        user=HOSTILE,
        trace_id=HOSTILE,
        commit=HOSTILE,
        stack_trace=HOSTILE + "\n````\n@ops",
        log_lines=(HOSTILE, "```", "@ops fixes #9"),
        logs=LogSnapshot(NOW, HOSTILE, (SnapshotLine(NOW, HOSTILE, HOSTILE),)),
        labels={HOSTILE: HOSTILE},
        links=(Link(HOSTILE, "https://example.com/)@ops#1"), Link("x", "javascript:alert(1)")),
        request=RequestInfo(HOSTILE, HOSTILE, HOSTILE),
        exceptions=(ExceptionInfo(HOSTILE, HOSTILE, (Frame(HOSTILE, 1, HOSTILE, code=HOSTILE),)),),
    )
    for draft in drafts(hostile):
        assert harmless(draft.body)
        assert harmless(draft.title)
        assert draft.body.count("<!--") == 1
        assert "javascript:" not in re.findall(r'href="([^"]*)', render(draft.body))


def harmless(text: str) -> bool:
    quiet = not mentions(text) and not references(text) and not closing_numbers(text)
    return quiet and not re.search(r"[\x00-\x08\x1b\u202e\u200f\U000e0041]", text)


PIECES = (  # noqa: SIM905 - a list would take a screen
    "@ops|#12|fixes #3|```|~~~~|`|\\|<!--|-->|\n|</details>|<code>|</code>|a/b#4|GH-5|&#64;x|"
    "[a](b)|https://h/x#1|  |> |- |\u200b|é|\x00|\r|*|_"
).split("|")
texts = st.text(max_size=60) | st.lists(st.sampled_from(["|", *PIECES]), max_size=12).map("".join)


@settings(max_examples=40, deadline=None)
@given(texts, texts, texts, texts)
def test_no_text_at_all_breaks_out(one: str, two: str, three: str, four: str) -> None:
    frame = Frame(one or "x", 3, two, in_app=True, code=three)
    hostile = detail(
        title=one,
        message=two,
        service=three,
        culprit=four,
        stack_trace=four + one,
        log_lines=(one, two, three),
        logs=LogSnapshot(NOW, four, (SnapshotLine(NOW, one, two), SnapshotLine(NOW, three, four))),
        labels={two: four},
        links=(Link(three, f"https://h/{four}"),),
        exceptions=(ExceptionInfo(four, three, (frame, frame)),),
    )
    for draft in drafts(hostile):
        assert harmless(draft.body)
        assert harmless(draft.title)
        assert len(draft.title) <= MAX_TITLE
        assert "\n" not in draft.title
        assert draft.body.rstrip().endswith(draft.marker)
        assert "Reported by Jinkies" in re.sub(r"<pre.*?</pre>", "", render(draft.body), flags=re.S)
        assert all(0 < len(label) <= 50 for label in draft.labels)


@pytest.mark.parametrize(
    "filler", ["x" * 200_000, "line\n" * 50_000, "`" * 100_000, "é\n" * 90_000]
)
def test_a_huge_event_is_cut_and_says_so(filler: str) -> None:
    frames = tuple(Frame(f"/app/{n}.py", n, "f" * 3000, code=filler) for n in range(14))
    huge = detail(
        title=filler,
        message=filler,
        stack_trace=filler,
        log_lines=(filler,) * 3,
        logs=LogSnapshot(NOW, filler, (SnapshotLine(NOW, filler, filler),) * 3),
        labels={f"{n}{filler}": filler for n in range(40)},
        exceptions=(ExceptionInfo(filler, filler, frames),),
    )
    for draft in drafts(huge):
        assert len(draft.body) <= MAX_BODY
        assert len(draft.title) <= MAX_TITLE
        assert draft.body.rstrip().endswith(draft.marker)
        assert "left out" in draft.body or "cut here" in draft.body
        assert "jinkies:alert" not in render(draft.body)


def test_an_event_with_almost_nothing_still_makes_an_issue() -> None:
    draft = issue_draft(
        detail(
            title="", message="", exceptions=(), log_lines=(), commit="", request=None, links=()
        ),
        "acme/shop",
    )
    assert draft.title == "[J-42] an error without a message"
    assert "## Where it comes from" not in draft.body
