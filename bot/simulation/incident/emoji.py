"""Emojis by the names that chats give them: what a scenario's reactions say, as characters."""

from __future__ import annotations

import re
from collections.abc import Mapping

EMOJI: Mapping[str, str] = {
    "+1": "👍", "-1": "👎", "100": "💯", "alert": "🚨", "bell": "🔔", "bug": "🐛", "bulb": "💡",
    "chart_with_downwards_trend": "📉", "chart_with_upwards_trend": "📈", "clap": "👏",
    "coffee": "☕", "confused": "😕", "construction": "🚧", "crossed_fingers": "🤞", "cry": "😢",
    "dart": "🎯", "disappointed": "😞", "exclamation": "❗", "exploding_head": "🤯", "eyes": "👀",
    "facepalm": "🤦", "face_palm": "🤦", "fearful": "😨", "fire": "🔥", "fire_engine": "🚒",
    "grimacing": "😬", "hammer_and_wrench": "🛠️", "heart": "❤️", "heavy_check_mark": "✔️",
    "hourglass": "⌛", "hugging_face": "🤗", "joy": "😂", "man-facepalming": "🤦", "mag": "🔍",
    "memo": "📝", "money_with_wings": "💸", "muscle": "💪", "ok_hand": "👌", "party_popper": "🎉",
    "partying_face": "🥳", "pray": "🙏", "question": "❓", "raised_hands": "🙌", "relieved": "😌",
    "rocket": "🚀", "rotating_light": "🚨", "scream": "😱", "see_no_evil": "🙈", "skull": "💀",
    "slightly_smiling_face": "🙂", "smile": "😄", "sob": "😭", "sos": "🆘", "sparkles": "✨",
    "sweat_smile": "😅", "tada": "🎉", "thinking": "🤔", "thinking_face": "🤔",
    "thumbsdown": "👎", "thumbsup": "👍", "turtle": "🐢", "warning": "⚠️", "wave": "👋",
    "white_check_mark": "✅", "woman-facepalming": "🤦", "wrench": "🔧", "x": "❌", "zzz": "💤",
}  # fmt: skip
_CODE = re.compile(r":([a-z0-9_+'-]{1,60}):")


def character(name: str) -> str | None:
    """The emoji of a name; None for one of a workspace's own."""
    return EMOJI.get(name.strip(":").lower())


def with_characters(text: str) -> str:
    """`:tada:` becomes the emoji, where it is known."""
    return _CODE.sub(lambda match: EMOJI.get(match[1], match[0]), text)
