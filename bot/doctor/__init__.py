"""`run.py doctor`: checks everything the bot needs, and says for each failure what to do.

examination.py   the table of checks, each guarded and limited in time
finding.py       a line of the report
discord.py …     the checks, by what they look at
"""

from bot.doctor.examination import examine

__all__ = ["examine"]
