"""Discount codes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

log = logging.getLogger(__name__)


class CouponRefused(Exception):
    """The code cannot be used; the text is shown to the customer."""


@dataclass(frozen=True)
class Coupon:
    """A code; `cents` off the whole basket until `valid_until` (ISO 8601)."""

    code: str
    cents: int
    valid_until: str


COUPONS = {
    coupon.code: coupon
    for coupon in (
        Coupon("WELCOME10", 1_000, "2031-12-31T23:59:59+00:00"),
        Coupon("FREESHIP", 490, "2031-12-31T23:59:59+00:00"),
        Coupon("WINTER5", 500, "2031-02-28T23:59:59"),
    )
}


def redeem(code: str) -> Coupon:
    """Find a code and check that it may still be used."""
    coupon = COUPONS.get(code)
    if coupon is None:
        raise CouponRefused(f"There is no coupon {code}.")
    if datetime.fromisoformat(coupon.valid_until) < datetime.now(UTC):
        raise CouponRefused(f"{code} is no longer valid.")
    log.info("coupon %s redeemed: %d cents off", code, coupon.cents)
    return coupon
