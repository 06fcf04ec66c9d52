"""Run the shop: prints the address it listens on, ends when standard input does."""

from __future__ import annotations

import logging
import os
import sys
import threading

from waitress.server import create_server

from . import VERSION, gateway, logs, orders, payments
from .app import create_app

THREADS = 8


def main() -> None:
    """Start everything and serve until told to stop."""
    shipping = logs.set_up()
    orders.migrate()
    payments.gateway_url = os.environ.get("PAYMENT_GATEWAY_URL") or gateway.start()
    server = create_server(create_app(), host="127.0.0.1", port=0, threads=THREADS)
    logging.getLogger(__package__).info(
        "shop %s, commit %s, started", VERSION, os.environ.get("SHOP_COMMIT", "unknown")
    )
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    threading.Thread(target=server.run, name="http", daemon=True).start()
    sys.stdin.read()  # whoever started us holds the other end
    shipping.close()


if __name__ == "__main__":
    main()
