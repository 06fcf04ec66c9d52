"""The bot's first answer to an interaction (callback types 4 to 9)."""

from typing import Any

from sandbox.discord import messages as post_office
from sandbox.discord import objects
from sandbox.discord.components import check_modal, walk
from sandbox.discord.errors import ApiError, Form
from sandbox.discord.interactions import AUTOCOMPLETE, COMPONENT, MODAL_SUBMIT, Interaction
from sandbox.discord.limits import check_message
from sandbox.discord.messages import Json
from sandbox.discord.rest.call import Call, Routes

routes = Routes()

_MESSAGE, _DEFER, _DEFER_UPDATE, _UPDATE, _CHOICES, _MODAL = 4, 5, 6, 7, 8, 9


@routes.add(
    "POST", "/interactions/{interaction_id}/{interaction_token}/callback", "type data", open=True
)
def callback(call: Call) -> Any:
    """Answer an interaction for the first time, within 3 seconds."""
    params = call.params
    interaction = call.interactions.to_answer(params["interaction_id"], params["interaction_token"])
    kind = call.body.get("type")
    answer = _ANSWERS.get(kind)
    if answer is None or not _fits(kind, interaction):
        form = Form()
        form.wrong("type", "BASE_TYPE_CHOICES", f"{kind} does not answer this interaction.")
        form.settle()
    assert answer is not None
    row = answer(call, interaction, call.body.get("data") or {})
    return _description(call, interaction, kind, row) if call.flag("with_response") else None


def _fits(kind: int, interaction: Interaction) -> bool:
    if (kind == _CHOICES) != (interaction.kind == AUTOCOMPLETE):
        return False
    if kind in (_UPDATE, _DEFER_UPDATE):
        return interaction.kind in (COMPONENT, MODAL_SUBMIT) and interaction.source is not None
    return not (kind == _MODAL and interaction.kind == MODAL_SUBMIT)


def _message(call: Call, interaction: Interaction, data: Json) -> Json:
    check_message(data, call.uploads)
    row = call.interactions.say(interaction, data, call.uploads, first=True)
    call.interactions.acknowledge(interaction)
    return row


def _defer(call: Call, interaction: Interaction, data: Json) -> Json:
    flags = int(data.get("flags") or 0) | objects.LOADING
    row = call.interactions.say(interaction, {"flags": flags}, (), first=True)
    call.interactions.acknowledge(interaction, deferred=True)
    return row


def _defer_update(call: Call, interaction: Interaction, _data: Json) -> Json | None:
    assert interaction.source is not None
    interaction.original_id = interaction.source["id"]
    call.interactions.acknowledge(interaction, deferred=True)
    return None


def _update(call: Call, interaction: Interaction, data: Json) -> Json:
    assert interaction.source is not None
    before = post_office.find(call.world, interaction.source["id"])
    check_message(data, call.uploads, before=before)
    row = post_office.edit(call.world, before, data, call.uploads)
    interaction.original_id = row["id"]
    call.interactions.note_edit(interaction, row)
    call.interactions.acknowledge(interaction)
    return row


def _choices(call: Call, interaction: Interaction, data: Json) -> Json | None:
    choices = data.get("choices") or []
    form = Form()
    if len(choices) > 25:
        form.wrong("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, each in enumerate(choices):
        form.sized(f"data.choices.{number}.name", each.get("name"), 1, 100)
        form.longest(f"data.choices.{number}.value", each.get("value"), 100)
    form.settle()
    interaction.reply.choices = choices
    call.interactions.acknowledge(interaction)
    return None


def _modal(call: Call, interaction: Interaction, data: Json) -> Json | None:
    form = Form()
    check_modal(form, data)
    form.settle()
    numbers = iter(range(1, 100))
    for _, each in walk(data["components"]):
        each["id"] = each.get("id") or next(numbers)
    call.interactions.open_modal(interaction, data)
    return None


_ANSWERS = {
    _MESSAGE: _message,
    _DEFER: _defer,
    _DEFER_UPDATE: _defer_update,
    _UPDATE: _update,
    _CHOICES: _choices,
    _MODAL: _modal,
}


def _description(call: Call, interaction: Interaction, kind: int, row: Json | None) -> Json:
    about: Json = {"id": interaction.id, "type": interaction.kind}
    if row is None:
        return {"interaction": about}
    about |= {
        "response_message_id": row["id"],
        "response_message_loading": bool(row["flags"] & objects.LOADING),
        "response_message_ephemeral": bool(row["flags"] & objects.EPHEMERAL),
    }
    view = post_office.shown(call.world, row)
    shown_kind = _MESSAGE if kind == _DEFER else kind
    return {"interaction": about, "resource": {"type": shown_kind, "message": view}}


def require_answered(interaction: Interaction) -> None:
    """Raise ApiError 10015 for a followup before the first answer."""
    if not interaction.answered:
        raise ApiError(404, 10015, "Unknown Webhook")
