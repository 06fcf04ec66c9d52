"""`run.py bot` in a process of its own, whose Discord is a stand-in.

    python bot_process.py STAND_IN_URL [LEASE]

Settings come from the environment. LEASE (seconds) is how long its claims outlive it; a test has
less time than production.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import run
from bot.alerting import claims, shipping
from sandbox.discord.pointing import pointed_at

if __name__ == "__main__":
    url, *lease = sys.argv[1:]
    if lease:
        claims.LEASE = shipping.LEASE = timedelta(seconds=float(lease[0]))
    with pointed_at(url):
        sys.exit(run.bot(argparse.Namespace(), []))
