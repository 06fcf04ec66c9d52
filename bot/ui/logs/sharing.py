"""Showing an answer to others: in the channel, or on an alert's card."""

from __future__ import annotations

import re
from typing import Any

import discord
from discord import ui

from bot.errors import NotFound, UpstreamError
from bot.models import Alert, AlertState, Capability, Person, parse_short_id
from bot.services.logs.store import Progress
from bot.ui import plain
from bot.ui.desk import Press
from bot.ui.logs.desk import LogDesk
from bot.ui.logs.files import UPLOAD, LogFile, discord_file, file_view, room_in, written
from bot.ui.logs.pages import Mode
from bot.ui.logs.reading import tell_failure
from bot.ui.logs.screen import Screen
from bot.ui.logs.views import layout, notice, shared_view
from bot.ui.pages import choice_name

ATTACH_TO = re.compile(r"jinkies:log-attach:(?P<number>\d{1,15})")
OTHER = "other"
_CARD = re.compile(r"/channels/\d+/(\d+)/(\d+)$")
_LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
_OFFERED = 24


async def share(press: Press, number: int, page: int, mode: Mode) -> None:
    """Post a page to the channel."""
    logs = press.client.desk.logs
    person = press.client.desk.access.person(press)
    by = plain.label(person.name, 60)
    if (pages := logs.known(number)) is not None:
        view = shared_view(pages, number, page, mode, by)
        await press.response.send_message(view=view)
    else:
        screen, work = Screen(press), logs.reading(number)
        await screen.announce()
        if not await screen.wait(work, lambda _seconds: notice("⏳ Reading it again …")):
            await tell_failure(screen, work, number, await logs.question(number))
            return
        await screen.show(notice("📣 Shared."))
        view = shared_view(work.task.result(), number, page, mode, by)
        await press.followup.send(view=view, ephemeral=False)
    await logs.note(number, "share", person, press.channel_id or 0)


async def offer_alerts(press: Press, number: int) -> None:
    """Ask which alert's card the answer shall hang on."""
    desk = press.client.desk
    question = await desk.logs.question(number)
    own = await desk.store.alerts.page(states=_LIVE, service=question.name, number=1, size=_OFFERED)
    others = await desk.store.alerts.suggest("", _OFFERED, states=_LIVE)
    found = {alert.id: alert for alert in (*own.items, *others)}
    await Screen(press).show(_choosing(number, list(found.values())[:_OFFERED]))


async def attach(press: Press, number: int, alert_id: int, *, in_place: bool = False) -> None:
    """Post the answer as a file in reply to an alert's card, and write that down."""
    desk, screen = press.client.desk, Screen(press, in_place=in_place)
    person = desk.access.person(press)
    progress, room = Progress(), min(room_in(press), UPLOAD)

    async def hang() -> str:
        desk.access.require(person, Capability.RESPOND)
        detail = await desk.store.alerts.detail(alert_id)
        made = await written(desk.logs, number, await desk.logs.question(number), progress, room)
        if not made.lines:
            raise NotFound("There are no lines to attach.")
        url = await _post(press, detail.card_url, number, made, person)
        await desk.actions.attach_logs(alert_id, person, url)
        await desk.logs.note(number, "attach", person, press.channel_id or 0, detail.alert.short_id)
        return f"📎 The lines hang on {detail.alert.short_id} now: {url}"

    work = desk.logs.work(f"attach-{number}-{alert_id}", hang, progress)
    if not await screen.wait(work, lambda seconds: notice(f"⏳ Attaching … {seconds:.0f} s")):
        await tell_failure(screen, work)
        return
    await screen.show(notice(work.task.result()))


async def _post(press: Press, card_url: str, number: int, made: LogFile, person: Person) -> str:
    """Post the file where the card is, or here while there is none; returns its address."""
    logs: LogDesk = press.client.desk.logs
    question = await logs.question(number)
    found = _CARD.search(card_url)
    channel_id = int(found[1]) if found else press.channel_id or 0
    channel = press.client.get_partial_messageable(channel_id, guild_id=press.guild_id)
    reply = (
        discord.MessageReference(
            message_id=int(found[2]), channel_id=channel_id, fail_if_not_exists=False
        )
        if found
        else None
    )
    said = f"📎 Log lines attached by **{plain.label(person.name, 60)}**"
    try:
        message = await channel.send(
            view=file_view(made, question, said),
            file=discord_file(made),
            reference=reply,  # type: ignore[arg-type]
        )
    except discord.HTTPException as error:
        raise UpstreamError(
            "Discord",
            f"the file could not be posted in <#{channel_id}> ({error.text}).",
            cure="Give the bot Send Messages and Attach Files there.",
        ) from error
    return message.jump_url


def _choosing(number: int, alerts: list[Alert]) -> ui.LayoutView:
    options = [
        discord.SelectOption(label=choice_name(alert), value=str(alert.id)) for alert in alerts
    ]
    options.append(discord.SelectOption(label="Another alert, by its id …", value=OTHER))
    menu: ui.Select[Any] = ui.Select(
        custom_id=f"jinkies:log-attach:{number}", placeholder="Which alert?", options=options
    )
    return layout(ui.TextDisplay("📎 Which alert do these lines belong to?"), ui.ActionRow(menu))


class AlertForm(ui.Modal, title="Attach to an alert"):
    """Asks for an alert's id."""

    alert: ui.TextInput[AlertForm] = ui.TextInput(
        label="The alert", placeholder="J-42", max_length=20
    )

    def __init__(self, number: int) -> None:
        super().__init__(custom_id=f"jinkies:log-form:{number}")
        self._number = number

    async def on_submit(self, press: Press) -> None:  # type: ignore[override]
        """Attach to the alert that was named."""
        alert_id = parse_short_id(self.alert.value)
        if alert_id is None:
            error = NotFound(f"“{self.alert.value}” is no alert id. They look like J-42.")
            await Screen(press).fail(error)
            return
        await attach(press, self._number, alert_id)
