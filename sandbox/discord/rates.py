"""Rate limits: buckets as Discord tells them in headers, and its 429."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
_GLOBAL_PER_SECOND = 50


@dataclass(slots=True)
class Bucket:
    """`limit` requests in `per` seconds, counted from the first of them."""

    name: str
    limit: int
    per: float
    used: int = 0
    ends: float = field(default=0.0)

    def take(self, now: float) -> float:
        """Count a request; return 0, or the seconds to wait if there is no room."""
        if now >= self.ends:
            self.used, self.ends = 0, now + self.per
        if self.used >= self.limit:
            return self.ends - now
        self.used += 1
        return 0.0

    def headers(self, now: float) -> dict[str, str]:
        """Return what Discord says about the bucket with every answer."""
        left = max(self.ends - now, 0.0)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.limit - self.used),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": self.name,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headers to send, and the seconds to wait if the request came too early."""

    headers: dict[str, str]
    wait: float = 0.0
    everywhere: bool = False


class Rates:
    """All buckets. Not enforced, they are only told, wide enough to never make a client wait."""

    def __init__(self, *, enforced: bool) -> None:
        self._enforced = enforced
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._everywhere: dict[str, Bucket] = {}

    def take(self, method: str, template: str, params: Mapping[str, str], who: str) -> Verdict:
        """Count one request of `who` and say whether it may pass."""
        now = time.monotonic()
        if template.startswith("/interactions/"):
            return Verdict({})  # Discord does not limit first answers
        bucket = self._bucket(method, template, params, who)
        wait = bucket.take(now)
        if wait:
            return Verdict({**bucket.headers(now), "X-RateLimit-Scope": "user"}, wait)
        if self._enforced and not template.startswith("/webhooks/"):
            whole = self._everywhere.setdefault(who, Bucket("global", _GLOBAL_PER_SECOND, 1.0))
            if wait := whole.take(now):
                return Verdict({"X-RateLimit-Global": "true"}, wait, everywhere=True)
        return Verdict(bucket.headers(now))

    def _bucket(self, method: str, template: str, params: Mapping[str, str], who: str) -> Bucket:
        major = tuple(params[each] for each in _MAJOR if each in params)
        key = (who, method, template, *major)
        if key not in self._buckets:
            limit, per = _limit(method, template) if self._enforced else (1000, 1.0)
            name = hashlib.blake2b(f"{method} {template}".encode(), digest_size=16).hexdigest()
            self._buckets[key] = Bucket(name, limit, per)
        return self._buckets[key]


def _limit(method: str, template: str) -> tuple[int, float]:
    if method not in _WRITES:
        return 50, 1.0
    if "/reactions/" in template:
        return 1, 0.25
    if template.startswith("/webhooks/"):
        return 5, 2.0
    if template.startswith("/channels/"):
        return 5, 5.0
    return 10, 5.0
