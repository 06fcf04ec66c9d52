"""Every failure a person or a caller can see, by what they can do about it.

An error says whether trying again can help (`permanent`, `retry_after`) and, where a person
reads it, what to do (`cure`). Nothing in Jinkies returns False for a failure.
"""

from __future__ import annotations


class JinkiesError(Exception):
    """Base of all errors raised on purpose; `str(error)` is fit to be shown to a person."""


class SettingsError(JinkiesError):
    """The settings are wrong; `problems` lists every mistake, each with its cure."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class BadPayload(JinkiesError):  # noqa: N818 - the vocabulary of the house, read as "raise BadPayload"
    """A body that cannot be understood; `reason` names the field and what was expected."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadSignature(JinkiesError):  # noqa: N818
    """The sender did not prove who it is. The reason never says how close it came."""


class DoorShut(JinkiesError):  # noqa: N818
    """A source without a configured secret; nobody may deliver here until one is set."""


class TooLarge(JinkiesError):  # noqa: N818
    """A body over the limit, before or after decompression."""


class Overloaded(JinkiesError):  # noqa: N818
    """The intake queue is full; the sender should try again in `retry_after` seconds."""

    def __init__(self, retry_after: float = 1.0) -> None:
        super().__init__("the intake is overloaded, try again shortly")
        self.retry_after = retry_after


class NotFound(JinkiesError):  # noqa: N818
    """What was named does not exist (any more)."""


class AtLimit(JinkiesError):  # noqa: N818
    """As many as there may be are there; the words say what to end first."""


class NotAllowed(JinkiesError):  # noqa: N818
    """The person lacks a capability; `needed` is its name, `roles` the roles that carry it."""

    def __init__(self, needed: str, roles: tuple[str, ...] = ()) -> None:
        names = ", ".join(roles) if roles else f"a role with the {needed} capability"
        super().__init__(f"You may not do this: it needs one of these roles: {names}.")
        self.needed = needed
        self.roles = roles


class Withheld(JinkiesError):  # noqa: N818
    """What a drill does not do in earnest: it writes nothing to GitHub unless asked."""


class UpstreamError(JinkiesError):
    """Discord, GitHub, AWS or another outside system failed.

    Args:
        system: who failed, e.g. "GitHub".
        detail: what they said, already free of secrets.
        permanent: True if the same call will fail again until a person changes something.
        retry_after: seconds to wait before the next try, if they said so.
        cure: one sentence telling a person what to do; empty if waiting is all there is.
    """

    def __init__(
        self,
        system: str,
        detail: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        cure: str = "",
    ) -> None:
        ended = detail if not cure or detail.endswith((".", "!", "?")) else f"{detail}."
        super().__init__(f"{system}: {ended} {cure}".rstrip())
        self.system = system
        self.detail = detail
        self.permanent = permanent
        self.retry_after = retry_after
        self.cure = cure
