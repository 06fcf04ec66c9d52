"""The commit history of the sample shop, worked out backwards from its source.

The newest tree is `sandbox/shop/` itself. Each commit says what it added and changed; undoing
them from the newest to the oldest gives every earlier tree, so that the history can never
disagree with the source that runs. The result is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parent / "shop"
REPOSITORY = "acme/shop"


@dataclass(frozen=True)
class Author:
    """Somebody of the company."""

    name: str
    email: str


MIRA = Author("Mira Novak", "mira.novak@example.com")
TOM = Author("Tom Okafor", "tom.okafor@example.com")
LENA = Author("Lena Brandt", "lena.brandt@example.com")


@dataclass(frozen=True)
class Edit:
    """`before` became `after` in one file; `after` stands there exactly once."""

    path: str
    after: str
    before: str = ""


@dataclass(frozen=True)
class Step:
    """One commit: files it added and edits it made."""

    message: str
    author: Author
    at: datetime
    adds: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Version:
    """A commit with the whole tree after it, path → text."""

    step: Step
    files: Mapping[str, str]


def _on(month: int, day: int, hour: int) -> datetime:
    return datetime(2026, month, day, hour, 12, tzinfo=UTC)


STEPS = (
    Step("Move the shop into a repository of its own", MIRA, _on(3, 2, 9)),
    Step(
        "Print address labels for the carrier",
        LENA,
        _on(5, 6, 14),
        adds=("shop/shipping.py",),
        edits=(
            Edit("shop/app.py", "pricing, shipping\n", "pricing\n"),
            Edit(
                "shop/app.py",
                '    app.add_url_rule("/shipping/label", view_func=label, methods=["POST"])\n',
            ),
            Edit(
                "shop/app.py",
                '''

def label() -> dict[str, str]:
    """What goes onto the parcel."""
    parcel = request.get_json()
    return shipping.label(parcel["name"], parcel["street"], parcel["postcode"], parcel["city"])
''',
            ),
        ),
    ),
    Step(
        "Coupons\n\nA code takes a fixed amount off the basket. The amount is divided over the "
        "lines, because\nreturns are refunded line by line.",
        LENA,
        _on(6, 18, 10),
        adds=("shop/coupons.py",),
        edits=(
            Edit("shop/app.py", "catalogue, coupons, emails", "catalogue, emails"),
            Edit(
                "shop/app.py",
                "    app.register_error_handler(coupons.CouponRefused, refuse)\n",
            ),
            Edit(
                "shop/app.py",
                'basket["country"], basket.get("coupon", ""))',
                'basket["country"])',
            ),
            Edit("shop/pricing.py", "from . import coupons\n"),
            Edit("shop/pricing.py", 'country: str, code: str = "")', "country: str)"),
            Edit("shop/pricing.py", ", with the discount of a coupon.", "."),
            Edit(
                "shop/pricing.py",
                "    if code:\n        spread(coupons.redeem(code).cents, lines)\n",
            ),
            Edit(
                "shop/pricing.py",
                '''def spread(discount: int, lines: list[Line]) -> None:
    """Divide a basket's discount over its lines, in proportion to what they cost."""
    total = sum(line.total for line in lines)
    for line in lines:
        line.discount = discount * line.total // total


''',
            ),
        ),
    ),
    Step(
        "Say at once when the payment gateway does not answer",
        TOM,
        _on(8, 20, 16),
        edits=(
            Edit("shop/payments.py", "TIMEOUT_SECONDS = 0.8", "TIMEOUT_SECONDS = 30.0"),
            Edit(
                "shop/payments.py",
                """    try:
        answer = post("/v1/charges", body)
    except TimeoutError as error:
        raise PaymentFailed(
            f"order {order}: no answer from the gateway in {TIMEOUT_SECONDS} s"
        ) from error
""",
                '    answer = post("/v1/charges", body)\n',
            ),
            Edit(
                "shop/payments.py",
                '''class PaymentFailed(Exception):
    """The money did not arrive."""


''',
            ),
        ),
    ),
    Step(
        "Winter coupon for the newsletter",
        LENA,
        _on(10, 1, 8),
        edits=(
            Edit("shop/coupons.py", '        Coupon("WINTER5", 500, "2031-02-28T23:59:59"),\n'),
        ),
    ),
    Step(
        "Import the outlet's categories from the old shop",
        MIRA,
        _on(10, 12, 11),
        edits=(
            Edit(
                "shop/catalogue.py",
                '    "outlet": "refurbished",\n    "refurbished": "outlet",\n',
            ),
        ),
    ),
    Step(
        "Ask the warehouse before stock is taken\n\n"
        "The list and the shelves disagreed twice last month.",
        TOM,
        _on(10, 22, 15),
        edits=(
            Edit("shop/inventory.py", "    confirm_with_warehouse(sku)\n"),
            Edit(
                "shop/inventory.py",
                '''

def confirm_with_warehouse(sku: str) -> None:
    """Ask the warehouse whether the box is there."""
    log.info("warehouse asked about %s", sku)
    time.sleep(WAREHOUSE_SECONDS)
''',
            ),
            Edit("shop/inventory.py", "import logging\nimport time\n", "import logging\n"),
            Edit(
                "shop/inventory.py",
                "# How long the warehouse takes to confirm that a box is where the list says.\n"
                "WAREHOUSE_SECONDS = 0.25\n\n",
            ),
        ),
    ),
    Step(
        "Ship to Switzerland",
        MIRA,
        _on(11, 3, 9),
        edits=(Edit("shop/pricing.py", ', "CH": "CHF"}', "}"),),
    ),
    Step(
        "Gift notes on packing slips",
        TOM,
        _on(11, 9, 17),
        edits=(
            Edit(
                "shop/orders.py",
                "    \"ALTER TABLE order_lines ADD COLUMN gift_note TEXT DEFAULT ''\",\n",
            ),
            Edit(
                "shop/orders.py", "SELECT id, customer, gift_note FROM", "SELECT id, customer FROM"
            ),
        ),
    ),
    Step(
        "Let guests order without an account",
        LENA,
        _on(11, 16, 13),
        edits=(
            Edit("shop/customers.py", "CUSTOMERS.get(customer_id)", "CUSTOMERS[customer_id]"),
            Edit(
                "shop/catalogue.py",
                '        Product("STI-00", "Sticker sheet (free sample)", 0, "samples"),\n',
            ),
            Edit("shop/catalogue.py", '    "samples": None,\n'),
        ),
    ),
    Step(
        "Release 2.14.0",
        MIRA,
        _on(11, 18, 9),
        edits=(Edit("shop/__init__.py", '"2.14.0"', '"2.13.2"'),),
    ),
)


def newest_tree() -> dict[str, str]:
    """The files of the repository as they run, path → text."""
    tree = {f"shop/{path.name}": path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}
    return dict(sorted({"README.md": (FOLDER / "README.md").read_text("utf-8"), **tree}.items()))


def versions() -> tuple[Version, ...]:
    """Every commit with its tree, oldest first.

    Raises:
        ValueError: if an edit does not fit the source any more.
    """
    found = []
    tree = newest_tree()
    for step in reversed(STEPS):
        found.append(Version(step, dict(tree)))
        for edit in reversed(step.edits):
            if tree[edit.path].count(edit.after) != 1:
                raise ValueError(f"{step.message!r} does not fit {edit.path}: {edit.after!r}")
            tree[edit.path] = tree[edit.path].replace(edit.after, edit.before)
        for path in step.adds:
            del tree[path]
    return tuple(reversed(found))
