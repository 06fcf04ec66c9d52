"""The charge worker of payments-api: takes one job from its queue and charges it."""

import json
import sys

from payments.charges import ChargeJob, charge_order

if __name__ == "__main__":
    facts = json.loads(sys.argv[1])
    charge_order(ChargeJob(facts["order"], facts["amount"], facts["currency"], facts["reference"]))
