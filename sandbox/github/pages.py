"""The readable pages: repositories, files, commits, issues and pull requests, for people.

Rendered on the server with every value escaped; no scripts at all. People act here as
"visitor", so that a merge or a close can be tried.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sandbox.github.call import Call
from sandbox.github.diff import commit_diff, lines_of, missing_from
from sandbox.github.highlight import highlighted
from sandbox.github.markdown import render
from sandbox.github.objects import CommitObject
from sandbox.github.present import Presenter
from sandbox.github.refusal import Refusal
from sandbox.github.routes_issues import change_state
from sandbox.github.routes_pulls import merge, set_draft
from sandbox.github.world import VISITOR_LOGIN, Issue, Repository, Token

if TYPE_CHECKING:
    from sandbox.github.server import GitHubStandIn

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
REPO = "/{owner}/{repo}"
Page = Callable[[web.Request, Repository], str]
Door = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NoPage(Exception):  # noqa: N818 - an answer
    """There is nothing at this address."""


class Pages:
    """The doors of the pages."""

    def __init__(self, standin: GitHubStandIn) -> None:
        self._standin = standin
        self._jinja = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.filters |= {"ago": self._ago, "diff_lines": diff_lines}

    def add_to(self, app: web.Application) -> None:
        """Register the pages; what is not one is a 404 page, and recorded."""
        get = app.router.add_get
        get("/", self._guarded(self._home))
        get("/style.css", self._asset("style.css", "text/css"))
        for icon in ("/favicon.svg", "/favicon.ico"):
            get(icon, self._asset("favicon.svg", "image/svg+xml"))
        get(REPO, self._page(self._repository))
        get(REPO + "/tree/{where:.+}", self._page(self._tree))
        get(REPO + "/blob/{where:.+}", self._page(self._file))
        get(REPO + "/raw/{where:.+}", self._guarded(self._raw))
        get(REPO + "/commits/{ref:.+}", self._page(self._commits))
        get(REPO + "/commit/{ref}", self._page(self._commit))
        get(REPO + "/{kind:issues|pulls}", self._page(self._listing))
        get(REPO + "/{kind:issues|pull}/{number:[0-9]+}", self._page(self._issue))
        app.router.add_post(
            REPO + "/{kind:issues|pull}/{number:[0-9]+}/{act}", self._guarded(self._act)
        )
        app.router.add_route("*", "/{rest:.*}", self._missing)

    def _asset(self, name: str, kind: str) -> Door:
        data = (HERE / "templates" / name).read_bytes()

        async def asset(_: web.Request) -> web.Response:
            return web.Response(body=data, content_type=kind)

        return asset

    def _guarded(self, answer: Door) -> Door:
        async def door(request: web.Request) -> web.StreamResponse:
            check_host(request)
            try:
                return await answer(request)
            except NoPage:
                return self._html(self._render("missing.html"), 404)

        return door

    def _page(self, page: Page) -> Door:
        async def answer(request: web.Request) -> web.StreamResponse:
            return self._html(page(request, self._found(request)))

        return self._guarded(answer)

    def _html(self, text: str, status: int = 200) -> web.Response:
        headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",  # "no-referrer" would hide the Origin of a button
            "Cache-Control": "no-store",
        }
        return web.Response(text=text, status=status, content_type="text/html", headers=headers)

    def _found(self, request: web.Request) -> Repository:
        info = request.match_info
        found = self._standin.world.repository(f"{info['owner']}/{info['repo']}")
        if found is None:
            raise NoPage
        return found

    def _render(self, template: str, **values: Any) -> str:
        values.setdefault("repository", None)
        return self._jinja.get_template(template).render(**values)

    def _ago(self, at: datetime | None) -> str:
        return ago(at, self._standin.clock()) if at else ""

    async def _home(self, _: web.Request) -> web.Response:
        repositories = list(self._standin.world.repositories.values())
        return self._html(self._render("home.html", repositories=repositories))

    async def _missing(self, request: web.Request) -> web.Response:
        self._standin.violations.append(f"unknown route: {request.method} {request.path}")
        return self._html(self._render("missing.html"), 404)

    def _repository(self, _: web.Request, repository: Repository) -> str:
        return self._show_tree(repository, repository.default_branch, "")

    def _tree(self, request: web.Request, repository: Repository) -> str:
        return self._show_tree(repository, *split_ref(repository, request.match_info["where"]))

    def _show_tree(self, repository: Repository, ref: str, path: str) -> str:
        commit = repository.resolve(ref)
        entry = repository.objects.find(commit.tree, path) if commit else None
        if commit is None or entry is None or entry.kind != "tree":
            raise NoPage
        entries = list(repository.objects.entries(entry.sha))
        entries.sort(key=lambda e: (e.kind != "tree", e.name))
        readme = next((e for e in entries if e.name.casefold() == "readme.md"), None)
        text = repository.objects.body(readme.sha, "blob").decode() if readme else ""
        return self._render(
            "tree.html",
            repository=repository,
            ref=ref,
            path=path,
            entries=entries,
            latest=commit,
            history=repository.objects.history(commit.sha),
            readme=Markup(render(text)),  # noqa: S704 - escaped by the renderer
        )

    def _blob(self, request: web.Request, repository: Repository) -> tuple[str, str, bytes]:
        ref, path = split_ref(repository, request.match_info["where"])
        commit = repository.resolve(ref)
        entry = repository.objects.find(commit.tree, path) if commit else None
        if entry is None or entry.kind != "blob":
            raise NoPage
        return ref, path, repository.objects.body(entry.sha, "blob")

    def _file(self, request: web.Request, repository: Repository) -> str:
        ref, path, data = self._blob(request, repository)
        lines = [line.rstrip("\n") for line in lines_of(data)]
        return self._render(
            "file.html",
            repository=repository,
            ref=ref,
            path=path,
            size=len(data),
            lines=highlighted(path, lines),
            commit=repository.resolve(ref),
        )

    async def _raw(self, request: web.Request) -> web.Response:
        _, _, data = self._blob(request, self._found(request))
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": POLICY}
        return web.Response(body=data, content_type="text/plain", charset="utf-8", headers=headers)

    def _commits(self, request: web.Request, repository: Repository) -> str:
        commit = self._resolved(repository, request.match_info["ref"])
        history = repository.objects.history(commit.sha)
        ref = request.match_info["ref"]
        return self._render("commits.html", repository=repository, ref=ref, history=history)

    def _commit(self, request: web.Request, repository: Repository) -> str:
        commit = self._resolved(repository, request.match_info["ref"])
        files = commit_diff(repository.objects, commit)
        return self._render("commit.html", repository=repository, commit=commit, files=files)

    def _resolved(self, repository: Repository, ref: str) -> CommitObject:
        commit = repository.resolve(ref)
        if commit is None:
            raise NoPage
        return commit

    def _listing(self, request: web.Request, repository: Repository) -> str:
        pulls = request.match_info["kind"] == "pulls"
        state = "closed" if request.query.get("state") == "closed" else "open"
        kind = [i for i in repository.issues.values() if (i.pull is not None) is pulls]
        kind.sort(key=lambda i: i.number, reverse=True)
        return self._render(
            "listing.html",
            repository=repository,
            pulls=pulls,
            state=state,
            counts={s: sum(i.state == s for i in kind) for s in ("open", "closed")},
            issues=[i for i in kind if i.state == state],
        )

    def _issue(self, request: web.Request, repository: Repository) -> str:
        issue = repository.issues.get(int(request.match_info["number"]))
        if issue is None:
            raise NoPage
        kind = "pull" if issue.pull else "issues"
        if request.match_info["kind"] != kind:
            raise web.HTTPFound(f"/{repository.full_name}/{kind}/{issue.number}")
        url = f"/{repository.full_name}/issues/"
        return self._render(
            "issue.html",
            repository=repository,
            issue=issue,
            markdown=lambda text: Markup(render(text, url)),  # noqa: S704 - escaped there
            refusal=request.query.get("refusal", ""),
            **self._pull_facts(repository, issue),
        )

    def _pull_facts(self, repository: Repository, issue: Issue) -> dict[str, Any]:
        if issue.pull is None:
            return {"files": [], "commits": [], "mergeable": False, "fixes": []}
        base, head = repository.pull_heads(issue)
        return {
            "files": Presenter(self._standin.world, "").pull_files(repository, issue),
            "commits": missing_from(repository.objects, base, head),
            "mergeable": issue.state == "open" and repository.merged_tree(issue) is not None,
            "fixes": repository.closed_by_merging(issue) if issue.state == "open" else [],
        }

    async def _act(self, request: web.Request) -> web.Response:
        """A person pressed a button; back to the page, with the reason if it was refused."""
        origin = request.headers.get("Origin", f"http://{request.host}")
        if origin != f"http://{request.host}":
            raise web.HTTPForbidden(text="This button works on this site only.")
        repository, act = self._found(request), request.match_info["act"]
        issue = repository.issues.get(int(request.match_info["number"]))
        if issue is None or act not in {"merge", "close", "reopen", "ready", "draft"}:
            raise NoPage
        where = request.rel_url.path.rpartition("/")[0]
        try:
            self._apply(self._call(request), repository, issue, act)
        except Refusal as refusal:
            place = request.rel_url.with_path(where).with_query(refusal=refusal.message)
            raise web.HTTPSeeOther(str(place)) from refusal
        self._standin.save()
        raise web.HTTPSeeOther(where)

    def _apply(self, call: Call, repository: Repository, issue: Issue, act: str) -> None:
        if act == "merge" and issue.pull:
            merge(call, issue)
        elif act in {"ready", "draft"} and issue.pull:
            set_draft(call, issue, draft=act == "draft")
        elif act in {"close", "reopen"}:
            change_state(call, repository, issue, "closed" if act == "close" else "open")

    def _call(self, request: web.Request) -> Call:
        standin = self._standin
        return Call(
            world=standin.world,
            show=Presenter(standin.world, standin.url),
            user=standin.world.user(VISITOR_LOGIN),
            token=Token(VISITOR_LOGIN),
            args=dict(request.match_info),
            query={},
            body={},
            now=standin.clock(),
            announce=standin.announcer(VISITOR_LOGIN),
        )


def check_host(request: web.Request) -> None:
    """Only under a loopback name, so that no web site can reach the pages by its own."""
    if request.host.rpartition(":")[0] not in LOOPBACK and request.host not in LOOPBACK:
        raise web.HTTPForbidden(text="Reachable under a loopback name only.")


def split_ref(repository: Repository, where: str) -> tuple[str, str]:
    """Take "<ref>/<path>" apart; a ref may have slashes, the longest that exists wins."""
    parts = where.strip("/").split("/")
    for size in range(len(parts), 0, -1):
        ref = "/".join(parts[:size])
        if repository.resolve(ref):
            return ref, "/".join(parts[size:])
    raise NoPage


def ago(at: datetime, now: datetime) -> str:
    """A time as people say it."""
    seconds = max(0, int((now - at).total_seconds()))
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def diff_lines(patch: str | None) -> list[tuple[str, str, str, str]]:
    """A patch as (kind, old number, new number, text) per line."""
    shown: list[tuple[str, str, str, str]] = []
    old = new = 0
    for line in (patch or "").split("\n") if patch else []:
        if line.startswith("@@"):
            sides = line.split("@@")[1].split()
            old, new = (int(side[1:].partition(",")[0]) for side in sides)
            shown.append(("hunk", "", "", line))
        elif line.startswith("\\"):
            shown.append(("hunk", "", "", line))
        elif line.startswith("+"):
            shown.append(("added", "", str(new), line))
            new += 1
        elif line.startswith("-"):
            shown.append(("removed", str(old), "", line))
            old += 1
        else:
            shown.append(("same", str(old), str(new), line))
            old, new = old + 1, new + 1
    return shown
