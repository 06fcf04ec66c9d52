"""Panels: buttons the demo puts beside the local Discord, such as "Break something"."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class PanelButton:
    """One button; `action` runs when it is pressed and may return a line to show."""

    id: str
    label: str
    description: str
    action: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class PanelLink:
    """A link to another local page."""

    label: str
    url: str


@dataclass(frozen=True)
class Panel:
    """A titled group of buttons and links."""

    title: str
    buttons: Sequence[PanelButton] = ()
    links: Sequence[PanelLink] = field(default=())
    id: str = ""

    @property
    def key(self) -> str:
        """The panel's id in URLs."""
        return self.id or self.title.lower().replace(" ", "-")

    def as_json(self) -> Json:
        """Return the panel for the page."""
        return {
            "id": self.key,
            "title": self.title,
            "buttons": [
                {"id": each.id, "label": each.label, "description": each.description}
                for each in self.buttons
            ],
            "links": [{"label": each.label, "url": each.url} for each in self.links],
        }

    def button(self, button_id: str) -> PanelButton | None:
        """Return a button by id, or None."""
        return next((each for each in self.buttons if each.id == button_id), None)
