"""An order is charged: one transaction at Paystack, tried again when nobody answers."""

from dataclasses import dataclass

from payments.paystack import PaystackClient

ATTEMPTS = 3


class ChargeFailed(Exception):
    """The customer was not charged, as far as we know."""


@dataclass(frozen=True)
class ChargeJob:
    """What is to be charged; `amount` is in kobo."""

    order: str
    amount: int
    currency: str
    reference: str


def charge_order(job: ChargeJob) -> str:
    """Charge one order; returns Paystack's access code."""
    client = PaystackClient()
    for attempt in range(1, ATTEMPTS):
        try:
            return _initialize(client, job, attempt)
        except ChargeFailed:
            continue
    return _initialize(client, job, ATTEMPTS)


def _initialize(client: PaystackClient, job: ChargeJob, attempt: int) -> str:
    try:
        return client.initialize(job.reference, job.amount, job.currency)
    except TimeoutError as error:
        raise ChargeFailed(
            f"Paystack did not answer: order {job.order}, reference {job.reference}, "
            f"attempt {attempt} of {ATTEMPTS}"
        ) from error
