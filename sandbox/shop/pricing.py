"""What a basket costs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from . import coupons
from .catalogue import PRODUCTS

log = logging.getLogger(__name__)

# One euro in other currencies; the treasury team sends new ones on Mondays.
RATES = {"EUR": 1.0, "USD": 1.09, "GBP": 0.86, "SEK": 11.42}
CURRENCY_OF_COUNTRY = {"DE": "EUR", "FR": "EUR", "US": "USD", "GB": "GBP", "SE": "SEK", "CH": "CHF"}


@dataclass
class Line:
    """One row of a basket; amounts are cents."""

    sku: str
    quantity: int
    total: int
    discount: int = 0


def quote(items: list[dict[str, Any]], country: str, code: str = "") -> dict[str, Any]:
    """Price a basket in the customer's currency, with the discount of a coupon."""
    lines = [line_of(item) for item in items]
    if code:
        spread(coupons.redeem(code).cents, lines)
    total = sum(line.total - line.discount for line in lines)
    currency = CURRENCY_OF_COUNTRY.get(country, "EUR")
    log.info("basket of %d lines costs %d cents, to be paid in %s", len(lines), total, currency)
    return {"total": convert(total, currency), "currency": currency, "lines": len(lines)}


def line_of(item: dict[str, Any]) -> Line:
    """Price one row."""
    product = PRODUCTS[item["sku"]]
    quantity = int(item.get("quantity", 1))
    return Line(product.sku, quantity, product.price * quantity)


def spread(discount: int, lines: list[Line]) -> None:
    """Divide a basket's discount over its lines, in proportion to what they cost."""
    total = sum(line.total for line in lines)
    for line in lines:
        line.discount = discount * line.total // total


def convert(cents: int, currency: str) -> int:
    """Euro cents in the smallest unit of another currency."""
    return round(cents * RATES[currency])
