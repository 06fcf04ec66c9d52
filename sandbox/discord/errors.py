"""Discord's way of saying no: a status, a code, a message and, for forms, a tree of reasons."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An answer other than success: HTTP `status` and Discord's own JSON error `code`."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        reasons = "; ".join(_reasons(errors or {}))
        super().__init__(f"{status} ({code}) {message}" + (f": {reasons}" if reasons else ""))
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> Json:
        """Return the JSON body Discord gives for this error."""
        body: Json = {"message": self.message, "code": self.code}
        return {**body, "errors": self.errors} if self.errors else body


def _reasons(node: Json, at: str = "") -> Iterator[str]:
    for key, value in node.items():
        if key == "_errors":
            yield from (f"{at}: {each['message']}" for each in value)
        else:
            yield from _reasons(value, f"{at}.{key}" if at else key)


class CannotDo(Exception):  # noqa: N818 — it is said to a person, not logged as an error
    """What a person tried is not possible for them in Discord's own client; the text says why."""


class Form:
    """Collects what is wrong with a request body, at its place, as code 50035's `errors` tree."""

    def __init__(self) -> None:
        self._errors: Json = {}

    def wrong(self, path: str, code: str, message: str) -> None:
        """Record a reason at a dotted path, such as `embeds.0.title`."""
        node = self._errors
        for step in path.split("."):
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def longest(self, path: str, text: object, limit: int) -> None:
        """Record a reason if `text` is a string longer than `limit` characters."""
        if isinstance(text, str) and len(text) > limit:
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")

    def sized(self, path: str, text: object, least: int, most: int) -> None:
        """Record a reason unless `text` is a string of `least` to `most` characters."""
        if not isinstance(text, str) or text == "":
            self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif not least <= len(text) <= most:
            self.wrong(
                path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."
            )

    def settle(self) -> None:
        """Raise ApiError 50035 if anything was wrong."""
        if self._errors:
            raise ApiError(400, 50035, "Invalid Form Body", self._errors)


def unknown(what: str) -> ApiError:
    """Return Discord's 404 for a thing that is not there, such as `unknown("Message")`."""
    return ApiError(404, _UNKNOWN[what], f"Unknown {what}")


def missing_access() -> ApiError:
    """Return the error for a channel one cannot see."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """Return the error for an act one may not do."""
    return ApiError(403, 50013, "Missing Permissions")


_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Overwrite": 10009,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}
