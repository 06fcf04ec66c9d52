"""A Slack on loopback that refuses what it does not know: messages, reactions, one webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

TOKEN = "xoxb-stand-in"
PERSONS_TOKEN = "xoxp-stand-in"
CHANNEL = "#incidents"
MAX_BLOCKS = 50


class SlackStandIn(ThreadingHTTPServer):
    """Keeps what was posted; answers `trouble` first, in its order: (status, body, headers)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.posted: list[dict[str, Any]] = []
        self.reactions: list[tuple[str, str]] = []  # (message, emoji)
        self.deleted: list[str] = []
        self.trouble: list[tuple[int, dict[str, Any] | str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def slack() -> Iterator[SlackStandIn]:
    server = SlackStandIn()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    server: SlackStandIn

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.trouble:
            self._answer(*self.server.trouble.pop(0))
        elif self.path == "/services/T1/B1/secret":
            self._keep(json.loads(raw), "ok")
        elif self.path == "/api/chat.postMessage":
            self._api(raw)
        elif self.path == "/api/auth.test":
            self._identity()
        elif self.path in ("/api/reactions.add", "/api/chat.delete"):
            self._change(json.loads(raw))
        else:
            self._answer(404, {"ok": False, "error": "unknown_method"})

    def _api(self, raw: str) -> None:
        is_json = "json" in self.headers["Content-Type"]
        body = json.loads(raw) if is_json else {k: v[0] for k, v in parse_qs(raw).items()}
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(200, {"ok": False, "error": "invalid_auth"})
        elif body["channel"] != CHANNEL:
            self._answer(200, {"ok": False, "error": "channel_not_found"})
        else:
            if isinstance(body.get("blocks"), str):
                body["blocks"] = json.loads(body["blocks"])
            stamp = f"{len(self.server.posted) + 1}.000100"
            self._keep(body, {"ok": True, "channel": "C1", "ts": stamp})

    def _identity(self) -> None:
        found = {"ok": True, "team": "Acme", "user": "jinkies", "user_id": "U1"}
        if self.headers["Authorization"] == f"Bearer {TOKEN}":
            self._answer(200, found | {"bot_id": "B1"})
        elif self.headers["Authorization"] == f"Bearer {PERSONS_TOKEN}":
            self._answer(200, found | {"user": "ada"})
        else:
            self._answer(200, {"ok": False, "error": "invalid_auth"})

    def _change(self, body: dict[str, Any]) -> None:
        """React to a message, or delete it; only what was posted is there."""
        stamp = str(body.get("timestamp") or body["ts"])
        there = {f"{number}.000100" for number in range(1, len(self.server.posted) + 1)}
        if body["channel"] != "C1":
            self._answer(200, {"ok": False, "error": "channel_not_found"})
        elif stamp not in there - set(self.server.deleted):
            self._answer(200, {"ok": False, "error": "message_not_found"})
        elif "name" in body:
            self.server.reactions.append((stamp, body["name"]))
            self._answer(200, {"ok": True})
        else:
            self.server.deleted.append(stamp)
            self._answer(200, {"ok": True})

    def _keep(self, body: dict[str, Any], answer: dict[str, Any] | str) -> None:
        problem = next(_problems(body), None)
        if problem is not None:
            self._answer(200, {"ok": False, "error": "invalid_blocks", "detail": problem})
            return
        self.server.posted.append(body)
        self._answer(200, answer)

    def _answer(
        self, status: int, body: dict[str, Any] | str, headers: dict[str, str] | None = None
    ) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: object) -> None:
        pass


def _problems(body: dict[str, Any]) -> Iterator[str]:
    """Slack's limits of blocks, as its documentation gives them."""
    blocks = body.get("blocks", [])
    if not body.get("text") or len(blocks) > MAX_BLOCKS:
        yield "text or number of blocks"
    for block in blocks:
        if block["type"] == "header" and len(block["text"]["text"]) > 150:
            yield "header"
        elif block["type"] == "section":
            fields = block.get("fields", [])
            if len(fields) > 10 or any(len(each["text"]) > 2_000 for each in fields):
                yield "fields"
            if not fields and not 1 <= len(block["text"]["text"]) <= 3_000:
                yield "section"
        elif block["type"] == "actions" and len(block["elements"][0]["url"]) > 3_000:
            yield "url"
        elif block["type"] not in ("header", "section", "actions", "context"):
            yield f"unknown block {block['type']}"
