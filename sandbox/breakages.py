"""What customers of the sample shop do: ordinary requests, and requests that meet a bug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ShopRequest:
    """One HTTP request to the shop; with a body it is a POST."""

    path: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Breakage:
    """A bug of the shop and the way into it.

    `before` is sent one after another, then `requests` all at once. `error` is the type of the
    exception that surfaces, `file` the module of the shop whose line is to blame.
    """

    id: str
    label: str
    description: str
    service: str
    error: str
    file: str
    requests: tuple[ShopRequest, ...]
    before: tuple[ShopRequest, ...] = ()


def _order(number: str, customer: str) -> Mapping[str, Any]:
    return {"id": number, "customer": customer, "total": 132_800, "currency": "EUR"}


def _quote(country: str, sku: str, coupon: str = "") -> ShopRequest:
    items = [{"sku": sku, "quantity": 1}]
    return ShopRequest("/checkout/quote", {"items": items, "country": country, "coupon": coupon})


def _charge(card: str) -> ShopRequest:
    body = {"order": "A-70215", "amount": 132_800, "currency": "EUR", "card": card}
    return ShopRequest("/payments/charge", body)


def _label(street: str) -> ShopRequest:
    body = {"name": "Ada Byron", "street": street, "postcode": "80331", "city": "München"}
    return ShopRequest("/shipping/label", body)


BREAKAGES = (
    Breakage(
        "currency",
        "Check out from Switzerland",
        "Nobody entered an exchange rate for the Swiss franc.",
        "checkout",
        "KeyError",
        "pricing.py",
        (_quote("CH", "LAP-14"),),
    ),
    Breakage(
        "free-basket",
        "Use a coupon on free samples",
        "The discount is divided by what the basket costs, which is nothing.",
        "checkout",
        "ZeroDivisionError",
        "pricing.py",
        (_quote("DE", "STI-00", "FREESHIP"),),
    ),
    Breakage(
        "coupon-date",
        "Redeem the winter coupon",
        "Its date was entered without a time zone.",
        "checkout",
        "TypeError",
        "coupons.py",
        (_quote("DE", "MOU-01", "WINTER5"),),
    ),
    Breakage(
        "gateway",
        "Pay with a card that gets no answer",
        "The payment gateway times out; two exceptions, one the cause of the other.",
        "payments",
        "PaymentFailed",
        "payments.py",
        (_charge("4000 0000 0000 9995"),),
    ),
    Breakage(
        "oversold",
        "Sell the last notebook twice",
        "Two baskets at the same moment: checked, then taken, without a lock.",
        "inventory",
        "OversoldError",
        "inventory.py",
        (ShopRequest("/inventory/reserve", {"sku": "LAP-16", "quantity": 1}),) * 2,
        before=(ShopRequest("/inventory/count", {"sku": "LAP-16", "count": 1}),),
    ),
    Breakage(
        "guest",
        "Send a guest their receipt",
        "Guests have no customer record, and nobody asked for None.",
        "emails",
        "AttributeError",
        "emails.py",
        (ShopRequest("/emails/receipt", _order("A-70216", "guest")),),
    ),
    Breakage(
        "unicode",
        "Send Bjørn Ødegård his receipt",
        "His name does not fit into the ASCII of an e-mail's head.",
        "emails",
        "UnicodeEncodeError",
        "emails.py",
        (ShopRequest("/emails/receipt", _order("A-70217", "c-1003")),),
    ),
    Breakage(
        "category-loop",
        "Browse the outlet",
        "Outlet and refurbished are each other's parents since the last import.",
        "catalogue",
        "RecursionError",
        "catalogue.py",
        (ShopRequest("/catalogue/outlet"),),
    ),
    Breakage(
        "migration",
        "Print a packing slip",
        "A migration added the column to the wrong table.",
        "orders",
        "OperationalError",
        "orders.py",
        (ShopRequest("/orders/A-70218/packing-slip"),),
        before=(ShopRequest("/orders", _order("A-70218", "c-1001")),),
    ),
    Breakage(
        "address",
        "Ship to a street without a number",
        "The label splits the street at its last space, and there is none.",
        "shipping",
        "ValueError",
        "shipping.py",
        (_label("Marienplatz"),),
    ),
)

# Sent in turn, so that the logs around an error look like those of a living shop.
ORDINARY = (
    ShopRequest("/catalogue/laptops"),
    _quote("DE", "LAP-14", "WELCOME10"),
    ShopRequest("/inventory/reserve", {"sku": "CAB-C2", "quantity": 1}),
    _charge("4242 4242 4242 4242"),
    ShopRequest("/orders", _order("A-70214", "c-1002")),
    ShopRequest("/emails/receipt", _order("A-70214", "c-1002")),
    _label("Marienplatz 8"),
    ShopRequest("/catalogue/accessories"),
    _quote("SE", "MOU-01"),
    ShopRequest("/inventory/count", {"sku": "CAB-C2", "count": 900}),
)
