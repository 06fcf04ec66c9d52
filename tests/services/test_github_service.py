"""GitHubService against the stand-in: everything once, whatever goes wrong in between."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot.drafts import IssueDraft, PullRequestDraft
from bot.errors import UpstreamError
from bot.models import Frame
from bot.services.github import GitHubService
from bot.services.github.client import Pace
from sandbox.github import STAND_IN_TOKEN, Commit, Fault, GitHubStandIn

SHOP = "acme/shop"
ADA = "Ada <ada@example.com>"
MARKER = "<!-- jinkies:alert:42:issue:abc -->"
ISSUE = IssueDraft("[J-42] Boom", f"It broke.\n\n{MARKER}\n", MARKER, ("jinkies", "service: shop"))
PR_MARKER = "<!-- jinkies:alert:42:pull_request:abcdefg1234 -->"
PULL = PullRequestDraft(
    branch="jinkies/J-42",
    title="Incident report: [J-42] Boom",
    body=f"No fix yet.\n\n{PR_MARKER}\n",
    marker=PR_MARKER,
    commit_message="Add the incident report of J-42\n\njinkies:alert:42",
    files={"incidents/J-42.md": "# Boom\n", "incidents/more.txt": "x"},
    labels=("jinkies", "severity: error"),
)


@pytest.fixture
async def standin() -> AsyncIterator[GitHubStandIn]:
    server = GitHubStandIn()
    await server.start()
    server.add_repository(SHOP, [Commit("Open the shop", ADA, {"shop/cart.py": "ITEMS = []\n"})])
    yield server
    await server.stop()


@contextmanager
def service_for(server: GitHubStandIn, **options: Any) -> Iterator[GitHubService]:
    options = {"api_url": server.api_url, "pace": Pace(0, 0), "timeout": 5} | options
    service = GitHubService(options.pop("token", STAND_IN_TOKEN), **options)
    yield service
    service.close()


@pytest.fixture
def service(standin: GitHubStandIn) -> Iterator[GitHubService]:
    with service_for(standin) as made:
        yield made


def issues(server: GitHubStandIn, *, pulls: bool = False) -> list[Any]:
    found = server.world.repositories[SHOP].issues.values()
    return [issue for issue in found if (issue.pull is not None) is pulls]


async def failure(service: GitHubService) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await service.ensure_issue(SHOP, ISSUE, seek=False)
    assert STAND_IN_TOKEN not in str(caught.value)
    assert caught.value.system == "GitHub"
    return caught.value


async def test_an_issue_is_opened_with_its_labels(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    shipment = await service.ensure_issue(SHOP, ISSUE, seek=False)
    (issue,) = issues(standin)
    assert (shipment.kind, shipment.number, shipment.state) == ("issue", issue.number, "open")
    assert shipment.url == f"{standin.url}/acme/shop/issues/1"
    assert shipment.created_by == "jinkies-bot"
    assert (issue.title, issue.body, issue.labels) == (ISSUE.title, ISSUE.body, [*ISSUE.labels])
    assert standin.world.repositories[SHOP].labels["jinkies"].color == "6d4aff"
    assert standin.violations == []


async def test_a_second_press_finds_the_first_issue(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    first = await service.ensure_issue(SHOP, ISSUE, seek=False)
    assert await service.ensure_issue(SHOP, ISSUE, seek=True) == first
    assert await service.ensure_issue(SHOP, ISSUE, seek=False) == first
    assert len(issues(standin)) == 1


async def test_two_presses_at_once_open_one_issue(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    presses = [service.ensure_issue(SHOP, ISSUE, seek=False) for _ in range(5)]
    assert len(set(await asyncio.gather(*presses))) == 1
    assert len(issues(standin)) == 1


async def test_a_lost_answer_still_ends_in_the_one_issue(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    standin.faults.lose_answer("POST", r"/issues$")
    assert (await service.ensure_issue(SHOP, ISSUE, seek=False)).number == 1
    assert len(issues(standin)) == 1


async def test_a_lost_answer_and_a_dead_network_are_healed_by_the_next_press(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    standin.faults.lose_answer("POST", r"/issues$")
    standin.faults.add(Fault("GET", r"/issues$|/user$", cut=True, times=9))
    error = await failure(service)
    assert not error.permanent
    standin.faults.clear()
    assert (await service.ensure_issue(SHOP, ISSUE, seek=False)).number == 1
    assert len(issues(standin)) == 1


async def test_an_answer_that_makes_no_sense_may_hide_an_issue_and_the_next_press_finds_it(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    standin.faults.add(Fault("POST", r"/issues$", status=201, after=True))
    error = await failure(service)
    assert not error.permanent
    assert "GITHUB_API_URL" in error.cure
    with service_for(standin) as restarted:
        assert (await restarted.ensure_issue(SHOP, ISSUE, seek=True)).number == 1
    assert (await service.ensure_issue(SHOP, ISSUE, seek=False)).number == 1
    assert len(issues(standin)) == 1


@pytest.mark.parametrize("status", [404, 409])
async def test_a_repository_without_a_commit_takes_issues_and_says_what_a_pull_request_needs(
    standin: GitHubStandIn, service: GitHubService, status: int
) -> None:
    empty = "Git Repository is empty."
    standin.faults.add(Fault("GET", r"/git/refs?/", status=status, times=9, message=empty))
    assert await service.locate(SHOP, Frame("/app/shop/cart.py", 1), "") is None
    assert (await service.ensure_issue(SHOP, ISSUE, seek=False)).number == 1
    with pytest.raises(UpstreamError, match="Push a first commit") as caught:
        await service.ensure_pull_request(SHOP, PULL, seek=False)
    assert caught.value.permanent


async def test_a_restart_in_between_finds_the_issue_without_the_search_index(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    standin.freeze_search_index()
    standin.faults.lose_answer("POST", r"/issues$")
    standin.faults.add(Fault("GET", r"/issues$|/user$", cut=True, times=9))
    await failure(service)
    standin.faults.clear()
    with service_for(standin) as restarted:
        found = await restarted.ensure_issue(SHOP, ISSUE, seek=True)
    assert found.number == 1
    assert len(issues(standin)) == 1


async def test_a_marker_planted_by_somebody_else_is_not_ours(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    standin.add_token("mallory-token", "mallory")
    with service_for(standin, token="mallory-token") as mallory:
        planted = await mallory.ensure_issue(SHOP, ISSUE, seek=False)
    assert await service.ensure_issue(SHOP, ISSUE, seek=True) != planted


async def test_a_closed_issue_is_found_and_says_that_it_is_closed(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    await service.ensure_issue(SHOP, ISSUE, seek=False)
    issues(standin)[0].state = "closed"
    with service_for(standin) as restarted:
        assert (await restarted.ensure_issue(SHOP, ISSUE, seek=True)).state == "closed"


async def test_labels_that_may_not_be_made_are_left_out(standin: GitHubStandIn) -> None:
    standin.faults.add(Fault("POST", r"/labels$", status=403, times=9, message="Forbidden"))
    with service_for(standin) as service:
        await service.ensure_issue(SHOP, ISSUE, seek=False)
    assert issues(standin)[0].labels == []


async def test_a_pull_request_is_a_draft_of_one_commit(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    shipment = await service.ensure_pull_request(SHOP, PULL, seek=False)
    (pull,) = issues(standin, pulls=True)
    assert shipment.url == f"{standin.url}/acme/shop/pull/1"
    assert pull.pull.draft
    assert pull.labels == [*PULL.labels]
    repository = standin.world.repositories[SHOP]
    head = repository.objects.commit(repository.head("jinkies/J-42"))
    assert head.parents == (repository.head("main"),)
    assert head.message == PULL.commit_message
    assert {"incidents/J-42.md", "shop/cart.py"} <= repository.objects.blobs(head.tree).keys()
    assert standin.violations == []


async def test_a_second_press_finds_the_first_pull_request(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    presses = [service.ensure_pull_request(SHOP, PULL, seek=False) for _ in range(3)]
    first, *others = await asyncio.gather(*presses)
    with service_for(standin) as restarted:
        others.append(await restarted.ensure_pull_request(SHOP, PULL, seek=True))
    assert {*others} == {first}
    assert len(issues(standin, pulls=True)) == 1


@pytest.mark.parametrize("step", ["/git/trees$", "/git/commits$", "/git/refs$", "/pulls$"])
@pytest.mark.parametrize("restarted", [False, True])
async def test_an_answer_lost_at_any_step_ends_in_one_pull_request(
    standin: GitHubStandIn, step: str, restarted: bool
) -> None:
    standin.faults.lose_answer("POST", step)
    with service_for(standin) as service, service_for(standin) as another:
        pressed = service.ensure_pull_request(SHOP, PULL, seek=False)
        (first,) = await asyncio.gather(pressed, return_exceptions=True)
        if isinstance(first, UpstreamError):
            assert not first.permanent
        again = another if restarted else service
        shipment = await again.ensure_pull_request(SHOP, PULL, seek=True)
    assert [pull.number for pull in issues(standin, pulls=True)] == [shipment.number]
    assert len(standin.world.repositories[SHOP].branches()) == 2


async def test_an_empty_branch_of_that_name_is_continued(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    repository = standin.world.repositories[SHOP]
    repository.refs["refs/heads/jinkies/J-42"] = repository.refs["refs/heads/main"]
    await service.ensure_pull_request(SHOP, PULL, seek=True)
    assert issues(standin, pulls=True)[0].pull.head == "jinkies/J-42"


async def test_a_branch_of_somebody_else_is_left_alone(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    repository = standin.world.repositories[SHOP]
    repository.refs["refs/heads/jinkies/J-42"] = repository.refs["refs/heads/main"]
    theirs = standin.world.commit(
        repository, "jinkies/J-42", {"theirs.txt": "x"}, "Theirs", Commit("", ADA, {}).signature(
            standin.clock()
        )
    )  # fmt: skip
    shipment = await service.ensure_pull_request(SHOP, PULL, seek=True)
    assert repository.head("jinkies/J-42") == theirs
    assert issues(standin, pulls=True)[0].pull.head == "jinkies/J-42-efg1234"
    with service_for(standin) as restarted:
        assert await restarted.ensure_pull_request(SHOP, PULL, seek=True) == shipment


async def test_without_drafts_it_is_an_open_pull_request(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    standin.world.repositories[SHOP].drafts_supported = False
    await service.ensure_pull_request(SHOP, PULL, seek=False)
    assert not issues(standin, pulls=True)[0].pull.draft


async def test_a_bad_token_is_permanent_and_says_how_to_get_another(
    standin: GitHubStandIn,
) -> None:
    with service_for(standin, token="ghp_wrong") as service:
        error = await failure(service)
    assert error.permanent
    assert "ghp_wrong" not in str(error)
    assert "GITHUB_TOKEN" in error.cure


async def test_no_token_is_said_before_anything_is_asked() -> None:
    service = GitHubService("")
    error = await failure(service)
    service.close()
    assert (error.permanent, error.cure) == (True, "Set GITHUB_TOKEN.")


async def test_a_missing_permission_is_named(standin: GitHubStandIn) -> None:
    standin.add_token("fine", "kim", scopes=None, permissions=frozenset())
    standin.faults.add(Fault("POST", "/labels$", status=403, times=9))
    with service_for(standin, token="fine") as service:
        error = await failure(service)
        found = await service.check(SHOP)
    assert error.permanent
    assert "issues: write" in error.cure
    assert [p for p in ("Contents", "Issues", "Pull requests") if p in " ".join(found)]


async def test_a_classic_token_without_scope_is_not_called_a_missing_repository(
    standin: GitHubStandIn,
) -> None:
    standin.add_token("classic", "kim", scopes=("gist",))
    with service_for(standin, token="classic") as service:
        error = await failure(service)
        found = await service.check(SHOP)
    assert "repo scope" in error.cure
    assert "scopes gist" in found[0]


@pytest.mark.parametrize("status", [403, 429])
async def test_a_secondary_limit_says_how_long_to_wait(
    standin: GitHubStandIn, service: GitHubService, status: int
) -> None:
    standin.faults.secondary_limit("POST", "/issues$", status=status, retry_after=77)
    error = await failure(service)
    assert (error.permanent, error.retry_after) == (False, 77.0)
    assert (await service.ensure_issue(SHOP, ISSUE, seek=True)).number == 1


async def test_the_primary_limit_waits_until_it_resets(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    standin.rate_limits.limits["core"] = 0
    error = await failure(service)
    assert not error.permanent
    assert error.retry_after is not None
    assert 3500 < error.retry_after < 3700


async def test_disabled_issues_a_missing_repository_and_a_refusal_have_their_words(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    standin.world.repositories[SHOP].has_issues = False
    assert "Enable issues" in (await failure(service)).cure
    assert "disabled" in (await service.check(SHOP))[0]
    with pytest.raises(UpstreamError, match=r"owner/name") as missing:
        await service.ensure_issue("acme/nothing", ISSUE, seek=False)
    assert missing.value.permanent
    standin.world.repositories[SHOP].has_issues = True
    with pytest.raises(UpstreamError, match="title is too long") as refused:
        await service.ensure_issue(SHOP, replace(ISSUE, title="x" * 300), seek=False)
    assert refused.value.permanent


async def test_a_server_error_and_a_slow_answer_can_be_retried(standin: GitHubStandIn) -> None:
    standin.faults.add(Fault("POST", "/issues$", status=500))
    with service_for(standin, timeout=1) as service:
        error = await failure(service)
        assert (error.permanent, error.retry_after) == (False, 5.0)
        standin.faults.add(Fault("POST", "/issues$", delay=3, status=500))
        assert "in time" in (await failure(service)).detail
        standin.faults.clear()
        await service.ensure_issue(SHOP, ISSUE, seek=False)
    assert len(issues(standin)) == 1


async def test_a_server_that_is_not_there_can_be_retried() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        service = GitHubService(STAND_IN_TOKEN, api_url=url, pace=Pace(0, 0), timeout=1)
        error = await failure(service)
        service.close()
    assert not error.permanent


async def test_a_sound_token_and_repository_have_no_problems(
    standin: GitHubStandIn, service: GitHubService
) -> None:
    assert await service.check(SHOP) == ()
    standin.add_token("fine", "kim", scopes=None)
    with service_for(standin, token="fine") as fine:
        assert await fine.check(SHOP) == ()
    assert not issues(standin)
