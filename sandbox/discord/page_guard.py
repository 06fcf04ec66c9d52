"""Who may use the page: browsers on this machine, from the page itself.

The page lets anyone act as any person, so it must answer nobody but the person at this machine.
It listens on loopback; a foreign web page in the same browser is kept out by the Host it was
reached under (DNS rebinding) and by the Origin of its calls (request forgery).
"""

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")
_PAGE_PATHS = ("/page/", "/channels/", "/favicon")
_READS = frozenset({"GET", "HEAD"})
_PAGE_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_page(path: str) -> bool:
    """Whether a path belongs to the page (and not to Discord's API, gateway or files)."""
    return path == "/" or path.startswith(_PAGE_PATHS)


@web.middleware
async def guard(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Refuse page requests that a foreign web page could have caused."""
    if is_page(request.path) and (reason := refusal(request)):
        return web.json_response({"message": reason}, status=403)
    return await handler(request)


def refusal(request: web.Request) -> str | None:
    """Return why a request to the page is refused; None if it is not."""
    if not _LOOPBACK.fullmatch(request.host):
        return "the page answers only under a loopback name"
    if request.method in _READS:
        return None
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        return "the call comes from another origin"
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return "the call comes from another site"
    return None


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that keep scripts, frames and types in their place (files have their own)."""
    if is_page(request.path):
        response.headers.update(_PAGE_HEADERS)
        response.headers.setdefault("Cache-Control", "no-cache")
