"""Slack as a stage: personas speak under their names, in threads; nobody is called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from zlib import crc32

from bot.errors import NotFound, UpstreamError
from bot.services.slack import SlackDoor
from bot.simulation.incident.personas import display_name
from bot.simulation.incident.playing import Posted, Step
from bot.simulation.incident.scenario import Action, Alert, AnyEvent, Resolution, Scenario

MARK = "SIMULATION"
_FACES = (":cat:", ":dog:", ":fox_face:", ":owl:", ":penguin:", ":panda_face:", ":koala:", ":bear:")
_MOST = 3_900  # characters of a message; Slack cuts at 4,000
_GONE = frozenset(("message_not_found", "already_reacted", "invalid_name", "no_reaction"))
_CONTROL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_BROADCAST = re.compile(r"@(?=here\b|channel\b|everyone\b)")


@dataclass
class SlackStage:
    """Says what a scenario's people say.

    Attributes:
        channel: where everything is played; "" for the scenario's own channels.
    """

    door: SlackDoor
    channel: str = ""

    def place(self, channel: str) -> str:
        """The channel whose budget is used."""
        return self.channel or channel

    async def banner(self, scenario: Scenario, channel: str) -> Posted:
        """Say in a place what is about to be played there; raises UpstreamError."""
        text = (
            f":performing_arts: *{MARK}*: {_escaped(scenario.title)}. Everything that follows is "
            "made up; nothing is broken, and nobody needs to act."
        )
        return await self._say(channel, "Jinkies", ":performing_arts:", text)

    def lacks_thread(self, channel: str, parent: Posted) -> bool:  # noqa: ARG002 - a stage's shape
        """Slack's threads begin by being answered."""
        return False

    async def begin_thread(self, channel: str, parent: Posted) -> None:
        """Nothing to do."""

    async def post(self, event: AnyEvent, parent: Posted | None) -> Posted:
        """Say it, in the thread of `parent`; raises UpstreamError."""
        user, text = _said(event)
        face = ":rotating_light:" if isinstance(event, Alert) else _face(user)
        if self.channel:
            text = f"_{event.channel}_ {text}"
        thread = (parent.thread or parent.message) if parent is not None else ""
        return await self._say(event.channel, user, face, text, thread)

    async def react(self, posted: Posted, emoji: str) -> None:
        """Put an emoji under something; one that the workspace has not is left out."""
        try:
            await self.door.call(
                "reactions.add", channel=posted.channel, timestamp=posted.message, name=emoji
            )
        except UpstreamError as error:
            if not any(code in error.detail for code in _GONE):
                raise

    def removals(self, everything: Sequence[Posted]) -> Iterator[Step]:
        """Slack takes them one by one; answers before what they answer."""
        return (Step(each.channel, partial(self._remove, each)) for each in reversed(everything))

    async def _remove(self, posted: Posted) -> None:
        try:
            await self.door.call("chat.delete", channel=posted.channel, ts=posted.message)
        except UpstreamError as error:
            if not any(code in error.detail for code in _GONE):
                raise

    async def _say(self, channel: str, user: str, face: str, text: str, thread: str = "") -> Posted:
        told = {"thread_ts": thread} if thread else {}
        answer = await self.door.call(
            "chat.postMessage",
            channel=self.place(channel),
            text=text[:_MOST],
            username=f"{display_name(user)} · {MARK}",
            icon_emoji=face,
            unfurl_links=False,
            unfurl_media=False,
            **told,
        )
        if not answer.get("ts"):
            raise NotFound("Slack did not say where the message is.")
        return Posted(str(answer.get("channel") or channel), str(answer["ts"]), thread)


def _said(event: AnyEvent) -> tuple[str, str]:
    """Who speaks, and the text."""
    if isinstance(event, Alert):
        return "Monitoring", f"*{_escaped(event.title)}*\n{_escaped(event.details)}"
    if isinstance(event, Action):
        more = f"\n{_escaped(event.content)}" if event.content else ""
        return event.user, f":hammer_and_wrench: *{_escaped(event.action_details)}*{more}"
    mark = ":white_check_mark: " if isinstance(event, Resolution) else ""
    return event.user, f"{mark}{_escaped(event.content)}"


def _escaped(text: str) -> str:
    """Slack's three control characters, and its calls to everybody made harmless."""
    return _BROADCAST.sub("@\u200b", text.translate(_CONTROL))


def _face(user: str) -> str:
    return _FACES[crc32(user.encode()) % len(_FACES)]
