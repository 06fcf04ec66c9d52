"""Buttons, selects, modals and layout: Discord's limits, and the form in which they come back."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.errors import Form

Json = dict[str, Any]

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, SECTION, TEXT, LABEL = 1, 2, 3, 4, 9, 10, 18
SELECTS = frozenset({3, 5, 6, 7, 8})
THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 11, 12, 13, 14, 17
_V2_TOP = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER})
_MOST_V2, _MOST_V2_TEXT = 40, 4000
_BUTTON_KEYS = {"type", "id", "custom_id", "style", "label", "disabled", "url", "sku_id", "emoji"}
LINK_STYLE = 5


def walk(components: list[Json], at: str = "components") -> Iterator[tuple[str, Json]]:
    """Yield every component with its dotted path, outermost first."""
    for number, each in enumerate(components):
        path = f"{at}.{number}"
        yield path, each
        yield from walk(each.get("components") or [], f"{path}.components")
        for key in ("accessory", "component"):
            if key in each:
                yield f"{path}.{key}", each[key]


def check_components(form: Form, components: list[Json], *, v2: bool) -> None:
    """Record everything that Discord would refuse about a message's components."""
    if v2:
        _check_layout(form, components)
    else:
        _check_rows(form, components)
    _check_custom_ids(form, components)
    for path, each in walk(components):
        if each["type"] == BUTTON:
            _check_button(form, path, each)
        elif each["type"] in SELECTS:
            _check_select(form, path, each)


