"""`run.py doctor`: checks everything the bot needs, and says for each failure what to do.

Every check is on its own: one that fails or hangs does not keep the others from being told.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import aiohttp
import discord

from bot.config import CURES, Settings
from bot.entrance import door_secrets, sources_of
from bot.errors import JinkiesError, NotFound, SettingsError, UpstreamError
from bot.services import aws
from bot.services.github import GitHubService
from bot.sources.request import PathForm, Secrets, Source
from bot.store import Store
from bot.ui.access import role_key
from bot.ui.connection import MESSAGE_CONTENT_CURE, TOKEN_CURE, unreachable
from bot.ui.inviting import NEEDED, invitation
from bot.web.listening import address_to_listen_on

PATIENCE_SECONDS = 15.0
NEIGHBOUR_SECONDS = 1.0  # for what listens on our port to say whether it is Jinkies
SHORTEST_SECRET = 16
MOST_ROLES = 20  # that are told
PLAIN_ENDING = re.compile(r"[A-Za-z0-9_-]+")


class Verdict(StrEnum):
    """What a check found; the value is its sign."""

    FINE = "✓"
    WRONG = "✗"
    UNUSED = "–"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    verdict: Verdict
    text: str

    def __str__(self) -> str:
        return f"{self.verdict.value} {self.name}: {self.text}"


Check = Callable[[Settings], Awaitable[list[Finding]]]


async def examine(
    settings: Settings, say: Callable[[str], object], *, patience: float = PATIENCE_SECONDS
) -> bool:
    """Run every check (each for at most `patience` seconds) and say what it found.

    Returns whether all is well; never raises for what it finds.
    """
    results = await asyncio.gather(
        *(_guarded(name, check, settings, patience) for name, check in CHECKS.items())
    )
    findings = [finding for result in results for finding in result]
    for finding in findings:
        say(str(finding))
    wrong = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    say(f"{len(wrong)} to cure." if wrong else "All is well.")
    return not wrong


async def _guarded(name: str, check: Check, settings: Settings, patience: float) -> list[Finding]:
    try:
        async with asyncio.timeout(patience):
            return await check(settings)
    except TimeoutError:
        text = f"no answer in {patience:g} s. Check the connection, and a firewall or proxy."
        return [Finding(name, Verdict.WRONG, text)]
    except (JinkiesError, OSError, aiohttp.ClientError, discord.DiscordException) as error:
        text = unreachable(error) or str(error) or type(error).__name__
        return [Finding(name, Verdict.WRONG, text)]


async def check_discord(settings: Settings) -> list[Finding]:
    """Token, intents, server, commands, and the permissions in every channel."""
    token = settings.discord_token.get_secret_value()
    if not token:
        unset = [Finding("Discord token", Verdict.WRONG, _unset("DISCORD_TOKEN"))]
        if settings.alert_channel_id is None:  # told at once: one visit to Discord for both
            unset.append(Finding("Alert channel", Verdict.WRONG, _unset("ALERT_CHANNEL_ID")))
        return unset
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        try:
            await client.login(token)
        except discord.LoginFailure:
            text = f"Discord does not know it. To cure it, {TOKEN_CURE}."
            return [Finding("Discord token", Verdict.WRONG, text)]
        assert client.user is not None
        found = [
            Finding("Discord token", Verdict.FINE, f"logged in as {client.user}"),
            _check_intents(client, settings),
        ]
        return found + await _check_server(client, settings)


def _check_intents(client: discord.Client, settings: Settings) -> Finding:
    if not settings.message_content:
        return Finding("Discord intents", Verdict.FINE, "none of the privileged ones is needed")
    flags = client.application_flags
    if flags.gateway_message_content or flags.gateway_message_content_limited:
        return Finding("Discord intents", Verdict.FINE, "Message Content is on, as is wanted")
    text = f"Message Content is off. To cure it, {MESSAGE_CONTENT_CURE}."
    return Finding("Discord intents", Verdict.WRONG, text)


async def _check_server(client: discord.Client, settings: Settings) -> list[Finding]:
    invite = f"invite the bot with {invitation(client.application_id)}"
    name = "DISCORD_GUILD_ID" if settings.discord_guild_id else "ALERT_CHANNEL_ID"
    unset = [Finding("Alert channel", Verdict.WRONG, _unset("ALERT_CHANNEL_ID"))]
    if not settings.discord_guild_id and not settings.alert_channel_id:
        return unset
    try:
        guild_id = settings.discord_guild_id or await _guild_of(client, settings.alert_channel_id)
        guild = await client.fetch_guild(guild_id)
        channels = {channel.id: channel for channel in await guild.fetch_channels()}
        me = await guild.fetch_member(client.user.id if client.user else 0)
    except (discord.NotFound, discord.Forbidden) as error:
        text = f"Discord does not show it to the bot ({error.text}). Check {name}, or {invite}"
        return [Finding("Discord server", Verdict.WRONG, text)]
    found = [Finding("Discord server", Verdict.FINE, guild.name), *_check_roles(guild, settings)]
    try:
        await client.http.get_guild_commands(client.application_id or 0, guild_id)
        found.append(Finding("Slash commands", Verdict.FINE, "may be registered"))
    except discord.Forbidden:
        text = f"may not be registered. To cure it, {invite}"
        found.append(Finding("Slash commands", Verdict.WRONG, text))
    if not settings.alert_channel_id:
        found += unset
    wanted = {settings.alert_channel_id or 0, *settings.channel_by_service.values()} - {0}
    return found + [_check_channel(channels.get(each), each, me) for each in sorted(wanted)]


async def _guild_of(client: discord.Client, channel_id: int | None) -> int:
    channel = await client.fetch_channel(channel_id or 0)
    if isinstance(channel, discord.abc.GuildChannel):
        return channel.guild.id
    raise NotFound("ALERT_CHANNEL_ID is not a channel of a server.")


def _check_roles(guild: discord.Guild, settings: Settings) -> list[Finding]:
    """A role that nobody can have lets nobody do anything."""
    there = {key for role in guild.roles for key in (str(role.id), role_key(role.name))}
    named = {
        "ROLES_VIEW": settings.roles_view,
        "ROLES_RESPOND": settings.roles_respond,
        "ROLES_SHIP": settings.roles_ship,
        "ROLES_ADMIN": settings.roles_admin,
    }
    shown = ", ".join(role.name for role in guild.roles[1:MOST_ROLES]) or "none"
    return [
        Finding(
            "Roles",
            Verdict.WRONG,
            f"{name} names {role}, which this server does not have. Check its spelling; "
            f"there are {shown}.",
        )
        for name, roles in named.items()
        for role in roles
        if role_key(role) not in there
    ]


def _check_channel(
    channel: discord.abc.GuildChannel | None, channel_id: int, me: discord.Member
) -> Finding:
    if channel is None:
        text = "not found in this server. Check ALERT_CHANNEL_ID and CHANNEL_BY_SERVICE."
        return Finding(f"Channel {channel_id}", Verdict.WRONG, text)
    if not isinstance(channel, discord.abc.Messageable):
        text = f"is a {channel.type.name}, where no card can be posted. Name a text channel."
        return Finding(f"Channel {channel.name}", Verdict.WRONG, text)
    allowed = channel.permissions_for(me)
    missing = [
        name.replace("_", " ") for name, needed in NEEDED if needed and not getattr(allowed, name)
    ]
    if missing:
        cure = f"Give the role of {me.display_name} these there: channel → Edit → Permissions."
        text = f"the bot may not {', '.join(missing)}. {cure}"
        return Finding(f"Channel #{channel.name}", Verdict.WRONG, text)
    return Finding(f"Channel #{channel.name}", Verdict.FINE, "all permissions are there")


async def check_github(settings: Settings) -> list[Finding]:
    """Token, and access to every repository that is named."""
    token = settings.github_token.get_secret_value()
    repositories = {settings.github_repository, *settings.repository_by_service.values()} - {""}
    if not token:
        text = "GITHUB_TOKEN is not set, so no issues and pull requests can be created"
        if not repositories:
            return [Finding("GitHub", Verdict.UNUSED, text)]
        cure = "make a token as docs/deployment.md says, or name no repository"
        return [Finding("GitHub", Verdict.WRONG, f"{text}. To cure it, {cure}.")]
    if not repositories:
        return [Finding("GitHub", Verdict.WRONG, _unset("GITHUB_REPOSITORY"))]
    github = GitHubService(token, api_url=settings.github_api_url)
    try:
        return [
            finding
            for name in sorted(repositories)
            for finding in _on_repository(name, await github.check(name))
        ]
    finally:
        github.close()


def _on_repository(name: str, problems: tuple[str, ...]) -> list[Finding]:
    if not problems:
        text = "issues and pull requests can be created"
        return [Finding(f"GitHub {name}", Verdict.FINE, text)]
    return [Finding(f"GitHub {name}", Verdict.WRONG, problem) for problem in problems]


async def check_aws(settings: Settings) -> list[Finding]:
    """Credentials and logs; not set up is fine, because the forwarder needs none of ours."""
    try:
        identity = await aws.identify(settings.aws_region, settings.aws_endpoint_url)
    except NotFound:
        if not settings.aws_region:
            text = "no credentials; fine while logs come by the Lambda forwarder"
            return [Finding("AWS", Verdict.UNUSED, text)]
        cure = (
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role, or leave it out"
        )
        text = f"AWS_REGION is set, but there are no credentials. To cure it, {cure}."
        return [Finding("AWS", Verdict.WRONG, text)]
    except UpstreamError as error:
        verdict = Verdict.WRONG if settings.aws_region else Verdict.UNUSED
        return [Finding("AWS", verdict, str(error))]
    groups = "sees log groups" if identity.sees_log_groups else "sees no log groups there yet"
    return [Finding("AWS", Verdict.FINE, f"{identity.arn} in {identity.region}, {groups}")]


async def check_database(settings: Settings) -> list[Finding]:
    """It opens, has the newest schema, and answers."""
    try:
        store = await Store.open(settings.database_url)
    except OSError as error:  # the folder of an SQLite file cannot be made
        text = f"DATABASE_URL cannot be opened ({error}). To cure it, {CURES['DATABASE_URL']}."
        return [Finding("Database", Verdict.WRONG, text)]
    try:
        await asyncio.to_thread(store.ready)
    finally:
        await store.close()
    kind = settings.database_url.partition("+")[0]
    return [Finding("Database", Verdict.FINE, f"{kind} answers, its schema is up to date")]


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
        text = f"{_unset('WEBHOOK_SECRET')} Until then every delivery is refused."
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


def _unset(name: str) -> str:
    return f"{name} is not set. To cure it, {CURES[name]}."


CHECKS: dict[str, Check] = {
    "Discord": check_discord,
    "Database": check_database,
    "Web": check_web,
    "Doors": check_doors,
    "GitHub": check_github,
    "AWS": check_aws,
}
