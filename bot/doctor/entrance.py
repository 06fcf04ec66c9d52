"""Where deliveries come in: the port, the secret, and the doors."""

from __future__ import annotations

import re

import aiohttp

from bot.config import CURES, Settings
from bot.doctor.finding import Finding, Verdict, unset
from bot.entrance import door_secrets, sources_of
from bot.errors import SettingsError
from bot.sources.request import PathForm, Secrets, Source
from bot.web.listening import address_to_listen_on

NEIGHBOUR_SECONDS = 1.0  # for what listens on our port to say whether it is Jinkies
SHORTEST_SECRET = 16
PLAIN_ENDING = re.compile(r"[A-Za-z0-9_-]+")


async def check_web(settings: Settings) -> list[Finding]:
    """The port is free, or already ours; and deliveries can prove who they are."""
    return [await _check_port(settings.web_host, settings.web_port), _check_secret(settings)]


async def _check_port(host: str, port: int) -> Finding:
    where = f"{host}:{port}"
    try:
        address_to_listen_on(host, port)
    except SettingsError as error:
        if await _is_jinkies(host, port):
            return Finding("Web port", Verdict.FINE, f"{where} is taken by a Jinkies that runs")
        return Finding("Web port", Verdict.WRONG, str(error))
    return Finding("Web port", Verdict.FINE, f"{where} is free")


async def _is_jinkies(host: str, port: int) -> bool:
    reached = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
    timeout = aiohttp.ClientTimeout(total=NEIGHBOUR_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            async with session.get(f"http://{reached}:{port}/health") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def _check_secret(settings: Settings) -> Finding:
    secret = settings.webhook_secret.get_secret_value()
    if not secret:
        text = f"{unset('WEBHOOK_SECRET')} Until then every delivery is refused."
        return Finding("Webhook secret", Verdict.WRONG, text)
    if len(secret) < SHORTEST_SECRET:
        text = f"shorter than {SHORTEST_SECRET} characters; {CURES['WEBHOOK_SECRET']}."
        return Finding("Webhook secret", Verdict.WRONG, text)
    return Finding("Webhook secret", Verdict.FINE, "is set")


async def check_doors(settings: Settings) -> list[Finding]:
    """Which sources may send, what would open the others, and secrets that are of no use."""
    sources = sources_of(settings)
    secrets = door_secrets(settings, sources)
    opened = [name for name, each in sources.items() if each.is_open or secrets[name].accepted]
    shut = [name for name in sources if name not in opened]
    found = [Finding("Doors open", Verdict.FINE, ", ".join(opened))]
    if shut:
        text = f"{', '.join(shut)}; docs/sources.md names the setting that opens each"
        found.append(Finding("Doors shut", Verdict.UNUSED, text))
    for name, each in sources.items():
        problem = _problem(secrets[name], each) if each.setting != "WEBHOOK_SECRET" else ""
        if problem:
            found.append(Finding(f"Door {name}", Verdict.WRONG, problem))
    return found


def _problem(secrets: Secrets, source: Source) -> str:
    """What is wrong with the secret of a door; "" if nothing is."""
    name, current = source.secret_setting, secrets.current
    if secrets.previous and not current:
        return f"{name}_PREVIOUS is set without {name}, so the door is shut. Set {name} too."
    if current and len(current) < SHORTEST_SECRET:
        return f"{name} is shorter than {SHORTEST_SECRET} characters; make a longer one."
    if current and source.path is PathForm.ENDING and not PLAIN_ENDING.fullmatch(current):
        return f"{name} is the end of a URL: use only letters, digits, - and _ in it."
    return ""
