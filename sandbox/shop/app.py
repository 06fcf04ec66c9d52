"""The HTTP API. The first segment of a path is the service that answers."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, request

from . import catalogue, coupons, emails, inventory, logs, orders, payments, pricing, shipping

log = logging.getLogger(__name__)


def create_app() -> Flask:
    """All routes, and a request id for every request."""
    app = Flask(__package__)
    app.before_request(begin)
    app.after_request(end)
    app.add_url_rule("/catalogue/<category>", view_func=show_category)
    app.add_url_rule("/checkout/quote", view_func=quote, methods=["POST"])
    app.add_url_rule("/payments/charge", view_func=charge, methods=["POST"])
    app.add_url_rule("/inventory/reserve", view_func=reserve, methods=["POST"])
    app.add_url_rule("/inventory/count", view_func=count, methods=["POST"])
    app.add_url_rule("/emails/receipt", view_func=receipt, methods=["POST"])
    app.add_url_rule("/orders", view_func=save_order, methods=["POST"])
    app.add_url_rule("/orders/<order_id>/packing-slip", view_func=packing_slip)
    app.add_url_rule("/shipping/label", view_func=label, methods=["POST"])
    app.register_error_handler(coupons.CouponRefused, refuse)
    app.register_error_handler(inventory.OutOfStock, refuse)
    return app


def begin() -> None:
    """Give the request an id and its service, and say that it came."""
    logs.request_id.set(request.headers.get("X-Request-Id") or logs.new_request_id())
    logs.service.set(request.path.split("/")[1] or logs.START)
    log.info("%s %s from %s", request.method, request.path, request.remote_addr)


def end(response: Response) -> Response:
    """Hand the id back, so that a customer can name it to the support."""
    response.headers["X-Request-Id"] = logs.request_id.get()
    log.info("%s %s answered %d", request.method, request.path, response.status_code)
    return response


def refuse(error: Exception) -> tuple[dict[str, Any], int]:
    """What the customer did cannot be done; nothing is broken."""
    log.info("refused: %s", error)
    return {"error": str(error)}, 409


def show_category(category: str) -> dict[str, Any]:
    """Breadcrumb and products of a category."""
    return {
        "breadcrumb": catalogue.breadcrumb(category),
        "products": [asdict(product) for product in catalogue.products_in(category)],
    }


def quote() -> dict[str, Any]:
    """The price of a basket."""
    basket = request.get_json()
    return pricing.quote(basket["items"], basket["country"], basket.get("coupon", ""))


def charge() -> dict[str, Any]:
    """Take the money."""
    order = request.get_json()
    return payments.charge(order["order"], order["amount"], order["currency"], order["card"])


def reserve() -> dict[str, Any]:
    """Set goods aside for a basket."""
    wanted = request.get_json()
    return {"left": inventory.reserve(wanted["sku"], wanted["quantity"])}


def count() -> dict[str, Any]:
    """Take over what the warehouse counted."""
    counted = request.get_json()
    inventory.restock(counted["sku"], counted["count"])
    return {}


def receipt() -> dict[str, Any]:
    """Send the customer a receipt."""
    return {"bytes": emails.send_receipt(request.get_json())}


def save_order() -> dict[str, Any]:
    """Store an order."""
    order = request.get_json()
    orders.save(order)
    return {"id": order["id"]}


def packing_slip(order_id: str) -> dict[str, Any]:
    """What goes into the parcel."""
    return orders.packing_slip(order_id)


def label() -> dict[str, str]:
    """What goes onto the parcel."""
    parcel = request.get_json()
    return shipping.label(parcel["name"], parcel["street"], parcel["postcode"], parcel["city"])
