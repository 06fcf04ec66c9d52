"""The buttons of a card. Each carries its act and alert in its custom_id, so it works for ever:
after a restart, on another process, on a card posted a year ago (bot/ui/presses.py answers).

custom_id: `jinkies:<act>:<alert id>`, e.g. `jinkies:acknowledge:42`, `jinkies:silence-60:42`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import discord

from bot.models import Act, Alert, AlertDetail, AlertState, Shipment
from bot.ui import plain
from bot.ui.wording import ACT_WORDS, SILENCE_MINUTES, shipment_name

ALERT_BUTTON = re.compile(r"jinkies:(?P<act>[a-z_]+)(?:-(?P<minutes>\d{1,5}))?:(?P<alert>\d{1,15})")
OPEN_ALERT = "jinkies:open"
DETAILS, LOGS = "details", "logs"
_STYLES = {
    Act.ACKNOWLEDGE: discord.ButtonStyle.primary,
    Act.RESOLVE: discord.ButtonStyle.success,
}


def card_buttons(detail: AlertDetail, now: datetime) -> discord.ui.View:
    """What can be done with the alert as it stands.

    A button that is done with stays where it was, disabled: on a phone a button that moves under
    the thumb resolves what was to be acknowledged. An issue or pull request becomes a link.
    """
    alert = detail.alert
    is_resolved = alert.state is AlertState.RESOLVED
    shipped = {shipment.kind: shipment for shipment in detail.shipments}
    return view(
        [
            act_button(Act.ACKNOWLEDGE, alert, disabled=alert.state is not AlertState.OPEN),
            act_button(Act.RESOLVE, alert, disabled=is_resolved),
            act_button(Act.UNSILENCE if alert.is_silenced(now) else Act.SILENCE, alert),
        ],
        [
            _ship_button(Act.CREATE_ISSUE, alert, shipped.get("issue")),
            _ship_button(Act.CREATE_PULL_REQUEST, alert, shipped.get("pull_request")),
            _button("Logs", f"jinkies:{LOGS}:{alert.id}", mark="📜"),
            details_button(alert.id),
        ],
    )


def silence_choices(alert_id: int) -> discord.ui.View:
    """How long to be silent."""
    return view(
        [
            _button(words.capitalize(), f"jinkies:silence-{minutes}:{alert_id}")
            for minutes, words in SILENCE_MINUTES.items()
        ]
    )


def undo_silence(alert: Alert) -> discord.ui.View:
    """The one button under "is silenced"."""
    return view([act_button(Act.UNSILENCE, alert)])


def act_button(act: Act, alert: Alert, *, disabled: bool = False) -> discord.ui.Button[Any]:
    """The button of one act."""
    label, _, mark = ACT_WORDS[act]
    style = _STYLES.get(act, discord.ButtonStyle.secondary)
    return _button(label, f"jinkies:{act}:{alert.id}", style, mark, disabled=disabled)


def details_button(alert_id: int) -> discord.ui.Button[Any]:
    """Shows the presser everything that is known."""
    return _button("Details", f"jinkies:{DETAILS}:{alert_id}", mark="🔍")


def view(*rows: Sequence[discord.ui.Item[Any]]) -> discord.ui.View:
    """Rows of components that discord.py need not remember: `presses` answers by custom_id."""
    built = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        for item in row:
            item.row = number
            built.add_item(item)
    built.stop()  # a stopped view is sent like any other, but never kept in memory
    return built


def _ship_button(act: Act, alert: Alert, shipment: Shipment | None) -> discord.ui.Button[Any]:
    address = plain.web_address(shipment.url) if shipment else None
    if shipment is None or address is None:
        return act_button(act, alert)
    return discord.ui.Button(label=shipment_name(shipment), url=address)


def _button(
    label: str,
    custom_id: str,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    mark: str | None = None,
    *,
    disabled: bool = False,
) -> discord.ui.Button[Any]:
    return discord.ui.Button(
        label=label, custom_id=custom_id, style=style, emoji=mark, disabled=disabled
    )
