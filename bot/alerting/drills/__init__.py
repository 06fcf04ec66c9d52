"""Drills: an incident that is played through the real road, into an area of its own, and scored."""

from bot.alerting.drills.area import Area
from bot.alerting.drills.conducting import Drills, NoDrill, Start, Verdict

__all__ = ["Area", "Drills", "NoDrill", "Start", "Verdict"]
