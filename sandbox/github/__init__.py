"""A GitHub on loopback that refuses what it does not know."""

from sandbox.github.faults import Fault, Faults
from sandbox.github.server import Commit, GitHubStandIn
from sandbox.github.world import BOT_LOGIN, STAND_IN_TOKEN

__all__ = ["BOT_LOGIN", "STAND_IN_TOKEN", "Commit", "Fault", "Faults", "GitHubStandIn"]
