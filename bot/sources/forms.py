"""JSON that comes in a field of a form, as some senders are set to send it.

Python's own readers of forms raise a dozen kinds of errors over what is no form; here it has no
such field, and reading it as JSON then says so.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from bot.sources.request import Request

_MOST_PARTS = 20
_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})')


def json_of_form(request: Request, field: str) -> bytes:
    """What the field holds, or the whole body of a request that is no form.

    `curl -d '{…}'` calls whatever it sends a form: what begins as JSON is JSON.
    """
    kind = request.headers.get("content-type", "").strip().lower()
    body = request.body
    if body.lstrip()[:1] == b"{":
        return body
    if kind.startswith("application/x-www-form-urlencoded"):
        return _urlencoded(body, field)
    if kind.startswith("multipart/form-data"):
        return _multipart(request.headers["content-type"], body, field)
    return body


def _urlencoded(body: bytes, field: str) -> bytes:
    found = re.search(rb"(?:^|&)" + field.encode() + rb"=([^&]*)", body)
    return unquote_to_bytes(found[1].replace(b"+", b" ")) if found else b""


def _multipart(content_type: str, body: bytes, field: str) -> bytes:
    found = _BOUNDARY.search(content_type)
    if found is None:
        return b""
    border = b"--" + found[1].encode("latin-1", "replace")
    name = re.compile(rb';\s*name="?' + field.encode() + rb'"?\s*(?:;|\r|$)', re.IGNORECASE)
    for part in body.split(border, _MOST_PARTS)[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        if name.search(head):
            return content.removesuffix(b"\r\n")
    return b""
