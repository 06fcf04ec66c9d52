"""What people write in the area of a drill: whoever is named, or answered, answers.

Discord shows a bot only messages that mention it, unless it has the Message Content intent
(`MESSAGE_CONTENT`). `/drill ask` needs neither.
"""

from __future__ import annotations

import logging
import re

import discord

from bot.errors import JinkiesError
from bot.models import Person
from bot.simulation.drill.colleagues import find, named_in, who_knows
from bot.simulation.drill.plan import Colleague, DrillPlan
from bot.ui.desk import Desk
from bot.ui.drill.words import SEPARATOR

log = logging.getLogger(__name__)
_MENTION = re.compile(r"<@[!&]?\d+>")


async def hear(desk: Desk, message: discord.Message) -> None:
    """Have a colleague answer a question that was written in the area of the drill."""
    found = desk.drills.under_way
    if found is None or message.channel.id != found[0].area_id:
        return
    drill, plan = found
    text = _MENTION.sub("", message.content).strip()
    if message.author.bot or message.author.id not in drill.people or not text:
        return
    asked = _asked(plan, message, text)
    if asked is None:
        return
    person = Person(message.author.id, message.author.display_name)
    try:
        await desk.drills.say(await desk.drills.ask(person, asked.name, text))
    except JinkiesError as error:
        log.warning("a question in drill #%d stays without an answer: %s", drill.id, error)


def _asked(plan: DrillPlan, message: discord.Message, text: str) -> Colleague | None:
    """Whom the text names, or whose message it answers; if it was for the bot, who knows."""
    named = named_in(plan, text)
    if named is not None:
        return named
    answered = message.reference.resolved if message.reference is not None else None
    if isinstance(answered, discord.Message) and answered.webhook_id is not None:
        return find(plan, answered.author.name.partition(SEPARATOR)[0])
    return who_knows(plan, text) if message.mentions else None
