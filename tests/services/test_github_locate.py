"""From a frame to a permalink, or to nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Frame
from bot.services.github import GitHubService
from bot.services.github.client import Pace
from bot.services.github.paths import index, match
from sandbox.github import STAND_IN_TOKEN, Commit, GitHubStandIn

PATHS = index(
    [
        "manage.py",
        "backend/main.py",
        "shop/pricing.py",
        "shop/emails/send.py",
        "legacy/emails/send.py",
        "web/src/cart.ts",
        "src/main/java/com/acme/Payment.java",
        "src/test/java/com/acme/other/Payment.java",
        "cmd/server/main.go",
    ]
)


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("/app/shop/pricing.py", "shop/pricing.py"),
        ("shop/pricing.py", "shop/pricing.py"),
        ("pricing.py", "shop/pricing.py"),
        (r"C:\build\shop\pricing.py", "shop/pricing.py"),
        ("/usr/src/app/manage.py", "manage.py"),
        ("/app/main.py", "backend/main.py"),
        ("/srv/x/shop/emails/send.py", "shop/emails/send.py"),
        ("webpack://shop/./src/cart.ts", "web/src/cart.ts"),
        ("https://cdn.example.com/src/cart.ts?v=3", "web/src/cart.ts"),
        ("/go/src/github.com/acme/shop/cmd/server/main.go", "cmd/server/main.go"),
        ("emails/send.py", None),
        ("send.py", None),
        ("/usr/lib/python3.11/shop/pricing.py", None),
        ("/venv/lib/python3.11/site-packages/shop/pricing.py", None),
        ("/somewhere/else/pricing.py", None),
        ("/app/unknown.py", None),
        ("<string>", None),
        ("", None),
        ("../..", None),
    ],
)
def test_the_longest_common_end_decides_if_it_is_the_only_one(file: str, path: str | None) -> None:
    assert match(Frame(file, 3), PATHS) == path


def test_a_java_frame_is_found_by_its_package() -> None:
    frame = Frame("Payment.java", 9, module="com.acme.Payment$Inner")
    assert match(frame, PATHS) == "src/main/java/com/acme/Payment.java"


def test_a_frame_that_is_not_ours_is_not_looked_for() -> None:
    assert match(Frame("shop/pricing.py", 3, in_app=False), PATHS) is None


@given(st.text(), st.text())
def test_any_path_gives_a_path_of_the_repository_or_nothing(file: str, module: str) -> None:
    found = match(Frame(file, 1, module=module), PATHS)
    assert found is None or tuple(found.split("/")) in PATHS[found.rpartition("/")[2]]


async def test_a_frame_becomes_a_permalink_at_its_commit_or_at_the_head() -> None:
    standin = GitHubStandIn()
    await standin.start()
    ada = "Ada <ada@example.com>"
    repository = standin.add_repository(
        "acme/shop",
        [
            Commit("One", ada, {"shop/a b.py": "x\n"}),
            Commit("Two", ada, {"shop/a b.py": None, "lib/a b.py": "x\n"}),
        ],
    )
    new = repository.refs["refs/heads/main"]
    old = repository.objects.commit(new).parents[0]
    service = GitHubService(STAND_IN_TOKEN, api_url=standin.api_url, pace=Pace(0, 0))
    frame = Frame("/app/shop/a b.py", 7)
    found = await service.locate("acme/shop", frame, old)
    assert found is not None
    assert found.url == f"{standin.url}/acme/shop/blob/{old}/shop/a%20b.py#L7"
    assert (found.path, found.line, found.commit) == ("shop/a b.py", 7, old)
    assert await service.locate("acme/shop", frame, new) is None
    at_head = await service.locate("acme/shop", Frame("/app/lib/a b.py", 1), "f" * 40)
    assert at_head is not None
    assert at_head.commit == new
    asked = standin.rate_limits.window("core").used
    assert await service.locate("acme/shop", frame, old) == found
    assert await service.locate("acme/shop", Frame("/app/lib/a b.py", 1), "f" * 40) == at_head
    assert standin.rate_limits.window("core").used == asked
    assert standin.violations == []
    service.close()
    await standin.stop()
