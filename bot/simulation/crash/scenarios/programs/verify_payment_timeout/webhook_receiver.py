"""The webhook receiver of subscriptions-api: a payment was made, says its sender."""

import json
import sys

from subscriptions.webhooks import payment_made

if __name__ == "__main__":
    facts = json.loads(sys.argv[1])
    payment_made(facts["reference"], facts["subscription"])
