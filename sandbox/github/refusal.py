"""How GitHub says no: a status, a message and, for 422, a list of what is wrong."""

from __future__ import annotations

from typing import Any

DOCS = "https://docs.github.com/rest"
MAX_BODY = 65_536
MAX_TITLE = 256
MAX_LABEL = 50


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """An answer other than success, with GitHub's error JSON."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        *,
        violation: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}
        self.violation = violation

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        return body | {"documentation_url": DOCS, "status": str(self.status)}


def not_found() -> Refusal:
    """404, in GitHub's words."""
    return Refusal(404, "Not Found")


def invalid(resource: str, field: str, code: str, message: str = "") -> Refusal:
    """422 for one field; `code` is missing, missing_field, invalid, already_exists or custom."""
    error = {"resource": resource, "field": field, "code": code}
    if message:
        error["message"] = message
    return Refusal(422, "Validation Failed", [error])


def unsupported(what: str) -> Refusal:
    """422 that is also recorded: the caller used something this stand-in does not know."""
    return Refusal(422, f"The stand-in does not know {what}", violation=True)


def wrong_type(name: str, expected: str) -> Refusal:
    """422 as GitHub's schema check words it."""
    message = f"Invalid request.\n\nFor 'properties/{name}', expected {expected}."
    return Refusal(422, message)


def checked_title(resource: str, title: object) -> str:
    """A title that GitHub accepts."""
    if not isinstance(title, str):
        raise wrong_type("title", "a string")
    if not title.strip():
        raise invalid(resource, "title", "missing_field")
    if len(title) > MAX_TITLE:
        raise invalid(resource, "title", "custom", "title is too long (maximum is 256 characters)")
    return title


def checked_body(resource: str, body: object) -> str:
    """A body that GitHub accepts; null is empty."""
    if body is None:
        return ""
    if not isinstance(body, str):
        raise wrong_type("body", "a string or null")
    if len(body) > MAX_BODY:
        raise invalid(resource, "body", "custom", "body is too long (maximum is 65536 characters)")
    if "\0" in body:
        raise invalid(resource, "body", "custom", "body contains a null byte")
    return body


def checked_labels(labels: object) -> list[str]:
    """Label names that GitHub accepts."""
    if not isinstance(labels, list):
        raise wrong_type("labels", "an array")
    names: list[str] = []
    for item in labels:
        name = item.get("name") if isinstance(item, dict) else item
        if not isinstance(name, str):
            raise wrong_type("labels", "strings or objects with a name")
        if not name.strip():
            raise invalid("Label", "name", "missing_field")
        if len(name) > MAX_LABEL:
            raise invalid("Label", "name", "custom", "name is too long (maximum is 50 characters)")
        names.append(name)
    return names
