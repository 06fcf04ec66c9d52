"""The payment provider's test server, which every environment but production talks to.

It accepts every card except the provider's documented test numbers.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NEVER_ANSWERED = "4000000000009995"
PATIENCE = 3.0


class Charges(BaseHTTPRequestHandler):
    """POST /v1/charges."""

    closing = threading.Event()

    def do_POST(self) -> None:
        """Accept a charge, or keep the caller waiting."""
        length = int(self.headers.get("Content-Length", "0"))
        charge = json.loads(self.rfile.read(length))
        if charge["card"].replace(" ", "") == NEVER_ANSWERED:
            self.closing.wait(PATIENCE)
            return
        answer = json.dumps({"status": "succeeded", "amount": charge["amount"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """The provider's log is not ours."""


def start() -> str:
    """Start it in a thread and return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Charges)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="gateway", daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
