"""GitHub, through PyGithub: issues, pull requests, and the line a frame points at."""

from bot.services.github.service import GitHubService

__all__ = ["GitHubService"]