def _check_rows(form: Form, components: list[Json]) -> None:
    if len(components) > 5:
        form.wrong("components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
    for number, row in enumerate(components):
        if row["type"] != ROW:
            form.wrong(
                f"components.{number}.type", "UNION_TYPE_CHOICES", "Value of field must be 1"
            )


def _check_layout(form: Form, components: list[Json]) -> None:
    everything = list(walk(components))
    if len(everything) > _MOST_V2:
        form.wrong("components", "COMPONENT_MAX_TOTAL", "At most 40 components are allowed.")
    text = sum(len(each.get("content") or "") for _, each in everything if each["type"] == TEXT)
    if text > _MOST_V2_TEXT:
        form.wrong("components", "COMPONENT_TEXT_TOO_LONG", "At most 4000 characters of text.")
    for number, each in enumerate(components):
        if each["type"] not in _V2_TOP:
            form.wrong(f"components.{number}.type", "UNION_TYPE_CHOICES", "Not allowed here.")


def _check_custom_ids(form: Form, components: list[Json]) -> None:
    seen: set[str] = set()
    for path, each in walk(components):
        children = each.get("components") or []
        if each["type"] == ROW:
            selects = sum(child["type"] in SELECTS for child in children)
            if not 1 <= len(children) <= 5 or (selects and len(children) > 1):
                form.wrong(
                    f"{path}.components",
                    "BASE_TYPE_BAD_LENGTH",
                    "Must be between 1 and 5 in length.",
                )
        custom_id = each.get("custom_id")
        if custom_id is None:
            continue
        form.sized(f"{path}.custom_id", custom_id, 1, 100)
        if custom_id in seen:
            form.wrong(
                f"{path}.custom_id",
                "COMPONENT_CUSTOM_ID_DUPLICATED",
                "Component custom id cannot be duplicated",
            )
        seen.add(custom_id)


def _check_button(form: Form, path: str, button: Json) -> None:
    for key in button.keys() - _BUTTON_KEYS:
        form.wrong(f"{path}.{key}", "UNKNOWN_FIELD", "This stand-in does not know this field")
    form.longest(f"{path}.label", button.get("label"), 80)
    if not button.get("label") and not button.get("emoji"):
        form.wrong(path, "BUTTON_COMPONENT_EMPTY", "A button must have a label or an emoji.")
    if button.get("style") == LINK_STYLE:
        form.sized(f"{path}.url", button.get("url"), 1, 512)
        if button.get("custom_id"):
            form.wrong(path, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", "A link has no custom id.")
    else:
        form.sized(f"{path}.custom_id", button.get("custom_id"), 1, 100)
    if button.get("style") not in range(1, 6):
        form.wrong(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5}.")


def _check_select(form: Form, path: str, select: Json) -> None:
    form.sized(f"{path}.custom_id", select.get("custom_id"), 1, 100)
    form.longest(f"{path}.placeholder", select.get("placeholder"), 150)
    if select["type"] != STRING_SELECT:
        return
    options = select.get("options") or []
    if not 1 <= len(options) <= 25:
        form.wrong(f"{path}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
    values = [option.get("value") for option in options]
    for number, option in enumerate(options):
        at = f"{path}.options.{number}"
        form.sized(f"{at}.label", option.get("label"), 1, 100)
        form.sized(f"{at}.value", option.get("value"), 1, 100)
        form.longest(f"{at}.description", option.get("description"), 100)
        if values.index(option.get("value")) != number:
            form.wrong(
                f"{at}.value",
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
    if int(select.get("max_values") or 1) > max(len(options), 1):
        form.wrong(f"{path}.max_values", "NUMBER_TYPE_MAX", "More than there are options.")


def check_modal(form: Form, modal: Json) -> None:
    """Record everything that Discord would refuse about a modal."""
    form.sized("data.title", modal.get("title"), 1, 45)
    form.sized("data.custom_id", modal.get("custom_id"), 1, 100)
    rows = modal.get("components") or []
    if not 1 <= len(rows) <= 5:
        form.wrong("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    _check_custom_ids(form, rows)
    for path, each in walk(rows, "data.components"):
        if each["type"] == LABEL:
            form.sized(f"{path}.label", each.get("label"), 1, 45)
            form.longest(f"{path}.description", each.get("description"), 100)
        elif each["type"] == TEXT_INPUT:
            form.longest(f"{path}.label", each.get("label"), 45)
            form.longest(f"{path}.placeholder", each.get("placeholder"), 100)
            form.longest(f"{path}.value", each.get("value"), 4000)
        elif each["type"] in SELECTS:
            _check_select(form, path, each)


def normal_components(components: list[Json], attachments: list[Json]) -> list[Json]:
    """Return components as a message holds them: numbered, defaults filled in, files resolved."""
    files = {each["filename"]: each for each in attachments}
    numbers = iter(range(1, 1000))
    return [_normal(each, files, numbers) for each in components]


def _normal(component: Json, files: dict[str, Json], numbers: Iterator[int]) -> Json:
    row = {key: value for key, value in component.items() if value is not None}
    row["id"] = component.get("id") or next(numbers)
    kind = row["type"]
    if "emoji" in row:  # a plain one comes back without an id
        row["emoji"] = {key: value for key, value in row["emoji"].items() if value is not None}
    if kind in SELECTS:
        row.pop("required", None)
        row = {"min_values": 1, "max_values": 1, **row}
    elif kind == SEPARATOR:
        row = {"spacing": 1, "divider": True, **row}
    elif kind == CONTAINER:
        row = {"accent_color": None, "spoiler": False, **row}
    elif kind == THUMBNAIL:
        row = {"description": None, "spoiler": False, **row, "media": _media(row["media"], files)}
    elif kind == GALLERY:
        row["items"] = [
            {"description": None, "spoiler": False, **item, "media": _media(item["media"], files)}
            for item in row["items"]
        ]
    elif kind == FILE:
        file = _media(row["file"], files)
        stored = files.get(row["file"]["url"].removeprefix("attachment://"), {})
        row = {"spoiler": False, **row, "file": file}
        row |= {"name": stored.get("filename"), "size": stored.get("size")}
    if "components" in row:
        row["components"] = [_normal(each, files, numbers) for each in row["components"]]
    if "accessory" in row:
        row["accessory"] = _normal(row["accessory"], files, numbers)
    return row


def _media(media: Json, files: dict[str, Json]) -> Json:
    url = media["url"]
    stored = files.get(url.removeprefix("attachment://"), {})
    url = stored.get("url", url)
    row = {"id": stored.get("id", "0"), "url": url, "proxy_url": url, "width": None, "height": None}
    if stored:
        row |= {"content_type": stored["content_type"], "attachment_id": stored["id"]}
    return row
