"""Reading CloudWatch Logs: in order, whole, patient, and honest about what is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing

import pytest
from log_groups import BASE, GROUP, lines_of, messages, query

from bot.analysis.logs.query import LogLine
from bot.errors import NotFound, UpstreamError
from bot.models import Severity
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.store import Progress
from sandbox.cloudwatch import CloudWatchStandIn, Refused


def fill(aws: CloudWatchStandIn, count: int, *, every: int = 100, group: str = GROUP) -> None:
    lines = [(BASE + number * every, f"line {number}") for number in range(count)]
    for stream in range(3):
        aws.add(group, f"stream-{stream}", lines[stream::3])


def numbers(lines: Sequence[LogLine]) -> list[int]:
    return [int(line.message.split()[1]) for line in lines]


async def test_all_lines_come_once_and_in_order_whatever_the_pages(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 5_000)
    aws.manners.page_events = 170
    progress = Progress()
    assert numbers(await lines_of(store, query(minutes=8.5), progress)) == list(range(5_000))
    assert progress.fraction == pytest.approx(1)
    assert (progress.matched, progress.more) == (5_000, False)
    assert progress.calls <= 5_000 / 170 * 1.4


async def test_newest_first_is_exactly_the_reverse(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 3_000)
    aws.manners.page_events = 170
    found = await lines_of(store, query(newest_first=True))
    assert numbers(found) == list(range(3_000))[::-1]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_burst_in_a_quiet_day_is_read_whole(
    aws: CloudWatchStandIn, store: CloudWatchStore, newest_first: bool
) -> None:
    quiet = [(BASE + minute * 60_000, f"line {minute}") for minute in range(60)]
    burst = [(BASE + 30 * 60_000 + 1 + each // 9, f"line {each}") for each in range(2_000)]
    aws.add(GROUP, "quiet", quiet)
    aws.add(GROUP, "burst", burst)
    aws.manners.page_events = 100
    found = await lines_of(store, query(newest_first=newest_first))
    times = [line.at for line in found]
    assert times == sorted(times, reverse=newest_first)
    assert len({line.id for line in found}) == len(found) == 2_060


@pytest.mark.parametrize("newest_first", [False, True])
async def test_many_lines_of_one_millisecond_are_all_there(
    aws: CloudWatchStandIn, store: CloudWatchStore, newest_first: bool
) -> None:
    aws.add(GROUP, "one", [(BASE + 5, f"line {each}") for each in range(400)])
    aws.manners.page_events = 30
    found = numbers(await lines_of(store, query(newest_first=newest_first)))
    assert found == (list(range(400))[::-1] if newest_first else list(range(400)))


async def test_the_end_of_the_window_is_inside_it_and_the_millisecond_after_is_not(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    aws.add(GROUP, "s", [(BASE - 1, "before"), (BASE, "first"), (BASE + 60_000, "last")])
    aws.add(GROUP, "s", [(BASE + 60_001, "after")])
    assert await messages(store, query(minutes=1)) == ["first", "last"]


@pytest.mark.parametrize("silence", [0, 1, 5, 30, 600, 24 * 60], ids="{} min".format)
@pytest.mark.parametrize("every", [20, 100, 300], ids="a line every {} ms".format)
async def test_the_newest_fifty_of_a_large_group_take_three_calls_at_most_however_old_they_are(
    aws: CloudWatchStandIn, store: CloudWatchStore, every: int, silence: int
) -> None:
    aws.manners.page_events = 5_000
    fill(aws, 600_000 // every, every=every)
    progress = Progress()
    asked = query(newest_first=True, limit=50, minutes=10 + silence)
    found = await lines_of(store, asked, progress)
    last = len(aws.groups[GROUP].events) - 1
    assert numbers(found) == list(range(last, last - 50, -1))
    assert sum(aws.calls.values()) == progress.calls <= (3 if silence else 2)
    assert progress.more


@pytest.mark.parametrize(("every", "calls"), [(1_000, 1), (9_000, 2), (60_000, 4)])
async def test_the_newest_fifty_of_a_slow_group_take_few_calls(
    aws: CloudWatchStandIn, store: CloudWatchStore, every: int, calls: int
) -> None:
    fill(aws, 6_000_000 // every, every=every)
    progress = Progress()
    found = await lines_of(store, query(newest_first=True, limit=50, minutes=100), progress)
    last = len(aws.groups[GROUP].events) - 1
    assert numbers(found) == list(range(last, last - 50, -1))
    assert progress.calls <= calls


async def test_lines_that_aws_has_not_noted_yet_are_found_all_the_same(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 6_000)  # ten minutes
    aws.manners.streams_noted_until = BASE + 60_000
    found = await lines_of(store, query(newest_first=True, limit=50, minutes=30))
    assert numbers(found) == list(range(5_999, 5_949, -1))


async def test_the_newest_lines_are_found_without_the_right_to_describe_streams(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 6_000)
    refused = Refused("AccessDeniedException", "not authorized to perform: logs:DescribeLogStreams")
    aws.manners.denied["DescribeLogStreams"] = refused
    found = await lines_of(store, query(newest_first=True, limit=50, minutes=60))
    assert numbers(found) == list(range(5_999, 5_949, -1))


async def test_a_window_without_a_line_is_known_to_be_empty_after_three_calls(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    aws.add(GROUP, "s", [(BASE - 1, "before")])
    progress = Progress()
    asked = query(newest_first=True, limit=50, minutes=24 * 60)
    assert not await lines_of(store, asked, progress)
    assert (progress.calls, progress.more) == (3, False)


async def test_what_lies_beyond_the_limit_is_told(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 120)
    progress = Progress()
    assert len(await lines_of(store, query(limit=100), progress)) == 100
    assert progress.more
    assert progress.matched > 100
    progress = Progress()
    assert len(await lines_of(store, query(limit=120), progress)) == 120
    assert progress.matched == 120


async def test_throttling_slows_the_read_and_nobody_hears_of_it(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 2_000)
    aws.manners.page_events = 100
    aws.manners.calls_per_second = 8
    progress = Progress()
    assert numbers(await lines_of(store, query(), progress)) == list(range(2_000))
    assert progress.throttled > 0


async def test_a_failure_that_passes_is_tried_again(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 10)
    aws.manners.refusals += [Refused("ServiceUnavailableException", "one moment")] * 2
    assert len(await lines_of(store, query())) == 10


async def test_pages_without_lines_but_with_a_token_do_not_end_the_read(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 1_000)
    aws.manners.page_events = 90
    aws.manners.empty_every = 2
    assert numbers(await lines_of(store, query())) == list(range(1_000))


async def test_a_needle_is_found_although_most_pages_are_empty(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 20_000)
    aws.add(GROUP, "rare", [(BASE + 1_234_567, "Payment REFUSED for order 7")])
    aws.manners.scan_bytes = 20_000  # of some 700,000
    asked = query(include=("payment refused",))
    assert await messages(store, asked) == ["Payment REFUSED for order 7"]


async def test_several_groups_are_merged_by_time(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    aws.manners.page_events = 40
    for place, name in enumerate("abc"):
        lines = [(BASE + number * 50, f"line {number}") for number in range(place, 300, 3)]
        aws.add(f"/app/{name}", "s", lines)
    groups = ("/app/a", "/app/b", "/app/c")
    assert numbers(await lines_of(store, query(*groups))) == list(range(300))
    newest = await lines_of(store, query(*groups, newest_first=True, limit=10))
    assert numbers(newest) == list(range(299, 289, -1))


async def test_a_read_that_is_given_up_asks_no_more(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 5_000)
    aws.manners.page_events = 50
    async with aclosing(store.read(query())) as batches:
        await anext(batches)
    made = aws.calls["FilterLogEvents"]
    assert made < 30
    await asyncio.sleep(0.05)
    assert aws.calls["FilterLogEvents"] <= made + 6  # those on their way


async def test_an_unknown_group_names_the_nearest(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 1)
    with pytest.raises(NotFound, match=r"Did you mean /aws/lambda/checkout\?"):
        await lines_of(store, query("/aws/lambda/chekout"))


async def test_a_missing_permission_names_the_action(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 1)
    refused = "User: arn:aws:iam::1:user/bot is not authorized to perform: logs:FilterLogEvents on"
    aws.manners.refusals.append(Refused("AccessDeniedException", refused))
    with pytest.raises(UpstreamError, match="Allow logs:FilterLogEvents") as caught:
        await lines_of(store, query())
    assert caught.value.permanent


async def test_groups_are_suggested_by_beginning_and_then_by_what_they_hold(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    for number in range(60):
        aws.add(f"/ecs/shop-{number:02d}", "s", [])
    aws.add("/aws/lambda/webshop", "s", [])
    assert (await store.groups("/ecs/shop-0"))[0] == "/ecs/shop-00"
    assert "/aws/lambda/webshop" in await store.groups("WebShop")
    assert len(await store.groups("", limit=55)) == 55


async def test_the_lines_around_one_are_those_of_its_stream(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 300)
    line = (await lines_of(store, query(include=("line 150",))))[0]
    around = await store.around(line, before=3, after=2)
    assert numbers(around) == [141, 144, 147, 150, 153, 156]
    first = (await lines_of(store, query(limit=1)))[0]
    assert numbers(await store.around(first, before=3, after=1)) == [0, 3]


async def test_the_lines_around_one_of_many_at_the_same_moment_keep_their_order(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    aws.add(GROUP, "s", [(BASE, f"line {each}") for each in range(100)])
    line = (await lines_of(store, query()))[40]
    assert numbers(await store.around(line, before=2, after=2)) == [38, 39, 40, 41, 42]


async def test_a_level_keeps_the_whole_trace_with_the_line_that_began_it(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    text = """INFO starting
ERROR checkout failed
Traceback (most recent call last):
  File "/app/cart.py", line 3, in total
    return a / b
ZeroDivisionError: division by zero
INFO next
  detail of the next
WARNING slow"""
    aws.add(GROUP, "s", [(BASE + at, line) for at, line in enumerate(text.split("\n"))])
    found = await messages(store, query(level=Severity.ERROR))
    assert found == text.split("\n")[1:6]
    assert len(await messages(store, query(level=Severity.WARNING))) == 6


async def test_only_the_wanted_streams_are_read(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 9)
    assert numbers(await lines_of(store, query(stream="stream-1"))) == [1, 4, 7]


async def test_the_loop_stays_awake_during_a_big_read(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    fill(aws, 30_000, every=50)
    lags: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.002)
            lags.append(time.perf_counter() - before - 0.002)

    watching = asyncio.create_task(watch())
    assert len(await lines_of(store, query())) == 30_000
    watching.cancel()
    # The stand-in shares this loop, so this says less than benchmarks/logs does.
    assert sorted(lags)[len(lags) // 2] < 0.05
