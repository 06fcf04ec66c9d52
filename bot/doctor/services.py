"""The accounts that the bot uses elsewhere: GitHub, AWS, Slack."""

from __future__ import annotations

from bot.config import CURES, Settings
from bot.doctor.finding import Finding, Verdict, unset
from bot.errors import NotFound, UpstreamError
from bot.services import aws, slack
from bot.services.github import GitHubService


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
        return [Finding("GitHub", Verdict.WRONG, unset("GITHUB_REPOSITORY"))]
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


async def check_slack(settings: Settings) -> list[Finding]:
    """The token, and whose it is; only rehearsals that are told to Slack need one."""
    token = settings.slack_bot_token.get_secret_value()
    if not token:
        text = "SLACK_BOT_TOKEN is not set; only rehearsals that are told to Slack need it"
        return [Finding("Slack", Verdict.UNUSED, text)]
    found = await slack.identify(token, settings.slack_api_url)
    if not found.is_bot:
        text = f"SLACK_BOT_TOKEN is not a bot's. To cure it, {CURES['SLACK_BOT_TOKEN']}."
        return [Finding("Slack", Verdict.WRONG, text)]
    return [Finding("Slack", Verdict.FINE, f"logged in as {found.name} in {found.workspace}")]
