"""Small alert details for the tests of what people see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.models import (
    Act,
    ActRecord,
    Alert,
    AlertDetail,
    AlertState,
    Event,
    ExceptionInfo,
    Fingerprint,
    Frame,
    Link,
    RequestInfo,
    Severity,
    Shipment,
)

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def alert(**changes: Any) -> Alert:
    plain = Alert(
        id=42,
        fingerprint=Fingerprint(1, "abc"),
        service="checkout",
        environment="production",
        state=AlertState.OPEN,
        severity=Severity.ERROR,
        title="ZeroDivisionError: division by zero",
        message="division by zero",
        occurrences=128,
        first_seen=NOW - timedelta(hours=2),
        last_seen=NOW - timedelta(minutes=1),
        state_changed_at=NOW - timedelta(hours=2),
    )
    return replace(plain, **changes)


def event(**changes: Any) -> Event:
    frames = (
        Frame("/usr/lib/python3.11/wsgiref/handlers.py", 137, "run", in_app=False),
        Frame("shop/cart.py", 31, "checkout", in_app=True, code="price(cart)"),
        Frame("shop/pricing.py", 12, "price", in_app=True, code="return total / len(items)"),
    )
    plain = Event(
        source="cloudwatch",
        event_id="e-1",
        service="checkout",
        message="division by zero",
        occurred_at=NOW,
        exceptions=(ExceptionInfo("ZeroDivisionError", "division by zero", frames),),
        request=RequestInfo("POST", "/checkout", "r-9"),
        user="u-77",
        commit="3f2a91c0ffee",
        links=(Link("Runbook", "https://wiki.example.org/runbook"),),
    )
    return replace(plain, **changes)


def detail(**changes: Any) -> AlertDetail:
    plain = AlertDetail(alert=alert(), event=event(), activity=(0, 1, 0, 4, 9, 20))
    return replace(plain, **changes)


def act(act: Act, name: str = "Sam", minutes_ago: int = 5, note: str = "") -> ActRecord:
    return ActRecord(act, 7, name, NOW - timedelta(minutes=minutes_ago), note)


def shipment(kind: str = "issue", number: int = 12) -> Shipment:
    path = "pull" if kind == "pull_request" else "issues"
    url = f"https://github.com/acme/shop/{path}/{number}"
    return Shipment(kind, "acme/shop", number, url, "Kim", NOW - timedelta(minutes=3))
