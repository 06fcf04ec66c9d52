"""Drills: an incident that is played through the real road, into an area of its own, and scored."""

from bot.alerting.drills.area import Area
from bot.alerting.drills.conducting import Drills, NoDrill, Start, Verdict, planner_of
from bot.alerting.drills.course import TICK

__all__ = ["TICK", "Area", "Drills", "NoDrill", "Start", "Verdict", "planner_of"]
