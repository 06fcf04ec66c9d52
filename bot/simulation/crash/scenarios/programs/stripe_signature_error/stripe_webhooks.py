"""billing-api gets a webhook of Stripe: POST /webhooks/stripe."""

import json
import sys

from billing.requests import Request, as_stripe_sends
from billing.webhooks import receive

if __name__ == "__main__":
    facts = json.loads(sys.argv[1])
    receive(Request(*as_stripe_sends(facts["event"], facts["customer"])))
