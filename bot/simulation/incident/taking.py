"""Single values as other generators write them, brought into our form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

EVENT_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("alert", "alarm", "page", "notification", "monitor"), "alert"),
    **dict.fromkeys(("message", "msg", "chat", "comment", "reply", "thread_reply"), "message"),
    **dict.fromkeys(("mention", "ping", "cross_team", "escalation"), "mention"),
    **dict.fromkeys(("action", "command", "mitigation", "remediation"), "action"),
    **dict.fromkeys(("resolution", "resolved", "resolve", "recovery"), "resolution"),
}
ACTION_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("restart", "reboot", "rolling_restart"), "restart"),
    **dict.fromkeys(("scale", "scale_up", "scale_out", "scaling"), "scale"),
    **dict.fromkeys(("flag_toggle", "feature_flag", "flag", "toggle"), "flag_toggle"),
    **dict.fromkeys(("rollback", "revert", "roll_back"), "rollback"),
    **dict.fromkeys(("manual_fix", "fix", "manual", "config_change", "other"), "manual_fix"),
}
SEVERITIES: Mapping[str, str] = {
    **dict.fromkeys(
        ("critical", "crit", "error", "high", "fatal", "p1", "sev1", "page"), "critical"
    ),
    **dict.fromkeys(("warning", "warn", "medium", "major", "p2", "sev2", "minor"), "warning"),
    **dict.fromkeys(("info", "information", "low", "notice", "p3", "p4", "sev3", "sev4"), "info"),
}
ROLES: Mapping[str, str] = {
    **{each: each for each in ("primary", "affected", "upstream", "downstream", "observer")},
    **dict.fromkeys(("root", "origin", "source", "root_cause", "main"), "primary"),
    **dict.fromkeys(("secondary", "impacted", "dependent", "victim"), "affected"),
    **dict.fromkeys(("watcher", "bystander", "other"), "observer"),
}
_GRADES = {"critical": 1, "high": 2, "major": 2, "medium": 3, "minor": 3, "low": 4}
_CLOCK = re.compile(r"(?:T\s*)?\+?\s*(?:(\d{1,6}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)")
_SPAN = re.compile(
    r"(?:T\s*)?\+?\s*(\d+(?:\.\d+)?)\s*(s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?)?",
    re.IGNORECASE,
)
_SUBTEAM = re.compile(r"<!subteam\^\w+\|?@?([\w.-]*)>")


def seconds(value: object) -> float | None:
    """A time after the beginning: 30, "30", "30s", "2m", "T+1:05"; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if value == value and abs(value) != float("inf") else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if match := _CLOCK.fullmatch(text):
        return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])
    if match := _SPAN.fullmatch(text):
        unit = (match[2] or "s")[0].lower()
        return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[unit]
    return None


def moment(value: object) -> tuple[datetime, bool] | None:
    """A point in time, and whether it said its zone; None for what is none."""
    if isinstance(value, datetime):
        return (value, True) if value.tzinfo else (value.replace(tzinfo=UTC), False)
    if isinstance(value, int | float) and not isinstance(value, bool):
        size = 1000.0 if value > 100_000_000_000 else 1.0
        try:
            return datetime.fromtimestamp(value / size, UTC), True
        except (ValueError, OverflowError, OSError):
            return None
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (found, True) if found.tzinfo else (found.replace(tzinfo=UTC), False)


def grade(value: object) -> str | None:
    """A severity of an incident as SEV-1 … SEV-4."""
    text = str(value).strip().lower()
    number = _GRADES.get(text)
    if number is None and (match := re.fullmatch(r"(?:sev|severity|p)?[\s_-]*([1-5])", text)):
        number = min(4, int(match[1]))
    return f"SEV-{number}" if number else None


def slug(value: object) -> str:
    """A name in small letters, digits and hyphens; "" if nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", str(value).lower()).strip("-")[:100].rstrip("-")


def channel(value: object) -> str:
    """A channel's name with its #."""
    text = re.sub(r"[^a-z0-9_-]+", "-", str(value).strip().lower().lstrip("#")).strip("-_")
    return f"#{text[:80]}" if text else ""


def handle(value: object) -> str:
    """A group's or person's name with its @."""
    text = str(value).strip()
    if match := _SUBTEAM.fullmatch(text):
        text = match[1]
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", text.lstrip("@")).strip("-._")
    return f"@{text[:80]}" if text else ""


def key(value: object) -> str:
    """A metric's name: `P95 latency` is P95_latency."""
    text = re.sub(r"[^A-Za-z0-9_.-]+", "_", str(value).strip()).strip("_.-")[:80]
    return text if text[:1].isalpha() else f"m_{text}" if text else ""


def figure(value: object) -> str:
    """A metric's value as text: 480, "480 ms", {"value": 480, "unit": "ms"}; "" for none."""
    if isinstance(value, Mapping):
        unit = value.get("unit") or ""
        inner = figure(value.get("value", value.get("current", "")))
        return f"{inner} {unit}".strip() if inner else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
    return value.strip()[:300] if isinstance(value, str) else ""


def person(value: object) -> str:
    """A user name, also of an object that has one."""
    if isinstance(value, Mapping):
        fields: Any = (value.get(each) for each in ("username", "user", "name", "id", "handle"))
        value = next((each for each in fields if each), "")
    return (
        str(value).strip().lstrip("@").strip()[:80].strip() if isinstance(value, str | int) else ""
    )
