"""Report an exception of your own program to Jinkies. Standard library only.

JINKIES_URL=http://127.0.0.1:8080 JINKIES_SECRET=... python examples/report_an_error.py
"""

from __future__ import annotations

import json
import os
import traceback
import urllib.request
import uuid
from typing import Any


def report(error: BaseException, *, service: str, **fields: Any) -> list[dict[str, Any]]:
    """Send `error`; `fields` are any of the generic source's, e.g. `labels={"host": "db-1"}`.

    Returns the alerts that Jinkies made of it, e.g. [{"id": "J-42", "new": True, ...}].
    """
    event = {
        "service": service,
        "exception_type": type(error).__name__,
        "message": str(error) or type(error).__name__,
        "stack_trace": "".join(traceback.format_exception(error)),
        "event_id": uuid.uuid4().hex,  # so that a retry counts once
        **fields,
    }
    request = urllib.request.Request(  # noqa: S310 - the URL is our own setting
        f"{os.environ['JINKIES_URL']}/webhook/generic",
        data=json.dumps(event).encode(),
        headers={"Authorization": f"Bearer {os.environ['JINKIES_SECRET']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        alerts: list[dict[str, Any]] = json.load(answer)["alerts"]
        return alerts


if __name__ == "__main__":
    try:
        {"apples": 3}["pears"]
    except KeyError as error:
        print(report(error, service="fruit-shop", environment="staging"))
