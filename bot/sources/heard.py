"""What a source made of one delivery."""

from __future__ import annotations

from dataclasses import dataclass

from bot.models import Event, ShipmentChange


@dataclass(frozen=True, slots=True)
class SnsSubscription:
    """A topic that asks us to confirm our subscription; the signature has been checked."""

    topic: str
    token: str


@dataclass(frozen=True, slots=True)
class Heard:
    """The events of a delivery, and what else the sender should hear.

    Attributes:
        events: to be committed before the sender gets its 2xx; often none.
        shipments: what became of issues and pull requests; ours among them close their alerts.
        confirm: the SNS subscription to confirm.
        note: says in words why nothing was told, e.g. "a test ping"; shown to the sender.
        answer: the body its protocol demands in place of ours (a Slack challenge, an SDK's id).
        content_type: of `answer`.
    """

    events: tuple[Event, ...] = ()
    shipments: tuple[ShipmentChange, ...] = ()
    confirm: SnsSubscription | None = None
    note: str = ""
    answer: bytes = b""
    content_type: str = "application/json"


def left_aside(why: str) -> Heard:
    """A delivery that is understood and tells of no trouble."""
    return Heard(note=why)
