"""The words and signs for states, severities and acts: one meaning, one sign, everywhere."""

from __future__ import annotations

from bot.models import Act, ActRecord, AlertState, Severity, Shipment
from bot.ui import plain, times

STATE_WORDS = {
    AlertState.OPEN: ("🔴", "Open"),
    AlertState.ACKNOWLEDGED: ("👀", "Acknowledged"),
    AlertState.RESOLVED: ("✅", "Resolved"),
}
_SEVERITY_MARKS = {
    Severity.INFO: "🔵",
    Severity.WARNING: "🟠",
    Severity.ERROR: "🔴",
    Severity.CRITICAL: "🚨",
}
# Button label, what was done (past participle), sign.
ACT_WORDS = {
    Act.ACKNOWLEDGE: ("Acknowledge", "acknowledged", "👀"),
    Act.RESOLVE: ("Resolve", "resolved", "✅"),
    Act.SILENCE: ("Silence", "silenced", "🔕"),
    Act.UNSILENCE: ("Unsilence", "unsilenced", "🔔"),
    Act.CREATE_ISSUE: ("Create issue", "issue created", "📝"),
    Act.CREATE_PULL_REQUEST: ("Create PR", "pull request created", "🔀"),
    Act.REOPEN: ("Reopen", "reopened", "↩️"),
    Act.ATTACH_LOGS: ("Attach logs", "log lines attached", "📎"),
}
SILENCE_MINUTES = {30: "30 minutes", 60: "1 hour", 240: "4 hours", 1440: "1 day"}


def severity_mark(severity: Severity) -> str:
    """The sign of a severity."""
    return _SEVERITY_MARKS[severity]


def act_line(record: ActRecord) -> str:
    """One act of the audit trail: "👀 Sam: acknowledged 5 minutes ago"."""
    _, done, mark = ACT_WORDS[record.act]
    # A shipment's detail is its address, which the card links anyway.
    has_extra = plain.one_line(record.detail) and "://" not in record.detail
    extra = f" ({plain.label(record.detail, 80)})" if has_extra else ""
    return (
        f"{mark} {plain.label(record.person_name, 60)}: {done}{extra} {times.relative(record.at)}"
    )


def shipment_name(shipment: Shipment) -> str:
    """How people call it: "Issue #12", "Pull request #3"."""
    kind = "Pull request" if shipment.kind == "pull_request" else "Issue"
    return f"{kind} #{shipment.number}"
