"""What webhooks lead to."""

from subscriptions.pool import Pool
from subscriptions.verification import verify_payment

POOL = Pool(size=5)


def payment_made(reference: str, subscription: str) -> None:
    """Believe it only after asking the provider, and extend the subscription."""
    stuck = [POOL.acquire() for _ in range(POOL.size)]  # five that wait for the provider's answer
    verify_payment(POOL, reference, subscription)
    for connection in stuck:
        POOL.release(connection)
