"""Products and the tree of categories they hang in."""

from __future__ import annotations

import logging
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Product:
    """Something we sell; `price` is in euro cents, before any discount."""

    sku: str
    name: str
    price: int
    category: str


PRODUCTS = {
    product.sku: product
    for product in (
        Product("LAP-14", "Notebook 14″", 129_900, "laptops"),
        Product("LAP-16", "Notebook 16″", 179_900, "laptops"),
        Product("MOU-01", "Mouse, quiet", 2_900, "accessories"),
        Product("CAB-C2", "USB-C cable, 2 m", 1_290, "accessories"),
        Product("STI-00", "Sticker sheet (free sample)", 0, "samples"),
    )
}

# child → parent; the top of the tree has none.
PARENTS: dict[str, str | None] = {
    "electronics": None,
    "computers": "electronics",
    "laptops": "computers",
    "accessories": "electronics",
    "samples": None,
    "outlet": "refurbished",
    "refurbished": "outlet",
}


def breadcrumb(category: str) -> list[str]:
    """The way from the top of the tree down to `category`."""
    parent = PARENTS[category]
    if parent is None:
        return [category]
    return [*breadcrumb(parent), category]


def products_in(category: str) -> list[Product]:
    """Products that hang directly in `category`."""
    found = [product for product in PRODUCTS.values() if product.category == category]
    log.info("category %s has %d products", category, len(found))
    return found
