"""The e-mails we send."""

from __future__ import annotations

import logging
from typing import Any

from . import customers

log = logging.getLogger(__name__)

SUBJECTS = {
    "en": "Your order {id}",
    "fr": "Votre commande {id}",
    "sv": "Din order {id}",
}


def send_receipt(order: dict[str, Any]) -> int:
    """Send the receipt of an order; returns how many bytes went out."""
    customer = customers.find(order["customer"])
    subject = SUBJECTS[customer.language].format(id=order["id"])
    message = headers(customer.name, customer.email, subject) + body(order)
    log.info("receipt of order %s sent to %s", order["id"], customer.email)
    return len(message)


def headers(name: str, address: str, subject: str) -> bytes:
    """The head of a message, as the wire wants it."""
    lines = [f"To: {name} <{address}>", f"Subject: {subject}", "MIME-Version: 1.0", "", ""]
    return "\r\n".join(lines).encode("ascii")


def body(order: dict[str, Any]) -> bytes:
    """The text of a receipt."""
    return f"Thank you! You paid {order['total'] / 100:.2f} {order['currency']}.\r\n".encode()
