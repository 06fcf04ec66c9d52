"""What Sentry's SDKs expect of the one who answers them, beyond the event's id.

Browsers ask before they send across origins (CORS), and any page may report: the key in the
DSN is public by design. An SDK drops what is refused with 503, but holds back for as long as
429 with `X-Sentry-Rate-Limits` says (develop.sentry.dev, rate limiting).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from bot.web.answer import Answer

# The straight way takes exactly these; `sources.sentry.ingestion` reads the project from them.
SDK_PATH = re.compile(r"/api/\d{1,19}/(?:envelope|store)/?")

_CORS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Sentry-Rate-Limits, Retry-After",
}
PREFLIGHT = Answer(
    HTTPStatus.OK,
    b"",
    {
        **_CORS,
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Access-Control-Allow-Headers": (
            "X-Sentry-Auth, X-Requested-With, Origin, Accept, Content-Type, Content-Encoding, "
            "Authentication, Authorization, sentry-trace, baggage"
        ),
        "Access-Control-Max-Age": "3600",
    },
)


def for_sdk(answer: Answer) -> Answer:
    """The same answer as an SDK, maybe in a browser, understands it."""
    headers = {**answer.headers, **_CORS}
    if answer.status is not HTTPStatus.SERVICE_UNAVAILABLE:
        return answer._replace(headers=headers)
    # No categories: all of them. The scope is for people.
    headers["X-Sentry-Rate-Limits"] = f"{headers.get('Retry-After', '1')}::organization"
    return Answer(HTTPStatus.TOO_MANY_REQUESTS, answer.body, headers)
