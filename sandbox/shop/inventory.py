"""Stock, and who has reserved what."""

from __future__ import annotations

import logging
import time

log = logging.getLogger(__name__)

# How long the warehouse takes to confirm that a box is where the list says.
WAREHOUSE_SECONDS = 0.25

STOCK = {"LAP-14": 40, "LAP-16": 1, "MOU-01": 500, "CAB-C2": 900, "STI-00": 10_000}


class OutOfStock(Exception):
    """Not enough left; the customer is told so."""


class OversoldError(RuntimeError):
    """More was promised than there is: somebody will not get their parcel."""


def reserve(sku: str, quantity: int) -> int:
    """Take `quantity` off the stock and return what is left."""
    if STOCK[sku] < quantity:
        raise OutOfStock(f"Only {STOCK[sku]} of {sku} left.")
    confirm_with_warehouse(sku)
    STOCK[sku] -= quantity
    if STOCK[sku] < 0:
        raise OversoldError(f"stock of {sku} is {STOCK[sku]} after reserving {quantity}")
    log.info("reserved %d of %s, %d left", quantity, sku, STOCK[sku])
    return STOCK[sku]


def restock(sku: str, count: int) -> None:
    """Set what the warehouse counted."""
    STOCK[sku] = count
    log.info("stock of %s counted: %d", sku, count)


def confirm_with_warehouse(sku: str) -> None:
    """Ask the warehouse whether the box is there."""
    log.info("warehouse asked about %s", sku)
    time.sleep(WAREHOUSE_SECONDS)
