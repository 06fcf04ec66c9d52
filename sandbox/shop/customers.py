"""Who buys from us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Customer:
    """A registered customer."""

    id: str
    name: str
    email: str
    language: str = "en"


CUSTOMERS: dict[str, Any] = {
    customer.id: customer
    for customer in (
        Customer("c-1001", "Ada Byron", "ada.byron@example.com"),
        Customer("c-1002", "Jean Dupont", "jean.dupont@example.com", "fr"),
        Customer("c-1003", "Bjørn Ødegård", "bjorn@example.com", "sv"),
    )
}


def find(customer_id: str) -> Any:
    """The customer with this id."""
    return CUSTOMERS.get(customer_id)
