"""The GitHub stand-in through unmodified PyGithub: it answers as GitHub does, or refuses."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from github import Auth, Github, GithubException, InputGitTreeElement
from github.Repository import Repository

from sandbox.github import STAND_IN_TOKEN, Fault, GitHubStandIn
from sandbox.github.objects import GitObjects, Signature, object_sha

Drive = Callable[[Callable[[Repository], Any]], Any]


def refusal(work: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(GithubException) as caught:
        work()
    return caught.value.status, str(caught.value.data)


def branch_with_a_commit(repo: Repository, name: str = "topic/one", text: str = "new\n") -> None:
    repo.create_git_ref(f"refs/heads/{name}", repo.get_branch("main").commit.sha)
    repo.create_file("notes/new.md", "Add a note", text, branch=name)


def test_objects_have_the_addresses_that_git_gives_them() -> None:
    assert object_sha("blob", b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert object_sha("tree", b"") == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    objects = GitObjects()
    tree = objects.put_files({"a.txt": b"hello\n", "a/b.txt": b"x\n", "a-b": b""})
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    who = Signature("Ada", "ada@example.com", at)
    commit = objects.put_commit(tree, (), "First\n", who)
    assert objects.commit(commit).author == who
    assert {path for path, _ in objects.walk(tree)} == {"a.txt", "a-b", "a", "a/b.txt"}


def test_git_itself_agrees_with_our_addresses(tmp_path: Path) -> None:
    try:
        subprocess.run(["git", "init", "-q", tmp_path], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    (tmp_path / "a").mkdir()
    files = {"a.txt": b"hello\n", "a/b.txt": b"x\n", "a-b": b"", "z/y/x": b"\x00\xff"}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True, capture_output=True)
    written = subprocess.run(
        ["git", "-C", tmp_path, "write-tree"], check=True, capture_output=True, text=True
    )
    assert GitObjects().put_files(files) == written.stdout.strip()


async def test_a_repository_can_be_read(standin: GitHubStandIn, drive: Drive) -> None:
    def work(repo: Repository) -> None:
        assert repo.default_branch == "main"
        assert repo.permissions.push
        assert [b.name for b in repo.get_branches()] == ["main"]
        file = repo.get_contents("shop/pricing.py")
        assert not isinstance(file, list)
        assert b"len(prices)" in file.decoded_content
        assert file.sha == object_sha("blob", file.decoded_content)
        old = repo.get_contents("shop/pricing.py", ref=repo.get_commits()[2].sha)
        assert not isinstance(old, list)
        assert b"return 0" in old.decoded_content
        folder = repo.get_contents("shop")
        assert isinstance(folder, list)
        assert [f.name for f in folder] == ["cart.py", "pricing.py"]
        paths = [e.path for e in repo.get_git_tree("main", recursive=True).tree]
        assert paths == ["README.md", "shop", "shop/cart.py", "shop/pricing.py"]
        touching = repo.get_commits(path="shop/pricing.py")
        assert [c.commit.message for c in touching] == [
            "Really compute the average",
            "Open the shop",
        ]
        assert "+    return total(prices) / len(prices)" in touching[0].files[0].patch
        assert refusal(lambda: repo.get_contents("nothing"))[0] == 404

    await drive(work)
    assert standin.violations == []


async def test_files_are_written_and_a_stale_sha_is_a_conflict(drive: Drive) -> None:
    def work(repo: Repository) -> None:
        branch_with_a_commit(repo)
        made = repo.get_contents("notes/new.md", ref="topic/one")
        assert not isinstance(made, list)
        repo.update_file(made.path, "Change it", "two\n", made.sha, branch="topic/one")
        stale = refusal(lambda: repo.update_file(made.path, "x", "y", made.sha, branch="topic/one"))
        assert stale[0] == 409
        comparison = repo.compare("main", "topic/one")
        assert (comparison.status, comparison.ahead_by, comparison.behind_by) == ("ahead", 2, 0)
        assert next(iter(comparison.files)).patch == "@@ -0,0 +1 @@\n+two"

    await drive(work)


@pytest.mark.parametrize("name", ["a b", "a..b", "x.lock", "a~1", "main/sub", "end/"])
async def test_a_bad_or_blocked_ref_is_refused(drive: Drive, name: str) -> None:
    def work(repo: Repository) -> tuple[int, str]:
        sha = repo.get_branch("main").commit.sha
        return refusal(lambda: repo.create_git_ref(f"refs/heads/{name}", sha))

    assert (await drive(work))[0] == 422


async def test_refs_exist_once_and_move_forward_only(drive: Drive) -> None:
    def work(repo: Repository) -> None:
        branch_with_a_commit(repo)
        main = repo.get_branch("main").commit.sha
        again = refusal(lambda: repo.create_git_ref("refs/heads/topic/one", main))
        assert again[0] == 422
        assert "already exists" in again[1]
        ref = repo.get_git_ref("heads/topic/one")
        assert "fast forward" in refusal(lambda: ref.edit(main))[1]
        ref.edit(main, force=True)
        ref.delete()
        assert refusal(lambda: repo.get_branch("topic/one"))[0] == 404

    await drive(work)


async def test_a_draft_is_reviewed_merged_and_closes_its_issue(
    standin: GitHubStandIn, drive: Drive
) -> None:
    def work(repo: Repository) -> None:
        issue = repo.create_issue("It breaks", body="hello")
        branch_with_a_commit(repo)
        body = f"Fixes #{issue.number}, but not `fixes #99`"
        pull = repo.create_pull("main", "topic/one", title="Fix", body=body, draft=True)
        assert pull.draft
        assert [(f.filename, f.status, f.patch) for f in pull.get_files()] == [
            ("notes/new.md", "added", "@@ -0,0 +1 @@\n+new")
        ]
        double = refusal(lambda: repo.create_pull("main", "topic/one", title="x", body=""))
        assert "already exists" in double[1]
        assert (
            "No commits between"
            in refusal(lambda: repo.create_pull("main", "main", title="x", body=""))[1]
        )
        assert refusal(lambda: repo.create_pull("main", "gone", title="x", body=""))[0] == 422
        assert refusal(pull.merge)[0] == 405
        pull.mark_ready_for_review()
        assert refusal(lambda: pull.merge(sha="0" * 40))[0] == 409
        assert pull.merge().merged
        assert repo.get_issue(issue.number).state == "closed"
        assert b"new" in repo.get_contents("notes/new.md").decoded_content  # type: ignore[union-attr]
        assert refusal(pull.merge)[0] == 405

    await drive(work)
    assert standin.violations == []


async def test_a_conflict_cannot_be_merged(drive: Drive) -> None:
    def work(repo: Repository) -> None:
        branch_with_a_commit(repo)
        repo.create_file("notes/new.md", "Differently", "other\n", branch="main")
        pull = repo.create_pull("main", "topic/one", title="x", body="")
        assert not repo.get_pull(pull.number).mergeable
        assert refusal(pull.merge)[0] == 405

    await drive(work)


async def test_git_data_makes_a_commit_of_several_files(drive: Drive) -> None:
    def work(repo: Repository) -> None:
        head = repo.get_git_commit(repo.get_branch("main").commit.sha)
        blob = repo.create_git_blob(base64.b64encode(b"\x00\x01").decode(), "base64")
        elements = [
            InputGitTreeElement("a/b.txt", "100644", "blob", content="text"),
            InputGitTreeElement("a/c.bin", "100644", "blob", sha=blob.sha),
            InputGitTreeElement("README.md", "100644", "blob", sha=None),
        ]
        commit = repo.create_git_commit("Two", repo.create_git_tree(elements, head.tree), [head])
        repo.create_git_ref("refs/heads/two", commit.sha)
        paths = {e.path for e in repo.get_git_tree("two", recursive=True).tree if e.type == "blob"}
        assert paths == {"a/b.txt", "a/c.bin", "shop/cart.py", "shop/pricing.py"}
        assert repo.get_git_blob(blob.sha).content == base64.b64encode(b"\x00\x01").decode()

    await drive(work)


async def test_issues_are_listed_by_state_label_creator_and_time(drive: Drive) -> None:
    def work(repo: Repository) -> None:
        made = [repo.create_issue(f"n{n}", labels=["even"] * (n % 2 == 0)) for n in range(5)]
        made[0].edit(state="closed")
        made[1].create_comment("hello")
        assert [i.title for i in repo.get_issues()] == ["n4", "n3", "n2", "n1"]
        assert repo.get_issues(state="all").totalCount == 5
        assert [i.title for i in repo.get_issues(state="all", labels=["even"])] == [
            "n4",
            "n2",
            "n0",
        ]
        assert repo.get_issues(creator="nobody").totalCount == 0  # type: ignore[arg-type]
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        assert repo.get_issues(since=tomorrow).totalCount == 0
        assert made[1].get_comments()[0].body == "hello"

    await drive(work, per_page=2)


@pytest.mark.parametrize(
    ("title", "body"), [("x" * 257, ""), ("ok", "x" * 65_537), ("", ""), ("ok", "\0")]
)
async def test_a_title_or_body_that_github_refuses_is_refused(
    drive: Drive, title: str, body: str
) -> None:
    status, data = await drive(lambda repo: refusal(lambda: repo.create_issue(title, body=body)))
    assert status == 422
    assert "'resource': 'Issue'" in data


async def test_search_knows_its_qualifiers_and_no_others(
    standin: GitHubStandIn, drive: Drive
) -> None:
    def work(repo: Repository) -> None:
        hub = Github(
            base_url=standin.api_url,
            auth=Auth.Token(STAND_IN_TOKEN),
            retry=None,
            seconds_between_requests=0,
        )
        repo.create_issue("Boom in pricing", body="marker-1", labels=["jinkies"])
        query = '"marker-1" in:body repo:acme/shop is:issue label:jinkies state:open'
        assert [i.title for i in hub.search_issues(query)] == ["Boom in pricing"]
        found = hub.search_code("average repo:acme/shop path:shop extension:py")
        assert [f.path for f in found] == ["shop/pricing.py"]
        assert refusal(lambda: hub.search_issues("x involves:me").totalCount)[0] == 422
        assert refusal(lambda: hub.search_code("repo:acme/shop").totalCount)[0] == 422
        assert refusal(lambda: hub.search_code("x repo:acme/gone").totalCount)[0] == 422

    await drive(work)
    assert standin.violations == ["The stand-in does not know the search qualifier 'involves'"]


async def test_blame_tells_who_wrote_a_line_and_nothing_else_is_answered(
    standin: GitHubStandIn, drive: Drive
) -> None:
    query = """query($path: String!) { repository(owner: "acme", name: "shop") {
      object(expression: "main") { ... on Commit { blame(path: $path) { ranges {
        startingLine endingLine commit { oid message author { name } } } } } } } }"""

    def work(repo: Repository) -> None:
        _, data = repo.requester.graphql_query(query, {"path": "shop/pricing.py"})
        ranges = data["data"]["repository"]["object"]["blame"]["ranges"]
        told = [(r["startingLine"], r["endingLine"], r["commit"]["message"]) for r in ranges]
        assert told == [(1, 5, "Open the shop"), (6, 6, "Really compute the average")]
        unknown = query.replace("oid", "signature")
        assert (
            refusal(lambda: repo.requester.graphql_query(unknown, {"path": "README.md"}))[0] == 422
        )

    await drive(work)
    assert len(standin.violations) == 1


async def test_an_etag_saves_the_limit_and_the_limit_is_enforced(standin: GitHubStandIn) -> None:
    headers = {"Authorization": f"Bearer {STAND_IN_TOKEN}"}
    url = standin.api_url + "/repos/acme/shop"
    async with aiohttp.ClientSession(headers=headers) as session:
        first = await session.get(url)
        assert first.headers["X-RateLimit-Remaining"] == "4999"
        again = await session.get(url, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.headers["X-RateLimit-Remaining"]) == (304, "4999")
        standin.rate_limits.limits["core"] = 1
        limited = await session.get(url)
        assert (limited.status, limited.headers["X-RateLimit-Remaining"]) == (403, "0")
        assert (await session.get(standin.api_url + "/rate_limit")).status == 200


async def test_unknown_routes_fields_and_tokens_are_refused(standin: GitHubStandIn) -> None:
    headers = {"Authorization": f"token {STAND_IN_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        api = standin.api_url
        assert (await session.get(api + "/repos/acme/shop/stargazers")).status == 404
        strange = await session.post(api + "/repos/acme/shop/issues", json={"title": "x", "x": 1})
        assert strange.status == 422
        assert len(standin.violations) == 2
        wrong = await session.get(api + "/user", headers={"Authorization": "token nope"})
        assert (wrong.status, (await wrong.json())["message"]) == (401, "Bad credentials")


async def test_an_answer_can_be_lost_after_the_write(standin: GitHubStandIn, drive: Drive) -> None:
    standin.faults.lose_answer("POST", "/issues$")
    standin.faults.add(Fault("GET", "/issues$", status=502))

    def work(repo: Repository) -> None:
        with pytest.raises(requests.exceptions.ConnectionError):
            repo.create_issue("x")
        assert refusal(lambda: list(repo.get_issues()))[0] == 502
        assert [i.title for i in repo.get_issues()] == ["x"]

    await drive(work)


async def test_a_fault_without_a_number_of_times_ends_when_it_is_ended(
    standin: GitHubStandIn, drive: Drive
) -> None:
    standin.faults.add(Fault("GET", "/issues$", status=502, times=None))

    def work(repo: Repository) -> None:
        assert [refusal(lambda: list(repo.get_issues()))[0] for _ in range(3)] == [502] * 3
        standin.faults.clear()
        assert not list(repo.get_issues())

    await drive(work)


async def test_a_hidden_repository_is_not_found_and_an_archived_one_only_read(
    standin: GitHubStandIn, drive: Drive
) -> None:
    repository = standin.world.repositories["acme/shop"]
    repository.archived = True
    status, said = await drive(lambda repo: refusal(lambda: repo.create_issue("x")))
    assert status == 403
    assert "archived" in said
    repository.readers = frozenset({"somebody-else"})
    with pytest.raises(GithubException) as caught:
        await drive(lambda repo: repo.name)
    assert caught.value.status == 404


async def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    first = GitHubStandIn(data=tmp_path)
    await first.start()
    repository = first.add_repository("acme/shop")
    who = Signature("Ada", "a@example.com", first.clock())
    first.world.commit(repository, "main", {"a.bin": b"\x00\xff"}, "First", who)
    headers = {"Authorization": f"token {STAND_IN_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        await session.post(first.api_url + "/repos/acme/shop/issues", json={"title": "kept"})
    again = GitHubStandIn(data=tmp_path)  # without a stop: as after a crash
    assert again.world == first.world
    await first.stop()
