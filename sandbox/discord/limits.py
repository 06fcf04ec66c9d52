"""What Discord refuses about a message as a whole: length, emptiness, files, layout."""

from typing import Any

from sandbox.discord.components import check_components
from sandbox.discord.embeds import check_embeds
from sandbox.discord.errors import ApiError, Form
from sandbox.discord.messages import Upload
from sandbox.discord.objects import V2

Json = dict[str, Any]

MOST_CONTENT, MOST_NONCE, MOST_FILES, MOST_BYTES = 2000, 25, 10, 10 * 1024 * 1024


def check_message(body: Json, uploads: tuple[Upload, ...], *, before: Json | None = None) -> None:
    """Raise ApiError unless Discord would take this body; `before` is the message edited."""
    check_files(uploads)
    form = Form()
    v2 = bool((int(body.get("flags") or 0) | (before or {}).get("flags", 0)) & V2)
    form.longest("content", body.get("content"), MOST_CONTENT)
    if isinstance(body.get("nonce"), str):
        form.longest("nonce", body["nonce"], MOST_NONCE)
    check_embeds(form, body.get("embeds") or [])
    check_components(form, body.get("components") or [], v2=v2)
    if v2 and (body.get("content") or body.get("embeds")):
        form.wrong(
            "content" if body.get("content") else "embeds",
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            "The 'content' and 'embeds' fields cannot be used with MessageFlags.IS_COMPONENTS_V2",
        )
    _check_attachments(form, body, uploads, before)
    form.settle()
    after = {**(before or {}), **body}
    parts = (after.get(key) for key in ("content", "embeds", "components", "attachments"))
    if not uploads and not any(parts):
        raise ApiError(400, 50006, "Cannot send an empty message")


def check_files(uploads: tuple[Upload, ...]) -> None:
    """Raise ApiError 40005 or 50035 for files that are too large or too many."""
    if any(len(each.data) > MOST_BYTES for each in uploads):
        raise ApiError(413, 40005, "Request entity too large")
    if len(uploads) > MOST_FILES:
        form = Form()
        form.wrong("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        form.settle()


def _check_attachments(
    form: Form, body: Json, uploads: tuple[Upload, ...], before: Json | None
) -> None:
    known = {str(each.index) for each in uploads}
    known |= {each["id"] for each in (before or {}).get("attachments", ())}
    for number, each in enumerate(body.get("attachments") or ()):
        if str(each.get("id")) not in known:
            form.wrong(
                f"attachments.{number}.id",
                "ATTACHMENT_NOT_FOUND",
                "Attachment data not found",
            )
        form.longest(f"attachments.{number}.description", each.get("description"), 1024)
