"""What the web app is told, and what it asks to know whether it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sources.request import Secrets, Source

OUR_SETTING = "WEBHOOK_SECRET"
_NONE = Secrets()


@dataclass(frozen=True, slots=True)
class WebSettings:
    """How deliveries are let in.

    Attributes:
        secrets: opens the doors of our own formats.
        secrets_by_source: the secrets of the others, by the source's name.
        open_doors: let everybody in where no secret is set; only the demo does, on loopback.
        max_body_bytes: the limit on the wire.
        max_inflated_bytes: the limit after decompression.
        commit_timeout: seconds a sender waits for the commit before it hears 503.
    """

    secrets: Secrets = field(default_factory=Secrets)
    secrets_by_source: Mapping[str, Secrets] = field(default_factory=dict)
    open_doors: bool = False
    max_body_bytes: int = 1024 * 1024
    max_inflated_bytes: int = 20 * 1024 * 1024
    commit_timeout: float = 5.0

    def secrets_of(self, source: Source) -> Secrets:
        """The secrets of one door."""
        shared = self.secrets if source.setting == OUR_SETTING else _NONE
        return self.secrets_by_source.get(source.name, shared)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether deliveries can be taken now, and the state of each part in words.

    `checks` is shown as it is, e.g. {"database": "ok", "queue": "12 of 2000",
    "discord": "disconnected"}. Discord being away does not make the intake unready.
    """

    ready: bool
    checks: Mapping[str, str] = field(default_factory=dict)
