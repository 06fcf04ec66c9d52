"""Labels that look like something: made once with a colour, left out where that is refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from github import GithubException
from github.Repository import Repository

log = logging.getLogger(__name__)

MAX_LABEL = 50
COLORS = {
    "jinkies": ("6d4aff", "Reported by Jinkies"),
    "severity: info": ("3b82f6", "For your information"),
    "severity: warning": ("eab308", "Something is off"),
    "severity: error": ("f97316", "Something is broken"),
    "severity: critical": ("dc2626", "Something important is down"),
}
SERVICE_COLOR = "0e8a8a"


class Labels:
    """Knows which labels each repository has."""

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}

    def usable(self, repository: Repository, wanted: Sequence[str]) -> tuple[str, ...]:
        """Those of `wanted` that exist, or could be made, in the repository."""
        if repository.full_name not in self._known:
            present = {label.name.casefold() for label in repository.get_labels()}
            self._known[repository.full_name] = present
        names = dict.fromkeys(" ".join(name.split())[:MAX_LABEL].strip() for name in wanted)
        return tuple(n for n in names if n and self._exists(repository, n))

    def _exists(self, repository: Repository, name: str) -> bool:
        known = self._known[repository.full_name]
        if name.casefold() in known:
            return True
        color, description = COLORS.get(name, (SERVICE_COLOR, ""))
        try:
            repository.create_label(name, color, description)
        except GithubException as error:
            # An issue without a label is better than no issue; limits and outages still count.
            if error.status not in {403, 404, 422} or "rate limit" in str(error.data).casefold():
                raise
            if "already_exists" not in str(error.data):
                log.warning("label %r left out: GitHub answered %s", name, error.status)
                return False
        known.add(name.casefold())
        return True
