"""Embeds: Discord's limits on what comes in, and the form in which it is given back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sandbox.discord.errors import Form

Json = dict[str, Any]

MOST_EMBEDS, MOST_FIELDS, MOST_IN_ALL = 10, 25, 6000
_KNOWN = {"type", "url", "title", "color", "timestamp", "description", "author", "image"}
_KNOWN |= {"thumbnail", "footer", "fields", "provider", "video", "flags"}
_SCHEMES = ("http://", "https://", "attachment://")


def check_embeds(form: Form, embeds: list[Json]) -> None:
    """Record everything that Discord would refuse about a message's embeds."""
    if len(embeds) > MOST_EMBEDS:
        form.wrong("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    for number, embed in enumerate(embeds):
        _check_one(form, f"embeds.{number}", embed)
    if sum(_characters(embed) for embed in embeds) > MOST_IN_ALL:
        form.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _check_one(form: Form, at: str, embed: Json) -> None:
    for key in embed.keys() - _KNOWN:
        form.wrong(f"{at}.{key}", "UNKNOWN_FIELD", "This stand-in does not know this field")
    form.longest(f"{at}.title", embed.get("title"), 256)
    form.longest(f"{at}.description", embed.get("description"), 4096)
    footer, author = embed.get("footer") or {}, embed.get("author") or {}
    form.longest(f"{at}.footer.text", footer.get("text"), 2048)
    if author:
        form.sized(f"{at}.author.name", author.get("name"), 1, 256)
    fields = embed.get("fields") or []
    if len(fields) > MOST_FIELDS:
        form.wrong(f"{at}.fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, each in enumerate(fields):
        form.sized(f"{at}.fields.{number}.name", each.get("name"), 1, 256)
        form.sized(f"{at}.fields.{number}.value", each.get("value"), 1, 1024)
    color = embed.get("color")
    if color is not None and not 0 <= int(color) <= 0xFFFFFF:
        form.wrong(f"{at}.color", "NUMBER_TYPE_MAX", "int value should be <= 16777215.")
    for where, url in _urls(embed):
        if url and not url.startswith(_SCHEMES):
            form.wrong(f"{at}.{where}", "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    if stamp := embed.get("timestamp"):
        try:
            datetime.fromisoformat(stamp)
        except ValueError:
            form.wrong(f"{at}.timestamp", "DATE_TIME_TYPE_PARSE", f"Could not parse {stamp}.")


def _urls(embed: Json) -> Iterable[tuple[str, str | None]]:
    yield "url", embed.get("url")
    for part in ("image", "thumbnail"):
        yield f"{part}.url", (embed.get(part) or {}).get("url")
    for part in ("author", "footer"):
        yield f"{part}.icon_url", (embed.get(part) or {}).get("icon_url")
    yield "author.url", (embed.get("author") or {}).get("url")


def _characters(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for each in embed.get("fields") or ():
        texts += [each.get("name"), each.get("value")]
    return sum(len(text) for text in texts if text)


def normal_embeds(embeds: list[Json], attachments: list[Json]) -> list[Json]:
    """Return embeds as a message holds them: no nulls, `attachment://` resolved."""
    files = {each["filename"]: each["url"] for each in attachments}
    return [_normal(embed, files) for embed in embeds]


def _normal(embed: Json, files: dict[str, str]) -> Json:
    row: Json = {"type": "rich"}
    for key, value in embed.items():
        if value is None or value == [] or key in ("type", "flags"):
            continue
        row[key] = value
    for part in ("image", "thumbnail", "footer", "author"):
        if part in row:
            row[part] = _resolved(row[part], files)
    if "fields" in row:
        row["fields"] = [
            {"name": e["name"], "value": e["value"], "inline": bool(e.get("inline"))}
            for e in row["fields"]
        ]
    return row


def _resolved(part: Json, files: dict[str, str]) -> Json:
    row = {key: value for key, value in part.items() if value is not None}
    for key in ("url", "icon_url"):
        if str(row.get(key, "")).startswith("attachment://"):
            row[key] = files.get(row[key].removeprefix("attachment://"), row[key])
        if key in row and part is not None:
            row["proxy_" + key] = row[key]
    if "name" in row:  # an author's link has no proxy
        row.pop("proxy_url", None)
    return row
