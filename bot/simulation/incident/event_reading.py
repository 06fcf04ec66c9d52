"""One event of a timeline as others write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.simulation.incident import taking
from bot.simulation.incident.noting import Noting, kind_of, text_of

EVENT = {
    "offset_seconds": ("offset_seconds", "offset", "t", "seconds", "delay_seconds"),
    "at": ("timestamp", "time", "at"),
    "type": ("type", "event_type", "kind"),
    "id": ("id", "event_id"),
    "channel": ("channel",),
    "user": ("user", "author", "username", "from", "engineer"),
    "content": ("content", "text", "message", "body"),
    "thread_parent": ("thread_parent", "parent", "reply_to", "thread"),
    "severity": ("severity", "level"),
    "title": ("title", "name"),
    "details": ("details", "description"),
    "metrics": ("metrics",),
    "metrics_before": ("metrics_before", "baseline"),
    "metrics_after": ("metrics_after",),
    "runbook": ("runbook", "runbook_url"),
    "dashboard": ("dashboard", "dashboard_url"),
    "mentions": ("mentions",),
    "reactions": ("reactions",),
    "action_type": ("action_type", "action"),
    "action_details": ("action_details",),
}


class EventReading(Noting):
    """Reads events.

    Attributes:
        start: what their times are counted from.
        shifted: events were left out, so that those behind them have another place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.start = datetime(2026, 1, 1, tzinfo=UTC)
        self.shifted = False

    def event(self, path: str, event: dict[str, Any], ids: Mapping[str, int]) -> dict[str, Any]:
        """One event by our names; `ids` are the places of events that have names of their own."""
        kind = self._kind(path, event)
        raw: dict[str, Any] = {
            "type": kind,
            "offset_seconds": self._offset(path, event),
            "channel": self.take(f"{path}.channel", event.get("channel"), taking.channel),
            "thread_parent": self._parent(path, event.get("thread_parent"), ids),
            "mentions": self._mentions(path, event.get("mentions")),
            "reactions": self._reactions(path, event.get("reactions")),
        }
        for name in ("metrics", "metrics_before", "metrics_after"):
            raw[name] = self._metrics(f"{path}.{name}", event.get(name))
        for name in ("runbook", "dashboard"):
            raw[name] = self._link(f"{path}.{name}", event.get(name))
        if kind == "alert":
            raw |= self._alert(path, event)
        elif kind == "action":
            raw |= self._action(path, event)
        else:
            raw["user"] = taking.person(event.get("user")) or None  # missing, says the schema
            content = self.text(f"{path}.content", event.get("content"))
            raw["content"] = content or text_of(event.get("details"))
        return {name: value for name, value in raw.items() if value not in (None, "", [], {})}

    def _kind(self, path: str, event: Mapping[str, Any]) -> str:
        told = str(event.get("type", "")).strip().lower().replace("-", "_")
        kind = taking.EVENT_TYPES.get(told)
        if kind is None:
            self.note(f"{path}.type", f"{told[:40]!r} is not known; taken as a message",
                       "Write alert, message, mention, action or resolution.")  # fmt: skip
            return "message"
        if kind == "mention" and not event.get("mentions"):
            self.note(f"{path}.mentions", "is missing; taken as a message", "List whom it calls.")
            return "message"
        if kind != told:
            self.note(f"{path}.type", f"{told!r} was taken as {kind}", f"Write {kind}.")
        return kind

    def _alert(self, path: str, event: Mapping[str, Any]) -> dict[str, Any]:
        details = text_of(event.get("details")) or text_of(event.get("content")) or ""
        title = text_of(event.get("title")) or details.split("\n")[0][:300]
        told = str(event.get("severity", "")).strip().lower().replace("-", "")
        severity = taking.SEVERITIES.get(told)
        if severity != str(event.get("severity")):
            severity = severity or "warning"
            self.note(f"{path}.severity", f"{told[:40]!r} was taken as {severity}",
                       "Write critical, warning or info.")  # fmt: skip
        return {"title": title[:300], "details": details or title, "severity": severity}

    def _action(self, path: str, event: Mapping[str, Any]) -> dict[str, Any]:
        told = str(event.get("action_type", "")).strip().lower().replace("-", "_").replace(" ", "_")
        kind = taking.ACTION_TYPES.get(told)
        if kind != told:
            kind = kind or "manual_fix"
            self.note(f"{path}.action_type", f"{told[:40]!r} was taken as {kind}",
                       "Write restart, scale, flag_toggle, rollback or manual_fix.")  # fmt: skip
        content = text_of(event.get("content"))
        details = text_of(event.get("action_details")) or text_of(event.get("details")) or content
        return {
            "user": taking.person(event.get("user")),
            "action_type": kind,
            "action_details": details,
            "content": content,
        }

    def _offset(self, path: str, event: Mapping[str, Any]) -> float | None:
        value = event.get("offset_seconds")
        if value is None and (at := taking.moment(event.get("at"))) is not None:
            self.note(f"{path}.offset_seconds", "was counted from its time", "Write seconds.")
            return (at[0] - self.start).total_seconds()
        found = taking.seconds(value)
        if value is not None and found is None:
            self.problem(f"{path}.offset_seconds", f"is no time, but {kind_of(value)}",
                          "Write seconds after start_time.")  # fmt: skip
        elif isinstance(value, str):
            self.note(f"{path}.offset_seconds", f"is a text; taken as {found:g}", "Write a number.")
        return found

    def _parent(self, path: str, value: object, ids: Mapping[str, int]) -> int | None:
        if value is None or isinstance(value, bool) or value in ("", -1, "null"):
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        if isinstance(value, float) and value >= 0 and value == int(min(value, 1e9)):
            return int(value)
        known = ids.get(str(value))
        if known is None and isinstance(value, str) and value.strip().isdecimal():
            known = int(value) if len(value) < 10 else None
        if known is None:
            self.problem(f"{path}.thread_parent", f"names nothing: {kind_of(value)}",
                          "Write the place of an earlier event, from 0.")  # fmt: skip
            return None
        self.note(
            f"{path}.thread_parent", f"{value!r} was taken as place {known}", "Write a number."
        )
        return known

    def _mentions(self, path: str, value: object) -> list[str]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, Sequence):
            self._left_aside(f"{path}.mentions", value)
            return []
        found = [
            self.take(f"{path}.mentions[{n}]", each, taking.handle) for n, each in enumerate(listed)
        ]
        return [each for each in found if each]

    def _reactions(self, path: str, value: object) -> list[dict[str, Any]]:
        if isinstance(value, Mapping):
            value = [{"emoji": emoji, "users": users} for emoji, users in value.items()]
            self.note(f"{path}.reactions", "is an object; taken by emoji", "Write a list.")
        if not isinstance(value, Sequence) or isinstance(value, str):
            self._left_aside(f"{path}.reactions", value)
            return []
        found = []
        for each in value:
            told = each if isinstance(each, Mapping) else {"emoji": each}
            emoji = str(told.get("emoji") or told.get("name") or "").strip().strip(":").lower()
            users = told.get("users") or told.get("user") or ()
            listed = [users] if isinstance(users, str) else users
            people = [taking.person(one) for one in listed] if isinstance(listed, Sequence) else []
            if not emoji.isascii() or not emoji:
                self.note(f"{path}.reactions", f"{emoji!r} was left out", "Write an emoji's name.")
                continue
            emoji = "".join(c if c.isalnum() or c in "_+'-" else "_" for c in emoji)[:60]
            found.append({"emoji": emoji, "users": [p for p in people if p] or ["somebody"]})
        return found

    def _metrics(self, path: str, value: object) -> dict[str, str]:
        if isinstance(value, Sequence) and not isinstance(value, str):
            value = {
                str(each.get("name") or each.get("metric") or ""): each
                for each in value
                if isinstance(each, Mapping)
            }
            self.note(path, "is a list; taken by names", "Write an object by names.")
        if not isinstance(value, Mapping):
            self._left_aside(path, value)
            return {}
        found = {}
        for name, each in value.items():
            own, shown = taking.key(name), taking.figure(each)
            if not own or not shown:
                self.note(
                    f"{path}.{name}", "is empty and was left out", "Write a value with its unit."
                )
                continue
            if not isinstance(each, str) or own != name:
                self.note(f"{path}.{name}", f"was taken as {own}: {shown!r}", "Write a text.")
            found[own] = shown
        return found

    def _left_aside(self, path: str, value: object) -> None:
        if value is not None:
            self.note(
                path, f"is {kind_of(value)}, and was left aside", "Write it as the schema says."
            )

    def _link(self, path: str, value: object) -> str | None:
        if value in (None, ""):
            return None
        if (
            isinstance(value, str)
            and value.startswith(("https://", "http://"))
            and " " not in value
        ):
            return value
        self.note(path, "is no web address and was left out", "Write https://…")
        return None
