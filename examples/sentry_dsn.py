"""An application that reports to Jinkies with Sentry's SDK: only the DSN is Jinkies' own.

Make the DSN with `/dsn create my-app`, then: SENTRY_DSN=https://... python sentry_dsn.py
"""

import os

import sentry_sdk

sentry_sdk.init(
    dsn=os.environ["SENTRY_DSN"],
    environment=os.environ.get("APP_ENVIRONMENT", "production"),
    release=os.environ.get("APP_COMMIT"),  # the commit, so that cards link to the right lines
    traces_sample_rate=0,  # Jinkies reads errors; transactions would be left aside
)


def price(total: float, items: list[str]) -> float:
    """Fails for an empty cart."""
    return total / len(items)


if __name__ == "__main__":
    price(10, [])
