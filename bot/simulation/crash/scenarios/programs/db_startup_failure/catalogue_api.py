"""catalogue-api starts: settings, database, routes."""

import json
import sys

from catalogue.application import start

if __name__ == "__main__":
    start(json.loads(sys.argv[1])["release"])
