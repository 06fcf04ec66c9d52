"""orders-api, asked for a customer's month: GET /v1/customers/<id>/statement."""

import json
import sys

from orders.database import connect
from orders.statements import statement

if __name__ == "__main__":
    facts = json.loads(sys.argv[1])
    database = connect(facts["customer"], facts["order"])
    sys.stdout.write(f"{statement(database, facts['customer'])}\n")
