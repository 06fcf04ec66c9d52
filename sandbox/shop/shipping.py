"""Address labels."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


def label(name: str, street: str, postcode: str, city: str) -> dict[str, str]:
    """The fields that the carrier's printer wants."""
    street_name, number = street.rsplit(" ", 1)
    log.info("label for postcode %s", postcode)
    return {
        "name": name.upper(),
        "street": street_name,
        "number": number,
        "place": f"{postcode} {city}",
    }
