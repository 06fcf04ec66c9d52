"""Who may come in, and how often: tokens, permissions and rate limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.github.call import Call, Route
from sandbox.github.refusal import Refusal
from sandbox.github.world import Token, World

WINDOWS = {
    "core": timedelta(hours=1),
    "graphql": timedelta(hours=1),
    "search": timedelta(minutes=1),
    "code_search": timedelta(minutes=1),
}


@dataclass(slots=True)
class Window:
    """How much of one resource has been used until `resets`."""

    used: int
    resets: datetime


@dataclass(slots=True)
class RateLimits:
    """GitHub's primary limits, for the one token there is."""

    clock: Callable[[], datetime]
    limits: dict[str, int] = field(
        default_factory=lambda: {"core": 5000, "graphql": 5000, "search": 30, "code_search": 10}
    )
    windows: dict[str, Window] = field(default_factory=dict)

    def window(self, resource: str) -> Window:
        """The present window of a resource."""
        now = self.clock()
        found = self.windows.get(resource)
        if found is None or found.resets <= now:
            found = self.windows[resource] = Window(0, now + WINDOWS[resource])
        return found

    def headers(self, resource: str) -> dict[str, str]:
        """The x-ratelimit headers."""
        window, limit = self.window(resource), self.limits[resource]
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - window.used)),
            "X-RateLimit-Used": str(min(window.used, limit)),
            "X-RateLimit-Reset": str(int(window.resets.timestamp())),
            "X-RateLimit-Resource": resource,
        }

    def spend(self, resource: str, user_id: int) -> None:
        """Count one request; 403 if the window is used up."""
        window = self.window(resource)
        if window.used >= self.limits[resource]:
            raise Refusal(403, f"API rate limit exceeded for user ID {user_id}.")
        window.used += 1

    def refund(self, resource: str) -> None:
        """A 304 costs nothing."""
        self.window(resource).used -= 1

    def shown(self) -> dict[str, object]:
        """The body of GET /rate_limit."""
        resources = {
            name: {
                "limit": limit,
                "used": self.window(name).used,
                "remaining": limit - self.window(name).used,
                "reset": int(self.window(name).resets.timestamp()),
            }
            for name, limit in self.limits.items()
        }
        return {"resources": resources, "rate": resources["core"]}


def resource_of(path: str) -> str:
    """Which limit a path counts against."""
    if path == "/graphql":
        return "graphql"
    return {"/search/code": "code_search", "/search/issues": "search"}.get(path, "core")


def authenticated(world: World, headers: Mapping[str, str]) -> Token:
    """The token of a request: 401 for none or an unknown one, 403 without a User-Agent."""
    if not headers.get("User-Agent"):
        words = (
            "Request forbidden by administrative rules. Please make sure your request has a "
            "User-Agent header."
        )
        raise Refusal(403, words)
    scheme, _, secret = headers.get("Authorization", "").partition(" ")
    if not secret:
        raise Refusal(401, "Requires authentication")
    token = world.tokens.get(secret) if scheme.lower() in {"token", "bearer"} else None
    if token is None:
        raise Refusal(401, "Bad credentials")
    return token


def check_permission(route: Route, call: Call) -> None:
    """Refuse a token without the permission, the way GitHub does for its kind."""
    if "owner" not in call.args:
        return
    repository = call.repository  # 404 comes first
    if route.needs and repository.archived:
        raise Refusal(403, "Repository was archived so is read-only.")
    if call.token.may(route.needs):
        return
    if call.token.scopes is None:
        accepted = {"X-Accepted-GitHub-Permissions": route.needs}
        words = "Resource not accessible by personal access token"
        raise Refusal(403, words, headers=accepted)
    raise Refusal(404, "Not Found", headers={"X-Accepted-OAuth-Scopes": "repo"})
