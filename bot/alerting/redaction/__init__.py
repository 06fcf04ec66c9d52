"""Redaction: what must not be stored is replaced by a marker that says what it was.

Redactor(emails=True, cards=True, extra_keys=()).event(event) -> Event
"""

from __future__ import annotations

from bot.alerting.redaction.redactor import Redactor

__all__ = ["Redactor"]
