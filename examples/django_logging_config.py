"""Report the errors of a Django project to Jinkies. Needs only Django and the file beside it.

Copy this file and `python_logging_handler.py` next to `manage.py`; then, in the settings:

    from django_logging_config import jinkies_logging

    LOGGING = jinkies_logging()
    MIDDLEWARE = ["django_logging_config.JinkiesMiddleware", ...]     # the first of them

and set JINKIES_URL, JINKIES_SECRET, JINKIES_SERVICE, JINKIES_ENVIRONMENT and JINKIES_COMMIT.

An error says the request's method, URL and id, the id of its user, the view's name and the last
log lines of the same request. Bodies and headers are never read for it. What the view itself
has read of a body, and the credentials among headers and cookies, are even cut out of messages
and traces. A view's exception counts once, however often it is logged on its way.

Works with WSGI and ASGI, sync and async views, and servers that fork (gunicorn, uWSGI).
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from python_logging_handler import (
    SECRET_NAME,
    JinkiesHandler,
    RequestContext,
    redacted,
    request_context,
)

Request = Any  # django.http.HttpRequest; Django ships no types
_SECRET_HEADERS = ("HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE")


@dataclass(slots=True)
class DjangoContext(RequestContext):
    """A request's context that can ask the request when an error needs it."""

    request: Request = None


def jinkies_logging(level: str = "INFO") -> dict[str, Any]:
    """A value for LOGGING: everything to the console, errors also to Jinkies.

    Args:
        level: of the lines that are kept around an error.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "console": {"class": "logging.StreamHandler"},
            "jinkies": {"()": "django_logging_config.DjangoJinkiesHandler.from_environment"},
        },
        "root": {"handlers": ["console", "jinkies"], "level": level},
        # Django's own logger has a console of its own, which would say everything twice.
        "loggers": {"django": {"handlers": [], "level": level, "propagate": True}},
    }


class DjangoJinkiesHandler(JinkiesHandler):
    """Also knows the request of what is logged outside the middleware (by another one)."""

    def context_of(self, record: logging.LogRecord) -> RequestContext:
        """The current request's context, or one made of the record's request."""
        request = getattr(record, "request", None)
        kept = getattr(request, "jinkies_context", None)
        context = kept if isinstance(kept, RequestContext) else super().context_of(record)
        if not context.url and hasattr(request, "META") and hasattr(request, "get_full_path"):
            context = _context(request)
        if isinstance(context, DjangoContext) and context.request.resolver_match:
            context.labels["view"] = context.request.resolver_match.view_name or ""
        return context


class JinkiesMiddleware:
    """Remembers the request while it is answered, for whatever is logged meanwhile."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Request], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Request) -> Any:
        """Answer the request; an awaitable under ASGI."""
        if self._is_async:
            return self._answer_async(request)
        with request_context(_context(request)):
            return self.get_response(request)

    async def _answer_async(self, request: Request) -> Any:
        with request_context(_context(request)):
            answer: Awaitable[Any] = self.get_response(request)
            return await answer


def _context(request: Request) -> RequestContext:
    meta = request.META
    context = DjangoContext(
        request=request,
        method=request.method or "",
        url=_url(request),
        request_id=redacted(str(meta.get("HTTP_X_REQUEST_ID") or uuid.uuid4().hex)),
        user=lambda: _user(request),
        hidden=lambda: _hidden(request),
    )
    request.jinkies_context = context
    return context


def _url(request: Request) -> str:
    """As the client named it. `build_absolute_uri` would refuse a host that is not allowed."""
    host = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
    return redacted(f"{request.scheme}://{host}{request.get_full_path()}")


def _user(request: Request) -> str:
    """The id of a user that was already looked up; asking now could query the database."""
    held = vars(request)
    user = held.get("_cached_user") or held.get("_acached_user")
    return str(getattr(user, "pk", None) or "")


def _hidden(request: Request) -> Iterator[str]:
    """Secret values this request brought, as far as they have been read already."""
    for name, value in request.META.items():
        if name in _SECRET_HEADERS or (name.startswith("HTTP_") and SECRET_NAME.fullmatch(name)):
            yield str(value)
            yield str(value).rpartition(" ")[2]
    yield from request.COOKIES.values()
    held = vars(request)
    for form in (held.get("GET"), held.get("_post")):
        for name, values in form.lists() if form else ():
            if SECRET_NAME.fullmatch(name):
                yield from map(str, values)
    body = held.get("_body", b"")
    if body[:1] in (b"{", b"["):
        try:
            yield from _secrets_in(json.loads(body[:1_000_000]))
        except (ValueError, RecursionError):
            return


def _secrets_in(value: Any, is_secret: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _secrets_in(held, is_secret or bool(SECRET_NAME.fullmatch(name)))
    elif isinstance(value, list):
        for held in value:
            yield from _secrets_in(held, is_secret)
    elif is_secret and value is not None:
        yield str(value)
