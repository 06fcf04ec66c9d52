"""The messages of a drill: briefing, interruption, scorecard. Pure; all of them say DRILL."""

from __future__ import annotations

import discord

from bot.models import Alert
from bot.simulation.drill.plan import DrillPlan
from bot.simulation.drill.scoring import NAMES, Scorecard, clock
from bot.store.drills import Drill
from bot.ui import plain, times
from bot.ui.buttons import view
from bot.ui.embeds import DRILL_COLOUR, DRILL_MARK

SEPARATOR = " · "  # in the names of those who speak on a stage
ANSWER_BUTTON = "jinkies:drill:answer"
_RED = 0xDD2E44
_TASKS = (
    "👀 **Acknowledge** the alerts of the incident, as you would in earnest.",
    "🔕 **Silence or resolve** what is only noise.",
    "🔎 **Find the service** that it comes from, then **the line of code**: read the cards, "
    "the logs, ask colleagues. Name them with `/drill answer`, or the button below.",
    "✅ **Resolve** its card, once the cause is named and the fault has stopped.",
)
OUTCOMES = {
    "solved": "solved",
    "time": "out of time",
    "stopped": "stopped",
    "interrupted": "interrupted by a real alert",
    "broken": "could not go on",
}


def mark_of(drill: Drill) -> str:
    """How a drill is called in every message of it."""
    return f"{DRILL_MARK} #{drill.id}"


def briefing(drill: Drill, plan: DrillPlan) -> tuple[str, discord.Embed, discord.ui.View]:
    """What it is, what is asked, and how to do it."""
    people = " ".join(f"<@{each}>" for each in drill.people)
    embed = discord.Embed(
        title=f"{DRILL_MARK} #{drill.id}: none of this is real",
        description=f"{plain.escape(plan.briefing)}\n\n" + "\n".join(_TASKS),
        colour=DRILL_COLOUR,
    )
    named = [
        f"**{plain.label(each.name, 40)}** ({plain.label(each.service, 60)})"
        for each in plan.colleagues
    ]
    embed.add_field(
        name="Colleagues: /drill ask",
        value=plain.clip(" · ".join(named) or "–", 1024),
        inline=False,
    )
    logged = sorted({line.service for line in plan.lines})
    spans = [plain.code_span(f"/logs service:{name}", 80) for name in logged]
    embed.add_field(name="Logs", value=plain.clip(" ".join(spans) or "–", 1024), inline=False)
    embed.add_field(name="It ends", value=f"{times.relative(drill.ends_at)}, or `/drill stop`")
    github = "is really written" if drill.ships else "is not written"
    embed.add_field(name="GitHub", value=github)
    button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
        label="Name the cause",
        style=discord.ButtonStyle.primary,
        emoji="🎯",
        custom_id=f"{ANSWER_BUTTON}:{drill.id}",
    )
    return f"{mark_of(drill)} begins. {people}", embed, view([button])


def named(drill: Drill, person: str, service: str) -> str:
    """Somebody has it."""
    return (
        f"{mark_of(drill)} · ✅ **{plain.label(person, 60)}** has it: the fault is in "
        f"**{plain.label(service, 80)}**, and it has stopped. Name the line if you have not, and "
        "resolve its card."
    )


def interruption(drill: Drill, alert: Alert, url: str) -> tuple[str, discord.Embed]:
    """As loud as it gets."""
    people = " ".join(f"<@{each}>" for each in drill.people)
    embed = discord.Embed(
        title="🚨 REAL ALERT 🚨",
        description=(
            f"**{alert.short_id} {plain.label(alert.title, 200)}**\n"
            f"{plain.label(alert.service, 60)} · {plain.label(alert.environment, 40)} is "
            f"**critical**, and it is **real**.\n\n➡️ **{url}**"
        ),
        colour=_RED,
    )
    embed.set_footer(text=f"Drill #{drill.id} is over at once; it gets no score.")
    return f"# 🚨 THIS IS NOT THE DRILL\n{people} {url}", embed


def scorecard(drill: Drill, card: Scorecard) -> tuple[str, discord.Embed]:
    """The score in words, beside its picture."""
    how = OUTCOMES.get(drill.outcome, drill.outcome)
    embed = discord.Embed(
        title=f"{DRILL_MARK} #{drill.id}: {card.total} / 100, {card.grade}",
        description=(
            f"**{plain.label(card.title, 200)}** ({plain.label(card.scenario, 60)})\n"
            f"It was {plain.code_span(card.answer, 300)}.\n{plain.label(card.cause, 900, '')}"
        ),
        colour=DRILL_COLOUR,
    )
    for mark in card.marks:
        value = f"**{mark.words}**\n{mark.points} of {mark.of} points"
        embed.add_field(name=NAMES[mark.aim], value=value)
    embed.add_field(
        name="Also",
        value=f"{card.wrong} wrong answer{'s' * (card.wrong != 1)}\n{card.questions} "
        f"question{'s' * (card.questions != 1)} · {clock(card.length)}",
    )
    embed.set_image(url=f"attachment://{picture_name(drill)}")
    seed = f"seed {drill.seed}: /drill start with it plays the same again"
    embed.set_footer(text=f"{how} · {seed}")
    return f"🏁 {mark_of(drill)} is over: **{card.total} / 100**, {card.grade}.", embed


def picture_name(drill: Drill) -> str:
    """The file of its picture."""
    return f"drill-{drill.id}.png"
